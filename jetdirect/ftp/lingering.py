"""
Connections that may stay open for a while though they are in no session: its last reply is on its
way, or it has not begun.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from ..net.deadline import Deadline

MOST_LINGERING = 64
"""That may be open: a peer that connects as fast as it can and never closes must not take all
descriptors (chosen; 1,024 are usual)."""


class Connection(Protocol):
    """One of them."""

    def abort(self) -> None:
        """End it at once."""


class Lingering:
    """
    Who stays when its time is over is aborted, and of too many the oldest.

    Nearly all leave at once.  So there is one timer for all, for the one whose time is over first,
    and it goes on without it.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._all: dict[Connection, float] = {}  # by which time
        self._next: Deadline | None = None
        self._due = 0.0

    def enter(self, connection: Connection, seconds: float) -> None:
        """C{connection} may stay for so long."""
        self._all[connection] = self._clock.seconds() + seconds
        if len(self._all) > MOST_LINGERING:
            oldest = next(iter(self._all))
            del self._all[oldest]
            oldest.abort()
        if self._next is None or self._all[connection] < self._due:
            self._watch()

    def leave(self, connection: Connection) -> None:
        """C{connection} is gone, or in a session."""
        self._all.pop(connection, None)

    def rest(self) -> None:
        """Nobody else comes soon: no timer is left where nobody is."""
        if self._next is not None and not self._all:
            self._next.cancel()
            self._next = None

    # Inside.

    def _watch(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._all:
            self._due = min(self._all.values())
            left = max(0.0, self._due - self._clock.seconds())
            self._next = Deadline(self._clock, left, self._over)

    def _over(self) -> None:
        self._next = None
        for each in [each for each, due in self._all.items() if due <= self._due]:
            del self._all[each]
            each.abort()
        if self._next is None:
            self._watch()
