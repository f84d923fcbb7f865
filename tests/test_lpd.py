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
from jetdirect.transports.lpd.client import LPDServer
from jetdirect.transports.lpd.transport import LPDTransport
from tests.support.answers import hear
from tests.support.endpoint import Endpoint, Wire
from tests.support.source import Source
from tests.support.threads import Threads

OKAY = b"\0"

CONTROL = b"Hgate\nPann\nJpage.ps\nldfA007gate\nUdfA007gate\nNpage.ps\n"


class Printing:
    """A server, and a job that wants its queue."""

    def __init__(self, size: int | None = None, limit: int = 1000, **more: Any) -> None:
        reactor: Any = Threads()
        self.reactor = reactor
        self.endpoint = Endpoint()
        self.server = LPDServer(
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
    printing = Printing(size=5)
    told = printing.open()
    for said in (
        b"\x02queue\n",
        b"\x02%d cfA007gate\n" % len(CONTROL),
        CONTROL + b"\0",
        b"\x035 dfA007gate\n",
    ):
        assert not told
        assert printing.wire.said() == said
        printing.wire.receive(OKAY)
    [connection] = told
    assert verifyObject(IPrinterConnection, connection)
    connection.write(b"%!")
    assert printing.wire.said() == b"%!"
    connection.write(b"PS\n")
    assert printing.wire.said() == b"PS"
    assert connection.sent == 4
    done = hear(connection.finish())
    assert printing.wire.said() == b"\n\0"
    assert connection.sent == 5
    assert not done
    printing.wire.receive(OKAY)
    assert done == [Delivery.DELIVERED]
    assert not printing.wire.connected
    assert not printing.wire.aborted
    assert printing.job.losses == []
    assert not printing.reactor.getDelayedCalls()


def test_acknowledgementAndEnd() -> None:
    """A server may close at once after its last yes."""
    printing = Printing(size=1)
    connection = printing.opened()
    connection.write(b"x")
    assert connection.sent == 0
    done = hear(connection.finish())
    assert printing.wire.said() == b"x\0"
    printing.wire.receive(OKAY)
    printing.wire.fin()
    assert done == [Delivery.DELIVERED]


def no(printing: Printing) -> None:
    printing.wire.receive(b"\x01")


def noWithReasons(printing: Printing) -> None:
    printing.wire.receive(b"\x01queue: unknown printer\n")


def garbage(printing: Printing) -> None:
    printing.wire.receive(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def leave(printing: Printing) -> None:
    printing.wire.fin()


def reset(printing: Printing) -> None:
    printing.wire.rst()


def silence(printing: Printing) -> None:
    for _ in range(int(FINISH_TIMEOUT) + 1):
        printing.reactor.advance(1)


def death(printing: Printing) -> None:
    printing.wire.inFlight, printing.wire.silent = 3, Silence(5, 200.0)
    for _ in range(40):
        printing.reactor.advance(1)


MISDEEDS = [no, noWithReasons, garbage, leave, reset, silence, death]


@pytest.mark.parametrize("misdeed", MISDEEDS)
@pytest.mark.parametrize("step", range(4))
def test_refusedBeforeTheData(misdeed: Callable[[Printing], None], step: int) -> None:
    """At whatever step: nothing was printed, another attempt may help, no connection stays."""
    printing = Printing(size=5)
    told = printing.open()
    printing.agree(step)
    misdeed(printing)
    [why] = told
    assert isinstance(why, PrinterUnreachable)
    assert why.reason.startswith("lpd://server/queue: ")
    assert not printing.wire.connected
    assert not printing.reactor.getDelayedCalls()
    assert printing.job.losses == []


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_noLastAcknowledgement(misdeed: Callable[[Printing], None]) -> None:
    """The server has all octets, but does not say that it has taken the job: it is lost."""
    printing = Printing(size=5)
    connection = printing.opened()
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    misdeed(printing)
    [why] = done
    assert isinstance(why, PrinterLost)
    assert connection.sent == 5
    assert not printing.wire.connected
    assert not printing.reactor.getDelayedCalls()
    assert printing.job.losses == []


@pytest.mark.parametrize("misdeed", [no, noWithReasons, garbage, leave, reset, death])
def test_lostInMidJob(misdeed: Callable[[Printing], None]) -> None:
    """The job is told once, and nothing goes to the server any more."""
    printing = Printing(size=5)
    connection = printing.opened()
    connection.write(b"%!")
    misdeed(printing)
    [why] = printing.job.losses
    assert isinstance(why, PrinterLost)
    assert not printing.wire.connected
    connection.write(b"PS\n")
    assert connection.sent == 2
    [late] = hear(connection.finish())
    assert isinstance(late, PrinterLost)
    assert hear(connection.abort(b"\x04")) == [None]
    assert printing.wire.said() == b"%!"
    assert len(printing.job.losses) == 1


def test_reasons() -> None:
    """What was refused is said, and how."""
    for step, word in enumerate(["jobs for this queue", "the control file", "", "the data file"]):
        printing = Printing(size=5)
        told = printing.open()
        printing.agree(step)
        no(printing)
        assert word in told[0].reason
        assert "code 1" in told[0].reason
    printing = Printing(size=5)
    told = printing.open()
    noWithReasons(printing)
    assert told[0].reason.endswith("(code 1): queue: unknown printer")
    printing = Printing(size=5)
    told = printing.open()
    leave(printing)
    assert told[0].reason.endswith("closed the connection without an answer to jobs for this queue")


def test_brokenOffInWords() -> None:
    """A server that gives up in mid-job may say why."""
    printing = Printing(size=5)
    printing.opened().write(b"%!")
    printing.wire.receive(b"no space left on device\n")
    [why] = printing.job.losses
    assert why.reason == "the server broke off the job: no space left on device"


def test_twoOctetsForOne() -> None:
    """A server that says yes twice has said yes; one octet more is no yes to what comes later."""
    printing = Printing(size=5)
    told = printing.open()
    for _ in range(4):
        assert not told
        printing.wire.receive(OKAY * 2)
    [connection] = told
    connection.write(b"%!PS\n")
    printing.wire.receive(OKAY)
    done = hear(connection.finish())
    assert not done
    printing.wire.receive(OKAY * 2)
    assert done == [Delivery.DELIVERED]
    assert printing.job.losses == []


def test_dataFirst() -> None:
    """Some servers want the data file before the control file; the last yes is to that one."""
    printing = Printing(size=5, dataFirst=True)
    told = printing.open()
    for said in (b"\x02queue\n", b"\x035 dfA007gate\n"):
        assert not told
        assert printing.wire.said() == said
        printing.wire.receive(OKAY)
    [connection] = told
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    for said in (b"%!PS\n\0", b"\x02%d cfA007gate\n" % len(CONTROL), CONTROL + b"\0"):
        assert not done
        assert printing.wire.said() == said
        printing.wire.receive(OKAY)
    assert done == [Delivery.DELIVERED]
    assert not printing.wire.connected
    assert not printing.reactor.getDelayedCalls()


@pytest.mark.parametrize("misdeed", MISDEEDS)
@pytest.mark.parametrize("step", range(3))
def test_dataFirstRefused(misdeed: Callable[[Printing], None], step: int) -> None:
    """A control file that is refused behind the data loses the job, which the server may have."""
    printing = Printing(size=5, dataFirst=True)
    told = printing.open()
    printing.agree(2)
    told[0].write(b"%!PS\n")
    done = hear(told[0].finish())
    printing.agree(step)
    misdeed(printing)
    [why] = done
    assert isinstance(why, PrinterLost)
    assert told[0].sent == 5
    assert not printing.wire.connected


def test_dataFirstFromTheFile() -> None:
    """So it is for a job whose size was not announced."""
    printing = Printing(dataFirst=True)
    connection = printing.opened()
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    printing.agree(5)
    assert done == [Delivery.DELIVERED]
    header = b"\x02%d cfA007gate\n" % len(CONTROL)
    assert printing.wire.said().endswith(b"%!PS\n\0" + header + CONTROL + b"\0")


def test_formatAndBanner() -> None:
    """What the control file asks for may be the operator's."""
    printing = Printing(size=5, format="o", banner=True)
    printing.open()
    printing.agree(2)
    assert b"\nLann\nodfA007gate\n" in printing.wire.said()


def test_filesOfTwoRuns() -> None:
    """A server that still has job 7 of the run before is sent another name for this one."""
    printing = Printing(size=5, firstNumber=995)
    printing.open()
    printing.agree(3)
    said = printing.wire.said()
    assert b" cfA002gate\n" in said and b"ldfA002gate\n" in said and b" dfA002gate\n" in said


def test_numbersBeginAnywhere() -> None:
    """Two transports do not begin with the same number, but for one case in a thousand."""
    made: list[Any] = [transportFor(Threads(), "lpd://192.0.2.1/q") for _ in range(20)]
    found = {each.server.firstNumber for each in made}
    assert len(found) > 10
    assert found <= set(range(1000))


def test_slowDataIsNoFault() -> None:
    """The sender may take its time, and a server whose kernel takes no more is waited for."""
    printing = Printing(size=5)
    connection = printing.opened()
    connection.write(b"%!P")
    for _ in range(2000):
        printing.reactor.advance(1)
    printing.wire.inFlight = 3
    for _ in range(2000):
        printing.reactor.advance(1)
    connection.write(b"S\n")
    done = hear(connection.finish())
    for _ in range(2000):  # out of paper: the end has not arrived yet
        printing.reactor.advance(1)
    assert not done
    printing.wire.inFlight = 0
    for _ in range(int(FINISH_TIMEOUT) - 1):
        printing.reactor.advance(1)
    assert not done
    printing.wire.receive(OKAY)
    assert done == [Delivery.DELIVERED]


def test_abort() -> None:
    """A job that is cut: at once, without its last octet and what would end the file."""
    printing = Printing(size=5)
    connection = printing.opened()
    connection.write(b"%!PS\n")
    assert hear(connection.abort(b"\x04")) == [None]
    assert printing.wire.said() == b"%!PS"
    assert printing.wire.aborted
    assert printing.job.losses == []
    assert not printing.reactor.getDelayedCalls()


def test_abortWhileFinishing() -> None:
    """The end was said, its acknowledgement is not awaited any more."""
    printing = Printing(size=5)
    connection = printing.opened()
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    assert hear(connection.abort(b"")) == [None]
    assert done == []
    assert printing.wire.aborted


@pytest.mark.parametrize("data", [b"", b"%!PS", b"%!PS\n\n"])
def test_notTheAnnouncedSize(data: bytes) -> None:
    """The job itself notices that, unless somebody adds to it on the way: it is never whole."""
    printing = Printing(size=5)
    connection = printing.opened()
    connection.write(data)
    [why] = hear(connection.finish())
    assert isinstance(why, PrinterLost)
    assert b"\0" not in printing.wire.said()
    assert printing.wire.aborted


def test_backPressure() -> None:
    """The server's kernel holds the sender back."""
    printing = Printing(size=5)
    connection = printing.opened()
    producer = Source()
    connection.registerProducer(producer, True)
    assert printing.wire.producer is producer
    assert printing.wire.streaming
    connection.unregisterProducer()
    assert printing.wire.producer is None


def test_dressed() -> None:
    """What is put before and after a job counts in the size that the server is told."""
    printing = Printing(size=5)
    told = printing.open(DressedTransport(printing.transport, Dressing(b"<", b">")))
    printing.agree(4)
    assert b"\x037 dfA007gate\n" in printing.wire.said()
    [connection] = told
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    printing.agree(1)
    assert done == [Delivery.DELIVERED]


# Opening.


@pytest.mark.parametrize("size", [None, 5])
def test_canceled(size: int | None) -> None:
    """Whatever is being waited for: no connection stays."""
    for step in range(4 if size else 1):
        printing = Printing(size)
        told = printing.open()
        printing.agree(step)
        printing.opening.cancel()
        assert isinstance(told[0], CancelledError)
        assert not printing.wire.connected
        assert not printing.reactor.getDelayedCalls()


@pytest.mark.parametrize("answers", [True, False])
def test_canceledWhileConnecting(answers: bool) -> None:
    """It is over at once, whatever the endpoint makes of it; a late connection is closed."""
    printing = Printing()
    printing.endpoint.pending = []
    printing.endpoint.stubborn = answers
    told = printing.open()
    printing.opening.cancel()
    assert isinstance(told[0], CancelledError)
    printing.reactor.advance(0)
    if answers:
        printing.endpoint.makeNow()
        assert not printing.wire.connected
    assert not printing.reactor.getDelayedCalls()


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
    printing = Printing()
    printing.endpoint.refusals = [problem]
    [why] = printing.open()
    assert type(why) is kind
    assert why.reason == f"lpd://server/queue: {reason}"


def test_servantsThatDoNotLeave() -> None:
    """The connection of the first look is closed for good, even if nobody answers our leave."""
    printing = Printing()
    told = printing.open()
    wire = printing.wire
    wire.loseConnection = lambda: None  # type: ignore[method-assign]
    for _ in range(50):  # a slow one
        printing.reactor.advance(1)
    printing.agree(1)
    assert not told
    printing.reactor.advance(FAREWELL - 0.5)
    assert wire.connected
    for _ in range(10):
        printing.reactor.advance(FAREWELL / 5)
    assert not wire.connected
    assert IPrinterConnection.providedBy(told[0])


# The size is not known.


def test_spooled() -> None:
    """The server is looked for first; it hears of the job when it is whole."""
    printing = Printing()
    connection = printing.opened()
    assert verifyObject(IPrinterConnection, connection)
    assert not printing.wire.connected
    connection.write(b"%!")
    connection.write(b"PS\n")
    assert len(printing.endpoint.wires) == 1
    assert connection.sent == 0
    done = hear(connection.finish())
    assert len(printing.endpoint.wires) == 2
    printing.agree(3)
    assert printing.wire.said().endswith(b"\x035 dfA007gate\n")
    assert connection.sent == 0
    printing.agree(1)
    assert printing.wire.said() == b"%!PS\n\0"
    assert connection.sent == 5
    assert not done
    printing.agree(1)
    assert done == [Delivery.DELIVERED]
    assert not printing.wire.connected
    assert printing.job.losses == []
    assert not printing.reactor.getDelayedCalls()


@pytest.mark.parametrize("size", [None, 0])
def test_nothing(size: int | None) -> None:
    """A job without a byte is none: the server does not hear of it."""
    printing = Printing(size)
    connection = printing.opened()
    assert hear(connection.finish()) == [Delivery.DELIVERED]
    assert len(printing.endpoint.wires) == 1
    assert printing.wire.said() == b""


@pytest.mark.parametrize("misdeed", MISDEEDS)
@pytest.mark.parametrize("step", range(5))
def test_refusedAfterTheEnd(misdeed: Callable[[Printing], None], step: int) -> None:
    """450 as long as no octet of it has left, 551 afterwards."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    printing.agree(step)
    misdeed(printing)
    [why] = done
    assert type(why) is (PrinterUnreachable if step < 4 else PrinterLost)
    assert connection.sent == (0 if step < 4 else 5)
    assert not printing.wire.connected
    assert not printing.reactor.getDelayedCalls()
    assert printing.job.losses == []


def test_goneMeanwhile() -> None:
    """The server was there when the job began, and is not when it has ended."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!PS\n")
    printing.endpoint.refusals = [ConnectionRefusedError()]
    [why] = hear(connection.finish())
    assert isinstance(why, PrinterUnreachable)
    assert connection.sent == 0


@pytest.mark.parametrize("step", range(-1, 5))
def test_abortAfterTheEnd(step: int) -> None:
    """Whatever is being waited for, the connection is closed and the end is not told."""
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!PS\n")
    if step < 0:
        printing.endpoint.pending = []
    done = hear(connection.finish())
    if step > 0:
        printing.agree(step)
    assert hear(connection.abort(b"")) == [None]
    printing.reactor.advance(0)
    assert done == []
    assert not printing.wire.connected
    assert not printing.reactor.getDelayedCalls()


def stopTaking(wire: Wire) -> None:
    """Its buffer is full at once."""
    register = wire.registerProducer

    def registerProducer(producer: Any, streaming: bool) -> None:
        register(producer, streaming)
        producer.pauseProducing()

    wire.registerProducer = registerProducer  # type: ignore[method-assign]


def test_abortWhilePouring() -> None:
    """A server that takes no more is not waited for."""
    printing = Printing(limit=10**6)
    connection = printing.opened()
    connection.write(bytes(spool.PIECE * 3))
    done = hear(connection.finish())
    printing.agree(3)
    stopTaking(printing.wire)
    printing.agree(1)
    assert connection.sent == spool.PIECE
    assert hear(connection.abort(b"")) == [None]
    assert done == []
    assert not printing.wire.connected


def test_lostWhilePouring() -> None:
    """And when it leaves then, this is told."""
    printing = Printing(limit=10**6)
    connection = printing.opened()
    connection.write(bytes(spool.PIECE * 3))
    done = hear(connection.finish())
    printing.agree(3)
    stopTaking(printing.wire)
    printing.agree(1)
    assert not done
    printing.wire.rst()
    [why] = done
    assert isinstance(why, PrinterLost)


def test_tooLong() -> None:
    """Beyond the limit nothing is kept, and nothing is sent."""
    printing = Printing(limit=9)
    connection = printing.opened()
    connection.write(bytes(9))
    assert printing.job.losses == []
    connection.write(b"!")
    connection.write(b"!")
    [why] = printing.job.losses
    assert isinstance(why, JobTooLarge)
    assert "9 bytes (spool-limit)" in why.reason
    assert hear(connection.finish()) == [why]
    assert hear(connection.abort(b"")) == [None]
    assert len(printing.endpoint.wires) == 1


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
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!PS\n")
    connection.finish()
    printing.agree(5)
    assert b"%!PS\n\0" in printing.wire.said()
    assert made[0].closed


def test_diskFull(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told while the job comes, in the system's words; the server never hears of the job."""
    made = files(monkeypatch, lambda: open("/dev/full", "wb", 0))  # noqa: SIM115
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!PS\n")
    [why] = printing.job.losses
    assert isinstance(why, PrinterLost)
    assert why.reason.endswith("No space left on device")
    assert hear(connection.abort(b"")) == [None]
    connection.write(b"%!PS\n")
    assert len(made) == 1
    assert made[0].closed
    assert len(printing.endpoint.wires) == 1


def test_diskFullAtTheEnd(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last write was still under way when the job ended: the same."""
    made = files(monkeypatch, lambda: Shy(3))
    printing = Printing()
    connection = printing.opened()
    printing.reactor.held = True
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    assert not done
    printing.reactor.workAll()
    [why] = done
    assert isinstance(why, PrinterLost)
    assert printing.job.losses == []
    assert connection.sent == 0
    assert made[0].closed
    assert len(printing.endpoint.wires) == 1


def test_diskFails(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept cannot be read: the job is lost, and stays short at the server."""

    class Unreadable(Shy):
        def read(self, size: int = -1) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    files(monkeypatch, Unreadable)
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!PS\n")
    done = hear(connection.finish())
    printing.agree(4)
    [why] = done
    assert isinstance(why, PrinterLost)
    assert "Input/output error" in why.reason
    assert hear(connection.abort(b"")) == [None]
    assert not printing.wire.connected
    assert printing.wire.said().endswith(b"dfA007gate\n")


def test_threadInMidStep(monkeypatch: pytest.MonkeyPatch) -> None:
    """An aborted job's file is closed after what a thread is doing with it, never under it."""
    made = files(monkeypatch, Shy)
    printing = Printing()
    connection = printing.opened()
    connection.write(b"%!")
    printing.reactor.held = True
    connection.write(b"PS\n")
    done = hear(connection.finish())
    aborted = hear(connection.abort(b""))
    assert aborted == []
    assert len(printing.reactor.waiting) == 1
    printing.reactor.workAll()
    assert aborted == [None]
    assert done == []
    assert made[0].closed


def test_spoolHoldsTheSenderBack() -> None:
    """A disk that is slower than the sender has a bounded amount waiting."""
    printing = Printing(limit=10**6)
    connection = printing.opened()
    producer = Source()
    connection.registerProducer(producer, True)
    printing.reactor.held = True
    connection.write(bytes(spool.BUFFER))
    assert producer.told == []
    connection.write(b"!")
    assert producer.told == ["pause"]
    printing.reactor.workAll()
    assert producer.told == ["pause", "resume"]
    connection.unregisterProducer()
    connection.abort(b"")


def test_pullProducer() -> None:
    """One that waits to be asked is asked once for each piece."""
    printing = Printing()
    connection = printing.opened()
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
    printing = Printing(size=5)
    printing.server = LPDServer(printing.reactor, printing.endpoint, "lpd://s/q", "q", user, 1)
    printing.transport = LPDTransport(printing.reactor, printing.server)
    printing.open()
    printing.agree(2)
    assert told in printing.wire.said()
