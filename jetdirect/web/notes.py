"""
What came of actions, for a minute: it is shown on the row of what they were about.
"""

from __future__ import annotations

from collections import OrderedDict

from twisted.internet.interfaces import IReactorTime

from .rows import Note

LASTING = 60.0
"""Seconds for which a result stands on its row (chosen)."""

KEPT = 1000
"""Results at a time."""


class Notes:
    """The last results, by the identities of rows."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._notes: OrderedDict[str, tuple[float, Note]] = OrderedDict()

    def add(self, key: str, note: Note) -> None:
        """Something came of an action."""
        self._notes.pop(key, None)
        self._notes[key] = (self._clock.seconds() + LASTING, note)
        while len(self._notes) > KEPT:
            self._notes.popitem(last=False)

    def of(self, key: str) -> Note | None:
        """What came of the last action on a row."""
        while self._notes and next(iter(self._notes.values()))[0] <= self._clock.seconds():
            self._notes.popitem(last=False)
        found = self._notes.get(key)
        return None if found is None else found[1]
