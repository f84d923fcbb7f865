"""
A printer behind a driver that sleeps in the kernel: it is opened, asked and written beside the
reactor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from ..errors import PrinterLost, PrinterUnreachable
from ..interfaces import Delivery, IPrinterConnection, IPrintJob, PrinterStatus
from .backpressure import BackPressure


class Device(Protocol):
    """An open device file."""

    def close(self) -> None:
        """Let others have it."""


class DriverTransport:
    """
    To be extended by an L{IPrinterTransport<jetdirect.interfaces.IPrinterTransport>}.

    @ivar status: as it was seen last.
    @ivar connection: the job that has the printer, until the driver has let it go.
    """

    reaches = Delivery.DELIVERED

    def __init__(self, reactor: Any, uri: str, model: str) -> None:
        """
        @param model: what is known of the printer before it was asked.
        """
        self.reactor = reactor
        self.uri = uri
        self.status = PrinterStatus(model=model)
        self.connection: object | None = None

    # What a subclass does; the first two in a thread.

    def find(self) -> tuple[Device, str]:
        """
        Open the device.

        @return: the device and the printer's model.
        @raise OSError: it cannot be opened.
        """
        raise NotImplementedError

    def look(self) -> PrinterStatus:
        """Ask the printer how it is, and leave it."""
        raise NotImplementedError

    def connected(self, job: IPrintJob, device: Any) -> IPrinterConnection:
        """The printer, while C{job} has it."""
        raise NotImplementedError

    def said(self, why: Any) -> str:
        """What an error means, in words."""
        raise NotImplementedError

    # IPrinterTransport

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}."""
        if self.connection is not None:
            reason = "the printer has not taken what it got of the job before"
            return fail(PrinterUnreachable(f"{self.uri}: {reason}"))
        opened: Deferred[IPrinterConnection] = Deferred()

        def made(found: tuple[Device, str]) -> None:
            device, model = found
            if opened.called:  # canceled meanwhile, which stops no thread
                self.inThread(device.close)
                return
            self.status = PrinterStatus("processing", (), model)
            self.connection = self.connected(job, device)
            opened.callback(self.connection)

        def failed(failure: Failure) -> None:
            if not opened.called:
                opened.errback(PrinterUnreachable(f"{self.uri}: {self.said(failure.value)}"))

        self.inThread(self.find).addCallbacks(made, failed)
        return opened

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}: while a job has the printer, its connection asks."""
        if self.connection is not None:
            return succeed(None)
        asked: Deferred[None] = Deferred()

        def answered(status: PrinterStatus | Failure) -> None:
            if isinstance(status, PrinterStatus) and self.connection is None:
                self.status = status
            if not asked.called:
                asked.callback(None)

        self.inThread(self.look).addBoth(answered)
        return asked

    # What a connection tells and needs.

    @property
    def processing(self) -> PrinterStatus:
        """The status while a job goes on as it should."""
        return PrinterStatus("processing", (), self.status.model)

    def released(self, lost: bool) -> None:
        """The device is closed."""
        self.connection = None
        reasons = ("offline",) if lost else ()
        self.status = PrinterStatus("stopped" if lost else "idle", reasons, self.status.model)

    def inThread(self, work: Callable[[], Any]) -> Deferred[Any]:
        """Do C{work} beside the reactor."""
        return deferToThreadPool(self.reactor, self.reactor.getThreadPool(), work)


class DriverConnection(BackPressure):
    """To be extended by an L{IPrinterConnection<jetdirect.interfaces.IPrinterConnection>}."""

    _finishing: Deferred[Delivery] | None = None
    _aborting: Deferred[None] | None = None
    _patience: IDelayedCall | None = None

    def __init__(self, printer: DriverTransport, job: IPrintJob) -> None:
        self._printer = printer
        self._job = job

    @property
    def _over(self) -> bool:
        # The device is closed.
        return self._printer.connection is not self

    def _beginAbort(self, patience: float) -> Deferred[None]:
        # A driver that does not come back in time keeps the printer; the next job is told so.
        self._aborting = Deferred()
        self._patience = self._printer.reactor.callLater(patience, self._letGo)
        return self._aborting

    def _closed(self, why: PrinterLost | None) -> None:
        self._printer.released(why is not None)
        if self._patience is not None:
            self._letGo()
        elif self._finishing is None and why is not None:
            self._job.printerLost(why)
        elif self._finishing is not None and why is not None:
            self._finishing.errback(why)
        elif self._finishing is not None:
            self._finishing.callback(Delivery.DELIVERED)

    def _letGo(self) -> None:
        if self._patience is not None and self._patience.active():
            self._patience.cancel()
        aborting, self._aborting = self._aborting, None
        if aborting is not None:
            aborting.callback(None)
