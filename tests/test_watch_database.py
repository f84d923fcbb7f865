"""
The history's file: what it finds, keeps, forgets and erases, and what becomes of a damaged one.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jetdirect.errors import HistoryUnfit
from jetdirect.record import ENDS, JobEvent, JobRecord, JobState
from jetdirect.wanted import Wanted
from jetdirect.watch.database import AT_A_TIME, DAY, EVENTS, TOGETHER, VERSION, Database
from jetdirect.watch.history import summed
from jetdirect.watch.retention import Retention

NOW = 1_000 * DAY


def job(number: int, **more: Any) -> JobRecord:
    """A job that has printed."""
    known = JobRecord(
        number=number,
        port="ward3",
        name="a.ps",
        user="ann",
        host="192.0.2.1",
        printer="Ward 3",
        bytes=10,
        state=JobState.COMPLETED,
        reasons=("job-completed-successfully",),
        delivery="delivered",
        attempts=1,
        created=NOW,
        started=NOW + 1,
        completed=NOW + 2,
        seconds=2.0,
        blocked=0.0,
        outcome="completed",
        reply=226,
        printed="yes",
        reason="",
        heard=True,
        sha256="00" * 32,
        size=None,
        pages=None,
        sent=10,
    )
    made = known._replace(**more)
    return made._replace(outcome=made.state.value)


@pytest.fixture
def aside() -> list[str]:
    """The files that were put aside."""
    return []


@pytest.fixture
def database(tmp_path: Path, aside: list[str]) -> Iterator[Database]:
    """A new one."""
    database = Database(str(tmp_path / "history.sqlite"), aside.append)
    yield database
    database.close()


def numbers(database: Database, **wanted: Any) -> list[int]:
    """Those of the jobs that are wanted."""
    return [each.number for each in database.jobs(Wanted(**wanted))]


def test_job(database: Database) -> None:
    """A job comes out as it went in; another process reads it."""
    odd = job(2, delivery=None, reply=None, heard=False, sha256=None, started=None, size=3)
    odd = odd._replace(
        state=JobState.ABORTED, outcome="aborted", reasons=("a", "b"), name="\u00e9'"
    )
    database.write([job(1), odd])
    other = Database(database.path)
    assert (other.job(1), other.job(2), other.job(3)) == (job(1), odd, None)
    other.close()


def test_private(database: Database, tmp_path: Path) -> None:
    """Nobody else reads names."""
    database.write([job(1)])
    files = sorted(tmp_path.iterdir())
    assert [each.name for each in files] == [f"history.sqlite{end}" for end in ("", "-shm", "-wal")]
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


def test_again(database: Database) -> None:
    """A job that is told again replaces the old one, but not one of the process before."""
    database.write([job(1)])
    database.write([job(1, bytes=11)], restored=[job(1, bytes=12), job(2)])
    assert [each.bytes for each in database.jobs(Wanted())] == [10, 11]


def test_together(database: Database) -> None:
    """One statement writes many: a thread waits for the interpreter at each."""
    many = 2 * TOGETHER[0] + 3 * TOGETHER[1] + 2
    database.prepare(1)
    asked: list[str] = []
    database._connected().set_trace_callback(asked.append)
    database.write(job(number, bytes=number) for number in range(1, many + 1))
    assert len([each for each in asked if each.startswith("INSERT")]) == 2 + 3 + 2
    found = database.jobs(Wanted(limit=999))
    assert found == [job(number, bytes=number) for number in range(many, 0, -1)]


def test_kinds(database: Database) -> None:
    """What some jobs share is told once for them, and no job is told another's."""
    ends: list[dict[str, Any]] = [
        {"state": JobState.COMPLETED, "sha256": None},
        {"state": JobState.COMPLETED, "sha256": None, "pages": 3},
        {"state": JobState.ABORTED, "sha256": None, "reasons": ("a", "b"), "reply": None},
        {"state": JobState.ABORTED, "sha256": None, "reasons": ("a", "b"), "heard": False},
    ]
    jobs = [job(number, reason=str(number), **ends[number % 4]) for number in range(40)]
    asked: list[str] = []
    database.prepare(1)
    database._connected().set_trace_callback(asked.append)
    database.write(jobs)
    assert len([each for each in asked if each.startswith("INSERT")]) == len(ends) * (1 + 2)
    assert database.jobs(Wanted(limit=99)) == jobs[::-1]


def test_events(database: Database) -> None:
    """In their order, and of one job not without an end; what people did is always there."""
    database.write([], [JobEvent(1, 2.0, "held", text="x", bytes=5), JobEvent(1, 1.0, "queued")])
    assert [each.what for each in database.events(1)] == ["queued", "held"]
    assert database.events(1)[1] == JobEvent(1, 2.0, "held", "", "x", 5)
    database.write([], [JobEvent(1, 3.0, "attempt")] * EVENTS)
    database.write([], [JobEvent(1, 4.0, "cancel", "bob")])
    assert len(database.events(1)) == EVENTS + 1
    assert database.events(1)[-1].by == "bob" and database.events(2) == []


_WORDS = st.sampled_from(["", "ann", "Ann", "a%b", "a_b", "ward3", "LAB", "10%"])
_TIMES = st.sampled_from([NOW, NOW + 1, NOW + DAY])
_JOBS = st.builds(
    job,
    number=st.integers(1, 9),
    port=st.sampled_from(["ward3", "Ward3", "lab"]),
    name=_WORDS,
    user=_WORDS,
    host=_WORDS,
    reason=_WORDS,
    state=st.sampled_from(sorted(ENDS)),
    created=_TIMES,
)
_WANTED = st.builds(
    Wanted,
    port=st.sampled_from(["", "WARD3", "lab"]),
    user=_WORDS,
    host=_WORDS,
    q=st.sampled_from(["", "A", "%", "_", "n", "10", "\\", "a%", "a_b"]),
    state=st.sampled_from(["", "completed", "aborted"]),
    since=st.none() | _TIMES,
    until=st.none() | _TIMES,
    before=st.none() | st.integers(1, 9),
    limit=st.integers(1, 9),
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(jobs=st.lists(_JOBS, max_size=9, unique_by=lambda each: each.number), wanted=_WANTED)
def test_sameAsInMemory(tmp_path: Path, jobs: list[JobRecord], wanted: Wanted) -> None:
    """What is asked of the file finds what a look at each job finds; so do the sums."""
    path = tmp_path / "same.sqlite"
    for file in tmp_path.glob("same*"):
        file.unlink()
    database = Database(str(path))
    database.write(jobs)
    found = [each for each in sorted(jobs, key=lambda each: -each.number) if wanted.has(each)]
    assert database.jobs(wanted) == found[: wanted.limit]
    counted = {(*each[:4],): each for each in database.sums(replace(wanted, limit=99), 0)}
    for each in summed(found):
        # The database knows one port and one user in any case, by the spelling of one of its jobs.
        assert any(each.day == day for day, *_ in counted)
    assert sum(each.jobs + each.failed for each in counted.values()) == len(found)
    assert sum(each.bytes for each in counted.values()) == sum(s.bytes for s in summed(found))
    database.close()


def test_sums(database: Database) -> None:
    """By day, user, host and port, the newest day first, in pages."""
    aborted = {"state": JobState.ABORTED}
    database.write([job(1), job(2), job(3, **aborted), job(4, user="bob"), job(5, port="lab")])
    database.write([job(6, created=NOW + 2 * DAY)])
    sums = database.sums(Wanted(), 0)
    assert [(each.user, each.port, each.jobs, each.bytes, each.failed) for each in sums] == [
        ("ann", "ward3", 1, 10, 0),
        ("ann", "lab", 1, 10, 0),
        ("ann", "ward3", 2, 20, 1),
        ("bob", "ward3", 1, 10, 0),
    ]
    assert sums[0].day > sums[1].day
    assert database.sums(Wanted(limit=2), 1) == sums[1:3]


def test_indexed(database: Database) -> None:
    """No question but that for a text looks at every job."""
    database.write([job(1)])
    plans: list[str] = []
    for wanted in (
        {},
        {"port": "ward3"},
        {"user": "ann"},
        {"host": "192.0.2.1"},
        {"state": "aborted"},
        {"before": 5},
        {"user": "ann", "since": NOW, "until": NOW + DAY},
    ):
        asked: list[str] = []
        connection = database._connected()
        connection.set_trace_callback(asked.append)
        database.jobs(Wanted(**wanted))
        connection.set_trace_callback(None)
        rows = connection.execute(f"EXPLAIN QUERY PLAN {asked[-1]}").fetchall()
        plans += [row[3] for row in rows]
    # Without a filter the newest are taken from the end of the table, as many as are wanted.
    assert plans.pop(0) == "SCAN job"
    assert all(plan.startswith("SEARCH job USING") or "ORDER BY" in plan for plan in plans), plans


def test_erase(database: Database, tmp_path: Path) -> None:
    """No file has a name of it any more; number, bytes and times stay."""
    secret = job(1, name="patient-smith.ps", user="smith-user", host="203.0.113.99")
    database.write([secret, job(2)], [JobEvent(1, NOW, "hold", "bob-smith")])
    assert database.erase(1) and not database.erase(9)
    assert database.job(1) == secret.erased() and database.events(1) == []
    held = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert b"smith" not in held and b"203.0.113.99" not in held


def test_eraseBefore(database: Database) -> None:
    """All that ended before; each once."""
    database.write([job(1), job(2, completed=NOW + DAY)], [JobEvent(1, NOW, "hold", "bob")])
    assert database.eraseBefore(NOW + 3, "carla", NOW + 9) == 1
    assert database.eraseBefore(NOW + 3, "carla", NOW + 9) == 0
    assert [each.name for each in database.jobs(Wanted())] == ["a.ps", ""]
    assert database.events(1) == [JobEvent(1, NOW + 9, "erase", "carla")]
    assert database.events(2) == []


def retained(database: Database, now: float = NOW + 3, **more: Any) -> list[int]:
    """What is left."""
    while database.retain(Retention(**more), now):
        pass
    return numbers(database)


def test_days(database: Database) -> None:
    """What ended so long ago is forgotten, with its events."""
    database.write([job(2, completed=NOW - DAY), job(1)], [JobEvent(2, NOW, "hold", "bob")])
    assert retained(database, days=2) == [2, 1]
    assert retained(database, days=1) == [1]
    assert database.events(2) == []


def test_rows(database: Database) -> None:
    """The newest stay; many are forgotten in turns."""
    database.write(job(number) for number in range(1, 2 * AT_A_TIME + 10))
    assert database.retain(Retention(rows=5), NOW)
    assert len(numbers(database, limit=9999)) == AT_A_TIME + 9
    assert retained(database, rows=5) == [*range(2 * AT_A_TIME + 9, 2 * AT_A_TIME + 4, -1)]


def test_bytes(database: Database) -> None:
    """The file has no more bytes than it may, and gives them back."""
    database.write(job(number, name="x" * 200) for number in range(1, 5000))
    database.close()
    before = os.stat(database.path).st_size
    kept = retained(database, bytes=before // 4)
    assert kept and kept[0] == 4999
    database.close()
    assert os.stat(database.path).st_size <= before // 4 + 64 * 1024
    assert retained(database, bytes=1) == []


def test_numbers(database: Database) -> None:
    """No number comes twice, whatever is kept."""
    assert database.prepare(100) == 1
    assert database.reserve(100) == 101
    database.write([job(500)])
    assert database.reserve(1) == 501
    retained(database, now=NOW + 999 * DAY)
    assert numbers(database) == [] and database.prepare(1) == 502


@pytest.mark.parametrize("replaced", [False, True])
def test_gone(database: Database, aside: list[str], replaced: bool) -> None:
    """A file that somebody has removed, or put another in place of, is begun anew, and told of."""
    assert database.reserve(100) == 1
    database.write([job(1)])
    for end in ("", "-wal", "-shm"):
        os.remove(database.path + end)
    if replaced:
        Path(database.path).touch()
    database.write([job(2)])
    assert (numbers(database), aside) == ([2], [""])
    assert database.reserve(100) == 101
    other = Database(database.path)
    assert numbers(other) == [2]
    other.close()


def test_directoryGone(tmp_path: Path, aside: list[str]) -> None:
    """Without its directory there is none; when that is back no number comes twice."""
    folder = tmp_path / "state"
    folder.mkdir()
    database = Database(str(folder / "history.sqlite"), aside.append)
    assert database.reserve(100) == 1
    shutil.rmtree(folder)
    for _ in range(2):
        with pytest.raises(OSError):
            database.write([job(1)])
    folder.mkdir()
    assert database.reserve(100) == 101
    database.close()


def test_ownDirectory(tmp_path: Path, aside: list[str]) -> None:
    """Where nobody else has files, whatever is damaged beyond recognition was the history."""
    database = Database(str(tmp_path / "history.sqlite"), aside.append, own=True)
    Path(database.path).write_bytes(b"no database at all" * 999)
    assert database.prepare(100) == 1
    assert Path(aside[0]).read_bytes().startswith(b"no database at all")


def test_noDatabase(database: Database, aside: list[str]) -> None:
    """A file of another kind, such as C{/etc/hosts}, is refused at the start and left alone."""
    content = b"127.0.0.1 localhost\n"
    Path(database.path).write_bytes(content)
    with pytest.raises(HistoryUnfit, match="another kind; name another file"):
        database.prepare(1)
    assert Path(database.path).read_bytes() == content and aside == []


@pytest.mark.parametrize("content", [b"\0" * 9999, b"SQLite format 3\0" + b"?" * 9999])
def test_emptied(content: bytes, database: Database, aside: list[str]) -> None:
    """What was a history once, as far as can be seen, is put aside, and a new one begun."""
    Path(database.path).write_bytes(content)
    assert database.prepare(1) == 1
    [name] = aside
    assert Path(name).read_bytes() == content and ".damaged-" in name
    database.write([job(1)])
    assert numbers(database) == [1]


def test_empty(database: Database, aside: list[str]) -> None:
    """An empty file is a new one."""
    Path(database.path).touch()
    assert database.prepare(1) == 1 and aside == []


@pytest.mark.parametrize("where", [0.3, 0.5, 0.9])
def test_damaged(database: Database, aside: list[str], where: float) -> None:
    """A file with a torn part is put aside at the start, and numbers go on if they can be read."""
    database.write(job(number) for number in range(1, 3000))
    database.close()
    with open(database.path, "r+b") as file:
        size = os.stat(database.path).st_size
        file.seek(int(size * where) // 4096 * 4096)
        file.write(os.urandom(4096) * 5)
    assert database.prepare(1) > 0
    assert len(aside) == 1 and numbers(database) == []
    database.write([job(5000)])


def test_truncated(database: Database, aside: list[str]) -> None:
    """So is one that lost its end."""
    database.write(job(number) for number in range(1, 3000))
    database.close()
    os.truncate(database.path, os.stat(database.path).st_size // 2)
    database.prepare(1)
    assert len(aside) == 1


def test_damagedMeanwhile(database: Database, aside: list[str]) -> None:
    """Found while it runs: what is asked or written then goes on with a new file."""
    database.prepare(1)
    database.write([job(1)])
    database.close()
    Path(database.path).write_bytes(b"no database at all" * 999)
    database.write([job(2)])
    assert numbers(database) == [2] and len(aside) == 1


def test_newer(database: Database) -> None:
    """A file of a newer version is refused by its number, and left as it is."""
    database.prepare(1)
    other = sqlite3.connect(database.path)
    other.execute(f"PRAGMA user_version = {VERSION + 1}")
    other.close()
    before = Path(database.path).read_bytes()
    with pytest.raises(HistoryUnfit, match=rf"its schema is {VERSION + 1}, this program knows"):
        database.prepare(1)
    assert Path(database.path).read_bytes() == before


def test_another(database: Database) -> None:
    """So is one of another program."""
    other = sqlite3.connect(database.path)
    other.execute("CREATE TABLE stock (item)")
    other.close()
    with pytest.raises(HistoryUnfit, match="it is a database of another program"):
        database.prepare(1)


def test_noPlace(tmp_path: Path) -> None:
    """A directory that is not there, or a directory in the file's place."""
    for path in (tmp_path / "nowhere" / "history.sqlite", tmp_path):
        with pytest.raises(HistoryUnfit, match="name a file in a directory of the gateway's own"):
            Database(str(path)).prepare(1)


def test_failed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that fails leaves nothing half, and the next one is done."""
    database.write([job(1)])
    with pytest.raises(sqlite3.Error):
        database.write([job(2)], [JobEvent(1, 1.0, object(), "x")])  # type: ignore[arg-type]
    assert numbers(database) == [1]
    database.write([job(3)])
    assert numbers(database) == [3, 1]
