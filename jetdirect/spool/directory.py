"""
Is a directory fit to be a spool, and is it ours?
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterable

from .disk import PRIVATE, PRIVATE_DIRECTORY

LOCK = "lock"

_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "fuse.sshfs", "glusterfs"}
"""File systems whose renames, locks and syncs are not those of a local disk; from the names that
Linux gives them."""

_VOLATILE = {"tmpfs", "ramfs"}

_REMEDY = "name a directory of the gateway's own"


class Taken(ValueError):
    """Another process has the directory."""


class SpoolDirectory:
    """
    A directory that this process has for itself.

    @ivar path: where it is.
    @ivar durable: what is synced there survives a power cut.
    """

    def __init__(self, path: str, mounts: Iterable[str] | None = None, what: str = "spool") -> None:
        """
        Take it; it is made if it is not there.

        @param mounts: lines as in C{/proc/self/mountinfo}; L{None}: of this machine.
        @param what: it is to be, in the words of an error.
        @raise Taken: another process has it.
        @raise ValueError: it is not fit; the message says what to do.
        """
        self.path = os.path.abspath(path)
        self._what = what
        try:
            self._make()
            kind = lookAt(self.path, mounts, what)
            self._checkOwner(os.stat(self.path))
            self._lock = self._lockDirectory()
        except OSError as error:
            raise ValueError(f"{error.strerror}; {_REMEDY}") from None
        self.durable = kind not in _VOLATILE

    @property
    def lock(self) -> int:
        """The descriptor that holds it; it is held as long as any process has that open."""
        return self._lock

    def release(self) -> None:
        """Let another process have it."""
        if self._lock >= 0:
            fcntl.flock(self._lock, fcntl.LOCK_UN)  # also where a process beside us has it open
            os.close(self._lock)
            self._lock = -1

    # Inside.

    def _make(self) -> None:
        # Its own name is to survive a power cut, too.
        if not os.path.isdir(self.path):
            os.mkdir(self.path, PRIVATE_DIRECTORY)
            above = os.open(os.path.dirname(self.path), os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(above)
            finally:
                os.close(above)

    def _checkOwner(self, found: os.stat_result) -> None:
        if found.st_uid not in (os.geteuid(), 0):
            raise ValueError(f"it belongs to user {found.st_uid}; chown it to the gateway's user")

    def _lockDirectory(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(f"{self.path}/{LOCK}", flags, PRIVATE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            remedy = f"end it, or give each gateway a {self._what} of its own"
            raise Taken(f"another gateway has this {self._what}; {remedy}") from None
        return descriptor


def lookAt(path: str, mounts: Iterable[str] | None = None, what: str = "spool") -> str:
    """
    What anybody can see of a directory.  Nothing is made.

    @return: the kind of its file system.
    @param what: a gateway would have it as.
    @raise ValueError: no gateway can; the message says what to do.
    """
    path = os.path.abspath(path)
    try:
        there = os.path.lexists(path)
        found = os.stat(path if there else os.path.dirname(path))
    except OSError as error:
        raise ValueError(f"{error.strerror}; {_REMEDY}") from None
    if not stat.S_ISDIR(found.st_mode):
        raise ValueError(f"it is no directory; {_REMEDY}")
    kind = _fileSystem(found.st_dev, path, _mounts() if mounts is None else mounts)
    if kind in _REMOTE:
        raise ValueError(
            f"a file system of kind {kind} keeps no promise of a {what}; choose a local disk"
        )
    if there and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ValueError("others can write it, and so print; chmod go-w it")
    return kind


def _mounts() -> list[str]:
    with open("/proc/self/mountinfo") as file:
        return file.readlines()


def _fileSystem(device: int, path: str, mounts: Iterable[str]) -> str:
    # proc(5): ID parent major:minor root point options [tags] - kind source options.  A subvolume
    # has a device of its own, so otherwise the longest mount point counts.
    number = f"{os.major(device)}:{os.minor(device)}"
    best, kind = -1, ""
    for line in mounts:
        before, _, after = line.partition(" - ")
        words = before.split()
        if words[2] == number:
            return after.split()[0]
        point = words[4].replace("\\040", " ")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:
            best, kind = len(point), after.split()[0]
    return kind
