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
from tests.support.answers import hear, now
from tests.support.spooled import Work
from tests.test_watch_database import NOW, job


class PacedHistory:
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
        return [each.number for each in now(self.history.jobs(Wanted(**wanted)))]

    def fail(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        """Let the disk not write from now on."""

        def write(*_: object) -> None:
            raise error

        monkeypatch.setattr(self.database, "write", write)


@pytest.fixture
def events() -> Iterator[Sequence[LogEvent]]:
    """What the log says."""
    with capturedLogs() as found:
        yield found


@pytest.fixture
def paced(tmp_path: Path) -> Iterator[PacedHistory]:
    """One history."""
    paced = PacedHistory(tmp_path)
    yield paced
    paced.work.go()
    now(paced.history.close(1))


def test_interface(paced: PacedHistory) -> None:
    """What is said to be provided is."""
    assert verifyObject(IHistory, paced.history)


def test_within(paced: PacedHistory) -> None:
    """A job is soon in the file after its end, and known before."""
    paced.history.jobSubmitted(job(1))
    paced.history.jobProgressed(job(1))
    paced.history.jobEnded(job(1))
    paced.history.jobEnded(job(2))
    assert paced.written() == [] and paced.known() == [2, 1]
    assert not paced.history.recorded(1)
    paced.clock.advance(WITHIN)
    assert paced.written() == [2, 1] == paced.known()
    assert paced.history.recorded(1)


def test_lastSecond(paced: PacedHistory) -> None:
    """A job is in the file a second after its reply, though its sender says nothing behind it."""

    class Ending:
        def complete(self, heard: bool) -> None:
            paced.history.jobEnded(job(1, heard=heard))

    ending: Any = Ending()
    Acknowledgements(NoFacts(), paced.clock).expect(ending)
    paced.clock.pump([0.1] * 9)  # a write takes a moment
    assert paced.written() == [1]


def test_batch(paced: PacedHistory) -> None:
    """So many at once do not wait for it."""
    for number in range(1, BATCH):
        paced.history.jobEnded(job(number))
    assert paced.written() == []
    paced.history.jobEnded(job(BATCH))
    assert len(paced.written()) == BATCH


def test_both(paced: PacedHistory) -> None:
    """What is asked finds what is written, and what is not, each once, as it is last."""
    for number in (1, 2, 3):
        paced.history.jobEnded(job(number))
    paced.clock.advance(WITHIN)
    paced.history.jobEnded(job(2, user="bob"))
    paced.history.jobEnded(job(4))
    assert paced.known() == [4, 3, 2, 1] and paced.known(limit=2) == [4, 3]
    assert paced.known(user="bob") == [2]
    assert now(paced.history.job(2)).user == "bob" and now(paced.history.job(1)).number == 1
    assert now(paced.history.job(9)) is None


def test_writtenMeanwhile(paced: PacedHistory) -> None:
    """Nothing is missing while it is being written."""
    paced.work.hold()
    paced.history.jobEnded(job(1))
    paced.clock.advance(WITHIN)
    paced.history.jobEnded(job(2))
    assert not paced.history.recorded(1) and not paced.history.recorded(2)
    listed = hear(paced.history.jobs(Wanted()))
    paced.work.one()
    assert paced.history.recorded(1) and not paced.history.recorded(2)
    paced.work.go()
    assert [each.number for each in listed[0]] == [2, 1]
    paced.clock.advance(WITHIN)
    assert paced.written() == [2, 1]


def test_sums(paced: PacedHistory) -> None:
    """What is counted counts also what was not written."""
    paced.history.jobEnded(job(1))
    [counted] = now(paced.history.sums(Wanted()))
    assert (counted.user, counted.jobs) == ("ann", 1)


def test_events(paced: PacedHistory) -> None:
    """What a person did is written when that is answered; what a job did, a moment later."""
    paced.history.jobChanged(job(1, state=JobState.PENDING))
    paced.history.jobChanged(job(1))
    paced.work.hold()
    answer = hear(paced.history.note(JobEvent(1, NOW + 10, "hold", "bob")))
    assert answer == []
    paced.work.go()
    assert answer == [None]
    assert [each.what for each in Database(paced.database.path).events(1)] == ["queued", "hold"]
    assert [each.by for each in now(paced.history.events(1))] == ["", "bob"]


def test_erase(paced: PacedHistory) -> None:
    """Erased is erased, also what was about to be written."""
    paced.history.jobEnded(job(1))
    assert now(paced.history.erase(1)) and not now(paced.history.erase(9))
    assert now(paced.history.job(1)).name == ""
    paced.history.jobEnded(job(2))
    assert now(paced.history.eraseBefore(NOW + 3, "bob")) == 1
    assert now(paced.history.job(2)).user == ""
    assert [each.by for each in now(paced.history.events(2))] == ["bob"]


def test_restored(paced: PacedHistory) -> None:
    """A job of the process before is known again, unless it is; an erased one is erased."""
    paced.history.jobEnded(job(1))
    paced.clock.advance(WITHIN)
    paced.history.restore(job(1, bytes=99))
    paced.history.restore(job(2))
    assert not paced.history.recorded(2)
    paced.clock.advance(WITHIN)
    assert paced.history.recorded(2) and paced.written() == [2, 1]
    assert now(paced.history.job(1)).bytes == 10
    paced.history.restore(job(1).erased())
    paced.clock.advance(WITHIN)
    assert now(paced.history.job(1)) == job(1).erased()


@pytest.mark.parametrize(
    ("names", "known"), [(Names.KEEP, "smith.ps"), (Names.MASK, "s***"), (Names.OMIT, "")]
)
def test_names(tmp_path: Path, names: Names, known: str) -> None:
    """No name is told or written that is not to be kept."""
    paced = PacedHistory(tmp_path, Retention(names=names))
    paced.history.jobEnded(job(1, name="smith.ps"))
    assert now(paced.history.job(1)).name == known
    now(paced.history.close(1))
    assert Database(paced.database.path).jobs(Wanted())[0].name == known
    assert now(paced.history.job(1)).user == "ann"
    now(paced.history.close(1))


def test_stuck(paced: PacedHistory, events: Sequence[LogEvent]) -> None:
    """A disk that does not answer holds up nobody; what asks is told after a moment."""
    paced.work.hold()
    paced.history.jobEnded(job(1))
    paced.clock.advance(WITHIN)
    paced.history.jobEnded(job(2))
    asked = [hear(paced.history.jobs(Wanted())), hear(paced.history.erase(1))]
    noted = hear(paced.history.note(JobEvent(1, NOW, "hold", "bob")))
    paced.clock.advance(ANSWER)
    for answer in asked:
        assert isinstance(answer[0], HistoryFailed), answer
        assert str(answer[0]) == "the history's disk does not answer"
    assert noted == [None]
    # Once it answers again nothing is missing.
    paced.work.go()
    paced.clock.advance(WITHIN)
    assert paced.written() == [2, 1]
    slow, well = (each["log_format"] for each in events)
    assert "has not answered" in slow and "well again" in well


def test_tooMany(paced: PacedHistory) -> None:
    """Who asks while many wait already is refused at once."""
    paced.work.hold()
    asked = [hear(paced.history.job(1)) for _ in range(ASKING)]
    with pytest.raises(HistoryFailed, match="too many ask"):
        now(paced.history.job(1))
    paced.work.go()
    assert asked == [[None]] * ASKING


def test_failed(
    paced: PacedHistory, monkeypatch: pytest.MonkeyPatch, events: Sequence[LogEvent]
) -> None:
    """A full disk is told once, and tried again; nothing is missing then."""
    paced.fail(monkeypatch, sqlite3.OperationalError("database or disk is full"))
    paced.history.jobEnded(job(1))
    paced.clock.advance(WITHIN)
    assert now(paced.history.note(JobEvent(1, NOW, "hold", "bob"))) is None
    paced.clock.advance(AGAIN)
    [line] = [each for each in events if "the history failed" in each["log_format"]]
    assert "disk is full" in line["why"]
    assert paced.known() == [1] and not paced.history.recorded(1)
    monkeypatch.undo()
    paced.clock.advance(AGAIN)
    assert paced.written() == [1] and paced.history.recorded(1)
    assert events[-1]["log_format"] == "the history is well again"
    assert now(paced.history.events(1))[0].by == "bob"


def test_bounded(paced: PacedHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many jobs wait for a disk that fails; what is dropped is not called recorded."""
    monkeypatch.setattr(filehistory, "MOST", 3)
    paced.fail(monkeypatch, sqlite3.OperationalError("disk I/O error"))
    for number in range(1, 6):
        paced.history.jobEnded(job(number))
        paced.history.jobChanged(job(number, state=JobState.PENDING))
    assert paced.known() == [5, 4, 3]
    assert [paced.history.recorded(number) for number in (0, 1, 5)] == [True, False, False]
    paced.clock.advance(WITHIN)
    paced.history.jobEnded(job(6))
    assert paced.known() == [6, 5, 4]
    monkeypatch.undo()


def test_readFailed(paced: PacedHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read is told in a sentence."""

    def fail(_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(paced.database, "jobs", fail)
    with pytest.raises(HistoryFailed, match=r"the history failed: disk I/O error"):
        paced.known()


def test_sweep(tmp_path: Path) -> None:
    """What is too old goes, without a job that comes; a new bound counts at once."""
    Database(str(tmp_path / "history.sqlite")).write([job(1, completed=0.0), job(2), job(3)])
    paced = PacedHistory(tmp_path)
    assert paced.known() == [3, 2]
    paced.history.retention = Retention(rows=1)
    paced.clock.pump([filehistory.SWEEP, 0])
    assert paced.known() == [3]
    now(paced.history.close(1))


def test_sweepFailed(
    paced: PacedHistory, monkeypatch: pytest.MonkeyPatch, flushErrors: FlushErrors
) -> None:
    """A look that fails is told, and made again."""
    looks = []

    def retain(*_: object) -> bool:
        looks.append(1)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(paced.database, "retain", retain)
    paced.clock.advance(filehistory.SWEEP)
    paced.clock.advance(filehistory.SWEEP)
    assert len(looks) == 2


def test_close(paced: PacedHistory) -> None:
    """The last jobs are written at the end; a disk that hangs then is left."""
    paced.history.jobEnded(job(1))
    assert now(paced.history.close(1)) is None and paced.written() == [1]
    assert not [call for call in paced.clock.getDelayedCalls() if call.active()]
    paced.history.jobEnded(job(2))
    paced.work.hold()
    closed = hear(paced.history.close(3))
    paced.clock.advance(2.9)
    assert closed == []
    paced.clock.advance(0.1)
    assert closed == [None]


def test_numbers(paced: PacedHistory) -> None:
    """Numbers are taken from the file."""
    assert now(paced.history.reserve(100)) == 1
    assert now(paced.history.reserve(1)) == 101
