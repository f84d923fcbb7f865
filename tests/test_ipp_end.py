"""
The end of a job at a printer that speaks IPP: is it printed, and what does an aborted one leave?
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from twisted.internet.error import ConnectionRefusedError
from twisted.logger import capturedLogs, formatEvent

from jetdirect.errors import PrinterLost
from jetdirect.interfaces import (
    Delivery,
)
from jetdirect.transports.ending import FINISH_TIMEOUT
from jetdirect.transports.ipp.httpclient import ANSWER_TIMEOUT
from jetdirect.transports.ipp.rfc8011 import (
    CANCEL_JOB,
    GET_JOB,
)
from tests.support.answers import hear
from tests.support.ippmessages import JOB, OLD, jobState
from tests.support.ippprinting import MISDEEDS, Printing, refuse, reset


@pytest.mark.parametrize(
    ("state", "reasons", "told"),
    [
        (7, [b"job-canceled-at-device"], "has canceled the job (job-canceled-at-device)"),
        (8, [b"aborted-by-system", b"\r\n226"], "has aborted the job (aborted-by-system)"),
        (8, [b"none"], "has aborted the job"),
        (8, [], "has aborted the job"),
    ],
)
def test_notPrinted(state: int, reasons: list[bytes], told: str) -> None:
    """The printer says that it did not: the job is lost, and not canceled again."""
    printing = Printing()
    connection, done = printing.finished()
    printing.expect(GET_JOB)
    printing.answer(jobState(state, *reasons))
    [why] = done
    assert isinstance(why, PrinterLost)
    assert why.reason.endswith(told)
    before = len(printing.endpoint.wires)
    assert hear(connection.abort(b"")) == [None]
    assert len(printing.endpoint.wires) == before
    printing.over()


def test_withErrors() -> None:
    """Completed, but not well, is no confirmation."""
    printing = Printing()
    _, done = printing.finished()
    printing.expect(GET_JOB)
    printing.answer(jobState(9, b"job-completed-with-errors"))
    assert done == [Delivery.DELIVERED]
    printing.over()


def test_forgotten() -> None:
    """A printer that does not know the job any more has had it."""
    printing = Printing()
    _, done = printing.finished()
    printing.expect(GET_JOB)
    printing.answer(status=0x0406)
    assert done == [Delivery.DELIVERED]
    printing.over()


def test_notPrintedInTime() -> None:
    """It has the job, and that is all that is known after the finish time-out."""
    printing = Printing()
    _, done = printing.finished()
    asked = 0
    while not done:
        if printing.wire.connected:
            printing.expect(GET_JOB)
            printing.answer(jobState(6))
            asked += 1
        printing.clock.advance(0.1)
        assert printing.clock.seconds() < FINISH_TIMEOUT + 1
    assert done == [Delivery.DELIVERED]
    assert printing.clock.seconds() > FINISH_TIMEOUT - 1
    assert 10 < asked < 25
    printing.over()


def test_lookAgain() -> None:
    """That it does not answer once, when it has all of it, says nothing of the job."""
    printing = Printing()
    _, done = printing.finished()
    reset(printing)
    printing.endpoint.refusals = [ConnectionRefusedError()]
    printing.wait(0.5)
    printing.expect(GET_JOB)
    printing.answer(jobState(9))
    assert done == [Delivery.CONFIRMED]
    printing.over()


def test_noTimeToPrint() -> None:
    """C{finish-timeout=0}: one look, but the answer to the document has its time."""
    printing = Printing()
    printing.transport._finishTimeout = 0
    connection = printing.opened()
    connection.write(b"%!PS")
    printing.heard()
    done = hear(connection.finish())
    printing.wait(ANSWER_TIMEOUT - 2)
    assert not done
    printing.answer(JOB)
    printing.expect(GET_JOB)
    printing.answer(jobState(5))
    assert done == [Delivery.DELIVERED]
    printing.over()


def test_oldPrinterWithoutNumber() -> None:
    """It has taken a job that it cannot be asked about."""
    printing = Printing()
    connection = printing.opened(OLD)
    connection.write(b"%!PS")
    printing.heard()
    done = hear(connection.finish())
    printing.answer()
    assert done == [Delivery.DELIVERED]
    printing.over()


# Aborted jobs.


def test_abortInMidJob() -> None:
    """The document is broken off, then the job canceled."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!")
    printing.heard()
    wire = printing.wire
    gone = hear(connection.abort(b"\x04"))
    assert wire.aborted
    asked = printing.expect(CANCEL_JOB)
    assert asked.number("job-id") == 31
    assert asked.text("requesting-user-name") == "ann"
    assert not gone
    printing.answer()
    assert gone == [None]
    assert printing.job.losses == []
    printing.over()


@pytest.mark.parametrize("step", ["answer", "look", "pause"])
def test_abortAtTheEnd(step: str) -> None:
    """Whatever is being waited for, the end is not told any more."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!")
    printing.heard()
    done = hear(connection.finish())
    if step != "answer":
        printing.answer(JOB)
        printing.expect(GET_JOB)
    if step == "pause":
        printing.answer(jobState(5))
    gone = hear(connection.abort(b""))
    printing.expect(CANCEL_JOB)
    printing.answer()
    assert gone == [None]
    assert done == []
    printing.over()


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_notCanceled(misdeed: Callable[[Printing], None]) -> None:
    """A printer that cannot be asked keeps nobody waiting for long; the log says so."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!")
    gone = hear(connection.abort(b""))
    printing.expect(CANCEL_JOB)
    with capturedLogs() as logged:
        misdeed(printing)
    assert gone == [None]
    told = [formatEvent(event) for event in logged]
    if misdeed is not refuse:  # it may have ended the job itself
        assert len(told) == 1
        assert "job 7 was not canceled at the printer, which has it as job 31" in (told[0] or "")
    printing.over()
