"""
A C{file:} printer: a directory on a disk that may be full, broken or slow.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jetdirect.interfaces import IPrintJob

from ..invariants import Print
from .disk import Inode
from .faults import DISK, FINISHING, FLOWING, WAITING

if TYPE_CHECKING:
    from .simulation import Simulation

_STEPS = {
    WAITING: ("open",),
    FLOWING: ("write",),
    FINISHING: ("fsync", "fsync", "rename", "fsync directory"),
}


@dataclass
class Kept:
    """A file that was begun for a job."""

    job: str | None
    inode: Inode | None = None
    path: str = ""
    published: float | None = None


class DirectoryPrinter:
    """
    @ivar name: as of a printer on the network.
    @ivar slow: seconds that a step takes at the moment.
    @ivar hangs: no step comes to its end at the moment.
    """

    earlyClose = False
    finishTimeout: float | None = None

    def __init__(self, simulation: Simulation, number: int) -> None:
        self.name = f"printer{number}"
        self.simulation = simulation
        self.random = simulation.random
        self.directory = f"/{self.name}"
        self.well = False
        self.slow = 0.0
        self.hangs = False
        self._fault = ""
        self._step = ""
        self._count = 0
        self._over: float | None = None
        self._job: IPrintJob | None = None
        self._files: dict[str, Kept] = {}

    def heal(self) -> None:
        """Whatever it was, it is over."""
        self.well = True
        self._fault = ""
        self._fast()

    def jobComes(self, job: IPrintJob) -> None:
        """The gateway wants to keep C{job}: what shall go wrong this time?"""
        if job is self._job:
            return
        self._job, self._fault, self._over = job, "", None
        if not self.well and self.random.random() < self.simulation.printerTrouble:
            self._fault = self.random.choice(list(DISK))
            self._step = self.random.choice(_STEPS[self.random.choice(sorted(DISK[self._fault]))])
            self._count = self.random.choice([0, 0, 1, 5]) if self._step == "write" else 0

    def step(self, operation: str, path: str) -> None:
        """The disk is about to do something."""
        if operation == "fsync" and path == self.directory:
            operation = "fsync directory"
        self._suffer(operation)
        if operation == "open" and path.endswith(".part"):
            self._files[path] = Kept(None if self._job is None else self._job.name)
        elif operation == "rename":
            kept = self._files[path]
            kept.published = self.simulation.network.now
            kept.inode = self.simulation.disk.names[path]
            kept.path = os.path.join(self.directory, os.path.basename(path)[1 : -len(".part")])

    def _suffer(self, operation: str) -> None:
        now = self.simulation.network.now
        if self.simulation.reactor.exhausted and operation == "open":
            raise OSError(errno.EMFILE, "Too many open files")
        if self._over is None:
            if not self._fault or operation != self._step:
                return
            if self._count:
                self._count -= 1
                return
            self._over = now + self.random.choice([0.1, 3.0, 100.0])
            self.simulation.hit(
                self._fault, self.simulation.phaseOf(self._job.name if self._job else None)
            )
            if self._fault == "disk hangs":
                self.hangs = True
                self.simulation.network.after(self.random.choice([5.0, 100.0, 3000.0]), self._fast)
            if self._fault == "disk slow":
                self.slow = self.random.choice([0.1, 2.0, 20.0])
                self.simulation.network.after(self._over - now, self._fast)
        if self._over > now and operation == self._step and self._fault == "disk full":
            raise OSError(errno.ENOSPC, "No space left on device")
        if self._over > now and operation == self._step and self._fault == "disk broken":
            raise OSError(errno.EIO, "Input/output error")

    def _fast(self) -> None:
        self.slow, self.hangs = 0.0, False

    # What is judged.

    def prints(self) -> list[Print]:
        """One for each file that got its name."""
        return [
            Print(
                printer=self.name,
                upload=kept.job,
                taken=bytes(kept.inode.data),
                opened=kept.published,
                closed=kept.published,
            )
            for kept in self._files.values()
            if kept.published is not None and kept.inode is not None
        ]

    def against(self, name: str) -> str | None:
        """Why a 226 for an upload is too early, if it is."""
        for kept in self._files.values():
            inode = kept.inode
            if kept.job == name and inode is not None:
                there = self.simulation.disk.durable.get(kept.path) is inode
                if there and inode.durable == bytes(inode.data):
                    return None
        return f"a power failure would have taken it from {self.name}"

    def leftovers(self) -> list[str]:
        """What is in the directory and should not be."""
        return [
            f"a part of a file: {self.name}"
            for path in self.simulation.disk.names
            if path.startswith(self.directory + "/") and path.endswith(".part")
        ]
