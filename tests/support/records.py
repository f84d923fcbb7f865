"""
Records of jobs, as a test needs them.
"""

from __future__ import annotations

from typing import Any

from jetdirect.record import JobRecord, JobState


def job(number: int = 1, **values: Any) -> JobRecord:
    """A job of 10 bytes that has printed, but for what is said otherwise."""
    known: dict[str, Any] = {
        "port": "ward3",
        "name": "a.ps",
        "user": "anna",
        "host": "192.0.2.7",
        "printer": "HP LaserJet",
        "bytes": 10,
        "state": JobState.COMPLETED,
        "reasons": (),
        "delivery": "delivered",
        "attempts": 1,
        "created": 1.0,
        "started": 2.0,
        "completed": 3.0,
        "seconds": 2.0,
        "blocked": 0.0,
        "outcome": "completed",
        "reply": 226,
        "printed": "yes",
        "reason": "",
        "heard": True,
    }
    return JobRecord(number=number, **(known | values))
