"""
A job on its way to the files of a spool, and its commit: the order in which they get to the disk.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..errors import TakenBack
from .disk import Disk, File
from .paths import DATA, jobPath
from .record import JobPlace, SpoolRecord
from .steps import Here, Move, Moved, Whole

if TYPE_CHECKING:  # it needs Twisted, which a look at a spool without a gateway does not load
    from .beside import Steps

_Result = TypeVar("_Result")

BEHIND = 3
"""Pieces of a large job that may be written and not hashed (chosen): some megabytes."""


class Shelf(Protocol):
    """A store of files, as a draft knows it."""

    def reserve(self, counter: str, count: int) -> int:
        """Take numbers that nobody has had."""

    def committed(self, number: int, port: str, place: JobPlace) -> None:
        """A draft has become a kept job."""

    def discarded(self, path: str) -> None:
        """A draft is not wanted any more: remove what there is of it."""


class Draft:
    """
    A job that comes in.

    Its first bytes are in memory only, until somebody wants them on the disk: a small job touches
    that once, when it is committed.

    @ivar number: its number.
    @ivar kept: a crash may leave it as a kept job.
    """

    def __init__(
        self, store: Shelf, disk: Disk, here: Here, port: str, number: int, path: str
    ) -> None:
        self.number = number
        self.kept = False
        self._store = store
        self._disk = disk
        self._here = here
        self._port = port
        self._path = path
        self._written = 0
        self._waiting = b""
        self._hash = hashlib.sha256()
        self._hashing = threading.Lock()
        self._unhashed: deque[memoryview] = deque()  # of what is written
        self._hashed = 0  # so many of those that wait are in it
        self._lock = threading.Lock()
        self._over = False
        self._file: File | None = None
        self._synced = False

    def take(self, data: bytes) -> int:
        """Append bytes, in memory.  @return: how many are there."""
        self._waiting += data
        return len(self._waiting)

    def flush(self) -> None:
        """Write them.  @raise OSError: the job is lost."""
        if self._file is None:
            self._disk.makeDirectory(self._path)
            self._file = self._disk.create(f"{self._path}/{DATA}")
        data = self._waiting
        if data:
            self._file.write(data)
            self._unhashed.append(memoryview(data)[self._hashed :])
            self._written += len(data)
            self._waiting, self._hashed = b"", 0
            if len(self._unhashed) > BEHIND:
                self.hash()

    def hash(self) -> None:
        """Hash what is written: by another thread while this one writes, or when it must be."""
        with self._hashing, suppress(IndexError):
            while True:
                self._hash.update(self._unhashed.popleft())

    def write(self, data: bytes) -> None:
        """Append bytes, and write them.  @raise OSError: the job is lost."""
        self.take(data)
        self.flush()

    @property
    def size(self) -> int:
        """The bytes so far."""
        return self._written + len(self._waiting)

    @property
    def sha256(self) -> str:
        """The hash of the bytes so far, in hexadecimal."""
        self._hashRest()
        return self._hash.hexdigest()

    @property
    def large(self) -> bool:
        """Is a part of it written already?"""
        return self._synced or self._file is not None

    def sync(self) -> None:
        """
        Have all its bytes on stable storage, however long that takes; its commit is quick then.

        @raise OSError: the job is lost.
        """
        self.flush()
        assert self._file is not None
        self._file.sync()
        self._close()
        self._synced = True

    def commit(self, record: SpoolRecord, to: JobPlace = JobPlace.QUEUE) -> SpoolRecord:
        """
        Keep the job alone, as L{keep} does.

        @raise TakenBack: L{cut} was called in time.
        @raise OSError: it is not kept; L{discard} it, or L{Store.remove} it if C{kept} says that a
            crash could keep it all the same.  The spool is not to be trusted any more.
        """
        commit = Commit(self, record, to)
        keepHere(self._here, [commit])
        if commit.error is not None:
            raise commit.error
        return commit.record

    def cut(self) -> bool:
        """
        Decide that the job is not kept; may be called by any thread, also during L{commit}, and
        never waits for the disk.

        @return: C{False}: too late, it is kept, or will be when L{commit} returns; then
            L{Store.remove} takes it back.
        """
        return self._decide()

    def discard(self) -> None:
        """Remove what came of a job that was not committed.  @raise OSError: something stays."""
        with suppress(OSError):
            self._close()
        self._store.discarded(self._path)

    def _hashRest(self) -> None:
        self.hash()
        self._hash.update(memoryview(self._waiting)[self._hashed :])
        self._hashed = len(self._waiting)

    def _decide(self) -> bool:
        # Commit or cut, whichever comes first; the lock is never held while the disk is touched.
        with self._lock:
            first, self._over = not self._over, True
        return first

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    # What a commit does with it.

    def _whole(self, record: SpoolRecord) -> tuple[SpoolRecord, Whole]:
        if self._file is not None:
            self.sync()
        record = record.but(
            number=self.number,
            port=self._port,
            place=record.place or self._store.reserve("place", 1),
            size=self.size,
            sha256=self.sha256,
        )
        return record, Whole(self._path, None if self._synced else self._waiting, record)

    def _move(self, to: JobPlace) -> Move:
        # Decided before the rename, not by it: that may take as long as the disk wants.
        if not self._decide():
            raise TakenBack
        return Move(self._path, jobPath(self._port.lower(), to, self.number))

    def _moved(self, to: JobPlace) -> None:
        self._store.committed(self.number, self._port.lower(), to)
        self.kept = True


class Commit:
    """
    A draft that is to be kept.

    @ivar record: what is known of it; number, port, size and hash are filled in, and the place if
        it has none.
    @ivar error: why it is not kept, as L{Draft.commit} raises it; L{None}: it is.
    """

    def __init__(self, draft: Draft, record: SpoolRecord, to: JobPlace = JobPlace.QUEUE) -> None:
        """@param to: where it goes; C{record.reason} says why if that is not the queue."""
        self.draft = draft
        self.record = record
        self.error: Exception | None = None
        self._to = to

    def whole(self) -> Whole:
        """What is to be written of it.  @raise OSError: its bytes are not on the disk."""
        self.record, whole = self.draft._whole(self.record)
        return whole

    def move(self) -> Move:
        """Where it is to be kept.  @raise TakenBack: it is not to be kept any more."""
        return self.draft._move(self._to)

    def moved(self, moved: Moved) -> None:
        """It is there, or is not."""
        if moved.there:
            self.draft._moved(self._to)
        self.error = moved.error


async def keep(steps: Steps, commits: Sequence[Commit], marks: Sequence[str] = ()) -> None:
    """
    Keep jobs: those that have no C{error} when this returns survive a power cut.

    @param marks: directories that are to be marked by the way.
    """
    toWrite = _each(commits, Commit.whole)
    if toWrite or marks:
        _written(toWrite, await steps.write([*toWrite.values()], marks))
    toMove = _each(commits, Commit.move)
    if toMove:
        _moved(toMove, await steps.move([*toMove.values()]))


def keepHere(here: Here, commits: Sequence[Commit]) -> None:
    """The same, in this thread."""
    toWrite = _each(commits, Commit.whole)
    _written(toWrite, here.write([*toWrite.values()]))
    toMove = _each(commits, Commit.move)
    _moved(toMove, here.move([*toMove.values()]))


def _written(commits: Iterable[Commit], told: Sequence[Exception | None]) -> None:
    for each, error in zip(commits, told, strict=True):
        each.error = error


def _moved(commits: Iterable[Commit], told: Sequence[Moved]) -> None:
    for each, moved in zip(commits, told, strict=True):
        each.moved(moved)


def _each(commits: Iterable[Commit], step: Callable[[Commit], _Result]) -> dict[Commit, _Result]:
    done: dict[Commit, _Result] = {}
    for each in commits:
        if each.error is None:
            try:
                done[each] = step(each)
            except Exception as why:
                each.error = why
    return done
