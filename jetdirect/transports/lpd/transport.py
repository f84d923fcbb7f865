"""
C{lpd://host/queue}: a print server that speaks the line printer daemon protocol (RFC 1179).

The protocol wants the size of a job before its first octet.  If the sender has announced it (ALLO
in TYPE I) the job is streamed; if not, it goes through a temporary file first.  Each
acknowledgement is checked, and a job is delivered when the last one has come; CUPS takes a missing
one for a yes.
"""

from __future__ import annotations

import re
from typing import Any

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from ...interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)
from ...tcp import hostEndpoint
from ..uri import DeviceURI, seconds
from . import rfc1179
from .client import PrintServer
from .spool import SpooledConnection
from .stream import StreamedConnection

FINISH_TIMEOUT = 90.0
"""Seconds to wait for an acknowledgement when the server's kernel has everything: as long as for
the end of a job elsewhere."""

SPOOL_LIMIT = 2**30
"""Bytes of a job whose size was not announced: room for any page, not for a disk (chosen)."""


@implementer(IPrinterTransport)
class LPDTransport:
    """A queue of a print server."""

    reaches = Delivery.DELIVERED
    status = PrinterStatus()

    def __init__(
        self,
        reactor: Any,
        server: PrintServer,
        description: str = "",
        spoolLimit: int = SPOOL_LIMIT,
    ) -> None:
        """
        @param description: what senders see; by default the URI.
        @param spoolLimit: bytes of a job whose size was not announced.
        """
        self.uri = server.uri
        self.description = description or server.uri
        self._reactor = reactor
        self._server = server
        self._spoolLimit = spoolLimit

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}: the server must be there and take jobs for this queue."""
        return Deferred.fromCoroutine(self._open(job))

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}: what a queue says (RFC 1179, section 5.4) is for people to read."""
        return succeed(None)

    async def _open(self, job: IPrintJob) -> IPrinterConnection:
        dialogue = await self._server.begin()
        if job.size:
            await self._server.announce(dialogue, job, job.size)
            return StreamedConnection(dialogue, job, job.size)
        await dialogue.hangUp()
        return SpooledConnection(self._reactor, self._server, job, self._spoolLimit)


def fromURI(reactor: Any, uri: DeviceURI) -> LPDTransport:
    """
    The transport for C{lpd://[user@]host[:515]/queue}.

    @raise ValueError: the URI cannot be used; the message says why.
    """
    queue = uri.path.removeprefix("/")
    if not uri.host:
        raise ValueError("a host is missing; write lpd://HOST/QUEUE")
    if not re.fullmatch(r"[!-.0-~]+", queue):
        raise ValueError("a queue is missing, or is no word; write lpd://HOST/QUEUE")
    port = rfc1179.LPD_PORT if uri.port is None else uri.port
    host = f"[{uri.host}]" if ":" in uri.host else uri.host
    server = PrintServer(
        reactor,
        hostEndpoint(reactor, uri.host, port),
        f"lpd://{host}:{port}/{queue}",
        queue,
        uri.user,
        uri.option("finish-timeout", FINISH_TIMEOUT, seconds, "seconds, as in finish-timeout=90"),
    )
    limit = uri.option("spool-limit", SPOOL_LIMIT, _count, "bytes, as in spool-limit=1000000")
    return LPDTransport(reactor, server, uri.description or f"{queue} on {host}", limit)


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,15}", text, re.ASCII):
        raise ValueError(text)
    return int(text)
