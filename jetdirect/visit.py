"""
One job at a printing port: it waits for its turn, reaches the printer, prints, and leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from .condition import Condition
from .errors import PrintError, PrinterUnreachable
from .guard import FAULT, Awaited
from .interfaces import IKeptJob, IPrinterConnection, IPrinterTransport, IQueuedJob
from .named import PortSettings

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


def _pauses() -> Iterator[float]:
    # A printer that refuses right after its own last job is ready again in a moment (SATO's manual
    # says so of its TCP queue), one that is switched off is not: begin short, then double.
    yield _FIRST_PAUSE
    pause = 0.5
    while True:
        yield min(pause, _LONGEST_PAUSE)
        pause *= 2


class Visit:
    """
    One job's time at a printing port.

    @ivar job: the job that visits.
    @ivar printed: the job had the printer.
    """

    _log = Logger()
    __slots__ = (
        "_clock",
        "_condition",
        "_deadline",
        "_late",
        "_left",
        "_opening",
        "_pauses",
        "_settings",
        "_timer",
        "_transport",
        "_waits",
        "job",
        "printed",
    )

    def __init__(
        self,
        job: IQueuedJob,
        settings: PortSettings,
        clock: IReactorTime,
        left: Callable[[Visit], None],
    ) -> None:
        """
        @param settings: the time-outs that the job came with.
        @param left: told when the port is free of the job.
        """
        self.job = job
        self.printed = False
        self._settings = settings
        self._clock = clock
        self._left = left
        self._waits = True  # nothing is asked of the printer just now
        self._late = False
        self._timer: IDelayedCall | None = None
        self._opening: Awaited | None = None
        job.queued(self._giveUp)

    def wait(self, tooLong: Callable[[Visit], None]) -> None:
        """
        Another job has the port.

        @param tooLong: told when the job has waited for as long as it may.
        """
        self._timer = self._clock.callLater(self._settings.busyTimeout, tooLong, self)

    def refuse(self, error: PrintError) -> None:
        """The job does not get the printer."""
        self._waits = False
        self.job.cut(error)
        self._leave()

    def begin(self, transport: IPrinterTransport, condition: Condition, gap: float) -> None:
        """
        It is the job's turn.

        @param condition: told whether the printer can be reached.
        @param gap: seconds that the printer needs after its last job.
        """
        self._transport = transport
        self._condition = condition
        self._pauses = _pauses()
        self._stopTimer()
        if gap > 0:
            self._timer = self._clock.callLater(gap, self._reach)
        else:
            self._reach()

    # Inside.

    def _reach(self) -> None:
        self._deadline = self._clock.seconds() + self._settings.connectTimeout
        self._try()

    def _try(self) -> None:
        self._waits = False
        self._timer = None
        opening = self._opening = Awaited(self._clock, self._answered, self.job.printOn)
        opening.ask(lambda: self._transport.open(self.job))
        if self._settings.connectTimeout and not opening.answered:
            left = max(self._deadline - self._clock.seconds(), 0.001)
            self._timer = self._clock.callLater(left, self._tooLate)

    def _tooLate(self) -> None:
        assert self._opening is not None
        self._timer = None
        self._late = True
        self._opening.cancel()

    def _answered(self, result: IPrinterConnection | Failure) -> None:
        self._stopTimer()
        if isinstance(result, Failure):
            self._notReached(result)
        else:
            self._reached(result)

    def _reached(self, connection: IPrinterConnection) -> None:
        self._condition.reached()
        self.printed = True
        self.job.printOn(connection).addCallback(self._leave)

    def _notReached(self, failure: Failure) -> None:
        error = failure.value
        if self._late:
            seconds = self._settings.connectTimeout
            error = PrinterUnreachable(f"the printer did not answer within {seconds:g} s")
        if isinstance(error, PrinterUnreachable):
            pause = next(self._pauses)
            given = self._clock.seconds() + pause >= self._deadline
            kept = IKeptJob.providedBy(self.job)  # its queue tries again, more patiently
            self._condition.unreachable(error.reason, given and not kept)
            if not given and not kept:
                self._waits = True
                self._timer = self._clock.callLater(pause, self._try)
                return
        elif isinstance(error, CancelledError):
            # The job was cut while it waited, and knows why; if not, the transport gave up.
            error = PrintError("the printer was not opened")
        elif not isinstance(error, PrintError):
            self._log.failure("job {job}: cannot open the printer", failure, job=self.job.number)
            error = PrintError(FAULT)
        self.job.cut(error)
        self._leave()

    def _giveUp(self) -> None:
        # The job was cut, and knows why.
        if self._waits:
            self._leave()
        elif self._opening is not None:
            self._opening.cancel()

    def _leave(self, _: object = None) -> None:
        self._waits = False
        self._stopTimer()
        if self._opening is None or self._opening.isOver:
            self._left(self)
        else:  # what was asked of the transport last has not come to its end
            self._opening.whenOver(lambda: self._left(self))

    def _stopTimer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
