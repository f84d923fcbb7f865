"""
A printer that dies in each phase of a kept job, ten thousand times.

    python -m laboratory.kept.lost --jobs 10000

Everything is in memory.  What had no byte must print whole, in its turn and once; what had some
must be held, and know how many; what the printer has answered must have ended.  One seed decides.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from enum import Enum
from random import Random
from typing import Any

from jetdirect.errors import PrinterUnreachable
from jetdirect.spool.kept import PIECE
from jetdirect.testing import FakePrinterConnection
from jetdirect.transports.ending import State
from tests.support.machine import Machine

BATCH = 20
"""Jobs of one gateway."""

SIZES = (1, 100, 5000, 2 * PIECE + 1)
"""Bytes of a job; of the largest a part can be on paper."""


class Phase(Enum):
    """When the printer dies."""

    NEVER = "never"
    UNREACHABLE = "before it is reached"
    REACHED = "before the first byte"
    PRINTING = "behind some bytes"
    BLOCKED = "out of paper"
    ENDING = "before its answer"


class Lost:
    """
    One run.

    @ivar wrong: what broke a rule.
    @ivar phases: how many jobs met each.
    """

    def __init__(self, seed: int) -> None:
        self.wrong: list[str] = []
        self.phases: Counter[Phase] = Counter()
        self._dice = Random(seed)

    def run(self, jobs: int) -> None:
        """Print so many."""
        while jobs > 0:
            self._batch(min(jobs, BATCH))
            jobs -= BATCH

    def _batch(self, many: int) -> None:
        self._machine = machine = Machine()
        self._seen = 0
        machine.printer.hesitant = True
        machine.printer.refusals = [PrinterUnreachable("switched off")]
        jobs = []
        for _ in range(many):
            data = self._dice.randbytes(self._dice.choice(SIZES))
            told = machine.upload(data)
            queued = re.search(r"job (\d+), .* queued\)$", told)
            if queued is None:
                self.wrong.append(f"a sender was told {told!r}")
                return
            jobs.append((int(queued[1]), data))
        machine.work.hold()
        for number, data in jobs:
            phase = self._dice.choice([*Phase])
            self.phases[phase] += 1
            try:
                self._print(number, data, phase)
            except (AssertionError, KeyError) as why:
                self.wrong.append(f"a printer that dies {phase.value}: job {number}: {why!r}")
                return

    def _print(self, number: int, data: bytes, phase: Phase) -> None:
        printer: Any = self._machine.printer
        if phase is Phase.UNREACHABLE:
            printer.refusals = [PrinterUnreachable("switched off")]
        connection = self._next()
        assert connection.data == b"", "bytes before the attempt was recorded"
        if phase is Phase.REACHED:
            connection.lose()
            connection = self._next()
        self._until(lambda: bool(connection.data))
        if phase is Phase.BLOCKED and connection._producer is not None:
            connection.pause()
            for _ in range(5):
                self._step()
        if phase in (Phase.PRINTING, Phase.BLOCKED):
            sent = connection.data
            connection.lose()
            self._until(lambda: number in self._machine.files("held"))
            assert connection.data == sent and data.startswith(sent), "bytes behind the end"
            self._isHeld(number, data, len(sent))
            return
        self._until(lambda: connection._ending.state is State.FINISHING)
        assert connection.data == data, "other bytes"
        if phase is Phase.ENDING:
            connection.lose()
            self._until(lambda: number in self._machine.files("held"))
            self._isHeld(number, data, len(data))
        else:
            connection.answer()
            self._until(lambda: number in self._machine.files("done"))

    def _isHeld(self, number: int, data: bytes, sent: int) -> None:
        some = f"at least {sent} of {len(data)} bytes sent"
        told = some if sent < len(data) else "all bytes sent, their end may not be printed"
        assert told in self._machine.reason(number), self._machine.reason(number)

    def _next(self) -> FakePrinterConnection:
        printer: Any = self._machine.printer
        self._until(lambda: len(printer.jobs) > self._seen)
        self._seen += 1
        found: FakePrinterConnection = printer.jobs[-1]
        assert len(printer.jobs) == self._seen, "two jobs at a time"
        return found

    def _until(self, known: Any) -> None:
        for _ in range(1000):
            if known():
                return
            self._step()
        raise AssertionError("nothing comes of it")

    def _step(self) -> None:
        # One thing in a thread, or some time.
        if self._machine.work.held:
            self._machine.work.one()
            self._machine.advance(0)
        else:
            self._machine.advance(0.5)


def main() -> int:
    """Exit status 1: a rule was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.kept.lost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    run = Lost(options.seed)
    run.run(options.jobs)
    print(
        "; ".join(f"{phase.value}: {many}" for phase, many in sorted(run.phases.items(), key=str))
    )
    print("\n".join(run.wrong) or "nothing is wrong")
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
