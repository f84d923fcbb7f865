"""
C{socket://host:9100}: a printer's raw TCP port (AppSocket, JetDirect, "port 9100"); the same under
TLS as C{socket+tls://host:9143}.

A job is what comes between connecting and our half-close.  That the local kernel took the bytes
proves nothing (3.8 MB were accepted for a printer that read not one of them, measured), that the
printer's kernel acknowledged them proves little; a printer that answers our end with its own has
read to the end.  So that is what C{finish} waits for.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from twisted.internet import error
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import (
    IDelayedCall,
    IHalfCloseableProtocol,
    IProducer,
    IReactorTime,
    ISSLTransport,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import PrinterLost, PrintError, PrinterUnreachable
from ..interfaces import (
    Delivery,
    IKernelConsumer,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)
from ..net.belowtls import tellOfHandshake
from ..net.dial import Dialer, hostEndpoint
from ..net.facts import ITCPFacts, IWire, endsInOrder, factsOf, realTransport
from ..net.pulse import Pulse
from ..net.reactor import IGatewayReactor, INetworkReactor
from ..net.stream import IWitness, Stream, isPlain
from ..net.tuning import tune
from ..uri import DeviceURI
from .backchannel import BackChannel
from .ending import ABORT_PATIENCE, FINISH_TIMEOUT, Ending, State
from .endpoint import clientEndpoint
from .tls import tlsOptions, whyNot

RAW_PORT = 9100
"""HP's raw port (JetDirect guides); 9101 and 9102 are said to be the second and third port of a box
(unconfirmed)."""

TLS_PORT = 9143
"""Zebra's port for the same under TLS (Link-OS); nobody has given it a number for all."""

WATCH_INTERVAL = 0.5
"""Seconds between two looks at the connection's state in the kernel."""

FIRST_LOOK = 0.02
"""Seconds until the first of these looks when only acknowledgements are waited for: a small job
need not take half a second (chosen)."""

HANDSHAKE_TIMEOUT = 30.0
"""Seconds without progress after which a printer is taken for one that does not speak TLS (chosen:
as long as a connection may take)."""

LISTENED, REST = 16384, 0.1
"""Bytes that a printer may say at a time, and seconds until it is listened to again: a status has
some hundred, and one that talks without an end must not keep the gateway from others (chosen)."""


@implementer(IPrinterTransport)
class SocketTransport:
    """
    A printer behind a stream endpoint.

    @ivar finishTimeout: seconds to wait for the printer's close after it acknowledged everything.
    @ivar earlyClose: the printer is known to close its side before it has the whole job.
    @ivar waitEOF: the printer closes its side when it has seen our end; one that never does so
        reaches C{sent} at most.
    @ivar halfClose: the printer goes on reading when we have ended our direction; of one that
        throws the rest away then, the close is no answer, and is not waited for.
    @ivar splice: bytes may stay inside the kernel where they can.
    """

    status = PrinterStatus()

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamClientEndpoint,
        uri: str,
        description: str = "",
        finishTimeout: float = FINISH_TIMEOUT,
        earlyClose: bool = False,
        waitEOF: bool = True,
        halfClose: bool = True,
        splice: bool = True,
        plain: bool = False,
    ) -> None:
        """
        @param plain: it is known that no hands are shaken (TLS).
        @param uri: what the log calls this printer; no secrets.
        @param description: what senders see; by default the URI.
        """
        self.uri = uri
        self.description = description or uri
        self.finishTimeout = finishTimeout
        self.earlyClose = earlyClose
        self.halfClose = halfClose
        self.waitEOF = waitEOF and halfClose
        self.reaches = Delivery.DELIVERED if self.waitEOF else Delivery.SENT
        self.splice = splice
        self._plain = plain
        self.clock = clock
        self.endpoint = endpoint
        self._dialer = Dialer(clock, endpoint, uri)

    def open(
        self, job: IPrintJob, heard: BackChannel | None = None
    ) -> Deferred[IPrinterConnection]:
        """
        L{IPrinterTransport}.

        @param heard: hears what the printer says, and knows what is to be awaited of it.
        """
        dialed = self._dialer.dial(lambda: SocketConnection(self, job, heard))
        if self._plain:
            return dialed
        return dialed.addCallback(lambda connection: connection.whenReady())

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}: raw TCP has no question that a printer could not take for a job."""
        return succeed(None)


class Wire(Enum):
    """How far our direction of a connection has come, in this order."""

    GREETING = "hands are being shaken (TLS)"
    OPEN = "bytes of the job go"
    ENDING = "we have said that there is no more"
    ENDED = "the kernel has all bytes and our end"
    CLOSING = "both directions are about to be closed"


# An enumeration looks up its own names in Python, which takes three times as long.
_GREETING, _OPEN, _ENDING, _ENDED, _CLOSING = Wire
_FINISHING, _DELIVERED = State.FINISHING, State.DELIVERED
_ABORTING, _OVER = State.ABORTING, State.OVER


@implementer(IPrinterConnection, IKernelConsumer, IHalfCloseableProtocol, IWitness)
class SocketConnection(Protocol):
    """The printer, while one job has it, over TCP."""

    _log = Logger()
    transport: IWire
    _facts: ITCPFacts
    _pulse: Pulse
    _watch: IDelayedCall
    _stream: Stream | None = None
    _splices = False
    _ready: Deferred[IPrinterConnection] | None = None

    def __init__(
        self, printer: SocketTransport, job: IPrintJob, heard: BackChannel | None = None
    ) -> None:
        self._written = 0
        self._printer = printer
        self._job = job
        self._heard = BackChannel(job.number) if heard is None else heard
        self._ending = Ending(job, lambda: self.transport.abortConnection())
        self._wire = _OPEN
        self._secure = False
        self._asked = False
        self._printerClosed = False
        self._early = False
        self._answered = False
        self._listened = 0
        self._rest: IDelayedCall | None = None

    def connectionMade(self) -> None:
        self._facts = factsOf(self.transport)
        self._pulse = Pulse(self._facts, self._printer.clock)
        self._secure = ISSLTransport.providedBy(self.transport)
        if tellOfHandshake(self.transport):
            self._wire = _GREETING
            self._ready = Deferred(self._giveUp)
        real = realTransport(self.transport)
        if isinstance(real, Stream):
            self._stream = real
            real.witness = self
            self._splices = self._printer.splice and isPlain(self.transport)
        else:
            tune(self.transport)
        self._watchLater()

    def whenReady(self) -> IPrinterConnection | Deferred[IPrinterConnection]:
        """
        To be called once, before anything else.

        @return: the connection; if hands are to be shaken first, what fires with it then, and fails
            with L{PrinterUnreachable} when it is no use.  May be canceled.
        """
        self._asked = True
        return self if self._ready is None else self._ready

    @property
    def sent(self) -> int:
        """L{IPrinterConnection}."""
        return self._written

    # IConsumer

    def write(self, data: bytes) -> None:
        """L{IConsumer}."""
        self._written += len(data)
        self.transport.write(data)

    def take(self, descriptor: int, most: int) -> int:
        """L{IKernelConsumer}."""
        if self._stream is None or not self._splices or self._wire is _CLOSING:
            return 0
        taken = self._stream.take(descriptor, most)
        self._written += taken
        return taken

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IConsumer}."""
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """L{IConsumer}."""
        self.transport.unregisterProducer()

    # IPrinterConnection

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}."""
        finished = self._ending.finish()
        if self._ending.state is _FINISHING:
            self._pulse.mark(look=False)
            if not self._heard.awaits or self._printerClosed:
                self._end()
        return finished

    def abort(self, tail: bytes) -> Deferred[None]:
        """
        L{IPrinterConnection}: what the kernel has not got yet is thrown away; the tail and our end
        follow, and are waited for while there is progress.  Canceled: a reset.
        """
        aborted = self._ending.abort()
        if self._wire is _CLOSING:
            return aborted
        self._pulse.mark()
        if self._wire is _OPEN:
            self._forget()
            if tail:
                self.transport.write(tail)
            self._end()
        if not self.sent:
            self.transport.loseConnection()
        return aborted

    # Protocol, IHalfCloseableProtocol, IHandshakeListener

    def handshakeCompleted(self) -> None:
        """The printer is trusted, and the line is encrypted."""
        # Twisted 24.11, not 26.10, says so also when it has just found the certificate wrong; why
        # comes with the end of the connection.
        if self._ready is not None and self._wire is _GREETING and not self._disconnecting:
            self._wire = _OPEN
            self._ready.callback(self)

    def dataReceived(self, data: bytes) -> None:
        """The printer's back channel: read, or its window would fill, and never passed on."""
        self._listened += len(data)
        if self._listened > LISTENED and self._rest is None and not self._disconnecting:
            self.transport.pauseProducing()
            self._rest = self._printer.clock.callLater(REST, self._listen)
        self._heard.heard(data)
        if self._heard.canceled:
            # The printer throws the rest away, and stays: the job is ended as if it were cut here.
            self._ending.lost(PrinterLost("the job was canceled at the printer"))
        elif self._ending.state is _FINISHING and not self._heard.awaits:
            self._end()

    def writeConnectionLost(self) -> None:
        """All bytes and our FIN are with the kernel."""
        if self._wire is _ENDING:
            self._wire = _ENDED
        self._pulse.mark(look=self._ending.state is not _FINISHING)
        if self._printerClosed or not self._printer.waitEOF:
            self._settle()  # else the next that comes is its end

    def readConnectionLost(self) -> None:
        """The printer's FIN."""
        if not endsInOrder(self.transport):
            self._lost(PrinterLost("the printer reset the connection"))
            return
        self._printerClosed = True
        finishing = self._ending.state is _FINISHING
        if self._ending.state is _ABORTING:
            self.transport.loseConnection()
        elif self._wire is _ENDED and not self._early and not self._facts.unacknowledged():
            # It has seen our end: the acknowledgement of our FIN came with its own.
            self._settle(acknowledged=True)
        elif finishing and self._heard.confirmed:
            self._finished(Delivery.CONFIRMED)
        elif not self._printer.earlyClose:
            self._lost(PrinterLost("the printer closed the connection before the end of the job"))
        elif finishing:
            self._end()  # it can say no more

    # IWitness

    def ending(self) -> None:
        """L{IWitness}."""
        if self._secure:
            self._goodBye()
        elif self._wire is _ENDING:
            self._early = self._facts.closedByPeer()

    def finCame(self) -> None:
        """
        L{IWitness}.

        Many printers do without a close_notify of their own; a FIN tells as much as on a plain
        connection, and only a kernel whose program has read everything sends one.
        """
        ended = self._secure and self._wire is _ENDED
        self._answered = ended and not self._facts.unacknowledged()

    def _goodBye(self) -> None:
        # The printer's close_notify, or an error of TLS.  It answers ours if it has all before it.
        over = self._wire is _CLOSING or self._ending.state is _ABORTING
        if over or self._printer.earlyClose or self._wire is _GREETING:
            return  # C{connectionLost} knows why hands were not shaken
        if self._ending.state is _FINISHING and self._heard.confirmed:
            self._wire = _ENDED  # it has said all that there is to say
        elif self._wire is _OPEN or self._facts.unacknowledged():
            self._lost(PrinterLost("the printer closed the connection before the end of the job"))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._watch.cancel()
        if self._rest is not None:
            self._rest.cancel()
        clean = isinstance(reason.value, error.ConnectionDone) or self._answered
        if self._secure and clean and self._wire is _ENDED:
            # The printer's close_notify, or its FIN: it has seen ours, if that was looked at.
            seen = Delivery.SENT if self._stream is None else Delivery.DELIVERED
            self._ending.delivered(self._level(seen))
        if self._wire is _GREETING:
            self._lost(PrinterLost(whyNot(reason)))
        self._wire = _CLOSING
        done = self._ending.state is _DELIVERED  # as nearly all are
        self._ending.closed(None if done else PrinterLost("the printer reset the connection"))

    # Inside.

    @property
    def _disconnecting(self) -> bool:
        closed = self._ending.state is _OVER
        return closed or getattr(self.transport, "disconnecting", False)

    def _listen(self) -> None:
        self._rest, self._listened = None, 0
        if not self._disconnecting:
            self.transport.resumeProducing()

    def _forget(self) -> None:
        if self._stream is not None and not self._secure:
            self._stream.forget()

    def _end(self) -> None:
        # Say that there is no more; under TLS there is no end of one direction alone.
        if self._wire is not _OPEN:
            return
        aborting = self._ending.state is _ABORTING
        if self._secure or (aborting and not self._printer.halfClose):
            self._wire = _ENDED
            self.transport.loseConnection()
        elif self._printer.halfClose:
            self._wire = _ENDING
            if self._stream is None:
                self.ending()
            self.transport.loseWriteConnection()
        else:
            self._wire = _ENDED
            self._watch.reset(FIRST_LOOK)

    def _watchLater(self) -> None:
        self._watch = self._printer.clock.callLater(WATCH_INTERVAL, self._checkWire)

    def _checkWire(self) -> None:
        self._watchLater()
        if self._stream is not None:
            self._stream.tune()  # most jobs do not take so long, and are spared it
        if self._ending.state is _ABORTING or self._wire is _CLOSING:
            if self._pulse.still() >= ABORT_PATIENCE:
                self.transport.abortConnection()
        elif self._pulse.dead():
            silent = self._pulse.silent()
            self._lost(PrinterLost(f"the printer has not answered for {silent:.0f} s"))
        elif self._wire is _GREETING:
            if self._pulse.still() >= HANDSHAKE_TIMEOUT:
                self._lost(PrinterLost("the printer does not speak TLS"))
        elif self._wire is not _ENDING:
            self._settle()

    def _settle(self, acknowledged: bool = False) -> None:
        # Everything is out, or all but our FIN.  What does the other side make of it?
        if self._ending.state is not _FINISHING:
            return
        if self._facts.reset():
            self._lost(PrinterLost("the printer reset the connection"))
        elif not acknowledged and self._facts.unacknowledged():
            self._pulse.mark()  # the finish time-out begins when all is acknowledged
        elif self._wire is _OPEN:
            if self._pulse.still() >= self._printer.finishTimeout:
                self._log.warn(
                    "job {job}: {uri} took every byte but did not say within {seconds} s that the"
                    " job is done; does it speak PJL?",
                    job=self._job.number,
                    uri=self._printer.uri,
                    seconds=self._printer.finishTimeout,
                )
                self._end()
        elif self._printerClosed and self._printer.halfClose:
            self._finished(Delivery.DELIVERED)
        elif not self._printer.waitEOF:
            self._finished(Delivery.SENT)
        elif self._pulse.still() >= self._printer.finishTimeout:
            if not self._heard.confirmed:
                self._log.warn(
                    "job {job}: {uri} took every byte but did not close within {seconds} s: the job"
                    " is unconfirmed; set finish-timeout=SECONDS in the printer's URI",
                    job=self._job.number,
                    uri=self._printer.uri,
                    seconds=self._printer.finishTimeout,
                )
            self._finished(Delivery.SENT)

    def _finished(self, delivery: Delivery) -> None:
        self._ending.delivered(self._level(delivery))
        self._wire = _CLOSING
        self._pulse.mark(look=False)
        self.transport.loseConnection()

    def _level(self, delivery: Delivery) -> Delivery:
        return Delivery.CONFIRMED if self._heard.confirmed else delivery

    def _giveUp(self, _: object) -> None:
        # Nobody wants the connection any more while hands are shaken.
        self._wire = _CLOSING
        self._ending.abort()
        self.transport.abortConnection()

    def _lost(self, why: PrintError) -> None:
        if self._wire is _CLOSING:
            return
        greeting, self._wire = self._wire is _GREETING, _CLOSING
        if greeting and self._ready is not None:  # the job never had the printer
            self._ending.abort()
            if not self._asked:  # dialing was given up, and nobody will ask
                self._ready.addErrback(lambda _: None)
            self._ready.errback(PrinterUnreachable(f"{self._printer.uri}: {why.reason}"))
        else:
            self._ending.lost(why)
        self.transport.abortConnection()


def fromURI(reactor: INetworkReactor, uri: DeviceURI) -> IPrinterTransport:
    """
    The transport for C{socket://host[:9100]} and C{socket+tls://host[:9143]}.

    @raise ValueError: the URI cannot be used; the message says why.
    """
    secure = uri.scheme == "socket+tls"
    usual = TLS_PORT if secure else RAW_PORT
    if not uri.host:
        example = f"{uri.scheme}://HOST"
        raise ValueError(f"a host is missing; write {example} or {example}:{usual}")
    if uri.path not in ("", "/"):
        raise ValueError(f"a socket URI has no path; leave out {uri.path!r}")
    port = usual if uri.port is None else uri.port
    endpoint = hostEndpoint(reactor, uri.host, port)
    if secure:
        endpoint = wrapClientTLS(tlsOptions(uri), endpoint)
    place = uri.place(usual)
    return _transport(reactor, endpoint, uri, f"{uri.scheme}://{place}", place, plain=not secure)


def fromEndpoint(reactor: IGatewayReactor, uri: DeviceURI) -> IPrinterTransport:
    """
    The transport for C{endpoint:STRING}, any client endpoint string of Twisted's.

    @raise ValueError: the URI cannot be used; the message says why.
    """
    endpoint = clientEndpoint(reactor, uri.path)
    place = f"endpoint:{uri.path}"
    return _transport(reactor, endpoint, uri, place, place)


def _transport(
    reactor: IReactorTime,
    endpoint: IStreamClientEndpoint,
    uri: DeviceURI,
    name: str,
    place: str,
    plain: bool = False,
) -> IPrinterTransport:
    description = uri.description or place
    return SocketTransport(reactor, endpoint, name, description, plain=plain, **_manners(uri))


def _manners(uri: DeviceURI) -> dict[str, Any]:
    return {
        "finishTimeout": uri.values["finish-timeout"],
        "earlyClose": uri.values["early-close"] == "ok",
        "waitEOF": uri.values["waiteof"],
        "halfClose": uri.values["half-close"],
        "splice": uri.values["splice"],
    }
