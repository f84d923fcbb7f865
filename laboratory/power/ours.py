"""
L{jetdirect.spool.store} with senders, a line at each printing port, and an operator.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from random import Random

from jetdirect.spool.disk import File, RealDisk
from jetdirect.spool.draft import Commit, Draft, keepHere
from jetdirect.spool.record import JobPlace, SpoolRecord
from jetdirect.spool.store import Store

from ..kept.rules import Found, Standing, Where
from . import kernel
from .subject import Digest, Draw, Note

PORTS = ("ward3", "lab", "ward7")
SENDERS = 4
TOGETHER = 3
"""Jobs that one of them has kept at a time."""

_NEW = SpoolRecord(number=0, port="", name="a.ps", user="anna", host="192.0.2.7", received=1.0)
_WHERE = {
    JobPlace.QUEUE: Where.WAITING,
    JobPlace.ACTIVE: Where.PRINTING,
    JobPlace.HELD: Where.HELD,
    JobPlace.DONE: Where.ENDED,
}


class OurStore:
    """A L{laboratory.power.subject.Subject}."""

    def __init__(self, disk: type[RealDisk] = RealDisk) -> None:
        self._disk = disk

    def prepare(self, directory: str) -> None:
        os.mkdir(f"{directory}/spool", 0o700)
        kernel.run("sync", "-f", directory)
        self._opened(directory)

    def work(self, directory: str, note: Note, draw: Draw, seed: int, jobs: int) -> None:
        store = self._opened(directory)
        lines: dict[str, SimpleQueue[SpoolRecord | None]] = {each: SimpleQueue() for each in PORTS}

        def send(sender: int) -> None:
            dice = Random(f"{seed}/{sender}")
            left = jobs // SENDERS
            while left:
                together = min(dice.randint(1, TOGETHER), left)
                left -= together
                drafts = [
                    _begin(store, dice.choice(PORTS), draw(dice), note) for _ in range(together)
                ]
                wanted = [each for each in drafts if not _cut(each, note, dice)]
                for record in _keep(store, wanted, note):
                    lines[record.port].put(record)

        def take(port: str) -> None:
            dice = Random(f"{seed}/{port}")
            while (record := lines[port].get()) is not None:
                _Turn(store, record, note, dice).take()

        with ThreadPoolExecutor(SENDERS + len(PORTS)) as pool:
            printers = [pool.submit(take, port) for port in PORTS]
            senders = [pool.submit(send, sender) for sender in range(SENDERS)]
            for each in senders:
                each.result()
            for port in PORTS:
                lines[port].put(None)
            for each in printers:
                each.result()

    def look(self, directory: str, digest: Digest) -> Found:
        found = Found()
        store = Store(UnsyncedDisk(f"{directory}/spool"))
        for port in PORTS:
            there = store.addPort(port)
            found.complaints += there.complaints
            for place, jobs in there.jobs.items():
                for job in jobs:
                    sha256 = digest(f"{directory}/spool/{store.dataPath(job.number)}")
                    found.jobs.append(Standing(job.number, _WHERE[place], sha256))
        following = store.begin(PORTS[0])
        following.discard()
        found.following = following.number
        return found

    def _opened(self, directory: str) -> Store:
        store = Store(self._disk(f"{directory}/spool"))
        for port in PORTS:
            store.addPort(port)
        return store


class UnsyncedDisk(RealDisk):
    """
    A disk that is never flushed: for a machine that is looked at and thrown away, or as a saboteur.
    """

    def syncDirectory(self, path: str) -> None:
        """Nothing is flushed."""

    def syncAll(self, files: Sequence[File], paths: Sequence[str]) -> list[OSError | None]:
        """Nothing is flushed."""
        return [None] * (len(files) + len(paths))

    def create(self, path: str) -> File:
        return _UnsyncedFile(super().create(path))


class NoData(RealDisk):
    """A saboteur: the files of a job are not synced, their directories are."""

    def syncAll(self, files: Sequence[File], paths: Sequence[str]) -> list[OSError | None]:
        """The files are left out."""
        return [None] * len(files) + super().syncAll([], paths)


class NoRename(RealDisk):
    """A saboteur: a job's files are synced, and the rename that puts it in its place is not."""

    def syncAll(self, files: Sequence[File], paths: Sequence[str]) -> list[OSError | None]:
        """That one has no files."""
        return super().syncAll(files, paths) if files else [None] * len(paths)


class NoChange(RealDisk):
    """A saboteur: what becomes of a job that is kept is not synced."""

    def syncDirectory(self, path: str) -> None:
        """Nothing is flushed."""


class _UnsyncedFile:
    def __init__(self, file: File) -> None:
        self.write, self.close = file.write, file.close

    def sync(self) -> None:
        """Nothing is flushed."""


def _begin(store: Store, port: str, data: bytes, note: Note) -> Draft:
    draft = store.begin(port)
    note(
        draft.number,
        number=draft.number,
        sha256=hashlib.sha256(data).hexdigest(),
        sure=frozenset({Where.GONE}),
    )
    for start in range(0, len(data), 1 << 20):
        draft.write(data[start : start + (1 << 20)])
    return draft


def _cut(draft: Draft, note: Note, dice: Random) -> bool:
    if dice.random() >= 0.1:
        return False
    draft.cut()
    draft.discard()
    note(draft.number, refused=True)
    return True


def _keep(store: Store, drafts: Sequence[Draft], note: Note, of: int = 0) -> list[SpoolRecord]:
    for each in drafts:
        note(each.number, sure=frozenset({Where.GONE, Where.WAITING}))
    commits = [Commit(each, _NEW.but(reprintOf=of)) for each in drafts]
    keepHere(store.here, commits)
    for commit in commits:
        if commit.error is not None:
            raise commit.error
        note(commit.record.number, taken=True, sure=frozenset({Where.WAITING}))
    return [each.record for each in commits]


class _Turn:
    """What becomes of one job: it is printed, or held, or canceled; the printer may be lost."""

    def __init__(self, store: Store, record: SpoolRecord, note: Note, dice: Random) -> None:
        self._store, self._record, self._note, self._dice = store, record, note, dice
        self._number, self._where = record.number, Where.WAITING

    def take(self) -> None:
        if self._dice.random() < 0.1:
            self._put(JobPlace.HELD)
            if self._dice.random() < 0.5:
                self._end("canceled", given=True)
                return
            self._put(JobPlace.QUEUE)
        self._put(JobPlace.ACTIVE, attempts=1)
        self._note(self._number, papers=1)
        self._store.note(self._number, self._record.size // 2)
        if self._dice.random() < 0.15:
            self._put(JobPlace.HELD, sent=self._record.size // 2)
            if self._dice.random() < 0.3:
                return
            self._put(JobPlace.QUEUE, allowed=2, by="anna")
            self._put(JobPlace.ACTIVE, attempts=2)
            self._note(self._number, papers=2)
        self._note(self._number, printed=True)
        self._end("completed")

    def _end(self, outcome: str, given: bool = False) -> None:
        self._put(JobPlace.DONE, given=given, outcome=outcome)
        if outcome == "completed" and self._dice.random() < 0.2:
            disk = self._store._disk
            data = disk.read(self._store.dataPath(self._number))
            draft = _begin(self._store, self._record.port, data, self._note)
            _keep(self._store, [draft], self._note, of=self._number)
        self._store.removeData(self._number)
        if self._dice.random() < 0.5:
            self._note(self._number, sure=frozenset({Where.ENDED, Where.GONE}))
            self._store.remove(self._number)
            self._note(self._number, sure=frozenset({Where.GONE}))

    def _put(
        self, place: JobPlace, allowed: int = 0, given: bool = False, **changes: object
    ) -> None:
        before, self._where = self._where, _WHERE[place]
        told: dict[str, object] = {"allowed": allowed} if allowed else {}
        if given:
            told["given"] = True
        self._note(self._number, sure=frozenset({before, self._where}), **told)
        self._record = self._record.but(**changes)
        self._store.change(self._record, place)
        self._note(self._number, sure=frozenset({self._where}))
