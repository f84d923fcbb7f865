"""
Long work in short pieces, so that others have their turn.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

SLICE = 0.001
"""Seconds for which others wait (chosen)."""


class Pace:
    """How long the piece of work takes by now."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._began = clock.seconds()

    async def rest(self) -> None:
        """Let others have their turn, if this piece has taken long enough."""
        if self._clock.seconds() - self._began >= SLICE:
            await deferLater(self._clock, 0)
            self._began = self._clock.seconds()
