"""
C{serial:/dev/ttyS0?baud=9600}: a printer on a serial line, through pyserial.

Nothing comes back from such a line but flow control, so C{sent} is all that can be reached:
the driver took every byte, and its queue ran empty.  A line that is held by its printer (XOFF, CTS)
is waited for during a job; at its end only for a time, because closing it would throw away what
the driver still has.
"""

from __future__ import annotations

import errno
import os
import select
import struct
import termios
from contextlib import suppress
from fcntl import ioctl
from typing import Any, NoReturn

import serial
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IProducer
from twisted.internet.main import CONNECTION_LOST
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import PrinterLost, PrinterUnreachable
from ..interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)
from ..net.facts import unwritten
from ..net.reactor import IDeviceReactor
from ..uri import DeviceURI
from .backchannel import BackChannel
from .descriptor import DescriptorConnection
from .ending import ABORT_PATIENCE, FINISH_TIMEOUT, State
from .threads import PrinterThread

HELD_AFTER = 5.0
"""Seconds without progress after which the line is said to be held by its printer (chosen)."""

LOOK_INTERVAL = 0.05
"""Seconds between two looks at the driver's queue: 48 bytes at 9600 baud."""

_PARITIES = {
    "none": serial.PARITY_NONE,
    "even": serial.PARITY_EVEN,
    "odd": serial.PARITY_ODD,
    "space": serial.PARITY_SPACE,
    "mark": serial.PARITY_MARK,
}
_FLOWS: dict[str, dict[str, bool]] = {
    "none": {},
    "soft": {"xonxoff": True},
    "hard": {"rtscts": True},
    "rtscts": {"rtscts": True},
}


@implementer(IPrinterTransport)
class SerialTransport:
    """A printer on a serial line."""

    reaches = Delivery.SENT

    def __init__(
        self,
        reactor: IDeviceReactor,
        path: str,
        description: str = "",
        finishTimeout: float = FINISH_TIMEOUT,
        **line: Any,
    ) -> None:
        """
        @param path: the device file.
        @param finishTimeout: seconds without progress after which the end of a job is lost.
        @param line: what L{serial.Serial} takes: C{baudrate}, C{bytesize} and so on.
        """
        self.uri = f"serial:{path}"
        self.description = description or path
        self.status = PrinterStatus()
        self.reactor = reactor
        self.finishTimeout = finishTimeout
        self._path = path
        self._line = line
        self.connection: SerialConnection | None = None
        self.thread = PrinterThread(reactor, self.uri)

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}: no carrier is waited for, but a driver may take its time."""
        try:
            self.thread.check(f"{self.uri}: the driver")
        except PrinterUnreachable:
            return fail()

        def made(line: Any) -> IPrinterConnection:
            self.connection = SerialConnection(self, job, line)
            return self.connection

        def failed(failure: Failure) -> NoReturn:
            failure.trap(OSError, ValueError, termios.error, RuntimeError)
            raise PrinterUnreachable(f"{self.uri}: {_whyNotOpened(failure.value)}")

        opening = self.thread.begin(self._openLine, self.close)
        return opening.addCallbacks(made, failed)

    def close(self, line: Any) -> None:
        """Some drivers wait until the line has taken what their chip has (30 s in Linux)."""

        def close() -> None:
            with suppress(OSError, termios.error):
                line.close()

        self.thread.do(close)

    def _openLine(self) -> Any:
        line = serial.Serial(self._path, exclusive=True, timeout=0, write_timeout=0, **self._line)
        try:
            # pyserial's lock is advisory (flock); this one the kernel holds against all but root.
            ioctl(line.fileno(), termios.TIOCEXCL)
        except OSError:
            line.close()
            raise
        return line

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}: an idle line is not opened for it, that would move its signals."""
        held = self.connection is not None and self.connection.held
        self.status = (
            PrinterStatus("stopped", ("held-by-flow-control",)) if held else PrinterStatus()
        )
        return succeed(None)


@implementer(IPrinterConnection)
class SerialConnection(DescriptorConnection):
    """The printer, while one job has it."""

    def __init__(self, printer: SerialTransport, job: IPrintJob, line: Any) -> None:
        super().__init__(printer.reactor, job)
        self._printer = printer
        self._line = line
        self._progress = (0, self._clock.seconds())
        self._draining = False
        self._heard = BackChannel(job.number)
        self.startReading()

    def fileno(self) -> int:
        """L{FileDescriptor}."""
        return int(self._line.fileno()) if self._line.is_open else -1

    @property
    def held(self) -> bool:
        """Has the line taken nothing for a while, though there is something?"""
        return self._left() > 0 and self._seconds() >= HELD_AFTER

    # FileDescriptor

    def writeSomeData(self, data: bytes) -> int | Exception:
        """L{FileDescriptor}."""
        taken = super().writeSomeData(data)
        if taken:
            self._markProgress()
        return taken

    def doRead(self) -> Exception | None:
        """L{FileDescriptor}: what the printer says is read, and never passed on."""
        try:
            said = os.read(self.fileno(), 4096)
        except OSError as why:
            return None if why.errno in (errno.EAGAIN, errno.EINTR) else CONNECTION_LOST
        if not said:
            # Also of a line that lives, when another program has read what was there (VMIN is 0).
            poll = select.poll()
            poll.register(self.fileno(), 0)
            return CONNECTION_LOST if poll.poll(0) else None
        self._heard.heard(said)
        return None

    def connectionLost(self, reason: Failure) -> None:
        """L{FileDescriptor}: the line is no more."""
        super().connectionLost(reason)
        self._end(PrinterLost("the serial line is gone"))

    # IPrinterConnection

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IPrinterConnection}."""
        if not self.disconnected:
            super().registerProducer(producer, streaming)

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}: when the driver's queue is empty."""
        self._markProgress()
        return super().finish()

    # Inside.

    def _forget(self) -> None:
        super()._forget()
        self._markProgress()

    def _queued(self) -> int:
        # What the driver has not sent; always 0 on pseudo terminals (measured).
        try:
            return int(struct.unpack("i", ioctl(self.fileno(), termios.TIOCOUTQ, bytes(4)))[0])
        except OSError:
            return 0

    def _left(self) -> int:
        if not self._line.is_open:
            return 0
        return unwritten(self) + self._queued()

    def _markProgress(self) -> None:
        self._progress = (self._left(), self._clock.seconds())

    def _seconds(self) -> float:
        # Since the line last took something.
        if self._left() != self._progress[0]:
            self._markProgress()
        elapsed: float = self._clock.seconds() - self._progress[1]
        return elapsed

    def _checkLeft(self) -> None:
        self._timer = None
        aborting = self._ending.state is State.ABORTING
        patience = ABORT_PATIENCE if aborting else self._printer.finishTimeout
        waits = self._left() > 0
        if (waits or self._draining) and self._seconds() >= patience:
            self._flush()
            self._end(PrinterLost(f"the printer has held the line for {patience:g} s"))
            return
        if not waits and not self._draining:
            self._drain()
        if self._ending.state is not State.OVER:
            self._timer = self._clock.callLater(LOOK_INTERVAL, self._checkLeft)

    def _throwAway(self) -> None:
        self._flush()
        super()._throwAway()

    def _flush(self) -> None:
        # Or close() would wait for the line, and throw it away then.
        with suppress(OSError, termios.error):
            termios.tcflush(self.fileno(), termios.TCOFLUSH)

    def _drain(self) -> None:
        # The queue is empty; the chip has some bytes yet, which the driver waits for.  Some drivers
        # of USB converters do so without an end while the printer holds the line.
        self._draining = True
        descriptor = self.fileno()
        drained = self._printer.thread.do(lambda: termios.tcdrain(descriptor))
        drained.addCallbacks(self._drained, self._notDrained)

    def _drained(self, _: object) -> None:
        self._draining = False
        if not self._left():  # or it was cut in this very moment, and there is a tail
            self._end(None)

    def _notDrained(self, why: Failure) -> None:
        why.trap(OSError, termios.error, RuntimeError)
        self._draining = False
        number, *reason = why.value.args  # type: ignore[union-attr]
        if number != errno.EINTR:  # it is tried again
            self._end(PrinterLost(f"the serial line failed: {reason[-1] if reason else number}"))

    def _close(self) -> None:
        super()._close()
        self._printer.connection = None
        if self._draining:
            # The thread may not come back; it has the line for itself then.
            with suppress(OSError, termios.error):
                self._line.close()
        else:
            self._printer.close(self._line)


def _whyNotOpened(why: Any) -> str:
    match getattr(why, "errno", None):
        case errno.ENOENT | errno.ENXIO | errno.ENODEV:
            return "there is no such line"
        case errno.EBUSY | errno.EAGAIN:
            return "the line is in use"
        case errno.EACCES | errno.EPERM:
            return "no permission; this user must be in the group of the line (dialout)"
        case _:
            return f"the line cannot be used: {why}"


def fromURI(reactor: IDeviceReactor, uri: DeviceURI) -> SerialTransport:
    """
    The transport for C{serial:/dev/ttyS0?baud=9600&bits=8&parity=none&stop=1&flow=none}.

    @raise ValueError: the URI cannot be used; the message says why.
    """
    if uri.host or uri.port is not None or not uri.path.startswith("/"):
        raise ValueError("a device is missing; write serial:/dev/ttyS0")
    said = uri.values
    if said["baud"] not in serial.SerialBase.BAUDRATES:
        raise ValueError(f"baud={said['baud']}: no rate of such lines; write one such as 9600")
    return SerialTransport(
        reactor,
        uri.path,
        uri.description,
        said["finish-timeout"],
        baudrate=said["baud"],
        bytesize=int(said["bits"]),
        parity=_PARITIES[said["parity"]],
        stopbits=int(said["stop"]),
        **_FLOWS[said["flow"]],
    )
