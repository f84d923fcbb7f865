"""
A printer behind a driver that sleeps in the kernel: it is opened, asked and written beside the
reactor.
"""

from __future__ import annotations

from typing import Any, NoReturn, Protocol

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from ..errors import PrinterLost, PrinterUnreachable
from ..interfaces import Delivery, IPrinterConnection, IPrintJob, PrinterStatus
from ..net.reactor import IDeviceReactor
from .backpressure import BackPressure
from .ending import Ending, State
from .threads import PrinterThread


class Device(Protocol):
    """An open device file."""

    def close(self) -> None:
        """Let others have it."""


class DriverTransport:
    """
    To be extended by an L{IPrinterTransport<jetdirect.interfaces.IPrinterTransport>}.

    @ivar status: as it was seen last.
    @ivar connection: the job that has the printer, until the driver has let it go.
    @ivar thread: where the device is opened and asked; so a job waits for our own question.
    """

    reaches = Delivery.DELIVERED

    def __init__(self, reactor: IDeviceReactor, uri: str, model: str) -> None:
        """
        @param model: what is known of the printer before it was asked.
        """
        self.reactor = reactor
        self.uri = uri
        self.status = PrinterStatus(model=model)
        self.connection: object | None = None
        self.thread = PrinterThread(reactor, uri)

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
        try:
            self.thread.check(f"{self.uri}: the driver")
        except PrinterUnreachable:
            return fail()

        def late(found: tuple[Device, str]) -> None:
            self.thread.do(found[0].close)

        def made(found: tuple[Device, str]) -> IPrinterConnection:
            device, model = found
            try:
                connection = self.connected(job, device)
            except RuntimeError as why:  # there may be no more threads
                self.thread.do(device.close)
                raise PrinterUnreachable(f"{self.uri}: {why}") from why
            self.status = PrinterStatus("processing", (), model)
            self.connection = connection
            return connection

        def failed(failure: Failure) -> NoReturn:
            if failure.check(CancelledError):
                failure.raiseException()
            raise PrinterUnreachable(f"{self.uri}: {self.said(failure.value)}")

        opening = self.thread.begin(self.find, late)
        return opening.addCallbacks(made, failed)

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}: while a job has the printer, its connection asks."""
        if self.connection is None and self.thread.stuck:
            self.status = PrinterStatus("stopped", ("timed-out",), self.status.model)
        if self.connection is not None or self.thread.busy:
            return succeed(None)
        asked: Deferred[None] = Deferred()

        def answered(status: PrinterStatus | Failure) -> None:
            if isinstance(status, PrinterStatus) and self.connection is None:
                self.status = status
            if not asked.called:
                asked.callback(None)

        self.thread.do(self.look).addBoth(answered)
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


class DriverConnection(BackPressure):
    """To be extended by an L{IPrinterConnection<jetdirect.interfaces.IPrinterConnection>}."""

    def __init__(self, printer: DriverTransport, job: IPrintJob) -> None:
        self._printer = printer
        self._job = job
        self._ending = Ending(job)
        self._patience: IDelayedCall | None = None

    def _beginAbort(self, patience: float) -> Deferred[None]:
        # A driver that does not come back in time keeps the printer; the next job is told so.
        aborted = self._ending.abort()
        if self._ending.state is State.ABORTING:
            self._patience = self._printer.reactor.callLater(patience, self._ending.closed)
        return aborted

    def _closed(self, lost: PrinterLost | None) -> None:
        # The device is closed.
        self._printer.released(lost is not None)
        if self._patience is not None and self._patience.active():
            self._patience.cancel()
        if lost is None:
            self._ending.delivered(Delivery.DELIVERED)
        self._ending.closed(lost)
