"""
What people read of jobs and printing ports.
"""

from __future__ import annotations

from typing import Any

from jetdirect.remote import words


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
    assert lines[2].endswith("-")


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


def test_nothing() -> None:
    """No jobs: the names of the columns."""
    assert len([*words.jobs([])]) == 1
