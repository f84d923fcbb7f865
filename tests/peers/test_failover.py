"""
The database's machine dies, and its synchronous replica takes its place.
"""

from __future__ import annotations

import ftplib
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from tests.support.behaviours import pausedAfter
from tests.support.fleet import Fleet
from tests.support.postgresql import PostgreSQL, either
from tests.support.rawprinter import RawPrinter, good

pytestmark = pytest.mark.long

JOBS = 20


def told(fleet: Fleet, data: bytes) -> str:
    """What a gateway says to a job in the end."""
    try:
        return fleet.print(0, "PORT1/a.ps", data)
    except ftplib.error_temp as refused:  # before its bytes
        return str(refused)


def taken(fleet: Fleet, data: bytes) -> bool:
    """Does a gateway say that it has a job?"""
    return "queued" in told(fleet, data)


def settled(fleet: Fleet, gateway: int) -> bool:
    """Is each job that was taken printed, or, if it printed when it happened, in doubt?"""
    states = [job["state"] for _, job in sorted(fleet.jobs(gateway).items())]
    first, *others = [state for state in states if state != "aborted"]
    return first in ("completed", "pending-held") and {*others} == {"completed"}


def test_promoted(tmp_path: Path) -> None:
    """
    What was told queued is with the replica: it prints in its order, once.  What printed ends, or
    is in doubt if the database was away for too long.  Nothing is taken in between.
    """
    paper = threading.Event()
    with (
        PostgreSQL("synchronous_standby_names = '*'") as old,
        PostgreSQL(primary=old) as new,
        RawPrinter(pausedAfter(1000, paper), good) as printer,
        Fleet(tmp_path, either(old.port, new.port), printer.uri()) as fleet,
    ):
        fleet.waitForOwners()
        jobs = [f"job {number}".encode() for number in range(JOBS)]
        assert taken(fleet, b"x" * 100_000)
        printer.waitForBytes(1, 1000)
        assert all(taken(fleet, job) for job in jobs)
        began = time.monotonic()
        old.halt("QUIT")
        assert told(fleet, b"in between").startswith("451")
        new.promote()
        old.follow(new)
        last = b"the last one"
        fleet.until(partial(taken, fleet, last))
        print(f"the next job was taken after {time.monotonic() - began:.1f} s")
        paper.set()
        # An attempt that ended before its first byte is a connection all the same.
        fleet.until(lambda: last in printer.jobs)
        assert [job for job in printer.jobs if job][1:] == [*jobs, last]
        for gateway in fleet.gateways:
            fleet.until(partial(settled, fleet, gateway))
        assert "Traceback" not in fleet.log
