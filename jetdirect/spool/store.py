"""
Kept jobs as files: what is on the disk, and in which order it gets there.

Below the spool directory::

    numbers                            the counters, and the lock of the process that has the spool
    ports/NAME/STATE/00000031/data     the sender's bytes, and nothing else
                              job.json what is known of the job (spool/record.py)

STATE is C{tmp} while the job comes in, C{queue} while it waits, C{active} from the moment before
its first byte leaves, C{held} while it waits for a person, C{done} when it has ended, C{corrupt}
when it cannot be used.  A job is a directory, so one rename moves it whole, and that rename is the
moment at which the step counts.

Each step is on stable storage when its method returns.  Every method may sleep: none is called in
the reactor's thread.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from .disk import Disk, File
from .durable import replaceFile, writeFile
from .numbers import Numbers
from .record import BadRecord, SpoolRecord, decode, glance

NUMBERS, DATA, RECORD, PROGRESS = "numbers", "data", "job.json", "progress"

LEAST_DIGITS = 8
"""Digits of a directory's name at least, with which C{ls} shows the jobs in order."""


class JobPlace(Enum):
    """The directories of a printing port; a kept job is in one of them."""

    COMING = "tmp"
    QUEUE = "queue"
    ACTIVE = "active"
    HELD = "held"
    DONE = "done"
    CORRUPT = "corrupt"


class TakenBack(Exception):
    """The job was cut before its commit: nothing of it stays."""


class Kept(NamedTuple):
    """A kept job, as far as its line needs to know it; L{Store.record} has the rest."""

    place: int
    """Jobs print in the order of their places."""

    number: int
    size: int
    """Bytes of its data."""


@dataclass
class Found:
    """
    What was found of one printing port when the spool was opened.

    @ivar jobs: all that are kept, by where they are, in the order of their places.
    @ivar complaints: what is wrong with what else is there, one sentence each.
    """

    jobs: dict[JobPlace, list[Kept]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)


class Store:
    """
    The kept jobs of all printing ports.

    Several threads may use it, not two at a time for one job.
    """

    def __init__(self, disk: Disk) -> None:
        """
        @raise ValueError: what is there cannot be used; the message names it.
        @raise OSError: the disk fails.
        """
        self._disk = disk
        self._lock = threading.Lock()
        try:
            self._numbers = Numbers(disk, NUMBERS, ("number", "place"))
        except ValueError as why:
            raise ValueError(f"{NUMBERS}: {why}; restore it, or empty the spool") from None
        with suppress(FileExistsError):
            disk.makeDirectory("ports")
        disk.syncDirectory("")
        self._where: dict[int, tuple[str, JobPlace]] = {}
        if self._numbers.unused and any(True for _ in self._all()):
            raise ValueError(f"{NUMBERS} is missing, and there are jobs; restore it")

    # Printing ports

    def addPort(self, name: str) -> Found:
        """
        Make room for the jobs of a printing port, and say what is there already.

        What came in when the last process ended is gone after that: its sender was not told that it
        is kept.

        @param name: of letters, digits, C{-} and C{_}; upper and lower case are one.
        """
        port = name.lower()
        for path in (_portPath(port), *(_placePath(port, place) for place in JobPlace)):
            with suppress(FileExistsError):
                self._disk.makeDirectory(path)
        self._disk.syncDirectory(_portPath(port))
        self._disk.syncDirectory("ports")
        return self._look(port)

    def portNames(self) -> list[str]:
        """The printing ports that have a directory, in lower case; some may exist no more."""
        return sorted(self._disk.names("ports"))

    # A job comes in

    def begin(self, port: str) -> Draft:
        """
        Make room for a job.

        @raise OSError: there is none.
        """
        with self._lock:
            number = self._numbers.next("number")
        path = _jobPath(port.lower(), JobPlace.COMING, number)
        self._disk.makeDirectory(path)
        return Draft(self, self._disk, port, number, path)

    # A job is kept

    def place(self, number: int) -> JobPlace:
        """Where a job is.  @raise KeyError: it is not kept."""
        return self._where[number][1]

    def record(self, number: int) -> SpoolRecord:
        """
        What is written about a job.

        @raise BadRecord: it cannot be used.
        @raise KeyError: it is not kept.
        """
        return decode(self._disk.read(f"{self._path(number)}/{RECORD}"))

    def dataPath(self, number: int) -> str:
        """The file with a job's bytes, below the spool directory."""
        return f"{self._path(number)}/{DATA}"

    def change(self, record: SpoolRecord, place: JobPlace) -> None:
        """
        Write what has become of a job, and put it where it belongs now.

        Until the last step a crash leaves it where it was, with the new record or the old one; so
        what a record says of a place counts only there.

        @param record: C{record.port} may be another port: the job then moves to it.
        @raise OSError: it is not known whether the change would survive a crash.
        """
        path = self._path(record.number)
        replaceFile(self._disk, f"{path}/{RECORD}", record.encode())
        self._move(record.number, record.port.lower(), place)

    def nextPlace(self) -> int:
        """A place behind all others.  @raise OSError: the counter could not be raised."""
        with self._lock:
            return self._numbers.next("place")

    def note(self, number: int, sent: int) -> None:
        """
        Note how many bytes of a job have left: a hint for a person after a crash, not synced.

        @raise OSError: it could not be noted; nothing depends on it.
        """
        path = f"{self._path(number)}/{PROGRESS}"
        with suppress(FileNotFoundError):
            self._disk.remove(path)
        file = self._disk.create(path)
        try:
            file.write(b"%d\n" % sent)
        finally:
            file.close()

    def noted(self, number: int) -> int:
        """What L{note} noted last; 0: nothing that survived."""
        try:
            text = self._disk.read(f"{self._path(number)}/{PROGRESS}")
            return int(text) if text.strip().isdigit() else 0
        except FileNotFoundError:
            return 0

    def removeData(self, number: int) -> None:
        """
        Remove the bytes of a job whose end is recorded.

        A crash may bring them back: the next start does it again.
        """
        with suppress(FileNotFoundError):
            self._disk.remove(self.dataPath(number))

    def remove(self, number: int) -> None:
        """
        Forget a job whole.

        It leaves in two steps: out of its place for good, and then out of the disk.
        """
        port, place = self._where[number]
        if place is not JobPlace.COMING:
            self._move(number, port, JobPlace.COMING)
        self._clear(_jobPath(port, JobPlace.COMING, number))
        del self._where[number]

    # Inside.

    def _path(self, number: int) -> str:
        port, place = self._where[number]
        return _jobPath(port, place, number)

    def _move(self, number: int, port: str, place: JobPlace) -> None:
        before = self._where[number]
        if before == (port, place):
            return
        self._disk.rename(_jobPath(*before, number), _jobPath(port, place, number))
        self._where[number] = (port, place)
        # One of the two would do where a rename is one step of a journal, as on ext4 and XFS.
        self._disk.syncDirectory(_placePath(port, place))
        self._disk.syncDirectory(_placePath(*before))

    def _committed(self, number: int, port: str) -> None:
        self._where[number] = (port, JobPlace.QUEUE)

    def _all(self) -> Iterator[int]:
        for port in self._disk.names("ports"):
            for place in JobPlace:
                with suppress(FileNotFoundError, NotADirectoryError):
                    for name in self._disk.names(_placePath(port, place)):
                        number = _number(name)
                        if number is not None:
                            yield number

    def _look(self, port: str) -> Found:
        found = Found()
        for name in self._disk.names(_placePath(port, JobPlace.COMING)):
            if _number(name) is not None:
                self._clear(f"{_placePath(port, JobPlace.COMING)}/{name}")
        highest = 0
        for place in (JobPlace.QUEUE, JobPlace.ACTIVE, JobPlace.HELD, JobPlace.DONE):
            kept: list[Kept] = []
            for name in self._disk.names(_placePath(port, place)):
                path = f"{_placePath(port, place)}/{name}"
                number = _number(name)
                if number is None:
                    found.complaints.append(f"{path} is not a job; it is left as it is")
                    continue
                self._where[number] = (port, place)
                highest = max(highest, number)
                try:
                    kept.append(self._checked(number, path))
                except (BadRecord, FileNotFoundError) as why:
                    found.complaints.append(f"{path} cannot be used: {_said(why)}; it is set aside")
                    self._move(number, port, JobPlace.CORRUPT)
            found.jobs[place] = sorted(kept)
        with self._lock:
            self._numbers.beyond("number", highest)
            self._numbers.beyond(
                "place", max((job.place for jobs in found.jobs.values() for job in jobs), default=0)
            )
        return found

    def _checked(self, number: int, path: str) -> Kept:
        place, found, size = glance(self._disk.read(f"{path}/{RECORD}"))
        if found != number:
            raise BadRecord(f"its {RECORD} is that of job {found}")
        return Kept(place, number, size)

    def _clear(self, path: str) -> None:
        for name in self._disk.names(path):
            self._disk.remove(f"{path}/{name}")
        self._disk.removeDirectory(path)


class Draft:
    """
    A job that comes in.

    @ivar number: its number.
    @ivar size: the bytes written so far.
    """

    def __init__(self, store: Store, disk: Disk, port: str, number: int, path: str) -> None:
        self.number = number
        self.size = 0
        self._store = store
        self._disk = disk
        self._port = port
        self._path = path
        self._hash = hashlib.sha256()
        self._lock = threading.Lock()
        self._over = False
        self._file: File | None = disk.create(f"{path}/{DATA}")

    def write(self, data: bytes) -> None:
        """Append bytes.  @raise OSError: the job is lost."""
        assert self._file is not None
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)

    def commit(self, record: SpoolRecord) -> SpoolRecord:
        """
        Keep the job: when this returns it survives a power cut.

        The data is synced, then the record, then the names of both, then the rename that makes it a
        kept job, then that.  Without the first it would be a job of no bytes after a power cut,
        without the last no job at all (both seen on ext4).

        @param record: what is known of it; number, port, place, size and hash are filled in.
        @raise TakenBack: L{cut} was called in time.
        @raise OSError: it is not kept; L{discard} it.  The spool is not to be trusted any more.
        """
        place = self._store.nextPlace()
        assert self._file is not None
        self._file.sync()
        self._close()
        record = record.but(
            number=self.number,
            port=self._port,
            place=place,
            size=self.size,
            sha256=self._hash.hexdigest(),
        )
        writeFile(self._disk, f"{self._path}/{RECORD}", record.encode())
        self._disk.syncDirectory(self._path)
        port = self._port.lower()
        with self._lock:
            if self._over:
                raise TakenBack
            self._over = True
            self._disk.rename(self._path, _jobPath(port, JobPlace.QUEUE, self.number))
            self._store._committed(self.number, port)
        self._disk.syncDirectory(_placePath(port, JobPlace.QUEUE))
        self._disk.syncDirectory(_placePath(port, JobPlace.COMING))
        return record

    def cut(self) -> bool:
        """
        Decide that the job is not kept; may be called by any thread, also during L{commit}.

        @return: C{False}: too late, it is kept, or will be; L{Store.remove} takes it back.
        """
        with self._lock:
            inTime, self._over = not self._over, True
        return inTime

    def discard(self) -> None:
        """Remove what came of a job that was not committed.  @raise OSError: something stays."""
        self._close()
        self._store._clear(self._path)

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _portPath(port: str) -> str:
    return f"ports/{port}"


def _placePath(port: str, place: JobPlace) -> str:
    return f"ports/{port}/{place.value}"


def _jobPath(port: str, place: JobPlace, number: int) -> str:
    return f"ports/{port}/{place.value}/{number:0{LEAST_DIGITS}d}"


def _number(name: str) -> int | None:
    return int(name) if name.isascii() and name.isdigit() and len(name) >= LEAST_DIGITS else None


def _said(why: BaseException) -> str:
    return f"it has no {RECORD}" if isinstance(why, FileNotFoundError) else str(why)
