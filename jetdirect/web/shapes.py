"""
Jobs and printing ports as JSON: the keys are those that other programs rely on.  No I/O.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from ..record import JobEvent, JobRecord, PortRecord, Sum

_JOB = [
    "number",
    "port",
    "name",
    "user",
    "host",
    "bytes",
    "state",
    "reasons",
    "delivery",
    "attempts",
    "created",
    "completed",
    "outcome",
    "reply",
    "printed",
    "reason",
    "heard",
    "sha256",
]
_PORT = [
    "name",
    "number",
    "aliases",
    "uri",
    "description",
    "location",
    "state",
    "reasons",
    "message",
    "since",
    "accepting",
    "spooled",
    "queued",
    "held",
    "job",
]
_TIMES = {"created", "completed", "since"}


def job(record: JobRecord) -> dict[str, Any]:
    """A job."""
    return _object(record, _JOB)


def port(record: PortRecord) -> dict[str, Any]:
    """A printing port."""
    return _object(record, _PORT)


def event(event: JobEvent) -> dict[str, Any]:
    """Something that has happened to a job."""
    return {
        "time": time(event.time),
        "event": event.what,
        "by": event.by or None,
        "text": event.text,
        "bytes": event.bytes,
    }


def sum(counted: Sum) -> dict[str, Any]:
    """Jobs counted, of one day, sender and printing port."""
    return counted._asdict()


def moment(text: str) -> float:
    """
    What L{time} writes, in any time zone; or a day, which begins in UTC.

    @return: seconds since the epoch.
    @raise ValueError: it is neither.
    """
    found = _MOMENT.fullmatch(text)
    remedy = "give a time as 2026-11-30T09:00:00Z, or a day as 2026-11-30"
    if found is None:
        raise ValueError(remedy)
    day, hour, zone = found.groups()
    zone = (zone or "Z").upper().replace(" ", "+")  # in a query + is a blank
    try:
        return datetime.fromisoformat(f"{day}T{hour or '00:00'}{zone}").timestamp()
    except ValueError:
        raise ValueError(f"there is no such time; {remedy}") from None


_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)([Zz]|[-+ ]\d\d:\d\d)?)?",
    re.ASCII,
)


def time(seconds: float) -> str:
    """
    A time of RFC 3339, in UTC.

    @param seconds: since the epoch.
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _object(record: JobRecord | PortRecord, keys: list[str]) -> dict[str, Any]:
    found = {key: getattr(record, key) for key in keys}
    for key in _TIMES & found.keys():
        if found[key] is not None:
            found[key] = time(found[key])
    return found
