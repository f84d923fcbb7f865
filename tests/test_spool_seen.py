"""
What others see of a kept job.
"""

from __future__ import annotations

import pytest

from jetdirect.record import JobState
from jetdirect.spool.record import OUTCOMES, JobPlace
from jetdirect.spool.seen import jobRecord
from tests.support.spooled import RECORD

NOW = 100.0


@pytest.mark.parametrize(
    ("place", "state", "reason"),
    [
        (JobPlace.COMING, JobState.HELD, "job-hold-until-specified"),
        (JobPlace.QUEUE, JobState.PENDING, "job-queued"),
        (JobPlace.ACTIVE, JobState.PROCESSING, "job-printing"),
        (JobPlace.HELD, JobState.HELD, "job-hold-until-specified"),
        (JobPlace.CORRUPT, JobState.HELD, "document-access-error"),
    ],
)
def test_state(place: JobPlace, state: JobState, reason: str) -> None:
    """Its place is its state, in RFC 8011's words; the sender has had 226 for it."""
    seen = jobRecord(RECORD, place, NOW)
    assert (seen.state, seen.reasons, seen.outcome, seen.reply) == (state, (reason,), None, 226)
    assert not seen.ended


@pytest.mark.parametrize("outcome", OUTCOMES[1:])
def test_ended(outcome: str) -> None:
    """An ended job is what its record says that it came to."""
    seen = jobRecord(RECORD.but(outcome=outcome, ended=7.0), JobPlace.DONE, NOW)
    assert (seen.state.value, seen.outcome, seen.completed) == (outcome, outcome, 7.0)
    assert seen.ended and seen.seconds == 6.0


@pytest.mark.parametrize(
    ("outcome", "size", "attempts", "printed"),
    [
        ("completed", 10, 1, "yes"),
        ("completed", 0, 1, "no"),
        ("canceled", 10, 0, "no"),
        ("canceled", 10, 1, "part"),
        ("aborted", 10, 3, "part"),
        ("", 10, 0, "no"),
        ("", 10, 1, "part"),
    ],
)
def test_printed(outcome: str, size: int, attempts: int, printed: str) -> None:
    """After an attempt a part may be on paper, unless it is known that all of it is."""
    record = RECORD.but(outcome=outcome, size=size, attempts=attempts)
    place = JobPlace.DONE if outcome else JobPlace.HELD
    assert jobRecord(record, place, NOW).printed == printed


@pytest.mark.parametrize(("heard", "seen"), [(None, True), (True, True), (False, False)])
def test_heard(heard: bool | None, seen: bool) -> None:
    """A sender that is not known to be lost counts as told."""
    assert jobRecord(RECORD.but(heard=heard), JobPlace.QUEUE, NOW).heard is seen


def test_clockSetBack() -> None:
    """A clock that was set back gives no time below zero."""
    assert jobRecord(RECORD.but(received=200.0), JobPlace.QUEUE, NOW).seconds == 0.0
