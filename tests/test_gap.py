"""
A printer that needs time after each job: the next one waits, and nobody else does.
"""

from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as _reactor
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from jetdirect.errors import JobAborted, PrinterUnreachable
from jetdirect.interfaces import INeedsGap, IPrinterTransport
from jetdirect.job import Job, Sender
from jetdirect.named import NamedPrinter, PortSettings
from jetdirect.port import PrintingPort
from jetdirect.transports.build import transportFor
from jetdirect.transports.gap import GapTransport
from jetdirect.transports.policy import PJLPolicy, policed
from tests.test_port import Line

theReactor: Any = _reactor


class Slow(Line):
    """A printing port whose printer needs 3 seconds after each job."""

    def __init__(self, busyTimeout: float = 60, connectTimeout: float = 30) -> None:
        super().__init__(busyTimeout, connectTimeout)
        printer = GapTransport(self.printer, 3.0)
        self.port = PrintingPort(
            NamedPrinter(
                "PORT1",
                printer,
                settings=PortSettings(busyTimeout=busyTimeout, connectTimeout=connectTimeout),
            ),
            self.clock,
        )


def test_contracts() -> None:
    """It can stand wherever the transport below it could, and is one that needs a gap."""
    transport = GapTransport(Line().printer, 3.0)
    assert verifyObject(IPrinterTransport, transport)
    assert verifyObject(INeedsGap, transport)


@pytest.mark.parametrize("busyTimeout", [0, 1, 60])
def test_nextJobWaits(busyTimeout: float) -> None:
    """The printer is opened again when its time is over; that is no time of waiting for a turn."""
    line = Slow(busyTimeout)
    line.submit().finish()
    assert line.printer.jobs[0].ended == "finished"

    line.clock.advance(1)
    line.submit()
    line.clock.advance(1.5)
    assert line.opened == [1]
    line.clock.advance(0.5)
    assert line.opened == [1, 2]
    assert line.printer.openedAt == [0, 3]


def test_jobInLineWaits() -> None:
    """So does a job that was in line all the time; the sender of the first one does not."""
    line = Slow()
    first = line.submit()
    line.submit()
    first.finish()
    assert line.printer.jobs[0].ended == "finished"
    assert line.opened == [1]
    line.clock.advance(3)
    assert line.opened == [1, 2]


def test_notBeforeTheFirst() -> None:
    """The first job, and one that comes long after the last, do not wait."""
    line = Slow()
    line.submit().finish()
    line.clock.advance(3)
    line.submit()
    assert (line.opened, line.timers()) == ([1, 2], 0)


def test_cutJob() -> None:
    """A printer that had a part of a job needs its time, too."""
    line = Slow()
    line.submit().cut(JobAborted("enough"))
    line.submit()
    assert line.opened == [1]
    line.clock.advance(3)
    assert line.opened == [1, 2]


def test_longerThanConnecting() -> None:
    """The gap does not count as time in which the printer must answer."""
    line = Slow(connectTimeout=1)
    line.submit().finish()
    line.submit()
    line.clock.advance(3)
    assert (line.opened, line.errors) == ([1, 2], {})


def test_noConnectionNoGap() -> None:
    """A printer that was not reached needs none."""
    line = Slow(connectTimeout=0)
    line.printer.refusals = [PrinterUnreachable("off")]
    line.submit()
    line.submit()
    assert (list(line.errors), line.opened) == ([1], [2])


def test_canceledWhileItWaits() -> None:
    """A job that is cut while it waits leaves at once, and the next one waits the rest."""
    line = Slow()
    line.submit().finish()
    waits = line.submit()
    line.submit()
    line.clock.advance(1)
    waits.cut(JobAborted("enough"))
    assert line.port.jobs[0].number == 3
    line.clock.advance(2)
    assert line.opened == [1, 3]
    assert line.timers() == 0


@pytest.mark.parametrize(
    "uri", ["socket://h?gap=2.5", "ipp://h?gap=2.5&prolog=a", "file:j?gap=2.5"]
)
def test_option(uri: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every device URI takes it, whatever else is around the transport."""
    monkeypatch.chdir(tmp_path)
    transport = policed(transportFor(MemoryReactorClock(), uri), PJLPolicy.REFUSE)
    found = INeedsGap(transport, None)
    assert found is not None and found.gap == 2.5


def test_withoutIt() -> None:
    """Without the option nothing waits."""
    assert INeedsGap(transportFor(MemoryReactorClock(), "socket://h"), None) is None
    assert INeedsGap(transportFor(MemoryReactorClock(), "socket://h?gap=0"), None) is None


def test_wrongValue() -> None:
    """A time that is none names the option."""
    with pytest.raises(ValueError, match="gap=soon: give seconds"):
        transportFor(MemoryReactorClock(), "socket://h?gap=soon")


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_printerThatSwallows() -> None:
    """A printer that loses what comes within a moment of its last close has all with a gap."""
    printer = Swallower()
    listening = theReactor.listenTCP(0, printer, interface="127.0.0.1")
    uri = f"socket://127.0.0.1:{listening.getHost().port}?gap={2 * Swallower.deaf}"
    port = PrintingPort(NamedPrinter("PORT1", transportFor(theReactor, uri)), theReactor)
    try:
        for number in (1, 2, 3):
            job = Job(number, "PORT1", "a", Sender("ann", "192.0.2.1", 4), None, theReactor)
            port.submit(job)
            await job.whenOpened()
            job.write(b"%d" % number)
            await job.finish()
        assert printer.printed == [b"1", b"2", b"3"]
    finally:
        await listening.stopListening()


class Swallower(Factory):
    """A printer that throws away what is sent in its first moments after a close."""

    deaf = 0.1
    noisy = False

    def __init__(self) -> None:
        self.printed: list[bytes] = []
        self.hearsAt = 0.0

    def buildProtocol(self, address: Any) -> Protocol:
        return Swallowing(self)


class Swallowing(Protocol):
    def __init__(self, printer: Swallower) -> None:
        self.printer = printer
        self.deaf = theReactor.seconds() < printer.hearsAt
        self.got = b""

    def dataReceived(self, data: bytes) -> None:
        self.got += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.printer.hearsAt = theReactor.seconds() + self.printer.deaf
        if not self.deaf:
            self.printer.printed.append(self.got)
