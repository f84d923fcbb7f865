"""
Short lines (A21): jobs of the shortest lines there are, where the gateway looks at each of them.
"""

from __future__ import annotations

import contextlib
import statistics
import threading
from pathlib import Path

from jetdirect.language import UEL
from laboratory.attacks.beside import beside
from laboratory.attacks.figures import Figures, spread
from laboratory.attacks.floods import MEDIAN, MOST
from laboratory.attacks.victim import HOSTILE, KIB, Innocent, Victim
from tests.support.rawprinter import RawPrinter

#: Who looks at them: more of the device URI, and of the command line.
READERS = {
    "log": ("", ("--pjl-policy", "log")),
    "refuse": ("", ("--pjl-policy", "refuse")),
    "confirmed": ("?pjl=on&finish-timeout=1", ("--drain-timeout", "1")),
}

LINES = (UEL, b"@PJL\n", b"\n \n")

_JOB = 4096 * KIB


def shortLines(place: Path, count: int, readers: tuple[str, ...] = tuple(READERS)) -> Figures:
    """
    How long another host's C{count} jobs for PORT1 take beside jobs of such lines for PORT2.
    """
    found: Figures = {}
    for reader in readers:
        query, options = READERS[reader]
        directory = place / reader
        directory.mkdir()
        with (
            RawPrinter(keep=False) as printer,
            Victim(directory, "--printer", printer.uri() + query, *options) as victim,
        ):
            took = _beside(victim, count)
        found[reader] = spread(took)
        assert statistics.median(took) < MEDIAN and max(took) < MOST, found
    return found


def _beside(victim: Victim, count: int) -> list[float]:
    def insist(over: threading.Event) -> None:
        with Innocent(victim.port, HOSTILE) as session:
            for line in LINES * count:
                if over.is_set():
                    return
                with contextlib.suppress(OSError):
                    session.send(line * (_JOB // len(line)), "port2/page")

    return beside(victim, insist, count)
