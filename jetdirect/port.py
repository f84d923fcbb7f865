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
from .interfaces import INeedsGap, IPrinterConnection, IPrinterTransport, PrinterStatus
from .job import Job
from .record import PortRecord, PortState

BUSY_TIMEOUT = 60.0
"""Seconds a job waits for its turn: as long as most FTP clients wait for a reply (30 to 120 s)."""

CONNECT_TIMEOUT = 30.0
"""Seconds in which a printer must be reached, all attempts together."""

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
    PORT1, PORT2 ...: a printer behind a transport, and the jobs that want it, first come first.

    @ivar name: as the device names its ports.
    @ivar jobs: the job that has the port, then those that wait.
    """

    _log = Logger()

    def __init__(
        self,
        name: str,
        transport: IPrinterTransport,
        clock: IReactorTime,
        busyTimeout: float = BUSY_TIMEOUT,
        connectTimeout: float = CONNECT_TIMEOUT,
        share: int | None = None,
        changed: Callable[[PrintingPort], None] = lambda port: None,
        wallClock: Callable[[], float] = time.time,
    ) -> None:
        """
        @param busyTimeout: seconds a job waits for its turn; 0: not at all.
        @param connectTimeout: seconds in which the printer must be reached; 0: one attempt.
        @param share: jobs that may have the port or wait for it; L{None}: any number.
        @param changed: told when the port has another state, or its printer another condition.
        @param wallClock: seconds since the epoch, for the record.
        """
        self.name = name
        self.transport = transport
        self.jobs: list[Job] = []
        self._clock = clock
        self._busyTimeout = busyTimeout
        self._connectTimeout = connectTimeout
        self._share = share
        self._calling = False
        self._waiting: dict[Job, Deferred[None]] = {}
        self._opening: Awaited | None = None
        self._asking: Awaited | None = None
        self._asked: float | None = None
        needs = INeedsGap(transport, None)
        self._gap = 0.0 if needs is None else needs.gap
        self._readyAt = clock.seconds()
        self._changed = changed
        self._wallClock = wallClock
        self._condition = Condition(clock, self._conditionChanged)
        self._state, self._since = PortState.IDLE, wallClock()

    @property
    def description(self) -> str:
        """What the printer is called."""
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
            number=None,
            aliases=(),
            uri=self.transport.uri,
            description=self.description,
            location="",
            state=self._state,
            reasons=self._condition.reasons,
            message=self._condition.message,
            since=self._since,
            accepting=True,
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

    def submit(self, job: Job) -> None:
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

    async def _print(self, job: Job, reaching: Deferred[IPrinterConnection]) -> None:
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
            self._readyAt = self._clock.seconds() + self._gap
        if self._opening is not None and self.jobs[0] is job:
            await self._opening.over
            self._opening = None
        # Not in a "finally": a coroutine that is only thrown away must not wake others.
        self._leave(job)

    async def _reach(self, job: Job) -> IPrinterConnection:
        await self._turn(job)
        gap = self._readyAt - self._clock.seconds()
        if gap > 0:
            await deferLater(self._clock, gap)
        return await self._connect(job)

    @property
    def wanted(self) -> bool:
        """Does a job wait for the one that has the port?"""
        return any(not job.ended for job in self.jobs[1:])

    async def _turn(self, job: Job) -> None:
        before = sum(not each.ended for each in self.jobs) - 1
        if self._share is not None and before >= self._share:
            raise PrinterBusy(f"{self.name} has its share of {before} jobs already")
        if self.jobs[0] is job:
            return
        if not self._busyTimeout:
            raise self._busy()
        turn: Deferred[None] = Deferred()
        self._waiting[job] = turn
        try:
            await turn.addTimeout(self._busyTimeout, self._clock)
        except TimeoutError:
            raise self._busy() from None
        finally:
            del self._waiting[job]

    def _busy(self) -> PrinterBusy:
        return PrinterBusy(f"{self.name} is busy with job {self.jobs[0].number}")

    def _leave(self, job: Job) -> None:
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

    async def _connect(self, job: Job) -> IPrinterConnection:
        deadline = self._clock.seconds() + self._connectTimeout
        pauses = _pauses()
        while True:
            try:
                connection = await self._attempt(job, deadline)
            except PrinterUnreachable as error:
                pause = next(pauses)
                given = self._clock.seconds() + pause >= deadline
                self._condition.unreachable(error.reason, given)
                if given:
                    raise
            else:
                self._condition.reached()
                return connection
            await deferLater(self._clock, pause)

    async def _attempt(self, job: Job, deadline: float) -> IPrinterConnection:
        opening = self._opening = Awaited(
            self._clock, job.printOn, lambda: self.transport.open(job)
        )
        if self._connectTimeout:
            left = max(deadline - self._clock.seconds(), 0.001)
            opening.answer.addTimeout(left, self._clock)
        try:
            return await opening.answer  # type: ignore[no-any-return]
        except TimeoutError:
            reason = f"the printer did not answer within {self._connectTimeout:g} s"
            raise PrinterUnreachable(reason) from None
