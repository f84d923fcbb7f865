"""
Transports with a mistake: the job ends honestly, the log says it, and the next job prints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import AlreadyCalledError, CancelledError, Deferred, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import directlyProvides

from jetdirect.errors import JobAborted, JobCanceled, PrinterLost, PrintError
from jetdirect.guard import ABORT_TIMEOUT, CANCEL_TIMEOUT, FAULT, STOP_TIMEOUT, Awaited
from jetdirect.interfaces import Delivery, IKernelConsumer, IPrinterConnection, PrinterStatus
from jetdirect.job import COPIED_FIRST, Job, Sender
from jetdirect.named import CONNECT_TIMEOUT
from jetdirect.port import ASK_TIMEOUT
from jetdirect.record import JobState
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter
from tests.conftest import FlushErrors
from tests.support.source import Source

SENDER = Sender("ann", "192.0.2.1", 40001)
LONG = 3600.0


class Bug(BaseException):
    """A plugin's; no Exception, as what sys.exit raises in a library is none."""


class Guarded:
    """
    A print server and its clock; its printer has a mistake at the first job, and none after it.

    @ivar outcome: how the job in question ended: a L{Delivery} or an exception.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.printer = FakePrinter()
        self.server = PrintServer([self.printer], self.clock)
        self.outcome: list[Any] = []

    def submit(self) -> Job:
        return self.server.submit(self.server.ports[0], "page.ps", SENDER)

    def begin(self) -> Job:
        """A job whose sender does not listen."""
        job = self.submit()
        job.whenOpened().addErrback(lambda _: None)
        return job

    def print(self, job: Job, data: bytes = b"page") -> None:
        """All that a sender does, in one turn; what it hears is the outcome."""

        def opened(_: None) -> Deferred[Delivery]:
            job.registerProducer(Source(), True)
            job.write(data)
            job.unregisterProducer()
            return job.finish()

        job.whenOpened().addCallback(opened).addBoth(self._ended)

    def _ended(self, result: Any) -> None:
        self.outcome.append(result.value if isinstance(result, Failure) else result)

    def nextPrints(self) -> bool:
        """Does a job at a printer without a mistake print, with nothing left behind?"""
        self.outcome.clear()
        self.print(self.submit())
        assert self.server.ports[0].jobs == []
        assert self.clock.getDelayedCalls() == []
        return self.outcome == [Delivery.DELIVERED]


def raises(*_: object) -> Any:
    raise Bug


def gives(answer: Any) -> Callable[..., Any]:
    return lambda *_: answer


def never(*_: object) -> Deferred[Any]:
    return Deferred()


def deaf(*_: object) -> Deferred[Any]:
    """A Deferred that is not even canceled: it waits for another one in spite of it."""

    async def wait() -> None:
        while True:
            try:
                await Deferred()
            except CancelledError:
                continue

    return Deferred.fromCoroutine(wait())


def brittle(*_: object) -> Deferred[Any]:
    """A Deferred that fails to be canceled."""
    return Deferred(raises)


def faulty(guarded: Guarded, method: str, does: Callable[..., Any]) -> None:
    """The next connection has this mistake in this method."""
    original = guarded.printer.open

    def open(job: Any) -> Any:
        guarded.printer.open = original  # type: ignore[method-assign]
        opened = original(job)
        kind = type("Faulty", (type(guarded.printer.jobs[-1]),), {method: does})
        guarded.printer.jobs[-1].__class__ = kind
        return opened

    guarded.printer.open = open  # type: ignore[method-assign]


@pytest.mark.parametrize("method", ["write", "registerProducer", "unregisterProducer"])
def test_consumerThatRaises(method: str, flushErrors: FlushErrors) -> None:
    """Its job is lost; what was written may be on paper; the log names the method."""
    guarded = Guarded()
    faulty(guarded, method, raises)
    job = guarded.submit()

    guarded.print(job)

    [error] = guarded.outcome
    assert (type(error), error.reason) == (PrinterLost, FAULT)
    assert error.printed == (method != "registerProducer")
    assert job.state is JobState.ABORTED
    assert guarded.printer.jobs[0].ended == "aborted"
    events = flushErrors(Bug)
    assert {event["method"] for event in events} == {method}
    assert guarded.nextPrints()


@pytest.mark.parametrize("does", [raises, gives(None), gives(succeed(None)), gives(succeed("yes"))])
def test_finishWithoutAnAnswer(does: Callable[..., Any], flushErrors: FlushErrors) -> None:
    """What is no delivery is none: the sender hears of a lost printer, and never a 226."""
    guarded = Guarded()
    faulty(guarded, "finish", does)

    guarded.print(guarded.submit())

    [error] = guarded.outcome
    assert (type(error), error.reason, error.printed) == (PrinterLost, FAULT, True)
    assert guarded.printer.jobs[0].ended == "aborted"
    assert len(flushErrors(Bug, TypeError)) == 1
    assert guarded.nextPrints()


@pytest.mark.parametrize("does", [never, deaf, brittle])
def test_finishThatNeverFires(does: Callable[..., Any]) -> None:
    """A job may wait for its printer for ever; whoever cuts it frees the port."""
    guarded = Guarded()
    faulty(guarded, "finish", does)
    job = guarded.submit()

    guarded.print(job)
    guarded.clock.advance(LONG)
    assert not job.ended
    job.cut(JobAborted("aborted by the sender"))

    assert isinstance(guarded.outcome[0], JobAborted)
    assert guarded.nextPrints()


def test_finishThatFiresTwice() -> None:
    """The first answer counts; the second is the transport's own failure."""
    guarded = Guarded()
    finishing: Deferred[Delivery] = Deferred()
    faulty(guarded, "finish", gives(finishing))
    guarded.print(guarded.submit())

    finishing.callback(Delivery.DELIVERED)
    with pytest.raises(AlreadyCalledError):
        finishing.callback(Delivery.SENT)

    assert guarded.outcome == [Delivery.DELIVERED]
    assert guarded.nextPrints()


@pytest.mark.parametrize("does", [raises, gives(None), gives(17)])
def test_abortThatDoesNotWait(does: Callable[..., Any], flushErrors: FlushErrors) -> None:
    """Whatever it raises or gives, the port is free."""
    guarded = Guarded()
    faulty(guarded, "abort", does)
    job = guarded.begin()

    job.cut(JobCanceled("canceled by the operator"))

    assert len(flushErrors(Bug)) == (does is raises)
    assert guarded.nextPrints()


@pytest.mark.parametrize(
    ("does", "more"), [(never, 0.0), (deaf, CANCEL_TIMEOUT), (brittle, CANCEL_TIMEOUT)]
)
def test_abortThatNeverFires(
    does: Callable[..., Any], more: float, flushErrors: FlushErrors
) -> None:
    """It has its time, is canceled then, and is not waited for if that does not help."""
    guarded = Guarded()
    faulty(guarded, "abort", does)
    job = guarded.begin()

    job.cut(JobCanceled("canceled by the operator"))
    guarded.clock.advance(ABORT_TIMEOUT - 0.1)
    assert guarded.server.ports[0].jobs == [job]
    guarded.clock.advance(0.1)
    guarded.clock.advance(0)
    assert guarded.server.ports[0].jobs == ([job] if more else [])
    guarded.clock.advance(more)
    guarded.clock.advance(0)

    flushErrors(Bug)
    assert guarded.nextPrints()


@pytest.mark.parametrize("does", [never, deaf, brittle])
@pytest.mark.parametrize("before", [False, True])
def test_abortWhenTheGatewayStops(
    does: Callable[..., Any], before: bool, flushErrors: FlushErrors
) -> None:
    """At the end of the drain time-out it has less time, also if it had begun before."""
    guarded = Guarded()
    faulty(guarded, "abort", does)
    job = guarded.begin()
    stopped: list[float] = []
    if before:
        job.cut(JobCanceled("canceled by the operator"))

    guarded.server.stop(10).addCallback(lambda _: stopped.append(guarded.clock.seconds()))
    guarded.clock.pump([0.5] * 100)

    assert job.ended
    assert 10 + STOP_TIMEOUT <= stopped[0] <= 10 + STOP_TIMEOUT + CANCEL_TIMEOUT + 0.5
    assert guarded.clock.getDelayedCalls() == []
    flushErrors(Bug)


def test_abortThatEndsBeforeTheGatewayDoes() -> None:
    """Stopping does not give an abort more time than it has."""
    guarded = Guarded()
    faulty(guarded, "abort", never)
    guarded.begin().cut(JobCanceled("canceled by the operator"))
    stopped: list[float] = []

    guarded.clock.advance(ABORT_TIMEOUT - 1)
    guarded.server.stop(0).addCallback(lambda _: stopped.append(guarded.clock.seconds()))
    guarded.clock.pump([0.5] * 10)

    assert stopped == [ABORT_TIMEOUT]


def test_abortThatFiresTooLate(flushErrors: FlushErrors) -> None:
    """What is not awaited any more may still answer; nobody is told twice."""
    guarded = Guarded()
    aborting: Deferred[None] = Deferred(lambda _: None)
    faulty(guarded, "abort", gives(aborting))
    guarded.begin().cut(JobCanceled("canceled by the operator"))

    guarded.clock.advance(ABORT_TIMEOUT)
    guarded.clock.advance(0)

    assert guarded.nextPrints()
    assert flushErrors() == []


@pytest.mark.parametrize(
    "taken", [raises, gives(None), gives(-1), gives(10**9)], ids=["raises", "None", "-1", "more"]
)
def test_takeThatIsWrong(taken: Callable[..., Any], flushErrors: FlushErrors) -> None:
    """A count of bytes that cannot be is no count: the job is lost, and a part may be printed."""
    guarded = Guarded()
    original = guarded.printer.open

    def open(job: Any) -> Any:
        guarded.printer.open = original  # type: ignore[method-assign]
        opened = original(job)
        connection: Any = guarded.printer.jobs[-1]
        connection.take = taken
        directlyProvides(connection, IKernelConsumer, IPrinterConnection)
        return opened

    guarded.printer.open = open  # type: ignore[method-assign]
    job = guarded.begin()
    job.write(bytes(COPIED_FIRST))

    assert job.take(7, 1000) == 0

    assert job.error is not None
    assert (job.error.reason, job.error.printed) == (FAULT, True)
    assert len(flushErrors(Bug, TypeError, ValueError)) == 1
    assert guarded.nextPrints()


@pytest.mark.parametrize("does", [raises, gives(None), gives("many")])
def test_sentThatIsNoNumber(does: Callable[..., Any], flushErrors: FlushErrors) -> None:
    """Where nobody knows what was sent, what was written may be on paper."""
    guarded = Guarded()
    faulty(guarded, "sent", property(does))  # type: ignore[arg-type]
    job = guarded.begin()
    job.write(b"page")

    job.cut(JobAborted("aborted by the sender"))

    assert job.error is not None
    assert job.error.printed
    flushErrors(Bug, TypeError)
    assert guarded.nextPrints()


def test_lostToSomethingElse(flushErrors: FlushErrors) -> None:
    """A transport that tells of a loss with any other exception loses its printer all the same."""
    guarded = Guarded()
    job = guarded.begin()
    wrong: Any = Bug()

    job.printerLost(wrong)
    job.printerLost(PrinterLost("again"))

    assert job.error is not None
    assert (type(job.error), job.error.reason) == (PrinterLost, FAULT)
    assert guarded.nextPrints()


@pytest.mark.parametrize("does", [raises, gives(None), gives(succeed(None)), gives(object())])
def test_openThatGivesNothing(does: Callable[..., Any], flushErrors: FlushErrors) -> None:
    """What is no connection ends the job; the next one has its turn."""
    guarded = Guarded()
    original, guarded.printer.open = guarded.printer.open, does  # type: ignore[method-assign]

    job = guarded.submit()
    guarded.print(job)
    guarded.printer.open = original  # type: ignore[method-assign]

    [error] = guarded.outcome
    assert isinstance(error, PrintError)
    assert error.reason == FAULT
    assert flushErrors(Bug, AttributeError)
    assert guarded.nextPrints()


@pytest.mark.parametrize("does", [never, deaf, brittle])
@pytest.mark.parametrize("cut", [False, True])
def test_openThatNeverFires(cut: bool, does: Callable[..., Any], flushErrors: FlushErrors) -> None:
    """The job hears at once; the port is free when the transport has given up, or soon after."""
    guarded = Guarded()
    original, guarded.printer.open = guarded.printer.open, does  # type: ignore[method-assign]
    job = guarded.submit()
    guarded.print(job)
    guarded.printer.open = original  # type: ignore[method-assign]

    if cut:
        job.cut(JobCanceled("canceled by the operator"))
    else:
        guarded.clock.advance(CONNECT_TIMEOUT)
    assert isinstance(guarded.outcome[0], PrintError)
    assert guarded.server.ports[0].jobs == ([] if does is never else [job])
    guarded.clock.advance(CANCEL_TIMEOUT)

    flushErrors(Bug)
    assert guarded.nextPrints()


@pytest.mark.parametrize("late", [CANCEL_TIMEOUT / 2, CANCEL_TIMEOUT * 2])
def test_openThatIsTooLate(late: float) -> None:
    """A connection that comes after its job is gone is sent away; if it is soon, it is awaited."""
    guarded = Guarded()
    gate: Deferred[Any] = Deferred()
    original = guarded.printer.open

    async def stubborn(job: Any) -> Any:
        try:
            await Deferred()
        except CancelledError:
            await gate
        return await original(job)

    guarded.printer.open = lambda job: Deferred.fromCoroutine(stubborn(job))  # type: ignore[method-assign]
    job = guarded.begin()
    guarded.printer.open = original  # type: ignore[method-assign]
    job.cut(JobCanceled("canceled by the operator"))

    guarded.clock.advance(late)
    gate.callback(None)

    assert guarded.printer.jobs[0].ended == "aborted"
    assert guarded.nextPrints()


@pytest.mark.parametrize("does", [raises, gives(None), gives(17)])
def test_askThatGivesNothing(does: Callable[..., Any], flushErrors: FlushErrors) -> None:
    """A printer that cannot be asked is asked again some seconds later, and prints."""
    guarded = Guarded()
    port = guarded.server.ports[0]
    original, guarded.printer.ask = guarded.printer.ask, does  # type: ignore[method-assign]
    port.ask()
    guarded.printer.ask = original  # type: ignore[method-assign]
    guarded.printer.answers = [PrinterStatus("idle")]

    guarded.clock.advance(10)
    port.ask()

    flushErrors(Bug)
    assert port.status == PrinterStatus("idle")
    assert guarded.nextPrints()


@pytest.mark.parametrize("does", [never, deaf, brittle])
def test_askThatNeverFires(does: Callable[..., Any], flushErrors: FlushErrors) -> None:
    """A question without an answer is not the last one."""
    guarded = Guarded()
    port = guarded.server.ports[0]
    original, guarded.printer.ask = guarded.printer.ask, does  # type: ignore[method-assign]
    port.ask()
    guarded.printer.ask = original  # type: ignore[method-assign]
    guarded.printer.answers = [PrinterStatus("idle")]

    guarded.clock.advance(10)
    port.ask()
    assert guarded.printer.answers
    guarded.clock.advance(ASK_TIMEOUT - 10)
    guarded.clock.advance(CANCEL_TIMEOUT)
    port.ask()

    flushErrors(Bug)
    assert port.status == PrinterStatus("idle")
    assert guarded.nextPrints()


@pytest.mark.parametrize("word", ["description", "status"])
def test_wordsThatRaise(word: str, flushErrors: FlushErrors) -> None:
    """What a transport cannot say of its printer is left out; nobody's session ends for it."""
    guarded = Guarded()
    guarded.printer.__class__ = type("Mute", (FakePrinter,), {word: property(raises)})
    port = guarded.server.ports[0]

    assert port.description == ("PORT1" if word == "description" else "fake printer")
    assert port.status == PrinterStatus()
    assert guarded.nextPrints()
    assert flushErrors(Bug)


def test_waitingJobsLeaveAtOnce() -> None:
    """A job in line does not wait for the transport that has not given up another one."""
    guarded = Guarded()
    original, guarded.printer.open = guarded.printer.open, deaf  # type: ignore[method-assign,assignment]
    first, second = guarded.begin(), guarded.begin()
    guarded.printer.open = original  # type: ignore[method-assign]
    first.cut(JobCanceled("canceled by the operator"))

    second.cut(JobCanceled("canceled by the operator"))

    assert guarded.server.ports[0].jobs == [first]
    guarded.clock.advance(CANCEL_TIMEOUT)
    assert guarded.nextPrints()


def test_lateFailureIsDropped(flushErrors: FlushErrors) -> None:
    """An answer that failed after it was canceled is nobody's any more."""
    clock = Clock()
    asked: Deferred[None] = Deferred(lambda _: None)
    told: list[Any] = []
    awaited = Awaited(clock, told.append)
    awaited.ask(lambda: asked)

    awaited.cancel()

    [only] = told
    assert only.check(CancelledError)

    assert awaited.isOver
    assert clock.getDelayedCalls() == []
    assert flushErrors() == []


@pytest.mark.parametrize("atOnce", [False, True])
def test_canceledWhileItIsAsked(atOnce: bool) -> None:
    """What is not wanted any more when it was just asked for is given up, or put away."""
    clock = Clock()
    asked: Deferred[str] = succeed("a connection") if atOnce else Deferred()
    told: list[Any] = []
    late: list[Any] = []
    awaited = Awaited(clock, told.append, late.append)

    def ask() -> Deferred[str]:
        awaited.cancel()
        return asked

    awaited.ask(ask)

    [only] = told
    assert only.check(CancelledError)
    assert late == (["a connection"] if atOnce else [])
    assert awaited.isOver and asked.called
    assert clock.getDelayedCalls() == []
