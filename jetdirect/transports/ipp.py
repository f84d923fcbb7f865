"""
C{ipp://host/ipp/print} and C{ipps://}: a printer that speaks the Internet Printing Protocol (RFC
8010, RFC 8011), and CUPS, which does.

It says whether it takes a job before the first byte goes (Create-Job; Print-Job where there is no
such operation), and when the job is printed: C{confirmed}.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IProducer
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import PrinterLost, PrintError, PrinterUnreachable
from ..interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)
from .ippclient import Document, IPPClient, NoAnswer
from .rfc8010 import BOOLEAN, INTEGER, KEYWORD, MIME, NAME, Attribute, Response
from .uri import DeviceURI, seconds, switch

IPP_PORT = 631
"""RFC 8010, section 4."""

FINISH_TIMEOUT = 90.0
"""Seconds in which a job that the printer has is to be printed, to be confirmed; as long as for the
end of a job elsewhere."""

RAW = "application/octet-stream"
"""Whatever it is: the printer finds out (RFC 8011, section 5.1.10)."""

WATCH_INTERVAL = 0.5
"""Seconds between two looks at the connection's state in the kernel."""

_PRINT_JOB, _CREATE_JOB, _SEND_DOCUMENT = 0x0002, 0x0005, 0x0006
_CANCEL_JOB, _GET_JOB, _GET_PRINTER = 0x0008, 0x0009, 0x000B
"""Operations (RFC 8011, section 5.4.15)."""

_CANCELED, _ABORTED, _COMPLETED = 7, 8, 9
"""Job states (section 5.3.7)."""

_STATES = {3: "idle", 4: "processing", 5: "stopped"}
"""Printer states (section 5.4.11)."""

_PRINTER = [
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "printer-make-and-model",
    "printer-impressions-completed",
    "operations-supported",
]


def _pauses() -> Iterator[float]:
    # A label is printed in a moment, a book is not.
    pause = 0.1
    while True:
        yield min(pause, 10.0)
        pause *= 2


@implementer(IPrinterTransport)
class IPPTransport:
    """A printer that speaks IPP."""

    _log = Logger()

    def __init__(
        self,
        clock: Any,
        client: IPPClient,
        description: str = "",
        finishTimeout: float = FINISH_TIMEOUT,
        waitJob: bool = True,
    ) -> None:
        """
        @param finishTimeout: seconds in which a job is to be printed, to be confirmed.
        @param waitJob: wait for it at all.
        """
        self.uri = client.uri
        self.status = PrinterStatus()
        self.reaches = Delivery.CONFIRMED if waitJob else Delivery.DELIVERED
        self.clock = clock
        self.client = client
        self.finishTimeout = finishTimeout
        self.waitJob = waitJob
        self._description = description

    @property
    def description(self) -> str:
        """L{IPrinterTransport}."""
        return self._description or self.status.model or self.uri

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}: the printer must be there and take the job."""
        return Deferred.fromCoroutine(self._open(job))

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}."""
        return Deferred.fromCoroutine(self._ask())

    async def _open(self, job: IPrintJob) -> IPrinterConnection:
        said = [
            Attribute(NAME, "requesting-user-name", [job.user or "anonymous"]),
            Attribute(NAME, "job-name", [job.name or f"job {job.number}"]),
        ]
        try:
            printer = await self._printer()
            if printer.attributes.get("printer-is-accepting-jobs") == [False]:
                raise PrinterUnreachable(f"{self.uri}: the printer does not accept jobs")
            number = None
            if _CREATE_JOB in printer.attributes.get("operations-supported", []):
                created = await self.client.ask(_CREATE_JOB, said)
                if not created.good:
                    raise PrinterUnreachable(f"{self.uri}: {refusal(created)}")
                number = created.number("job-id")
        except NoAnswer as why:
            raise PrinterUnreachable(f"{self.uri}: {why}") from why
        return IPPConnection(self, job, said, number)

    async def _printer(self) -> Response:
        wanted = Attribute(KEYWORD, "requested-attributes", _PRINTER)
        printer = await self.client.ask(_GET_PRINTER, [wanted])
        if not printer.good:
            raise NoAnswer(refusal(printer))
        reasons = [_plain(each) for each in printer.words("printer-state-reasons")]
        self.status = PrinterStatus(
            _STATES.get(printer.number("printer-state") or 0, ""),
            tuple(dict.fromkeys(each for each in reasons if each != "none")),
            printer.text("printer-make-and-model"),
            printer.number("printer-impressions-completed"),
        )
        return printer

    async def _ask(self) -> None:
        try:
            await self._printer()
        except NoAnswer:
            self.status = PrinterStatus("stopped", ("offline",), self.status.model)


def _plain(reason: str) -> str:
    # Section 5.4.12: how serious it is may be a suffix.
    for suffix in ("-error", "-warning", "-report"):
        reason = reason.removesuffix(suffix)
    return reason


def refusal(response: Response) -> str:
    """What a printer that said no has said."""
    said = response.text("status-message")
    return f"the printer refused (0x{response.status:04x}{': ' if said else ''}{said})"


@implementer(IPrinterConnection)
class IPPConnection:
    """The printer, while one job has it."""

    _log = Logger()

    def __init__(
        self,
        printer: IPPTransport,
        job: IPrintJob,
        said: list[Attribute],
        number: int | None,
    ) -> None:
        """
        @param said: the attributes of the operation that brings the document.
        @param number: the printer's own of the job; L{None}: it is to be made with the document.
        """
        self._printer = printer
        self._job = job
        self._said = said
        self._number = number
        self._document: Document | None = None
        self._answer: Deferred[None] | None = None
        self._taken: Deferred[None] = Deferred()
        self._finishing = False
        self._watch = LoopingCall(self._look)
        self._watch.clock = printer.clock
        self._over: PrintError | None = None

    @property
    def sent(self) -> int:
        """L{IPrinterConnection}."""
        return 0 if self._document is None else self._document.sent

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}: the first byte opens the document."""
        if self._over is None:
            self._begin().write(data)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IPrinterConnection}."""
        self._begin().registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """L{IPrinterConnection}."""
        if self._document is not None:
            self._document.unregisterProducer()

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}."""
        return Deferred.fromCoroutine(self._finish())

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}: the printer is asked to cancel the job; no tail is needed."""
        self._over = self._over or PrinterLost("the job was aborted")
        return Deferred.fromCoroutine(self._cancel())

    # Inside.

    def _begin(self) -> Document:
        if self._document is None:
            said = [*self._said, Attribute(MIME, "document-format", [RAW])]
            if self._number is None:
                operation = _PRINT_JOB
            else:
                operation = _SEND_DOCUMENT
                said.insert(0, Attribute(INTEGER, "job-id", [self._number]))
                said.append(Attribute(BOOLEAN, "last-document", [True]))
            client = self._printer.client
            self._document, answer = client.send(operation, said)
            self._answer = answer.addCallbacks(self._answered, self._notAnswered)
            self._watch.start(WATCH_INTERVAL, now=False)
        return self._document

    def _answered(self, response: Response) -> None:
        if not response.good:
            self._lose(PrinterLost(refusal(response)))
        elif not self._finishing:
            self._lose(PrinterLost("the printer answered before the end of the job"))
        else:
            self._number = self._number or response.number("job-id")
            self._taken.callback(None)

    def _notAnswered(self, failure: Failure) -> None:
        failure.trap(NoAnswer, CancelledError)
        self._lose(PrinterLost(str(failure.value) or "the connection was lost"))

    def _look(self) -> None:
        document = self._document
        assert document is not None
        if document.pulse is None:
            return
        if document.pulse.dead():
            silent = document.pulse.silent()
            self._lose(PrinterLost(f"the printer has not answered for {silent:.0f} s"))
        elif not self._finishing or document.unacknowledged:
            document.pulse.mark()
        elif document.pulse.still() >= self._printer.finishTimeout:
            seconds = self._printer.finishTimeout
            self._lose(PrinterLost(f"no answer to the whole job within {seconds:g} s"))

    def _lose(self, why: PrinterLost) -> None:
        if self._over is None:
            self._over = why
            if not self._finishing:
                self._job.printerLost(why)
            elif not self._taken.called:
                self._taken.errback(why)

    async def _finish(self) -> Delivery:
        self._finishing = True
        if self._over is not None:
            raise self._over
        if self._document is None:
            await self._cancel()  # a job without a byte is none
            return Delivery.DELIVERED
        self._document.end()
        await self._taken
        self._stopWatching()
        return await self._confirm() if self._printer.waitJob else Delivery.DELIVERED

    async def _confirm(self) -> Delivery:
        # The printer has all of it.  Has it been printed?
        printer, number = self._printer, self._number
        deadline = printer.clock.seconds() + printer.finishTimeout
        for pause in _pauses():
            if number is None or self._over is not None:
                break
            try:
                job = await printer.client.ask(
                    _GET_JOB,
                    [
                        Attribute(INTEGER, "job-id", [number]),
                        Attribute(
                            KEYWORD, "requested-attributes", ["job-state", "job-state-reasons"]
                        ),
                    ],
                )
            except NoAnswer:
                break
            state = job.number("job-state")
            if state == _COMPLETED:
                return Delivery.CONFIRMED
            if state in (_CANCELED, _ABORTED):
                reasons = ", ".join(job.words("job-state-reasons"))
                done = "canceled" if state == _CANCELED else "aborted"
                raise PrinterLost(f"the printer has {done} the job ({reasons})")
            if not job.good or printer.clock.seconds() + pause > deadline:
                break
            await deferLater(printer.clock, pause)
        return Delivery.DELIVERED

    def _stopWatching(self) -> None:
        if self._watch.running:
            self._watch.stop()

    async def _cancel(self) -> None:
        self._stopWatching()
        if self._answer is not None:
            self._answer.cancel()
        if self._number is not None:
            try:
                named = Attribute(INTEGER, "job-id", [self._number])
                await self._printer.client.ask(_CANCEL_JOB, [named, self._said[0]])
            except NoAnswer as why:
                self._log.warn(
                    "job {job}: {uri} was not asked to cancel it: {why}",
                    job=self._job.number,
                    uri=self._printer.uri,
                    why=str(why),
                )


def fromURI(reactor: Any, uri: DeviceURI) -> IPPTransport:
    """
    The transport for C{ipp://host[:631]/path} and C{ipps://}.

    @raise ValueError: the URI cannot be used; the message says why.
    """
    if not uri.host:
        raise ValueError(f"a host is missing; write {uri.scheme}://HOST/ipp/print")
    host = f"[{uri.host}]" if ":" in uri.host else uri.host
    path = quote(uri.path) if uri.path not in ("", "/") else "/ipp/print"
    place = f"{uri.scheme}://{host}:{IPP_PORT if uri.port is None else uri.port}{path}"
    context = _believed(uri) if uri.scheme == "ipps" else None
    return IPPTransport(
        reactor,
        IPPClient(reactor, place, uri.user, uri.password, context),
        uri.description,
        uri.option("finish-timeout", FINISH_TIMEOUT, seconds, "seconds, as in finish-timeout=90"),
        uri.option("waitjob", True, switch, "on or off, as in waitjob=off"),
    )


def _believed(uri: DeviceURI) -> Any:
    try:
        from .tlstrust import anybody, signedBy
    except ImportError:
        raise ValueError("TLS needs pyOpenSSL; pip install 'jetdirect[tls]'") from None
    if "tls-ca" in uri.options:
        return signedBy(uri.options["tls-ca"])
    choices = {"verify": False, "any": True}
    return anybody() if uri.option("tls", False, choices.__getitem__, "verify or any") else None
