"""
The steps of a commit on the disk, each for as many jobs as there are at a time.

Data, record and the names of both are synced, then comes the rename that makes it a kept job, and
then that is synced.  Without the first it would be a job of no bytes after a power cut, without the
last no job at all (both seen on ext4).  Within a step nothing needs an order; so all jobs take it
together, and the disk has two waits for as many as there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from .disk import Disk, File
from .paths import DATA, RECORD
from .record import SpoolRecord


class Whole(NamedTuple):
    """
    A job that has come whole.

    @ivar path: the directory that it is to have.
    @ivar data: the sender's bytes; L{None}: they are there already, and synced.
    @ivar record: what is known of it.
    """

    path: str
    data: bytes | None
    record: SpoolRecord


class Move(NamedTuple):
    """A written job is put in its place."""

    old: str
    new: str


class Moved(NamedTuple):
    """
    What became of that.

    @ivar there: it is in its new place, perhaps not for good.
    @ivar error: why it is not there for good; L{None}: it is.
    """

    there: bool
    error: Exception | None


class Here:
    """The steps, taken where they are asked for: they may sleep; none raises."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def write(self, jobs: Sequence[Whole], marks: Sequence[str] = ()) -> list[Exception | None]:
        """
        Put jobs on stable storage.

        @param marks: directories that are to be marked: a hint, which may be lost.
        @return: for each job why that failed.
        """
        for path in marks:
            with suppress(OSError):
                self._disk.mark(path)
        told: list[Exception | None] = []
        files: list[list[File]] = []
        for job in jobs:
            mine: list[File] = []
            files.append(mine)
            try:
                self._writeOne(job, mine)
                told.append(None)
            except Exception as why:
                told.append(why)
        going = [at for at, why in enumerate(told) if why is None]
        self._sync(told, [(at, files[at], [jobs[at].path]) for at in going])
        for at, mine in enumerate(files):
            for file in mine:
                try:
                    file.close()
                except Exception as why:
                    told[at] = told[at] or why
        return told

    def move(self, moves: Sequence[Move]) -> list[Moved]:
        """Put written jobs in their places for good; one that is there was moved before."""
        told: list[Exception | None] = []
        for each in moves:
            try:
                self._moveOne(each)
                told.append(None)
            except Exception as why:
                told.append(why)
        there = [why is None for why in told]
        going = [at for at, why in enumerate(told) if why is None]
        self._sync(told, [(at, [], [_above(moves[at].new), _above(moves[at].old)]) for at in going])
        return [Moved(*each) for each in zip(there, told, strict=True)]

    def clear(self, jobs: Sequence[Whole]) -> None:
        """Remove what a process wrote of jobs until it died."""
        for job in jobs:
            names = (RECORD,) if job.data is None else (RECORD, DATA)
            for name in names:
                with suppress(OSError):
                    self._disk.remove(f"{job.path}/{name}")
            if job.data is not None:
                with suppress(OSError):
                    self._disk.removeDirectory(job.path)

    # Inside.

    def _writeOne(self, job: Whole, files: list[File]) -> None:
        if job.data is not None:
            self._disk.makeDirectory(job.path)
            files.append(self._disk.create(f"{job.path}/{DATA}"))
            files[-1].write(job.data)
        files.append(self._disk.create(f"{job.path}/{RECORD}"))
        files[-1].write(job.record.encode())

    def _moveOne(self, move: Move) -> None:
        try:
            self._disk.rename(*move)
        except FileNotFoundError:
            if not self._disk.isDirectory(move.new):
                raise

    def _sync(
        self,
        told: list[Exception | None],
        going: Sequence[tuple[int, Sequence[File], Sequence[str]]],
    ) -> None:
        files = [file for _, mine, _ in going for file in mine]
        paths = [*dict.fromkeys(path for _, _, mine in going for path in mine)]
        if not going:
            return
        found: Sequence[Exception | None]
        try:
            found = self._disk.syncAll(files, paths)
        except Exception as why:  # nobody knows what was synced
            found = [why] * (len(files) + len(paths))
        wrong = dict(zip([*map(id, files), *paths], found, strict=True))
        for at, mine, places in going:
            for part in (*map(id, mine), *places):
                told[at] = told[at] or wrong[part]


def _above(path: str) -> str:
    return path.rpartition("/")[0]
