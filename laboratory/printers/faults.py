"""
The faults of the table, for printers that read a stream; and which the sender has a part in.
"""

from __future__ import annotations

import threading

from tests.support.behaviours import (
    neverCloses,
    pausedAfter,
    resetAfter,
    resetAfterEnd,
    slow,
)
from tests.support.caller import Caller
from tests.support.rawprinter import Behaviour, good

#: Bytes which a printer reads before an early fault.
EARLY = 1000

#: Faults after which a printer keeps the connection and does no more.
STUCK = ("stalled", "closed early", "never closed")


def _leaves(time: threading.Event) -> Behaviour:
    # Says good-bye in mid-job, and reads no more.
    def behave(caller: Caller) -> None:
        caller.readUntil(EARLY)
        caller.waitFor(time)
        caller.finish()
        caller.waitForever()

    return behave


def stream(fault: str, paper: threading.Event) -> Behaviour:
    """
    What a printer does with the bytes of a job.

    @param paper: set when there is paper again, and when the time has come to leave.
    """
    behaviours: dict[str, Behaviour] = {
        "good": good,
        "slow": slow(65536, 0.002),
        "paper out": pausedAfter(EARLY, paper),
        "stalled": pausedAfter(EARLY, threading.Event()),
        "closed early": _leaves(paper),
        "reset early": resetAfter(EARLY),
        "reset late": resetAfterEnd,
        "never closed": neverCloses,
        # So slow that the cable is pulled before it has all: 40 s for 8 MiB.
        "unplugged": slow(4096, 0.02),
        "aborted": good,
    }
    return behaviours[fault]
