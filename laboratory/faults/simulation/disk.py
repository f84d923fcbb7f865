"""
A disk in memory: what L{jetdirect.transports.file.transport} asks of L{os}, and what is left of it
when the power fails.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twisted.python.failure import Failure

from .network import Network

_ASLEEP = 2.0
"""Seconds between two looks of a thread that hangs, which ends all at once."""


@dataclass
class Inode:
    """
    @ivar data: what reading would give.
    @ivar durable: what is on the disk itself: as of the last fsync.
    """

    data: bytearray = field(default_factory=bytearray)
    durable: bytes | None = None


class Disk:
    """
    Stands for the module L{os} in L{jetdirect.transports.file.transport}.

    @ivar names: the files of the only directory.
    @ivar durable: the names that would be there after a power failure.
    @ivar trouble: called with the name of each operation; may raise L{OSError}.
    """

    O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_CLOEXEC = (
        os.O_WRONLY,
        os.O_CREAT,
        os.O_EXCL,
        os.O_NOFOLLOW,
        os.O_CLOEXEC,
    )
    O_RDONLY, O_DIRECTORY, W_OK, X_OK = os.O_RDONLY, os.O_DIRECTORY, os.W_OK, os.X_OK

    def __init__(self) -> None:
        self.names: dict[str, Inode] = {}
        self.durable: dict[str, Inode] = {}
        self.trouble: Callable[[str, str], None] = lambda operation, path: None
        self.path = self
        self.join, self.dirname, self.split = os.path.join, os.path.dirname, os.path.split
        self.realpath = self.abspath = os.path.normpath
        self._open: dict[int, tuple[str, Inode | None]] = {}
        self._next = 100

    # os.path

    def isdir(self, path: str) -> bool:
        """Every directory is there."""
        return True

    def islink(self, path: str) -> bool:
        """There are no links."""
        return False

    def access(self, path: str, mode: int) -> bool:
        """Everything is allowed."""
        return True

    # os

    def stat(self, path: str) -> os.stat_result:
        """As L{os.stat}: a directory that is its owner's."""
        return os.stat_result((0o40700, *(0,) * 9))

    def _at(self, path: str, directory: int) -> str:
        return os.path.join(self._open[directory][0], path)

    def open(self, path: str, flags: int, mode: int = 0, *, dir_fd: int | None = None) -> int:
        """As L{os.open}, to make a file in a directory or to open that."""
        if dir_fd is not None:
            path = self._at(path, dir_fd)
        self.trouble("open", path)
        inode: Inode | None = None
        if flags & os.O_CREAT:
            if path in self.names:
                raise FileExistsError(errno.EEXIST, "File exists")
            inode = self.names[path] = Inode()
        self._next += 1
        self._open[self._next] = path, inode
        return self._next

    def write(self, descriptor: int, data: Any) -> int:
        """As L{os.write}; a part now and then, as a disk that is nearly full does."""
        path, inode = self._open[descriptor]
        assert inode is not None
        self.trouble("write", path)
        part = bytes(data[: max(1, len(data) * 2 // 3)]) if len(data) > 9000 else bytes(data)
        inode.data += part
        return len(part)

    def fsync(self, descriptor: int) -> None:
        """As L{os.fsync}; of a directory it makes the names durable."""
        path, inode = self._open[descriptor]
        self.trouble("fsync", path)
        if inode is not None:
            inode.durable = bytes(inode.data)
        else:
            inside = os.path.join(path, "")
            self.durable = {k: v for k, v in self.durable.items() if not k.startswith(inside)}
            self.durable.update((k, v) for k, v in self.names.items() if k.startswith(inside))

    def close(self, descriptor: int) -> None:
        """As L{os.close}."""
        del self._open[descriptor]

    def rename(self, source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        """As L{os.rename}."""
        source = self._at(source, src_dir_fd)
        self.trouble("rename", source)
        self.names[self._at(target, dst_dir_fd)] = self.names.pop(source)

    def unlink(self, path: str, *, dir_fd: int) -> None:
        """As L{os.unlink}; it always works."""
        path = self._at(path, dir_fd)
        if path not in self.names:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        del self.names[path]

    @property
    def descriptors(self) -> int:
        """How many are open."""
        return len(self._open)


class Threads:
    """
    Threads, one for each printer: work is done a little later, and its result comes back to the
    reactor.

    @ivar delay: called for the seconds that the next piece of work takes.
    @ivar hangs: called with a printer's name: does its disk answer nothing at the moment?
    @ivar busy: of how many pieces the reactor has not heard yet that they are done.
    """

    def __init__(self, network: Network, callFromThread: Callable[..., object]) -> None:
        """@param callFromThread: the reactor's."""
        self._network = network
        self._callFromThread = callFromThread
        self.delay: Callable[[], float] = lambda: 0.0001
        self.hangs: Callable[[str], bool] = lambda name: False
        self.busy = 0

    def of(self, name: str) -> PrinterThread:
        """The one of a printer."""
        return PrinterThread(self, name)

    def begin(self, name: str, told: Callable[[bool, Any], None], work: Callable[[], Any]) -> None:
        """Do some work."""

        def do() -> None:
            if self.hangs(name):
                self._network.after(_ASLEEP, do)
                return
            try:
                result: Any = work()
            except Exception:
                told(False, Failure())
            else:
                told(True, result)
            # Behind what the reactor does with the result: more work may follow from that.
            self._callFromThread(self._heard)

        self.busy += 1
        self._network.after(self.delay(), do)

    def _heard(self) -> None:
        self.busy -= 1


@dataclass
class PrinterThread:
    """As L{twisted.python.threadpool.ThreadPool}, for one printer."""

    threads: Threads
    name: str

    def callInThreadWithCallback(
        self, told: Callable[[bool, Any], None], work: Callable[..., Any], *arguments: Any
    ) -> None:
        """As there."""
        self.threads.begin(self.name, told, lambda: work(*arguments))
