"""
C{lpd://host/queue}: a print server that speaks the line printer daemon protocol (RFC 1179).

The protocol wants the size of a job before its first octet.  If the sender has announced it (ALLO
in TYPE I) the job is streamed, and its last octet is held back until the end of the data agrees:
what is cut before stays a short file, which the server throws away.  If not, the job goes through a
temporary file first.  Each acknowledgement is checked, and a job is delivered when the last one has
come; CUPS takes a missing one for a yes.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable
from typing import IO, Any

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.interfaces import IDelayedCall, IProducer, IPushProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import JobTooLarge, PrinterLost, PrintError, PrinterUnreachable
from ..interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)
from ..tcp import ITCPFacts, Pulse, factsOf, tune
from . import rfc1179
from .uri import DeviceURI, seconds

FINISH_TIMEOUT = 90.0
"""Seconds to wait for an acknowledgement when the server's kernel has everything: as long as for
the end of a job elsewhere."""

SPOOL_LIMIT = 2**30
"""Bytes of a job whose size was not announced: room for any page, not for a disk (chosen)."""

BUFFER = 256 * 1024
"""Bytes that may wait for the temporary file before the sender is paused."""

PIECE = 64 * 1024
"""Bytes read from it at once."""

LOOK_INTERVAL = 0.5
"""Seconds between two looks at the connection's state in the kernel."""


@implementer(IPrinterTransport)
class LPDTransport:
    """A queue of a print server."""

    reaches = Delivery.DELIVERED
    status = PrinterStatus()

    def __init__(
        self,
        reactor: Any,
        host: str,
        port: int,
        queue: str,
        user: str = "",
        description: str = "",
        finishTimeout: float = FINISH_TIMEOUT,
        spoolLimit: int = SPOOL_LIMIT,
    ) -> None:
        """
        @param user: whom the server is told; by default the name that the sender logged in with.
        @param finishTimeout: seconds to wait for an acknowledgement.
        @param spoolLimit: bytes of a job whose size was not announced.
        """
        place = f"[{host}]" if ":" in host else host
        place = place if port == rfc1179.LPD_PORT else f"{place}:{port}"
        self.uri = f"lpd://{place}/{queue}"
        self.description = description or f"{queue} on {place}"
        self.reactor = reactor
        self.finishTimeout = finishTimeout
        self.spoolLimit = spoolLimit
        self._queue = queue
        self._user = user
        self._host = socket.gethostname().partition(".")[0]
        self._endpoint = HostnameEndpoint(reactor, host, port)

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}: the server must be there and take jobs for this queue."""
        return Deferred.fromCoroutine(self._open(job))

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}: what a queue says (RFC 1179, section 5.4) is for people to read."""
        return succeed(None)

    async def _open(self, job: IPrintJob) -> IPrinterConnection:
        if job.size is None:
            dialogue = await self.begin(job)
            await dialogue.hangUp()
            return SpooledConnection(self, job)
        dialogue = await self.begin(job)
        await self.announce(dialogue, job, job.size)
        connection = StreamedConnection(dialogue, job.size)
        dialogue.lost = job.printerLost
        return connection

    async def begin(self, job: IPrintJob) -> Dialogue:
        """
        A connection that is ready to take files for the queue.

        @raise PrinterUnreachable: it is not there, or says no.
        """
        factory = Factory.forProtocol(lambda: Dialogue(self.reactor, self.finishTimeout))
        factory.noisy = False
        try:
            dialogue: Any = await self._endpoint.connect(factory)
        except (ConnectError, DNSLookupError) as why:
            raise PrinterUnreachable(f"{self.uri}: {_reason(why)}") from why
        await self._ask(dialogue, rfc1179.receiveJob(self._queue), "jobs for this queue")
        assert isinstance(dialogue, Dialogue)
        return dialogue

    async def announce(self, dialogue: Dialogue, job: IPrintJob, size: int) -> None:
        """
        Send the control file and the beginning of the data file.

        @raise PrinterUnreachable: the server does not want them.
        """
        number, host, user = job.number, self._host, self._user or job.user
        control = rfc1179.controlFile(number, host, user, job.name)
        header = rfc1179.controlFileHeader(len(control), number, host)
        await self._ask(dialogue, header, "the control file")
        await self._ask(dialogue, control + rfc1179.END_OF_FILE, "the control file")
        await self._ask(dialogue, rfc1179.dataFileHeader(size, number, host), "the data file")

    async def _ask(self, dialogue: Dialogue, command: bytes, what: str) -> None:
        try:
            await dialogue.say(command, what)
        except PrinterLost as why:
            await dialogue.abort()
            raise PrinterUnreachable(f"{self.uri}: {why.reason}") from why
        except BaseException:  # canceled
            dialogue.abort()
            raise

    def inThread(self, work: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        """Do C{work} beside the reactor."""
        return deferToThreadPool(self.reactor, self.reactor.getThreadPool(), work, *arguments)


def _reason(why: Exception) -> str:
    if isinstance(why, DNSLookupError):
        return "the host name is not known"
    return str(why).rstrip(".") or "the connection failed"


@implementer(IPushProducer)
class Dialogue(Protocol):
    """
    One connection to a print server.

    @ivar sent: octets of the data file that may have reached it.
    @ivar lost: called when the server is gone while nothing is awaited from it.
    """

    transport: Any
    _facts: ITCPFacts
    _pulse: Pulse
    _watch: IDelayedCall

    def __init__(self, clock: Any, patience: float) -> None:
        """@param patience: seconds to wait for an acknowledgement."""
        self.sent = 0
        self.lost: Callable[[PrintError], None] = lambda why: None
        self._clock = clock
        self._patience = patience
        self._awaited = ""
        self._answer: Deferred[None] | None = None
        self._room: Deferred[None] | None = None
        self._gone: PrinterLost | None = None
        self._over: list[Deferred[None]] = []
        self._closed = False

    async def say(self, data: bytes, what: str) -> None:
        """
        Send something, and wait for its acknowledgement.

        @param what: in words, for what the server may refuse.
        @raise PrinterLost: it did not come.
        """
        if self._gone is not None:
            raise self._gone
        self._answer, self._awaited = Deferred(), what
        self.transport.write(data)
        self._pulse.mark()
        try:
            await self._answer
        finally:
            self._answer = None

    def pour(self, data: bytes) -> None:
        """Send octets of the data file."""
        self.sent += len(data)
        self.transport.write(data)

    async def roomThere(self) -> None:
        """
        Wait until more can be poured.

        @raise PrinterLost: that will never be.
        """
        if self._room is not None:
            await self._room
        if self._gone is not None:
            raise self._gone

    def hangUp(self) -> Deferred[None]:
        """
        End the dialogue in order.

        @return: fires when the connection is closed.
        """
        self._gone = self._gone or PrinterLost("the dialogue is over")
        self.transport.loseConnection()
        self._pulse.mark()
        return self._whenOver()

    def abort(self) -> Deferred[None]:
        """The same at once."""
        self._gone = self._gone or PrinterLost("the job was aborted")
        if not self._closed:
            self.transport.abortConnection()
        return self._whenOver()

    # IPushProducer, for its own pouring

    def pauseProducing(self) -> None:
        """L{IPushProducer}."""
        if self._room is None:
            self._room = Deferred()

    def resumeProducing(self) -> None:
        """L{IPushProducer}."""
        room, self._room = self._room, None
        if room is not None:
            room.callback(None)

    def stopProducing(self) -> None:
        """L{IPushProducer}: the connection is lost, which is told otherwise."""

    # Protocol

    def connectionMade(self) -> None:
        self._facts = factsOf(self.transport)
        self._pulse = Pulse(self._facts, self._clock)
        tune(self.transport)
        self._look()

    def dataReceived(self, data: bytes) -> None:
        """One octet for each thing that was said."""
        answer = self._answer
        if answer is None or answer.called or len(data) > 1:
            self._fail(PrinterLost("the server said something that nobody had asked"))
        elif data[0] == rfc1179.ACKNOWLEDGED:
            answer.callback(None)
        else:
            answer.errback(PrinterLost(f"the server refused {self._awaited} (code {data[0]})"))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._watch.cancel()
        self._closed = True
        awaited = self._answer is not None and not self._answer.called
        suffix = f" without an answer to {self._awaited}" if awaited else ""
        self._fail(PrinterLost(f"the server closed the connection{suffix}"))
        over, self._over = self._over, []
        for each in over:
            each.callback(None)

    # Inside.

    def _whenOver(self) -> Deferred[None]:
        over: Deferred[None] = Deferred()
        if self._closed:
            over.callback(None)
        else:
            self._over.append(over)
        return over

    def _look(self) -> None:
        self._watch = self._clock.callLater(LOOK_INTERVAL, self._look)
        if self._gone is not None:
            if self._pulse.still() >= self._patience:
                self.transport.abortConnection()
        elif self._pulse.dead():
            silent = self._pulse.silent()
            self._fail(PrinterLost(f"the server has not answered for {silent:.0f} s"))
        elif self._answer is None or self._facts.unacknowledged():
            self._pulse.mark()
        elif self._pulse.still() >= self._patience:
            self._fail(PrinterLost(f"no answer to {self._awaited} within {self._patience:g} s"))

    def _fail(self, why: PrinterLost) -> None:
        if self._gone is not None:
            return
        self._gone = why
        if not self._closed:
            self.transport.abortConnection()
        if self._answer is not None and not self._answer.called:
            self._answer.errback(why)
        else:
            self.lost(why)
        self.resumeProducing()


@implementer(IPrinterConnection)
class StreamedConnection:
    """The queue, while a job has it whose size is known."""

    def __init__(self, dialogue: Dialogue, size: int) -> None:
        self._dialogue = dialogue
        self._left = size
        self._held = b""

    @property
    def sent(self) -> int:
        """L{IPrinterConnection}."""
        return self._dialogue.sent

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}: what is more than announced stays here, with the last octet."""
        data = data[: self._left]
        self._left -= len(data)
        if data and not self._left:
            data, self._held = data[:-1], data[-1:]
        if data:
            self._dialogue.pour(data)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IPrinterConnection}."""
        self._dialogue.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """L{IPrinterConnection}."""
        self._dialogue.transport.unregisterProducer()

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}."""
        return Deferred.fromCoroutine(self._finish())

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}: a file that stays short is not printed; no tail can end it."""
        return self._dialogue.abort()

    async def _finish(self) -> Delivery:
        self._dialogue.pour(self._held)
        await _end(self._dialogue)
        return Delivery.DELIVERED


async def _end(dialogue: Dialogue) -> None:
    try:
        await dialogue.say(rfc1179.END_OF_FILE, "the end of the data file")
    except PrinterLost:
        await dialogue.abort()
        raise
    await dialogue.hangUp()


@implementer(IPrinterConnection)
class SpooledConnection:
    """The queue, while a job has it whose size is known when it has ended."""

    def __init__(self, printer: LPDTransport, job: IPrintJob) -> None:
        self._printer = printer
        self._job = job
        self._steps = DeferredLock()
        self._file: IO[bytes] | None = None
        self._dialogue: Dialogue | None = None
        self._size = 0
        self._waiting = 0
        self._paused = False
        self._streaming = True
        self._finishing = False
        self._aborted = False
        self._over: PrintError | None = None
        self._producer: IProducer | None = None

    @property
    def sent(self) -> int:
        """L{IPrinterConnection}: nothing, as long as it is only kept."""
        return 0 if self._dialogue is None else self._dialogue.sent

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}."""
        if self._over is not None:
            return
        self._size += len(data)
        if self._size > self._printer.spoolLimit:
            limit = f"{self._printer.spoolLimit} bytes (spool-limit) for a job of unknown size"
            self._lose(JobTooLarge(f"more than {limit}"))
            return
        self._waiting += len(data)
        self._step(self._keep, data).addCallbacks(self._kept, self._notKept, (len(data),))
        if self._waiting > BUFFER and self._streaming and self._producer is not None:
            self._paused = True
            self._producer.pauseProducing()  # type: ignore[attr-defined]

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IPrinterConnection}."""
        self._producer = producer
        self._streaming = streaming
        if not streaming:
            producer.resumeProducing()  # type: ignore[attr-defined]

    def unregisterProducer(self) -> None:
        """L{IPrinterConnection}."""
        self._producer = None

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}."""
        return Deferred.fromCoroutine(self._finish())

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}."""
        self._aborted = True
        self._over = self._over or PrinterLost("the job was aborted")
        closed = self._step(self._forget)
        if self._dialogue is not None:
            closed.addCallback(lambda _: self._hangUp())
            self._dialogue.abort()
        return closed

    def _hangUp(self) -> Deferred[None]:
        assert self._dialogue is not None
        return self._dialogue.abort()

    async def _finish(self) -> Delivery:
        self._finishing = True
        await self._step(lambda: None)
        if self._over is not None:
            raise self._over
        if self._size:
            try:
                self._dialogue = await self._printer.begin(self._job)
                if self._aborted:
                    await self._dialogue.abort()
                    raise PrinterLost("the job was aborted")
                await self._printer.announce(self._dialogue, self._job, self._size)
                await self._pourFile(self._dialogue)
                await _end(self._dialogue)
            finally:
                await self._step(self._forget)
        return Delivery.DELIVERED

    async def _pourFile(self, dialogue: Dialogue) -> None:
        dialogue.transport.registerProducer(dialogue, True)
        await self._step(lambda: self._file.seek(0))  # type: ignore[union-attr]
        while piece := await self._step(self._piece):
            dialogue.pour(piece)
            await dialogue.roomThere()
        dialogue.transport.unregisterProducer()

    # In the thread, one step after the other.

    def _step(self, work: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        return self._steps.run(self._printer.inThread, work, *arguments)

    def _keep(self, data: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._file.write(data)

    def _piece(self) -> bytes:
        return b"" if self._file is None else self._file.read(PIECE)

    def _forget(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    # And back.

    def _kept(self, _: None, size: int) -> None:
        self._waiting -= size
        wanted = self._paused or not self._streaming
        if not self._waiting and wanted and self._producer is not None:
            self._paused = False
            self._producer.resumeProducing()  # type: ignore[attr-defined]

    def _notKept(self, failure: Failure) -> None:
        why = getattr(failure.value, "strerror", None) or failure.value
        self._lose(PrinterLost(f"the job cannot be kept until its size is known: {why}"))

    def _lose(self, why: PrintError) -> None:
        if self._over is None:
            self._over = why
            if not self._finishing:
                self._job.printerLost(why)


def fromURI(reactor: Any, uri: DeviceURI) -> LPDTransport:
    """
    The transport for C{lpd://[user@]host[:515]/queue}.

    @raise ValueError: the URI cannot be used; the message says why.
    """
    queue = uri.path.removeprefix("/")
    if not uri.host:
        raise ValueError("a host is missing; write lpd://HOST/QUEUE")
    if not queue or not all("!" <= letter <= "~" and letter != "/" for letter in queue):
        raise ValueError("a queue is missing, or is no word; write lpd://HOST/QUEUE")
    return LPDTransport(
        reactor,
        uri.host,
        rfc1179.LPD_PORT if uri.port is None else uri.port,
        queue,
        uri.user,
        uri.description,
        uri.option("finish-timeout", FINISH_TIMEOUT, seconds, "seconds, as in finish-timeout=90"),
        uri.option("spool-limit", SPOOL_LIMIT, int, "bytes, as in spool-limit=1000000"),
    )
