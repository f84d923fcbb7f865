"""
The guest's printers as stands of C{laboratory/printers}, for the table of every transport with
every fault.  All tries of a kind share one device, one after the other.
"""

from __future__ import annotations

import os
import threading
import time
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from laboratory.guest.adapter import BUSY, Adapter
from laboratory.guest.adapter import PAPER_OUT as PAPERLESS
from laboratory.guest.gadget import PAPER_OUT, WELL, Printer, ScriptedPrinter, until
from laboratory.printers.faults import EARLY
from laboratory.printers.stands.stand import Kind, Stand

TRANSFER = 8192
"""Bytes that the USB driver gives a printer at once (USBLP_BUF_SIZE in usblp.c)."""

_QUIET = 0.5
"""Seconds without another byte after which a printer is said to have all that it gets (chosen)."""

PARALLEL: dict[str, str] = {
    **dict.fromkeys(
        ("closed early", "reset early", "reset late", "never closed"),
        "a port has no connection to close or reset: each byte has its handshake",
    ),
    "unplugged": "Linux 6.1 crashes when a port goes that is in use (``guest.rst``)",
}
"""The faults that a parallel port cannot have, each with the reason."""

USB: dict[str, str] = {
    "closed early": "a printer cannot end a job: it refuses a transfer, or takes none",
    "never closed": "a printer that does not acknowledge the last transfer has not taken it: see"
    " stalled",
}
"""The same of USB."""


class DeviceStand(Stand):
    """
    A printer that others may print on, too.

    @ivar fault: what goes wrong.
    """

    def __init__(self, fault: str, node: Callable[[], str]) -> None:
        """@param node: says which device file it has now; C{""}: none."""
        super().__init__()
        self.fault = fault
        self._node = node
        self._other = -1

    def ready(self) -> None:
        if self.fault == "busy":
            self._other = os.open(self._node(), os.O_WRONLY)

    def settle(self) -> None:
        if self._other >= 0:
            os.close(self._other)
            self._other = -1
        count = -1
        while count != len(self.got()):
            count = len(self.got())
            time.sleep(_QUIET)
        until(self._free, "the device's being free")

    def _free(self) -> bool:
        # The gateway has let it go.
        with suppress(OSError):
            os.close(os.open(self._node(), os.O_WRONLY))
            return True
        return False

    @abstractmethod
    def got(self) -> bytes: ...

    def stop(self) -> None:
        pass


class ParallelStand(DeviceStand):
    """QEMU's parallel port, which writes into a file of the host's."""

    def __init__(self, paper: Path, fault: str, place: Path, host: str) -> None:
        super().__init__(fault, lambda: "/dev/lp0")
        self.uri = f"parallel:{'/dev/lp9' if fault == 'refused' else '/dev/lp0'}"
        self._paper = paper
        self._before = 0

    def ready(self) -> None:
        self._before = self._paper.stat().st_size
        super().ready()

    def got(self) -> bytes:
        with self._paper.open("rb") as paper:
            paper.seek(self._before)
            return paper.read()


class _Tray(threading.Event):
    """Filling it puts paper into a printer."""

    def __init__(self, fill: Callable[[], None]) -> None:
        super().__init__()
        self._fill = fill

    def set(self) -> None:
        super().set()
        self._fill()


class AdapterStand(DeviceStand):
    """A parallel port on USB, whose printer can be in trouble."""

    def __init__(self, adapter: Adapter, fault: str, place: Path, host: str) -> None:
        super().__init__(fault, lambda: adapter.node)
        self.uri = f"parallel:{adapter.node}"
        self.paper = _Tray(adapter.goOn)
        self._adapter = adapter

    def ready(self) -> None:
        self._adapter.data.clear()
        if self.fault == "slow":
            self._adapter.pause = 0.05
        else:
            self._adapter.stopAfter(EARLY, PAPERLESS if self.fault == "paper out" else BUSY)

    def got(self) -> bytes:
        return bytes(self._adapter.data)

    def settle(self) -> None:
        self._adapter.pause = 0.0
        self._adapter.goOn()
        super().settle()


class LaserStand(DeviceStand):
    """The kernel's printer gadget."""

    def __init__(self, laser: Printer, fault: str, place: Path, host: str) -> None:
        super().__init__(fault, lambda: laser.node)
        self.uri = laser.uri
        self.paper = _Tray(laser.paperIn)
        self._laser = laser

    def ready(self) -> None:
        super().ready()
        self._laser.data.clear()
        match self.fault:
            case "refused":
                self._laser.switchOff()
                self._laser.unplug()
            case "slow":
                self._laser.pause = 0.005
            case "paper out":
                self._laser.stopAfter(EARLY, PAPER_OUT)
            case "stalled" | "unplugged":
                self._laser.stopAfter(EARLY, WELL)

    def got(self) -> bytes:
        return bytes(self._laser.data)

    def unplug(self) -> None:
        self._laser.switchOff()  # a gadget that is in use when it goes would stop the guest
        self._laser.unplug()

    def settle(self) -> None:
        self._laser.pause = 0.0
        if not self._laser.node:
            self._laser.plug()
            self._laser.switchOn()
        elif self.fault == "stalled":
            self._laser.paperIn()  # it gets what the driver has
        super().settle()


class BrokenStand(DeviceStand):
    """A printer that refuses a transfer (STALL): the second, or one of the last."""

    def __init__(self, broken: ScriptedPrinter, fault: str, place: Path, host: str) -> None:
        super().__init__(fault, lambda: broken.node)
        self.uri = broken.uri
        self._broken = broken
        self._got = b""
        self._length = 0

    def ready(self) -> None:
        threading.Thread(target=self._fail, daemon=True).start()

    def expect(self, length: int) -> None:
        """Know how long the job will be."""
        self._length = length

    def _fail(self) -> None:
        count = self._length - TRANSFER if self.fault == "reset late" else EARLY
        self._got = self._broken.take(count)
        self._broken.stall()

    def got(self) -> bytes:
        return self._got

    def settle(self) -> None:
        super().settle()
        self._broken.unplug()
        self._broken.plug()


class Printers:
    """All of them, plugged in."""

    def __init__(self, scratch: Path) -> None:
        """@param scratch: the guest's, with what the parallel port printed."""
        self._paper = scratch / "printed" / "parallel"
        self._adapter = Adapter()
        self._laser = Printer(0, "FakeJet 1", "12345")
        self._broken = ScriptedPrinter(1, "BreakJet 2", "67890", scratch / "scripted")
        self._laser.plug()
        self._broken.plug()
        self._laser.switchOn()

    @property
    def kinds(self) -> tuple[Kind, Kind]:
        """The transports that can be tried on them."""
        return Kind("parallel", self._port, PARALLEL), Kind("usb", self._usb, USB)

    def _port(self, fault: str, place: Path, host: str) -> DeviceStand:
        if fault in ("slow", "paper out", "stalled"):
            return AdapterStand(self._adapter, fault, place, host)
        return ParallelStand(self._paper, fault, place, host)

    def _usb(self, fault: str, place: Path, host: str) -> DeviceStand:
        if fault in ("reset early", "reset late"):
            return BrokenStand(self._broken, fault, place, host)
        return LaserStand(self._laser, fault, place, host)
