"""
Kept jobs as files: what is on the disk, and in which order it gets there.

Below the spool directory::

    lock                               held by the process that has the spool
    numbers                            the counters
    ballast                            room for the end of a job on a full disk
    paused.json                        the printing ports that an operator has paused
    ports/NAME/STATE/00000031/data     the sender's bytes, and nothing else
                              job.json what is known of the job (spool/record.py)
                              progress bytes of it that have left: a hint, not synced

STATE is C{tmp} while the job comes in, C{queue} while it waits, C{active} from the moment before
its first byte leaves, C{held} while it waits for a person, C{done} when it has ended, C{corrupt}
when it cannot be used.  A job is a directory, so one rename moves it whole, and that rename is the
moment at which the step counts.  It is marked (C{drwx-----T}) when its sender has heard of it: a
hint likewise.

Each step is on stable storage when its method returns.  Every method may sleep: none is called in
the reactor's thread.
"""

from __future__ import annotations

import errno
import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import suppress

from .disk import Disk, Reader
from .draft import Draft
from .durable import UNFINISHED, replaceFile, writeFile
from .numbers import Numbers
from .paths import DATA, RECORD, isPort, jobPath, numberOf, placePath, portPath
from .paused import PAUSED, readPaused, writePaused
from .record import BadRecord, Found, JobPlace, Kept, NewerRecord, Room, SpoolRecord, decode, glance
from .steps import Here

NUMBERS, BALLAST, PROBE = "numbers", "ballast", "probe"
PROGRESS, HEARD = "progress", "heard"

BALLAST_BYTES = 1 << 20
"""As many as the records of some hundred jobs need."""

_OURS = {"lock", NUMBERS, BALLAST, PROBE, PAUSED, "ports"}

_OTHERS = re.compile(r"\.(sqlite|db)|lost\+found")
"""What may well be there beside it: the history, and what a file system has at its root."""

PIECE = 1 << 18
"""Bytes that are read at a time (chosen)."""


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
        self.here = Here(disk)
        self._lock = threading.Lock()
        try:
            self._numbers = Numbers(disk, NUMBERS, ("number", "place"))
        except ValueError as why:
            raise ValueError(f"{NUMBERS}: {why}; restore it, or empty the spool") from None
        with suppress(FileExistsError):
            disk.makeDirectory("ports")
        disk.syncDirectory("")
        self._where: dict[int, tuple[str, JobPlace]] = {}
        # Where jobs were that are elsewhere now, but not for good: a sync is to come, or failed.
        self._unsynced: dict[int, tuple[str, JobPlace]] = {}
        self._coming: set[str] = set()  # the paths of jobs that this process takes
        if self._numbers.unused and any(True for _ in self._all()):
            raise ValueError(f"{NUMBERS} is missing, and there are jobs; restore it")

    # Printing ports

    def addPort(self, name: str) -> Found:
        """
        Make room for the jobs of a printing port, and say what is there already.

        What came in when the last process ended is gone after that: its sender was not told that it
        is kept.

        @param name: of letters, digits, C{-} and C{_}; upper and lower case are one.
        @raise OSError: the disk fails, or the directory of the port is another one's.
        """
        port = name.lower()
        for path in (portPath(port), *(placePath(port, place) for place in JobPlace)):
            try:
                self._disk.makeDirectory(path)
            except FileExistsError:
                if not self._disk.isDirectory(path):
                    told = f"{path} is a link or a file; each port needs a directory of its own"
                    raise NotADirectoryError(errno.ENOTDIR, told) from None
        self._disk.syncDirectory(portPath(port))
        self._disk.syncDirectory("ports")
        return self._readJobs(port)

    def portNames(self) -> list[str]:
        """The printing ports that have a directory, in lower case; some may exist no more."""
        names = filter(isPort, self._disk.names("ports"))
        return sorted(name for name in names if self._disk.isDirectory(portPath(name)))

    def strangers(self) -> list[str]:
        """What is in the directory and is none of the spool's: a sentence for each."""
        found = [
            name
            for name in self._disk.names("")
            if name.removesuffix(UNFINISHED) not in _OURS and not _OTHERS.search(name)
        ]
        for name in self._disk.names("ports"):
            if not (isPort(name) and self._disk.isDirectory(portPath(name))):
                found.append(portPath(name))
        return [f"{path} is none of the spool's; it is left, and not printed" for path in found]

    def corrupt(self, port: str) -> list[str]:
        """The jobs of a printing port that were set aside: the names of their directories."""
        return sorted(self._disk.names(placePath(port.lower(), JobPlace.CORRUPT)))

    # A job comes in

    def reserve(self, counter: str, count: int) -> int:
        """
        Take numbers that nobody has had.

        @param counter: C{number} or C{place}.
        @return: the first of them.
        @raise OSError: the counter could not be raised.
        """
        with self._lock:
            self._mounted()
            return self._numbers.next(counter, count)

    def begin(self, port: str, number: int | None = None) -> Draft:
        """
        Make room for a job; with a number the disk is not touched.

        @param number: one that was reserved; L{None}: the next one.
        @raise OSError: there is none.
        """
        if number is None:
            number = self.reserve("number", 1)
        path = jobPath(port.lower(), JobPlace.COMING, number)
        self._coming.add(path)
        return Draft(self, self._disk, self.here, port, number, path)

    # A job is kept

    def place(self, number: int) -> JobPlace:
        """Where a job is.  @raise KeyError: it is not kept."""
        return self._where[number][1]

    def record(self, number: int) -> SpoolRecord:
        """
        What is written about a job.

        @raise BadRecord: it cannot be used.
        @raise KeyError: it is not kept.
        @raise OSError: it cannot be read, or is gone with its directory.
        """
        try:
            record = decode(self._disk.read(f"{self.path(number)}/{RECORD}"))
        except FileNotFoundError as why:
            # Without its directory it is the disk that is at fault: perhaps it is not mounted.
            self._disk.isDirectory(self.path(number))
            raise BadRecord(_whyUnusable(why)) from None
        # A crash may have come between the record and the step that it was written for.
        port, place = self._where[number]
        if record.port.lower() != port:
            record = record.but(port=port)
        if record.outcome and place in (JobPlace.QUEUE, JobPlace.HELD):
            record = record.but(outcome="", delivery="", ended=None)
        return record

    def dataPath(self, number: int) -> str:
        """The file with a job's bytes, below the spool directory."""
        return f"{self.path(number)}/{DATA}"

    def change(self, record: SpoolRecord, place: JobPlace) -> None:
        """
        Write what has become of a job, and put it where it belongs now.

        Until the last step a crash leaves it where it was, with the new record or the old one; so
        what a record says of a place counts only there.

        @param record: C{record.port} may be another port: the job then moves to it.
        @raise OSError: it is not known whether the change would survive a crash.
        """
        path = self.path(record.number)
        replaceFile(self._disk, f"{path}/{RECORD}", record.encode())
        self._move(record.number, record.port.lower(), place)

    def setAside(self, number: int) -> None:
        """
        Put a job that cannot be used where it is neither printed nor deleted.

        @raise OSError: it is not known whether that would survive a crash.
        """
        self._move(number, self._where[number][0], JobPlace.CORRUPT)

    def read(self, number: int) -> Reader:
        """
        The bytes of a job.

        @raise BadRecord: there are none, or not as many as were kept.
        @raise KeyError: it is not kept.
        """
        return self._open(self.record(number))

    def verify(self, number: int) -> None:
        """
        Read a job's bytes whole, and compare them with its record.

        @raise BadRecord: they are others; the message says what is wrong.
        @raise OSError: they cannot be read.
        """
        record, found = self.record(number), hashlib.sha256()
        reader = self._open(record)
        try:
            while piece := reader.read(PIECE):
                found.update(piece)
        finally:
            reader.close()
        if found.hexdigest() != record.sha256:
            raise BadRecord(f"its {DATA} is not what was kept: its hash is another one")

    def note(self, number: int, sent: int) -> None:
        """
        Note how many bytes of a job have left: a hint for a person after a crash, not synced.

        @raise OSError: it could not be noted; nothing depends on it.
        """
        self._disk.overwrite(f"{self.path(number)}/{PROGRESS}", b"%d\n" % sent)

    def wasHeard(self, number: int) -> bool:
        """Is it noted that its sender has heard of it?  An earlier version made a file."""
        path = self.path(number)
        return self._disk.isMarked(path) or HEARD in self._disk.names(path)

    def noted(self, number: int) -> int:
        """What L{note} noted last; 0: nothing that survived."""
        try:
            text = self._disk.read(f"{self.path(number)}/{PROGRESS}")
            return int(text) if text.strip().isdigit() else 0
        except OSError:
            return 0  # there is no such note, or none that can be read

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
        self._clear(jobPath(port, JobPlace.COMING, number))
        del self._where[number]

    # The spool as a whole

    def room(self) -> Room:
        """What it can still take."""
        return self._disk.room()

    def probe(self) -> None:
        """
        Try what a commit needs of the disk.

        @raise OSError: it fails, or is away.
        """
        self._mounted()
        self._removeProbe()
        writeFile(self._disk, PROBE + UNFINISHED, b"probe\n")
        self._disk.rename(PROBE + UNFINISHED, PROBE)
        self._disk.syncDirectory("")
        self._removeProbe()

    def takeBallast(self) -> None:
        """Fill room that L{dropBallast} gives back.  @raise OSError: there is none."""
        with suppress(FileExistsError):
            file = self._disk.create(BALLAST)
            try:
                file.write(bytes(BALLAST_BYTES))
                file.sync()
            except OSError:
                self._disk.remove(BALLAST)
                raise
            finally:
                file.close()

    def dropBallast(self) -> None:
        """Give it back: the disk is full, and the end of a job is to be recorded."""
        with suppress(FileNotFoundError):
            self._disk.remove(BALLAST)
            self._disk.syncDirectory("")

    def paused(self) -> dict[str, str]:
        """L{readPaused}."""
        return readPaused(self._disk)

    def setPaused(self, paused: dict[str, str]) -> None:
        """L{writePaused}."""
        self._mounted()
        writePaused(self._disk, paused)

    # What a draft says.

    def committed(self, number: int, port: str, place: JobPlace) -> None:
        """L{Shelf<jetdirect.spool.draft.Shelf>}."""
        self._where[number] = (port, place)
        self._coming.discard(jobPath(port, JobPlace.COMING, number))

    def discarded(self, path: str) -> None:
        """L{Shelf<jetdirect.spool.draft.Shelf>}."""
        self._coming.discard(path)
        with suppress(FileNotFoundError):
            self._clear(path)

    # Inside.

    def _mounted(self) -> None:
        # What is written into the empty directory where a disk was mounted is lost with the mount.
        self._disk.isDirectory("ports")

    def _removeProbe(self) -> None:
        for name in (PROBE, PROBE + UNFINISHED):
            with suppress(FileNotFoundError):
                self._disk.remove(name)

    def _open(self, record: SpoolRecord) -> Reader:
        path = self.dataPath(record.number)
        try:
            size = self._disk.size(path)
            if size != record.size:
                raise BadRecord(f"its {DATA} has {size} bytes, {record.size} were kept")
            return self._disk.open(path)
        except FileNotFoundError:
            raise BadRecord(f"it has no {DATA}") from None

    def path(self, number: int) -> str:
        """Its directory, below the spool directory.  @raise KeyError: it is not kept."""
        port, place = self._where[number]
        return jobPath(port, place, number)

    def _move(self, number: int, port: str, place: JobPlace) -> None:
        before = self._where[number]
        if before != (port, place):
            self._disk.rename(jobPath(*before, number), jobPath(port, place, number))
            self._where[number] = (port, place)
            self._unsynced[number] = before
        if number in self._unsynced:
            # One of the two would do where a rename is one step of a journal, as on ext4 and XFS.
            self._disk.syncDirectory(placePath(port, place))
            self._disk.syncDirectory(placePath(*self._unsynced[number]))
            del self._unsynced[number]

    def _all(self) -> Iterator[int]:
        for port in self._disk.names("ports"):
            for place in JobPlace:
                with suppress(FileNotFoundError, NotADirectoryError):
                    for name in self._disk.names(placePath(port, place)):
                        number = numberOf(name)
                        if number is not None:
                            yield number

    def _readJobs(self, port: str) -> Found:
        found = Found()
        places = {place.value for place in JobPlace}
        for name in sorted({*self._disk.names(portPath(port))} - places):
            found.complaints.append(f"{portPath(port)}/{name} is no place of jobs; it is left")
        coming = placePath(port, JobPlace.COMING)
        gone = [
            path
            for name in self._disk.names(coming)
            if numberOf(name) is not None and (path := f"{coming}/{name}") not in self._coming
        ]
        if gone:
            # That they are here must be sure before anything of them goes.
            self._disk.syncDirectory(coming)
        for path in gone:
            self._clear(path)
        highest = 0
        # Of a job that somebody has copied, the one that prints least counts.
        for place in (JobPlace.DONE, JobPlace.HELD, JobPlace.ACTIVE, JobPlace.QUEUE):
            kept: list[Kept] = []
            for name in self._disk.names(placePath(port, place)):
                path = f"{placePath(port, place)}/{name}"
                number = numberOf(name)
                if number is None:
                    found.complaints.append(f"{path} is not a job; it is left as it is")
                    continue
                if (other := self._elsewhere(number, port, place)) is not None:
                    found.complaints.append(f"{path} is also {other}; it is left, and not printed")
                    continue
                highest = max(highest, number)
                try:
                    kept.append(self._checked(number, path))
                except NotADirectoryError:
                    del self._where[number]
                    found.complaints.append(f"{path} is not a job; it is left as it is")
                except NewerRecord as why:
                    remedy = "it stays where it is, and is printed when that one is back"
                    found.complaints.append(f"{path} is not used: {why}; {remedy}")
                except (BadRecord, FileNotFoundError) as why:
                    found.complaints.append(
                        f"{path} cannot be used: {_whyUnusable(why)}; it is set aside"
                    )
                    self._move(number, port, JobPlace.CORRUPT)
                except OSError as why:
                    told = f"its {RECORD} cannot be read: {why.strerror}"
                    remedy = "it stays where it is; mend the disk, then restart"
                    found.complaints.append(f"{path} is not used: {told}; {remedy}")
            found.jobs[place] = sorted(kept)
            if kept:
                # The process before may have been killed between a step and its sync.
                self._disk.syncDirectory(placePath(port, place))
        with self._lock:
            self._numbers.beyond("number", highest)
            self._numbers.beyond(
                "place", max((job.place for jobs in found.jobs.values() for job in jobs), default=0)
            )
        return found

    def _elsewhere(self, number: int, port: str, place: JobPlace) -> str | None:
        # A number is one job's; whatever copied or linked a directory, it is printed once.
        with self._lock:
            before = self._where.setdefault(number, (port, place))
        if before == (port, place):
            return None
        other = jobPath(*before, number)
        with suppress(FileNotFoundError):
            if self._disk.isDirectory(other):
                return other
        self._where[number] = (port, place)
        return None

    def _checked(self, number: int, path: str) -> Kept:
        kept = glance(self._disk.read(f"{path}/{RECORD}"))
        if kept.number != number:
            raise BadRecord(f"its {RECORD} is that of job {kept.number}")
        return kept

    def _clear(self, path: str) -> None:
        for name in self._disk.names(path):
            self._disk.remove(f"{path}/{name}")
        self._disk.removeDirectory(path)


def _whyUnusable(why: BaseException) -> str:
    return f"it has no {RECORD}" if isinstance(why, FileNotFoundError) else str(why)
