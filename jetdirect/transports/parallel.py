"""
C{parallel:/dev/lp0}: a printer on a parallel port, through Linux's C{lp} driver.

The driver cannot be polled: it is always ready, and then sleeps in the kernel (measured).  That is
why a thread of its own writes each job, in small pieces.  With LPABORT the driver comes back from a
printer that is out of paper or offline and says so, without it sleeps on; what it did not take is
written again until the printer is well.  For each byte that it took the printer has given its
handshake: delivered.
"""

from __future__ import annotations

import errno
import os
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from ..errors import PrinterLost
from ..interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)
from ..net.reactor import IDeviceReactor
from ..uri import DeviceURI
from .driver import DriverConnection, DriverTransport
from .ending import ABORT_PATIENCE
from .ieee1284 import modelOf, statusOfLines

PIECE = 4096
"""Bytes given to the driver at once: some seconds at the slowest, so that an abort need not wait
longer."""

BUFFER = 64 * 1024
"""Bytes that may wait for the thread before the sender is paused."""

BUSY_PAUSE, STOPPED_PAUSE = 0.02, 1.0
"""Seconds until the driver is asked again: when the printer is busy with what it has, and when it
wants a person."""

STUCK_AFTER = 15.0
"""Seconds after which the end of an aborted job is not awaited any more: the driver's own longest
sleep is 10 s (LP_TIMEOUT_POLLED in linux/lp.h)."""

_LPABORT, _LPGETSTATUS = 0x0604, 0x060B  # linux/lp.h
_STOPPED = {errno.ENOSPC: "media-empty", errno.EIO: "offline", errno.EBUSY: "other"}
"""What the driver says of a printer that wants a person (Linux, C{lp_check_status} in lp.c), and
what it means if the status lines say nothing."""


class ParallelDevice:
    """The driver's calls.  They block, at most as long as a piece takes."""

    def __init__(self, path: str) -> None:
        """@raise OSError: the device is not there, or somebody else has it."""
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        self._path = path
        self._descriptor = os.open(path, flags)
        os.set_blocking(self._descriptor, True)
        with suppress(OSError):  # not from a device that only looks like one
            ioctl(self._descriptor, _LPABORT, 1)

    def write(self, data: bytes) -> int:
        """
        @return: how many bytes the printer took.
        @raise OSError: it took none.
        """
        try:
            return os.write(self._descriptor, data)
        except OSError as why:
            # A port on USB says so when it is unplugged, a printer when it is offline.
            if why.errno == errno.EIO and not os.path.exists(self._path):
                raise OSError(errno.ENODEV, os.strerror(errno.ENODEV)) from why
            raise

    def status(self, model: str) -> PrinterStatus:
        """What the status lines say; nothing if they cannot be read."""
        lines = bytearray(4)
        try:
            ioctl(self._descriptor, _LPGETSTATUS, lines)
        except OSError:
            return PrinterStatus(model=model)
        return statusOfLines(struct.unpack("i", lines)[0], model)

    def close(self) -> None:
        """Let others have it."""
        os.close(self._descriptor)


@implementer(IPrinterTransport)
class ParallelTransport(DriverTransport):
    """A printer on a parallel port."""

    def __init__(
        self,
        reactor: IDeviceReactor,
        path: str,
        description: str = "",
        openDevice: Callable[[str], ParallelDevice] = ParallelDevice,
    ) -> None:
        """
        @param path: the device file.
        @param openDevice: opens it.
        """
        super().__init__(reactor, f"parallel:{path}", _model(path))
        self.description = description or self.status.model or path
        self._path = path
        self._openDevice = openDevice

    def find(self) -> tuple[ParallelDevice, str]:
        """L{DriverTransport}."""
        return self._openDevice(self._path), self.status.model

    def look(self) -> PrinterStatus:
        """L{DriverTransport}."""
        try:
            device = self._openDevice(self._path)
        except OSError as why:
            reason = "in-use" if why.errno == errno.EBUSY else "offline"
            return PrinterStatus("stopped", (reason,), self.status.model)
        try:
            return device.status(self.status.model)
        finally:
            device.close()

    def connected(self, job: IPrintJob, device: ParallelDevice) -> ParallelConnection:
        """L{DriverTransport}."""
        return ParallelConnection(self, job, device)

    def said(self, why: Any) -> str:
        """L{DriverTransport}."""
        match getattr(why, "errno", None):
            case errno.EBUSY:
                return "the port is in use"
            case errno.ENXIO | errno.ENODEV | errno.ENOENT:
                return "there is no such port"
            case errno.EACCES | errno.EPERM:
                return "no permission; this user must be in the group that may print there (lp)"
            case _:
                return f"the port failed: {getattr(why, 'strerror', None) or why}"


@implementer(IPrinterConnection)
class ParallelConnection(DriverConnection):
    """The printer, while one job has it."""

    def __init__(self, printer: ParallelTransport, job: IPrintJob, device: ParallelDevice) -> None:
        super().__init__(printer, job)
        self._device = device
        # What both threads use, under the lock of the condition.
        self._news = threading.Condition()
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._taken = 0
        self._inHand = 0
        self._ended = False
        self._tail: bytes | None = None
        self._atTail = False
        thread = threading.Thread(target=self._run, name=printer.uri, daemon=True)
        thread.start()

    @property
    def sent(self) -> int:
        """L{IPrinterConnection}: what the driver has in hand may be on paper already."""
        with self._news:
            return self._taken + self._inHand

    # IConsumer

    def write(self, data: bytes) -> None:
        """L{IConsumer}."""
        with self._news:
            self._pieces.extend(data[at : at + PIECE] for at in range(0, len(data), PIECE))
            self._waiting += len(data)
            full = self._waiting > BUFFER
            self._news.notify()
        if full:
            self.full()

    # IPrinterConnection

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}."""
        finished = self._ending.finish()
        with self._news:
            self._ended = True
            self._news.notify()
        return finished

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}."""
        with self._news:
            self._tail = tail
            self._news.notify()
        return self._beginAbort(STUCK_AFTER)

    # In the reactor, told by the thread.

    def _handOver(self, count: int) -> None:
        with self._news:
            if self._tail is None:
                self._inHand = count
            self._news.notify()

    def _setStatus(self, status: PrinterStatus) -> None:
        self._printer.status = status

    # In the thread.

    def _tell(self, what: Callable[..., None], *arguments: object) -> None:
        self._printer.reactor.callFromThread(what, *arguments)

    def _run(self) -> None:
        why: PrinterLost | None = None
        try:
            self._pour()
        except OSError as error:
            why = PrinterLost(self._printer.said(error))
        with suppress(OSError):
            self._device.close()
        self._tell(self._closed, why)

    def _pour(self) -> None:
        while (piece := self._next()) is not None:
            if not self._put(piece, lambda: self._tail is not None):
                break
            with self._news:
                self._waiting -= len(piece)
                empty = self._waiting == 0
            if empty:
                self._tell(self.empty)
        if self._tail:
            self._atTail = True
            deadline = time.monotonic() + ABORT_PATIENCE
            self._put(self._tail, lambda: time.monotonic() > deadline)

    def _next(self) -> bytes | None:
        with self._news:
            self._news.wait_for(lambda: self._pieces or self._ended or self._tail is not None)
            return self._pieces.popleft() if self._pieces and self._tail is None else None

    def _inHands(self, count: int) -> bool:
        # May this thread give the driver so many bytes?  Before the first byte of a job the reactor
        # answers, in a turn of its own: if it cuts the job and says that nothing was sent, that is
        # true.  What the reactor has handed over goes to the driver, even if the job is
        # cut before this thread is awake: it counts as sent.
        certain = self._taken == 0 and not self._atTail
        if certain:
            self._tell(self._handOver, count)
        with self._news:
            if certain:
                self._news.wait_for(lambda: self._inHand or self._tail is not None)
                return self._inHand > 0
            self._inHand = count
            return True

    def _put(self, data: bytes, enough: Callable[[], bool]) -> bool:
        # All of it, however long the printer is not well; unless it is enough.
        stopped = False
        while data and not enough() and self._inHands(len(data)):
            taken, pause = 0, BUSY_PAUSE
            try:
                taken = self._device.write(data)
            except OSError as error:
                if error.errno in _STOPPED:
                    pause, stopped = STOPPED_PAUSE, True
                    self._tell(self._setStatus, self._why(_STOPPED[error.errno]))
                elif error.errno != errno.EAGAIN:
                    raise
            finally:
                with self._news:
                    self._inHand = 0
                    self._taken += taken
            data = data[taken:]
            if taken and stopped:
                stopped = False
                self._tell(self._setStatus, self._printer.processing)
            if data and not taken:
                with self._news:
                    self._news.wait_for(enough, pause)
        return not data

    def _why(self, reason: str) -> PrinterStatus:
        status = self._device.status(self._printer.status.model)
        return status if status.reasons else status._replace(state="stopped", reasons=(reason,))


def _model(path: str) -> str:
    # The driver asks once, at its start; lpN is usually on parportN.
    number = path.removeprefix("/dev/lp")
    try:
        return modelOf(Path(f"/proc/sys/dev/parport/parport{number}/autoprobe").read_text())
    except (OSError, UnicodeDecodeError):
        return ""


def fromURI(reactor: IDeviceReactor, uri: DeviceURI) -> ParallelTransport:
    """
    The transport for C{parallel:/dev/lp0}.

    @raise ValueError: the URI cannot be used; the message says why.
    """
    if uri.host or uri.port is not None or not uri.path.startswith("/"):
        raise ValueError("a device is missing; write parallel:/dev/lp0")
    return ParallelTransport(reactor, uri.path, uri.description)
