"""
A real gateway with a history that is killed a few times; and the rules that judge it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from laboratory.kept.history import HistoryLaboratory
from laboratory.kept.remembered import Told, wrong
from tests.test_watch_database import job

TOLD = Told(number=1, port="ward3", bytes=10, kept=True, began=99.95, replied=100.0, printed=True)


@pytest.mark.long
def test_killed(tmp_path: Path) -> None:
    """It knows what senders and printers know."""
    laboratory = HistoryLaboratory(tmp_path, seed=1)
    laboratory.run(kills=3)
    rows = laboratory.rows()
    assert laboratory.complaints(rows) == []
    levels = {each.level for each in laboratory.senders.jobs}
    assert rows and {"queued", "delivered"} <= levels


def judged(*jobs: Told, rows: Any = (), waiting: Any = (), kills: Any = ()) -> list[str]:
    """What is wrong."""
    return wrong(jobs, rows, waiting, kills)


def test_good() -> None:
    """A job is in the history, or waits; one that streamed may be missing right after a kill."""
    streamed = replace(TOLD, number=2, kept=False)
    assert judged(TOLD, rows=[job(1)]) == []
    assert judged(TOLD, waiting=[1]) == []
    assert judged(streamed, kills=[(100.5, 100.5)]) == []
    # The reply was on its way when the gateway was killed, and read after that.
    assert judged(streamed, kills=[(99.97, 99.97), (107.0, 107.0)]) == []
    # Nobody was there for a while between the kill and the look at the clock.
    assert judged(streamed, kills=[(100.9, 107.0)]) == []
    # Who heard nothing may have sent it.
    assert judged(replace(TOLD, number=None), rows=[job(7)]) == []


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("number 1 was given twice", judged(TOLD, TOLD, rows=[job(1)])),
        ("job 1 is there twice", judged(TOLD, rows=[job(1), job(1)])),
        ("job 1 has ended, and waits", judged(TOLD, rows=[job(1)], waiting=[1])),
        ("job 1 was kept, and is missing", judged(TOLD, kills=[(100.5, 100.5)])),
        (
            "job 1 was streamed, and is missing",
            judged(replace(TOLD, kept=False), kills=[(101.1, 101.2), (99.8, 99.9)]),
        ),
        ("job 1: 10 bytes on ward3, not 9 on ward3", judged(replace(TOLD, bytes=9), rows=[job(1)])),
        (
            "job 1 is completed, and was not printed",
            judged(replace(TOLD, printed=False), rows=[job(1)]),
        ),
        ("job 9 (10 bytes on ward3) was sent by nobody", judged(rows=[job(9)])),
    ],
)
def test_bad(said: str, found: list[str]) -> None:
    """Each rule sees what breaks it."""
    assert said in found
