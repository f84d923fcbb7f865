"""
Printers on TCP port 9100: what counts as delivered, what as lost, and what is waited for.
"""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet import error
from twisted.internet import reactor as theReactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import (
    IHostnameResolver,
    IProtocol,
    IProtocolFactory,
    IPushProducer,
    IReactorPluggableNameResolver,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent
from zope.interface import implementer

from jetdirect.errors import PrinterLost, PrintError, PrinterUnreachable
from jetdirect.interfaces import Delivery
from jetdirect.job import Job, Sender
from jetdirect.named import CONNECT_TIMEOUT, NamedPrinter, PortSettings
from jetdirect.net.facts import Silence
from jetdirect.net.pulse import DEAD_AFTER_PROBES, DEAD_AFTER_SECONDS
from jetdirect.net.tuning import KEEPALIVE, LONGEST_RETRY
from jetdirect.port import PrintingPort
from jetdirect.testing import FakeJob, MemoryWire
from jetdirect.transports.build import transportFor
from jetdirect.transports.ending import ABORT_PATIENCE, FINISH_TIMEOUT
from jetdirect.transports.socket import (
    LISTENED,
    REST,
    WATCH_INTERVAL,
    SocketConnection,
    SocketTransport,
)
from tests.support.answers import hear
from tests.support.deafresolver import DeafResolver

reactor: Any = theReactor


class Options:
    """The socket behind a wire, as far as its options go."""

    def __init__(self) -> None:
        self.set: dict[tuple[int, int], int] = {}

    def setsockopt(self, level: int, name: int, value: int) -> None:
        self.set[level, name] = value


class Wire(MemoryWire):
    """
    A wire to a printer.

    @ivar stalled: what is written is not taken; C{drain} takes it.
    @ivar resetInKernel: the kernel knows of a reset, and has told nobody.
    """

    def __init__(self, protocol: IProtocol) -> None:
        self.stalled = self.resetInKernel = self.aborted = False
        self.noDelay = self.keepAlive = False
        self.handle = Options()
        super().__init__(protocol)

    def getHandle(self) -> Options:
        return self.handle

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.noDelay = enabled

    def setTcpKeepAlive(self, enabled: bool) -> None:
        self.keepAlive = enabled

    def write(self, data: bytes) -> None:
        assert not self.halfClosed, "bytes after our own end"
        super().write(data)

    def loseWriteConnection(self) -> None:
        if not self.stalled:
            super().loseWriteConnection()

    def drain(self) -> None:
        self.stalled = False
        self.loseWriteConnection()

    def abortConnection(self) -> None:
        self.aborted = self.aborted or self.connected
        super().abortConnection()

    def reset(self) -> bool:
        return self.resetInKernel or super().reset()


class Line:
    """A printer connection over a wire in memory."""

    def __init__(self, finishTimeout: float = FINISH_TIMEOUT, earlyClose: bool = False) -> None:
        self.clock = Clock()
        self.job = FakeJob()
        printer = SocketTransport(
            self.clock, Endpoint(), "socket://printer:9100", "", finishTimeout, earlyClose
        )
        self.connection = SocketConnection(printer, self.job)
        self.wire = Wire(self.connection)
        self.told: list[Any] = []

    def finish(self) -> Line:
        hear(self.connection.finish(), self.told)
        return self

    def abort(self, tail: bytes = b"") -> Line:
        hear(self.connection.abort(tail), self.told)
        return self

    def write(self, data: bytes = b"%!PS") -> Line:
        self.connection.write(data)
        return self

    def wait(self, seconds: float) -> Line:
        """Let time pass, with all the looks at the wire in it."""
        looks = int(seconds / WATCH_INTERVAL)
        self.clock.pump([WATCH_INTERVAL] * looks + [seconds - looks * WATCH_INTERVAL])
        return self

    def assertLost(self, reason: str) -> None:
        """The end of the job was answered with a loss, the connection is gone, nothing is left."""
        [lost] = self.told
        assert isinstance(lost, PrinterLost)
        assert reason in lost.reason
        self.assertOver()

    def assertOver(self) -> None:
        assert not self.wire.connected
        assert self.clock.getDelayedCalls() == []


# The connection.


def test_socketOptions() -> None:
    """Small jobs are not held back, and an idle printer that was unplugged is found."""
    line = Line()

    assert line.wire.noDelay
    assert line.wire.keepAlive
    assert line.wire.handle.set == {
        (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE): KEEPALIVE[0],
        (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL): KEEPALIVE[1],
        (socket.IPPROTO_TCP, socket.TCP_KEEPCNT): KEEPALIVE[2],
        (socket.IPPROTO_TCP, 44): LONGEST_RETRY,
    }


def test_noKeepAliveTimes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system does not let the times of the probes be chosen, its own are taken."""
    monkeypatch.delattr(socket, "TCP_KEEPIDLE")

    line = Line()

    assert line.wire.keepAlive
    assert line.wire.handle.set == {}


def test_wireWithoutASocket() -> None:
    """A connection in memory, or over another stream endpoint, reaches a printer too."""
    printer = SocketTransport(Clock(), Endpoint(), "socket://printer:9100")
    connection = SocketConnection(printer, FakeJob())

    wire = MemoryWire(connection)

    assert wire.connected


def test_bytesPass() -> None:
    """The printer gets what is written, and the connection counts it."""
    line = Line().write(b"%!").write(b"PS\r\n\x00")

    assert line.wire.value() == b"%!PS\r\n\x00"
    assert line.connection.sent == 7


def test_backPressure() -> None:
    """The producer of the bytes is known to the transport, which pauses it."""
    line = Line()
    producer: Any = IPushProducer(Wire(Protocol()))

    line.connection.registerProducer(producer, True)
    assert (line.wire.producer, line.wire.streaming) == (producer, True)
    line.connection.unregisterProducer()

    assert line.wire.producer is None


def test_backChannel() -> None:
    """What a printer says is read, written down for who debugs, and ends nothing."""
    line = Line()

    with capturedLogs() as logged:
        line.wire.receive(b"@PJL USTATUS\r\n")

    [event] = logged
    assert (event["job"], event["data"]) == (7, b"@PJL USTATUS\r\n")
    assert line.wire.connected
    assert line.job.losses == []


# The end of a complete job.


@pytest.mark.parametrize("data", [b"%!PS", b""])
def test_delivered(data: bytes) -> None:
    """A printer that answers our half-close with its own, all acknowledged, has the job."""
    line = Line().write(data).finish()
    assert line.wire.halfClosed
    assert line.told == []

    line.wire.fin()

    assert line.told == [Delivery.DELIVERED]
    assert line.job.losses == []
    line.assertOver()


def test_deliveredAfterALongPrint() -> None:
    """A printer may take its time to close."""
    line = Line().write().finish().wait(FINISH_TIMEOUT - 1)
    assert line.told == []

    line.wire.fin()

    assert line.told == [Delivery.DELIVERED]


def test_finishWaitsForTheBuffer() -> None:
    """The end of a job is our half-close, which waits until the kernel took all bytes."""
    line = Line().write()
    line.wire.stalled = True

    line.finish().wait(10 * FINISH_TIMEOUT)
    assert line.told == []
    line.wire.drain()
    line.wire.fin()

    assert line.told == [Delivery.DELIVERED]


def test_outOfPaper() -> None:
    """A printer that takes nothing but answers every probe is waited for as long as it takes."""
    line = Line().write()
    line.wire.inFlight = 1000
    line.wire.silent = Silence(0, 55.0)

    line.finish().wait(3600)
    assert line.told == []
    assert line.wire.connected
    line.wire.inFlight = 0
    line.wire.fin()

    assert line.told == [Delivery.DELIVERED]


@pytest.mark.parametrize("timeout", [FINISH_TIMEOUT, 2.0, 0.0])
def test_unconfirmed(timeout: float) -> None:
    """A printer that took every byte and does not close is trusted after a time, and named."""
    line = Line(finishTimeout=timeout).write()
    line.wire.inFlight = 1
    line.finish()
    line.wait(5)
    line.wire.inFlight = 0

    with capturedLogs() as logged:
        line.wait(timeout)
        assert line.told == []
        line.wait(2 * WATCH_INTERVAL)

    assert line.told == [Delivery.SENT]
    line.assertOver()
    [text] = [str(formatEvent(event)) for event in logged]
    assert "socket://printer:9100" in text
    assert "finish-timeout=" in text


def test_finishTimeoutAfterTheLastAcknowledgement() -> None:
    """The time for closing begins when the printer has taken every byte, however late."""
    line = Line().write()
    line.wire.inFlight = 1000
    line.finish().wait(3600)
    line.wire.inFlight = 0

    line.wait(FINISH_TIMEOUT - WATCH_INTERVAL)
    assert line.told == []
    line.wait(2 * WATCH_INTERVAL)

    assert line.told == [Delivery.SENT]


# The printer is lost.


def test_resetWhilePrinting() -> None:
    """A reset in mid job is told to the job at once, and to whoever asks later."""
    line = Line().write()

    line.wire.rst()

    [lost] = line.job.losses
    assert isinstance(lost, PrinterLost)
    assert lost.reason == "the printer reset the connection"
    line.finish()
    line.assertLost("reset")
    assert line.told == [lost]


@pytest.mark.parametrize("stalled", [True, False])
def test_resetWhileFinishing(stalled: bool) -> None:
    """A reset before or after our half-close, but before the printer's, is a loss."""
    line = Line().write()
    line.wire.stalled = stalled

    line.finish()
    line.wire.rst()

    line.assertLost("the printer reset the connection")
    assert line.job.losses == []


def test_resetBehindOurBack() -> None:
    """A reset of which only the kernel knows is found by the next look at the connection."""
    line = Line(earlyClose=True).write()
    line.wire.inFlight = 1000
    line.wire.fin()
    line.finish().wait(60)
    assert line.told == []

    line.wire.inFlight, line.wire.resetInKernel = 0, True
    line.wait(WATCH_INTERVAL)

    line.assertLost("the printer reset the connection")


def test_resetIsNoEnd() -> None:
    """When its close comes together with a reset, the printer did not close."""
    line = Line().write().finish()

    line.wire.resetInKernel = True
    line.wire.fin()

    line.assertLost("the printer reset the connection")


def test_closedInMidJob() -> None:
    """A printer that closes before our half-close may not have read the job."""
    line = Line().write()

    line.wire.fin()

    [lost] = line.job.losses
    assert lost.reason == "the printer closed the connection before the end of the job"
    assert line.wire.aborted
    line.assertOver()


def test_closedBeforeOurEndWasOut() -> None:
    """A printer that closes while bytes of the job are still on this side has not read them."""
    line = Line().write()
    line.wire.stalled = True

    line.finish()
    line.wire.fin()

    line.assertLost("before the end of the job")
    assert line.job.losses == []


def test_closedBeforeItHadOurEnd() -> None:
    """A printer that closes with bytes unacknowledged did not answer our half-close."""
    line = Line().write()
    line.wire.inFlight = 1000
    line.finish()

    line.wire.fin()
    line.wire.inFlight = 0
    line.wait(60)

    line.assertLost("before the end of the job")


def test_earlyCloseIsOkay() -> None:
    """A printer that is known to close early has the job when it acknowledged every byte."""
    line = Line(earlyClose=True).write(b"%!")
    line.wire.fin()
    assert line.job.losses == []

    line.write(b"PS")
    line.wire.inFlight = 2
    line.finish().wait(3600)
    assert line.told == []
    line.wire.inFlight = 0
    line.wait(WATCH_INTERVAL)

    assert line.wire.value() == b"%!PS"
    assert line.told == [Delivery.DELIVERED]
    line.assertOver()


def test_earlyCloseAfterOurEnd() -> None:
    """A printer that is known to close early may do so with our half-close on the way."""
    line = Line(earlyClose=True).write()
    line.wire.inFlight = 5
    line.finish()

    line.wire.fin()
    assert line.told == []
    line.wire.inFlight = 0
    line.wait(WATCH_INTERVAL)

    assert line.told == [Delivery.DELIVERED]


GONE = Silence(DEAD_AFTER_PROBES, DEAD_AFTER_SECONDS)


def test_unpluggedWhilePrinting() -> None:
    """A printer that leaves several probes unanswered for half a minute is gone."""
    line = Line().write()

    line.wire.inFlight, line.wire.silent = 1000, GONE
    line.wait(DEAD_AFTER_SECONDS - 1)
    assert line.job.losses == []
    line.wait(1)

    [lost] = line.job.losses
    assert lost.reason == "the printer has not answered for 30 s"
    assert line.wire.aborted
    line.assertOver()


@pytest.mark.parametrize("stalled", [True, False])
def test_unpluggedWhileFinishing(stalled: bool) -> None:
    """A printer that is unplugged while it finishes lost the job."""
    line = Line().write()
    line.wire.stalled, line.wire.inFlight = stalled, 1000

    line.finish()
    line.wire.silent = GONE
    line.wait(DEAD_AFTER_SECONDS)

    line.assertLost("the printer has not answered for 30 s")
    assert line.job.losses == []


@pytest.mark.parametrize(
    "silence",
    [
        None,
        Silence(0, 3600.0),
        Silence(DEAD_AFTER_PROBES - 1, 3600.0),
        Silence(99, DEAD_AFTER_SECONDS - 1),
    ],
)
def test_notUnplugged(silence: Silence | None) -> None:
    """A printer that has nothing to say, or only lately does not answer, is not gone."""
    line = Line().write()
    line.wire.silent = silence

    line.wait(60)

    assert line.job.losses == []
    assert line.wire.connected


# The end of a job that was cut.


def test_printerThatTalksWithoutAnEnd() -> None:
    """It is listened to now and then only; its job ends as others do."""
    line = Line().write()
    line.wire.receive(bytes(LISTENED))
    assert line.wire.producerState == "producing"
    line.wire.receive(b"!")
    for _ in range(10):
        assert line.wire.producerState == "paused"
        line.clock.advance(REST)
        assert line.wire.producerState == "producing"
        line.wire.receive(bytes(LISTENED + 1))
    line.finish()
    line.wire.fin()
    assert line.told == []
    line.clock.advance(REST)

    assert line.told == [Delivery.DELIVERED]
    assert line.clock.getDelayedCalls() == []


@pytest.mark.parametrize("end", ["abort", "lost", "closing"])
def test_talkerThatIsLeft(end: str) -> None:
    """That it was not listened to outlasts no connection."""
    line = Line().write()
    line.wire.receive(bytes(LISTENED + 1))
    if end == "lost":
        line.wire.rst()
    elif end == "abort":
        line.abort(b"\x04").wait(ABORT_PATIENCE)
    else:
        line.connection._finished(Delivery.SENT)
        line.clock.advance(REST)

    assert not line.wire.connected
    assert line.clock.getDelayedCalls() == []


def test_abort() -> None:
    """A cut job is ended with its tail and our half-close; then the printer is waited for."""
    line = Line().write(b"%!PS").abort(b"\x04")
    assert line.wire.value() == b"%!PS\x04"
    assert line.wire.halfClosed
    assert line.told == []

    line.wire.fin()

    assert line.told == [None]
    assert not line.wire.aborted
    assert line.job.losses == []
    line.assertOver()


def test_abortWithoutTail() -> None:
    """Where the language of a job is not known, nothing is sent after it."""
    line = Line().write(b"text").abort()

    assert line.wire.value() == b"text"
    assert line.wire.halfClosed


def test_abortBeforeTheFirstByte() -> None:
    """A printer that got nothing need not be waited for."""
    line = Line().abort()

    assert line.told == [None]
    assert line.wire.value() == b""
    assert not line.wire.aborted
    line.assertOver()


def test_abortWhileFinishing() -> None:
    """After our half-close no tail can be sent; who waited for the end hears nothing more."""
    line = Line().write().finish().abort(b"\x04")
    assert line.wire.value() == b"%!PS"

    line.wire.fin()

    assert line.told == [None]
    line.assertOver()


def test_abortWhileTheBufferIsFull() -> None:
    """A printer that takes nothing more of an aborted job is left after a while."""
    line = Line().write()
    line.wire.stalled, line.wire.inFlight = True, 1000

    line.abort(b"\x04").wait(ABORT_PATIENCE - WATCH_INTERVAL)
    assert line.told == []
    line.wait(WATCH_INTERVAL)

    assert line.told == [None]
    assert line.wire.aborted
    line.assertOver()


def test_abortWithProgress() -> None:
    """As long as the printer takes bytes of an aborted job it is let go on to the tail."""
    line = Line().write()
    line.wire.inFlight = 100
    line.abort(b"\x04")

    for left in range(99, 89, -1):
        line.wait(ABORT_PATIENCE - WATCH_INTERVAL)
        line.wire.inFlight = left
    assert line.told == []
    line.wait(ABORT_PATIENCE)
    assert line.told == []
    line.wait(WATCH_INTERVAL)

    assert line.told == [None]


def test_abortOfAnUnpluggedPrinter() -> None:
    """A printer that is gone is not waited for longer than one that takes nothing."""
    line = Line().write()
    line.wire.inFlight, line.wire.silent = 1000, GONE

    line.abort(b"\x04").wait(ABORT_PATIENCE)

    assert line.told == [None]
    assert line.job.losses == []


def test_abortAfterTheLoss() -> None:
    """A printer that is lost is free."""
    line = Line().write()
    line.wire.rst()

    line.abort(b"\x04")

    assert line.told == [None]
    assert line.wire.value() == b"%!PS"


def test_resetWhileAborting() -> None:
    """That a printer resets an aborted job is as good as any end of it."""
    line = Line().write().abort(b"\x04")

    line.wire.rst()

    assert line.told == [None]
    assert line.job.losses == []
    line.assertOver()


def test_abortAfterAnEarlyClose() -> None:
    """The printer's end, which came already, does not come again: the wait for it is bounded."""
    line = Line(earlyClose=True).write()
    line.wire.fin()

    line.abort(b"\x04").wait(ABORT_PATIENCE)

    assert line.told == [None]
    line.assertOver()


# Reaching the printer.


@implementer(IStreamClientEndpoint)
class Endpoint:
    """An endpoint that connects when a test says so; C{onCancel} is what it does when canceled."""

    def __init__(self) -> None:
        self.connecting: Deferred[IProtocol] = Deferred(self._cancel)
        self.canceled = False
        self.onCancel: Callable[[Deferred[IProtocol]], None] | None = None

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        self.factory = factory
        return self.connecting

    def _cancel(self, connecting: Deferred[IProtocol]) -> None:
        self.canceled = True
        if self.onCancel is not None:
            self.onCancel(connecting)
        else:
            connecting.errback(error.ConnectingCancelledError(None))


class Opening:
    """A printer that is being opened."""

    def __init__(self) -> None:
        self.endpoint = Endpoint()
        self.clock = Clock()
        self.printer = SocketTransport(self.clock, self.endpoint, "socket://printer:9100")
        self.opening = self.printer.open(FakeJob())
        self.told = hear(self.opening)


def test_opened() -> None:
    """A printer that takes the connection is opened."""
    opening = Opening()
    connection: Any = opening.endpoint.factory.buildProtocol(None)  # type: ignore[arg-type]
    wire = Wire(connection)

    opening.endpoint.connecting.callback(connection)

    assert opening.told == [connection]
    wire.loseConnection()


def test_calledByItsURI() -> None:
    """A printer without a description is called by its URI."""
    assert Opening().printer.description == "socket://printer:9100"


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        (error.ConnectionRefusedError(), "the connection was refused (busy or off)"),
        (error.TimeoutError(), "no answer"),
        (error.TCPTimedOutError(), "no answer"),
        (error.NoRouteError(), "no route to the printer"),
        (error.DNSLookupError(), "the host name is not known"),
        (error.ConnectBindError(), "the connection failed"),
    ],
)
def test_unreachable(why: Exception, reason: str) -> None:
    """A printer that cannot be reached can be tried again; the error says which and why."""
    opening = Opening()

    opening.endpoint.connecting.errback(why)

    [told] = opening.told
    assert isinstance(told, PrinterUnreachable)
    assert told.reason == f"socket://printer:9100: {reason}"
    assert told.__cause__ is why


def test_unreachableOnTheSameNetwork() -> None:
    """A printer that is switched off, the commonest case, has no route to it."""
    opening = Opening()
    off = OSError(errno.EHOSTUNREACH, "No route to host")

    opening.endpoint.connecting.errback(error.getConnectError(off))

    assert opening.told[0].reason == "socket://printer:9100: no route to the printer"


def test_cancelWhileConnecting() -> None:
    """An opening that is canceled fails as that at once, and stops connecting between two turns."""
    opening = Opening()

    opening.opening.cancel()

    [told] = opening.told
    assert isinstance(told, CancelledError)
    assert not opening.endpoint.canceled
    opening.clock.advance(0)
    assert opening.endpoint.canceled
    assert not opening.clock.getDelayedCalls()


def test_nextOpeningWaits() -> None:
    """A printer never has two connections: the next begins when the canceled one is closed."""
    opening = Opening()
    first = opening.endpoint.factory
    opening.opening.cancel()
    hear(opening.printer.open(FakeJob()))
    assert opening.endpoint.factory is first
    opening.clock.advance(0)
    assert opening.endpoint.canceled
    assert opening.endpoint.factory is not first


def test_connectionThatComesTooLate() -> None:
    """A connection that was made while its opening was canceled is not left open."""
    opening = Opening()
    connection: Any = opening.endpoint.factory.buildProtocol(None)  # type: ignore[arg-type]
    wires: list[Wire] = []

    def connected(connecting: Deferred[IProtocol]) -> None:
        wires.append(Wire(connection))
        connecting.callback(connection)

    opening.endpoint.onCancel = connected
    opening.opening.cancel()
    opening.clock.advance(0)

    assert [type(it) for it in opening.told] == [CancelledError]
    assert wires[0].aborted


def test_nameThatTheEndpointRefuses() -> None:
    """A host name of which the endpoint says that it is none is not tried again."""
    opening = Opening()

    opening.endpoint.connecting.errback(ValueError("invalid hostname: a_b"))

    [told] = opening.told
    assert type(told) is PrintError
    assert told.reason == "socket://printer:9100: that cannot be a host name"


def test_faultOnTheWay() -> None:
    """A fault in the program is not taken for a printer that may be there the next time."""
    opening = Opening()

    opening.endpoint.connecting.errback(ZeroDivisionError("a bug"))

    assert not isinstance(opening.told[0], PrinterUnreachable)


def submitted(printer: Any, clock: Clock, connectTimeout: float = CONNECT_TIMEOUT) -> Job:
    """A job at a printing port of its own."""
    port = PrintingPort(
        NamedPrinter("PORT1", printer, settings=PortSettings(connectTimeout=connectTimeout)), clock
    )
    job = Job(1, "PORT1", "page.ps", Sender("ann", "192.0.2.1", 40001), None, clock)
    port.submit(job)
    return job


@implementer(IReactorPluggableNameResolver)
class DeafReactor(MemoryReactorClock):
    """One that asks it."""

    def __init__(self) -> None:
        super().__init__()
        self.nameResolver: DeafResolver = DeafResolver()

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        return self.nameResolver


def test_cancelWhileTheNameIsLookedUp() -> None:
    """A job that is cut while the printer's name is looked up frees the place at once."""
    clock = DeafReactor()
    printer = transportFor(clock, "socket://printer")
    port = PrintingPort(NamedPrinter("PORT1", printer), clock)
    job = Job(1, "PORT1", "page.ps", Sender("ann", "192.0.2.1", 40001), None, clock)
    port.submit(job)
    job.whenOpened().addErrback(lambda failure: None)

    job.cut(PrintError("the control connection was lost"))

    assert port.jobs == []
    clock.advance(60)
    assert clock.nameResolver.asked == 1


@pytest.mark.parametrize("connectTimeout", [0, 60])
def test_oneAttemptHasAnEnd(connectTimeout: float) -> None:
    """An attempt ends though nothing answers, also where it is the only one."""
    clock = DeafReactor()
    job = submitted(transportFor(clock, "socket://printer"), clock, connectTimeout)
    told = hear(job.whenOpened())
    clock.pump([1] * 29)
    assert not told
    clock.pump([1] * 60)
    assert re.search("not? answer", told[0].reason)
    assert not clock.getDelayedCalls()


def test_nameServerDoesNotAnswer() -> None:
    """That a name server is silent is not what the sender is told about the name."""
    clock = DeafReactor()
    job = submitted(transportFor(clock, "socket://printer"), clock)
    told = hear(job.whenOpened())

    clock.pump([1] * 40)

    assert "not known" not in told[0].reason


@pytest.mark.parametrize("host", ["print_server", "-printer", "hp--4000", 64 * "x"])
def test_nameThatCannotBeLookedUp(host: str) -> None:
    """A host name that no resolver takes is refused at the start, not at each job."""
    with pytest.raises(ValueError) as caught:
        transportFor(MemoryReactorClock(), f"socket://{host}")

    assert f"{host!r} is not a host name" in str(caught.value)
