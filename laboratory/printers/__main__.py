"""
Make the table of every transport with every fault.

    python -m laboratory.printers --table docs/evidence/faults.rst [--guest FILE]

As root it pulls cables, too.  It takes some four minutes, in most of which printers are waited for.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from laboratory.guest.stands import PARALLEL, USB
from laboratory.printers import cups, unplugged
from laboratory.printers.promise import broken
from laboratory.printers.row import FAULTS, Row, rows
from laboratory.printers.stands.stand import Kind
from laboratory.printers.stands.tcp import SOCKET, TCPStand
from laboratory.printers.table import page
from laboratory.printers.transports import TRANSPORTS
from laboratory.printers.trials import LARGE, SMALL, faults, tries
from laboratory.printers.tries import Tries, Try, noise
from tests.support.cupssocket import BACKEND

#: How many jobs of each size meet each fault.
COUNTS = (3, 1)

#: Seconds for which printers have no paper: more than the five after which STAT tells.
PAPERLESS = 6.0


def ours(kind: Kind, place: Path) -> list[Row]:
    """All faults of one transport, one job after the other."""
    found = []
    sizes = dict.fromkeys(FAULTS, [SMALL] * COUNTS[0] + [LARGE] * COUNTS[1])
    for number, group in enumerate(tries(kind, sizes)):
        with Tries(kind, group, place / str(number), PAPERLESS) as tried:
            tried.warm()
            for each in range(len(group)):
                found.append(tried.measured(each))
                sys.stderr.write(found[-1].line() + "\n")
    return found


def theirs(fault: str, size: int, place: Path) -> Row:
    """One job by CUPS's backend."""
    place.mkdir()
    with TCPStand(fault, place, "127.0.0.1") as stand:
        row = cups.run(stand, Try(fault, noise(size)), place, PAPERLESS)
    sys.stderr.write(row.line() + "\n")
    return row


def pulled() -> list[Row]:
    """Where it can be done: every cable pulled."""
    done = subprocess.run(unplugged.command(), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        print("no cable could be pulled: that needs root", file=sys.stderr)
    sys.stderr.write(done.stdout)
    return rows(done.stdout.splitlines())


def measure(place: Path) -> list[Row]:
    """Everything; each transport has a gateway of its own, and they run at the same time."""
    jobs = [
        (fault, size)
        for fault in faults(SOCKET)
        if fault != "aborted"
        for size in [SMALL] * COUNTS[0] + [LARGE] * COUNTS[1]
    ]
    with ThreadPoolExecutor(len(TRANSPORTS) + 1) as workers, ThreadPoolExecutor(16) as beside:
        lists = [
            workers.submit(ours, kind, place / str(number))
            for number, kind in enumerate(TRANSPORTS)
        ]
        lists.append(workers.submit(pulled))
        cells = [
            beside.submit(theirs, fault, size, place / f"cups-{number}")
            for number, (fault, size) in enumerate(jobs if BACKEND.exists() else [])
        ]
        return [row for each in lists for row in each.result()] + [one.result() for one in cells]


def main() -> int:
    """Write the page; 1: a promise was broken."""
    words = argparse.ArgumentParser(prog="python -m laboratory.printers", description=__doc__)
    words.add_argument("--table", type=Path, required=True, help="the page to write")
    words.add_argument(
        "--guest", type=Path, help="what python -m laboratory.guest --rows has written"
    )
    options = words.parse_args()
    with tempfile.TemporaryDirectory() as place:
        found = measure(Path(place))
    if options.guest:
        found += rows(options.guest.read_text().splitlines())
    without = {kind.name: kind.without for kind in TRANSPORTS}
    without |= {"parallel": PARALLEL, "usb": USB}
    options.table.write_text(page(found, without, COUNTS, PAPERLESS))
    wrong = [text for row in found for text in broken(row)]
    print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
