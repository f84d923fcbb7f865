"""
What a history notes of a job in a spool when it happens.
"""

from __future__ import annotations

from ..record import JobEvent, JobRecord, JobState


def noted(record: JobRecord, now: float) -> JobEvent | None:
    """
    What it means that a kept job is told of; L{None}: nothing that is worth a line.

    @param now: seconds since the epoch.
    """
    match record.state:
        case JobState.PENDING:
            return JobEvent(record.number, now, "queued", text=record.reason)
        case JobState.PROCESSING:
            return JobEvent(record.number, now, "attempt", text=f"attempt {record.attempts}")
        case JobState.HELD:
            sent = record.sent if record.attempts else None
            return JobEvent(record.number, now, "held", text=record.reason, bytes=sent)
    return None
