"""
The jobs that ended last, in memory.
"""

from __future__ import annotations

from typing import Any

import pytest
from zope.interface.verify import verifyObject

from jetdirect.interfaces import IHistory, IWatcher
from jetdirect.record import JobEvent, JobRecord, JobState
from jetdirect.wanted import Wanted
from jetdirect.watch.history import EVENTS, KEPT, History
from tests.support.answers import now


def record(number: int, **more: Any) -> JobRecord:
    """A job that has printed."""
    known: dict[str, Any] = dict.fromkeys(JobRecord._fields, "")
    known |= {"number": number, "port": "ward3", "state": JobState.COMPLETED, "created": 0.0}
    known |= {"bytes": 10, "completed": 1.0, "sha256": None, "sent": 10, "pages": None}
    return JobRecord(**{**known, **more})


def numbers(history: History, **wanted: Any) -> list[int]:
    """Those of the jobs that are wanted."""
    return [each.number for each in now(history.jobs(Wanted(**wanted)))]


def test_kept() -> None:
    """The last thousand, by number, and not one more."""
    history = History()
    assert verifyObject(IWatcher, history) and verifyObject(IHistory, history)
    for number in range(1, KEPT + 11):
        history.jobSubmitted(record(number))
        history.jobProgressed(record(number))
        history.jobEnded(record(number))
    assert numbers(history, limit=KEPT + 20) == [*range(KEPT + 10, 10, -1)]
    assert now(history.job(10)) is None and now(history.job(11)) is not None
    assert history.recorded(11) and now(history.close(1.0)) is None


def test_limit() -> None:
    """So many as are wanted, from the newest on."""
    history = History()
    for number in (1, 2, 3):
        history.jobEnded(record(number))
    assert numbers(history, limit=2) == [3, 2]
    assert numbers(history, before=3) == [2, 1]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"port": "WARD3"}, [4, 3, 1]),
        ({"state": "aborted"}, [3]),
        ({"user": "ann"}, [4, 1]),
        ({"user": "ANN", "host": "192.0.2.1"}, [1]),
        ({"since": 10.0}, [3, 2]),
        ({"since": 10.0, "until": 20.0}, [2]),
        ({"q": "PATIENT"}, [2]),
        ({"q": "paper"}, [3]),
        ({"q": "192.0.2"}, [1]),
        ({"q": "%"}, []),
    ],
)
def test_filters(wanted: dict[str, Any], found: list[int]) -> None:
    """By each filter, and by two at a time."""
    history = History()
    history.jobEnded(record(1, user="ann", host="192.0.2.1"))
    history.jobEnded(record(2, port="lab", name="a patient.ps", created=10.0))
    history.jobEnded(record(3, state=JobState.ABORTED, created=20.0, reason="out of paper"))
    history.jobEnded(record(4, user="Ann", host="198.51.100.1"))
    assert numbers(history, **wanted) == found


def test_erase() -> None:
    """No name stays, nor what was noted; the bytes still count."""
    history = History()
    history.jobEnded(record(1, name="a patient.ps", user="ann", host="192.0.2.1"))
    history.jobEnded(record(2, name="x", completed=5.0))
    now(history.note(JobEvent(1, 1.0, "hold", "bob")))
    assert now(history.erase(1)) and not now(history.erase(9))
    found = now(history.job(1))
    assert (found.name, found.user, found.host, found.bytes) == ("", "", "", 10)
    assert now(history.events(1)) == []
    assert now(history.eraseBefore(5.0, "bob")) == 0
    assert now(history.eraseBefore(5.1, "bob")) == 1 and now(history.job(2)).name == ""


def test_events() -> None:
    """What becomes of a job in the spool is noted; of one job not without an end."""
    history = History(wallClock=lambda: 7.0)
    history.jobChanged(record(1, state=JobState.PENDING, attempts=0, sent=0))
    history.jobChanged(record(1, state=JobState.PROCESSING, attempts=1))
    history.jobChanged(record(1, state=JobState.HELD, attempts=1, sent=5, reason="doubt"))
    history.jobChanged(record(1))
    assert [(each.what, each.text, each.bytes) for each in now(history.events(1))] == [
        ("queued", "", None),
        ("attempt", "attempt 1", None),
        ("held", "doubt", 5),
    ]
    for _ in range(EVENTS):
        now(history.note(JobEvent(1, 1.0, "hold", "bob")))
    assert len(now(history.events(1))) == EVENTS
    for number in range(2, KEPT + 2):
        now(history.note(JobEvent(number, 1.0, "hold", "bob")))
    assert now(history.events(1)) == []


def test_sums() -> None:
    """Jobs of a day, sender and port; what failed is counted apart, without its bytes."""
    history = History()
    day = 86_400.0
    history.jobEnded(record(1, user="ann"))
    history.jobEnded(record(2, user="ann"))
    history.jobEnded(record(3, user="ann", state=JobState.ABORTED))
    history.jobEnded(record(4, user="bob", created=3 * day))
    newest, oldest = now(history.sums(Wanted()))
    assert (newest.user, newest.jobs, newest.bytes, newest.failed) == ("bob", 1, 10, 0)
    assert (oldest.user, oldest.port, oldest.jobs, oldest.bytes, oldest.failed) == (
        "ann",
        "ward3",
        2,
        20,
        1,
    )
    assert now(history.sums(Wanted(limit=1), 1)) == [oldest]
    assert now(history.sums(Wanted(user="bob"))) == [newest]
