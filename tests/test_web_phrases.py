"""
What people read of jobs and printing ports.
"""

from __future__ import annotations

from typing import Any

import pytest

from jetdirect.record import JobEvent, JobRecord, JobState, PortRecord, PortState
from jetdirect.web import phrases
from tests.support.records import job

NOW = 1_000_000.0


def port(**values: Any) -> PortRecord:
    """A printing port that has printed all it had."""
    known: dict[str, Any] = {
        "name": "ward3",
        "number": 1,
        "aliases": (),
        "uri": "socket://laser3",
        "description": "",
        "location": "",
        "state": PortState.IDLE,
        "reasons": (),
        "message": "",
        "since": NOW - 120,
        "accepting": True,
        "spooled": True,
        "queued": 0,
        "held": 0,
        "job": None,
    }
    return PortRecord(**(known | values))


AWAY = {"state": PortState.STOPPED, "reasons": ("connecting-to-device",)}
PRINTS = job(state=JobState.PROCESSING)


@pytest.mark.parametrize(
    ("record", "printing", "told"),
    [
        (port(), None, (5, "well", "Ready", "")),
        (port(), PRINTS, (4, "busy", "Printing", "")),
        (port(), job(state=JobState.STOPPED), (4, "busy", "Printing", "the printer pauses")),
        (
            port(),
            job(state=JobState.STOPPED, blocked=60.0),
            (1, "bad", "Takes no data", "for 1 min; look at the printer"),
        ),
        (port(held=1), None, (2, "warn", "Ready", "1 job is held for a person")),
        (port(held=1200), PRINTS, (2, "warn", "Printing", "1,200 jobs are held for a person")),
        (
            port(reasons=("paused",), held=1),
            None,
            (3, "warn", "Paused", "by a person; it prints nothing until it is resumed"),
        ),
        (
            port(state=PortState.STOPPED),
            None,
            (0, "bad", "Stopped", "for 2 min; it does not say why"),
        ),
        (
            port(message="cannot be reached: socket://laser3: refused", **AWAY),
            None,
            (0, "bad", "Cannot be reached", "for 2 min: refused"),
        ),
        (
            port(state=PortState.STOPPED, reasons=("media-empty-error", "paused"), message="x: y"),
            None,
            (0, "bad", "Out of paper", "for 2 min"),
        ),
    ],
)
def test_standing(
    record: PortRecord, printing: JobRecord | None, told: tuple[int, str, str, str]
) -> None:
    """The worst that is known of a port decides, and a person reads what it is."""
    assert phrases.standing(record, printing, NOW) == told


def test_reasons() -> None:
    """Known words are said as people say them, others are kept; each once."""
    said = phrases.reasons(["media-empty-error", "media-empty", "fuser-over-temp-warning"])
    assert said == "out of paper, fuser over temp"


@pytest.mark.parametrize("state", JobState)
def test_state(state: JobState) -> None:
    """Every state has a mark and words."""
    mark, words = phrases.state(job(state=state))
    assert mark in {"bad", "warn", "busy", "well", "waits"} and words


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"heard": False}, ("warn", "printed, unheard")),
        ({"bytes": 0}, ("well", "empty")),
        ({"state": JobState.PENDING, "reasons": ("job-incoming",)}, ("waits", "comes in")),
        ({"state": JobState.PENDING, "reasons": ("job-incoming",), "bytes": 0}, ("waits", "waits")),
        ({"state": JobState.PENDING, "reasons": ("job-queued",)}, ("waits", "waits")),
    ],
)
def test_specialStates(values: dict[str, Any], told: tuple[str, str]) -> None:
    """What is more than its state is said, too."""
    assert phrases.state(job(**values)) == told


def test_progress() -> None:
    """How far a job is; it is never more than all of it."""
    assert phrases.progress(job(sent=500, size=1000)) == "500\xa0B of 1.0\xa0kB (50\xa0%)"
    assert phrases.progress(job(sent=500)) == "500\xa0B"
    assert phrases.percent(job(sent=2000, size=1000)) == 100
    assert phrases.percent(job(sent=999, size=1000)) == 99


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (JobEvent(1, 0, "received", text="from anna"), "Came from anna"),
        (JobEvent(1, 0, "queued"), "Kept on disk, with its place in line"),
        (JobEvent(1, 0, "attempt", text="attempt 2"), "The printer has it: attempt 2"),
        (JobEvent(1, 0, "delivered", text="sent"), "The printer's line has every byte"),
        (
            JobEvent(1, 0, "aborted", text="lost", bytes=0),
            "Failed: lost; 0\xa0B had left for the printer",
        ),
        (JobEvent(1, 0, "canceled", text="by hand"), "Canceled: by hand"),
        (JobEvent(1, 0, "next", "bob"), "Put in front by bob"),
        (JobEvent(1, 0, "stapled"), "Stapled"),
    ],
)
def test_event(event: JobEvent, told: str) -> None:
    """What has happened, who did it, and how much had left by then."""
    assert phrases.event(event) == told


@pytest.mark.parametrize(
    ("many", "told"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (99_960, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1e9, "1.0 GB"),
        (5e15, "5000.0 TB"),
    ],
)
def test_size(many: float, told: str) -> None:
    """Three digits or so, and never a thousand of a unit that has a greater one."""
    assert phrases.size(many) == told.replace(" ", "\xa0")


@pytest.mark.parametrize(
    ("seconds", "lasting", "took"),
    [
        (0.04, "for less than a minute", "0.0 s"),
        (59.9, "for less than a minute", "60 s"),
        (60, "for 1 min", "60 s"),
        (3599, "for 59 min", "59 min"),
        (7200, "for 2 h", "2 h"),
        (48 * 3600, "for 2 days", "48 h"),
    ],
)
def test_times(seconds: float, lasting: str, took: str) -> None:
    """A time in the unit in which people say it, never more than it was."""
    assert phrases.lasting(seconds) == lasting
    assert phrases.took(seconds) == took


def test_moment() -> None:
    """Today needs no day, this year no year."""
    day = 86400.0
    assert ":" in phrases.moment(NOW, NOW) and len(phrases.moment(NOW, NOW)) == 5
    assert "Jan" in phrases.moment(NOW, NOW + 5 * day)
    assert "1970" not in phrases.moment(NOW, NOW + 5 * day)
    assert " 1970 " in phrases.moment(NOW, NOW + 366 * day)
    assert phrases.exactly(NOW, NOW) == f"{phrases.moment(NOW, NOW)}:{int(NOW) % 60:02}"
