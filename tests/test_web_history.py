"""
The jobs that ended last.
"""

from __future__ import annotations

from typing import Any

from zope.interface.verify import verifyObject

from jetdirect.interfaces import IWatcher
from jetdirect.record import JobRecord, JobState
from jetdirect.watch.history import KEPT, History


def record(number: int, **more: Any) -> JobRecord:
    """A job that has printed."""
    known: dict[str, Any] = dict.fromkeys(JobRecord.__dataclass_fields__)
    known |= {"number": number, "port": "ward3", "state": JobState.COMPLETED, "created": 0.0}
    return JobRecord(**{**known, **more})


def test_kept() -> None:
    """The last thousand, by number, and not one more."""
    history = History()
    assert verifyObject(IWatcher, history)
    for number in range(1, KEPT + 11):
        history.jobSubmitted(record(number))
        history.jobChanged(record(number))
        history.jobProgressed(record(number))
        history.jobEnded(record(number))
    assert [each.number for each in history.jobs()] == [*range(KEPT + 10, 10, -1)]
    assert history.job(10) is None and history.job(11) is not None
    history.forget(11)
    assert history.job(11) is None


def test_filters() -> None:
    """By port without regard to case, by state, and below a number."""
    history = History()
    history.jobEnded(record(1))
    history.jobEnded(record(2, port="lab"))
    history.jobEnded(record(3, state=JobState.ABORTED))
    assert [each.number for each in history.jobs("WARD3")] == [3, 1]
    assert [each.number for each in history.jobs(state="aborted")] == [3]
    assert [each.number for each in history.jobs(before=3)] == [2, 1]
