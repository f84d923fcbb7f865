"""
What is said of a job of which nobody knows what is on paper, and what becomes of it.
"""

from __future__ import annotations

from typing import Any

import pytest

from jetdirect.errors import PrinterLost, PrintError, ShuttingDown
from jetdirect.named import OnDoubt
from jetdirect.spool.doubt import MOST_STARTS, doubt, doubtOf
from jetdirect.spool.kept import Stopped
from tests.support.spooled import RECORD

LOST = PrinterLost("the printer was switched off")
STOPPED = Stopped("stopped by bob")
SHUT = ShuttingDown("the gateway was stopped")


@pytest.mark.parametrize(
    ("sent", "error", "told"),
    [
        (40, None, "interrupted; at least 40 of 100 bytes sent"),
        (0, None, "interrupted; at least 0 of 100 bytes sent"),
        (100, None, "interrupted; all bytes were handed over, probably printed"),
        (40, LOST, f"interrupted; at least 40 of 100 bytes sent ({LOST.reason})"),
        (
            100,
            LOST,
            f"interrupted; all bytes sent, their end may not be printed ({LOST.reason})",
        ),
        (40, STOPPED, "stopped by bob; at least 40 of 100 bytes sent"),
        (100, SHUT, "the gateway was stopped; all bytes sent, their end may not be printed"),
    ],
)
def test_reason(sent: int, error: PrintError | None, told: str) -> None:
    """A person reads how much has left, and what ended it, once."""
    assert doubt(RECORD.but(size=100, sent=sent), OnDoubt.DROP, error).reason == told


@pytest.mark.parametrize("policy", OnDoubt)
@pytest.mark.parametrize("error", [None, LOST])
def test_policy(policy: OnDoubt, error: PrintError | None) -> None:
    """What the operator wants is done, whether the printer or the process went."""
    assert doubt(RECORD.but(size=100, attempts=1), policy, error).policy is policy


@pytest.mark.parametrize("policy", OnDoubt)
@pytest.mark.parametrize("error", [STOPPED, SHUT])
def test_ours(policy: OnDoubt, error: PrintError) -> None:
    """What people stopped waits for people: it is neither printed again nor dropped."""
    assert doubt(RECORD.but(size=100, attempts=1), policy, error).policy is OnDoubt.HOLD


@pytest.mark.parametrize(
    ("policy", "attempts", "becomes"),
    [
        (OnDoubt.REPRINT, MOST_STARTS - 1, OnDoubt.REPRINT),
        (OnDoubt.REPRINT, MOST_STARTS, OnDoubt.HOLD),
        (OnDoubt.DROP, MOST_STARTS, OnDoubt.DROP),
    ],
)
def test_poison(policy: OnDoubt, attempts: int, becomes: OnDoubt) -> None:
    """A job that ends each attempt in doubt is not printed for ever."""
    found: Any = doubt(RECORD.but(size=100, attempts=attempts), policy)
    assert found.policy is becomes
    assert found.reason.startswith("poison: begun 3 times without an end; ") is (
        policy is not becomes
    )


def test_doubtOf() -> None:
    """Whoever reads why a port is paused reads the number of the job."""
    assert doubtOf(12) == "job 12, which is in doubt"
