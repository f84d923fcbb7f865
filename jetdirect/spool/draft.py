"""
A job on its way to the files of a spool, and its commit: the order in which they get to the disk.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from ..errors import TakenBack
from .disk import Disk, File
from .paths import DATA, RECORD, jobPath, placePath
from .record import JobPlace, SpoolRecord


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

    def __init__(self, store: Shelf, disk: Disk, port: str, number: int, path: str) -> None:
        self.number = number
        self.kept = False
        self._store = store
        self._disk = disk
        self._port = port
        self._path = path
        self._written = 0
        self._waiting = b""
        self._hash = hashlib.sha256()
        self._hashed = 0  # so many of those that wait are in it
        self._lock = threading.Lock()
        self._over = False
        self._file: File | None = None
        self._record: File | None = None

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
            self._hashRest()
            self._written += len(data)
            self._waiting, self._hashed = b"", 0

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
        return self._file is not None

    def sync(self) -> None:
        """
        Have all its bytes on stable storage, however long that takes; its commit is quick then.

        @raise OSError: the job is lost.
        """
        self.flush()
        assert self._file is not None
        self._file.sync()

    def commit(self, record: SpoolRecord, to: JobPlace = JobPlace.QUEUE) -> SpoolRecord:
        """
        Keep the job alone, as L{keep} does.

        @raise TakenBack: L{cut} was called in time.
        @raise OSError: it is not kept; L{discard} it, or L{Store.remove} it if C{kept} says that a
            crash could keep it all the same.  The spool is not to be trusted any more.
        """
        commit = Commit(self, record, to)
        keep(self._disk, [commit])
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
        self._hash.update(memoryview(self._waiting)[self._hashed :])
        self._hashed = len(self._waiting)

    def _decide(self) -> bool:
        # Commit or cut, whichever comes first; the lock is never held while the disk is touched.
        with self._lock:
            first, self._over = not self._over, True
        return first

    def _close(self) -> None:
        files = self._files
        self._file = self._record = None
        for each in files:
            each.close()

    # What a commit does with it.

    @property
    def _files(self) -> list[File]:
        return [each for each in (self._file, self._record) if each is not None]

    def _write(self, record: SpoolRecord) -> SpoolRecord:
        place = record.place or self._store.reserve("place", 1)
        self.flush()
        record = record.but(
            number=self.number,
            port=self._port,
            place=place,
            size=self.size,
            sha256=self.sha256,
        )
        self._record = self._disk.create(f"{self._path}/{RECORD}")
        self._record.write(record.encode())
        return record

    def _rename(self, to: JobPlace) -> None:
        self._close()
        # Decided before the rename, not by it: that may take as long as the disk wants.
        if not self._decide():
            raise TakenBack
        port = self._port.lower()
        self._disk.rename(self._path, jobPath(port, to, self.number))
        self._store.committed(self.number, port, to)
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

    def write(self) -> None:
        """Write it whole, where it is not kept yet."""
        self.record = self.draft._write(self.record)

    def rename(self) -> None:
        """Have it where it is kept."""
        self.draft._rename(self._to)

    @property
    def files(self) -> list[File]:
        """What is written to be synced."""
        return self.draft._files

    @property
    def path(self) -> str:
        """The directory of these."""
        return self.draft._path

    @property
    def moved(self) -> tuple[str, str]:
        """The directories that the rename changes."""
        port = self.draft._port.lower()
        return placePath(port, self._to), placePath(port, JobPlace.COMING)


def keep(disk: Disk, commits: Sequence[Commit]) -> None:
    """
    Keep jobs: those that have no C{error} when this returns survive a power cut.

    Data, record and the names of both are synced, then comes the rename that makes it a kept job,
    and then that is synced.  Without the first it would be a job of no bytes after a power cut,
    without the last no job at all (both seen on ext4).  Within a step nothing needs an order; so
    all jobs take each step together, and the disk has two waits for as many as there are.
    """
    _each(commits, Commit.write)
    _sync(disk, commits, lambda each: each.files, lambda each: (each.path,))
    _each(commits, Commit.rename)
    _sync(disk, commits, lambda each: (), lambda each: each.moved)


def _each(commits: Iterable[Commit], step: Callable[[Commit], None]) -> None:
    for each in commits:
        if each.error is None:
            try:
                step(each)
            except Exception as why:
                each.error = why


def _sync(
    disk: Disk,
    commits: Iterable[Commit],
    files: Callable[[Commit], Sequence[File]],
    paths: Callable[[Commit], Sequence[str]],
) -> None:
    going = [each for each in commits if each.error is None]
    allFiles = [file for each in going for file in files(each)]
    allPaths = [*dict.fromkeys(path for each in going for path in paths(each))]
    if not going:
        return
    told: Sequence[Exception | None]
    try:
        told = disk.syncAll(allFiles, allPaths)
    except Exception as why:  # nobody knows what was synced
        told = [why] * (len(allFiles) + len(allPaths))
    wrong = dict(zip([*map(id, allFiles), *allPaths], told, strict=True))
    for each in going:
        for part in (*map(id, files(each)), *paths(each)):
            each.error = each.error or wrong[part]
