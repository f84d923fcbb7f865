"""
The printer, the sender and the wire in memory behave as their documentation says.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import Any

import pytest
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from zope.interface import implementer

import jetdirect.testing
from jetdirect.configuration import Configuration
from jetdirect.errors import PrinterLost, PrinterUnreachable
from jetdirect.gateway import Gateway
from jetdirect.interfaces import Delivery
from jetdirect.job import Job, Sender
from jetdirect.record import JobState
from jetdirect.testing import FakeJob, FakePrinter, FakePrinterConnection, FakeSender, MemoryWire
from tests.support.answers import hear


class Office:
    """A gateway in memory with one printer."""

    def __init__(self) -> None:
        self.reactor = MemoryReactorClock()
        self.printer = FakePrinter("HP LaserJet 4000")
        self.gateway = Gateway(Configuration([self.printer], []), self.reactor)

    def sender(self, **options: str) -> FakeSender:
        sender = FakeSender(self.gateway.factory, **options)
        sender.login()
        return sender


def test_documentedExample() -> None:
    """The example in the documentation runs as it stands."""
    documentation = inspect.getdoc(jetdirect.testing) or ""
    example = textwrap.dedent(documentation.partition("::\n")[2])
    assert example.count("assert") == 2
    names = {
        "Configuration": Configuration,
        "FakePrinter": FakePrinter,
        "FakeSender": FakeSender,
        "Gateway": Gateway,
        "MemoryReactorClock": MemoryReactorClock,
    }

    exec(compile(example, "jetdirect.testing", "exec"), names)


def test_exported() -> None:
    """All that embedders need is in one place."""
    assert {jetdirect.testing.__dict__[name] for name in jetdirect.testing.__all__} == {
        FakeJob,
        FakePrinter,
        FakePrinterConnection,
        FakeSender,
        MemoryWire,
    }


# The sender.


def test_greetingAndReplies() -> None:
    """The sender has the greeting, and each command's replies."""
    sender = FakeSender(Office().gateway.factory)

    assert sender.greeting.startswith("220 ")
    assert sender.say("USER ann").startswith("331 ")
    assert re.fullmatch(r"230-.*\n230 [^\n]*", sender.say("PASS x"), re.DOTALL)
    assert sender.say(b"NOOP").startswith("200 ")
    assert sender.hear() == ""


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_upload(host: str) -> None:
    """A whole upload is one call, over IPv4 as over IPv6."""
    office = Office()
    local = "2001:db8::9" if ":" in host else "192.0.2.9"

    replies = office.sender(host=host, local=local).upload("page.ps", b"%!PS")

    assert replies.startswith("150 ")
    assert replies.splitlines()[-1].startswith("226 Transfer complete")
    [job] = office.printer.jobs
    assert (job.data, job.ended) == (b"%!PS", "finished")


def test_uploadInSteps() -> None:
    """An upload can be looked at between its beginning and its end."""
    office = Office()
    sender = office.sender()

    assert sender.begin("page.ps", "APPE").startswith("150 ")
    assert sender.data is not None
    sender.data.receive(b"%!")
    assert office.printer.jobs[0].data == b"%!"
    assert "processing" in sender.say("STAT")

    assert "226 Transfer complete" in sender.send(b"PS")
    assert office.printer.jobs[0].data == b"%!PS"


def test_foreignDataConnection() -> None:
    """Whether somebody else may connect to the data port can be asked."""
    sender = Office().sender()
    sender.say("EPSV")

    assert sender.connect(host="192.0.2.66") is None
    assert sender.connect() is sender.data


def test_sendAfterTheCut() -> None:
    """To send into a connection that the gateway has closed is no error."""
    office = Office()
    sender = office.sender()
    sender.begin("page.ps")
    assert sender.data is not None
    sender.data.receive(b"%!")

    office.printer.jobs[0].lose()

    assert sender.hear().startswith("551 ")
    assert sender.send(b"PS") == ""
    assert office.printer.jobs[0].data == b"%!"


def test_settle() -> None:
    """When things have settled, the reply counts as heard."""
    office = Office()
    sender = office.sender()
    sender.upload("page.ps", b"%!PS")

    sender.settle()

    [job] = office.gateway.server.jobs
    assert (job.state, job.heard) == (JobState.COMPLETED, True)


# The printer.


def submitted(office: Office) -> Job:
    server = office.gateway.server
    return server.submit(server.ports[0], "page.ps", Sender("ann", "192.0.2.1", 40001))


def test_printerThatRefuses() -> None:
    """Refusals are used up in their order; then the printer takes jobs."""
    office = Office()
    office.printer.refusals = [PrinterUnreachable("one"), PrinterUnreachable("two")]
    job = submitted(office)

    assert office.printer.jobs == []
    office.reactor.pump([0.2, 0.5])

    assert len(office.printer.jobs) == 1
    assert job.state is JobState.PROCESSING


def test_printerThatIsSilent() -> None:
    """A silent printer does not answer an opening."""
    office = Office()
    office.printer.silent = True
    told = hear(submitted(office).whenOpened())

    office.reactor.advance(29)
    assert told == []
    office.reactor.advance(1)

    assert [type(it) for it in told] == [PrinterUnreachable]


def test_printerThatHesitates() -> None:
    """A hesitant printer answers the end of a job when the test says so."""
    office = Office()
    office.printer.hesitant = True
    job = submitted(office)
    told = hear(job.finish())
    assert (told, office.printer.jobs[0].ended) == ([], "")

    office.printer.jobs[0].answer(Delivery.SENT)
    office.printer.jobs[0].answer()

    assert (told, office.printer.jobs[0].ended) == ([Delivery.SENT], "finished")


def test_printerThatReachesLess() -> None:
    """A printer reaches the level that it was made for."""
    printer = FakePrinter(reaches=Delivery.SENT)
    job: Any = Job(1, "PORT1", "a", Sender("ann", "192.0.2.1", 1), None, Clock())
    printer.open(job)

    assert hear(printer.jobs[0].finish()) == [Delivery.SENT]
    assert printer.reaches is Delivery.SENT


@pytest.mark.parametrize("hesitant", [True, False])
def test_printerOfACutJob(hesitant: bool) -> None:
    """A cut job is aborted with its tail, which is not among its data."""
    office = Office()
    office.printer.hesitant = hesitant
    job = submitted(office)
    job.write(b"%!PS")
    office.gateway.server.cancel(1)
    released = hear(job.whenReleased())

    [printed] = office.printer.jobs
    assert (printed.data, printed.tail, printed.ended) == (b"%!PS", b"\x04", "aborted")
    assert released == ([] if hesitant else [None])
    printed.answer()
    assert released == [None]


@pytest.mark.parametrize("finishing", [True, False])
def test_printerThatIsLost(finishing: bool) -> None:
    """A printer can be lost in mid job or at its end, and needs no abort then."""
    office = Office()
    office.printer.hesitant = True
    job = submitted(office)
    job.write(b"%!PS")
    told = hear(job.finish()) if finishing else []

    office.printer.jobs[0].lose("somebody pulled the plug")

    assert isinstance(job.error, PrinterLost)
    assert (job.error.reason, job.error.printed) == ("somebody pulled the plug", True)
    assert told == ([job.error] if finishing else [])
    assert office.printer.jobs[0].ended == "lost"
    assert hear(job.whenReleased()) == [None]


def test_printerThatPauses() -> None:
    """Back-pressure reaches the sender's data connection."""
    office = Office()
    sender = office.sender()
    sender.begin("page.ps")
    assert sender.data is not None

    office.printer.jobs[0].pause()
    sender.data.receive(b"%!PS")
    assert office.printer.jobs[0].data == b""
    office.printer.jobs[0].resume()

    assert office.printer.jobs[0].data == b"%!PS"
    assert "226 Transfer complete" in sender.send(b"")


# The wire.


class Ear(Protocol):
    """Writes down what happens to it."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def dataReceived(self, data: bytes) -> None:
        self.heard.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.heard.append(reason.type)


@implementer(IHalfCloseableProtocol)
class HalfEar(Ear):
    """One that knows of half-closed connections."""

    def readConnectionLost(self) -> None:
        self.heard.append("peer ended")

    def writeConnectionLost(self) -> None:
        self.heard.append("we ended")


def test_wireIsConnected() -> None:
    """A wire connects its protocol, and keeps what that says until it is heard."""
    ear = Ear()
    wire = MemoryWire(ear)
    assert ear.transport is wire

    wire.write(b"one")
    wire.writeSequence([b"two", b"three"])
    assert wire.said() == b"onetwothree"
    assert wire.said() == b""


def test_wireOptions() -> None:
    """The options of a TCP connection can be set."""
    wire = MemoryWire(Ear())

    wire.setTcpNoDelay(True)
    wire.setTcpKeepAlive(True)

    assert wire.connected


def test_wirePaused() -> None:
    """What the peer sends to a paused protocol comes when it resumes, and its end after that."""
    ear = Ear()
    wire = MemoryWire(ear)
    wire.pauseProducing()
    wire.receive(b"one")
    wire.receive(b"two")
    wire.fin()
    assert (ear.heard, wire.closedByPeer(), wire.connected) == ([], True, True)

    wire.resumeProducing()

    assert ear.heard == [b"one", b"two", ConnectionDone]
    assert not wire.connected


def test_wirePausedInBetween() -> None:
    """A protocol that pauses at the first piece gets the next one later."""
    ear = Ear()
    wire = MemoryWire(ear)
    ear.dataReceived = lambda data: (ear.heard.append(data), wire.pauseProducing())[0]  # type: ignore[method-assign,func-returns-value]
    wire.pauseProducing()
    wire.receive(b"one")
    wire.receive(b"two")

    wire.resumeProducing()
    assert ear.heard == [b"one"]
    wire.resumeProducing()
    assert ear.heard == [b"one", b"two"]


def test_wireHalfClosed() -> None:
    """A protocol that knows of halves hears of each, once, and ends the connection itself."""
    ear = HalfEar()
    wire = MemoryWire(ear)

    wire.loseWriteConnection()
    wire.loseWriteConnection()
    wire.fin()
    wire.pauseProducing()
    wire.resumeProducing()
    assert ear.heard == ["we ended", "peer ended"]
    assert (wire.halfClosed, wire.connected) == (True, True)

    wire.loseConnection()
    assert ear.heard[2:] == [ConnectionDone]


def test_wireHalfClosedForOthers() -> None:
    """A protocol that does not know of halves is not told of its own."""
    ear = Ear()
    wire = MemoryWire(ear)

    wire.loseWriteConnection()

    assert (ear.heard, wire.halfClosed, wire.connected) == ([], True, True)


def test_wireReset() -> None:
    """A reset takes away what was not read yet."""
    ear = Ear()
    wire = MemoryWire(ear)
    wire.pauseProducing()
    wire.receive(b"unread")

    wire.rst()
    wire.rst()

    assert ear.heard == [ConnectionLost]
    assert wire.reset()
    assert wire.closedByPeer()


def test_wireAborted() -> None:
    """A connection that the protocol aborts is lost that way."""
    ear = Ear()

    MemoryWire(ear).abortConnection()

    assert ear.heard == [ConnectionAborted]


@implementer(IPushProducer)
class Source:
    """A producer that can be stopped."""

    stopped = False

    def pauseProducing(self) -> None:
        pass

    def resumeProducing(self) -> None:
        pass

    def stopProducing(self) -> None:
        self.stopped = True


def test_wireStopsItsProducer() -> None:
    """A producer that writes into a connection is stopped when it is lost."""
    wire, source = MemoryWire(Ear()), Source()
    wire.registerProducer(source, True)

    wire.rst()

    assert source.stopped


@pytest.mark.parametrize("end", ["loseWriteConnection", "loseConnection"])
def test_nothingIsWrittenAfterTheEnd(end: str) -> None:
    """As over a real connection, what is written after its end goes nowhere."""
    wire = MemoryWire(Ear())

    getattr(wire, end)()
    wire.write(b"late")

    assert wire.said() == b""
