"""
A block device that writes down what is written to it, in which order, and when it is told to flush.

QEMU's C{blklogwrites} writes the log (the format of dm-log-writes); its FUSE export is the file
behind a loop device.  So this needs no kernel module.  What happens above the file system is put
into the same log as writes behind the file system's end: so each event has its place among the
writes.
"""

from __future__ import annotations

import os
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..kept.rules import Event
from . import kernel

SECTOR = 512
MARK = 4096
_FLUSH, _DISCARD = 1, 4  # linux/drivers/md/dm-log-writes.c
_MAGIC = 0x6A736677736872


@dataclass(frozen=True)
class Write:
    """
    One entry of the log.

    @ivar start: the first byte on the device.
    @ivar at: where its data is in the log file.
    @ivar size: bytes; 0: it has none.
    @ivar flush: all before it is on stable storage when it has ended.
    @ivar event: the event that it is, and no write; C{None}: it is none.
    """

    start: int
    at: int
    size: int
    flush: bool
    event: int | None = None


class Recorder:
    """
    The device while something runs on it.

    @ivar mounted: the directory of its file system.
    @ivar events: what was noted.
    """

    def __init__(self, mounted: str, device: str, end: int) -> None:
        self.mounted = mounted
        self.events: list[Event] = []
        self._device = os.open(device, os.O_WRONLY)
        self._end = end
        self._lock = threading.Lock()

    def note(self, job: object, **changes: Any) -> None:
        """Write down what has just happened, or can happen from now on; any thread may."""
        with self._lock:
            os.pwrite(self._device, struct.pack("<Q", len(self.events)).ljust(MARK), self._end)
            self.events.append(Event(job, changes))

    def close(self) -> None:
        """Nothing more is noted."""
        os.close(self._device)


@contextmanager
def recording(work: str, make: Callable[[str], str], size: int) -> Iterator[Recorder]:
    """
    A file system whose device is recorded, in C{work/log}.

    @param make: makes a file system of C{size} bytes on a device, and names its kind.
    """
    disk, log, export = (f"{work}/{name}" for name in ("disk", "log", "export"))
    for path, length in ((disk, size + MARK), (log, 64 * size), (export, 0)):
        with open(path, "wb") as file:
            file.truncate(length)
    words = ["qemu-storage-daemon", f"--pidfile={work}/pid"]
    words += [f"--blockdev=driver=file,node-name=disk,filename={disk}"]
    words += [f"--blockdev=driver=file,node-name=log,filename={log}"]
    words += ["--blockdev=driver=blklogwrites,node-name=both,file=disk,log=log"]
    words += [f"--export=type=fuse,id=export,node-name=both,mountpoint={export},writable=on"]
    daemon = subprocess.Popen(words)
    try:
        while not os.path.exists(f"{work}/pid"):  # it is written when the export is there
            if daemon.poll() is not None:
                raise RuntimeError(f"qemu-storage-daemon ended with status {daemon.returncode}")
        with kernel.loop(export) as device:
            kind = make(device)
            with kernel.mounted(device, f"{work}/mounted", kind) as mounted:
                recorder: Recorder = Recorder(mounted, export, size)
                yield recorder
                recorder.close()
    finally:
        daemon.terminate()
        daemon.wait()


def entries(log: str, end: int) -> Iterator[Write]:
    """
    What a log holds, in its order.

    @param end: where the file system ends on the device.
    """
    with open(log, "rb") as file:
        magic, _version, count, sector = struct.unpack("<QQQI", file.read(28))
        if magic != _MAGIC:
            raise ValueError(f"{log} is no log of writes")
        at = sector
        for _ in range(count):
            file.seek(at)
            start, length, flags, _ = struct.unpack("<QQQQ", file.read(32))
            at += sector
            start, size = start * SECTOR, 0 if flags & _DISCARD else length * SECTOR
            if start >= end and size:
                file.seek(at)
                yield Write(start, at, 0, False, struct.unpack("<Q", file.read(8))[0])
            else:
                yield Write(start, at, size, bool(flags & _FLUSH))
            at += size
