"""
A printing port: one printer, one job at a time, the others wait in line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from .condition import AWAY, Condition
from .errors import PrinterBusy
from .guard import Awaited
from .interfaces import (
    IAskedApart,
    INeedsGap,
    IPrinterTransport,
    IQueuedJob,
    IReadsLines,
    PrinterStatus,
)
from .named import NamedPrinter, PortSettings
from .record import PortRecord, PortState
from .visit import Visit

STATUS_AGE = 5.0
"""Seconds for which what a printer said of itself is new enough (chosen)."""

ASK_TIMEOUT = 20.0
"""Seconds that a transport has to ask its printer how it is; IPP's own time-out is 15 s."""


class PrintingPort:
    """
    A printer behind a transport, and the jobs that want it, first come first.

    @ivar printer: what it is made of now.
    @ivar name: the operator's name for it.
    @ivar settings: what is set about it now.
    @ivar transport: how its printer is reached.
    @ivar readsLines: each line of a job is looked at on its way there.
    @ivar jobs: the job that has the port, then those that wait.
    @ivar accepting: are jobs taken?
    """

    _log = Logger()
    _patience: IDelayedCall

    def __init__(
        self,
        printer: NamedPrinter,
        clock: IReactorTime,
        changed: Callable[[PrintingPort], None] = lambda port: None,
        wallClock: Callable[[], float] = time.time,
        worked: Callable[[PrintingPort], None] | None = None,
    ) -> None:
        """
        @param changed: told when the port has another state, or its printer another condition.
        @param wallClock: seconds since the epoch, for the record.
        @param worked: told instead when it has work now, or none any more, and nothing else is new;
            by default C{changed} is.
        """
        self._consistOf(printer)
        self.jobs: list[IQueuedJob] = []
        self.accepting = True
        self._clock = clock
        self._calling = False
        self._waiting: dict[IQueuedJob, Visit] = {}
        self._asking: Awaited | None = None
        self._asked: float | None = None
        self._curious: list[Deferred[bool]] = []
        self._readyAt = clock.seconds()
        self._changed = changed
        self._worked = worked or changed
        self._wallClock = wallClock
        self._condition = Condition(clock, self._conditionChanged)
        self._state, self._since = PortState.IDLE, wallClock()
        self._record: PortRecord | None = None  # as it was, if it has no job and is so still

    def become(self, printer: NamedPrinter, accepting: bool = True) -> None:
        """
        The operator has changed the port.

        Its jobs stay: one that has the printer ends there, one that waits gets the printer that is
        named when its turn comes, and each has the time-outs that it came with.
        """
        other = printer.transport is not self.transport
        self._consistOf(printer)
        self.accepting = accepting
        if other:
            self._asked = None
            self._condition = Condition(self._clock, self._conditionChanged)
        if not self._lookAtState():
            self._changed(self)

    def _consistOf(self, printer: NamedPrinter) -> None:
        self.printer = printer
        self.name: str = printer.name
        self.settings: PortSettings = printer.settings
        self.transport: IPrinterTransport = printer.transport
        self._needs = INeedsGap(self.transport, None)
        self.readsLines = IReadsLines(self.transport, None) is not None

    @property
    def positional(self) -> bool:
        """Is it known by its place on the command line only?"""
        return self.printer.positional

    @property
    def uri(self) -> str:
        """Where it prints; without secrets."""
        return self.transport.uri

    @property
    def description(self) -> str:
        """What the printer is called."""
        if self.settings.description:
            return self.settings.description
        try:
            return self.transport.description
        except BaseException:
            self._log.failure("{port} does not say what it is called", port=self.name)
            return self.name

    @property
    def status(self) -> PrinterStatus:
        """What the printer last said of itself; it is asked now, if that is some time ago."""
        self.ask()
        try:
            return self.transport.status
        except BaseException:
            self._log.failure("{port} does not say how it is", port=self.name)
            return PrinterStatus()

    @property
    def state(self) -> PortState:
        """The state in the words of RFC 8011."""
        return self._state

    @property
    def away(self) -> str:
        """That the printer cannot be reached, and why; empty: nothing is known against it."""
        return self._condition.message if AWAY in self._condition.reasons else ""

    @property
    def record(self) -> PortRecord:
        """The port as it is now, for those who only look on."""
        known, description = self._record, self.description  # a printer may say it at any time
        if known is not None and not self.jobs and known.description == description:
            return known
        self._record = PortRecord(
            name=self.name,
            number=self.printer.number,
            aliases=self.printer.aliases,
            uri=self.transport.uri,
            description=description,
            location=self.settings.location,
            state=self._state,
            reasons=self._condition.reasons,
            message=self._condition.message,
            since=self._since,
            accepting=self.accepting,
            spooled=self.settings.spool,
            queued=sum(not job.ended for job in self.jobs[1:]),
            held=0,
            job=self.jobs[0].number if self.jobs else None,
        )
        return self._record

    def ask(self) -> None:
        """Let the printer be asked how it is; what it answers is in C{status} a moment later."""
        now = self._clock.seconds()
        if self._asking is None and (self._asked is None or now - self._asked >= STATUS_AGE):
            self._asked = now
            asking = self._asking = Awaited(self._clock, self._answered)
            self._patience = self._clock.callLater(ASK_TIMEOUT, asking.cancel)
            asking.ask(lambda: self.transport.ask())
            asking.whenOver(self._askedNoMore)

    def answers(self) -> Deferred[bool] | None:
        """
        Ask the printer whether it is there and works, without a connection to it.

        @return: fires with the answer, and never fails; L{None}: it cannot be asked so.
        """
        if IAskedApart(self.transport, None) is None:
            return None
        self.ask()
        if self._asking is None:
            return succeed(self._works)
        self._curious.append(Deferred())
        return self._curious[-1]

    @property
    def _works(self) -> bool:
        try:
            status = self.transport.status
        except BaseException:  # the next question for the status is told that there is none
            return False
        return status.state != "stopped" and (bool(status.state) or status.pages is not None)

    def askNoMore(self) -> None:
        """The gateway stops; no answer is awaited any longer."""
        if self._asking is not None:
            self._asking.cancel()

    @property
    def wanted(self) -> bool:
        """Does a job wait for the one that has the port?"""
        return any(not job.ended for job in self.jobs[1:])

    def submit(self, job: IQueuedJob) -> None:
        """Put C{job} in line.  It is told when it has the printer, or why it has not."""
        settings = self.settings
        before = 0 if settings.share is None else sum(not each.ended for each in self.jobs)
        self.jobs.append(job)
        self._lookAtState()
        visit = Visit(job, settings, self._clock, self._visitEnded)
        if settings.share is not None and before >= settings.share:
            visit.refuse(PrinterBusy(f"{self.name} has its share of {before} jobs already"))
        elif self.jobs[0] is job:
            self._begin(visit)
        elif not settings.busyTimeout:
            visit.refuse(self._busy())
        else:
            self._waiting[job] = visit
            visit.wait(self._waitedTooLong)

    def _waitedTooLong(self, visit: Visit) -> None:
        del self._waiting[visit.job]  # first: the callbacks may let the line go on
        visit.refuse(self._busy())

    def _busy(self) -> PrinterBusy:
        return PrinterBusy(f"{self.name} is busy with job {self.jobs[0].number}")

    def _begin(self, visit: Visit) -> None:
        visit.begin(self.transport, self._condition, self._readyAt - self._clock.seconds())

    def _visitEnded(self, visit: Visit) -> None:
        self._waiting.pop(visit.job, None)
        self.jobs.remove(visit.job)
        if visit.printed:
            gap = self.settings.gap if self._needs is None else self._needs.gap
            self._readyAt = self._clock.seconds() + gap
        self._lookAtState()
        if self._calling:
            return  # re-entered from the loop below, which goes on
        self._calling = True
        while self.jobs and (waiting := self._waiting.pop(self.jobs[0], None)) is not None:
            self._begin(waiting)
        self._calling = False

    def _lookAtState(self) -> bool:
        # A change is told here; the condition of the printer may have changed without one.
        self._record = None
        working = PortState.PROCESSING if self.jobs else PortState.IDLE
        state = PortState.STOPPED if self._condition.bad else working
        if state is self._state:
            return False
        stopped = PortState.STOPPED in (state, self._state)
        self._state, self._since = state, self._wallClock()
        (self._changed if stopped else self._worked)(self)
        return True

    def _conditionChanged(self) -> None:
        if not self._lookAtState():
            self._changed(self)

    def _answered(self, result: object) -> None:
        if self._patience.active():
            self._patience.cancel()
        if isinstance(result, Failure) and not result.check(CancelledError):
            self._log.failure("{port} cannot be asked how it is", result, port=self.name)

    def _askedNoMore(self) -> None:
        self._asking = None
        with suppress(BaseException):  # the next question for the status is told that there is none
            self._condition.said(self.transport.status)
        curious, self._curious = self._curious, []
        for each in curious:
            each.callback(self._works)
