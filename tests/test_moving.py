"""
C{jetdirect spool DIRECTORY --into postgresql://...}: kept jobs move from a directory into the
database of a fleet.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jetdirect import cli
from jetdirect.spool.directory import SpoolDirectory
from jetdirect.spool.disk import RealDisk
from jetdirect.spool.record import JobPlace, SpoolRecord, decode
from jetdirect.spool.store import Store
from tests.support.postgresql import PostgreSQL
from tests.support.spoolcommand import said

pytestmark = pytest.mark.slow

RECORD = SpoolRecord(
    number=0, port="", name="a.ps", user="anna", host="192.0.2.7", received=1_800_000_000.0
)
LARGE = b"0123456789abcdef" * 50_000
"""More than one row."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    """A server for all of them."""
    with PostgreSQL() as server:
        yield server


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """
    A spool with a job in each state: 1 waits, 2 was being printed, 3 is held, 4 has ended; 5 waits
    before 1.
    """
    directory = SpoolDirectory(str(tmp_path / "spool"))
    store = Store(RealDisk(directory.path))
    store.addPort("Ward3")
    for place in (JobPlace.QUEUE, JobPlace.ACTIVE, JobPlace.HELD, JobPlace.DONE, JobPlace.QUEUE):
        draft = store.begin("Ward3")
        draft.write(LARGE if place is JobPlace.QUEUE else b"x" * 100)
        record = draft.commit(RECORD)
        ended = "completed" if place is JobPlace.DONE else ""
        reason = "by anna" if place is JobPlace.HELD else ""
        store.change(record.but(outcome=ended, reason=reason), place)
    store.change(store.record(5).but(place=0), JobPlace.QUEUE)
    store.note(2, 40)
    store.here.write([], [store.path(1)])
    store.setPaused({"ward3": "anna"})
    directory.release()
    return tmp_path / "spool"


def rows(server: PostgreSQL) -> list[list[str]]:
    """The jobs in the database, in their order."""
    told = server.sql(
        "SELECT number, state, heard, reason, intake IS NULL,"
        " (SELECT sum(length(data)) FROM jetdirect.chunks AS c WHERE c.number = j.number)"
        " FROM jetdirect.jobs AS j ORDER BY place"
    )
    return [line.split("|") for line in told.splitlines()]


DOUBT = "interrupted; at least 40 of 100 bytes sent"


def test_moves(server: PostgreSQL, spool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """
    What has not ended is in the database with its number, its bytes and its order; one that was
    being printed is held.  A port that was paused is, and what has ended stays.
    """
    uri = server.fresh()
    status, lines, err = said(capsys, str(spool), "--into", uri)
    assert (status, err) == (0, "")
    assert lines[0] == "ward3: paused there, too"
    assert [line.split()[:2] for line in lines[1:]] == [
        ["5", "pending"],
        ["1", "pending"],
        ["2", "pending-held"],
        ["3", "pending-held"],
    ]
    large = str(len(LARGE))
    assert rows(server) == [
        ["5", "queue", "f", "", "t", large],
        ["1", "queue", "t", "", "t", large],
        ["2", "held", "f", DOUBT, "t", "100"],
        ["3", "held", "f", "by anna", "t", "100"],
    ]
    record = decode(server.sql("SELECT record FROM jetdirect.jobs WHERE number = 1").encode())
    assert (record.name, record.user, record.port) == ("a.ps", "anna", "Ward3")
    assert server.sql("SELECT * FROM jetdirect.paused") == "ward3|anna"
    assert int(server.sql("SELECT nextval('jetdirect.numbers')")) > 5
    assert server.sql("SELECT count(*) FROM jetdirect.gateways") == "0"
    _, lines, _ = said(capsys, str(spool))
    assert lines[0] == "ward3: 0 active, 0 queue, 0 held, 1 done"
    assert said(capsys, str(spool), "--into", uri) == (0, [], "")


def test_numbersGiven(server: PostgreSQL, spool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the fleet has given such numbers a job gets a new one, and says which it was."""
    uri = server.fresh()
    (spool.parent / "empty/ports").mkdir(parents=True)
    assert said(capsys, str(spool.parent / "empty"), "--into", uri)[0] == 0
    server.sql("SELECT setval('jetdirect.numbers', 200)")
    assert said(capsys, str(spool), "--into", uri)[0] == 0
    found = rows(server)
    assert min(int(row[0]) for row in found) > 200
    assert [row[3] for row in found] == [
        "it was job 5",
        "it was job 1",
        f"{DOUBT}; it was job 2",
        "by anna; it was job 3",
    ]


@pytest.mark.parametrize("there", [True, False])
def test_interrupted(
    server: PostgreSQL,
    spool: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    there: bool,
) -> None:
    """
    A machine that dies while a job moves has it once in the end; one that is in the database no
    more may have been printed there, and is held.
    """
    uri = server.fresh()

    class Died(BaseException):
        """It did."""

    def remove(self: Any, number: int) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(Store, "remove", remove)
        with pytest.raises(Died):
            cli.main(["spool", str(spool), "--into", uri])
    capsys.readouterr()
    if not there:
        server.sql("DELETE FROM jetdirect.jobs; DELETE FROM jetdirect.chunks")
    assert said(capsys, str(spool), "--into", uri)[0] == 0
    found = {row[5]: row for row in rows(server) if row[5] == str(len(LARGE))}
    states = sorted(row[1] for row in rows(server) if row[5] == str(len(LARGE)))
    assert found and states == (["queue", "queue"] if there else ["held", "queue"])
    reasons = " ".join(row[3] for row in rows(server))
    assert ("its move was interrupted; look whether it is printed" in reasons) is not there
    assert said(capsys, str(spool))[1][0] == "ward3: 0 active, 0 queue, 0 held, 1 done"


def test_refused(spool: Path, server: PostgreSQL, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be is said in a line, and nothing has moved."""
    before = said(capsys, str(spool))
    held = SpoolDirectory(str(spool))
    status, _, err = said(capsys, str(spool), "--into", server.fresh())
    held.release()
    assert status == 1 and "a gateway has this spool" in err
    status, _, err = said(capsys, str(spool), "--into", "postgresql://u:s3cret@127.0.0.1:1/x")
    assert status == 1 and "s3cret" not in err and len(err.splitlines()) == 1
    status, _, err = said(capsys, str(spool), "--into", "/var/spool")
    assert status == 2 and "write postgresql://USER@HOST/DATABASE" in err
    assert said(capsys, str(spool), "--into", server.uri(), "--hold-all")[0] == 2
    assert said(capsys, str(spool)) == before
