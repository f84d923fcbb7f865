"""
Each rule of kept jobs says nothing of a spool that keeps its word, and speaks when it is broken.
"""

from __future__ import annotations

from typing import Any

import pytest

from laboratory.kept.rules import Event, Found, Ledger, Standing, Where, wrong

WAITING = [Standing(1, Where.WAITING, "a")]
ENDED = [Standing(1, Where.ENDED, None)]
HELD = [Standing(1, Where.HELD, "a")]
COUNTED = [Standing(1, Where.HELD, "a", attempts=1)]


def judged(jobs: list[Standing], following: int | None = None, **known: Any) -> list[str]:
    """Which rules are broken, of one job."""
    ledger = Ledger()
    ledger.add(Event("x", {"sha256": "a", "number": 1}))
    ledger.add(Event("x", known))
    return [each.partition(":")[0] for each in wrong(ledger, Found(jobs, following))]


@pytest.mark.parametrize(
    ("jobs", "known"),
    [
        ([], {}),
        (WAITING, {}),
        (WAITING, {"taken": True, "following": 2}),
        (HELD, {"taken": True, "papers": 1}),
        (ENDED, {"taken": True, "papers": 1, "printed": True}),
        ([], {"taken": True, "papers": 1, "printed": True}),
        ([], {"taken": True, "given": True}),
        ([], {"refused": True}),
        (WAITING, {"papers": 1, "allowed": 2}),
        (HELD, {"sure": frozenset({Where.WAITING, Where.HELD})}),
        (HELD, {"attempts": frozenset({2})}),
        (COUNTED, {"attempts": frozenset({1, 2})}),
    ],
)
def test_good(jobs: list[Standing], known: dict[str, Any]) -> None:
    """All is as it was told."""
    assert judged(jobs, **known) == []


@pytest.mark.parametrize(
    ("rule", "jobs", "known"),
    [
        ("missing", [], {"taken": True}),
        ("missing", ENDED, {"taken": True}),
        ("missing", ENDED, {"taken": True, "papers": 1}),
        ("partial", [Standing(1, Where.WAITING, "b")], {}),
        ("partial", [Standing(1, Where.HELD, None)], {}),
        ("twice", WAITING, {"papers": 1}),
        ("twice", HELD, {"papers": 2}),
        ("promised", WAITING, {"refused": True}),
        ("promised", [], {"refused": True, "papers": 1}),
        ("promised", HELD, {"sure": frozenset({Where.WAITING})}),
        ("promised", COUNTED, {"attempts": frozenset({2})}),
        ("numbers", WAITING, {"following": 1}),
        ("numbers", WAITING + HELD, {}),
    ],
)
def test_broken(rule: str, jobs: list[Standing], known: dict[str, Any]) -> None:
    """One thing is not as it was told."""
    assert judged(jobs, **known) == [rule]


def test_numberTwice() -> None:
    """No two jobs have one number."""
    ledger = Ledger()
    for job in "xy":
        ledger.add(Event(job, {"sha256": job, "number": 1}))
    assert wrong(ledger, Found()) == ["numbers: number 1 was given twice"]


def test_complaint() -> None:
    """What the spool itself finds wrong is wrong."""
    assert wrong(Ledger(), Found(complaints=["x"])) == ["complaint: x"]


def test_unheard() -> None:
    """A job whose sender heard nothing is known by its bytes."""
    ledger = Ledger()
    ledger.add(Event("x", {"sha256": "a", "papers": 1}))
    [told] = wrong(ledger, Found([Standing(7, Where.WAITING, "a")]))
    assert told.startswith("twice: ")
