"""
A job on its way to the files of a spool, and its commit: the order in which they get to the disk.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from typing import Protocol

from ..errors import TakenBack
from .disk import Disk, File
from .durable import writeFile
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
        self._lock = threading.Lock()
        self._over = False
        self._file: File | None = None

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
            self._hash.update(data)
            self._written += len(data)
            self._waiting = b""

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
        found = self._hash.copy()
        found.update(self._waiting)
        return found.hexdigest()

    def commit(self, record: SpoolRecord, to: JobPlace = JobPlace.QUEUE) -> SpoolRecord:
        """
        Keep the job: when this returns it survives a power cut.

        The data is synced, then the record, then the names of both, then the rename that makes it a
        kept job, then that.  Without the first it would be a job of no bytes after a power cut,
        without the last no job at all (both seen on ext4).

        @param record: what is known of it; number, port, size and hash are filled in, and the place
            if it has none.
        @param to: where it goes; C{record.reason} says why if that is not the queue.
        @raise TakenBack: L{cut} was called in time.
        @raise OSError: it is not kept; L{discard} it, or L{Store.remove} it if C{kept} says that a
            crash could keep it all the same.  The spool is not to be trusted any more.
        """
        place = record.place or self._store.reserve("place", 1)
        self.flush()
        assert self._file is not None
        self._file.sync()
        self._close()
        record = record.but(
            number=self.number,
            port=self._port,
            place=place,
            size=self.size,
            sha256=self.sha256,
        )
        writeFile(self._disk, f"{self._path}/{RECORD}", record.encode())
        self._disk.syncDirectory(self._path)
        port = self._port.lower()
        # Decided before the rename, not by it: that may take as long as the disk wants.
        if not self._decide():
            raise TakenBack
        self._disk.rename(self._path, jobPath(port, to, self.number))
        self._store.committed(self.number, port, to)
        self.kept = True
        self._disk.syncDirectory(placePath(port, to))
        self._disk.syncDirectory(placePath(port, JobPlace.COMING))
        return record

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

    def _decide(self) -> bool:
        # Commit or cut, whichever comes first; the lock is never held while the disk is touched.
        with self._lock:
            first, self._over = not self._over, True
        return first

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
