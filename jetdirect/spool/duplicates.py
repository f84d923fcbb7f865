"""
Jobs whose senders cannot have heard that they are kept, and what looks like the same once more.

A sender that was cut off between the commit and its 226 sends again, and does right (RFC 1047).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.defer import Deferred, succeed

from ..interfaces import ISpool
from .record import BadRecord, Kept, SpoolRecord

WINDOW = 900.0
"""Seconds after the loss, or the start of the gateway, in which a job may come again (chosen)."""


class Duplicates:
    """One printing port's."""

    def __init__(self, spool: ISpool, seconds: Callable[[], float]) -> None:
        """@param seconds: the time of a clock that is not set."""
        self._spool = spool
        self._seconds = seconds
        self._until: dict[int, float] = {}
        self._known: dict[tuple[str, int], list[int]] = {}

    def found(self, jobs: Iterable[Kept]) -> None:
        """These were there at the start; nothing is known of their senders."""
        until = self._seconds() + WINDOW
        for job in jobs:
            self._add(job.host, job.size, job.number, until)

    def neverTold(self, record: SpoolRecord) -> None:
        """The sender of this job was lost before its reply was written."""
        self._add(record.host, record.size, record.number, self._seconds() + WINDOW)

    def original(self, record: SpoolRecord) -> Deferred[int]:
        """The number of the job of which this is the same again; 0: of none.  Each counts once."""
        if (record.host, record.size) not in self._known:
            return succeed(0)  # as a rule
        return Deferred.fromCoroutine(self._original(record))

    async def _original(self, record: SpoolRecord) -> int:
        now, key = self._seconds(), (record.host, record.size)
        for number in [*self._known.get(key, ())]:
            if self._until.get(number, 0) < now:
                self._forget(key, number)
                continue
            try:
                known = await self._spool.record(number)
                heard = await self._spool.wasHeard(number)
            except (KeyError, BadRecord, OSError):
                self._forget(key, number)
                continue
            if heard:
                self._forget(key, number)
            elif known.sha256 == record.sha256 and self._forget(key, number):
                return int(number)
        return 0

    def _add(self, host: str, size: int, number: int, until: float) -> None:
        self._until[number] = until
        self._known.setdefault((host, size), []).append(number)

    def _forget(self, key: tuple[str, int], number: int) -> bool:
        if self._until.pop(number, None) is None:
            return False
        self._known[key].remove(number)
        if not self._known[key]:
            del self._known[key]
        return True
