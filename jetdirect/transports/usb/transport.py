"""
C{usb:/dev/usb/lp0} and C{usb://Make/Model?serial=XYZ}: a printer on USB, through L{usblp}.

A thread of its own writes each job, one transfer after the other, and learns what became of each;
all else happens in the reactor.  A printer without paper takes nothing, and is waited for as long
as it is there, also at the end of a job: the driver tells when it is unplugged or switched off.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any
from urllib.parse import quote

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ...errors import PrinterLost, PrinterUnreachable
from ...interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)
from ...net.reactor import IDeviceReactor
from ...uri import DeviceURI
from ..driver import DriverConnection, DriverTransport
from ..ending import ABORT_PATIENCE, State
from .usblp import Place, USBDevice

PIECE = 8192
"""Bytes given to the driver at once: one of its transfers (USBLP_BUF_SIZE in usblp.c)."""

BUFFER = 64 * 1024
"""Bytes that may wait for the thread before the sender is paused."""

STALLED_AFTER = 5.0
"""Seconds without progress after which the printer is asked why, and how often (chosen: some
printers are confused by questions while they take data)."""

LOOK_INTERVAL = 1.0
"""Seconds between two looks at the progress."""


@implementer(IPrinterTransport)
class USBTransport(DriverTransport):
    """
    A printer on USB.

    @ivar closeDelay: seconds between the last byte of a job and the end of the connection.
    """

    def __init__(
        self,
        reactor: IDeviceReactor,
        uri: str,
        place: Place,
        description: str = "",
        bidirectional: bool = True,
        closeDelay: float = 0.0,
        openDevice: Callable[[str, bool], USBDevice] = USBDevice,
    ) -> None:
        """
        @param bidirectional: whether to listen to the printer, and to ask it how it is.
        @param closeDelay: seconds between the last byte of a job and the end of the connection.
        @param openDevice: opens a device file.
        """
        model = ""
        with suppress(PrinterUnreachable):
            model = place.find()[1]
        super().__init__(reactor, uri, model)
        self.closeDelay = closeDelay
        self._place = place
        self._description = description
        self._bidirectional = bidirectional
        self._openDevice = openDevice

    @property
    def description(self) -> str:
        """L{IPrinterTransport}."""
        return self._description or self.status.model or str(self._place)

    def find(self) -> tuple[USBDevice, str]:
        """L{DriverTransport}."""
        path, model = self._place.find()
        return self._openDevice(path, self._bidirectional), model

    def look(self) -> PrinterStatus:
        """L{DriverTransport}."""
        model = self.status.model
        try:
            path, model = self._place.find()
            if not self._bidirectional:
                os.stat(path)
                return PrinterStatus(model=model)  # it is there, and better not asked
            device = self._openDevice(path, False)
            try:
                return device.status(model)
            finally:
                device.close()
        except (OSError, PrinterUnreachable) as why:
            busy = getattr(why, "errno", None) == errno.EBUSY
            return PrinterStatus("stopped", ("in-use" if busy else "offline",), model)

    def connected(self, job: IPrintJob, device: USBDevice) -> USBConnection:
        """L{DriverTransport}."""
        return USBConnection(self, job, device)

    def said(self, why: Any) -> str:
        """L{DriverTransport}."""
        if isinstance(why, PrinterUnreachable):
            return why.reason
        match getattr(why, "errno", None):
            case errno.EBUSY:
                return "the printer is in use"
            case errno.ENOENT | errno.ENXIO:
                return "no printer is plugged in there"
            case errno.ENODEV:
                return "the printer is not plugged in, or switched off"
            case errno.EACCES | errno.EPERM:
                return "no permission; this user must be in the group that may print there (lp)"
            case errno.EIO:
                return "a transfer failed: the printer refused it, or is not there any more"
            case errno.EINTR:
                return "the gateway was halted while the printer had a transfer"
            case _:
                return f"the printer failed: {getattr(why, 'strerror', None) or why}"


@implementer(IPrinterConnection, IReadDescriptor)
class USBConnection(DriverConnection):
    """
    The printer, while one job has it.

    All of it happens in the reactor, but for the thread, which writes one piece at a time.
    """

    _log = Logger()

    def __init__(self, printer: USBTransport, job: IPrintJob, device: USBDevice) -> None:
        super().__init__(printer, job)
        self.sent = 0
        self._reactor = printer.reactor
        self._closeDelay = printer.closeDelay
        self._device = device
        self._buffer = bytearray()
        self._inHand = 0
        self._ended = False
        self._closing = False
        self._gone: PrinterLost | None = None
        self._since = self._reactor.seconds()
        self._heardNothing = self._pausing = False
        self._pieces: SimpleQueue[bytes | None] = SimpleQueue()
        threading.Thread(target=self._run, name=printer.uri, daemon=True).start()
        self._looking: IDelayedCall = self._reactor.callLater(LOOK_INTERVAL, self._checkProgress)
        if device.bidirectional:
            self._listen()

    # IConsumer

    def write(self, data: bytes) -> None:
        """L{IConsumer}."""
        if self._ended:
            return
        self._buffer += data
        self._next()
        if len(self._buffer) > BUFFER:
            self.full()

    # IPrinterConnection

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}: when the printer has acknowledged the last transfer."""
        finished = self._ending.finish()
        self._ended = True
        self._next()
        return finished

    def abort(self, tail: bytes) -> Deferred[None]:
        """
        L{IPrinterConnection}: a printer that takes nothing keeps the device; it gets the tail when
        it is well, and the next job is told so meanwhile.
        """
        aborted = self._beginAbort(ABORT_PATIENCE)
        self._ended = True
        if not self._closing:
            self._buffer[:] = tail
        self._next()
        return aborted

    # IReadDescriptor

    def fileno(self) -> int:
        """L{IReadDescriptor}."""
        return self._device.fileno()

    def logPrefix(self) -> str:
        """L{IReadDescriptor}."""
        return self._printer.uri

    def doRead(self) -> None:
        """L{IReadDescriptor}: there is something, but the driver may sleep before it gives it."""
        self._reactor.removeReader(self)
        self._printer.thread.do(self._device.read).addCallbacks(self._heard, self._notHeard)

    def connectionLost(self, reason: Failure) -> None:
        """L{IReadDescriptor}: unplugged.  If the thread has a piece in hand, it will know."""
        if not self._inHand:
            self._failed(OSError(errno.ENODEV, "unplugged"))

    def _heard(self, said: bytes) -> None:
        self._log.debug("job {job}: the printer says {data!r}", job=self._job.number, data=said)
        # An empty answer may end a full one; printers that go on with them wait for the next look.
        self._pausing = not said and self._heardNothing
        self._heardNothing = not said
        if not self._pausing:
            self._listen()

    def _notHeard(self, failure: Failure) -> None:
        self._pausing = True
        if getattr(failure.value, "errno", None) == errno.ENODEV:
            self.connectionLost(failure)

    def _listen(self) -> None:
        if not self._closing:
            self._reactor.addReader(self)

    # Inside.

    def _next(self) -> None:
        if self._inHand or self._closing:
            return
        if self._buffer:
            piece = bytes(self._buffer[:PIECE])
            del self._buffer[:PIECE]
            self._inHand = len(piece)
            self.sent += len(piece)
            self._since = self._reactor.seconds()
            self._pieces.put(piece)
        elif self._ended:
            finishing = self._ending.state is State.FINISHING
            self._close(self._closeDelay if finishing else 0.0)

    def _wrote(self) -> None:
        self._inHand = 0
        if self._printer.status.state == "stopped":
            self._printer.status = self._printer.processing
        self._next()
        if not self._buffer:
            self.empty()

    def _failed(self, why: OSError) -> None:
        self._inHand = 0
        self._ended = True
        self._buffer.clear()
        if self._gone is None and not self._closing:
            self._gone = PrinterLost(self._printer.said(why))
            self._close(0.0)

    def _checkProgress(self) -> None:
        self._looking = self._reactor.callLater(LOOK_INTERVAL, self._checkProgress)
        if self._pausing:
            self._pausing = False
            self._listen()
        now = self._reactor.seconds()
        if self._inHand and now - self._since >= STALLED_AFTER and self._device.bidirectional:
            self._since = now
            model = self._printer.status.model
            self._printer.thread.do(lambda: self._device.status(model)).addCallback(self._answered)

    def _answered(self, status: PrinterStatus) -> None:
        if self._inHand and status.reasons:
            self._printer.status = status

    def _close(self, delay: float) -> None:
        self._closing = True
        self._looking.cancel()
        self._reactor.removeReader(self)
        if delay:
            self._reactor.callLater(delay, self._pieces.put, None)
        else:
            self._pieces.put(None)

    # In the thread.

    def _run(self) -> None:
        # A signal would end a write whose bytes the driver has already.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        tell = self._reactor.callFromThread
        while (piece := self._pieces.get()) is not None:
            try:
                while piece:
                    piece = piece[self._device.write(piece) :]
            except OSError as why:
                tell(self._failed, why)
            else:
                tell(self._wrote)
        with suppress(OSError):
            self._device.close()
        tell(lambda: self._closed(self._gone))


def _quoted(text: str) -> str:
    return quote(text, safe="")


def fromURI(reactor: IDeviceReactor, uri: DeviceURI) -> USBTransport:
    """
    The transport for C{usb:/dev/usb/lp0}, or C{usb://Make/Model?serial=XYZ} as CUPS writes it.

    @raise ValueError: the URI cannot be used; the message says why.
    """
    model = uri.path.strip("/")
    if uri.port is not None or not model or not (uri.host or uri.path.startswith("/")):
        raise ValueError(
            "a printer is missing; write usb:/dev/usb/lp0 or usb://MAKE/MODEL?serial=NUMBER"
        )
    serial, interface = uri.values["serial"], uri.values["interface"]
    if uri.host:
        place = Place("", uri.host, model, serial, interface)
        name = f"usb://{_quoted(uri.host)}/{_quoted(model)}"
        name += f"?serial={_quoted(serial)}" if serial else ""
    elif serial or interface is not None:
        raise ValueError("a device file has no serial= or interface=; leave them out")
    else:
        place, name = Place(uri.path), f"usb:{uri.path}"
    return USBTransport(
        reactor,
        name,
        place,
        uri.description,
        uri.values["bidir"],
        uri.values["close-delay"],
    )
