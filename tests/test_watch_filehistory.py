"""
A history in a file, asked from the reactor: nobody waits for its disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.logger import LogEvent, capturedLogs
from zope.interface.verify import verifyObject

from jetdirect.errors import HistoryFailed
from jetdirect.ftp.acknowledgement import Acknowledgements
from jetdirect.interfaces import IHistory
from jetdirect.net.facts import NoFacts
from jetdirect.record import JobEvent, JobState
from jetdirect.wanted import Wanted
from jetdirect.watch import filehistory
from jetdirect.watch.database import Database
from jetdirect.watch.filehistory import AGAIN, ANSWER, ASKING, BATCH, WITHIN, FileHistory
from jetdirect.watch.retention import Names, Retention
from tests.conftest import FlushErrors
from tests.support.answers import hear
from tests.support.spooled import Work
from tests.test_watch_database import NOW, job


class House:
    """A history whose thread does its work when a test lets it."""

    def __init__(self, folder: Path, retention: Retention | None = None) -> None:
        self.clock, self.work = Clock(), Work()
        self.database = Database(str(folder / "history.sqlite"))
        self.history = FileHistory(
            self.database, self.work.do, self.clock, retention or Retention(), lambda: NOW + 9
        )
        self.clock.advance(0)

    def written(self) -> list[int]:
        """What another process would find now."""
        return [each.number for each in Database(self.database.path).jobs(Wanted(limit=9999))]

    def known(self, **wanted: Any) -> list[int]:
        """What the history says."""
        return [each.number for each in told(self.history.jobs(Wanted(**wanted)))]

    def fail(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        """Let the disk not write from now on."""

        def write(*_: object) -> None:
            raise error

        monkeypatch.setattr(self.database, "write", write)


def told(answer: Any) -> Any:
    """What is answered at once; a refusal is raised."""
    [result] = hear(answer)
    if isinstance(result, Exception):
        raise result
    return result


@pytest.fixture
def events() -> Iterator[Sequence[LogEvent]]:
    """What the log says."""
    with capturedLogs() as found:
        yield found


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """One history."""
    house = House(tmp_path)
    yield house
    house.work.go()
    told(house.history.close(1))


def test_interface(house: House) -> None:
    """What is said to be provided is."""
    assert verifyObject(IHistory, house.history)


def test_within(house: House) -> None:
    """A job is soon in the file after its end, and known before."""
    house.history.jobSubmitted(job(1))
    house.history.jobProgressed(job(1))
    house.history.jobEnded(job(1))
    house.history.jobEnded(job(2))
    assert house.written() == [] and house.known() == [2, 1]
    assert not house.history.recorded(1)
    house.clock.advance(WITHIN)
    assert house.written() == [2, 1] == house.known()
    assert house.history.recorded(1)


def test_lastSecond(house: House) -> None:
    """A job is in the file a second after its reply, though its sender says nothing behind it."""

    class Ending:
        def complete(self, heard: bool) -> None:
            house.history.jobEnded(job(1, heard=heard))

    ending: Any = Ending()
    Acknowledgements(NoFacts(), house.clock).expect(ending)
    house.clock.pump([0.1] * 9)  # a write takes a moment
    assert house.written() == [1]


def test_batch(house: House) -> None:
    """So many at once do not wait for it."""
    for number in range(1, BATCH):
        house.history.jobEnded(job(number))
    assert house.written() == []
    house.history.jobEnded(job(BATCH))
    assert len(house.written()) == BATCH


def test_both(house: House) -> None:
    """What is asked finds what is written, and what is not, each once, as it is last."""
    for number in (1, 2, 3):
        house.history.jobEnded(job(number))
    house.clock.advance(WITHIN)
    house.history.jobEnded(job(2, user="bob"))
    house.history.jobEnded(job(4))
    assert house.known() == [4, 3, 2, 1] and house.known(limit=2) == [4, 3]
    assert house.known(user="bob") == [2]
    assert told(house.history.job(2)).user == "bob" and told(house.history.job(1)).number == 1
    assert told(house.history.job(9)) is None


def test_writtenMeanwhile(house: House) -> None:
    """Nothing is missing while it is being written."""
    house.work.hold()
    house.history.jobEnded(job(1))
    house.clock.advance(WITHIN)
    house.history.jobEnded(job(2))
    assert not house.history.recorded(1) and not house.history.recorded(2)
    listed = hear(house.history.jobs(Wanted()))
    house.work.one()
    assert house.history.recorded(1) and not house.history.recorded(2)
    house.work.go()
    assert [each.number for each in listed[0]] == [2, 1]
    house.clock.advance(WITHIN)
    assert house.written() == [2, 1]


def test_sums(house: House) -> None:
    """What is counted counts also what was not written."""
    house.history.jobEnded(job(1))
    [counted] = told(house.history.sums(Wanted()))
    assert (counted.user, counted.jobs) == ("ann", 1)


def test_events(house: House) -> None:
    """What a person did is written when that is answered; what a job did, a moment later."""
    house.history.jobChanged(job(1, state=JobState.PENDING))
    house.history.jobChanged(job(1))
    house.work.hold()
    answer = hear(house.history.note(JobEvent(1, NOW + 10, "hold", "bob")))
    assert answer == []
    house.work.go()
    assert answer == [None]
    assert [each.what for each in Database(house.database.path).events(1)] == ["queued", "hold"]
    assert [each.by for each in told(house.history.events(1))] == ["", "bob"]


def test_erase(house: House) -> None:
    """Erased is erased, also what was about to be written."""
    house.history.jobEnded(job(1))
    assert told(house.history.erase(1)) and not told(house.history.erase(9))
    assert told(house.history.job(1)).name == ""
    house.history.jobEnded(job(2))
    assert told(house.history.eraseBefore(NOW + 3, "bob")) == 1
    assert told(house.history.job(2)).user == ""
    assert [each.by for each in told(house.history.events(2))] == ["bob"]


def test_restored(house: House) -> None:
    """A job of the process before is known again, unless it is; an erased one is erased."""
    house.history.jobEnded(job(1))
    house.clock.advance(WITHIN)
    house.history.restore(job(1, bytes=99))
    house.history.restore(job(2))
    assert not house.history.recorded(2)
    house.clock.advance(WITHIN)
    assert house.history.recorded(2) and house.written() == [2, 1]
    assert told(house.history.job(1)).bytes == 10
    house.history.restore(job(1).erased())
    house.clock.advance(WITHIN)
    assert told(house.history.job(1)) == job(1).erased()


@pytest.mark.parametrize(
    ("names", "known"), [(Names.KEEP, "smith.ps"), (Names.MASK, "s***"), (Names.OMIT, "")]
)
def test_names(tmp_path: Path, names: Names, known: str) -> None:
    """No name is told or written that is not to be kept."""
    house = House(tmp_path, Retention(names=names))
    house.history.jobEnded(job(1, name="smith.ps"))
    assert told(house.history.job(1)).name == known
    told(house.history.close(1))
    assert Database(house.database.path).jobs(Wanted())[0].name == known
    assert told(house.history.job(1)).user == "ann"
    told(house.history.close(1))


def test_stuck(house: House, events: Sequence[LogEvent]) -> None:
    """A disk that does not answer holds up nobody; what asks is told after a moment."""
    house.work.hold()
    house.history.jobEnded(job(1))
    house.clock.advance(WITHIN)
    house.history.jobEnded(job(2))
    asked = [hear(house.history.jobs(Wanted())), hear(house.history.erase(1))]
    noted = hear(house.history.note(JobEvent(1, NOW, "hold", "bob")))
    house.clock.advance(ANSWER)
    for answer in asked:
        assert isinstance(answer[0], HistoryFailed), answer
        assert str(answer[0]) == "the history's disk does not answer"
    assert noted == [None]
    # Once it answers again nothing is missing.
    house.work.go()
    house.clock.advance(WITHIN)
    assert house.written() == [2, 1]
    slow, well = (each["log_format"] for each in events)
    assert "has not answered" in slow and "well again" in well


def test_tooMany(house: House) -> None:
    """Who asks while many wait already is refused at once."""
    house.work.hold()
    asked = [hear(house.history.job(1)) for _ in range(ASKING)]
    with pytest.raises(HistoryFailed, match="too many ask"):
        told(house.history.job(1))
    house.work.go()
    assert asked == [[None]] * ASKING


def test_failed(house: House, monkeypatch: pytest.MonkeyPatch, events: Sequence[LogEvent]) -> None:
    """A full disk is told once, and tried again; nothing is missing then."""
    house.fail(monkeypatch, sqlite3.OperationalError("database or disk is full"))
    house.history.jobEnded(job(1))
    house.clock.advance(WITHIN)
    assert told(house.history.note(JobEvent(1, NOW, "hold", "bob"))) is None
    house.clock.advance(AGAIN)
    [line] = [each for each in events if "the history failed" in each["log_format"]]
    assert "disk is full" in line["why"]
    assert house.known() == [1] and not house.history.recorded(1)
    monkeypatch.undo()
    house.clock.advance(AGAIN)
    assert house.written() == [1] and house.history.recorded(1)
    assert events[-1]["log_format"] == "the history is well again"
    assert told(house.history.events(1))[0].by == "bob"


def test_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many jobs wait for a disk that fails; what is dropped is not called recorded."""
    monkeypatch.setattr(filehistory, "MOST", 3)
    house.fail(monkeypatch, sqlite3.OperationalError("disk I/O error"))
    for number in range(1, 6):
        house.history.jobEnded(job(number))
        house.history.jobChanged(job(number, state=JobState.PENDING))
    assert house.known() == [5, 4, 3]
    assert [house.history.recorded(number) for number in (0, 1, 5)] == [True, False, False]
    house.clock.advance(WITHIN)
    house.history.jobEnded(job(6))
    assert house.known() == [6, 5, 4]
    monkeypatch.undo()


def test_readFailed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read is told in a sentence."""

    def fail(_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(house.database, "jobs", fail)
    with pytest.raises(HistoryFailed, match=r"the history failed: disk I/O error"):
        house.known()


def test_sweep(tmp_path: Path) -> None:
    """What is too old goes, without a job that comes; a new bound counts at once."""
    Database(str(tmp_path / "history.sqlite")).write([job(1, completed=0.0), job(2), job(3)])
    house = House(tmp_path)
    assert house.known() == [3, 2]
    house.history.retention = Retention(rows=1)
    house.clock.pump([filehistory.SWEEP, 0])
    assert house.known() == [3]
    told(house.history.close(1))


def test_sweepFailed(
    house: House, monkeypatch: pytest.MonkeyPatch, flushErrors: FlushErrors
) -> None:
    """A look that fails is told, and made again."""
    looks = []

    def retain(*_: object) -> bool:
        looks.append(1)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(house.database, "retain", retain)
    house.clock.advance(filehistory.SWEEP)
    house.clock.advance(filehistory.SWEEP)
    assert len(looks) == 2


def test_close(house: House) -> None:
    """The last jobs are written at the end; a disk that hangs then is left."""
    house.history.jobEnded(job(1))
    assert told(house.history.close(1)) is None and house.written() == [1]
    assert not [call for call in house.clock.getDelayedCalls() if call.active()]
    house.history.jobEnded(job(2))
    house.work.hold()
    closed = hear(house.history.close(3))
    house.clock.advance(2.9)
    assert closed == []
    house.clock.advance(0.1)
    assert closed == [None]


def test_numbers(house: House) -> None:
    """Numbers are taken from the file."""
    assert told(house.history.reserve(100)) == 1
    assert told(house.history.reserve(1)) == 101
