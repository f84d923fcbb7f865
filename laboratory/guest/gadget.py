"""
USB printers in software, plugged into the guest's dummy host controllers.

L{Printer} is the kernel's own printer gadget (Documentation/usb/gadget_printer.rst);
L{ScriptedPrinter} answers for itself (FunctionFS), so that it can also fail.
"""

from __future__ import annotations

import os
import select
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from urllib.parse import quote

WELL, PAPER_OUT = 0x18, 0x30
"""Status lines (USB Printer Class 1.1, section 4.2.2): selected and no error; paper empty."""

PATIENCE = 60.0
"""Seconds for anything that takes milliseconds outside."""

_GADGETS = Path("/sys/kernel/config/usb_gadget")
_GADGET_SET_PRINTER_STATUS = 0xC0016722  # _IOWR('g', 0x22, unsigned char), linux/usb/g_printer.h


def until(fact: Callable[[], object], what: str) -> None:
    """
    Wait until something is so.

    @raise AssertionError: it never was.
    """
    deadline = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < deadline, f"{what} never was"
        time.sleep(0.05)


class Gadget:
    """
    A USB device of ours.

    @ivar controller: the number of its dummy controller.
    @ivar uri: its device URI.
    """

    def __init__(self, controller: int, model: str, serial: str, function: str) -> None:
        """@param function: of the kernel, with a name of its own: C{printer.a}."""
        self.controller = controller
        self.uri = f"usb://Acme/{quote(model)}?serial={serial}"
        self._place = _GADGETS / f"g{controller}"
        self._function = self._place / "functions" / function
        for folder in ("strings/0x409", "configs/c.1"):
            (self._place / folder).mkdir(parents=True)
        (self._place / "idVendor").write_text("0x0525")
        (self._place / "idProduct").write_text("0xa4a8")
        (self._place / "strings/0x409/serialnumber").write_text(serial)
        self._function.mkdir()
        (self._place / "configs/c.1/function").symlink_to(self._function)

    @property
    def node(self) -> str:
        """The device file through which the host prints on it; C{""} while there is none."""
        controller = f"/dummy_hcd.{self.controller}/"
        for each in Path("/sys/class/usbmisc").glob("lp*"):
            if controller in str(each.resolve()):
                return f"/dev/usb/{each.name}"
        return ""

    def plug(self) -> None:
        """Come back when the host has found it."""
        (self._place / "UDC").write_text(f"dummy_udc.{self.controller}\n")
        until(lambda: self.node, "the device")

    def unplug(self) -> None:
        """Come back when the host has missed it."""
        (self._place / "UDC").write_text("\n")
        until(lambda: not self.node, "the absence of the device")


class Printer(Gadget):
    """
    The kernel's printer gadget; it takes jobs while it is on.

    @ivar data: what it has taken.
    @ivar pause: seconds for which it rests after each read.
    """

    pause = 0.0

    def __init__(self, controller: int, model: str, serial: str) -> None:
        super().__init__(controller, model, serial, f"printer.{controller}")
        self.data = bytearray()
        self._descriptor = -1
        self._reading = threading.Event()
        self._reader: threading.Thread | None = None
        self._most: tuple[int, int] | None = None
        deviceID = f"MFG:Acme;MDL:{model};CMD:PJL,PCL,POSTSCRIPT;CLS:PRINTER;SN:{serial};"
        # Not the function's folder: it may have no attributes before it is part of a configuration.
        (self._function / "pnp_string").write_text(deviceID)

    def switchOn(self) -> None:
        """Take what comes."""
        self._descriptor = os.open(f"/dev/g_printer{self.controller}", os.O_RDWR | os.O_NONBLOCK)
        self.paperIn()

    def switchOff(self) -> None:
        """Take nothing more, and be off-line.  A printer must be off before it is unplugged."""
        self._stop()
        os.close(self._descriptor)

    def paperOut(self) -> None:
        """Take nothing more, and say why."""
        self._stop()
        ioctl(self._descriptor, _GADGET_SET_PRINTER_STATUS, PAPER_OUT)

    def stopAfter(self, count: int, lines: int) -> None:
        """
        Take nothing more by itself once it has so many bytes.

        @param lines: its status then, L{WELL} or L{PAPER_OUT}.
        """
        self._most = count, lines

    def paperIn(self) -> None:
        """Go on."""
        ioctl(self._descriptor, _GADGET_SET_PRINTER_STATUS, WELL)
        self._reading.set()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def say(self, text: bytes) -> None:
        """Send something to the host, which must take it."""
        until(lambda: self._said(text), "the host's listening")

    def _said(self, text: bytes) -> bool:
        try:
            return os.write(self._descriptor, text) == len(text)
        except BlockingIOError:
            return False

    def taken(self, count: int) -> bytes:
        """What it took since it was asked last, when it is so much at least, or after a while."""
        with suppress(AssertionError):
            until(lambda: len(self.data) >= count, f"a job of {count} bytes")
        taken = bytes(self.data)
        self.data.clear()
        return taken

    def _stop(self) -> None:
        self._reading.clear()
        if self._reader is not None:
            self._reader.join()
            self._reader = None

    def _read(self) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        while self._reading.is_set():
            if poll.poll(100):
                with suppress(BlockingIOError):
                    self.data += os.read(self._descriptor, 8192)
                time.sleep(self.pause)
            if self._most is not None and len(self.data) >= self._most[0]:
                ioctl(self._descriptor, _GADGET_SET_PRINTER_STATUS, self._most[1])
                self._most = None
                return


class ScriptedPrinter(Gadget):
    """
    A printer that takes as much as it is told to, and can refuse the rest the way broken ones do.
    """

    def __init__(self, controller: int, model: str, serial: str, place: Path) -> None:
        """@param place: an empty directory."""
        super().__init__(controller, model, serial, "ffs.scripted")
        place.mkdir()
        command = ["mount", "-t", "functionfs", "scripted", str(place)]
        subprocess.run(command, check=True)
        fields = f"MFG:Acme;MDL:{model};CMD:PCL;CLS:PRINTER;SN:{serial};".encode()
        self._deviceID = struct.pack(">H", len(fields) + 2) + fields
        self._control = os.open(place / "ep0", os.O_RDWR)
        interface = struct.pack("<9B", 9, 4, 0, 0, 2, 7, 1, 2, 1)

        def descriptors(packet: int) -> bytes:
            pipes = (struct.pack("<4BHB", 7, 5, at, 2, packet, 0) for at in (0x01, 0x82))
            return interface + b"".join(pipes)

        # FUNCTIONFS_DESCRIPTORS_MAGIC_V2, with full and high speed (linux/usb/functionfs.h).
        body = struct.pack("<2I", 3, 3) + descriptors(64) + descriptors(512)
        os.write(self._control, struct.pack("<3I", 3, 12 + len(body), 3) + body)
        name = b"printer\0"
        os.write(self._control, struct.pack("<4IH", 2, 18 + len(name), 1, 1, 0x409) + name)
        self._out = os.open(place / "ep1", os.O_RDWR)
        threading.Thread(target=self._answer, daemon=True).start()

    def take(self, count: int) -> bytes:
        """Take whole transfers until it is so many bytes; waits for them."""
        taken = b""
        while len(taken) < count:
            taken += os.read(self._out, 8192)
        return taken

    def stall(self) -> None:
        """Refuse what comes with STALL."""
        with suppress(OSError):
            os.write(self._out, b"in the wrong direction")

    def _answer(self) -> None:
        # The requests of the printer class: device ID, status, reset.
        while True:
            for event in struct.iter_unpack("<BBHHHB3x", os.read(self._control, 12 * 4)):
                kind, request, *_, length, what = event
                if what != 4:  # FUNCTIONFS_SETUP
                    continue
                answer = {0: self._deviceID, 1: bytes([WELL])}.get(request, b"")
                if kind & 0x80:
                    os.write(self._control, answer[:length])
                else:
                    os.read(self._control, 0)
