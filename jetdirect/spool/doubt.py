"""
A job of which nobody knows what is on paper: what is said of it, and what becomes of it.  No I/O.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import PrintError, ShuttingDown
from ..named import OnDoubt
from .kept import Stopped
from .record import SpoolRecord

MOST_STARTS = 3
"""A job that was begun so often without an end is set aside, whatever the policy says."""


class Doubt(NamedTuple):
    """What becomes of a job in doubt."""

    policy: OnDoubt
    reason: str
    """What is known of it, in a sentence."""


def doubt(record: SpoolRecord, policy: OnDoubt, error: PrintError | None = None) -> Doubt:
    """
    Judge an attempt whose end is not known.

    @param record: C{sent} says how many bytes have left.
    @param policy: what the port's operator wants.
    @param error: what ended the attempt; L{None}: the process did.
    """
    ours = isinstance(error, (ShuttingDown, Stopped))
    why = error.reason if error is not None and ours else "interrupted"
    if not record.size or record.sent < record.size:
        reason = f"{why}; at least {record.sent} of {record.size} bytes sent"
    elif error is not None:
        # Megabytes of them may have been in the kernel yet, and went with the connection.
        reason = f"{why}; all bytes sent, their end may not be printed"
    else:
        reason = f"{why}; all bytes were handed over, probably printed"
    if error is not None and not ours:
        reason += f" ({error.reason})"
    if ours:
        return Doubt(OnDoubt.HOLD, reason)
    if policy is OnDoubt.REPRINT and record.attempts >= MOST_STARTS:
        begun = f"poison: begun {record.attempts} times without an end"
        return Doubt(OnDoubt.HOLD, f"{begun}; {reason}")
    return Doubt(policy, reason)


def doubtOf(number: int) -> str:
    """The reason for the pause of a port where no job may pass one that is in doubt."""
    return f"job {number}, which is in doubt"
