"""
The kept jobs of one printing port: which is next, and what becomes of each.

A job is in the port's line only while it is the next one; so ten thousand that wait cost what ten
do.  A printer that is away is tried again for ever, and the order stays.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import (
    JobCanceled,
    PortFailed,
    PortRemoved,
    PrintError,
    ShuttingDown,
    SpoolFailed,
    SpoolFull,
    WrongState,
)
from ..interfaces import Delivery, IQueuedJob, ISpool
from ..named import OnDoubt, OnDuplicate, PortSettings
from ..record import JobRecord, JobState
from .dialling import Dialling
from .duplicates import WINDOW, Duplicates
from .intake import Intake
from .kept import KeptJob
from .limits import Ended
from .lookout import Lookout
from .record import BadRecord, Found, JobPlace, Kept, SpoolRecord
from .seen import jobRecord

PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds before a printer is tried again that took nothing: short for one that is busy, long for
one that is switched off (reference figures of mail and CUPS; chosen)."""

JITTER = 0.2
"""The part of a pause by which it may be longer: printers that went together are not tried
together."""

MOST_STARTS = 3
"""A job that was begun so often without an end is set aside, whatever the policy says."""

AT_A_TIME = 2000
"""Jobs that are counted in one turn of the reactor at the start: 6 ms (measured, 2.7 us each)."""

SWEEP = 60.0
"""Seconds between two looks at what is not to be kept any longer (chosen)."""

PORT_REMOVED = "port removed"
PORT_CHANGED = "port changed"


class Port(Protocol):
    """A printing port, as its queue knows it."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> PortSettings: ...

    @property
    def uri(self) -> str:
        """Where it prints; without secrets."""

    @property
    def description(self) -> str: ...

    @property
    def positional(self) -> bool:
        """Is it known by its place on the command line only?"""

    def submit(self, job: IQueuedJob) -> None:
        """Put a job in line."""

    def answers(self) -> Deferred[bool] | None:
        """Ask whether its printer works; L{None}: only a job finds out."""


class Status(NamedTuple):
    """What is known of a job without asking the disk."""

    state: JobState
    size: int
    reason: str
    """Why it is held."""


class House(Protocol):
    """
    What the queues of a spool share.

    @ivar asking: a moment for each question to a printer that is away.
    @ivar first: numbers from here on are of jobs that came to this process.
    @ivar broken: why the spool takes nothing; L{None}: it is well.
    @ivar paused: ports that wait for a person, in lower case, each with who wants so.
    @ivar told: is given each change of a job.
    @ivar portChanged: is told when a queue's port is seen otherwise.
    """

    spool: ISpool
    clock: IReactorTime
    wallClock: Callable[[], float]
    dialling: Dialling
    asking: Dialling
    dice: Random
    first: int
    broken: PrintError | None
    paused: dict[str, str]
    told: Callable[[JobRecord], None]
    portChanged: Callable[[str], None]

    def failed(self, error: PrintError) -> None:
        """The spool has failed: nothing is taken and printed until it is well."""

    def whenWell(self) -> Deferred[None]:
        """Fires when it is well."""

    def pause(self, port: str, by: str) -> Deferred[None]:
        """Let a port wait for a person."""

    def resume(self, port: str) -> Deferred[None]:
        """Let it print again."""


class GonePort:
    """A printing port of which only kept jobs are left."""

    settings = PortSettings()
    positional = False
    description = uri = ""

    def __init__(self, name: str) -> None:
        self.name = name

    def submit(self, job: IQueuedJob) -> None:
        """L{Port}: not called."""

    def answers(self) -> Deferred[bool] | None:
        """L{Port}: there is no printer."""
        return None


class _Withdrawn(PrintError):
    """Whoever took the job out of the line says what becomes of it."""


class _Stopped(PrintError):
    """A person stopped the job while it printed."""


class Queue:
    """
    The kept jobs of one printing port; a L{Line<jetdirect.spool.intake.Line>} for those that come.

    @ivar port: where they print.
    @ivar removed: the port is no more.
    @ivar jobs: the places of all that are known.
    @ivar held: how many wait for a person.
    """

    _log = Logger()

    def __init__(self, port: Port, house: House, guards: bool = True) -> None:
        """@param guards: look for jobs that come again."""
        self.port = port
        self.removed = False
        self.spool = house.spool
        self.jobs: dict[int, JobPlace] = {}
        self.held = 0
        self._house = house
        self._guards = guards
        self._duplicates = Duplicates(house.spool, house.clock.seconds)
        self._kept: dict[int, Kept] = {}
        self._waiting: list[Kept] = []
        self._bytes = 0
        self._hosts: dict[str, int] = {}
        self._incoming: set[Intake] = set()
        self._printed: dict[int, Deferred[str]] = {}
        self._ends: dict[int, JobState] = {}
        self._why: dict[int, str] = {}
        self._unheard: set[int] = set()
        self._ended: list[Ended] = []
        self._forgettable: deque[tuple[float, int]] = deque()
        self._sweeping: IDelayedCall | None = None
        self._job: KeptJob | None = None
        self._verified = 0
        self._failures = 0
        self._lookout = Lookout(house.clock, house.asking, lambda: self.port.answers(), self.wake)
        self._sleeping: Deferred[None] | None = None
        self._running = self._stopping = False
        self._idle: list[Deferred[None]] = []
        self._settled: list[Deferred[None]] = []
        self._ready: list[Deferred[None]] | None = []

    # The start.

    async def open(self) -> None:
        """Find what is there, and judge what the last process left."""
        found: Found = await self._house.spool.addPort(self.port.name)
        for complaint in found.complaints:
            self._log.error("{complaint}", complaint=complaint)
        for place, jobs in found.jobs.items():
            for at in range(0, len(jobs), AT_A_TIME):
                self._countAll(jobs[at : at + AT_A_TIME], place)
                if len(jobs) > AT_A_TIME:
                    await deferLater(self._house.clock, 0)  # others have their turn, too
        self._waiting = list(found.jobs.get(JobPlace.QUEUE, ()))
        for kept in found.jobs.get(JobPlace.ACTIVE, ()):
            await self._judge(kept)
        for kept in found.jobs.get(JobPlace.DONE, ()):
            await self._remember(kept)
        if self.held:
            held = "a job is held" if self.held == 1 else f"{self.held} jobs are held"
            self._log.warn("{port}: {held} for a person", port=self.port.name, held=held)
        ready, self._ready = self._ready or [], None
        for each in ready:
            each.callback(None)
        self.goOn()
        for kept in found.jobs.get(JobPlace.HELD, ()):
            record = await self._recordWhenWell(kept)
            if record is not None and self.jobs.get(kept.number) is JobPlace.HELD:
                self._why[kept.number] = record.reason

    def _countAll(self, jobs: Sequence[Kept], place: JobPlace) -> None:
        if place is not JobPlace.DONE:
            for kept in jobs:
                self._count(kept, place)
        if self._guards:
            self._duplicates.found(jobs)

    async def _judge(self, kept: Kept) -> None:
        # It was printing when the last process ended.
        record = await self._recordWhenWell(kept)
        if record is not None:
            noted = await self._house.spool.noted(kept.number)
            await self._doubt(kept, record.but(sent=min(noted, kept.size)), "interrupted")

    async def _remember(self, kept: Kept) -> None:
        record = await self._recordWhenWell(kept)
        if record is not None:
            self._put(kept.number, JobPlace.DONE)
            self._kept[kept.number] = kept
            await self._retain(record)

    # What others see.

    @property
    def queued(self) -> int:
        """Jobs that wait for the printer, or have it."""
        return len(self._waiting)

    @property
    def printing(self) -> KeptJob | None:
        """The job that has the printer."""
        return self._job if self._job is not None and self._job.begun else None

    @property
    def bytes(self) -> int:
        """Those of all jobs that wait, print or are held."""
        return self._bytes

    @property
    def paused(self) -> str:
        """Who wants it to wait; empty: it prints."""
        return self._house.paused.get(self.port.name.lower(), "")

    def stateOf(self, number: int) -> JobState | None:
        """The state of a job; L{None}: it is not known here, or any more."""
        match self.jobs.get(number):
            case None:
                return None
            case JobPlace.DONE:
                return self._ends.get(number, JobState.COMPLETED)
            case JobPlace.HELD:
                return JobState.HELD
        job = self.printing
        if job is not None and job.number == number:
            return JobState.PROCESSING if job.blocked is None else JobState.STOPPED
        return JobState.HELD if self.removed else JobState.PENDING

    def status(self, number: int) -> Status | None:
        """What can be said of a job at once; L{None}: it is not known."""
        state = self.stateOf(number)
        if state is None:
            return None
        reason = PORT_REMOVED if self.removed else self._why.get(number, "")
        return Status(state, self._kept[number].size, reason if state is JobState.HELD else "")

    def seen(self, record: SpoolRecord, place: JobPlace | None = None) -> JobRecord:
        """A job as others see it."""
        if record.number in self._unheard:
            record = record.but(heard=False)
        blocked, job = 0.0, self.printing
        where = place or self.jobs.get(record.number, JobPlace.QUEUE)
        if job is not None and job.number == record.number and place in (None, JobPlace.ACTIVE):
            where = JobPlace.ACTIVE
            record = record.but(sent=job.progress)
            if job.blocked is not None:
                blocked = self._house.clock.seconds() - job.blocked
        if self.removed and where is JobPlace.QUEUE:
            where, record = JobPlace.HELD, record.but(reason=PORT_REMOVED)
        now = self._house.wallClock()
        return jobRecord(record, where, now, self.port.description, blocked)

    # Line

    @property
    def durable(self) -> bool:
        """L{Line<jetdirect.spool.intake.Line>}."""
        return self._house.spool.durable

    @property
    def replyWithin(self) -> float:
        """L{Line<jetdirect.spool.intake.Line>}."""
        return self.port.settings.replyWithin

    def admit(self, intake: Intake) -> Deferred[None]:
        """L{Line<jetdirect.spool.intake.Line>}."""
        return Deferred.fromCoroutine(self._admit(intake))

    async def _admit(self, intake: Intake) -> None:
        await self._whenReady()
        name, settings, size = self.port.name, self.port.settings, intake.size or 0
        if self.removed:
            raise PortRemoved(f"{name} was removed; print on another port")
        if self._house.broken is not None:
            raise PortFailed(
                f"the spool of {name} has failed, and is tried again every few seconds"
            )
        coming = len(self._incoming)
        many = len(self._waiting) + self.held + coming
        if many >= settings.maxQueued:
            raise SpoolFull(f"{name} keeps {many} jobs already, and may keep {settings.maxQueued}")
        most = settings.maxQueuedBytes
        if most is not None and self._bytes + sum(i.bytes for i in self._incoming) + size > most:
            raise SpoolFull(f"{name} keeps {self._bytes} bytes already, and may keep {most}")
        mine = self._hosts.get(intake.host, 0) + sum(i.host == intake.host for i in self._incoming)
        if settings.maxQueuedPerHost is not None and mine >= settings.maxQueuedPerHost:
            raise SpoolFull(f"{name} keeps {mine} jobs of {intake.host} already")
        self._incoming.add(intake)
        room = await self._house.spool.room()
        if room.free - size < self.least(room.total):
            raise SpoolFull("the spool's disk has no more room than is to stay free")

    def least(self, total: int) -> int:
        """L{Line<jetdirect.spool.intake.Line>}."""
        return self.port.settings.minFree.of(total)

    def placeFor(self, record: SpoolRecord) -> Deferred[tuple[SpoolRecord, JobPlace]]:
        """L{Line<jetdirect.spool.intake.Line>}."""
        most = self.port.settings.maxQueuedBytes
        if most is not None and self._bytes + record.size > most:
            return self._refuse(f"{self.port.name} would keep more than {most} bytes")
        if not self._guards or self.port.settings.onDuplicate is OnDuplicate.PRINT:
            return succeed((record, JobPlace.QUEUE))

        def found(number: int) -> tuple[SpoolRecord, JobPlace]:
            if not number:
                return record, JobPlace.QUEUE
            return record.but(reason=f"duplicate of {number}"), JobPlace.HELD

        return self._duplicates.original(record).addCallback(found)

    @staticmethod
    def _refuse(why: str) -> Deferred[Any]:
        refused: Deferred[Any] = Deferred()
        refused.errback(Failure(SpoolFull(why)))
        return refused

    def left(self, intake: Intake) -> None:
        """L{Line<jetdirect.spool.intake.Line>}."""
        self._incoming.discard(intake)

    def take(self, record: SpoolRecord, held: bool) -> None:
        """L{Line<jetdirect.spool.intake.Line>}."""
        kept = Kept(record.place, record.number, record.size, record.host)
        self._count(kept, JobPlace.HELD if held else JobPlace.QUEUE)
        if held:
            self._why[record.number] = record.reason
        else:
            insort(self._waiting, kept)
        self._house.portChanged(self.port.name)
        self.goOn()

    def whenPrinted(self, number: int) -> Deferred[str]:
        """L{Line<jetdirect.spool.intake.Line>}."""
        printed = self._printed[number] = Deferred()
        return printed

    def heard(self, number: int, heard: bool) -> None:
        """L{Line<jetdirect.spool.intake.Line>}."""
        if self.jobs.get(number) not in (JobPlace.QUEUE, JobPlace.HELD):
            return  # it has ended, and its record with it
        if heard:
            self._house.spool.noteHeard(number)
        else:
            self._unheard.add(number)

    def neverTold(self, record: SpoolRecord) -> None:
        """L{Line<jetdirect.spool.intake.Line>}."""
        self._unheard.add(record.number)
        if self._guards:
            self._duplicates.neverTold(record)

    def failed(self, error: PrintError) -> None:
        """L{Line<jetdirect.spool.intake.Line>}."""
        self._house.failed(error)

    # Printing.

    def goOn(self) -> None:
        """Print, if there is something to print and nothing against it."""
        if not self._running and self._mayPrint:
            self._running = True
            Deferred.fromCoroutine(self._run()).addErrback(self._fault)

    def wake(self) -> None:
        """The printer has answered: try it now."""
        self._failures = 0
        self._wake()

    @property
    def _mayPrint(self) -> bool:
        house = self._house
        still = self._stopping or self.removed or self._ready is not None
        return not still and bool(self._waiting) and house.broken is None and not self.paused

    async def _run(self) -> None:
        while self._mayPrint:
            await self._print(self._waiting[0])
        self._rest()

    def _rest(self) -> None:
        self._running = False
        idle, self._idle = self._idle, []
        for each in idle:
            each.callback(None)

    def _fault(self, failure: Failure) -> None:
        # A mistake of ours: the other ports go on, and this one tries again.
        self._log.failure("the queue of {port} failed", failure, port=self.port.name)
        self._job = None
        self._rest()
        if not self._stopping:
            self._house.clock.callLater(PAUSES[-1], self.goOn)

    async def _print(self, kept: Kept) -> None:
        record = await self._fit(kept)
        if record is None:
            return
        await self._house.dialling.turn()
        if not self._mayPrint or self._waiting[0] is not kept:
            return
        job = self._job = KeptJob(
            record, self._house.spool, self._house.clock, self._house.wallClock, self._jobChanged
        )
        over = job.whenOver()
        self.port.submit(job)
        await over
        await self._settle(kept, job)
        self._job = None
        settled, self._settled = self._settled, []
        for each in settled:
            each.callback(None)

    async def _fit(self, kept: Kept) -> SpoolRecord | None:
        # The record of a job that may print; what must not is put where it belongs.
        record = await self._record(kept)
        if record is None:
            return None
        if kept.number < self._house.first and self._verified != kept.number:
            try:
                await self._house.spool.verify(kept.number)
            except BadRecord as why:
                await self._setAside(kept, str(why))
                return None
            except (SpoolFailed, SpoolFull) as error:
                if await self._wellOtherwise(error):
                    await self._unreadable(kept, record, error)
                return None
            self._verified = kept.number
        if self._waiting[:1] != [kept]:
            return None
        now, settings = self._house.wallClock(), self.port.settings
        if self.port.positional and record.uri and record.uri != self.port.uri:
            await self._hold(kept, record.but(reason=PORT_CHANGED))
            return None
        if settings.expire and record.committed + settings.expire < now:
            await self._hold(kept, record.but(reason=f"expired after {settings.expire:g} s"))
            return None
        return record

    async def _wellOtherwise(self, error: PrintError) -> bool:
        # Is it only this job that the disk does not read?  If not, none is tried until it is well.
        try:
            await self._house.spool.probe()
        except (SpoolFailed, SpoolFull):
            self._house.failed(error)
            return False
        return True

    async def _unreadable(self, kept: Kept, record: SpoolRecord, error: PrintError) -> None:
        reason = f"its bytes cannot be read: {error.reason}"
        self._log.error(
            "job {job} on {port} is held: {why}; mend the disk, then release or cancel it",
            job=kept.number,
            port=self.port.name,
            why=reason,
        )
        await self._hold(kept, record.but(reason=reason))

    async def _record(self, kept: Kept) -> SpoolRecord | None:
        try:
            return await self._house.spool.record(kept.number)
        except (BadRecord, KeyError) as why:
            await self._setAside(kept, str(why))
        except (SpoolFailed, SpoolFull) as error:
            self._house.failed(error)
        return None

    async def _recordWhenWell(self, kept: Kept) -> SpoolRecord | None:
        while True:
            record = await self._record(kept)
            if record is not None or self._house.broken is None:
                return record
            await self._house.whenWell()

    async def _setAside(self, kept: Kept, why: str) -> None:
        self._log.error(
            "job {job} on {port} cannot be used: {why}; it is set aside, and not printed",
            job=kept.number,
            port=self.port.name,
            why=why,
        )
        if self.jobs.get(kept.number) is not None:
            self._discount(kept)
        self._forget(kept.number)
        self._tellPrinted(kept.number, "")
        try:
            await self._house.spool.setAside(kept.number)
        except (SpoolFailed, SpoolFull, KeyError):
            self._log.error("job {job} cannot be set aside either", job=kept.number)

    def _jobChanged(self, job: KeptJob) -> None:
        self._house.told(self.seen(job.record, JobPlace.ACTIVE))

    async def _settle(self, kept: Kept, job: KeptJob) -> None:
        # What has become of an attempt, on stable storage before there is another.
        error, record = job.error, job.record
        if job.delivery is not None:
            self._failures = 0
            again = record.attempts > 1
            reason = f"printed whole in attempt {record.attempts}" if again else ""
            level = job.delivery.value
            await self._finish(
                kept, record.but(sent=record.size, reason=reason), "completed", level
            )
            return
        assert error is not None
        if isinstance(error, _Withdrawn):
            return
        if isinstance(error, JobCanceled):
            sent = job.sent if error.printed else 0
            undone = 0 if error.printed or not job.begun else job.attempted
            record = record.but(attempts=record.attempts - undone, sent=sent, reason=error.reason)
            await self._finish(kept, record, "canceled")
        elif error.printed:
            why = "interrupted"
            if isinstance(error, (ShuttingDown, _Stopped)):
                why = error.reason
            await self._doubt(kept, record.but(sent=min(job.sent, kept.size)), why, error)
        else:
            await self._notSent(kept, job, error)

    async def _notSent(self, kept: Kept, job: KeptJob, error: PrintError) -> None:
        unreadable = False
        if isinstance(error, (SpoolFailed, SpoolFull)) and job.attempted:
            # What comes behind the record of the attempt only reads.
            unreadable = await self._wellOtherwise(error)
        elif isinstance(error, SpoolFailed):
            self._house.failed(error)
        undone = job.record.but(attempts=job.record.attempts - job.attempted)
        if unreadable:
            await self._unreadable(kept, undone, error)
            return
        if job.begun:
            await self._write(undone, JobPlace.QUEUE)
        if isinstance(error, ShuttingDown):
            return
        if isinstance(error, _Stopped):
            self._house.told(self.seen(job.record))
            return
        if error.final:
            await self._hold(kept, undone.but(reason=error.reason))
            return
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        self._lookout.begin()
        await self._sleep(pause * (1 + JITTER * self._house.dice.random()))
        self._lookout.end()

    async def _doubt(
        self, kept: Kept, record: SpoolRecord, why: str, error: PrintError | None = None
    ) -> None:
        # Nobody knows what of it is on paper.
        if record.size and record.sent >= record.size and error is not None:
            # Megabytes of them may have been in the kernel yet, and went with the connection.
            sentence = f"{why}; all bytes sent, their end may not be printed"
        elif record.size and record.sent >= record.size:
            sentence = f"{why}; all bytes were handed over, probably printed"
        else:
            sentence = f"{why}; at least {record.sent} of {record.size} bytes sent"
        if error is not None and error.reason != why:
            sentence += f" ({error.reason})"
        policy = self.port.settings.onDoubt
        if isinstance(error, (ShuttingDown, _Stopped)):
            policy = OnDoubt.HOLD
        elif policy is OnDoubt.REPRINT and record.attempts >= MOST_STARTS:
            policy = OnDoubt.HOLD
            sentence = f"poison: begun {record.attempts} times without an end; {sentence}"
        self._log.warn(
            "job {job} on {port} is in doubt: {why}; {policy}",
            job=kept.number,
            port=self.port.name,
            why=sentence,
            policy=policy.value,
        )
        match policy:
            case OnDoubt.REPRINT:
                await self._write(record.but(reason=sentence), JobPlace.QUEUE)
                self._put(kept.number, JobPlace.QUEUE)
                if kept not in self._waiting:
                    insort(self._waiting, kept)
                if error is not None:
                    await self._sleep(PAUSES[0])
            case OnDoubt.DROP:
                await self._finish(kept, record.but(reason=sentence), "aborted")
            case OnDoubt.STOP:
                await self._hold(kept, record.but(reason=sentence))
                self._house.pause(self.port.name, doubtOf(kept.number)).addErrback(self._notPaused)
            case OnDoubt.HOLD:
                await self._hold(kept, record.but(reason=sentence))

    def _notPaused(self, failure: Failure) -> None:
        # It waits in this process, and is paused by name in no other.
        self._log.failure("{port} is paused, but not for good", failure, port=self.port.name)

    async def _hold(self, kept: Kept, record: SpoolRecord) -> None:
        await self._write(record, JobPlace.HELD)
        self._unqueue(kept)
        self._put(kept.number, JobPlace.HELD)
        self._why[kept.number] = record.reason
        self._house.told(self.seen(record, JobPlace.HELD))
        self._house.portChanged(self.port.name)
        self._tellPrinted(kept.number, "")

    async def _finish(
        self, kept: Kept, record: SpoolRecord, outcome: str, delivery: str = ""
    ) -> None:
        record = record.but(outcome=outcome, delivery=delivery, ended=self._house.wallClock())
        if kept.number in self._unheard:
            record = record.but(heard=False)
        await self._write(record, JobPlace.DONE)
        self._discount(kept)
        self._put(kept.number, JobPlace.DONE)
        self._tellPrinted(kept.number, delivery)
        self._house.told(self.seen(record, JobPlace.DONE))
        self._house.portChanged(self.port.name)
        await self._retain(record)

    async def _write(self, record: SpoolRecord, to: JobPlace) -> None:
        # What has happened is recorded before anything else happens, however long that takes.
        while True:
            try:
                await self._house.spool.change(record, to)
            except (SpoolFailed, SpoolFull) as error:
                self._house.failed(error)
                await self._house.whenWell()
            else:
                return

    # Waiting.

    def _sleep(self, seconds: float) -> Deferred[None]:
        sleeping = self._sleeping = Deferred()
        call = self._house.clock.callLater(seconds, self._wake)

        def awake(_: object) -> None:
            if call.active():
                call.cancel()

        return sleeping.addCallback(awake)

    def _wake(self) -> None:
        sleeping, self._sleeping = self._sleeping, None
        if sleeping is not None:
            sleeping.callback(None)

    def _whenReady(self) -> Deferred[None]:
        if self._ready is None:
            return succeed(None)
        self._ready.append(Deferred())
        return self._ready[-1]

    # Counting.

    def _count(self, kept: Kept, place: JobPlace) -> None:
        self._put(kept.number, place)
        self._kept[kept.number] = kept
        self._bytes += kept.size
        self._hosts[kept.host] = self._hosts.get(kept.host, 0) + 1

    def _put(self, number: int, place: JobPlace) -> None:
        self.held += (place is JobPlace.HELD) - (self.jobs.get(number) is JobPlace.HELD)
        self.jobs[number] = place
        self._why.pop(number, None)

    def _forget(self, number: int) -> None:
        self.held -= self.jobs.pop(number, None) is JobPlace.HELD
        self._kept.pop(number, None)
        self._ends.pop(number, None)
        self._why.pop(number, None)

    def _discount(self, kept: Kept) -> None:
        # It waits no more, nor is it held.
        self._unqueue(kept)
        self._bytes -= kept.size
        self._hosts[kept.host] -= 1
        if not self._hosts[kept.host]:
            del self._hosts[kept.host]

    def _unqueue(self, kept: Kept) -> None:
        if self._waiting[:1] == [kept]:
            del self._waiting[0]
        elif kept in self._waiting:
            self._waiting.remove(kept)

    def _tellPrinted(self, number: int, delivery: str) -> None:
        printed = self._printed.pop(number, None)
        if printed is not None:
            printed.callback(delivery or Delivery.QUEUED.value)

    # What is kept of ended jobs.

    async def _retain(self, record: SpoolRecord) -> None:
        now = self._house.wallClock()
        self._ended.append(Ended(record.number, min(record.ended or now, now), record.size))
        self._unheard.discard(record.number)
        self._ends[record.number] = JobState(record.outcome)
        await self._drop()
        if self._sweeping is None and not self._stopping:
            self._sweeping = self._house.clock.callLater(SWEEP, self._sweep)

    async def _drop(self) -> None:
        now = self._house.wallClock()
        surplus = self.port.settings.keep.surplus(self._ended, now)
        dropped, self._ended = self._ended[:surplus], self._ended[surplus:]
        for job in dropped:
            self._forgettable.append((job.ended + WINDOW, job.number))
            await self._unless(self._house.spool.removeData(job.number))
        while self._forgettable and self._forgettable[0][0] < now:
            number = self._forgettable.popleft()[1]
            self._forget(number)
            await self._unless(self._house.spool.remove(number))

    @staticmethod
    async def _unless(step: Deferred[None]) -> None:
        # The next start does it again.
        try:
            await step
        except (SpoolFailed, SpoolFull, KeyError):
            return

    def _sweep(self) -> None:
        self._sweeping = None
        Deferred.fromCoroutine(self._drop()).addErrback(self._notDropped)
        if self._ended or self._forgettable:
            self._sweeping = self._house.clock.callLater(SWEEP, self._sweep)

    def _notDropped(self, failure: Failure) -> None:
        self._log.failure("what {port} keeps cannot be looked at", failure, port=self.port.name)

    # What a person wants of one job.

    async def cancel(self, number: int, by: str) -> None:
        """
        End a job: it does not print, or no further.

        @raise WrongState: it has ended.
        """
        kept, place = self._known(number)
        if place is JobPlace.DONE:
            raise WrongState(f"job {number} has ended already")
        reason = f"canceled by {by}"
        job = self.printing
        if job is not None and job.number == number:
            job.cut(JobCanceled(reason))
            await self._whenSettled()
            return
        await self._takeOut(kept)
        record = await self._mine(kept)
        self._releaseDoubt(number)
        await self._finish(kept, record.but(reason=reason, by=by), "canceled")
        self.goOn()

    async def hold(self, number: int, by: str) -> None:
        """
        Let a job wait for a person.

        @raise WrongState: it does not wait for the printer.
        """
        kept, place = self._known(number)
        job = self.printing
        if place is not JobPlace.QUEUE or (job is not None and job.number == number):
            raise WrongState(f"job {number} does not wait; only a job that waits can be held")
        await self._takeOut(kept)
        record = await self._mine(kept)
        await self._hold(kept, record.but(reason=f"held by {by}", by=by))
        self.goOn()

    async def release(self, number: int, by: str) -> None:
        """
        Let a held job print, whole and in its old place; one in doubt may then be printed twice.

        @raise WrongState: it is not held.
        """
        kept, place = self._known(number)
        if place is not JobPlace.HELD:
            raise WrongState(f"job {number} is not held")
        record = await self._mine(kept)
        # What was said of it stays to be read, and a changed port is the right one now.
        reason = f"released by {by}; it was held: {record.reason}"
        await self._queueAgain(kept, record.but(reason=reason, by=by, uri=self.port.uri, sent=0))

    async def next(self, number: int, by: str) -> None:
        """
        Let a job that waits be the next one.

        @raise WrongState: it does not wait.
        """
        kept, place = self._known(number)
        job = self.printing
        if place is not JobPlace.QUEUE or (job is not None and job.number == number):
            raise WrongState(f"job {number} does not wait; only a job that waits can be the next")
        await self._takeOut(kept)
        record = await self._mine(kept)
        first = min((each.place for each in self._waiting if not self._isPrinting(each)), default=1)
        await self._queueAgain(kept, record.but(place=first - 1, by=by))

    async def moveOut(self, number: int, to: Queue, by: str) -> None:
        """
        Let a job print at another port, behind all that wait there.

        @raise WrongState: it is neither waiting nor held, or the other port keeps no jobs.
        """
        kept, place = self._known(number)
        job = self.printing
        if place not in (JobPlace.QUEUE, JobPlace.HELD) or (
            job is not None and job.number == number
        ):
            raise WrongState(f"job {number} neither waits nor is held; it cannot be moved")
        await self._takeOut(kept)
        record = await self._mine(kept)
        try:
            behind = await self._house.spool.nextPlace()
            reason = f"moved from {self.port.name} by {by}"
            record = record.but(
                port=to.port.name, uri=to.port.uri, place=behind, reason=reason, by=by
            )
            await self._house.spool.change(record, JobPlace.QUEUE)
        except (SpoolFailed, SpoolFull):
            self._putBack(kept, place)
            raise
        self._releaseDoubt(number)
        self._discount(kept)
        self._forget(number)
        to.take(record, held=False)
        self._house.told(to.seen(record, JobPlace.QUEUE))
        self._house.portChanged(self.port.name)
        self.goOn()

    async def erase(self, number: int, by: str) -> None:
        """
        Remove a job's bytes, and all names from its record.

        @raise WrongState: it has not ended.
        """
        kept, place = self._known(number)
        if place is not JobPlace.DONE:
            raise WrongState(f"job {number} has not ended; cancel it first")
        record = await self._mine(kept)
        erased = record.but(name="", user="", host="", sha256="", reason="erased", by=by)
        await self._house.spool.change(erased, JobPlace.DONE)
        await self._house.spool.removeData(number)
        self._ended = [each for each in self._ended if each.number != number]
        self._forgettable.append((self._house.wallClock() + WINDOW, number))

    async def show(self, number: int) -> JobRecord:
        """What is known of a job."""
        kept, _ = self._known(number)
        return self.seen(await self._mine(kept))

    def numbers(self) -> list[int]:
        """All that are known, in the order of their places."""
        return [kept.number for kept in sorted(self._kept.values())]

    def stopPrinting(self, by: str) -> Deferred[None]:
        """
        Cut the job that prints; it is held, if a part of it may be on paper.

        @return: fires when that is recorded.
        """
        job = self._job
        if job is not None:
            job.cut(_Stopped(f"stopped by {by}"))
        self._wake()
        return self._whenSettled()

    def _known(self, number: int) -> tuple[Kept, JobPlace]:
        return self._kept[number], self.jobs[number]

    def _isPrinting(self, kept: Kept) -> bool:
        job = self.printing
        return job is not None and job.number == kept.number

    async def _mine(self, kept: Kept) -> SpoolRecord:
        try:
            return await self._house.spool.record(kept.number)
        except (BadRecord, KeyError) as why:
            raise WrongState(f"the record of job {kept.number} cannot be used: {why}") from None

    async def _takeOut(self, kept: Kept) -> None:
        # Out of the line, whatever the printer does; nobody else begins it from here on.
        self._unqueue(kept)
        job = self._job
        if job is not None and job.number == kept.number:
            job.cut(_Withdrawn("it was taken out of the line"))
        self._wake()

    def _putBack(self, kept: Kept, place: JobPlace) -> None:
        if place is JobPlace.QUEUE:
            insort(self._waiting, kept)
            self.goOn()

    async def _queueAgain(self, kept: Kept, record: SpoolRecord) -> None:
        await self._write(record, JobPlace.QUEUE)
        self._releaseDoubt(record.number)
        again = kept._replace(place=record.place)
        self._kept[record.number] = again
        self._put(record.number, JobPlace.QUEUE)
        insort(self._waiting, again)
        self._house.told(self.seen(record, JobPlace.QUEUE))
        self._house.portChanged(self.port.name)
        self.goOn()

    def _releaseDoubt(self, number: int) -> None:
        if self.paused == doubtOf(number):
            self._house.resume(self.port.name).addErrback(lambda _: None)

    def _whenSettled(self) -> Deferred[None]:
        # The attempt that is under way is over, and recorded.
        if self._job is None:
            return succeed(None)
        settled: Deferred[None] = Deferred()
        self._settled.append(settled)
        return settled

    # The end.

    def stop(self, now: bool = False) -> Deferred[None]:
        """
        Begin nothing more.

        @param now: a job that prints is cut, too, and held.
        @return: fires when nothing is under way.
        """
        self._stopping = True
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        error = ShuttingDown("the gateway was stopped")
        job = self._job
        if job is not None and now:
            job.hasten()
        if job is not None and (now or not job.begun):
            job.cut(error)
        self._wake()
        if not self._running:
            return succeed(None)
        self._idle.append(Deferred())
        return self._idle[-1]


def doubtOf(number: int) -> str:
    """Who pauses a port whose operator wants no job to pass one that is in doubt."""
    return f"job {number}, which is in doubt"
