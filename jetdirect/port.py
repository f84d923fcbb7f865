"""
A printing port: one printer, one job at a time, the others wait in line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from .condition import Condition
from .errors import PrinterBusy, PrintError, PrinterUnreachable
from .guard import FAULT, Awaited
from .interfaces import (
    INeedsGap,
    IPrinterConnection,
    IPrinterTransport,
    IQueuedJob,
    PrinterStatus,
)
from .named import NamedPrinter, PortSettings
from .record import PortRecord, PortState

STATUS_AGE = 5.0
"""Seconds for which what a printer said of itself is new enough (chosen)."""

ASK_TIMEOUT = 20.0
"""Seconds that a transport has to ask its printer how it is; IPP's own time-out is 15 s."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


def _pauses() -> Iterator[float]:
    # A printer that refuses right after its own last job is ready again in a moment (SATO's manual
    # says so of its TCP queue), one that is switched off is not: begin short, then double.
    yield _FIRST_PAUSE
    pause = 0.5
    while True:
        yield min(pause, _LONGEST_PAUSE)
        pause *= 2


class PrintingPort:
    """
    A printer behind a transport, and the jobs that want it, first come first.

    @ivar printer: what it is made of now.
    @ivar jobs: the job that has the port, then those that wait.
    @ivar accepting: are jobs taken?
    """

    _log = Logger()

    def __init__(
        self,
        printer: NamedPrinter,
        clock: IReactorTime,
        changed: Callable[[PrintingPort], None] = lambda port: None,
        wallClock: Callable[[], float] = time.time,
    ) -> None:
        """
        @param changed: told when the port has another state, or its printer another condition.
        @param wallClock: seconds since the epoch, for the record.
        """
        self.printer = printer
        self.jobs: list[IQueuedJob] = []
        self.accepting = True
        self._clock = clock
        self._calling = False
        self._waiting: dict[IQueuedJob, Deferred[None]] = {}
        self._opening: Awaited | None = None
        self._asking: Awaited | None = None
        self._asked: float | None = None
        self._readyAt = clock.seconds()
        self._changed = changed
        self._wallClock = wallClock
        self._condition = Condition(clock, self._conditionChanged)
        self._state, self._since = PortState.IDLE, wallClock()

    def become(self, printer: NamedPrinter, accepting: bool = True) -> None:
        """
        The operator has changed the port.

        Its jobs stay: one that has the printer ends there, one that waits gets the printer that is
        named when its turn comes, and each has the time-outs that it came with.
        """
        other = printer.transport is not self.transport
        self.printer, self.accepting = printer, accepting
        if other:
            self._asked = None
            self._condition = Condition(self._clock, self._conditionChanged)
        if not self._lookAtState():
            self._changed(self)

    @property
    def name(self) -> str:
        """The operator's name for it."""
        return self.printer.name

    @property
    def settings(self) -> PortSettings:
        """What is set about it now."""
        return self.printer.settings

    @property
    def transport(self) -> IPrinterTransport:
        """How its printer is reached."""
        return self.printer.transport

    @property
    def description(self) -> str:
        """What the printer is called."""
        if self.settings.description:
            return self.settings.description
        try:
            return self.transport.description
        except Exception:
            self._log.failure("{port} does not say what it is called", port=self.name)
            return self.name

    @property
    def status(self) -> PrinterStatus:
        """What the printer last said of itself; it is asked now, if that is some time ago."""
        self.ask()
        try:
            return self.transport.status
        except Exception:
            self._log.failure("{port} does not say how it is", port=self.name)
            return PrinterStatus()

    @property
    def record(self) -> PortRecord:
        """The port as it is now, for those who only look on."""
        return PortRecord(
            name=self.name,
            number=self.printer.number,
            aliases=self.printer.aliases,
            uri=self.transport.uri,
            description=self.description,
            location=self.settings.location,
            state=self._state,
            reasons=self._condition.reasons,
            message=self._condition.message,
            since=self._since,
            accepting=self.accepting,
            spooled=False,
            queued=sum(not job.ended for job in self.jobs[1:]),
            held=0,
            job=self.jobs[0].number if self.jobs else None,
        )

    def ask(self) -> None:
        """Let the printer be asked how it is; what it answers is in C{status} a moment later."""
        now = self._clock.seconds()
        if self._asking is None and (self._asked is None or now - self._asked >= STATUS_AGE):
            self._asked = now
            asking = self._asking = Awaited(
                self._clock, lambda _: None, lambda: self.transport.ask()
            )
            asking.answer.addTimeout(ASK_TIMEOUT, self._clock).addErrback(self._notAsked)
            asking.over.addCallback(self._askedNoMore)

    def askNoMore(self) -> None:
        """The gateway stops; no answer is awaited any longer."""
        if self._asking is not None:
            self._asking.answer.cancel()

    def submit(self, job: IQueuedJob) -> None:
        """Put C{job} in line.  It is told when it has the printer, or why it has not."""
        self.jobs.append(job)
        self._lookAtState()
        reaching = Deferred.fromCoroutine(self._reach(job))
        job.queued(reaching.cancel)
        Deferred.fromCoroutine(self._print(job, reaching))

    def _lookAtState(self) -> bool:
        # A change is told here; the condition of the printer may have changed without one.
        working = PortState.PROCESSING if self.jobs else PortState.IDLE
        state = PortState.STOPPED if self._condition.bad else working
        if state is self._state:
            return False
        self._state, self._since = state, self._wallClock()
        self._changed(self)
        return True

    def _conditionChanged(self) -> None:
        if not self._lookAtState():
            self._changed(self)

    def _notAsked(self, failure: Failure) -> None:
        if not failure.check(CancelledError, TimeoutError):
            self._log.failure("{port} cannot be asked how it is", failure, port=self.name)

    def _askedNoMore(self, _: None) -> None:
        self._asking = None
        with suppress(Exception):  # whoever wants the status next is told that there is none
            self._condition.said(self.transport.status)

    async def _print(self, job: IQueuedJob, reaching: Deferred[IPrinterConnection]) -> None:
        # One job's time at this port, from the end of the line to the next one's turn.
        try:
            connection = await reaching
        except CancelledError:
            # The job was cut while it waited, and knows why; if not, the transport gave up.
            job.cut(PrintError("the printer was not opened"))
        except PrintError as error:
            job.cut(error)
        except Exception:
            self._log.failure("job {job}: cannot open the printer", job=job.number)
            job.cut(PrintError(FAULT))
        else:
            await job.printOn(connection)
            needs = INeedsGap(self.transport, None)
            gap = self.settings.gap if needs is None else needs.gap
            self._readyAt = self._clock.seconds() + gap
        if self._opening is not None and self.jobs[0] is job:
            await self._opening.over
            self._opening = None
        # Not in a "finally": a coroutine that is only thrown away must not wake others.
        self._leave(job)

    async def _reach(self, job: IQueuedJob) -> IPrinterConnection:
        settings = self.settings
        await self._turn(job, settings)
        gap = self._readyAt - self._clock.seconds()
        if gap > 0:
            await deferLater(self._clock, gap)
        return await self._connect(job, settings)

    @property
    def wanted(self) -> bool:
        """Does a job wait for the one that has the port?"""
        return any(not job.ended for job in self.jobs[1:])

    async def _turn(self, job: IQueuedJob, settings: PortSettings) -> None:
        before = sum(not each.ended for each in self.jobs) - 1
        if settings.share is not None and before >= settings.share:
            raise PrinterBusy(f"{self.name} has its share of {before} jobs already")
        if self.jobs[0] is job:
            return
        if not settings.busyTimeout:
            raise self._busy()
        turn: Deferred[None] = Deferred()
        self._waiting[job] = turn
        try:
            await turn.addTimeout(settings.busyTimeout, self._clock)
        except TimeoutError:
            raise self._busy() from None
        finally:
            del self._waiting[job]

    def _busy(self) -> PrinterBusy:
        return PrinterBusy(f"{self.name} is busy with job {self.jobs[0].number}")

    def _leave(self, job: IQueuedJob) -> None:
        self.jobs.remove(job)
        self._lookAtState()
        if self._calling:
            return  # one turn that ends at once is not the end of the loop below
        self._calling = True
        while self.jobs:
            turn = self._waiting.get(self.jobs[0])
            if turn is None or turn.called:
                break
            turn.callback(None)
        self._calling = False

    async def _connect(self, job: IQueuedJob, settings: PortSettings) -> IPrinterConnection:
        transport, condition = self.transport, self._condition
        deadline = self._clock.seconds() + settings.connectTimeout
        pauses = _pauses()
        while True:
            try:
                connection = await self._attempt(job, transport, settings, deadline)
            except PrinterUnreachable as error:
                pause = next(pauses)
                given = self._clock.seconds() + pause >= deadline
                condition.unreachable(error.reason, given)
                if given:
                    raise
            else:
                condition.reached()
                return connection
            await deferLater(self._clock, pause)

    async def _attempt(
        self,
        job: IQueuedJob,
        transport: IPrinterTransport,
        settings: PortSettings,
        deadline: float,
    ) -> IPrinterConnection:
        opening = self._opening = Awaited(self._clock, job.printOn, lambda: transport.open(job))
        if settings.connectTimeout:
            left = max(deadline - self._clock.seconds(), 0.001)
            opening.answer.addTimeout(left, self._clock)
        try:
            return await opening.answer  # type: ignore[no-any-return]
        except TimeoutError:
            reason = f"the printer did not answer within {settings.connectTimeout:g} s"
            raise PrinterUnreachable(reason) from None
