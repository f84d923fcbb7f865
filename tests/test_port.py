"""
A printing port: whose turn it is, how long one waits, and how a printer is reached.
"""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.task import Clock
from twisted.logger import formatEvent
from twisted.python.failure import Failure
from zope.interface import alsoProvides

from jetdirect.errors import (
    JobAborted,
    JobCanceled,
    PrinterBusy,
    PrintError,
    PrinterUnreachable,
)
from jetdirect.guard import ABORT_TIMEOUT
from jetdirect.interfaces import (
    IAskedApart,
    IPrinterConnection,
    IPrintJob,
    IQueuedJob,
    PrinterStatus,
)
from jetdirect.job import Job, Sender
from jetdirect.named import BUSY_TIMEOUT, CONNECT_TIMEOUT, NamedPrinter, PortSettings
from jetdirect.port import PrintingPort
from jetdirect.record import JobState, PortRecord, PortState
from jetdirect.testing import FakePrinter
from tests.conftest import FlushErrors


class Printer(FakePrinter):
    """
    A fake printer that notes when it was opened and asked, how deep in the stack, and what became
    of openings that it did not answer.

    @ivar broken: is raised by the next openings and questions.
    @ivar quick: an opening that is canceled succeeds in the same moment.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__("HP LaserJet 4000")
        self.clock = clock
        self.openedAt: list[float] = []
        self.askedAt: list[float] = []
        self.unanswered: list[Deferred[IPrinterConnection]] = []
        self.canceled = 0
        self.depths: list[int] = []
        self.broken: Exception | None = None
        self.quick = False

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        self.openedAt.append(self.clock.seconds())
        self.depths.append(len(inspect.stack(0)))
        if self.broken is not None:
            raise self.broken
        if self.silent:
            self.unanswered.append(Deferred(lambda opening: self._cancel(opening, job)))
            return self.unanswered[-1]
        return super().open(job)

    def ask(self) -> Deferred[None]:
        self.askedAt.append(self.clock.seconds())
        if self.broken is not None:
            raise self.broken
        return super().ask()

    def _cancel(self, opening: Deferred[IPrinterConnection], job: IPrintJob) -> None:
        self.canceled += 1
        if self.quick:
            self.silent = False
            self.open(job).addCallback(opening.callback)


class Line:
    """A printing port with its printer and clock, and the jobs that were put in line."""

    def __init__(
        self, busyTimeout: float = BUSY_TIMEOUT, connectTimeout: float = CONNECT_TIMEOUT
    ) -> None:
        self.clock = Clock()
        self.printer = Printer(self.clock)
        self.port = PrintingPort(
            NamedPrinter(
                "PORT1",
                self.printer,
                settings=PortSettings(busyTimeout=busyTimeout, connectTimeout=connectTimeout),
            ),
            self.clock,
        )
        self.opened: list[int] = []
        self.errors: dict[int, Any] = {}
        self._count = 0

    def submit(self) -> Job:
        """Put the next job in line."""
        self._count += 1
        sender = Sender("ann", "192.0.2.1", 40001)
        job = Job(self._count, "PORT1", "page.ps", sender, None, self.clock)
        self.port.submit(job)
        job.whenOpened().addCallbacks(
            lambda _: self.opened.append(job.number), lambda failure: self._failed(job, failure)
        )
        return job

    def _failed(self, job: Job, failure: Failure) -> None:
        self.errors[job.number] = failure.value

    def timers(self) -> int:
        """How many timers are running."""
        return len(self.clock.getDelayedCalls())


def unreachable(count: int) -> list[PrintError]:
    return [PrinterUnreachable(f"refusal {n}") for n in range(1, count + 1)]


def test_freePort() -> None:
    """A job at a free port has the printer at once, and no timer is left running."""
    line = Line()

    job = line.submit()

    assert line.opened == [1]
    assert line.port.jobs == [job]
    assert line.timers() == 0


def test_description() -> None:
    """A printing port is called what its printer is called."""
    assert Line().port.description == "HP LaserJet 4000"


# Taking turns.


def test_firstComeFirstServed() -> None:
    """Jobs print in the order in which they came, one at a time."""
    line = Line()
    jobs = [line.submit() for _ in range(4)]
    assert line.opened == [1]
    assert line.port.jobs == jobs

    for number in range(1, 5):
        assert line.opened == list(range(1, number + 1))
        jobs[number - 1].finish()
        assert line.port.jobs == jobs[number:]

    assert [job.ended for job in line.printer.jobs] == ["finished"] * 4
    assert line.timers() == 0


@pytest.mark.parametrize("cut", [True, False])
def test_nextTurnWhenThePrinterIsFree(cut: bool) -> None:
    """The next job waits until the printer said that the job before is finished or aborted."""
    line = Line()
    line.printer.hesitant = True
    first, second = line.submit(), line.submit()

    if cut:
        first.cut(JobAborted("aborted by the sender"))
    else:
        first.finish()
    line.clock.advance((ABORT_TIMEOUT if cut else BUSY_TIMEOUT) - 1)
    assert line.opened == [1]
    assert line.port.jobs == [first, second]

    line.printer.jobs[0].answer()
    assert line.opened == [1, 2]
    assert line.port.jobs == [second]


def test_nextTurnWhenThePrinterWasLost() -> None:
    """A printer lost in mid job, or at its end, gets the next job."""
    line = Line()
    first, second, third = line.submit(), line.submit(), line.submit()

    line.printer.jobs[0].lose()
    assert (first.state, line.opened) == (JobState.ABORTED, [1, 2])
    line.printer.hesitant = True
    second.finish().addErrback(lambda failure: None)
    line.printer.jobs[1].lose()

    assert (second.state, line.opened) == (JobState.ABORTED, [1, 2, 3])
    assert line.port.jobs == [third]


def test_busyTooLong() -> None:
    """A job waits for its turn as long as it was told to, then leaves the line."""
    line = Line(busyTimeout=2.5)
    line.submit()
    second = line.submit()

    line.clock.advance(2.25)
    assert line.errors == {}
    line.clock.advance(0.25)

    error = line.errors[2]
    assert isinstance(error, PrinterBusy)
    assert error.reason == "PORT1 is busy with job 1"
    assert not error.printed
    assert second.state is JobState.ABORTED
    assert second not in line.port.jobs
    assert line.printer.openedAt == [0]


def test_timeInLineIsNotTimeToConnect() -> None:
    """The time for connecting begins with the turn."""
    line = Line(busyTimeout=60, connectTimeout=30)
    first, _ = line.submit(), line.submit()
    line.printer.silent = True

    line.clock.advance(59)
    first.finish()
    line.clock.advance(29)
    assert line.errors == {}
    line.clock.advance(1)

    assert isinstance(line.errors[2], PrinterUnreachable)


def test_noWaiting() -> None:
    """With a busy time-out of 0 a job does not wait for its turn at all."""
    line = Line(busyTimeout=0)
    first, second = line.submit(), line.submit()

    assert isinstance(line.errors[2], PrinterBusy)
    assert second.state is JobState.ABORTED
    assert line.port.jobs == [first]
    assert line.timers() == 0

    first.finish()
    line.submit()
    assert line.opened == [1, 3]


@pytest.mark.parametrize("leaving", [2, 3, 4])
def test_cutInLine(leaving: int) -> None:
    """A job that is cut in line leaves it at once, and the others keep their order."""
    line = Line()
    jobs = [line.submit() for _ in range(4)]
    why = JobCanceled("canceled by the operator")

    jobs[leaving - 1].cut(why)
    assert line.errors == {leaving: why}
    left = [job for job in jobs if job.number != leaving]
    assert line.port.jobs == left
    for job in left:
        job.finish()

    assert line.opened == [job.number for job in left]
    assert line.timers() == 0


def test_busyWithWhom() -> None:
    """The job that a port is said to be busy with is the one that has it then."""
    line = Line(busyTimeout=60)
    first, _, _ = line.submit(), line.submit(), line.submit()

    line.clock.advance(50)
    first.finish()
    line.clock.advance(10)

    assert line.errors[3].reason == "PORT1 is busy with job 2"


def test_lineThatMovesWhileOneLeavesIt(flushErrors: FlushErrors) -> None:
    """A watcher that hears that a port is busy may cancel the job that has it: the line goes on."""
    line = Line(busyTimeout=5)
    first = line.submit()
    second = line.submit()
    second.whenOpened().addCallback(lambda _: first.cut(JobCanceled("to make room")))
    line.clock.advance(1)
    third = line.submit()

    line.clock.advance(4)

    assert line.port.jobs == [third]
    assert line.opened == [1, 3]
    assert flushErrors() == []


def test_aMinuteInLine() -> None:
    """Without another word of the operator a job waits for its turn as long as README says."""
    line = Line()
    line.submit(), line.submit()

    line.clock.advance(59)
    assert line.errors == {}
    line.clock.advance(1)

    assert isinstance(line.errors[2], PrinterBusy)


# Reaching the printer.


@pytest.mark.parametrize(
    ("timeout", "times"),
    [
        (30, [0, 0.2, 0.7, 1.7, 3.7, 7.7, 12.7, 17.7, 22.7, 27.7]),
        (1.5, [0, 0.2, 0.7]),
        (0.2, [0]),
        (40, [0, 0.2, 0.7, 1.7, 3.7, 7.7, 12.7, 17.7, 22.7, 27.7, 32.7, 37.7]),
        (0, [0]),
    ],
)
def test_attempts(timeout: float, times: list[float]) -> None:
    """A printer that cannot be reached is tried again, less and less often, until the time ends."""
    line = Line(connectTimeout=timeout)
    refusals = unreachable(20)
    line.printer.refusals = list(refusals)

    job = line.submit()
    while calls := line.clock.getDelayedCalls():
        line.clock.advance(calls[0].getTime() - line.clock.seconds())

    assert line.printer.openedAt == pytest.approx(times)
    assert line.errors[1] is refusals[len(times) - 1]
    assert job.state is JobState.ABORTED
    assert line.port.jobs == []


def test_laterAttemptSucceeds() -> None:
    """A printer that can be reached within the time gets the job."""
    line = Line()
    line.printer.refusals = unreachable(2)

    line.submit()
    line.clock.pump([0.2, 0.5])

    assert line.opened == [1]
    assert line.timers() == 0


def test_noAnswer() -> None:
    """An opening that is not answered ends with the time for connecting."""
    line = Line(connectTimeout=12.5)
    line.printer.silent = True

    line.submit()
    line.clock.advance(12.4)
    assert line.errors == {}
    line.clock.advance(0.1)

    error = line.errors[1]
    assert isinstance(error, PrinterUnreachable)
    assert error.reason == "the printer did not answer within 12.5 s"
    assert line.printer.canceled == 1
    assert (line.port.jobs, line.timers()) == ([], 0)


def test_halfAMinuteToBeReached() -> None:
    """Without another word of the operator a printer has the time that README says."""
    line = Line()
    line.printer.silent = True
    line.submit()

    line.clock.advance(29)
    assert line.errors == {}
    line.clock.advance(1)

    assert isinstance(line.errors[1], PrinterUnreachable)


def test_noAnswerAtALaterAttempt() -> None:
    """All attempts share one time."""
    line = Line(connectTimeout=30)
    line.printer.refusals = unreachable(2)
    line.submit()
    line.clock.advance(0.2)

    line.printer.silent = True
    line.clock.advance(0.5)
    line.clock.advance(29.2)
    assert line.errors == {}
    line.clock.advance(0.1)

    assert isinstance(line.errors[1], PrinterUnreachable)
    assert line.printer.openedAt == pytest.approx([0, 0.2, 0.7])


def test_attemptAfterTheTime() -> None:
    """A gateway that was held up until the time was over gives the attempt then made no more."""
    line = Line(connectTimeout=30)
    line.printer.refusals = unreachable(1)
    line.submit()

    line.printer.silent = True
    line.clock.advance(31)
    assert line.printer.openedAt == [0, 31]
    line.clock.advance(0.1)

    assert isinstance(line.errors[1], PrinterUnreachable)
    assert line.timers() == 0


def test_oneAttemptTakesItsTime() -> None:
    """With a connect time-out of 0 the only attempt may take as long as the transport likes."""
    line = Line(connectTimeout=0)
    line.printer.silent = True

    line.submit()
    line.clock.advance(3600)
    assert line.errors == {}
    line.printer.unanswered[0].errback(PrinterUnreachable("no answer"))

    assert line.errors[1].reason == "no answer"
    assert line.timers() == 0


def test_refusedForGood() -> None:
    """An error of which the transport says that another attempt does not help is told at once."""
    line = Line()
    why = PrintError("the printer wants another protocol")
    line.printer.refusals = [why]

    line.submit()

    assert line.errors == {1: why}
    assert line.printer.openedAt == [0]
    assert (line.port.jobs, line.timers()) == ([], 0)


@pytest.mark.parametrize("raising", [True, False])
def test_unexpectedError(raising: bool, flushErrors: FlushErrors) -> None:
    """A transport with a bug is logged, its job is refused, and the next job has its turn."""
    line = Line()
    first, _ = line.submit(), line.submit()

    if raising:
        line.printer.broken = ZeroDivisionError("a bug")
        first.finish()
        line.printer.broken = None
    else:
        line.printer.silent = True
        first.finish()
        line.printer.silent = False
        line.printer.unanswered[0].errback(ZeroDivisionError("a bug"))
    line.submit()

    assert type(line.errors[2]) is PrintError
    assert line.errors[2].reason == "the gateway failed at the printer's side"
    [event] = flushErrors(ZeroDivisionError)
    assert event["job"] == 2
    assert formatEvent(event) == "job 2: cannot open the printer"
    assert line.opened == [1, 3]


def test_openingCanceledBySomebodyElse() -> None:
    """A transport that cancels its own opening does not leave the job without an answer."""
    line = Line()
    line.printer.silent = True
    job = line.submit()

    line.printer.unanswered[0].errback(CancelledError())
    line.clock.advance(CONNECT_TIMEOUT)

    assert job.ended
    assert isinstance(line.errors[1], PrintError)
    assert line.errors[1].reason == "the printer was not opened"


# Cut on the way to the printer.


def test_cutWhileConnecting() -> None:
    """A job that is cut while its printer is being opened frees the place at once."""
    line = Line()
    line.printer.silent = True
    first, second = line.submit(), line.submit()
    line.printer.silent = False

    first.cut(JobAborted("aborted by the sender"))

    assert line.printer.canceled == 1
    assert line.opened == [2]
    assert line.port.jobs == [second]
    assert line.timers() == 0


def test_cutBetweenTwoAttempts() -> None:
    """A job that is cut while its printer is left alone for a moment frees the place at once."""
    line = Line()
    line.printer.refusals = unreachable(1)
    first, second = line.submit(), line.submit()
    assert line.opened == []

    first.cut(JobAborted("aborted by the sender"))

    assert line.opened == [2]
    assert line.port.jobs == [second]
    line.clock.advance(60)
    assert line.printer.openedAt == [0, 0]


def test_printerThatComesAfterTheCut() -> None:
    """A printer that was there when its job was cut is sent away before the next job has it."""
    line = Line()
    line.printer.silent = line.printer.hesitant = line.printer.quick = True
    first, _ = line.submit(), line.submit()

    first.cut(JobAborted("aborted by the sender"))
    assert line.printer.jobs[0].ended == "aborted"
    assert line.opened == []
    line.printer.jobs[0].answer()

    assert line.opened == [2]


def test_transportThatRaisesDoesNotHoldThePort(flushErrors: FlushErrors) -> None:
    """A transport with a bug at the end of a job does not stop all jobs after it."""
    line = Line()
    first, _ = line.submit(), line.submit()

    def broken() -> None:
        raise ZeroDivisionError("a bug")

    line.printer.jobs[0].finish = broken  # type: ignore[method-assign,assignment]
    first.finish().addErrback(lambda failure: None)

    assert len(flushErrors(ZeroDivisionError)) == 1
    assert line.opened == [1, 2]


def test_longLineOfRefusals() -> None:
    """However long the line is, a printer that refuses every job does not exhaust the stack."""
    line = Line()
    first = line.submit()
    others = [line.submit() for _ in range(9)]
    line.printer.refusals = [PrintError("out of order") for _ in others]

    first.finish()
    line.clock.pump([0] * 20)

    assert all(job.ended for job in others)
    assert len(set(line.printer.depths[2:])) == 1


def test_nothingIsRemembered() -> None:
    """A printing port that is free holds no job that it ever had, however each one left."""
    line = Line(busyTimeout=5)
    first, canceled, _ = line.submit(), line.submit(), line.submit()

    canceled.cut(JobCanceled("canceled by the operator"))
    line.clock.advance(5)
    line.submit()
    first.finish()
    line.printer.jobs[1].lose()

    held = [value for value in vars(line.port).values() if isinstance(value, (list, dict, set))]
    assert held
    assert not any(held)


def test_failedOpening() -> None:
    """A job whose opening fails at once has left the line when its sender hears of it."""
    line = Line()
    line.printer.open = lambda job: fail(PrintError("no"))  # type: ignore[method-assign]
    seen: list[list[IQueuedJob]] = []
    sender = Sender("ann", "192.0.2.1", 40001)
    job = Job(1, "PORT1", "page.ps", sender, None, line.clock)

    line.port.submit(job)
    job.whenOpened().addErrback(lambda failure: seen.append(line.port.jobs))

    assert seen == [[]]


# Asking the printer how it is; tests/test_status.py has who sees the answer.


def test_askedOnceInAWhile() -> None:
    """A printer is asked again only when its last answer is old, however long the gateway runs."""
    line = Line()
    line.clock.advance(1000)

    for _ in range(10):
        line.port.ask()
        line.clock.advance(1)

    assert line.printer.askedAt == [1000, 1005]


def test_printerThatCannotBeAsked(flushErrors: FlushErrors) -> None:
    """The log names the port whose transport failed when it was asked."""
    line = Line()
    line.printer.broken = ZeroDivisionError("a bug")

    line.port.ask()

    [event] = flushErrors(ZeroDivisionError)
    assert formatEvent(event) == "PORT1 cannot be asked how it is"


class Asked(FakePrinter):
    """Answers when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.asking: Deferred[PrinterStatus] = Deferred()

    def ask(self) -> Any:
        return self.asking


@pytest.mark.parametrize("state", ["idle", "stopped", "unknown"])
def test_answersWithoutAConnection(state: str) -> None:
    """A question whether the printer works is answered when the printer has answered."""
    printer = Asked()
    alsoProvides(printer, IAskedApart)
    port = PrintingPort(NamedPrinter("PORT1", printer), Clock())
    asked = port.answers()
    assert asked is not None and not asked.called
    printer.status = PrinterStatus(state=state)
    if state == "unknown":
        del printer.status  # a transport that cannot say it
    printer.asking.callback(PrinterStatus())
    assert asked.result is (state == "idle")


def stoppedPort(reasons: tuple[str, ...]) -> tuple[PrintingPort, list[PortRecord]]:
    """A port whose printer has stopped, and what is told of it from then on."""
    clock, told = Clock(), list[PortRecord]()
    printer = Printer(clock)
    printer.status = PrinterStatus(state="stopped", reasons=reasons)
    port = PrintingPort(
        NamedPrinter("PORT1", printer), clock, lambda port: told.append(port.record)
    )
    port.ask()
    assert [(each.state, each.reasons) for each in told] == [(PortState.STOPPED, reasons)]
    told.clear()
    return port, told


def test_anotherReasonIsTold() -> None:
    """A printer that is stopped for another reason is still stopped; the reason is told."""
    port, told = stoppedPort(("media-empty",))
    printer = port.transport
    assert isinstance(printer, Printer)
    printer.status = PrinterStatus(state="stopped", reasons=("cover-open",))
    printer.clock.advance(3600)
    port.ask()
    assert [(each.state, each.reasons) for each in told] == [(PortState.STOPPED, ("cover-open",))]


def test_anotherPrinterIsToldOnce() -> None:
    """What a port's old printer suffered from is not the new one's; that is one change."""
    port, told = stoppedPort(("media-empty",))
    port.become(NamedPrinter("PORT1", Printer(Clock())))
    assert [(each.state, each.reasons) for each in told] == [(PortState.IDLE, ())]
