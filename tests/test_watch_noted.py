"""
What a history notes of a kept job when it happens.
"""

from __future__ import annotations

import pytest

from jetdirect.record import JobEvent, JobState
from jetdirect.watch.noted import noted
from tests.support.records import job


@pytest.mark.parametrize(
    ("state", "attempts", "event"),
    [
        (JobState.PENDING, 0, JobEvent(7, 5.0, "queued", text="why")),
        (JobState.PROCESSING, 2, JobEvent(7, 5.0, "attempt", text="attempt 2")),
        (JobState.HELD, 1, JobEvent(7, 5.0, "held", text="why", bytes=4)),
        (JobState.HELD, 0, JobEvent(7, 5.0, "held", text="why")),
        (JobState.STOPPED, 1, None),
        (JobState.COMPLETED, 1, None),
        (JobState.CANCELED, 1, None),
        (JobState.ABORTED, 1, None),
    ],
)
def test_noted(state: JobState, attempts: int, event: JobEvent | None) -> None:
    """Its turns; what has left for the printer only where there was an attempt; not its end."""
    assert noted(job(7, state=state, attempts=attempts, reason="why", sent=4), 5.0) == event
