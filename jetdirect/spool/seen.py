"""
What others see of a kept job.
"""

from __future__ import annotations

from ..record import JobRecord, JobState
from .record import JobPlace, SpoolRecord

QUEUED = 226
"""The code of the reply to every kept job."""

_STATES = {
    JobPlace.QUEUE: (JobState.PENDING, ("job-queued",)),
    JobPlace.HELD: (JobState.HELD, ("job-hold-until-specified",)),
    JobPlace.ACTIVE: (JobState.PROCESSING, ("job-printing",)),
}
_ENDS = {
    "completed": (JobState.COMPLETED, ("job-completed-successfully",)),
    "canceled": (JobState.CANCELED, ("job-canceled-by-operator",)),
    "aborted": (JobState.ABORTED, ("aborted-by-system",)),
}


def jobRecord(
    record: SpoolRecord,
    place: JobPlace,
    now: float,
    printer: str = "",
    blocked: float = 0.0,
) -> JobRecord:
    """
    A kept job as watchers and operators see it.

    @param now: seconds since the epoch.
    @param printer: what its printer is called.
    @param blocked: for how many seconds the printer has not taken a byte.
    """
    over = place is JobPlace.DONE
    state, reasons = _ENDS[record.outcome] if over else _STATES.get(place, _STATES[JobPlace.HELD])
    if place is JobPlace.CORRUPT:
        reasons = ("document-access-error",)
    if record.outcome == "completed":
        printed = "yes" if record.size else "no"
    else:
        printed = "part" if record.attempts else "no"
    return JobRecord(
        number=record.number,
        port=record.port,
        name=record.name,
        user=record.user,
        host=record.host,
        printer=printer,
        bytes=record.size,
        state=state,
        reasons=reasons,
        delivery=record.delivery or None,
        attempts=record.attempts,
        created=record.received,
        started=record.started,
        completed=record.ended,
        seconds=max((record.ended or now) - record.received, 0.0),
        blocked=blocked,
        outcome=record.outcome or None,
        reply=QUEUED,
        printed=printed,
        reason=record.reason,
        heard=record.heard is not False,
        sha256=record.sha256 or None,
        size=record.size,
        sent=record.sent,
    )
