"""
Linux's C{usblp} driver: which printers there are, and its calls.

It can be polled, and that is not enough: a write that does not block forgets what becomes of its
transfer, so a printer which refuses every byte seems to take them all (measured: 200,000 bytes
into a stalled pipe, each C{POLLOUT} on time).  A write that blocks ends when the printer has
acknowledged the transfer, or with the error.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path

from ...errors import PrinterUnreachable
from ...interfaces import PrinterStatus
from ..ieee1284 import fieldsOf, modelOf, statusOfLines

_MOST_SAID = 1024
"""Bytes that the driver reads at once (USBLP_BUF_SIZE_IN in usblp.c)."""

CLOSE_PATIENCE = 6.0
"""Seconds for a call that sleeps when the device is closed: the question for the status has 5 s."""

_LPGETSTATUS = 0x060B  # linux/lp.h

SYSFS, DEVICES = Path("/sys/class/usbmisc"), Path("/dev/usb")
"""Where the driver shows its printers; C{lp0} is the same in both."""

# Not os.write, which begins again after EINTR: the driver has the bytes already, and would print
# them twice (measured, with SIGSTOP and SIGCONT).
_write = ctypes.CDLL(None, use_errno=True).write
_write.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
_write.restype = ctypes.c_ssize_t


class USBDevice:
    """
    The driver's calls.  All of them block; they may come from several threads.

    @ivar bidirectional: whether the printer is listened to.
    """

    def __init__(self, path: str, bidirectional: bool = True) -> None:
        """@raise OSError: the device is not there, or somebody else has it."""
        flags = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        try:
            mode = os.O_RDWR if bidirectional else os.O_WRONLY
            self._descriptor = os.open(path, mode | flags)
        except OSError:
            if not bidirectional:
                raise
            bidirectional = False
            self._descriptor = os.open(path, os.O_WRONLY | flags)
        os.set_blocking(self._descriptor, True)
        self.bidirectional = bidirectional
        self._open, self._closed = True, False
        # A number that was closed may be somebody else's a moment later.
        self._use = threading.Lock()

    def fileno(self) -> int:
        """To be polled for what the printer says."""
        return self._descriptor

    def write(self, data: bytes) -> int:
        """
        @return: how many bytes the printer took.
        @raise OSError: nobody knows how many.
        """
        taken: int = _write(self._descriptor, data, len(data))
        if taken < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return taken

    def read(self) -> bytes:
        """
        What the printer says, when there is something.

        @raise OSError: the driver could not read.
        """
        with self._use:
            if not self._open:
                return b""
            try:
                return os.read(self._descriptor, _MOST_SAID)
            finally:
                self._closeLate()

    def status(self, model: str) -> PrinterStatus:
        """What the status lines say: a question to the printer, which has 5 s for its answer."""
        lines = bytearray(4)
        with self._use:
            if not self._open:
                return PrinterStatus(model=model)
            try:
                ioctl(self._descriptor, _LPGETSTATUS, lines)
            except OSError as why:
                known = why.errno != errno.ENOTTY  # a device that only looks like one
                reasons = ("timed-out",) if known else ()
                return PrinterStatus("stopped" if known else "", reasons, model)
            finally:
                self._closeLate()
        return statusOfLines(struct.unpack("i", lines)[0], model)

    def close(self) -> None:
        """
        Let others have it; what the printer has not acknowledged is thrown away.

        A call that sleeps in the driver keeps it, and is not waited for longer than
        C{CLOSE_PATIENCE}: it closes the device when it comes back.
        """
        self._open = False
        if self._use.acquire(timeout=CLOSE_PATIENCE):
            try:
                self._closeLate()
            finally:
                self._use.release()

    def _closeLate(self) -> None:
        # Only with the lock.
        if not self._open and not self._closed:
            self._closed = True
            os.close(self._descriptor)


@dataclass(frozen=True)
class Place:
    """
    Where a printer is: a device file, or whatever device has this maker, model and serial number.

    @ivar path: of the device file, or C{""}.
    @ivar serial: C{""}: any.
    @ivar interface: its number in the USB device, or L{None}: any.
    """

    path: str = ""
    maker: str = ""
    model: str = ""
    serial: str = ""
    interface: int | None = None

    def __str__(self) -> str:
        """For people."""
        return self.path or f"{self.maker} {self.model}"

    def find(self) -> tuple[str, str]:
        """
        Look for it, now.

        @return: its device file, and maker and model in its own words.
        @raise PrinterUnreachable: it is not there, or there are several.
        """
        if self.path:
            about = SYSFS / os.path.basename(os.path.realpath(self.path)) / "device"
            return self.path, modelOf(_read(about / "ieee1284_id"))
        found = list(self._alike())
        if len(found) == 1:
            return found[0]
        if not found:
            raise PrinterUnreachable("no such printer is plugged in")
        raise PrinterUnreachable(
            f"{len(found)} such printers are plugged in; add serial=NUMBER, or name a device file"
        )

    def _alike(self) -> Iterator[tuple[str, str]]:
        for each in sorted(SYSFS.glob("lp*")):
            about = each / "device"
            deviceID = _read(about / "ieee1284_id")
            fields = fieldsOf(deviceID)
            if _plain(fields.get("MFG", ""), fields.get("MDL", "")) != _plain(
                self.maker, self.model
            ):
                continue
            # CUPS takes the serial number of the device ID, or else of the USB device above.
            if self.serial and self.serial not in (
                fields.get("SN"),
                _read(Path(os.path.realpath(about)).parent / "serial"),
            ):
                continue
            number = _read(about / "bInterfaceNumber")
            if self.interface is None or number == f"{self.interface:02x}":
                yield str(DEVICES / each.name), modelOf(deviceID)


def _plain(maker: str, model: str) -> str:
    # As CUPS simplifies them for its URIs: the maker once, and short.
    def letters(text: str) -> str:
        return "".join(text.lower().split())

    maker, model = letters(maker), letters(model)
    maker = {"hewlett-packard": "hp", "lexmarkinternational": "lexmark"}.get(maker, maker)
    return maker + model.removeprefix(maker)


def _read(attribute: Path) -> str:
    try:
        return attribute.read_text(errors="replace").strip()
    except OSError:
        return ""
