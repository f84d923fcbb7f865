"""
The life of a job, from what its record says and what was noted meanwhile.  No I/O.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .record import JobEvent, JobRecord


def life(record: JobRecord, noted: Sequence[JobEvent] = ()) -> list[JobEvent]:
    """
    All that has happened to a job, in the order in which it did.

    @param noted: what was noted when it happened; of a job that streams that is only what people
        did, as its record tells the rest.
    """
    events = [*noted, *_eventsOf(record, noted)]
    return sorted(events, key=lambda event: (event.time, event.what != "received"))


def _eventsOf(record: JobRecord, noted: Sequence[JobEvent]) -> Iterator[JobEvent]:
    known = {event.what for event in noted}

    def event(time: float, what: str, text: str = "", bytes: int | None = None) -> JobEvent:
        return JobEvent(record.number, time, what, text=text, bytes=bytes)

    sender = f"from {record.user} at {record.host}" if record.host else f"from {record.user}"
    yield event(record.created, "received", sender if record.user else "")
    if record.started is not None and "attempt" not in known:
        yield event(record.started, "attempt", f"attempt {record.attempts}")
    if record.completed is None:
        return
    if record.delivery:
        yield event(record.completed, "delivered", record.delivery, record.sent)
    if record.reply is not None:
        queued = (each.time for each in noted if each.what == "queued")
        told = f"reply {record.reply}"
        heard = "heard" if record.heard else "unheard"
        yield event(next(queued, record.completed), heard, told)
    yield event(record.completed, record.state.value, record.reason, record.sent)
