"""
One job's time at a printing port: how often a printer is tried, for how long, and what ends that.
"""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError
from twisted.logger import formatEvent

from jetdirect.errors import (
    JobAborted,
    PrintError,
    PrinterUnreachable,
)
from jetdirect.named import CONNECT_TIMEOUT
from jetdirect.record import JobState
from tests.conftest import FlushErrors
from tests.test_port import Line, unreachable


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
