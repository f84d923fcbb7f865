"""
Kept jobs on a disk that loses what was not synced.
"""

from __future__ import annotations

import errno
import hashlib
import threading
from collections.abc import Callable
from random import Random

import pytest

from jetdirect.errors import TakenBack
from jetdirect.spool.record import JobPlace, Kept, SpoolRecord
from jetdirect.spool.store import Store
from tests.support.disk import LosingDisk, PowerCut
from tests.support.peer import PATIENCE

WAITING = SpoolRecord(number=0, port="", name="a.ps", user="anna", host="192.0.2.7", received=1.0)


def commit(store: Store, data: bytes, port: str = "ward3") -> SpoolRecord:
    """A job that is kept."""
    draft = store.begin(port)
    draft.write(data)
    return draft.commit(WAITING)


def opened(disk: LosingDisk, port: str = "ward3") -> tuple[Store, dict[JobPlace, list[Kept]]]:
    """A store, and what it found; it complains of nothing."""
    store = Store(disk)
    found = store.addPort(port)
    assert found.complaints == []
    return store, found.jobs


def test_commit() -> None:
    """A kept job has its number, its place, its bytes and their hash."""
    disk = LosingDisk()
    store, _ = opened(disk)
    record = commit(store, b"a page")
    assert (record.number, record.place, record.port, record.size) == (1, 1, "ward3", 6)
    assert record.sha256 == hashlib.sha256(b"a page").hexdigest()
    assert disk.read("ports/ward3/queue/00000001/data") == b"a page"
    assert store.record(1) == record
    assert store.place(1) is JobPlace.QUEUE


def test_order() -> None:
    """The next start finds the jobs in the order of their commits, not of their numbers."""
    disk = LosingDisk()
    store, _ = opened(disk)
    first, second = store.begin("ward3"), store.begin("ward3")
    second.commit(WAITING)
    first.commit(WAITING)
    _, jobs = opened(disk)
    assert [job.number for job in jobs[JobPlace.QUEUE]] == [2, 1]


def test_numbersGoOn() -> None:
    """A later process never gives a number again."""
    disk = LosingDisk()
    store, _ = opened(disk)
    numbers = [commit(store, b"").number for _ in range(3)]
    later, _ = opened(disk)
    assert commit(later, b"").number > max(numbers)


def test_cutInTime() -> None:
    """A job that is cut before its commit is not kept, and nothing of it stays."""
    disk = LosingDisk()
    store, _ = opened(disk)
    draft = store.begin("ward3")
    draft.write(b"x")
    assert draft.cut()
    with pytest.raises(TakenBack):
        draft.commit(WAITING)
    draft.discard()
    assert disk.names("ports/ward3/tmp") == disk.names("ports/ward3/queue") == []


def test_cutTooLate() -> None:
    """After its commit a job is taken back by removing it."""
    disk = LosingDisk()
    store, _ = opened(disk)
    draft = store.begin("ward3")
    record = draft.commit(WAITING)
    assert not draft.cut()
    store.remove(record.number)
    _, jobs = opened(disk)
    assert jobs[JobPlace.QUEUE] == []


def test_cutDuringTheRename() -> None:
    """A cut does not wait for a disk that sleeps in the rename; it is too late then."""
    began, answered = threading.Event(), threading.Event()
    waited: list[bool] = []

    class Sleepy(LosingDisk):
        def rename(self, old: str, new: str) -> None:
            if new.startswith("ports/ward3/queue/"):
                began.set()
                waited.append(answered.wait(PATIENCE))
            super().rename(old, new)

    disk = Sleepy()
    store, _ = opened(disk)
    draft = store.begin("ward3")
    commit = threading.Thread(target=draft.commit, args=(WAITING,))
    commit.start()
    assert began.wait(PATIENCE)
    inTime = draft.cut()
    answered.set()
    commit.join(PATIENCE)
    assert waited == [True]
    assert not inTime
    assert draft.kept
    store.remove(draft.number)
    _, jobs = opened(disk)
    assert jobs[JobPlace.QUEUE] == []


def test_move() -> None:
    """A job moves to another port whole."""
    disk = LosingDisk()
    store, _ = opened(disk)
    store.addPort("Lab")
    record = commit(store, b"x")
    store.change(record.but(port="Lab", reason="moved"), JobPlace.HELD)
    assert disk.read("ports/lab/held/00000001/data") == b"x"
    assert store.record(1).reason == "moved"
    assert disk.names("ports/ward3/queue") == []


def test_note() -> None:
    """How far an attempt came is noted, and found again."""
    disk = LosingDisk()
    store, _ = opened(disk)
    record = commit(store, b"x" * 9)
    assert store.noted(1) == 0
    store.change(record, JobPlace.ACTIVE)
    store.note(1, 4)
    store.note(1, 8)
    later, jobs = opened(disk)
    assert [job.number for job in jobs[JobPlace.ACTIVE]] == [1]
    assert later.noted(1) == 8


def test_removeData() -> None:
    """The bytes of an ended job can go before its record does."""
    store, _ = opened(disk := LosingDisk())
    record = commit(store, b"x")
    store.change(record.but(outcome="completed"), JobPlace.DONE)
    store.removeData(1)
    store.removeData(1)
    assert disk.names("ports/ward3/done/00000001") == ["job.json"]
    assert store.record(1).outcome == "completed"


@pytest.mark.parametrize(
    "step",
    [
        Store.probe,
        lambda store: store.reserve("number", 1000),
        lambda store: store.setPaused({"ward3": "anna"}),
    ],
)
def test_notMounted(step: Callable[[Store], object]) -> None:
    """Nothing is written into the empty directory where its disk was mounted."""
    store, _ = opened(disk := LosingDisk())
    for name in disk.inodes(""):
        del disk.directory("").names[name]
    with pytest.raises(FileNotFoundError):
        step(store)
    assert disk.inodes("") == []


def test_strangers() -> None:
    """What is none of the spool's is named, and no port."""
    store, _ = opened(disk := LosingDisk())
    for name in ("lock", "history.sqlite", "numbers.new", "letter.txt", "ports/note"):
        disk.create(name)
    for name in ("lost+found", "ports/Ward4"):
        disk.makeDirectory(name)
    assert [each.partition(" is ")[0] for each in store.strangers()] == [
        "letter.txt",
        "ports/note",
        "ports/Ward4",
    ]
    assert store.portNames() == ["ward3"]


def test_copied() -> None:
    """A copy of a job's directory is not one more job, and does not let an ended one print."""
    store, _ = opened(disk := LosingDisk())
    record = commit(store, b"x")
    store.change(record.but(outcome="completed"), JobPlace.DONE)
    copy = "ports/ward3/queue/00000001"
    disk.makeDirectory(copy)
    for name in ("data", "job.json"):
        disk.create(f"{copy}/{name}").write(disk.read(f"ports/ward3/done/00000001/{name}"))
    found = Store(disk).addPort("ward3")
    assert {place: len(jobs) for place, jobs in found.jobs.items() if jobs} == {JobPlace.DONE: 1}
    assert found.complaints == [
        f"{copy} is also ports/ward3/done/00000001; it is left, and not printed"
    ]


def test_portNames() -> None:
    """A port that is gone still has its directory."""
    store, _ = opened(LosingDisk(), "Ward3")
    store.addPort("lab")
    assert store.portNames() == ["lab", "ward3"]


def test_foreignFile() -> None:
    """A file that is no job is named, and left as it is."""
    disk = LosingDisk()
    opened(disk)
    disk.create("ports/ward3/queue/notes.txt").write(b"mine")
    found = Store(disk).addPort("ward3")
    assert found.complaints == ["ports/ward3/queue/notes.txt is not a job; it is left as it is"]
    assert disk.read("ports/ward3/queue/notes.txt") == b"mine"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "it has no job.json"),
        (b"{", "it is no JSON"),
        (b"[]", "it is no JSON object"),
        (b'{"version": 0, "number": 1}', "its version is 0, this program knows version 1"),
        (b'{"version": true, "number": 1}', "its version is True, this program knows version 1"),
        (b'{"version": 1, "number": "1"}', "its number is '1'"),
        (b'{"version": 1, "number": 1}', "it lacks port"),
    ],
)
def test_badRecord(content: bytes | None, said: str) -> None:
    """A job without a record that can be used is set aside, whole, and named."""
    disk = LosingDisk()
    store, _ = opened(disk)
    commit(store, b"a page")
    disk.remove("ports/ward3/queue/00000001/job.json")
    if content is not None:
        disk.create("ports/ward3/queue/00000001/job.json").write(content)
    found = Store(disk).addPort("ward3")
    [complaint] = found.complaints
    assert said in complaint
    assert complaint.startswith("ports/ward3/queue/00000001 cannot be used: ")
    assert found.jobs[JobPlace.QUEUE] == []
    assert disk.read("ports/ward3/corrupt/00000001/data") == b"a page"


def test_newerRecord() -> None:
    """A job that a newer program kept is named, and stays for it; its number is not given again."""
    disk = LosingDisk()
    store, _ = opened(disk)
    commit(store, b"a page")
    path = "ports/ward3/queue/00000001"
    record = disk.read(f"{path}/job.json")
    disk.remove(f"{path}/job.json")
    disk.create(f"{path}/job.json").write(record.replace(b'"version": 1', b'"version": 2'))
    later = Store(disk)
    found = later.addPort("ward3")
    assert found.complaints == [
        f"{path} is not used: its version is 2, this program knows version 1: a newer jetdirect has"
        " written it; it stays where it is, and is printed when that one is back"
    ]
    assert found.jobs[JobPlace.QUEUE] == []
    assert disk.read(f"{path}/data") == b"a page"
    assert later.reserve("number", 1) > 1


def test_foreignRecord() -> None:
    """A record that is another job's is none."""
    disk = LosingDisk()
    store, _ = opened(disk)
    commit(store, b"")
    disk.rename("ports/ward3/queue/00000001", "ports/ward3/queue/00000009")
    [complaint] = Store(disk).addPort("ward3").complaints
    assert "its job.json is that of job 1" in complaint


@pytest.mark.parametrize("content", [b"", b"7", b'{"number": 7}', b'{"number": 1, "place": -1}'])
def test_badNumbers(content: bytes) -> None:
    """Without its counters a spool is not used: numbers could come twice."""
    disk = LosingDisk()
    opened(disk)
    disk.create("numbers").write(content)
    with pytest.raises(ValueError, match=r"^numbers: .*; restore it, or empty the spool"):
        Store(disk)


def test_noNumbers() -> None:
    """Nor without the file, when there are jobs."""
    disk = LosingDisk()
    commit(opened(disk)[0], b"")
    disk.remove("numbers")
    with pytest.raises(ValueError, match="numbers is missing, and there are jobs"):
        Store(disk)


def test_changedAgain() -> None:
    """A change that could not be synced is synced by the next try, though nothing is left to do."""
    disk = LosingDisk()
    store, _ = opened(disk)
    record = commit(store, b"x").but(outcome="canceled")
    failures = iter([OSError(errno.ENOSPC, "full")])

    def fault(number: int, name: str) -> None:
        if name == "syncDirectory" and store.place(1) is JobPlace.DONE:
            raise next(failures)

    disk.fault = fault
    with pytest.raises(OSError, match="full"):
        store.change(record, JobPlace.DONE)
    disk.fault = lambda number, name: None
    store.change(record, JobPlace.DONE)
    for seed in range(20):
        _, jobs = opened(disk.afterPowerCut(Random(seed)))
        assert [job.number for job in jobs[JobPlace.DONE]] == [1]


def test_noRoomToBegin() -> None:
    """A job that cannot begin leaves nothing behind."""
    disk = LosingDisk()
    store, _ = opened(disk)

    def fault(number: int, name: str) -> None:
        if name == "create" and disk.names("ports/ward3/tmp"):
            raise OSError(errno.ENOSPC, "full")

    store.reserve("number", 1)
    disk.fault = fault
    draft = store.begin("ward3")
    with pytest.raises(OSError, match="full"):
        draft.commit(WAITING)
    draft.discard()
    assert disk.names("ports/ward3/tmp") == []


def test_smallJob() -> None:
    """A job that is not committed yet, and is small, does not touch the disk."""
    disk = LosingDisk()
    store, _ = opened(disk)
    store.reserve("number", 1)
    before = disk.calls
    draft = store.begin("ward3", 1)
    draft.take(b"page ")
    assert draft.take(b"one") == 8
    assert (draft.size, draft.sha256) == (8, hashlib.sha256(b"page one").hexdigest())
    draft.discard()
    assert disk.calls == before + 1  # a look at whether there is something to remove
    draft = store.begin("ward3", 2)
    draft.write(b"page ")
    draft.take(b"two")
    assert draft.sha256 == hashlib.sha256(b"page two").hexdigest()
    draft.commit(WAITING)
    assert disk.read(store.dataPath(2)) == b"page two"


class Unlucky(Random):
    """Of what was not synced nothing survives."""

    def random(self) -> float:
        """As high as can be."""
        return 0.99

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        """As low as can be."""
        return 0


def test_foundForGood() -> None:
    """What a start finds after a kill, a power cut behind it does not undo."""
    disk = LosingDisk()
    store, _ = opened(disk)
    draft = store.begin("ward3")

    def fault(number: int, name: str) -> None:
        if name == "syncDirectory" and disk.inodes("ports/ward3/queue"):
            raise PowerCut  # killed between the rename and its sync

    disk.fault = fault
    with pytest.raises(PowerCut):
        draft.commit(WAITING)
    disk.fault = lambda number, name: None
    _, jobs = opened(disk)
    assert [kept.number for kept in jobs[JobPlace.QUEUE]] == [draft.number]
    _, later = opened(disk.afterPowerCut(Unlucky()))
    assert later[JobPlace.QUEUE] == jobs[JobPlace.QUEUE]


@pytest.mark.parametrize("seed", range(20))
def test_clearedBehindASync(seed: int) -> None:
    """A start clears away a job only when it is sure that the job has left its place."""
    disk = LosingDisk()
    store, _ = opened(disk)
    record = commit(store, b"x")

    def ends(call: str) -> None:
        def fault(number: int, name: str) -> None:
            if name == call and disk.inodes("ports/ward3/tmp"):
                raise PowerCut

        disk.fault = fault

    ends("syncDirectory")
    with pytest.raises(PowerCut):
        store.remove(record.number)  # killed between the rename and its sync
    ends("removeDirectory")
    later = Store(disk)
    with pytest.raises(PowerCut):
        later.addPort("ward3")  # the power goes when its files are removed
    opened(disk.afterPowerCut(Random(seed)))


def test_addedAgain() -> None:
    """A port that is added again leaves the jobs alone that come in."""
    store, _ = opened(LosingDisk())
    draft = store.begin("ward3")
    store.addPort("WARD3")
    draft.write(b"x")
    assert draft.commit(WAITING).size == 1
