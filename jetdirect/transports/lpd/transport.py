"""
C{lpd://host/queue}: a print server that speaks the line printer daemon protocol (RFC 1179).

The protocol wants the size of a job before its first octet.  If the sender has announced it (ALLO
in TYPE I) the job is streamed; if not, it goes through a temporary file first.  Each
acknowledgement is checked, and a job is delivered when the last one has come; CUPS takes a missing
one for a yes.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from functools import partial

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from ...interfaces import (
    Complaint,
    Delivery,
    ICheckedTransport,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)
from ...net.dial import hostEndpoint
from ...net.reactor import IDeviceReactor, IGatewayReactor
from ...uri import DeviceURI
from ..threads import PrinterThread
from . import rfc1179
from .client import LPDServer
from .reserved import RIGHTS, ReservedPortEndpoint, mayReserve
from .spool import SpooledConnection
from .stream import StreamedConnection

SPOOL_LIMIT = 2**30
"""Bytes of a job whose size was not announced: room for any page, not for a disk (chosen)."""


@implementer(IPrinterTransport, ICheckedTransport)
class LPDTransport:
    """A queue of a print server."""

    reaches = Delivery.DELIVERED
    status = PrinterStatus()

    def __init__(
        self,
        reactor: IDeviceReactor,
        server: LPDServer,
        description: str = "",
        spoolLimit: int = SPOOL_LIMIT,
        sources: Sequence[int] = (),
    ) -> None:
        """
        @param description: what senders see; by default the URI.
        @param spoolLimit: bytes of a job whose size was not announced.
        @param sources: the ports that the server's endpoint connects from; empty: any.
        """
        self.uri = server.uri
        self.description = description or server.uri
        self.server = server
        self._thread = PrinterThread(reactor, server.uri)
        self._spoolLimit = spoolLimit
        self._sources = sources

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}: the server must be there and take jobs for this queue."""
        return Deferred.fromCoroutine(self._open(job))

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}: what a queue says (RFC 1179, section 5.4) is for people to read."""
        return succeed(None)

    def check(self) -> Sequence[Complaint]:
        """L{ICheckedTransport}: may this process have the source ports?"""
        if not self._sources or mayReserve(self._sources[0]):
            return []
        what = f"reserve= needs source ports below 1024, which this user may not have; {RIGHTS}"
        return [Complaint(f"{self.uri}: {what}")]

    async def _open(self, job: IPrintJob) -> IPrinterConnection:
        if not job.size:
            self._thread.check("the disk for jobs of unknown size")
        dialogue = await self.server.begin()
        if job.size:
            await self.server.announce(dialogue, job, job.size)
            return StreamedConnection(dialogue, job, job.size)
        await dialogue.hangUp()
        return SpooledConnection(self._thread, self.server, job, self._spoolLimit)


def fromURI(reactor: IGatewayReactor, uri: DeviceURI) -> LPDTransport:
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
    sources = uri.values["reserve"]
    endpoint = hostEndpoint(reactor, uri.host, port)
    if sources:
        endpoint = ReservedPortEndpoint(partial(hostEndpoint, reactor, uri.host, port), sources)
    server = LPDServer(
        reactor,
        endpoint,
        f"lpd://{uri.place(port)}/{queue}",
        queue,
        uri.user,
        uri.values["finish-timeout"],
        secrets.randbelow(1000),
        uri.values["order"] == "data,control",
        uri.values["format"],
        uri.values["banner"],
    )
    description = uri.description or f"{queue} on {uri.bracketed}"
    return LPDTransport(reactor, server, description, uri.values["spool-limit"], sources)
