"""
Print servers that speak LPD: what is sent when, what counts as taken, and what is left behind.
"""

from __future__ import annotations

import errno
import io
import socket
import tempfile
from collections.abc import Callable
from typing import IO, Any

import pytest
from twisted.internet import reactor as theReactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError, DNSLookupError, TimeoutError
from zope.interface.verify import verifyObject

import jetdirect.transports.lpd.spool as spool
from jetdirect.errors import JobTooLarge, PrinterLost, PrintError, PrinterUnreachable
from jetdirect.interfaces import Delivery, IPrinterConnection, IPrinterTransport
from jetdirect.net.facts import Silence
from jetdirect.testing import FakeJob
from jetdirect.transports.build import transportFor
from jetdirect.transports.dialogue import FAREWELL
from jetdirect.transports.dressing import DressedTransport, Dressing
from jetdirect.transports.ending import FINISH_TIMEOUT
from jetdirect.transports.lpd.client import PrintServer
from jetdirect.transports.lpd.transport import LPDTransport
from tests.support.endpoint import Endpoint, Wire, hear
from tests.support.source import Source
from tests.support.threads import Threads

OKAY = b"\0"

CONTROL = b"Hgate\nPann\nJpage.ps\nldfA007gate\nUdfA007gate\nNpage.ps\n"


class Site:
    """A server, and a job that wants its queue."""

    def __init__(self, size: int | None = None, limit: int = 1000, **more: Any) -> None:
        self.reactor = Threads()
        self.endpoint = Endpoint()
        self.server = PrintServer(
            self.reactor, self.endpoint, "lpd://server/queue", "queue", "", FINISH_TIMEOUT, **more
        )
        self.transport = LPDTransport(self.reactor, self.server, "", limit)
        self.job = FakeJob(size=size)
        self.opening: Deferred[IPrinterConnection] = Deferred()

    @property
    def wire(self) -> Wire:
        """The last connection."""
        return self.endpoint.wires[-1]

    def open(self, transport: IPrinterTransport | None = None) -> list[Any]:
        self.opening = (transport or self.transport).open(self.job)
        return hear(self.opening)

    def opened(self) -> IPrinterConnection:
        """The connection after a server that says yes to everything."""
        told = self.open()
        self.agree(4 if self.job.size else 1)
        assert len(told) == 1 and IPrinterConnection.providedBy(told[0]), told
        connection: IPrinterConnection = told[0]
        self.wire.said()
        return connection

    def agree(self, times: int) -> None:
        for _ in range(times):
            self.wire.receive(OKAY)


@pytest.fixture(autouse=True)
def atGate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway's host is called so."""
    monkeypatch.setattr(socket, "gethostname", lambda: "gate.example")


# The size is known.


def test_dialogue() -> None:
    """Each step waits for the yes to the one before, the last octet for the end of the job."""
    site = Site(size=5)
    told = site.open()
    for said in (
        b"\x02queue\n",
        b"\x02%d cfA007gate\n" % len(CONTROL),
        CONTROL + b"\0",
        b"\x035 dfA007gate\n",
    ):
        assert not told
        assert site.wire.said() == said
        site.wire.receive(OKAY)
    [connection] = told
    assert verifyObject(IPrinterConnection, connection)
    connection.write(b"%!")
    assert site.wire.said() == b"%!"
    connection.write(b"PS\n")
    assert site.wire.said() == b"PS"
    assert connection.sent == 4
    done = hear(connection.finish())
    assert site.wire.said() == b"\n\0"
    assert connection.sent == 5
    assert not done
    site.wire.receive(OKAY)
    assert done == [Delivery.DELIVERED]
    assert not site.wire.connected
    assert not site.wire.aborted
    assert site.job.losses == []
    assert not site.reactor.getDelayedCalls()


def test_acknowledgementAndEnd() -> None:
    """A server may close at once after its last yes."""
    site = Site(size=1)
    connection = site.opened()
    connection.write(b"x")
    assert connection.sent == 0
    done = hear(connection.finish())
    assert site.wire.said() == b"x\0"
    site.wire.receive(OKAY)
    site.wire.fin()
    assert done == [Delivery.DELIVERED]


def no(site: Site) -> None:
    site.wire.receive(b"\x01")


def noWithReasons(site: Site) -> None:
    site.wire.receive(b"\x01queue: unknown printer\n")


def garbage(site: Site) -> None:
    site.wire.receive(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def leave(site: Site) -> None:
    site.wire.fin()


def reset(site: Site) -> None:
    site.wire.rst()


def silence(site: Site) -> None:
    for _ in range(int(FINISH_TIMEOUT) + 1):
        site.reactor.advance(1)


def death(site: Site) -> None:
    site.wire.inFlight, site.wire.silent = 3, Silence(5, 200.0)
    for _ in range(40):
        site.reactor.advance(1)


MISDEEDS = [no, noWithReasons, garbage, leave, reset, silence, death]


@pytest.mark.parametrize("misdeed", MISDEEDS)
@pytest.mark.parametrize("step", range(4))
def test_refusedBeforeTheData(misdeed: Callable[[Site], None], step: int) -> None:
    """At whatever step: nothing was printed, another attempt may help, no connection stays."""
    site = Site(size=5)
    told = site.open()
    site.agree(step)
    misdeed(site)
    [why] = told
    assert isinstance(why, PrinterUnreachable)
    assert why.reason.startswith("lpd://server/queue: ")
    assert not site.wire.connected
    assert not site.reactor.getDelayedCalls()
    assert site.job.losses == []


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_noLastAcknowledgement(misdeed: Callable[[Site], None]) -> None:
    """The server has all octets, but does not say that it has taken the job: it is lost."""
    site = Site(size=5)
    connection = site.opened()
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    misdeed(site)
    [why] = done
    assert isinstance(why, PrinterLost)
    assert connection.sent == 5
    assert not site.wire.connected
    assert not site.reactor.getDelayedCalls()
    assert site.job.losses == []


@pytest.mark.parametrize("misdeed", [no, noWithReasons, garbage, leave, reset, death])
def test_lostInMidJob(misdeed: Callable[[Site], None]) -> None:
    """The job is told once, and nothing goes to the server any more."""
    site = Site(size=5)
    connection = site.opened()
    connection.write(b"%!")
    misdeed(site)
    [why] = site.job.losses
    assert isinstance(why, PrinterLost)
    assert not site.wire.connected
    connection.write(b"PS\n")
    assert connection.sent == 2
    [late] = hear(connection.finish())
    assert isinstance(late, PrinterLost)
    assert hear(connection.abort(b"\x04")) == [None]
    assert site.wire.said() == b"%!"
    assert len(site.job.losses) == 1


def test_reasons() -> None:
    """What was refused is said, and how."""
    for step, word in enumerate(["jobs for this queue", "the control file", "", "the data file"]):
        site = Site(size=5)
        told = site.open()
        site.agree(step)
        no(site)
        assert word in told[0].reason
        assert "code 1" in told[0].reason
    site = Site(size=5)
    told = site.open()
    noWithReasons(site)
    assert told[0].reason.endswith("(code 1): queue: unknown printer")
    site = Site(size=5)
    told = site.open()
    leave(site)
    assert told[0].reason.endswith("closed the connection without an answer to jobs for this queue")


def test_brokenOffInWords() -> None:
    """A server that gives up in mid-job may say why."""
    site = Site(size=5)
    site.opened().write(b"%!")
    site.wire.receive(b"no space left on device\n")
    [why] = site.job.losses
    assert why.reason == "the server broke off the job: no space left on device"


def test_twoOctetsForOne() -> None:
    """A server that says yes twice has said yes; one octet more is no yes to what comes later."""
    site = Site(size=5)
    told = site.open()
    for _ in range(4):
        assert not told
        site.wire.receive(OKAY * 2)
    [connection] = told
    connection.write(b"%!PS\n")
    site.wire.receive(OKAY)
    done = hear(connection.finish())
    assert not done
    site.wire.receive(OKAY * 2)
    assert done == [Delivery.DELIVERED]
    assert site.job.losses == []


def test_dataFirst() -> None:
    """Some servers want the data file before the control file; the last yes is to that one."""
    site = Site(size=5, dataFirst=True)
    told = site.open()
    for said in (b"\x02queue\n", b"\x035 dfA007gate\n"):
        assert not told
        assert site.wire.said() == said
        site.wire.receive(OKAY)
    [connection] = told
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    for said in (b"%!PS\n\0", b"\x02%d cfA007gate\n" % len(CONTROL), CONTROL + b"\0"):
        assert not done
        assert site.wire.said() == said
        site.wire.receive(OKAY)
    assert done == [Delivery.DELIVERED]
    assert not site.wire.connected
    assert not site.reactor.getDelayedCalls()


@pytest.mark.parametrize("misdeed", MISDEEDS)
@pytest.mark.parametrize("step", range(3))
def test_dataFirstRefused(misdeed: Callable[[Site], None], step: int) -> None:
    """A control file that is refused behind the data loses the job, which the server may have."""
    site = Site(size=5, dataFirst=True)
    told = site.open()
    site.agree(2)
    told[0].write(b"%!PS\n")
    done = hear(told[0].finish())
    site.agree(step)
    misdeed(site)
    [why] = done
    assert isinstance(why, PrinterLost)
    assert told[0].sent == 5
    assert not site.wire.connected


def test_dataFirstFromTheFile() -> None:
    """So it is for a job whose size was not announced."""
    site = Site(dataFirst=True)
    connection = site.opened()
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    site.agree(5)
    assert done == [Delivery.DELIVERED]
    header = b"\x02%d cfA007gate\n" % len(CONTROL)
    assert site.wire.said().endswith(b"%!PS\n\0" + header + CONTROL + b"\0")


def test_formatAndBanner() -> None:
    """What the control file asks for may be the operator's."""
    site = Site(size=5, format="o", banner=True)
    site.open()
    site.agree(2)
    assert b"\nLann\nodfA007gate\n" in site.wire.said()


def test_filesOfTwoRuns() -> None:
    """A server that still has job 7 of the run before is sent another name for this one."""
    site = Site(size=5, firstNumber=995)
    site.open()
    site.agree(3)
    said = site.wire.said()
    assert b" cfA002gate\n" in said and b"ldfA002gate\n" in said and b" dfA002gate\n" in said


def test_numbersBeginAnywhere() -> None:
    """Two transports do not begin with the same number, but for one case in a thousand."""
    made: list[Any] = [transportFor(Threads(), "lpd://192.0.2.1/q") for _ in range(20)]
    found = {each.server.firstNumber for each in made}
    assert len(found) > 10
    assert found <= set(range(1000))


def test_slowDataIsNoFault() -> None:
    """The sender may take its time, and a server whose kernel takes no more is waited for."""
    site = Site(size=5)
    connection = site.opened()
    connection.write(b"%!P")
    for _ in range(2000):
        site.reactor.advance(1)
    site.wire.inFlight = 3
    for _ in range(2000):
        site.reactor.advance(1)
    connection.write(b"S\n")
    done = hear(connection.finish())
    for _ in range(2000):  # out of paper: the end has not arrived yet
        site.reactor.advance(1)
    assert not done
    site.wire.inFlight = 0
    for _ in range(int(FINISH_TIMEOUT) - 1):
        site.reactor.advance(1)
    assert not done
    site.wire.receive(OKAY)
    assert done == [Delivery.DELIVERED]


def test_abort() -> None:
    """A job that is cut: at once, without its last octet and what would end the file."""
    site = Site(size=5)
    connection = site.opened()
    connection.write(b"%!PS\n")
    assert hear(connection.abort(b"\x04")) == [None]
    assert site.wire.said() == b"%!PS"
    assert site.wire.aborted
    assert site.job.losses == []
    assert not site.reactor.getDelayedCalls()


def test_abortWhileFinishing() -> None:
    """The end was said, its acknowledgement is not awaited any more."""
    site = Site(size=5)
    connection = site.opened()
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    assert hear(connection.abort(b"")) == [None]
    assert done == []
    assert site.wire.aborted


@pytest.mark.parametrize("data", [b"", b"%!PS", b"%!PS\n\n"])
def test_notTheAnnouncedSize(data: bytes) -> None:
    """The job itself notices that, unless somebody adds to it on the way: it is never whole."""
    site = Site(size=5)
    connection = site.opened()
    connection.write(data)
    [why] = hear(connection.finish())
    assert isinstance(why, PrinterLost)
    assert b"\0" not in site.wire.said()
    assert site.wire.aborted


def test_backPressure() -> None:
    """The server's kernel holds the sender back."""
    site = Site(size=5)
    connection = site.opened()
    producer = Source()
    connection.registerProducer(producer, True)
    assert site.wire.producer is producer
    assert site.wire.streaming
    connection.unregisterProducer()
    assert site.wire.producer is None


def test_dressed() -> None:
    """What is put before and after a job counts in the size that the server is told."""
    site = Site(size=5)
    told = site.open(DressedTransport(site.transport, Dressing(b"<", b">")))
    site.agree(4)
    assert b"\x037 dfA007gate\n" in site.wire.said()
    [connection] = told
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    site.agree(1)
    assert done == [Delivery.DELIVERED]


# Opening.


@pytest.mark.parametrize("size", [None, 5])
def test_canceled(size: int | None) -> None:
    """Whatever is being waited for: no connection stays."""
    for step in range(4 if size else 1):
        site = Site(size)
        told = site.open()
        site.agree(step)
        site.opening.cancel()
        assert isinstance(told[0], CancelledError)
        assert not site.wire.connected
        assert not site.reactor.getDelayedCalls()


@pytest.mark.parametrize("answers", [True, False])
def test_canceledWhileConnecting(answers: bool) -> None:
    """It is over at once, whatever the endpoint makes of it; a late connection is closed."""
    site = Site()
    site.endpoint.pending = []
    site.endpoint.stubborn = answers
    told = site.open()
    site.opening.cancel()
    assert isinstance(told[0], CancelledError)
    site.reactor.advance(0)
    if answers:
        site.endpoint.makeNow()
        assert not site.wire.connected
    assert not site.reactor.getDelayedCalls()


@pytest.mark.parametrize(
    ("problem", "kind", "reason"),
    [
        (ConnectionRefusedError(), PrinterUnreachable, "the connection was refused (busy or off)"),
        (TimeoutError(), PrinterUnreachable, "no answer"),
        (DNSLookupError(), PrinterUnreachable, "the host name is not known"),
        (ValueError(), PrintError, "that cannot be a host name"),
    ],
)
def test_notConnected(problem: Exception, kind: type[PrintError], reason: str) -> None:
    """The reason is said; a name that cannot be is not tried again."""
    site = Site()
    site.endpoint.refusals = [problem]
    [why] = site.open()
    assert type(why) is kind
    assert why.reason == f"lpd://server/queue: {reason}"


def test_servantsThatDoNotLeave() -> None:
    """The connection of the first look is closed for good, even if nobody answers our leave."""
    site = Site()
    told = site.open()
    wire = site.wire
    wire.loseConnection = lambda: None  # type: ignore[method-assign]
    for _ in range(50):  # a slow one
        site.reactor.advance(1)
    site.agree(1)
    assert not told
    site.reactor.advance(FAREWELL - 0.5)
    assert wire.connected
    for _ in range(10):
        site.reactor.advance(FAREWELL / 5)
    assert not wire.connected
    assert IPrinterConnection.providedBy(told[0])


# The size is not known.


def test_spooled() -> None:
    """The server is looked for first; it hears of the job when it is whole."""
    site = Site()
    connection = site.opened()
    assert verifyObject(IPrinterConnection, connection)
    assert not site.wire.connected
    connection.write(b"%!")
    connection.write(b"PS\n")
    assert len(site.endpoint.wires) == 1
    assert connection.sent == 0
    done = hear(connection.finish())
    assert len(site.endpoint.wires) == 2
    site.agree(3)
    assert site.wire.said().endswith(b"\x035 dfA007gate\n")
    assert connection.sent == 0
    site.agree(1)
    assert site.wire.said() == b"%!PS\n\0"
    assert connection.sent == 5
    assert not done
    site.agree(1)
    assert done == [Delivery.DELIVERED]
    assert not site.wire.connected
    assert site.job.losses == []
    assert not site.reactor.getDelayedCalls()


@pytest.mark.parametrize("size", [None, 0])
def test_nothing(size: int | None) -> None:
    """A job without a byte is none: the server does not hear of it."""
    site = Site(size)
    connection = site.opened()
    assert hear(connection.finish()) == [Delivery.DELIVERED]
    assert len(site.endpoint.wires) == 1
    assert site.wire.said() == b""


@pytest.mark.parametrize("misdeed", MISDEEDS)
@pytest.mark.parametrize("step", range(5))
def test_refusedAfterTheEnd(misdeed: Callable[[Site], None], step: int) -> None:
    """450 as long as no octet of it has left, 551 afterwards."""
    site = Site()
    connection = site.opened()
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    site.agree(step)
    misdeed(site)
    [why] = done
    assert type(why) is (PrinterUnreachable if step < 4 else PrinterLost)
    assert connection.sent == (0 if step < 4 else 5)
    assert not site.wire.connected
    assert not site.reactor.getDelayedCalls()
    assert site.job.losses == []


def test_goneMeanwhile() -> None:
    """The server was there when the job began, and is not when it has ended."""
    site = Site()
    connection = site.opened()
    connection.write(b"%!PS\n")
    site.endpoint.refusals = [ConnectionRefusedError()]
    [why] = hear(connection.finish())
    assert isinstance(why, PrinterUnreachable)
    assert connection.sent == 0


@pytest.mark.parametrize("step", range(-1, 5))
def test_abortAfterTheEnd(step: int) -> None:
    """Whatever is being waited for, the connection is closed and the end is not told."""
    site = Site()
    connection = site.opened()
    connection.write(b"%!PS\n")
    if step < 0:
        site.endpoint.pending = []
    done = hear(connection.finish())
    if step > 0:
        site.agree(step)
    assert hear(connection.abort(b"")) == [None]
    site.reactor.advance(0)
    assert done == []
    assert not site.wire.connected
    assert not site.reactor.getDelayedCalls()


def stopTaking(wire: Wire) -> None:
    """Its buffer is full at once."""
    register = wire.registerProducer

    def registerProducer(producer: Any, streaming: bool) -> None:
        register(producer, streaming)
        producer.pauseProducing()

    wire.registerProducer = registerProducer  # type: ignore[method-assign]


def test_abortWhilePouring() -> None:
    """A server that takes no more is not waited for."""
    site = Site(limit=10**6)
    connection = site.opened()
    connection.write(bytes(spool.PIECE * 3))
    done = hear(connection.finish())
    site.agree(3)
    stopTaking(site.wire)
    site.agree(1)
    assert connection.sent == spool.PIECE
    assert hear(connection.abort(b"")) == [None]
    assert done == []
    assert not site.wire.connected


def test_lostWhilePouring() -> None:
    """And when it leaves then, this is told."""
    site = Site(limit=10**6)
    connection = site.opened()
    connection.write(bytes(spool.PIECE * 3))
    done = hear(connection.finish())
    site.agree(3)
    stopTaking(site.wire)
    site.agree(1)
    assert not done
    site.wire.rst()
    [why] = done
    assert isinstance(why, PrinterLost)


def test_tooLong() -> None:
    """Beyond the limit nothing is kept, and nothing is sent."""
    site = Site(limit=9)
    connection = site.opened()
    connection.write(bytes(9))
    assert site.job.losses == []
    connection.write(b"!")
    connection.write(b"!")
    [why] = site.job.losses
    assert isinstance(why, JobTooLarge)
    assert "9 bytes (spool-limit)" in why.reason
    assert hear(connection.finish()) == [why]
    assert hear(connection.abort(b"")) == [None]
    assert len(site.endpoint.wires) == 1


class Shy(io.RawIOBase):
    """
    A file that takes one byte at a time, and fails at some.

    @ivar broken: at which place.
    """

    def __init__(self, broken: int = -1) -> None:
        self._file = io.BytesIO()
        self.broken = broken

    def write(self, data: Any) -> int:
        if self._file.tell() == self.broken:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(data[:1])

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)


def files(monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any]) -> list[IO[bytes]]:
    """Make other temporary files."""
    made: list[IO[bytes]] = []

    def temporary(buffering: int) -> Any:
        assert buffering == 0
        made.append(make())
        return made[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", temporary)
    return made


def test_shortWrites(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that takes a part is followed by one for the rest."""
    made = files(monkeypatch, Shy)
    site = Site()
    connection = site.opened()
    connection.write(b"%!PS\n")
    connection.finish()
    site.agree(5)
    assert b"%!PS\n\0" in site.wire.said()
    assert made[0].closed


def test_diskFull(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told while the job comes, in the system's words; the server never hears of the job."""
    made = files(monkeypatch, lambda: open("/dev/full", "wb", 0))  # noqa: SIM115
    site = Site()
    connection = site.opened()
    connection.write(b"%!PS\n")
    [why] = site.job.losses
    assert isinstance(why, PrinterLost)
    assert why.reason.endswith("No space left on device")
    assert hear(connection.abort(b"")) == [None]
    connection.write(b"%!PS\n")
    assert len(made) == 1
    assert made[0].closed
    assert len(site.endpoint.wires) == 1


def test_diskFullAtTheEnd(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last write was still under way when the job ended: the same."""
    made = files(monkeypatch, lambda: Shy(3))
    site = Site()
    connection = site.opened()
    site.reactor.held = True
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    assert not done
    site.reactor.workAll()
    [why] = done
    assert isinstance(why, PrinterLost)
    assert site.job.losses == []
    assert connection.sent == 0
    assert made[0].closed
    assert len(site.endpoint.wires) == 1


def test_diskFails(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept cannot be read: the job is lost, and stays short at the server."""

    class Unreadable(Shy):
        def read(self, size: int = -1) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    files(monkeypatch, Unreadable)
    site = Site()
    connection = site.opened()
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    site.agree(4)
    [why] = done
    assert isinstance(why, PrinterLost)
    assert "Input/output error" in why.reason
    assert hear(connection.abort(b"")) == [None]
    assert not site.wire.connected
    assert site.wire.said().endswith(b"dfA007gate\n")


def test_threadInMidStep(monkeypatch: pytest.MonkeyPatch) -> None:
    """An aborted job's file is closed after what a thread is doing with it, never under it."""
    made = files(monkeypatch, Shy)
    site = Site()
    connection = site.opened()
    connection.write(b"%!")
    site.reactor.held = True
    connection.write(b"PS\n")
    done = hear(connection.finish())
    aborted = hear(connection.abort(b""))
    assert aborted == []
    assert len(site.reactor.waiting) == 1
    site.reactor.workAll()
    assert aborted == [None]
    assert done == []
    assert made[0].closed


def test_spoolHoldsTheSenderBack() -> None:
    """A disk that is slower than the sender has a bounded amount waiting."""
    site = Site(limit=10**6)
    connection = site.opened()
    producer = Source()
    connection.registerProducer(producer, True)
    site.reactor.held = True
    connection.write(bytes(spool.BUFFER))
    assert producer.told == []
    connection.write(b"!")
    assert producer.told == ["pause"]
    site.reactor.workAll()
    assert producer.told == ["pause", "resume"]
    connection.unregisterProducer()
    connection.abort(b"")


def test_pullProducer() -> None:
    """One that waits to be asked is asked once for each piece."""
    site = Site()
    connection = site.opened()
    producer = Source()
    connection.registerProducer(producer, False)
    assert producer.told == ["resume"]
    connection.write(b"!")
    assert producer.told == ["resume", "resume"]
    connection.unregisterProducer()
    connection.abort(b"")


# Words.

reactor: Any = theReactor


def test_uri() -> None:
    """CUPS's words; the user name is for the server only."""
    made = transportFor(reactor, "lpd://bob@server/laser")
    assert verifyObject(IPrinterTransport, made)
    assert made.uri == "lpd://server:515/laser"
    assert made.description == "laser on server"
    assert made.reaches is Delivery.DELIVERED
    assert hear(made.ask()) == [None]
    assert transportFor(reactor, "lpd://[2001:db8::7]:5515/a").uri == "lpd://[2001:db8::7]:5515/a"
    named = transportFor(reactor, "lpd://server/laser?description=Ward+3")
    assert named.description == "Ward 3"


@pytest.mark.parametrize(
    ("uri", "complaint"),
    [
        ("lpd:///laser", "a host is missing"),
        ("lpd://server", "a queue is missing"),
        ("lpd://server/", "a queue is missing"),
        ("lpd://server/a/b", "is no word"),
        ("lpd://server/a%20b", "is no word"),
        ("lpd://server/a%0Ab", "is no word"),
        ("lpd://server/a%C3%A9", "is no word"),
        ("lpd://server/a?spool-limit=-1", "give bytes"),
        ("lpd://server/a?spool-limit=1_000", "give bytes"),
        ("lpd://server/a?finish-timeout=soon", "give seconds"),
    ],
)
def test_badURI(uri: str, complaint: str) -> None:
    """What is wrong is named."""
    with pytest.raises(ValueError, match=complaint):
        transportFor(reactor, uri)


@pytest.mark.parametrize(("user", "told"), [("", b"\nPann\n"), ("bob", b"\nPbob\n")])
def test_user(user: str, told: bytes) -> None:
    """The server hears the sender's name, or that in the URI."""
    site = Site(size=5)
    site.server = PrintServer(site.reactor, site.endpoint, "lpd://s/q", "q", user, 1)
    site.transport = LPDTransport(site.reactor, site.server)
    site.open()
    site.agree(2)
    assert told in site.wire.said()
