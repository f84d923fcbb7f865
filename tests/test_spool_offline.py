"""
C{jetdirect spool DIRECTORY}: a spool without a gateway.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jetdirect.spool.directory import SpoolDirectory
from jetdirect.spool.disk import RealDisk
from jetdirect.spool.record import JobPlace, SpoolRecord
from jetdirect.spool.store import Store
from tests.support.spoolcommand import said

WAITING = SpoolRecord(
    number=0, port="", name="a.ps", user="anna", host="192.0.2.7", received=1_800_000_000.0
)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """A spool with a job in each state: 1 waits, 2 was being printed, 3 is held, 4 has ended."""
    directory = SpoolDirectory(str(tmp_path / "spool"))
    store = Store(RealDisk(directory.path))
    store.addPort("Ward3")
    for place in (JobPlace.QUEUE, JobPlace.ACTIVE, JobPlace.HELD, JobPlace.DONE):
        draft = store.begin("Ward3")
        draft.write(b"x" * 100)
        record = draft.commit(WAITING)
        ended = "completed" if place is JobPlace.DONE else ""
        reason = "by anna" if place is JobPlace.HELD else ""
        store.change(record.but(outcome=ended, reason=reason), place)
    store.note(2, 40)
    directory.release()
    return tmp_path / "spool"


def test_show(spool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each job is one line, in the order in which a gateway would take them; nothing is moved."""
    rest = "        100  2027-01-15T08:00:00Z  192.0.2.7  anna  a.ps"
    expected = [
        "ward3: 1 active, 1 queue, 1 held, 1 done",
        f"       2  processing    {rest}",
        f"       1  pending       {rest}",
        f"       3  pending-held  {rest}  (by anna)",
        f"       4  completed     {rest}",
    ]
    assert said(capsys, str(spool)) == (0, expected, "")
    assert said(capsys, str(spool)) == (0, expected, "")


def test_holdAll(spool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --hold-all no job is printed by the next start; a doubt stays one."""
    status, lines, _ = said(capsys, str(spool), "--hold-all")
    assert status == 0
    assert lines[1].endswith("  a.ps  (interrupted; at least 40 of 100 bytes sent)")
    assert lines[2].endswith("  a.ps  (held by --hold-all)")
    _, lines, _ = said(capsys, str(spool))
    assert lines[0] == "ward3: 0 active, 0 queue, 3 held, 1 done"


def test_repair(spool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be used is set aside and named; what is none of its own is left and named."""
    ward3 = spool / "ports/ward3"
    with (ward3 / "queue/00000001/data").open("ab") as data:
        data.write(b"more")
    (ward3 / "held/00000003/data").write_bytes(b"y" * 100)
    (ward3 / "queue/notes.txt").write_text("mine")
    (ward3 / "queue/00000099").write_text("mine, too")
    (ward3 / "tmp/00000007").mkdir()
    status, lines, _ = said(capsys, str(spool))
    assert status == 1
    assert sorted(lines[-4:]) == [
        "ports/ward3/held/00000003 cannot be used: its data is not what was kept: its hash is"
        " another one; it is set aside",
        "ports/ward3/queue/00000001 cannot be used: its data has 104 bytes, 100 were kept;"
        " it is set aside",
        "ports/ward3/queue/00000099 is not a job; it is left as it is",
        "ports/ward3/queue/notes.txt is not a job; it is left as it is",
    ]
    assert sorted(os.listdir(ward3 / "corrupt")) == ["00000001", "00000003"]
    assert os.listdir(ward3 / "tmp") == []
    _, lines, _ = said(capsys, str(spool))  # they are not forgotten
    assert lines[:2] == [
        "ward3: 1 active, 0 queue, 0 held, 1 done",
        "    set aside before, and not printed: 00000001, 00000003 in corrupt",
    ]


def test_noSpool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory that is no spool is not made one."""
    status, lines, err = said(capsys, str(tmp_path))
    assert (status, lines) == (1, [])
    assert err == (
        f"jetdirect: {tmp_path}: it is no spool of this program: it has no directory 'ports'\n"
    )
    assert os.listdir(tmp_path) == []


def test_inUse(spool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While a gateway has it, nobody else looks."""
    directory = SpoolDirectory(str(spool))
    try:
        status, lines, err = said(capsys, str(spool))
    finally:
        directory.release()
    assert (status, lines) == (1, [])
    assert err.startswith(f"jetdirect: {spool}: a gateway has this spool; ask it")


@pytest.mark.skipif(os.getuid() != 0, reason="root is needed, to be another user")
def test_owner(spool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Root leaves nothing behind that the gateway's own user could not read."""
    for directory in [spool, *spool.rglob("*")]:
        os.chown(directory, 1234, 1234)
    for each in [*spool.parents][:-2]:  # all that is not / and /tmp
        each.chmod(0o755)
    assert said(capsys, str(spool), "--hold-all")[0] == 0
    assert {each.stat().st_uid for each in spool.rglob("*")} == {1234}
    assert os.geteuid() == os.getegid() == 0
