"""
How a printer that speaks IPP is: idle, stopped and why, offline.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionRefusedError

from jetdirect.interfaces import (
    PrinterStatus,
)
from jetdirect.transports.ipp.rfc8010 import (
    ENUM,
    INTEGER,
    KEYWORD,
    TEXT,
    Response,
)
from jetdirect.transports.ipp.rfc8011 import (
    CANCEL_JOB,
    CREATE_JOB,
    GET_PRINTER,
    statusOfPrinter,
)
from tests.support.answers import hear
from tests.support.ippmessages import JOB, NEW, number
from tests.support.ippprinting import MISDEEDS, Printing


def test_status() -> None:
    """In RFC 8011's words, without how serious they are."""
    printing = Printing()
    asked = hear(printing.transport.ask())
    printing.expect(GET_PRINTER)
    printing.answer(
        [
            (ENUM, "printer-state", [number(5)]),
            (KEYWORD, "printer-state-reasons", [b"media-empty-error", b"door-open", b"none"]),
            (TEXT, "printer-make-and-model", [b"Acme 1"]),
            (INTEGER, "printer-impressions-completed", [number(1234)]),
        ]
    )
    assert asked == [None]
    expected = PrinterStatus("stopped", ("media-empty", "door-open"), "Acme 1", 1234)
    assert printing.transport.status == expected
    assert printing.transport.description == "Acme 1"
    printing.over()


def test_strangeStatus() -> None:
    """What is no keyword is not shown, and not thousands of them."""
    reasons = ["x\r\ny", "none", "a", "a-report", *(f"r{n}" for n in range(1000))]
    said = Response(0, {"printer-state": [17], "printer-state-reasons": list(reasons)})
    status = statusOfPrinter(said)
    assert status.state == ""
    assert status.reasons == ("a", *(f"r{n}" for n in range(9)))


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_offline(misdeed: Callable[[Printing], None]) -> None:
    """A printer that does not answer is offline, and keeps its name."""
    printing = Printing()
    printing.transport.status = PrinterStatus("idle", (), "Acme 1", 3)
    asked = hear(printing.transport.ask())
    printing.expect(GET_PRINTER)
    misdeed(printing)
    assert asked == [None]
    assert printing.transport.status == PrinterStatus("stopped", ("offline",), "Acme 1")
    printing.over()


def test_jobsComeFirst() -> None:
    """A printer may take one connection at a time: our own question gives way, and is not lost."""
    printing = Printing()
    asked = hear(printing.transport.ask())
    question = printing.wire
    told = printing.open()
    assert not question.connected
    assert asked == [None]
    assert printing.transport.status == PrinterStatus()
    assert hear(printing.transport.ask()) == [None]  # the job asks itself
    assert len(printing.endpoint.wires) == 2
    printing.expect(GET_PRINTER)
    printing.answer([*NEW, (ENUM, "printer-state", [number(4)])])
    assert printing.transport.status.state == "processing"
    printing.expect(CREATE_JOB)
    printing.answer(JOB)
    connection = told[0]
    hear(printing.transport.ask())
    question = printing.wire
    gone = hear(connection.abort(b""))
    assert not question.connected
    printing.expect(CANCEL_JOB)
    printing.answer()
    assert gone == [None]
    printing.over()


@pytest.mark.parametrize("end", ["finish", "abort"])
def test_silentWhileItPrints(end: str) -> None:
    """A printer that hears one connection only is not offline, nor asked again during the job."""
    printing = Printing(waitJob=False)
    printing.transport.status = PrinterStatus("idle", (), "Acme 1", 3)
    connection = printing.opened()
    before = printing.transport.status
    connection.write(b"%!")
    printing.heard()
    document = printing.wire
    printing.endpoint.refusals = [ConnectionRefusedError()]
    assert hear(printing.transport.ask()) == [None]
    assert printing.transport.status == before
    assert hear(printing.transport.ask()) == [None]
    assert printing.wire is document
    if end == "finish":
        hear(connection.finish())
        printing.answer(JOB)
    else:
        hear(connection.abort(b""))
        printing.expect(CANCEL_JOB)
        printing.answer()
    printing.endpoint.refusals = [ConnectionRefusedError()]
    assert hear(printing.transport.ask()) == [None]
    assert printing.transport.status.reasons == ("offline",)
    printing.over()


def test_statusWhileItPrints() -> None:
    """A printer that hears more than one connection says how it is."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!")
    printing.heard()
    for state, reason in (5, b"media-empty"), (4, b"none"):
        hear(printing.transport.ask())
        printing.expect(GET_PRINTER)
        printing.answer(
            [
                (ENUM, "printer-state", [number(state)]),
                (KEYWORD, "printer-state-reasons", [reason]),
            ]
        )
        assert printing.transport.status.state == {5: "stopped", 4: "processing"}[state]
    hear(connection.abort(b""))
    printing.expect(CANCEL_JOB)
    printing.answer()
    printing.over()


def test_askingIsCanceled() -> None:
    """No connection stays."""
    printing = Printing()
    asking = printing.transport.ask()
    told = hear(asking)
    asking.cancel()
    assert isinstance(told[0], CancelledError)
    printing.over()
