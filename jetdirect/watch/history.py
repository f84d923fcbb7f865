"""
The jobs that ended last, in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from ..interfaces import IHistory, unheard
from ..record import JobEvent, JobRecord, JobState, Sum
from ..wanted import Wanted
from .noted import noted
from .retention import Retention

KEPT = 1000
"""Ended jobs that are known: a day of a busy ward, in about a megabyte (chosen)."""

EVENTS = 100
"""The most events of one job: a printer that refuses it every minute makes no more (chosen)."""


@implementer(IHistory)
class History:
    """Keeps the last L{KEPT} jobs that ended, and what was noted of as many jobs."""

    def __init__(
        self,
        retention: Retention | None = None,
        wallClock: Callable[[], float] = time.time,
    ) -> None:
        """
        @param retention: of which only what is said of names counts.
        @param wallClock: seconds since the epoch, for events.
        """
        self.retention = retention or Retention()
        self._wallClock = wallClock
        self._ended: dict[int, JobRecord] = {}
        self._events: dict[int, list[JobEvent]] = {}
        self._reserved = 0

    # What is asked.

    def jobs(self, wanted: Wanted) -> Deferred[Sequence[JobRecord]]:
        """L{IHistory}."""
        newest = sorted(self._ended.items(), reverse=True)
        return succeed([record for _, record in newest if wanted.has(record)][: wanted.limit])

    def job(self, number: int) -> Deferred[JobRecord | None]:
        """L{IHistory}."""
        return succeed(self._ended.get(number))

    def events(self, number: int) -> Deferred[Sequence[JobEvent]]:
        """L{IHistory}."""
        return succeed([*self._events.get(number, ())])

    def sums(self, wanted: Wanted, skip: int = 0) -> Deferred[Sequence[Sum]]:
        """L{IHistory}."""
        found = summed(each for each in self._ended.values() if wanted.has(each))
        return succeed(found[skip : skip + wanted.limit])

    def recorded(self, number: int) -> bool:
        """L{IHistory}: there is no storage."""
        return True

    # What is done.

    def note(self, event: JobEvent) -> Deferred[None]:
        """L{IHistory}."""
        known = self._events.setdefault(event.number, [])
        if len(known) < EVENTS:
            known.append(event)
        if len(self._events) > KEPT:
            del self._events[next(iter(self._events))]
        return succeed(None)

    def erase(self, number: int) -> Deferred[bool]:
        """L{IHistory}."""
        record = self._ended.get(number)
        if record is not None:
            self._ended[number] = record.erased()
        self._events.pop(number, None)
        return succeed(record is not None)

    def eraseBefore(self, when: float, by: str) -> Deferred[int]:
        """L{IHistory}."""
        found = [
            record.number
            for record in self._ended.values()
            if (record.completed or 0) < when and record != record.erased()
        ]
        for number in found:
            self.erase(number)
            self.note(JobEvent(number, self._wallClock(), "erase", by))
        return succeed(len(found))

    def restore(self, record: JobRecord) -> None:
        """L{IHistory}."""
        self.jobEnded(record)

    def reserve(self, count: int) -> Deferred[int]:
        """L{IHistory}: they begin anew with the process."""
        self._reserved += count
        return succeed(self._reserved - count + 1)

    def close(self, within: float) -> Deferred[None]:
        """L{IHistory}."""
        return succeed(None)

    # What is watched.

    jobSubmitted = jobProgressed = portChanged = unheard

    def jobChanged(self, record: JobRecord) -> None:
        """L{IWatcher}: of a job in the spool."""
        event = noted(record, self._wallClock())
        if event is not None:
            self.note(event)

    def jobEnded(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        self._ended[record.number] = self.retention.kept(record)
        if len(self._ended) > KEPT:
            del self._ended[next(iter(self._ended))]


def summed(records: Iterable[JobRecord]) -> list[Sum]:
    """Jobs counted: the newest day first."""
    found: dict[tuple[str, str, str, str], Sum] = {}
    for record in records:
        day = time.strftime("%Y-%m-%d", time.localtime(record.created))
        key = (day, record.user, record.host, record.port)
        known = found.get(key) or Sum(*key, 0, 0, 0, None)
        printed = record.state is JobState.COMPLETED
        pages = known.pages
        found[key] = known._replace(
            jobs=known.jobs + printed,
            bytes=known.bytes + (record.bytes if printed else 0),
            failed=known.failed + (not printed),
            pages=pages if record.pages is None else (pages or 0) + record.pages,
        )
    sums = [each for _, each in sorted(found.items())]
    return sorted(sums, key=lambda each: each.day, reverse=True)
