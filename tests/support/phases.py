"""
How far an upload is when something happens to it: each phase begins a job, and returns its sender.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from jetdirect.interfaces import IPrinterConnection, IPrintJob
from jetdirect.testing import FakePrinter, FakeSender
from tests.support import memory
from tests.support.memory import codes

PAGE = b"%!PS\n\xff\xf4\r\n\n\r\x00\x1b%-12345X\x04showpage\n"


BUSY, CONNECT = 60.0, 30.0


class SlowPrinter(FakePrinter):
    """Is reached when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.opening: list[Deferred[IPrinterConnection]] = []

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        self.opening.append(Deferred())
        super().open(job)
        return self.opening[-1]

    def arrive(self) -> None:
        """The printer has been reached."""
        self.opening[-1].callback(self.jobs[-1])


class MemoryGateway(memory.MemoryGateway):
    """It has few printers, and many senders."""

    def __init__(self, *printers: FakePrinter, **settings: Any) -> None:
        usual = {"maxSessions": 10, "busyTimeout": BUSY, "connectTimeout": CONNECT}
        super().__init__(*printers, **{**usual, **settings})

    def printsOn(self) -> None:
        """Whatever has happened: the next job prints, and nobody stands in its way."""
        self.printer.hesitant = self.printer.silent = False
        if isinstance(self.printer, SlowPrinter):
            self.printer.__class__ = FakePrinter  # type: ignore[assignment]
        sender = self.user()
        assert codes(sender.upload("next.ps", PAGE)) == [150, 226]
        assert (self.printer.jobs[-1].data, self.printer.jobs[-1].ended) == (PAGE, "finished")
        assert self.printer.jobs[-1].tail == b""


def lastLine(heard: str) -> str:
    """The line that tells it all."""
    return heard.split("\n")[-1]


def waiting(gateway: MemoryGateway) -> FakeSender:
    """The job waits for its turn, its data connection is there already."""
    gateway.user().begin("first.ps")
    sender = gateway.user()
    assert sender.begin("a.ps") == ""
    return sender


def reaching(gateway: MemoryGateway) -> FakeSender:
    """The printer is being reached."""
    gateway.printer.silent = True
    sender = gateway.user()
    assert sender.begin("a.ps") == ""
    return sender


def opened(gateway: MemoryGateway) -> FakeSender:
    """The 150 is out, the data connection is not there yet."""
    sender = gateway.user()
    sender.say("EPSV")
    assert codes(sender.say("STOR a.ps")) == [150]
    return sender


def connected(gateway: MemoryGateway) -> FakeSender:
    """The data connection is there, and no byte came yet."""
    sender = gateway.user()
    assert codes(sender.begin("a.ps")) == [150]
    return sender


def pouring(gateway: MemoryGateway) -> FakeSender:
    """The printer has a part of the job."""
    sender = connected(gateway)
    assert sender.data is not None
    sender.data.receive(PAGE)
    return sender


def blocked(gateway: MemoryGateway) -> FakeSender:
    """The printer has a part of the job and takes no more."""
    sender = pouring(gateway)
    gateway.printer.jobs[-1].pause()
    assert sender.data is not None
    sender.data.receive(PAGE)
    return sender


def finishing(gateway: MemoryGateway) -> FakeSender:
    """The printer has every byte, and has not said yet what became of them."""
    sender = pouring(gateway)
    gateway.printer.hesitant = True
    assert sender.send(b"") == ""
    gateway.printer.hesitant = False
    return sender


UNPRINTED = [waiting, reaching, opened, connected]

PRINTED = [pouring, blocked, finishing]

PHASES = [*UNPRINTED, *PRINTED]

HOLDING = [opened, connected, *PRINTED]
"""The phases in which the job has the printer."""

Phase = Callable[[MemoryGateway], FakeSender]
