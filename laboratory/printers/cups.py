"""
The same faults before CUPS's own way to TCP port 9100.
"""

from __future__ import annotations

import os
from pathlib import Path

from laboratory.printers.faults import EARLY
from laboratory.printers.row import Row, reached
from laboratory.printers.stands.tcp import TCPStand
from laboratory.printers.tries import Try, idle
from tests.support.cupssocket import printFile

#: What its rows are called.
NAME = "CUPS"

#: Seconds after which it is stopped: it waits 90 for the printer's close (measured).
PATIENCE = 110.0

SUCCESS, FAILURE = "success", "failure"


def version() -> str:
    """
    The backend has no way to say it; its package has.
    """
    with os.popen("dpkg-query -W -f '${Version}' cups 2>/dev/null") as told:
        return told.read().strip() or "of an unknown version"


def run(stand: TCPStand, each: Try, place: Path, paperless: float) -> Row:
    """
    Print one job.

    @param place: a directory of its own.
    """
    job = place / "job.prn"
    job.write_bytes(each.data)
    if each.fault in ("paper out", "closed early"):
        stand.goesOnAfter(EARLY, idle(each, paperless))
    status = printFile(stand.printer.host, stand.printer.port, job, PATIENCE)
    stand.settle()
    said = SUCCESS if status == 0 else FAILURE
    if status is None:
        said = f"waits (for more than {PATIENCE:g} s)"
    return Row(NAME, each.fault, said, "", reached(each.data, stand.got()))
