"""
Places in the order in which they were asked for, many with one question to the database.

None is taken beforehand: a job that comes to another gateway later belongs behind this one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure


class Places:
    """One gateway's."""

    def __init__(self, take: Callable[[int], Deferred[list[int]]]) -> None:
        """@param take: fires with so many, the lowest first."""
        self._take = take
        self._waiting: deque[Deferred[int]] = deque()
        self._asking = False

    def take(self) -> None:
        """None is there at once: the database has them."""

    def next(self) -> Deferred[int]:
        """A place behind all others.  Fails as C{take} does."""
        place: Deferred[int] = Deferred()
        self._waiting.append(place)
        self._ask()
        return place

    def _ask(self) -> None:
        if self._asking or not self._waiting:
            return
        self._asking = True
        asked = list(self._waiting)
        self._waiting.clear()

        def taken(places: list[int]) -> None:
            for each, place in zip(asked, places, strict=True):
                each.callback(place)

        def failed(failure: Failure) -> None:
            for each in asked:
                each.errback(failure)

        def goOn(_: object) -> None:
            self._asking = False
            self._ask()

        self._take(len(asked)).addCallbacks(taken, failed).addBoth(goOn)
