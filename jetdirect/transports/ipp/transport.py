"""
C{ipp://host/ipp/print} and C{ipps://}: a printer that speaks the Internet Printing Protocol (RFC
8010, RFC 8011), and CUPS, which does.

It says whether it takes a job before the first byte goes (Create-Job; Validate-Job where there is
no such operation), and when the job is printed: C{confirmed}.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from ...errors import PrintError, PrinterUnreachable
from ...interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)
from ...net.dial import hostEndpoint
from ...net.reactor import INetworkReactor
from ...uri import DeviceURI
from ..ending import FINISH_TIMEOUT
from ..tls import tlsOptions
from . import rfc8011
from .client import Document, IPPClient
from .httpclient import ANSWER_TIMEOUT
from .job import IPPConnection
from .rfc8010 import BOOLEAN, INTEGER, KEYWORD, MIME, NAME, Attribute, Response

IPP_PORT = 631
"""RFC 8010, section 4."""


_WANTED = Attribute(KEYWORD, "requested-attributes", rfc8011.PRINTER_ATTRIBUTES)


@implementer(IPrinterTransport)
class IPPTransport:
    """A printer that speaks IPP."""

    def __init__(
        self,
        clock: IReactorTime,
        client: IPPClient,
        description: str = "",
        finishTimeout: float = FINISH_TIMEOUT,
        waitJob: bool = True,
        format: str = "",
    ) -> None:
        """
        @param finishTimeout: seconds in which a job is to be printed, to be confirmed.
        @param waitJob: wait for it at all.
        @param format: the MIME type that the printer is told; by default it finds out itself.
        """
        self.uri = client.name
        self.status = PrinterStatus()
        self.reaches = Delivery.CONFIRMED if waitJob else Delivery.DELIVERED
        self._clock = clock
        self._client = client
        self._description = description
        self._finishTimeout = finishTimeout
        self._waitJob = waitJob
        self._format = format
        self._connection: IPPConnection | None = None
        self._unheard: IPPConnection | None = None

    @property
    def description(self) -> str:
        """L{IPrinterTransport}."""
        return self._description or self.status.model or self.uri

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}: the printer must be there and take the job."""
        return Deferred.fromCoroutine(self._open(job))

    def ask(self) -> Deferred[None]:
        """
        L{IPrinterTransport}.

        A printer that does not answer while it has a job of ours may take one connection at a time:
        that is no reason to call it offline, nor to ask again before the job is over.
        """
        return Deferred.fromCoroutine(self._ask())

    async def _ask(self) -> None:
        busy = self._connection
        if busy is not None and busy.released:
            busy = self._connection = None
        if busy is not None and busy is self._unheard:
            return
        try:
            printer = await self._client.peek(rfc8011.GET_PRINTER, [_WANTED])
            if printer is not None:
                self._setStatus(printer)
        except PrintError:
            if busy is None:
                self.status = PrinterStatus("stopped", ("offline",), self.status.model)
            self._unheard = busy

    def _setStatus(self, printer: Response) -> None:
        if not printer.good:
            raise PrinterUnreachable(f"{self.uri}: {rfc8011.refusal(printer)}")
        self.status = rfc8011.statusOfPrinter(printer)

    async def _open(self, job: IPrintJob) -> IPrinterConnection:
        user = Attribute(NAME, "requesting-user-name", [_name(job.user or "anonymous")])
        name = Attribute(NAME, "job-name", [_name(job.name or f"job {job.number}")])
        form = Attribute(MIME, "document-format", [self._format or rfc8011.RAW])
        printer = await self._client.ask(rfc8011.GET_PRINTER, [_WANTED])
        self._setStatus(printer)
        if not self._creates(printer):
            await self._do(rfc8011.VALIDATE_JOB, user, name, form)
            document = await self._send(job.size, rfc8011.PRINT_JOB, user, name, form)
            return self._connected(job, user, document, None)
        created = await self._do(rfc8011.CREATE_JOB, user, name)
        number = created.number("job-id")
        if number is None:
            raise PrinterUnreachable(f"{self.uri}: the printer has not said which job it made")
        which = Attribute(INTEGER, "job-id", [number])
        last = Attribute(BOOLEAN, "last-document", [True])
        try:
            document = await self._send(job.size, rfc8011.SEND_DOCUMENT, which, user, form, last)
        except BaseException:  # canceled, too; the printer would wait for the document
            asked = Deferred.fromCoroutine(self._client.ask(rfc8011.CANCEL_JOB, [which, user]))
            asked.addErrback(lambda failure: failure.trap(PrintError))
            raise
        return self._connected(job, user, document, number)

    def _creates(self, printer: Response) -> bool:
        # Can the job be made before its document comes?  And will it be taken at all?
        if printer.attributes.get("printer-is-accepting-jobs") == [False]:
            raise PrinterUnreachable(f"{self.uri}: the printer does not accept jobs")
        formats = printer.words("document-format-supported")
        if not self._format and formats and rfc8011.RAW not in formats:
            known = rfc8011.shown(", ".join(formats))
            raise PrintError(f"{self.uri}: set format=TYPE in its URI; the printer takes {known}")
        operations = printer.attributes.get("operations-supported", [])
        return rfc8011.CREATE_JOB in operations and rfc8011.SEND_DOCUMENT in operations

    async def _do(self, operation: int, *attributes: Attribute) -> Response:
        done = await self._client.ask(operation, attributes)
        if not done.good:
            raise PrinterUnreachable(f"{self.uri}: {rfc8011.refusal(done)}")
        return done

    async def _send(self, size: int | None, operation: int, *attributes: Attribute) -> Document:
        patience = max(self._finishTimeout, ANSWER_TIMEOUT)
        return await self._client.send(operation, attributes, size or None, patience)

    def _connected(
        self, job: IPrintJob, user: Attribute, document: Document, number: int | None
    ) -> IPPConnection:
        patience = self._finishTimeout if self._waitJob else None
        self._connection = IPPConnection(
            self._clock, self._client, job, user, document, number, patience
        )
        return self._connection


def _name(text: str) -> str:
    return text[: rfc8011.LONGEST_NAME]


def fromURI(reactor: INetworkReactor, uri: DeviceURI) -> IPPTransport:
    """
    The transport for C{ipp://host[:631]/path} and C{ipps://}.

    @raise ValueError: the URI cannot be used; the message says why.
    """
    if not uri.host:
        raise ValueError(f"a host is missing; write {uri.scheme}://HOST/ipp/print")
    port = IPP_PORT if uri.port is None else uri.port
    path = (
        "/ipp/print"
        if uri.path in ("", "/")
        else quote(uri.path.encode("utf-8", "surrogateescape"))
    )
    place = uri.place(IPP_PORT)
    # A zone means something on this machine only (RFC 6874, section 4).
    target = f"{uri.scheme}://{re.sub('%[^]]*', '', place)}{path}"
    endpoint = hostEndpoint(reactor, uri.host, port)
    if uri.scheme == "ipps":
        endpoint = wrapClientTLS(tlsOptions(uri), endpoint)
    return IPPTransport(
        reactor,
        IPPClient(
            reactor, endpoint, f"{uri.scheme}://{place}{path}", target, path, uri.user, uri.password
        ),
        uri.description,
        uri.values["finish-timeout"],
        uri.values["waitjob"],
        uri.values["format"],
    )
