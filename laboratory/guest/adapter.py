"""
A parallel port that can be out of paper: a USB adapter (Lucent USS720) in software, plugged into
the guest by USB/IP, with a printer behind it.

The kernel's C{uss720} makes a port of it, and C{lp} a printer, C{/dev/lp1}: the driver that real
ports have, with the status lines that it is told.  The adapter's registers are as C{uss720.c} uses
them, USB/IP as the kernel's Documentation/usb/usbip_protocol.rst has it.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from pathlib import Path

from laboratory.guest.gadget import until

READY, PAPER_OUT, OFFLINE, BUSY = 0xD8, 0x70, 0x40, 0x58
"""Status lines (IEEE 1284): all well; busy, paper empty and nFault; busy, not selected and nFault;
just busy."""

_VHCI = Path("/sys/devices/platform/vhci_hcd.0")
_FULL_SPEED = 2
_SUBMIT, _UNLINK, _SUBMITTED, _UNLINKED = 1, 2, 3, 4
_OUT, _CONTROL = 0, 0
_HEAD = struct.Struct(">5I5i8s")
_GET, _SET = 3, 4
"""The adapter's vendor requests."""


def _descriptors() -> tuple[bytes, bytes]:
    # One of those that uss720 knows; not of the printer class, which usblp would take.
    device = struct.pack(
        "<2BH4B3H4B", 18, 1, 0x0110, 0, 0, 0, 64, 0x0557, 0x2001, 0x0100, 0, 0, 0, 1
    )
    pipes = [struct.pack("<4BHB", 7, 5, at, 2, 64, 0) for at in (0x01, 0x82)]
    pipes.append(struct.pack("<4BHB", 7, 5, 0x83, 3, 4, 1))
    body = b""
    for setting in range(3):
        body += struct.pack("<9B", 9, 4, 0, setting, len(pipes), 255, 0, 255, 0) + b"".join(pipes)
    return device, struct.pack("<2BH5B", 9, 2, 9 + len(body), 1, 1, 0, 0x80, 50) + body


class Adapter:
    """
    The adapter and its printer.

    @ivar data: what the printer has taken.
    @ivar lines: its status lines; it takes bytes while they are L{READY}.
    @ivar pause: seconds for which it rests after each transfer.
    """

    node = "/dev/lp1"

    def __init__(self) -> None:
        self.data = bytearray()
        self.lines = READY
        self.pause = 0.0
        self._most: tuple[int, int] | None = None
        self._registers = bytearray(7)
        self._waiting: list[tuple[int, bytes]] = []
        self._silent: set[int] = set()
        self._lock = threading.RLock()
        self._wire, other = socket.socketpair()
        threading.Thread(target=self._serve, daemon=True).start()
        (_VHCI / "attach").write_text(f"0 {other.fileno()} 65538 {_FULL_SPEED}")
        other.close()
        until(Path(self.node).exists, "the adapter's port")

    def stopAfter(self, count: int, lines: int) -> None:
        """Take nothing more by itself once it has so many bytes; its lines then."""
        self._most = count, lines

    def goOn(self) -> None:
        """Be well again."""
        with self._lock:
            self.lines = READY
            waiting, self._waiting = self._waiting, []
            for number, data in waiting:
                self._take(number, data)

    def _serve(self) -> None:
        with self._wire.makefile("rb") as calls:
            while head := calls.read(_HEAD.size):
                command, number, _, way, pipe, _, length, *_, setup = _HEAD.unpack(head)
                data = calls.read(length) if command == _SUBMIT and way == _OUT else b""
                with self._lock:
                    if command == _UNLINK:
                        self._unlink(number, struct.unpack_from(">I", head, 20)[0])
                    elif pipe == _CONTROL:
                        self._answer(number, self._control(setup)[:length], len(data))
                    elif pipe == 1:
                        self._take(number, data)
                    else:
                        self._silent.add(number)

    def _control(self, setup: bytes) -> bytes:
        kind, request, value, _, _ = struct.unpack("<2B3H", setup)
        if (kind, request) == (0x80, 6):
            return dict(zip((1, 2), _descriptors(), strict=True)).get(value >> 8, b"")
        place = {0: 4, 2: 1, 6: 2, 7: 3}.get(value >> 8)
        if (kind, request) == (0x40, _SET) and place is not None:
            self._registers[place] = value & 0xFF
        self._registers[0] = self.lines
        return bytes(self._registers) if (kind, request) == (0xC0, _GET) else bytes(2)

    def _take(self, number: int, data: bytes) -> None:
        if self.lines != READY:
            self._waiting.append((number, data))
            return
        self.data += data
        if self._most is not None and len(self.data) >= self._most[0]:
            self.lines, self._most = self._most[1], None
        time.sleep(self.pause)
        self._answer(number, b"", len(data))

    def _answer(self, number: int, data: bytes, taken: int) -> None:
        count = len(data) or taken
        self._say(_SUBMITTED, number, 0, count, data)

    def _unlink(self, number: int, which: int) -> None:
        # -ECONNRESET: it was not done.
        pending = which in self._silent or any(each == which for each, _ in self._waiting)
        self._silent.discard(which)
        self._waiting = [each for each in self._waiting if each[0] != which]
        self._say(_UNLINKED, number, -104 if pending else 0, 0, b"")

    def _say(self, command: int, number: int, status: int, count: int, data: bytes) -> None:
        head = _HEAD.pack(command, number, 0, 0, 0, status, count, 0, 0, 0, bytes(8))
        self._wire.sendall(head + data)
