"""
A history in a file: L{Database<jetdirect.watch.database.Database>}, asked from the reactor.

A job that has ended waits for the next write, which is one for many: the reactor, and the printing,
never wait for the disk.  What is not written yet is known all the same.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred, TimeoutError, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import HistoryFailed
from ..interfaces import IHistory, unheard
from ..record import JobEvent, JobRecord, Sum
from ..wanted import Wanted
from .database import Database
from .noted import noted
from .retention import Retention

WITHIN = 0.3
"""Seconds until a job that ended is written.  A kill takes no job that streamed but those of the
last second: it ends half a second after the reply (L{jetdirect.ftp.acknowledgement}), and a write
takes a moment (0.1 s, measured on two busy cores; chosen)."""

BATCH = 1000
"""Jobs that are written at once at the latest: more than come within that time, as a rule
(chosen)."""

MOST = 10_000
"""Jobs that wait for a disk that does not write (chosen: ten megabytes); the oldest are dropped
then, of those in a spool not before the next start has told them again."""

AGAIN = 5.0
"""Seconds after which a disk that has failed is tried again (chosen)."""

ANSWER = 5.0
"""Seconds that a question waits for the disk (chosen)."""

ASKING = 50
"""Questions that wait for it; one more is refused (chosen)."""

SWEEP = 60.0
"""Seconds between two looks at what is not to be kept any longer (chosen)."""

SILENT = "the history's disk does not answer"

_Result = TypeVar("_Result")


class Worker(Protocol):
    """Does work that may sleep, one thing at a time, in the order in which it was asked for."""

    def __call__(self, work: Callable[[], _Result]) -> Deferred[_Result]: ...


@dataclass
class _Batch:
    """
    What is written at once.

    @ivar records: jobs that have ended, by their numbers; C{restored}: those of the process before.
    """

    records: dict[int, JobRecord] = field(default_factory=dict)
    restored: dict[int, JobRecord] = field(default_factory=dict)
    events: list[JobEvent] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.records) + len(self.restored) + len(self.events)

    def has(self, number: int) -> bool:
        """Is this job in it?"""
        return number in self.records or number in self.restored

    def with_(self, later: _Batch) -> _Batch:
        """This batch and a later one, as one."""
        return _Batch(
            self.records | later.records,
            self.restored | later.restored,
            self.events + later.events,
        )


@implementer(IHistory)
class FileHistory:
    """
    A history in a file.

    @ivar retention: what is kept.
    """

    _log = Logger()

    def __init__(
        self,
        database: Database,
        do: Worker,
        clock: IReactorTime,
        retention: Retention,
        wallClock: Callable[[], float] = time.time,
    ) -> None:
        """@param wallClock: seconds since the epoch, for events and what is kept."""
        self.retention = retention
        self._database = database
        self._do = do
        self._clock = clock
        self._wallClock = wallClock
        self._waiting, self._writing = _Batch(), _Batch()
        self._timer: IDelayedCall | None = None
        self._sweeping: IDelayedCall | None = clock.callLater(0, self._sweep)
        self._written: list[Deferred[None]] = []
        self._asking = 0
        self._failed = self._slow = self._closed = False
        self._dropped: int | None = None

    # What is asked.

    def jobs(self, wanted: Wanted) -> Deferred[Sequence[JobRecord]]:
        """L{IHistory}."""
        unwritten = self._writing.with_(self._waiting).records
        mine = {each.number: each for each in unwritten.values() if wanted.has(each)}

        def found(records: list[JobRecord]) -> Sequence[JobRecord]:
            both = {each.number: each for each in records} | mine
            return [both[number] for number in sorted(both, reverse=True)[: wanted.limit]]

        return self._ask(lambda: self._database.jobs(wanted)).addCallback(found)

    def job(self, number: int) -> Deferred[JobRecord | None]:
        """L{IHistory}."""
        record = self._writing.with_(self._waiting).records.get(number)
        return self._ask(lambda: self._database.job(number)) if record is None else succeed(record)

    def events(self, number: int) -> Deferred[Sequence[JobEvent]]:
        """L{IHistory}."""
        return self._afterwards(lambda: self._database.events(number))

    def sums(self, wanted: Wanted, skip: int = 0) -> Deferred[Sequence[Sum]]:
        """L{IHistory}."""
        return self._afterwards(lambda: self._database.sums(wanted, skip))

    def recorded(self, number: int) -> bool:
        """L{IHistory}."""
        dropped = self._dropped is not None and number >= self._dropped
        return not dropped and not self._waiting.has(number) and not self._writing.has(number)

    # What is done.

    def note(self, event: JobEvent) -> Deferred[None]:
        """L{IHistory}."""
        self._happened(event)
        return self._flush()

    def erase(self, number: int) -> Deferred[bool]:
        """L{IHistory}."""
        return self._afterwards(lambda: self._database.erase(number))

    def eraseBefore(self, when: float, by: str) -> Deferred[int]:
        """L{IHistory}."""
        now = self._wallClock()
        return self._afterwards(lambda: self._database.eraseBefore(when, by, now))

    def restore(self, record: JobRecord) -> None:
        """L{IHistory}."""
        batch, kept = self._waiting, self.retention.kept(record)
        # A crash may have come between the two steps of an erasure.
        (batch.records if record == record.erased() else batch.restored)[record.number] = kept
        self._writeLater()

    def reserve(self, count: int) -> Deferred[int]:
        """L{IHistory}."""
        return self._do(lambda: self._database.reserve(count))

    def close(self, within: float) -> Deferred[None]:
        """L{IHistory}."""
        self._closed = True
        for call in (self._timer, self._sweeping):
            if call is not None and call.active():
                call.cancel()
        closed: Deferred[None] = Deferred()

        def over(_: object) -> None:
            if not closed.called:
                closed.callback(None)

        self._allWritten().addCallback(lambda _: self._do(self._database.close)).addBoth(over)
        return closed.addTimeout(within, self._clock).addErrback(self._notClosed)

    def _notClosed(self, _: Failure) -> None:
        many = len(self._waiting.records) + len(self._writing.records)
        self._log.error(
            "the history's disk does not answer; the last jobs are missing in it: {jobs}", jobs=many
        )

    # What is watched.

    jobSubmitted = jobProgressed = portChanged = unheard

    def jobChanged(self, record: JobRecord) -> None:
        """L{IWatcher}: of a job in the spool."""
        event = noted(record, self._wallClock())
        if event is not None:
            self._happened(event)
            self._writeLater()

    def jobEnded(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        records = self._waiting.records
        records[record.number] = self.retention.kept(record)
        if len(records) > MOST:
            self._drop()
        if len(records) >= BATCH and not self._failed:
            self._write()
        if self._timer is None:
            self._writeLater()

    # Writing.

    def _happened(self, event: JobEvent) -> None:
        self._waiting.events.append(event)
        del self._waiting.events[:-MOST]

    def _writeLater(self) -> None:
        if self._timer is None and not self._writing and not self._closed:
            self._timer = self._clock.callLater(AGAIN if self._failed else WITHIN, self._write)

    def _flush(self) -> Deferred[None]:
        # Fires when all that there is now is written, or cannot be now; or after some time.
        return self._allWritten().addTimeout(ANSWER, self._clock).addErrback(lambda _: None)

    def _allWritten(self) -> Deferred[None]:
        if not self._waiting and not self._writing:
            return succeed(None)
        written: Deferred[None] = Deferred()
        self._written.append(written)
        if self._writing:  # that began before
            written.addCallback(lambda _: None if self._failed else self._allWritten())
        else:
            self._write()
        return written

    def _write(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if self._writing or not self._waiting:
            return
        batch = self._writing = self._waiting
        self._waiting = _Batch()
        writing = self._do(
            lambda: self._database.write(
                batch.records.values(), batch.events, batch.restored.values()
            )
        )
        slow = self._clock.callLater(ANSWER, self._isSlow)

        def over(result: Any) -> Any:
            if slow.active():
                slow.cancel()
            return result

        writing.addBoth(over).addCallbacks(self._wrote, self._notWritten).addBoth(self._goOn)

    def _isSlow(self) -> None:
        self._slow = True
        told = f"nothing waits for it but those who ask, and up to {MOST} jobs"
        self._log.error(
            "the history's disk has not answered for {s:g} s; {told}", s=ANSWER, told=told
        )

    def _wrote(self, _: None) -> None:
        self._writing = _Batch()
        if self._failed or self._slow:
            self._failed = self._slow = False
            self._log.info("the history is well again")

    def _notWritten(self, failure: Failure) -> None:
        self._waiting, self._writing = self._writing.with_(self._waiting), _Batch()
        del self._waiting.events[:-MOST]
        while len(self._waiting.records) > MOST:
            self._drop()
        if not self._failed:
            self._failed = True
            self._log.error(
                "the history failed: {why}; it is tried again every {seconds:g} s, and up to {most}"
                " jobs wait for it",
                why=str(failure.value),
                seconds=AGAIN,
                most=MOST,
            )

    def _goOn(self, _: object) -> None:
        written, self._written = self._written, []
        for each in written:
            each.callback(None)
        if len(self._waiting.records) >= BATCH and not self._failed:
            self._write()
        elif self._waiting:
            self._writeLater()

    def _drop(self) -> None:
        number = next(iter(self._waiting.records))
        del self._waiting.records[number]
        if self._dropped is None:
            self._log.error("the history does not write; jobs will be missing in it")
        self._dropped = number if self._dropped is None else min(self._dropped, number)

    # Asking.

    def _ask(self, question: Callable[[], _Result]) -> Deferred[Any]:
        if self._asking >= ASKING:
            return fail(HistoryFailed("too many ask the history at a time; ask again"))
        self._asking += 1
        given: Deferred[Any] = Deferred()

        def answered(result: Any) -> None:
            self._asking -= 1
            if not given.called:
                (given.errback if isinstance(result, Failure) else given.callback)(result)

        self._do(question).addBoth(answered)
        return given.addTimeout(ANSWER, self._clock).addErrback(self._notAnswered)

    def _afterwards(self, step: Callable[[], _Result]) -> Deferred[Any]:
        # It sees what is written before.  After one wait for the disk in vain there is no other.
        def then(_: None) -> Deferred[Any]:
            return fail(HistoryFailed(SILENT)) if self._slow else self._ask(step)

        return self._flush().addCallback(then)

    def _notAnswered(self, failure: Failure) -> Any:
        error = failure.value
        if isinstance(error, (sqlite3.Error, OSError, ValueError)) and not failure.check(
            TimeoutError
        ):
            raise HistoryFailed(f"the history failed: {error}") from None
        raise HistoryFailed(SILENT) from None

    # What is not kept any longer.

    def _sweep(self) -> None:
        self._sweeping = None
        retention, now = self.retention, self._wallClock()
        self._do(lambda: self._database.retain(retention, now)).addCallbacks(
            self._swept, self._notSwept
        )

    def _swept(self, more: bool) -> None:
        if not self._closed:
            self._sweeping = self._clock.callLater(0 if more else SWEEP, self._sweep)

    def _notSwept(self, failure: Failure) -> None:
        self._swept(more=False)
        if not self._failed:  # else it was told
            self._log.error("the history cannot be shortened: {why}", why=str(failure.value))
