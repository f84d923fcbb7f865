"""
Which jobs somebody wants to see: all that is asked for must be true of them.
"""

from __future__ import annotations

from typing import Any

import pytest

from jetdirect.record import JobState
from jetdirect.wanted import Wanted
from tests.support.records import job

JOB = job(
    7,
    port="Ward3",
    state=JobState.COMPLETED,
    name="Lab Report.ps",
    user="Anna",
    host="192.0.2.7",
    created=100.0,
    reason="printed whole in attempt 2",
)


@pytest.mark.parametrize(
    ("asked", "has"),
    [
        ({}, True),
        ({"limit": 0}, True),
        ({"port": "wARD3"}, True),
        ({"port": "ward"}, False),
        ({"state": "completed"}, True),
        ({"state": "aborted"}, False),
        ({"user": "ANNA"}, True),
        ({"user": "ann"}, False),
        ({"host": "192.0.2.7"}, True),
        ({"host": "192.0.2.70"}, False),
        ({"since": 100.0}, True),
        ({"since": 100.5}, False),
        ({"until": 100.0}, False),
        ({"until": 100.5}, True),
        ({"since": 0.0, "until": 0.0}, False),
        ({"before": 8}, True),
        ({"before": 7}, False),
        ({"before": 0}, False),
        ({"q": "report"}, True),
        ({"q": "ANN"}, True),
        ({"q": "0.2.7"}, True),
        ({"q": "attempt"}, True),
        ({"q": "ward3"}, False),
        ({"user": "anna", "q": "report", "port": "lab"}, False),
    ],
)
def test_has(asked: dict[str, Any], has: bool) -> None:
    """Each thing that is asked counts, also a zero; names are one in upper and lower case."""
    assert Wanted(**asked).has(JOB) is has
