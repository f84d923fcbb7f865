"""
A gateway whose disk fails: the kernel answers the n-th call of a thread with an error, and each
gateway another call.

    python -m laboratory.kept.failing --most 12

As with kills there are five printing ports, one of them without a printer, and senders that send
again what they were told nothing of.  Needs C{strace}, and the right to trace.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from pathlib import Path

from tests.support.gateway import Gateway

from .killed import Laboratory, report

CALLS = ("fsync", "rename", "mkdir", "unlink", "rmdir")
"""Nobody but the spool makes them in a gateway that runs."""

ERRORS = ("EIO", "ENOSPC")
LIVES = 8.0
"""Seconds of each gateway: longer than a spool that has failed waits before it tries again."""


class Failing(Laboratory):
    """
    One run.

    @ivar longest: seconds in which no sender was told C{queued}, at most.
    @ivar refused: gateways that did not start, as their spool could not be opened.
    """

    longest = 0.0
    refused = 0

    def fail(self, most: int, end: float) -> int:
        """
        Let the first, second, ... call fail, so many of each kind.

        @param end: by the monotonic clock: no more gateways then.
        @return: how many gateways there were.
        """
        lives = 0
        for before in _injections(most):
            if time.monotonic() > end:
                break
            lives += 1
            try:
                gateway = Gateway(self._directory, *self._words(), before=before)
            except AssertionError:
                self.refused += 1
                continue
            began, jobs = time.monotonic(), len(self.senders.jobs)
            self.senders.gateway = gateway.port
            time.sleep(LIVES)
            self.senders.gateway = 0
            os.kill(gateway.pid, 9)
            gateway.stop()
            self._look(began, jobs)
        return lives

    def _look(self, began: float, jobs: int) -> None:
        told = sorted(job.replied for job in self.senders.jobs[jobs:] if job.taken)
        times = [began, *told, time.monotonic()]
        self.longest = max(
            self.longest,
            *(later - earlier for earlier, later in pairwise(times)),
        )


def _injections(most: int) -> Iterator[Sequence[str]]:
    for number, call, error in product(range(1, most + 1), CALLS, ERRORS):
        fault = f"inject={call}:error={error}:when={number}"
        # As a grandchild, so that the gateway is the process that is killed; and with each fsync a
        # call of its own, which can fail.
        alone = "inject=io_setup:error=ENOSYS"
        trace = ("-e", f"trace={call},io_setup", "-e", fault, "-e", alone)
        yield "strace", "-D", "-f", "-qq", "-o", "/dev/null", *trace


def main() -> int:
    """Exit status 1: a rule was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.kept.failing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--most", type=int, default=3, help="the last call of each kind that fails")
    parser.add_argument("--minutes", type=float, default=0, help="no more then; 0: all of them")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    with tempfile.TemporaryDirectory(prefix="failing-", dir="/var/tmp") as directory:
        laboratory = Failing(Path(directory), options.seed)
        end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
        lives = laboratory.fail(options.most, end)
        laboratory.run(0)
        found = laboratory.found()
    print(f"{lives} gateways, each with a failure, and {laboratory.refused} of them did not start")
    print(f"no job was taken for {laboratory.longest:.1f} s")
    return report(laboratory, found)


if __name__ == "__main__":
    sys.exit(main())
