"""
A printing port: whose turn it is, how long one waits, and how a printer is reached.
"""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail
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


# Cut on the way to the printer.


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
