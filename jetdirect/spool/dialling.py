"""
How many printers that have not answered yet are dialled in a second: after a power cut they all
come back at once, and so do their jobs.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

EACH = 1 / 20
"""Seconds between two: at most 20 printers a second (chosen)."""


class Dialling:
    """Gives each printer a moment of its own."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._next = clock.seconds()

    def turn(self) -> Deferred[None]:
        """Fires when the next printer may be dialled; at once, as a rule."""
        now = self._clock.seconds()
        at = self._next = max(self._next + EACH, now)
        return deferLater(self._clock, at - now) if at > now else deferLater(self._clock, 0)
