"""
A spool of files as the reactor sees it: in order, and with a word for each fault of the disk.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from jetdirect.errors import SpoolFailed, SpoolFull, SpoolSilent, TakenBack
from jetdirect.interfaces import IDraft, IKeptData, ISpool
from jetdirect.spool.disk import File, RealDisk
from jetdirect.spool.draft import BEHIND
from jetdirect.spool.files import SMALL, FileSpool
from jetdirect.spool.record import BadRecord, JobPlace, SpoolRecord
from jetdirect.spool.store import BALLAST, BALLAST_BYTES, Store
from tests.support.answers import hear
from tests.support.disk import LosingDisk
from tests.support.spooled import RECORD, Work, spooled


def draft(spool: ISpool, number: int = 1, data: bytes = b"a page") -> IDraft:
    """A job that has come, and is not kept."""
    [made] = hear(spool.begin("PORT1", number))
    hear(made.write(data))
    assert isinstance(made.size, int)
    return made  # type: ignore[no-any-return]


def failing(disk: LosingDisk, call: str, code: int, path: str = "") -> None:
    """The disk fails in one call from now on."""

    def fault(number: int, name: str) -> None:
        if name == call:
            raise OSError(code, "failed")

    disk.fault = fault


def test_interfaces() -> None:
    """What is said to be provided is."""
    spool, _ = spooled()
    made = draft(spool)
    assert verifyObject(ISpool, spool)
    assert verifyObject(IDraft, made)
    hear(made.commit(RECORD, JobPlace.QUEUE))
    assert verifyObject(IKeptData, hear(spool.data(1))[0])


def test_kept() -> None:
    """A job goes in, its record and its bytes come out."""
    spool, _ = spooled()
    [record] = hear(draft(spool).commit(RECORD, JobPlace.QUEUE))
    assert (record.number, record.place, record.size) == (1, 1, 6)
    assert hear(spool.record(1)) == [record]
    [data] = hear(spool.data(1))
    assert hear(data.read(4)) + hear(data.read(4)) + hear(data.read(4)) == [b"a pa", b"ge", b""]
    data.close()


def test_hashedBeside() -> None:
    """Of a large job one thread writes, and another one hashes what was written before."""
    spool, work = spooled()
    [made] = hear(spool.begin("PORT1", 1))
    pieces = [bytes([number]) * SMALL for number in range(8)]
    hear(made.write(pieces[0]))
    work.hold()
    told = [hear(made.write(piece)) for piece in pieces[1:3]]
    assert work.held is not None and len(work.held) == 3  # one hash, and two that write
    work.one(0)
    work.one(1)
    assert told == [[None], [None]]
    work.go()
    for piece in pieces[3:]:  # and nobody hashes meanwhile
        made._draft.write(piece)
    assert made.sha256 == hashlib.sha256(b"".join(pieces)).hexdigest()
    assert len(made._draft._unhashed) == 0


@pytest.mark.parametrize("many", [1, BEHIND, BEHIND + 1])
def test_hashedWhileItWrites(many: int) -> None:
    """Where nobody else does, the one that writes hashes when it is too far ahead."""
    spool, _ = spooled()
    made = spool._store.begin("PORT1", 1)
    for _ in range(many):
        made.write(b"a piece")
    assert len(made._unhashed) == (many if many <= BEHIND else 0)
    assert made.sha256 == hashlib.sha256(b"a piece" * many).hexdigest()


def test_commitsInOrder() -> None:
    """Commits of one port fire in the order of their places, whichever the disk does first."""
    spool, work = spooled()
    drafts = [draft(spool, number, bytes(SMALL)) for number in (3, 1, 2)]
    work.hold()
    fired: list[tuple[int, int]] = []
    for each in drafts:
        each.commit(RECORD, JobPlace.QUEUE).addCallback(
            lambda record: fired.append((record.place, record.number))
        )
    work.one()  # places are reserved
    work.one(2)  # the bytes of the last are synced
    work.one(2)  # it is kept
    assert fired == []
    work.go()
    assert fired == [(1, 3), (2, 1), (3, 2)]


def commitThree(disk: LosingDisk, fault: Callable[[int, str], None]) -> list[object]:
    """What became of jobs 1 to 3, kept together behind two; those that failed are discarded."""
    spool, work = spooled(disk)
    before = [draft(spool, number) for number in (8, 9)]
    drafts = [draft(spool, number) for number in (1, 2, 3)]
    hear(spool.nextPlace())
    disk.fault = fault
    work.hold()
    for each in before:
        each.commit(RECORD, JobPlace.QUEUE)
    told = [hear(each.commit(RECORD, JobPlace.QUEUE)) for each in drafts]
    assert work.held is not None and len(work.held) == 2  # the others wait for these
    work.go()
    disk.fault = lambda number, name: None
    for each, [what] in zip(drafts, told, strict=True):
        if isinstance(what, Exception):
            hear(each.discard())
    return [what for [what] in told]


def test_keptTogether() -> None:
    """Jobs that are ready at a time are kept at a time; the failure of one is that one's."""
    disk = LosingDisk()
    files = iter(range(100))

    def fault(number: int, name: str) -> None:
        if name == "sync" and len(disk.inodes("ports/port1/tmp")) == 3 and next(files) == 2:
            raise OSError(errno.EIO, "failed")  # the data of the second one

    first, second, third = commitThree(disk, fault)
    assert (type(first), type(second), type(third)) == (SpoolRecord, SpoolFailed, SpoolRecord)
    kept = ["00000001", "00000003", "00000008", "00000009"]
    assert sorted(disk.names("ports/port1/queue")) == kept
    assert disk.names("ports/port1/tmp") == []


def test_notSyncedTogether(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is one kept, or does one stay, when their last sync cannot begin."""
    disk = RealDisk(str(tmp_path))
    spool = FileSpool(Store(disk), Work().do)
    spool.addPort("PORT1")
    made = draft(spool)
    syncAll, calls = disk.syncAll, count()

    def tooMany(files: Sequence[File], paths: Sequence[str]) -> list[OSError | None]:
        if next(calls):
            raise OSError(errno.EMFILE, "Too many open files")
        return syncAll(files, paths)

    monkeypatch.setattr(disk, "syncAll", tooMany)
    assert isinstance(hear(made.commit(RECORD, JobPlace.QUEUE))[0], SpoolFailed)
    assert os.listdir(tmp_path / "ports/port1/queue") == os.listdir(tmp_path / "ports/port1/tmp")
    assert os.listdir(tmp_path / "ports/port1/tmp") == []


def test_notKeptTogether() -> None:
    """Their last sync fails for all of them: all are taken back."""
    disk = LosingDisk()
    failed: list[int] = []

    def fault(number: int, name: str) -> None:
        all5 = len(disk.inodes("ports/port1/queue")) == 5
        if name == "syncDirectory" and all5 and not failed:
            failed.append(number)
            raise OSError(errno.EIO, "failed")

    assert [type(each) for each in commitThree(disk, fault)] == [SpoolFailed] * 3
    assert disk.names("ports/port1/queue") == ["00000008", "00000009"]
    assert disk.names("ports/port1/tmp") == []


def test_takenBack() -> None:
    """What is cut before its commit is not kept; it fires in its turn all the same."""
    spool, work = spooled()
    first, second = draft(spool, 1), draft(spool, 2)
    work.hold()
    told = hear(first.commit(RECORD, JobPlace.QUEUE)), hear(second.commit(RECORD, JobPlace.QUEUE))
    assert first.cut()
    work.go()
    assert isinstance(told[0][0], TakenBack)
    assert told[1][0].number == 2
    hear(first.discard())
    assert isinstance(hear(spool.record(1))[0], KeyError)


@pytest.mark.parametrize(
    ("call", "code", "error"),
    [
        ("write", errno.ENOSPC, SpoolFull),
        ("write", errno.EDQUOT, SpoolFull),
        ("write", errno.EIO, SpoolFailed),
        ("sync", errno.EIO, SpoolFailed),
        ("sync", errno.ENOSPC, SpoolFull),
        ("create", errno.EROFS, SpoolFailed),
        ("rename", errno.EIO, SpoolFailed),
    ],
)
def test_faults(call: str, code: int, error: type[Exception]) -> None:
    """Each fault before the rename leaves nothing, and has its word."""
    disk = LosingDisk()
    spool, _ = spooled(disk)
    made = draft(spool)
    failing(disk, call, code)
    [told] = hear(made.commit(RECORD, JobPlace.QUEUE))
    assert type(told) is error
    disk.fault = lambda number, name: None
    hear(made.discard())
    assert disk.names("ports/port1/tmp") == disk.names("ports/port1/queue") == []


def test_faultAfterRename() -> None:
    """A commit whose rename may not last is taken back, and only then told."""
    disk = LosingDisk()
    spool, _ = spooled(disk)
    made = draft(spool)
    failed: list[int] = []

    def fault(number: int, name: str) -> None:
        if name == "syncDirectory" and disk.inodes("ports/port1/queue") and not failed:
            failed.append(number)
            raise OSError(errno.EIO, "failed")

    disk.fault = fault
    [told] = hear(made.commit(RECORD, JobPlace.QUEUE))
    assert type(told) is SpoolFailed
    assert disk.names("ports/port1/queue") == disk.names("ports/port1/tmp") == []


def test_nobodyKnows() -> None:
    """When it cannot be taken back either, nothing may be told."""
    disk = LosingDisk()
    spool, _ = spooled(disk)
    made = draft(spool)

    def fault(number: int, name: str) -> None:
        if name == "syncDirectory" and disk.inodes("ports/port1/queue"):
            disk.fault = failAll
            raise OSError(errno.EIO, "failed")

    def failAll(number: int, name: str) -> None:
        raise OSError(errno.EIO, "failed")

    disk.fault = fault
    [told] = hear(made.commit(RECORD, JobPlace.QUEUE))
    assert type(told) is SpoolSilent


def test_ballast() -> None:
    """On a full disk the end of a job is recorded where the ballast was."""
    disk = LosingDisk()
    spool, _ = spooled(disk)
    [record] = hear(draft(spool).commit(RECORD, JobPlace.QUEUE))
    assert hear(spool.probe()) == [None]
    assert disk.size(BALLAST) == BALLAST_BYTES

    def fault(number: int, name: str) -> None:
        if name == "create" and BALLAST in disk.inodes(""):
            raise OSError(errno.ENOSPC, "No space left on device")

    disk.fault = fault
    assert hear(spool.change(record.but(outcome="completed"), JobPlace.DONE)) == [None]
    assert BALLAST not in disk.names("")
    disk.fault = lambda number, name: None
    hear(spool.probe())
    assert BALLAST in disk.names("")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda inode: setattr(inode, "data", b"a pagf"), "its hash is another one"),
        (lambda inode: setattr(inode, "data", b"a"), "its data has 1 bytes, 6 were kept"),
    ],
)
def test_verify(change: Callable[[object], None], said: str) -> None:
    """Bytes that are not what was kept are found, and the job can be set aside."""
    disk = LosingDisk()
    spool, _ = spooled(disk)
    hear(draft(spool).commit(RECORD, JobPlace.QUEUE))
    assert hear(spool.verify(1)) == [None]
    change(disk.inode("ports/port1/queue/00000001/data"))
    [told] = hear(spool.verify(1))
    assert isinstance(told, BadRecord)
    assert said in str(told)
    hear(spool.setAside(1))
    assert disk.names("ports/port1/corrupt") == ["00000001"]


def test_noData() -> None:
    """So is a job without any."""
    disk = LosingDisk()
    spool, _ = spooled(disk)
    hear(draft(spool).commit(RECORD, JobPlace.QUEUE))
    disk.remove("ports/port1/queue/00000001/data")
    [told] = hear(spool.verify(1))
    assert str(told) == "it has no data"


def test_hints() -> None:
    """What is noted is found again; where it cannot be, nothing depends on it."""
    disk = LosingDisk()
    spool, _ = spooled(disk)
    hear(draft(spool).commit(RECORD, JobPlace.QUEUE))
    assert hear(spool.wasHeard(1)) == [False]
    hear(spool.noteHeard(1))
    hear(spool.noteHeard(1))
    hear(spool.note(1, 4))
    assert hear(spool.wasHeard(1)) + hear(spool.noted(1)) == [True, 4]
    failing(disk, "overwrite", errno.EIO)
    assert hear(spool.note(1, 5)) == [None]


def test_heardBefore() -> None:
    """A file that an earlier version made says the same."""
    disk = LosingDisk()
    spool, _ = spooled(disk)
    hear(draft(spool).commit(RECORD, JobPlace.QUEUE))
    disk.create("ports/port1/queue/00000001/heard")
    assert hear(spool.wasHeard(1)) == [True]


def test_heardOfAJobThatIsGone() -> None:
    """It is no mark, and harms no other job."""
    spool, work = spooled()
    hear(draft(spool).commit(RECORD, JobPlace.QUEUE))
    hear(spool.remove(1))
    work.hold()
    busy = [draft(spool, number).commit(RECORD, JobPlace.QUEUE) for number in (2, 3)]
    gone, kept = hear(spool.noteHeard(1)), hear(draft(spool, 4).commit(RECORD, JobPlace.QUEUE))
    work.go()
    assert (len(busy), gone, kept[0].number) == (2, [None], 4)


def test_heardOnARealDisk(tmp_path: Path) -> None:
    """The mark goes with the job, whose record is written again, and to whose bytes nothing is."""
    disk = RealDisk(str(tmp_path))
    spool = FileSpool(Store(disk), Work().do)
    spool.addPort("PORT1")
    [record] = hear(draft(spool).commit(RECORD, JobPlace.QUEUE))
    assert hear(spool.wasHeard(1)) == [False]
    assert hear(spool.noteHeard(1)) == hear(spool.change(record, JobPlace.HELD)) == [None]
    assert hear(FileSpool.wasHeard(spool, 1)) == [True]
    job = tmp_path / "ports/port1/held/00000001"
    assert (stat.filemode(job.stat().st_mode), sorted(os.listdir(job))) == (
        "drwx-----T",
        ["data", "job.json"],
    )


def test_jobOneThingAtATime() -> None:
    """A job's changes are done in the order in which they were asked for."""
    spool, work = spooled()
    [record] = hear(draft(spool).commit(RECORD, JobPlace.QUEUE))
    work.hold()
    hear(spool.change(record.but(attempts=1), JobPlace.ACTIVE))
    last = hear(spool.change(record.but(attempts=2), JobPlace.HELD))
    assert work.held is not None
    assert len(work.held) == 1
    work.go()
    assert last == [None]
    assert hear(spool.record(1))[0].attempts == 2


def test_paused() -> None:
    """Which ports are paused is kept, and a file that is none is said to be none."""
    disk = LosingDisk()
    spool, _ = spooled(disk)
    assert hear(spool.paused()) == [{}]
    hear(spool.setPaused({"port1": "anna"}))
    assert hear(FileSpool.paused(spool)) == [{"port1": "anna"}]
    disk.inode("paused.json").data = b"["
    assert isinstance(hear(spool.paused())[0], BadRecord)


def test_numbers() -> None:
    """Numbers are reserved by many, and never given twice."""
    disk = LosingDisk()
    spool, _ = spooled(disk)
    assert hear(spool.reserve(100)) + hear(spool.reserve(100)) == [1, 101]
    later, _ = spooled(disk)
    assert hear(later.reserve(1))[0] > 200
    assert hear(later.nextPlace()) == [1]


def test_closed() -> None:
    """A file that is closed while it is read is let go afterwards."""
    spool, work = spooled()
    hear(draft(spool).commit(RECORD, JobPlace.QUEUE))
    [data] = hear(spool.data(1))
    closed: list[bool] = []
    data._reader.close = lambda: closed.append(True)
    work.hold()
    reading = hear(data.read(3))
    data.close()
    data.close()
    assert closed == []
    work.go()
    assert reading == [b"a p"]
    assert closed == [True]
