"""
Jobs, printing ports and times as JSON: the keys and forms that other programs rely on.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.record import JobEvent, PortRecord, PortState, Sum
from jetdirect.web import shapes
from tests.support.records import job


def test_job() -> None:
    """A time is one of RFC 3339, and all of it is JSON."""
    shown = shapes.job(job(7, created=1796029200.25, completed=1796029201.0, sha256="1f", size=10))
    assert json.loads(json.dumps(shown)) == {
        "number": 7,
        "port": "ward3",
        "name": "a.ps",
        "user": "anna",
        "host": "192.0.2.7",
        "bytes": 10,
        "state": "completed",
        "reasons": [],
        "delivery": "delivered",
        "attempts": 1,
        "created": "2026-11-30T09:00:00.250Z",
        "completed": "2026-11-30T09:00:01.000Z",
        "outcome": "completed",
        "reply": 226,
        "printed": "yes",
        "reason": "",
        "heard": True,
        "sha256": "1f",
    }


def test_unknown() -> None:
    """What is not known is null."""
    shown = shapes.job(job(completed=None, outcome=None, reply=None))
    assert [shown[name] for name in ("completed", "outcome", "reply", "sha256")] == [None] * 4


def test_port() -> None:
    """Likewise a printing port."""
    record = PortRecord(
        "ward3", None, ("lp",), "socket://laser3", "HP", "Room 12", PortState.STOPPED,
        ("paused",), "", 0.0, True, False, 2, 1, 7,
    )  # fmt: skip
    shown = shapes.port(record)
    assert shown["since"] == "1970-01-01T00:00:00.000Z" and shown["state"] == "stopped"
    assert shown.keys() == {*PortRecord._fields}
    assert json.loads(json.dumps(shown))["aliases"] == ["lp"]


def test_event() -> None:
    """An event that no person caused has null for who did it."""
    shown = shapes.event(JobEvent(7, 0.5, "held", text="why", bytes=0))
    assert shown == {
        "time": "1970-01-01T00:00:00.500Z",
        "event": "held",
        "by": None,
        "text": "why",
        "bytes": 0,
    }
    assert shapes.event(JobEvent(7, 0.5, "hold", "bob"))["by"] == "bob"


def test_sum() -> None:
    """Accounting has one flat row."""
    counted = Sum("2026-11-30", "anna", "192.0.2.7", "ward3", 3, 30, 1, None)
    assert shapes.sum(counted) == dict(zip(Sum._fields, counted, strict=True))


@given(st.integers(0, 253402300799))
def test_moment(seconds: int) -> None:
    """A time that was written is read again, to the second, also where + became a blank."""
    assert shapes.moment(shapes.time(seconds)) == seconds
    assert shapes.moment(shapes.time(seconds).replace("Z", " 00:00")) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-30", 1795996800.0),
        ("2026-11-30T09:00", 1796029200.0),
        ("2026-11-30t09:00:00z", 1796029200.0),
        ("2026-11-30T10:00:00.5+01:00", 1796029200.5),
        ("2026-11-30 09:00:00", 1796029200.0),
    ],
)
def test_formsOfATime(text: str, seconds: float) -> None:
    """RFC 3339 lets a T be a blank, and T and Z be small; a day alone begins in UTC."""
    assert shapes.moment(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "1796029200", "2026-11-30T", "2026-11-30T09", "30.11.2026", "2026-11-30T09:00+1",
        "\u0662\u0660\u0662\u0666-11-30", "2026-11-30T09:00:00.1234567Z", "2026-11-30\n",
    ],
)  # fmt: skip
def test_noMoment(text: str) -> None:
    """What is no time is told with the form that is wanted."""
    with pytest.raises(ValueError, match=r"^give a time as 2026-11-30T09:00:00Z, or a day as"):
        shapes.moment(text)


@pytest.mark.parametrize(
    "text",
    ["2026-13-01", "2026-02-29", "0000-01-01", "2026-11-30T25:00", "2026-11-30T09:00+25:00"],
)
def test_noSuchTime(text: str) -> None:
    """Likewise what has the form of one, and is none; not in the words of a library."""
    with pytest.raises(ValueError, match=r"^there is no such time; give a time as 2026-11-30T09"):
        shapes.moment(text)
