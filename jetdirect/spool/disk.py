"""
The calls by which a spool touches its disk; each may sleep, so they run beside the reactor.

A test puts a disk in their place that loses, reorders and tears what was not synced.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import Protocol

from . import writeback
from .flushes import Flushes
from .record import Room

PRIVATE = 0o600
PRIVATE_DIRECTORY = 0o700
"""Jobs are personal: nobody but the gateway's own user reads them."""

MARKED = PRIVATE_DIRECTORY | stat.S_ISVTX
"""Means nothing else where only one user writes.  A file would do, too; but a file is an inode that
the disk has to find, which is most of what a small job costs it (measured)."""


EARLY = 8 << 20
"""Bytes with which the disk begins before they are synced: 1 GiB is kept in 0.86 of the time; four
times as many are as quick (measured)."""

_PIECE = 1 << 16
"""Bytes that are read at a time: more than a record has."""


class File(Protocol):
    """A file that is being written."""

    def write(self, data: bytes) -> None:
        """Append all of C{data}.  @raise OSError: it may have been written in part."""

    def sync(self) -> None:
        """
        Put what was written on stable storage.

        @raise OSError: the file is lost, whatever a second call would say: the kernel reports a
            failed write once, and then forgets it (measured on ext4).
        """

    def close(self) -> None:
        """Be done with it; it is not synced by that."""


class Reader(Protocol):
    """A file that is being read, from its beginning."""

    def read(self, most: int) -> bytes:
        """The next bytes; none: it is at its end."""

    def close(self) -> None:
        """Be done with it."""


class Disk(Protocol):
    """A directory tree; paths are relative to its root, with C{/} between their parts."""

    def create(self, path: str) -> File:
        """Make a new file.  @raise FileExistsError: there is one."""

    def overwrite(self, path: str, data: bytes) -> None:
        """Write a file, also one that there is; not synced, and a crash may leave a part of it."""

    def read(self, path: str) -> bytes:
        """The content of a file."""

    def open(self, path: str) -> Reader:
        """A file that there is, to be read in pieces."""

    def size(self, path: str) -> int:
        """Its bytes."""

    def makeDirectory(self, path: str) -> None:
        """Make a directory.  @raise FileExistsError: there is one."""

    def isDirectory(self, path: str) -> bool:
        """Is it one, and no link to one?  @raise FileNotFoundError: there is nothing."""

    def names(self, path: str) -> Sequence[str]:
        """What is in a directory, in no order."""

    def rename(self, old: str, new: str) -> None:
        """Rename a file or directory, in one step; a file takes the place of another."""

    def remove(self, path: str) -> None:
        """Remove a file."""

    def removeDirectory(self, path: str) -> None:
        """Remove an empty directory."""

    def syncDirectory(self, path: str) -> None:
        """Put the names in a directory on stable storage."""

    def syncAll(self, files: Sequence[File], paths: Sequence[str]) -> list[OSError | None]:
        """
        Sync files and directories, in any order.

        @return: for each of the files, and then of the directories, why that failed.
        @raise OSError: a directory is not there, or no more files can be open: none may be synced.
        """

    def mark(self, path: str) -> None:
        """Put a mark at a directory, which stays with it; not synced."""

    def isMarked(self, path: str) -> bool:
        """Has it one?"""

    def room(self) -> Room:
        """What it can still take."""


class _RealFile:
    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._written = self._begun = 0

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]
        self._written += len(data)
        if self._written - self._begun >= EARLY:
            writeback.begin(self.descriptor, self._begun, self._written - self._begun)
            self._begun = self._written

    def sync(self) -> None:
        os.fsync(self.descriptor)

    def close(self) -> None:
        os.close(self.descriptor)


class RealReader:
    """
    L{Reader}.

    @ivar descriptor: of the file, whose position is where the next byte is.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def read(self, most: int) -> bytes:
        """L{Reader}."""
        return os.read(self.descriptor, most)

    def close(self) -> None:
        """L{Reader}."""
        os.close(self.descriptor)


def _descriptorOf(file: File) -> int:
    assert isinstance(file, _RealFile)
    return file.descriptor


class RealDisk:
    """A L{Disk} below a directory of this machine's."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._flushes = Flushes()

    def path(self, path: str) -> str:
        """The whole path, for the calls that only a real disk has."""
        return f"{self.root}/{path}" if path else self.root

    def create(self, path: str) -> File:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return _RealFile(os.open(self.path(path), flags, PRIVATE))

    def overwrite(self, path: str, data: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        file = _RealFile(os.open(self.path(path), flags, PRIVATE))
        try:
            file.write(data)
        finally:
            file.close()

    def read(self, path: str) -> bytes:
        # Not by open(): that asks the kernel five times what it need not know.
        reader, found = self.open(path), b""
        try:
            while piece := os.read(reader.descriptor, _PIECE):
                found += piece
                if len(piece) < _PIECE:
                    break
        finally:
            reader.close()
        return found

    def open(self, path: str) -> RealReader:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        return RealReader(os.open(self.path(path), flags))

    def size(self, path: str) -> int:
        return os.lstat(self.path(path)).st_size

    def makeDirectory(self, path: str) -> None:
        os.mkdir(self.path(path), PRIVATE_DIRECTORY)

    def isDirectory(self, path: str) -> bool:
        return stat.S_ISDIR(os.lstat(self.path(path)).st_mode)

    def names(self, path: str) -> Sequence[str]:
        return os.listdir(self.path(path))

    def rename(self, old: str, new: str) -> None:
        os.rename(self.path(old), self.path(new))

    def remove(self, path: str) -> None:
        os.unlink(self.path(path))

    def removeDirectory(self, path: str) -> None:
        os.rmdir(self.path(path))

    def syncDirectory(self, path: str) -> None:
        descriptor = self._openDirectory(path)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def syncAll(self, files: Sequence[File], paths: Sequence[str]) -> list[OSError | None]:
        opened: list[int] = []
        try:
            descriptors = [_descriptorOf(each) for each in files]
            for path in paths:
                opened.append(self._openDirectory(path))
            return self._flushes.flush(descriptors + opened)
        finally:
            for each in opened:
                os.close(each)

    def _openDirectory(self, path: str) -> int:
        return os.open(self.path(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def mark(self, path: str) -> None:
        os.chmod(self.path(path), MARKED)

    def isMarked(self, path: str) -> bool:
        return bool(os.lstat(self.path(path)).st_mode & stat.S_ISVTX)

    def room(self) -> Room:
        found = os.statvfs(self.root)
        return Room(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
