"""
The kept jobs of one printing port: what was there, what comes, and what may come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import PortFailed, PortRemoved, PrinterLost, PrintError, SpoolFailed, SpoolFull
from ..named import OnDuplicate
from ..record import JobRecord, JobState
from .beat import Changed
from .changes import Changes
from .context import Port, QueueContext
from .duplicates import Duplicates
from .elsewhere import Elsewhere
from .kept import KeptJob, Stopped
from .line import Coming
from .portjobs import PortJobs, Status
from .printing import Printing
from .record import Found, JobPlace, Kept, Room, SpoolRecord
from .retention import SpoolRetention
from .verbs import Verbs

AT_A_TIME = 2000
"""Jobs that are counted in one turn of the reactor at the start: 6 ms (measured, 2.7 us each)."""


OPENED_AGAIN = 60.0
"""Seconds between two tries to read what was kept for a port, on a disk that is well otherwise
(chosen)."""


class Queue:
    """
    The kept jobs of one printing port; a L{Line<jetdirect.spool.line.Line>} for those that come.

    @ivar broken: why its jobs cannot be read; L{None}: they can.
    """

    _log = Logger()

    def __init__(self, port: Port, context: QueueContext, guards: bool = True) -> None:
        """@param guards: look for jobs that come again."""
        self.spool = context.spool
        self._context = context
        self._guards = guards
        self._known = PortJobs(port, context)
        self._retention = SpoolRetention(context, self._known)
        self._changes = Changes(context, self._known, self._retention)
        self._printing = Printing(context, self._known, self._changes)
        self._verbs = Verbs(context, self._known, self._changes, self._printing, self._retention)
        self._duplicates = (
            Duplicates(context.spool, context.clock.seconds)
            if context.shared is None
            else context.shared.duplicates()
        )
        self._incoming: set[Coming] = set()
        self.broken: PrintError | None = None
        self._ready: list[Deferred[None]] | None = []

    # The port, which may come and go.

    @property
    def port(self) -> Port:
        """Where they print."""
        return self._known.port

    @property
    def removed(self) -> bool:
        """Is the port no more?"""
        return self._known.removed

    def become(self, port: Port) -> None:
        """They print there from now on."""
        self._known.port, self._known.removed = port, False
        self.goOn()

    def remove(self) -> None:
        """The port is no more: what waits is held, until it comes back."""
        self._known.removed = True

    # The gateway that prints, of those that share the spool.

    @property
    def mine(self) -> bool:
        """Does this gateway print there?"""
        return self._known.mine

    @property
    def printedElsewhere(self) -> int | None:
        """The number of the job that another gateway prints; L{None}: none does."""
        active = (n for n, place in self.jobs.items() if place is JobPlace.ACTIVE)
        return None if self.mine else next(active, None)

    def leave(self) -> bool:
        """Print there no more, if nothing is being printed; was that so?"""
        if self._known.attempt is not None:
            return False
        self._known.mine = False
        return True

    def cut(self, error: PrintError) -> None:
        """Another one may print there: reset the connection of the job that prints."""
        if self._known.attempt is not None:
            self._known.attempt.hasten(0)
        self._printing.cut(error)

    async def reopen(self, mine: bool) -> None:
        """
        Find anew what is there.

        @param mine: this gateway prints there from now on; or no more.
        """
        self._known.mine = False
        if not mine:
            self.cut(PrinterLost("another gateway prints there now"))
        await self._printing.whenIdle()
        self._printing.ready = False
        self._ready = self._ready or []
        self._known.clear()
        self._retention.clear()
        self._known.mine = mine
        await self.open()
        self._context.portChanged(self.port.name)

    def learn(self, changed: Iterable[Changed]) -> None:
        """Jobs that other gateways have changed."""
        told = False
        for each in changed:
            told = True
            if not self.mine:
                self._follow(each)
            elif each.kept.number not in self.jobs and not each.awaited:
                self._addChanged(each)
        if told:
            self._context.portChanged(self.port.name)
            self.goOn()

    def unlearn(self, numbers: Iterable[int]) -> None:
        """These are at other ports."""
        for number in numbers:
            job = self._known.attempt
            if number in self.jobs and (job is None or job.number != number):
                self._known.drop(number)

    def _follow(self, each: Changed) -> None:
        self._known.drop(each.kept.number)
        if each.place is JobPlace.DONE:
            self._known.ended(each.kept)
            self._known.ends[each.kept.number] = JobState(each.outcome or "completed")
        elif each.place is JobPlace.ACTIVE:
            self._known.add(each.kept, JobPlace.ACTIVE)
        else:
            self._addChanged(each)

    def _addChanged(self, each: Changed) -> None:
        if each.place is JobPlace.QUEUE:
            self._known.add(each.kept, JobPlace.QUEUE)
            self._known.lineUp(each.kept)
        elif each.place is JobPlace.HELD:
            self._known.add(each.kept, JobPlace.HELD)
            self._known.reasons[each.kept.number] = each.reason

    # The start.

    async def open(self) -> None:
        """
        Find what is there, and judge what the last process left.

        Returns when that is known, or when the disk does not tell it: then it is asked again.
        """
        if self._context.shared is not None:
            await self._openWhenWell()
        elif not await self._opened():
            Deferred.fromCoroutine(self._openLater()).addErrback(self._notOpened)

    async def _openWhenWell(self) -> None:
        # A database that is away comes back, or is replaced.
        while True:
            try:
                found = await self._context.spool.addPort(self.port.name)
            except (SpoolFailed, SpoolFull) as error:
                self._context.failed(error)
                await self._context.whenWell()
            else:
                await self._takeOver(found)
                return

    async def _opened(self) -> bool:
        try:
            found = await self._context.spool.addPort(self.port.name)
        except (SpoolFailed, SpoolFull) as error:
            self._log.error(
                "the jobs of {port} cannot be read: {why}; none is taken or printed there",
                port=self.port.name,
                why=error.reason,
            )
            self._tellReady(error)
            return False
        await self._takeOver(found)
        return True

    async def _openLater(self) -> None:
        while True:
            await deferLater(self._context.clock, OPENED_AGAIN)
            if await self._opened():
                self._log.info("the jobs of {port} can be read again", port=self.port.name)
                self._context.portChanged(self.port.name)
                return

    def _notOpened(self, failure: Failure) -> None:
        self._log.failure("the jobs of {port} cannot be opened", failure, port=self.port.name)

    async def _takeOver(self, found: Found) -> None:
        for complaint in found.complaints:
            self._log.error("{complaint}", complaint=complaint)
        coming = {intake.number for intake in self._incoming}
        for place, there in found.jobs.items():
            jobs = [each for each in there if each.number not in coming]
            for at in range(0, len(jobs), AT_A_TIME):
                self._countAll(jobs[at : at + AT_A_TIME], place)
                if len(jobs) > AT_A_TIME:
                    await deferLater(self._context.clock, 0)  # others have their turn, too
        waiting = found.jobs.get(JobPlace.QUEUE, ())
        self._known.found(each for each in waiting if each.number not in coming)
        for kept in found.jobs.get(JobPlace.ACTIVE, ()) if self.mine else ():
            await self._judge(kept)
        for kept in found.jobs.get(JobPlace.DONE, ()):
            await self._remember(kept)
        self._tellReady(None)
        self.goOn()
        for kept in found.jobs.get(JobPlace.HELD, ()):
            record = await self._changes.recordWhenWell(kept)
            if record is not None and self.jobs.get(kept.number) is JobPlace.HELD:
                self._known.reasons[kept.number] = record.reason

    def _tellReady(self, error: PrintError | None) -> None:
        self.broken, self._printing.ready = error, error is None
        ready, self._ready = self._ready or [], None
        for each in ready:
            each.callback(None)

    def _countAll(self, jobs: Sequence[Kept], place: JobPlace) -> None:
        if place is not JobPlace.DONE:
            for kept in jobs:
                self._known.add(kept, place)
        if self._guards:
            self._duplicates.found(jobs)

    async def _judge(self, kept: Kept) -> None:
        # It was printing when the last process ended.
        record = await self._changes.recordWhenWell(kept)
        if record is not None and record.outcome:
            # It had ended, and was not put where it belongs.
            await self._changes.finish(kept, record, record.outcome, record.delivery)
        elif record is not None:
            noted = await self._context.spool.noted(kept.number)
            await self._printing.judge(kept, record.but(sent=min(noted, kept.size)))

    async def _remember(self, kept: Kept) -> None:
        record = await self._changes.recordWhenWell(kept)
        if record is not None and not record.outcome:
            await self._changes.setAside(kept, "it has ended, and its record does not say how")
        elif record is not None:
            self._known.ended(kept)
            if not self.mine:
                self._known.ends[kept.number] = JobState(record.outcome)
                return
            if self._context.history is not None:
                # The last process may have been killed before it knew it.
                self._context.history.restore(self.seen(record, JobPlace.DONE))
            await self._retention.found(record)

    # What others see.

    @property
    def jobs(self) -> Mapping[int, JobPlace]:
        """The places of all that are known."""
        return self._known.places

    @property
    def queued(self) -> int:
        """Jobs that wait for the printer, or have it."""
        return len(self._known.waiting)

    @property
    def held(self) -> int:
        """Jobs that wait for a person."""
        return self._known.held

    @property
    def bytes(self) -> int:
        """Those of all jobs that wait, print or are held."""
        return self._known.bytes

    @property
    def stored(self) -> int:
        """And those of ended jobs that can be printed again."""
        return self._known.bytes + self._retention.bytes

    @property
    def oldest(self) -> float | None:
        """When the oldest job came that waits, in seconds since the epoch; L{None}: none does."""
        return self._known.oldest

    @property
    def printing(self) -> KeptJob | None:
        """The job that has the printer."""
        return self._known.printing

    def numbers(self) -> list[int]:
        """All that are known, in the order of their places."""
        return self._known.numbers()

    def stateOf(self, number: int) -> JobState | None:
        """The state of a job; L{None}: it is not known here, or any more."""
        return self._known.stateOf(number)

    def status(self, number: int) -> Status | None:
        """What can be said of a job at once; L{None}: it is not known."""
        return self._known.status(number)

    def seen(self, record: SpoolRecord, place: JobPlace | None = None) -> JobRecord:
        """A job as others see it."""
        return self._known.seen(record, place)

    # Line

    @property
    def durable(self) -> bool:
        """L{Line<jetdirect.spool.line.Line>}."""
        return self._context.spool.durable

    @property
    def replyWithin(self) -> float:
        """L{Line<jetdirect.spool.line.Line>}."""
        return self.port.settings.replyWithin

    def admit(self, intake: Coming) -> Deferred[None]:
        """L{Line<jetdirect.spool.line.Line>}."""
        return self._whenReady().addCallback(self._admit, intake)

    def _admit(self, _: None, intake: Coming) -> Deferred[None]:
        name, settings, size = self.port.name, self.port.settings, intake.size or 0
        if self.removed:
            raise PortRemoved(f"{name} was removed; print on another port")
        if self._context.broken is not None and self._context.shared is not None:
            raise SpoolFailed(self._context.broken.reason)
        if (self._context.broken or self.broken) is not None:
            raise PortFailed(
                f"the spool of {name} has failed, and is tried again every few seconds"
            )
        coming = len(self._incoming)
        many = self.queued + self.held + coming
        if many >= settings.maxQueued:
            raise SpoolFull(f"{name} keeps {many} jobs already, and may keep {settings.maxQueued}")
        most = settings.maxQueuedBytes
        if most is not None and self.bytes + sum(i.bytes for i in self._incoming) + size > most:
            raise SpoolFull(f"{name} keeps {self.bytes} bytes already, and may keep {most}")
        if settings.maxQueuedPerHost is not None:
            mine = self._known.of(intake.host) + sum(i.host == intake.host for i in self._incoming)
            if mine >= settings.maxQueuedPerHost:
                raise SpoolFull(f"{name} keeps {mine} jobs of {intake.host} already")
        self._incoming.add(intake)
        return self._context.room().addCallback(self._checkRoom, size)

    def _checkRoom(self, room: Room, size: int) -> None:
        if room.free - size < max(self.least(room.total), 1):
            raise SpoolFull("the spool's disk has only the space left that must stay free")

    def least(self, total: int) -> int:
        """L{Line<jetdirect.spool.line.Line>}."""
        return self.port.settings.minFree.of(total)

    def placeFor(self, record: SpoolRecord) -> Deferred[tuple[SpoolRecord, JobPlace]]:
        """L{Line<jetdirect.spool.line.Line>}."""
        most = self.port.settings.maxQueuedBytes
        if most is not None and self.bytes + record.size > most:
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

    def left(self, intake: Coming) -> None:
        """L{Line<jetdirect.spool.line.Line>}."""
        self._incoming.discard(intake)

    def take(self, record: SpoolRecord, held: bool) -> None:
        """L{Line<jetdirect.spool.line.Line>}."""
        if self._context.shared is not None:
            self._context.shared.replied(record.number)
        if record.number in self.jobs:
            return  # somebody else was told of it first
        kept = Kept(record.place, record.number, record.size, record.host, record.received)
        self._known.add(kept, JobPlace.HELD if held else JobPlace.QUEUE)
        if held:
            self._known.reasons[record.number] = record.reason
        else:
            self._known.lineUp(kept)
        self._context.portChanged(self.port.name)
        self.goOn()

    def whenPrinted(self, number: int) -> Deferred[str]:
        """L{Line<jetdirect.spool.line.Line>}."""
        return self._changes.whenPrinted(number)

    def heard(self, number: int, heard: bool) -> None:
        """L{Line<jetdirect.spool.line.Line>}."""
        # A quick printer has the job before its sender has said the next word.
        place = self.jobs.get(number)
        if place is not None and heard:
            self._context.spool.noteHeard(number)
        elif place not in (None, JobPlace.DONE):
            self._known.unheard.add(number)

    def neverTold(self, record: SpoolRecord) -> None:
        """L{Line<jetdirect.spool.line.Line>}."""
        self._known.unheard.add(record.number)
        if self._guards:
            self._duplicates.neverTold(record)

    def failed(self, error: PrintError) -> None:
        """L{Line<jetdirect.spool.line.Line>}."""
        self._context.failed(error)

    def _whenReady(self) -> Deferred[None]:
        if self._ready is None:
            return succeed(None)
        self._ready.append(Deferred())
        return self._ready[-1]

    # Printing.

    def goOn(self) -> None:
        """Print, if there is something to print and nothing against it."""
        self._printing.goOn()

    def wake(self) -> None:
        """The printer has answered, or a person has mended it: try it now."""
        self._printing.wake()

    @property
    def verbs(self) -> Verbs | Elsewhere:
        """What a person wants of one of them."""
        shared, name = self._context.shared, self.port.name
        if self.mine or shared is None:
            return self._verbs
        return Elsewhere(
            lambda verb, number, to, by: shared.ask(name, verb, number, to, by), self._verbs
        )

    def stopPrinting(self, by: str) -> Deferred[None]:
        """
        Cut the job that prints; it is held, if a part of it may be on paper.

        @return: fires when that is recorded.
        """
        if not self.mine and self._context.shared is not None:
            asked = self._context.shared.ask(self.port.name, "stop", 0, "", by)
            return Deferred.fromCoroutine(asked)
        return self._printing.cut(Stopped(f"stopped by {by}"))

    def stop(self, now: bool = False) -> Deferred[None]:
        """
        The gateway stops: begin nothing more.

        @param now: a job that prints is cut, too, and held.
        @return: fires when nothing is under way.
        """
        self._retention.stop()
        return self._printing.stop(now)
