"""
Alarms in words: a subject, a line of a mail, a time.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from jetdirect.watch.alarms import KINDS, Digest, Event
from jetdirect.watch.wording import headline, lasted, line, subject


def event(name: str, port: str = "ward3", job: int | None = None, reminder: bool = False) -> Event:
    """An event."""
    return Event("1", name, port, "it is so", 1_000_000.0, job, reminder)


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([event("port.stopped")], "ward3 is stopped"),
        ([event("port.stopped"), event("port.stopped", "lab")], "2 ports are stopped"),
        ([event("job.held", job=1), event("job.held", job=2)], "jobs are held at ward3"),
        (
            [event("port.recovered"), event("config.rejected", "")],
            "ward3 works again, the configuration was refused",
        ),
        ([event("port.stopped", reminder=True)], "still: ward3 is stopped"),
        ([event("port.stopped", "w" * 500)], f"{'w' * 60} is stopped"),
    ],
)
def test_headline(events: Sequence[Event], told: str) -> None:
    """It says how many of what, and names a port where there is one."""
    assert headline(Digest("1", tuple(events))) == told
    assert headline(Digest("1", tuple(events), 7)) == f"{told}, and more"


def test_everyKindHasWords() -> None:
    """Whatever can be told has words."""
    for name, kind in KINDS.items():
        for each in filter(None, (name, kind.over)):
            assert subject(Digest("1", (event(each, ""),)), "gw1").startswith("jetdirect on gw1: ")
    assert line(event("port.stopped", reminder=True)).startswith("still, since 1970-01-1")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (119, "119 s"), (600, "10 min"), (7200, "2 h"), (200_000, "2 days")],
)
def test_lasted(seconds: float, told: str) -> None:
    """A time in the unit in which people say it."""
    assert lasted(seconds) == told
