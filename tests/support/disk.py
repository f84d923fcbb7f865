"""
A disk in memory that keeps, when the power goes, what was synced, and of the rest what a seed says.

Of writes that were not synced any part may be there, in any order, torn, or as zeros; of changes to
directories any of those that were not synced.  That is less than ext4 and XFS keep, so whoever is
safe here does not depend on what their journals happen to order.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TypeVar

from jetdirect.spool.disk import File
from jetdirect.spool.record import Room

BLOCK = 512
"""Bytes of a sector: what is written whole or not at all."""


class PowerCut(BaseException):
    """The machine is off; nothing that runs on it gets further."""


@dataclass(eq=False)
class _Inode:
    data: bytes = b""
    synced: bytes = b""
    condemned: bool = False
    unreadable: bool = False


@dataclass(eq=False)
class _Directory:
    names: dict[str, _Inode | _Directory] = field(default_factory=dict)
    synced: dict[str, _Inode | _Directory] = field(default_factory=dict)
    unreadable: bool = False
    marked: bool = False


_Entry = TypeVar("_Entry", _Inode, _Directory)


@dataclass(eq=False)
class _Change:
    """One change to directories that was not synced: names that go, and names that come."""

    gone: tuple[_Directory, str, _Inode | _Directory] | None
    come: tuple[_Directory, str, _Inode | _Directory] | None

    @property
    def inode(self) -> _Inode | _Directory:
        return (self.gone or self.come)[2]  # type: ignore[index]

    def syncedBy(self, directory: _Directory) -> bool:
        # A rename is one step, and counts when the directory that it leads to is synced.
        return (self.come or self.gone)[0] is directory  # type: ignore[index]

    def apply(self) -> None:
        if self.gone is not None:
            directory, name, inode = self.gone
            if directory.synced.get(name) is not inode:
                return
            del directory.synced[name]
        if self.come is not None:
            directory, name, inode = self.come
            directory.synced[name] = inode


class LosingDisk:
    """
    L{jetdirect.spool.disk.Disk}.

    @ivar calls: how many calls were made.
    @ivar fault: is asked before each call, with its number and name; what it raises is raised.
    @ivar skipped: the calls that lie: they return without having done anything.
    @ivar space: what C{room} answers.
    """

    def __init__(self, root: _Directory | None = None) -> None:
        self._root = root or _Directory()
        self._changes: list[_Change] = []
        self.calls = 0
        self.fault: Callable[[int, str], None] = lambda number, name: None
        self.skipped: Callable[[str, str], bool] = lambda name, path: False
        self.space = Room(free=1 << 40, total=1 << 40)

    def afterPowerCut(self, dice: Random) -> LosingDisk:
        """What the next start finds; this disk is not to be used any more."""
        self._settle(lambda change: dice.random() < 0.5)
        return LosingDisk(self._survivors(self._root, dice, {}))

    def _survivors(
        self, directory: _Directory, dice: Random, seen: dict[int, _Inode]
    ) -> _Directory:
        survived = _Directory(marked=directory.marked and dice.random() < 0.5)
        for name, entry in directory.synced.items():
            if isinstance(entry, _Directory):
                survived.synced[name] = self._survivors(entry, dice, seen)
            else:
                data = _torn(entry, dice)
                survived.synced[name] = seen.setdefault(id(entry), _Inode(data, data))
        survived.names = dict(survived.synced)
        return survived

    # Disk

    def create(self, path: str) -> LosingFile:
        self._call("create")
        directory, name = self._parent(path)
        if name in directory.names:
            raise FileExistsError(errno.EEXIST, "File exists", path)
        inode = _Inode()
        self._link(directory, name, inode)
        return LosingFile(self, inode, path)

    def overwrite(self, path: str, data: bytes) -> None:
        self._call("overwrite")
        directory, name = self._parent(path)
        if name not in directory.names:
            self._link(directory, name, _Inode())
        self._file(path).data = data

    def read(self, path: str) -> bytes:
        self._call("read")
        return self._readable(self._file(path)).data

    def open(self, path: str) -> LosingReader:
        self._call("open")
        return LosingReader(self, self._file(path))

    def room(self) -> Room:
        self._call("room")
        return self.space

    def size(self, path: str) -> int:
        self._call("size")
        return len(self._file(path).data)

    def makeDirectory(self, path: str) -> None:
        self._call("makeDirectory")
        directory, name = self._parent(path)
        if name in directory.names:
            raise FileExistsError(errno.EEXIST, "File exists", path)
        self._link(directory, name, _Directory())

    def isDirectory(self, path: str) -> bool:
        self._call("isDirectory")
        directory, name = self._parent(path)
        return isinstance(self._entry(directory, name, path), _Directory)

    def names(self, path: str) -> Sequence[str]:
        self._call("names")
        return list(self._readable(self._directory(path)).names)

    def rename(self, old: str, new: str) -> None:
        self._call("rename")
        if self.skipped("rename", new):
            return
        (source, before), (target, after) = self._parent(old), self._parent(new)
        inode = self._entry(source, before, old)
        if isinstance(target.names.get(after), _Directory) and target.names[after].names:  # type: ignore[union-attr]
            raise OSError(errno.ENOTEMPTY, "Directory not empty", new)
        del source.names[before]
        target.names[after] = inode
        self._changes.append(_Change((source, before, inode), (target, after, inode)))

    def remove(self, path: str) -> None:
        self._call("remove")
        directory, name = self._parent(path)
        self._unlink(directory, name, self._entry(directory, name, path))

    def removeDirectory(self, path: str) -> None:
        self._call("removeDirectory")
        directory, name = self._parent(path)
        inode = self._entry(directory, name, path)
        if isinstance(inode, _Directory) and inode.names:
            raise OSError(errno.ENOTEMPTY, "Directory not empty", path)
        self._unlink(directory, name, inode)

    def syncDirectory(self, path: str) -> None:
        self._call("syncDirectory")
        if self.skipped("syncDirectory", path):
            return
        directory = self._directory(path)
        self._settle(lambda change: change.syncedBy(directory))

    def syncAll(self, files: Sequence[File], paths: Sequence[str]) -> list[OSError | None]:
        steps: list[Callable[[], None]] = [file.sync for file in files]
        steps += [partial(self.syncDirectory, path) for path in paths]
        return [_tried(step) for step in steps]

    def mark(self, path: str) -> None:
        self._call("mark")
        self._directory(path).marked = True

    def isMarked(self, path: str) -> bool:
        self._call("isMarked")
        return self._directory(path).marked

    # Inside.

    def _settle(self, chosen: Callable[[_Change], bool]) -> None:
        # What is kept of a name, keeps what happened to the same file or directory before.
        kept: list[_Change] = []
        inodes: set[int] = set()
        for change in reversed(self._changes):
            if id(change.inode) in inodes or chosen(change):
                inodes.add(id(change.inode))
                kept.append(change)
        for change in reversed(kept):
            change.apply()
        self._changes = [change for change in self._changes if change not in kept]

    def _call(self, name: str) -> None:
        self.calls += 1
        self.fault(self.calls, name)

    def _link(self, directory: _Directory, name: str, inode: _Inode | _Directory) -> None:
        directory.names[name] = inode
        self._changes.append(_Change(None, (directory, name, inode)))

    def _unlink(self, directory: _Directory, name: str, inode: _Inode | _Directory) -> None:
        del directory.names[name]
        self._changes.append(_Change((directory, name, inode), None))

    def _directory(self, path: str) -> _Directory:
        directory = self._root
        for name in filter(None, path.split("/")):
            entry = self._entry(directory, name, path)
            if not isinstance(entry, _Directory):
                raise NotADirectoryError(errno.ENOTDIR, "Not a directory", path)
            directory = entry
        return directory

    def _parent(self, path: str) -> tuple[_Directory, str]:
        before, _, name = path.rpartition("/")
        return self._directory(before), name

    def inode(self, path: str) -> _Inode:
        """The file itself, for a test that changes what it holds."""
        return self._file(path)

    def directory(self, path: str) -> _Directory:
        """The directory itself, likewise."""
        return self._directory(path)

    def inodes(self, path: str) -> Sequence[str]:
        """What is in a directory, without a call."""
        return list(self._directory(path).names)

    @staticmethod
    def _readable(entry: _Entry) -> _Entry:
        if entry.unreadable:
            raise OSError(errno.EIO, "failed")
        return entry

    def _file(self, path: str) -> _Inode:
        directory, name = self._parent(path)
        entry = self._entry(directory, name, path)
        if isinstance(entry, _Directory):
            raise IsADirectoryError(errno.EISDIR, "Is a directory", path)
        return entry

    @staticmethod
    def _entry(directory: _Directory, name: str, path: str) -> _Inode | _Directory:
        if name not in directory.names:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        return directory.names[name]


class LosingFile:
    """L{jetdirect.spool.disk.File}."""

    def __init__(self, disk: LosingDisk, inode: _Inode, path: str) -> None:
        self._disk = disk
        self._inode = inode
        self._path = path

    def write(self, data: bytes) -> None:
        self._disk._call("write")
        self._inode.data += data

    def sync(self) -> None:
        try:
            self._disk._call("sync")
        except OSError:
            # The kernel tells it once; then the pages count as written, and never are.
            self._inode.condemned = True
            raise
        if not self._inode.condemned and not self._disk.skipped("sync", self._path):
            self._inode.synced = self._inode.data

    def close(self) -> None:
        """Nothing that counts on a disk."""


class LosingReader:
    """L{jetdirect.spool.disk.Reader}."""

    def __init__(self, disk: LosingDisk, inode: _Inode) -> None:
        self._disk = disk
        self._inode = inode
        self._at = 0

    def read(self, most: int) -> bytes:
        self._disk._call("readPiece")
        found = self._inode.data[self._at : self._at + most]
        self._at += len(found)
        return found

    def close(self) -> None:
        """Nothing that counts on a disk."""


def _tried(step: Callable[[], None]) -> OSError | None:
    try:
        step()
    except OSError as why:
        return why
    return None


def _torn(inode: _Inode, dice: Random) -> bytes:
    if inode.condemned:
        return inode.synced
    whole, synced = inode.data, inode.synced
    rest = whole[len(synced) :]
    kind = dice.randrange(4)
    if not rest or kind == 0:
        return synced
    if kind == 1:
        return whole
    if kind == 2:  # the size was written, the blocks were not
        return synced + bytes(len(rest))
    blocks = [rest[n : n + BLOCK] for n in range(0, len(rest), BLOCK)]
    kept = [each if dice.random() < 0.5 else bytes(len(each)) for each in blocks]
    return synced + b"".join(kept[: dice.randint(0, len(kept))])
