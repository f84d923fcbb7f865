"""
Every fault that the guest's printers can have, as rows for the table of C{laboratory/printers}: one
line of JSON each, among words for people.
"""

from __future__ import annotations

import os
import platform
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.support import peer

# The machine is emulated.  The others take it from there as they are imported.
peer.PATIENCE = 120.0

from laboratory.guest.stands import BrokenStand, Printers  # noqa: E402
from laboratory.printers.promise import broken as untrue  # noqa: E402
from laboratory.printers.row import FAULTS  # noqa: E402
from laboratory.printers.stands.stand import Kind  # noqa: E402
from laboratory.printers.trials import LARGE, SMALL  # noqa: E402
from laboratory.printers.tries import WARMING, Tries, Try, noise  # noqa: E402

PAPERLESS = 6.0
"""Seconds; as in the table."""

PATIENCE = 60.0
"""Seconds for which an answer is awaited: the slowest takes 20."""

SIZES = {"parallel": (SMALL, 1024 * 1024), "usb": (SMALL, LARGE)}
"""Bytes of the jobs that meet each fault.  The emulated port would take 8 MiB in 90 s."""


def tries(kind: Kind) -> list[Try]:
    """The jobs, fault by fault."""
    wanted = [each for each in FAULTS if each not in kind.without]
    return [Try(fault, noise(size)) for fault in wanted for size in SIZES[kind.name]]


def measure(kind: Kind, jobs: Sequence[Try], place: Path) -> int:
    """
    Print the rows of one transport.

    @return: how many cells failed, or were promised what is not so.
    """
    failures = 0
    with Tries(kind, jobs, place, PAPERLESS, patience=PATIENCE) as tried:
        tried.run(len(tried.all) - len(WARMING))  # the other one is too much for a port
        for number, each in enumerate(jobs):
            stand = tried.stands[number]
            if isinstance(stand, BrokenStand):
                stand.expect(len(each.data))
            began = time.monotonic()
            try:
                row = tried.measured(number)
            except Exception:
                traceback.print_exc()
                print(f"FAILED: {kind.name}, {each.fault}", flush=True)
                failures += 1
                continue
            print(row.line(), flush=True)
            wrong = untrue(row)
            failures += bool(wrong)
            seconds = time.monotonic() - began
            told = [f"{row.reply[:50]}..., {row.reached} ({seconds:.0f} s)", *wrong]
            print(f"{kind.name}, {each.fault}: " + "; ".join(told), flush=True)
        if failures:
            print(tried.gateway.log, flush=True)
    return failures


def main() -> None:
    """Measure all; the last line tells whether all is well."""
    print(f"Linux {platform.release()}, Python {platform.python_version()}", flush=True)
    scratch = Path(os.environ["TMPDIR"])
    failures = 0
    for kind in Printers(scratch).kinds:
        failures += measure(kind, tries(kind), scratch / kind.name)
    print("all is well" if not failures else f"{failures} failed", flush=True)


if __name__ == "__main__":
    main()
