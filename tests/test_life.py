"""
The life of a job.
"""

from __future__ import annotations

from jetdirect.life import life
from jetdirect.record import JobEvent, JobState
from tests.test_watch_history import record


def test_streamed() -> None:
    """A job that streamed: all of it is in its record."""
    job = record(
        1,
        user="ann",
        host="192.0.2.1",
        created=1.0,
        started=2.0,
        completed=3.0,
        attempts=1,
        delivery="delivered",
        reply=226,
        heard=True,
    )
    assert [(each.time, each.what, each.text, each.bytes) for each in life(job)] == [
        (1.0, "received", "from ann at 192.0.2.1", None),
        (2.0, "attempt", "attempt 1", None),
        (3.0, "delivered", "delivered", 10),
        (3.0, "heard", "reply 226", None),
        (3.0, "completed", "", 10),
    ]


def test_kept() -> None:
    """A kept job: its attempts were noted, and its reply came when it was queued."""
    job = record(
        1,
        user="ann",
        created=1.0,
        started=9.0,
        completed=10.0,
        attempts=2,
        delivery="",
        reply=226,
        heard=False,
        state=JobState.CANCELED,
        reason="canceled by bob",
    )
    noted = [
        JobEvent(1, 2.0, "queued"),
        JobEvent(1, 4.0, "attempt", text="attempt 1"),
        JobEvent(1, 10.0, "cancel", by="bob"),
    ]
    assert [(each.time, each.what, each.by) for each in life(job, noted)] == [
        (1.0, "received", ""),
        (2.0, "queued", ""),
        (2.0, "unheard", ""),
        (4.0, "attempt", ""),
        (10.0, "cancel", "bob"),
        (10.0, "canceled", ""),
    ]


def test_waiting() -> None:
    """A job that waits has no end yet."""
    job = record(1, user="ann", started=None, completed=None, state=JobState.PENDING, reply=226)
    assert [each.what for each in life(job)] == ["received"]
