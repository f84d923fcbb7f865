"""
Jobs and printing ports as JSON: the keys are those that other programs rely on.  No I/O.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..record import JobRecord, PortRecord

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
