"""
Times as people write them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from jetdirect.remote.when import REMEDY, moment

NOW = datetime(2026, 11, 30, 14, 30, tzinfo=timezone(timedelta(hours=1)))


@pytest.fixture(autouse=True)
def _zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What names no zone is of the machine's, which is UTC+1 here."""
    monkeypatch.setenv("TZ", "XXX-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-29", "2026-11-28T23:00:00Z"),
        ("today", "2026-11-29T23:00:00Z"),
        ("Yesterday", "2026-11-28T23:00:00Z"),
        ("14:00", "2026-11-30T13:00:00Z"),
        ("8:05", "2026-11-30T07:05:00Z"),
        ("2026-11-29 14:00", "2026-11-29T13:00:00Z"),
        ("2026-11-29T14:00:30", "2026-11-29T13:00:30Z"),
        ("2026-11-29T14:00:00Z", "2026-11-29T14:00:00Z"),
        ("2026-11-29t14:00:00z", "2026-11-29T14:00:00Z"),
        ("2026-11-29T14:00:00-05:00", "2026-11-29T19:00:00Z"),
        ("90m", "2026-11-30T12:00:00Z"),
        ("2h", "2026-11-30T11:30:00Z"),
        ("7d", "2026-11-23T13:30:00Z"),
    ],
)
def test_moment(text: str, found: str) -> None:
    """Days, times and how long ago."""
    assert moment(text, NOW) == found


@pytest.mark.parametrize(
    "text", ["", "x", "25:00", "2026-13-01", "20261129", "7 d", "999999d", "9" * 30, "-1d"]
)
def test_wrong(text: str) -> None:
    """Anything else is told, with the remedy."""
    with pytest.raises(ValueError) as error:
        moment(text, NOW)
    assert str(error.value) == REMEDY


def test_now() -> None:
    """By default it is now."""
    assert moment("0m")[:2] == "20"
