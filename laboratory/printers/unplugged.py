"""
Pull the cable of printers on TCP in mid-job: a row for each on standard output.

    python -m laboratory.printers.unplugged

In a network of its own, for which it must be root, or users may have such.  It takes as long as the
slowest answer.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from laboratory.peers.cable import FAR, Cable, inNetworkOfItsOwn
from laboratory.printers import cups
from laboratory.printers.faults import EARLY
from laboratory.printers.row import Row
from laboratory.printers.stands.tcp import TCPStand
from laboratory.printers.transports import NETWORK
from laboratory.printers.trials import LARGE
from laboratory.printers.tries import Tries, Try, noise
from tests.support.cupssocket import BACKEND

#: Seconds until nobody waits for an answer any more; a printer without a cable is to be missed
#: within 90 (C{docs/evidence/laboratory.rst}).
PATIENCE = 180.0

#: Seconds within which all are printing.
BEGUN = 60.0

FAULT = "unplugged"

_INSIDE = "inside"


def measure() -> Sequence[Row]:
    """Print on all of them at the same time, and pull their cable when all are printing."""
    cable = Cable()
    parties = len(NETWORK) + BACKEND.exists()
    pull = threading.Barrier(parties, action=cable.pull, timeout=BEGUN)

    with contextlib.ExitStack() as all:
        place = Path(all.enter_context(tempfile.TemporaryDirectory()))

        def ours(number: int) -> Row:
            kind = NETWORK[number]
            far = replace(kind, make=lambda *words: cable.far(kind.make, *words))
            tries = [Try(FAULT, noise(LARGE))]
            with Tries(far, tries, place / str(number), host=FAR, patience=PATIENCE) as tried:
                tried.warm()
                tried.stands[0].unplug = pull.wait  # type: ignore[assignment, method-assign]
                return tried.measured(0)

        def theirs() -> Row:
            folder = place / "cups"
            folder.mkdir()
            with cable.far(TCPStand, FAULT, folder, FAR) as stand:
                printing = workers.submit(cups.run, stand, Try(FAULT, noise(LARGE)), folder, 0)
                stand.waitForBytes(EARLY)
                pull.wait()
                return printing.result()

        with ThreadPoolExecutor(2 * parties) as workers:
            answers = [workers.submit(ours, number) for number in range(len(NETWORK))]
            answers += [workers.submit(theirs)] if BACKEND.exists() else []
            return [answer.result() for answer in answers]


def command() -> list[str]:
    """What does it, in a network of its own."""
    return inNetworkOfItsOwn("-m", "laboratory.printers.unplugged", _INSIDE)


def main() -> None:
    """Write the rows."""
    if _INSIDE in sys.argv:
        for row in measure():
            print(row.line(), flush=True)
    else:
        words = command()
        os.execvp(words[0], words)


if __name__ == "__main__":
    main()
