"""
C{discard:}: a printer that counts its jobs and throws them away.

All that a printer of another kind needs: a transport, which is made once and opened for each job,
and a connection, which is the printer for that job.  C{jetdirect.interfaces} has the contracts.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IProducer
from zope.interface import implementer

from jetdirect.errors import PrinterLost
from jetdirect.interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)
from jetdirect.uri import DeviceURI


@implementer(IPrinterTransport)
class DiscardTransport:
    """
    The printer between jobs.

    @ivar jobs: how many it has thrown away.
    """

    uri = "discard:"
    reaches = Delivery.DELIVERED

    def __init__(self, description: str = "", jamAfter: int | None = None) -> None:
        """@param jamAfter: bytes of a job after which it is lost, or L{None}."""
        self.description = description or "waste-paper basket"
        self.status = PrinterStatus()
        self.jamAfter = jamAfter
        self.jobs = 0

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}: one that must be reached first fires later."""
        return succeed(DiscardConnection(self, job))

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}: what it says of itself is in C{status} when this has fired."""
        self.status = PrinterStatus("idle", model="Basket 1", pages=self.jobs)
        return succeed(None)


@implementer(IPrinterConnection)
class DiscardConnection:
    """The printer, while one job has it."""

    def __init__(self, printer: DiscardTransport, job: IPrintJob) -> None:
        self.sent = 0
        self._printer = printer
        self._job = job
        self._lost: PrinterLost | None = None
        self._pulled: IProducer | None = None

    def write(self, data: bytes) -> None:
        """L{IConsumer}: one that is slow keeps them, and pauses its producer meanwhile."""
        if self._lost is not None:
            return
        self.sent += len(data)
        if self._printer.jamAfter is not None and self.sent > self._printer.jamAfter:
            self._lost = PrinterLost("the basket is full")
            self._job.printerLost(self._lost)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IConsumer}: one that does not stream is asked for each piece, until it is done."""
        self._pulled = None if streaming else producer
        while self._pulled is not None:
            self._pulled.resumeProducing()  # type: ignore[attr-defined]

    def unregisterProducer(self) -> None:
        """L{IConsumer}."""
        self._pulled = None

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}: fires with what is known, and never with more."""
        if self._lost is not None:
            return fail(self._lost)
        self._printer.jobs += 1
        return succeed(Delivery.DELIVERED)

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}: not even the end of the job's language is of use here."""
        return succeed(None)


def fromURI(reactor: object, uri: DeviceURI) -> DiscardTransport:
    """
    The transport for C{discard:?jam-after=1000}.

    @raise ValueError: the URI cannot be used; the message says why.
    """
    if uri.host or uri.path:
        raise ValueError("nothing follows the colon; write discard:")
    return DiscardTransport(uri.description, uri.values["jam-after"])
