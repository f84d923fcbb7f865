"""
What a printer says of itself: when it is asked, and where senders see it.
"""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.gateway import Gateway
from jetdirect.interfaces import PrinterStatus
from jetdirect.named import NamedPrinter
from jetdirect.port import STATUS_AGE, PrintingPort
from jetdirect.testing import FakePrinter, FakeSender
from tests.conftest import FlushErrors

EMPTY = PrinterStatus("stopped", ("media-empty", "door-open"), pages=1234)


class SlowPrinter(FakePrinter):
    """
    A printer that thinks before it says how it is.

    @ivar asked: the questions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Deferred[None]] = []

    def ask(self) -> Deferred[None]:
        self.asked.append(Deferred())
        return self.asked[-1]


def test_askedWhenItIsOld() -> None:
    """The last answer is given at once; if it is old, the printer is asked again."""
    clock, printer = Clock(), FakePrinter()
    port = PrintingPort(NamedPrinter("PORT1", printer), clock)
    printer.answers = [PrinterStatus("idle"), EMPTY]
    assert port.status == PrinterStatus("idle")
    clock.advance(STATUS_AGE - 1)
    assert port.status == PrinterStatus("idle")
    clock.advance(1)
    assert port.status == EMPTY


def test_onlyOneQuestion() -> None:
    """A printer that thinks is not asked again meanwhile."""
    clock, printer = Clock(), SlowPrinter()
    port = PrintingPort(NamedPrinter("PORT1", printer), clock)
    for _ in range(3):
        assert port.status == PrinterStatus()
        clock.advance(STATUS_AGE)
    assert len(printer.asked) == 1
    printer.asked[0].callback(None)
    port.ask()
    assert len(printer.asked) == 2


def test_noAnswerIsAwaitedAtTheEnd() -> None:
    """A gateway that stops cancels its questions, and asks again when it is started again."""
    reactor, printer = MemoryReactorClock(), SlowPrinter()
    gateway = Gateway(Configuration([printer], []), reactor)
    gateway.startService()
    gateway.stopService()
    assert printer.asked[0].called
    reactor.advance(STATUS_AGE)
    gateway.startService()
    assert len(printer.asked) == 2
    gateway.stopService()


def test_brokenTransport(flushErrors: FlushErrors) -> None:
    """A transport that fails when it is asked is logged, and asked again later."""
    clock, printer = Clock(), SlowPrinter()
    port = PrintingPort(NamedPrinter("PORT1", printer), clock)
    port.ask()
    printer.asked[0].errback(ValueError("a bug"))
    assert len(flushErrors(ValueError)) == 1
    clock.advance(STATUS_AGE)
    port.ask()
    assert len(printer.asked) == 2


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (PrinterStatus(), None),
        (PrinterStatus("idle"), " the printer says: idle"),
        (EMPTY, " the printer says: stopped: media-empty, door-open; 1234 pages in its life"),
        (PrinterStatus(pages=0), " the printer says: 0 pages in its life"),
        (PrinterStatus(reasons=("a\nb",)), r" the printer says: a\x0ab"),
    ],
)
@pytest.mark.parametrize("command", ["STAT", "STAT PORT1"])
def test_sendersSeeIt(status: PrinterStatus, line: str | None, command: str) -> None:
    """STAT tells what the printer says, if it says anything."""
    printer = FakePrinter()
    gateway = Gateway(Configuration([printer], []), MemoryReactorClock())
    printer.answers = [status]
    sender = FakeSender(gateway.factory)
    sender.login()
    told = [each for each in sender.say(command).split("\n") if "says" in each]
    assert told == ([] if line is None else [line])
