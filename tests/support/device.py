"""
Printers behind a driver, whose calls block as the test says.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor as theReactor
from twisted.internet.task import deferLater

from jetdirect.interfaces import PrinterStatus
from jetdirect.transports import parallel
from jetdirect.transports.ieee1284 import statusOfLines
from jetdirect.transports.usb import transport as usb
from tests.support.peer import PATIENCE

reactor: Any = theReactor

PARALLEL_IDLE = PrinterStatus("idle", (), "Acme")
USB_WELL = 0x18
"""Status lines: selected, no error (IEEE 1284)."""


class FakeDevice:
    """
    A printer, and the driver's calls for it.

    @ivar data: what the printer took.
    @ivar most: bytes that it takes at once.
    @ivar faults: what the next writes fail with, in this order; 0: nothing.
    @ivar always: what every write fails with then.
    @ivar gate: no write ends before it is open.
    """

    def __init__(self, most: int) -> None:
        self.data = b""
        self.most = most
        self.faults: list[int] = []
        self.always = 0
        self.gate = threading.Event()
        self.gate.set()
        self.isOpen = False
        self.refusal = 0
        self.largest = 0

    def take(self) -> None:
        if self.refusal or self.isOpen:
            raise OSError(self.refusal or errno.EBUSY, "refused")
        self.isOpen = True

    def write(self, data: bytes) -> int:
        assert self.isOpen
        self.largest = max(self.largest, len(data))
        self.gate.wait(30)
        fault = self.faults.pop(0) if self.faults else self.always
        if fault:
            raise OSError(fault, os.strerror(fault))
        taken = data[: self.most]
        self.data += taken
        return len(taken)

    def close(self) -> None:
        self.isOpen = False


class ParallelPort(FakeDevice):
    """
    A parallel port with a printer.

    @ivar wire: the status lines.
    """

    def __init__(self) -> None:
        super().__init__(10 * parallel.PIECE)
        self.wire = PARALLEL_IDLE
        self.opened = 0

    def open(self, path: str) -> Any:
        self.take()
        self.opened += 1
        return self

    def status(self, model: str) -> PrinterStatus:
        return self.wire._replace(model=model)


class USBPrinter(FakeDevice):
    """
    A printer on USB.

    @ivar lines: its status lines; L{None}: it does not answer.
    @ivar mouth: what is sent here it says.
    @ivar thinking: no question is answered before it is set.
    @ivar parting: the device is not closed before it is set.
    @ivar blocked: the signals that could not disturb its last write.
    @ivar mute: it has always an answer, an empty one.
    """

    def __init__(self) -> None:
        super().__init__(usb.PIECE)
        self.lines: int | None = USB_WELL
        self.mouth, self._ear = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.opened: list[bool] = []
        self.asked = 0
        self.deafness = 0
        self.bidirectional = True
        self.reads = 0
        self.mute = False
        self.thinking = threading.Event()
        self.thinking.set()
        self.parting = threading.Event()
        self.parting.set()
        self.leaving = False
        self.blocked: set[int] = set()

    def open(self, path: str, bidirectional: bool) -> Any:
        self.take()
        self.opened.append(bidirectional)
        self.bidirectional = bidirectional
        return self

    def fileno(self) -> int:
        return self._ear.fileno()

    def write(self, data: bytes) -> int:
        self.blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        return super().write(data)

    def read(self) -> bytes:
        self.reads += 1
        if self.deafness:
            raise OSError(self.deafness, "deaf")
        return b"" if self.mute else self._ear.recv(1024)

    def status(self, model: str) -> PrinterStatus:
        self.asked += 1
        self.thinking.wait(30)
        if self.lines is None:
            return PrinterStatus("stopped", ("timed-out",), model)
        return statusOfLines(self.lines, model)

    def close(self) -> None:
        self.leaving = True
        self.parting.wait(30)
        super().close()

    def dispose(self) -> None:
        self.gate.set()
        self.thinking.set()
        self.parting.set()


async def until(fact: Callable[[], object]) -> None:
    """Let the reactor turn, and threads work, until something is so."""
    deadline = reactor.seconds() + PATIENCE
    while not fact():
        assert reactor.seconds() < deadline, "it never was"
        await deferLater(reactor, 0.005)
