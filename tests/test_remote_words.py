"""
What people read of jobs and printing ports.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from jetdirect.remote import words


@pytest.fixture(autouse=True)
def _zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine is in UTC+1."""
    monkeypatch.setenv("TZ", "XXX-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_ports() -> None:
    """The stopped ones come first, with what the printer says, or else the reasons."""
    base: dict[str, Any] = {
        "since": "2026-11-30T09:00:00.000Z",
        "queued": 0,
        "held": 0,
        "job": None,
    }
    rows = [
        {**base, "name": "a", "state": "idle", "message": "", "reasons": []},
        {**base, "name": "b", "state": "stopped", "message": "", "reasons": ["paused", "x"]},
        {**base, "name": "c", "state": "stopped", "message": "no paper", "reasons": ["x"]},
    ]
    head, *lines = words.ports(rows)
    assert head.startswith("PORT  STATE    SINCE")
    assert [line.split()[0] for line in lines] == ["b", "c", "a"]
    assert lines[0].endswith("paused, x") and lines[1].endswith("no paper")
    assert lines[2].endswith("-") and "2026-11-30 10:00:00" in lines[2]


def test_hostile() -> None:
    """A name is text: it moves no cursor, and makes no line."""
    assert words.word("a\x1b[2J\nb\u202e") == r"a\x1b[2J\x0ab\u202e"
    assert [
        *words.everything({"name": "a\nb", "heard": True, "reply": None, "reasons": ["x"]})
    ] == [
        r"name     a\x0ab",
        "heard    yes",
        "reply    -",
        "reasons  x",
    ]


def test_events() -> None:
    """What has happened to a job, a line each: when, what, and who did it."""
    event = {
        "time": "2026-11-30T09:00:00.000Z",
        "event": "held",
        "by": None,
        "text": "",
        "bytes": 5,
    }
    told = [
        *words.everything(
            {
                "created": "2026-11-30T09:00:00.000Z",
                "events": [event, {**event, "event": "release", "by": "b\nb", "bytes": None}],
            }
        )
    ]
    assert told == [
        "created  2026-11-30 10:00:00",
        "",
        "2026-11-30 10:00:00  held       5 bytes",
        r"2026-11-30 10:00:00  release    by b\x0ab",
    ]


def test_nothing() -> None:
    """No jobs: the names of the columns."""
    assert len([*words.jobs([])]) == 1


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_width(width: int) -> None:
    """A table fits its terminal, as long as a column keeps some letters; the widest are cut."""
    rows = [["1", "x" * 50, "short", "y" * 70], ["2", "x", "short", "y"]]
    lines = [*words.table(("A", "B", "C", "D"), rows, width)]
    least = 1 + words.NARROWEST * 2 + len("short") + 2 * 3
    assert max(map(len, lines)) <= max(width, least)
    assert ("x" * 50 in lines[1]) is (width == 200)
    assert "short" in lines[1]


def test_times() -> None:
    """On a terminal of 80 letters a time is whole, whatever else is cut: the clock, or the day."""
    now = datetime.now().astimezone()
    for when, told in ((now, f"{now:%H:%M:%S}"), (now - timedelta(3), f"{now - timedelta(3):%F}")):
        row = {**dict.fromkeys(("number", "bytes"), 4711), "created": when.isoformat()}
        row |= dict.fromkeys(("port", "state", "user", "host", "name", "reason"), "x" * 30)
        [_, line] = words.jobs([row], 80)
        assert f" {told} " in line and len(line) <= 80
        [_, line] = words.jobs([row])
        assert f" {when:%F %H:%M:%S} " in line


def test_total() -> None:
    """How many, how much, and how many not."""
    rows = [{"bytes": 3, "outcome": "completed"}, {"bytes": 4, "outcome": "aborted"}]
    assert words.total(rows) == "2 jobs, 7 bytes; 1 not printed, or in part"
    assert words.total(rows[:1]) == "1 job, 3 bytes; 0 not printed, or in part"


def test_noTime() -> None:
    """What is no time is shown as it is."""
    assert words.local("soon") == "soon" and words.local(None) == "-"
