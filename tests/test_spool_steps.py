"""
The steps of a commit: what is synced before what, and what becomes of one when another fails.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from random import Random

from jetdirect.spool.record import decode
from jetdirect.spool.steps import Here, Move, Moved, Whole
from tests.support.disk import LosingDisk
from tests.support.spooled import RECORD


def made() -> LosingDisk:
    """A disk with two places."""
    disk = LosingDisk()
    for path in ("tmp", "queue"):
        disk.makeDirectory(path)
    disk.syncDirectory("")
    return disk


def whole(name: str, data: bytes | None = b"a page") -> Whole:
    return Whole(f"tmp/{name}", data, RECORD)


def failing(*names: str) -> Callable[[int, str], None]:
    """The disk refuses these calls."""

    def fault(number: int, name: str) -> None:
        if name in names:
            raise OSError(errno.EIO, "failed")

    return fault


def test_writtenSurvivesAPowerCut() -> None:
    """What write() says is on stable storage is: bytes, record and the names of both."""
    for seed in range(20):
        disk = made()
        assert Here(disk).write([whole("1"), whole("2")]) == [None, None]
        # The name of the job's own directory is the rename's.
        assert Here(disk).move([Move("tmp/1", "queue/1")]) == [Moved(True, None)]
        after = disk.afterPowerCut(Random(seed))
        assert after.read("queue/1/data") == b"a page"
        assert decode(after.read("queue/1/job.json")) == RECORD


def test_bytesThatAreThere() -> None:
    """Of a large job only the record is written."""
    disk = made()
    disk.makeDirectory("tmp/1")
    assert Here(disk).write([whole("1", None)]) == [None]
    assert disk.names("tmp/1") == ["job.json"]


def test_oneFails() -> None:
    """A job whose directory is another's fails, and alone."""
    disk = made()
    disk.makeDirectory("tmp/1")
    told = Here(disk).write([whole("1"), whole("2")])
    assert [type(each) for each in told] == [FileExistsError, type(None)]
    assert disk.names("tmp/1") == []


def test_notSynced() -> None:
    """A job of which one part is not synced has failed; all its files are closed."""
    disk = made()
    disk.fault = failing("sync")
    [told] = Here(disk).write([whole("1")])
    assert isinstance(told, OSError) and told.errno == errno.EIO


def test_renamedAndNotSynced() -> None:
    """It is there, and perhaps not for good."""
    disk = made()
    Here(disk).write([whole("1")])
    disk.fault = failing("syncDirectory")
    [moved] = Here(disk).move([Move("tmp/1", "queue/1")])
    assert moved.there and isinstance(moved.error, OSError)


def test_notRenamed() -> None:
    """It is not there; another one is."""
    disk = made()
    Here(disk).write([whole("2")])
    first, second = Here(disk).move([Move("tmp/1", "queue/1"), Move("tmp/2", "queue/2")])
    assert not first.there and isinstance(first.error, FileNotFoundError)
    assert second == Moved(True, None)


def test_movedBefore() -> None:
    """What a process moved before it died is synced."""
    disk = made()
    Here(disk).write([whole("1")])
    disk.rename("tmp/1", "queue/1")
    assert Here(disk).move([Move("tmp/1", "queue/1")]) == [Moved(True, None)]
    assert disk.afterPowerCut(Random(1)).names("queue") == ["1"]


def test_clear() -> None:
    """What a process wrote until it died goes; bytes that it had not written stay."""
    disk = made()
    disk.makeDirectory("tmp/2")
    disk.create("tmp/2/data")
    jobs = [whole("1"), whole("2", None), whole("3")]
    Here(disk).write(jobs[:2])
    Here(disk).clear(jobs)
    assert (disk.names("tmp"), disk.names("tmp/2")) == (["2"], ["data"])
    assert Here(disk).write(jobs) == [None, None, None]


def test_mark() -> None:
    """A hint that cannot be noted is not."""
    disk = made()
    assert Here(disk).write([], ["tmp", "nowhere", "queue"]) == []
    assert disk.isMarked("tmp") and disk.isMarked("queue")
