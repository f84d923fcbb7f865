"""
A gateway that is killed again and again while it takes and prints jobs.

    python -m laboratory.kept.killed --kills 1000

Five printing ports, one of them without a printer; senders that send again what they were told
nothing of.  In the end all is printed that can be, the spool is looked at, and the rules decide.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

from jetdirect.spool.disk import RealDisk
from jetdirect.spool.record import JobPlace
from jetdirect.spool.store import Store
from tests.support.gateway import Gateway

from .paper import HEAD, Pages, PrinterHall, Sent, Sheet
from .rules import Found, Standing, Where, wrong
from .senders import Senders
from .witnesses import seen, waitingTwice

PORTS = 5
SENDERS = 8
QUIET = 3.0
"""Seconds without a page after which nothing more is expected (chosen: longer than the first pause
of a printer that is tried again)."""

_WHERE = {
    JobPlace.QUEUE: Where.WAITING,
    JobPlace.ACTIVE: Where.PRINTING,
    JobPlace.HELD: Where.HELD,
    JobPlace.DONE: Where.ENDED,
}


class Laboratory:
    """
    One run.

    @ivar starts: seconds from each start to the first page after it.
    @ivar kills: between which moments it was killed, in seconds of the monotonic clock; for as long
        as it has waited for a processor it was late before.
    """

    life = 0.6
    """Seconds that a gateway lives, on average (chosen)."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.starts: list[float] = []
        self.kills: list[tuple[float, float]] = []
        self._directory = directory
        self._dice = Random(seed)
        self._pages = Pages(seed)
        self.hall = PrinterHall(PORTS, self._pages, seed)
        self.senders = Senders(SENDERS, PORTS, self._pages, seed)

    def run(self, kills: float, end: float = float("inf"), jobs: float = float("inf")) -> int:
        """
        Kill so often, and then let the rest be printed.

        @param end: by the monotonic clock: kill no more then; C{jobs}: nor behind so many.
        @return: how often it was killed.
        """
        kill = 0
        while True:
            began, pages = time.monotonic(), len(self.hall.sheets)
            gateway = self._start()
            self.senders.gateway = gateway.port
            if kill >= kills or time.monotonic() > end or len(self.senders.jobs) >= jobs:
                break
            late = gateway.late
            time.sleep(self._dice.expovariate(1 / self.life))
            self.senders.gateway = 0
            asked = time.monotonic() - (gateway.late - late)
            os.kill(gateway.pid, 9)
            self.kills.append((asked, time.monotonic()))
            gateway.stop()
            first = [each.came for each in self.hall.sheets[pages:] if each.came > began]
            if first:
                self.starts.append(min(first) - began)
            kill += 1
            if kill % 50 == 0:
                print(f"{kill} kills, {len(self.senders.jobs)} jobs", flush=True)
        self.senders.stop()
        self._settle()
        gateway.stop()
        self.hall.close()
        return kill

    def _start(self, before: Sequence[str] = ()) -> Gateway:
        while True:
            try:
                return Gateway(self._directory, *self._words(), before=before)
            except AssertionError as why:
                # On a machine that has too much to do a start may take longer than a test waits.
                if str(why).count("\n") > 1:
                    raise

    def _words(self) -> list[str]:
        words = [f"--printer=socket://127.0.0.1:{port}" for port in self.hall.ports]
        words += [f"--spool={self._directory / 'spool'}", "--max-queued=100000"]
        return [*words, f"--max-sessions={SENDERS * 2}", "--min-free=0"]

    def _settle(self) -> None:
        count, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET:
            if self.hall.busy or len(self.hall.sheets) != count:
                count, since = len(self.hall.sheets), time.monotonic()
            time.sleep(0.1)

    # What came of it

    def found(self) -> Found:
        """What the spool holds in the end."""
        disk = RealDisk(str(self._directory / "spool"))
        store, found = Store(disk), Found()
        for port in store.portNames():
            there = store.addPort(port)
            found.complaints += there.complaints
            for place, jobs in there.jobs.items():
                for job in jobs:
                    key = None
                    if place is not JobPlace.DONE:
                        data = disk.read(store.dataPath(job.number))
                        whole = data == self._pages.data(data[:HEAD])
                        key = data[:HEAD].hex() if whole else "other bytes"
                        if place is JobPlace.HELD:
                            found.complaints += self._doubt(store, job.number, data[:HEAD])
                    found.jobs.append(Standing(job.number, _WHERE[place], key))
        found.following = store.reserve("number", 1)
        return found

    def _doubt(self, store: Store, number: int, head: bytes) -> list[str]:
        record = store.record(number)
        came = max((each.count for each in self.hall.sheets if each.head == head), default=0)
        if record.reason.startswith("duplicate of") or record.sent <= came:
            return []
        return [f"job {number} says {record.sent} bytes sent ({record.reason}), {came} came"]

    def oddities(self, found: Found) -> list[str]:
        """What the rules of kept jobs do not speak of."""
        jobs = self.senders.jobs
        said = [f"reply {job.odd!r}" for job in jobs if job.odd]
        said += [
            f"job {job.number} was {job.level}" for job in jobs if job.level != self._level(job)
        ]
        said += [f"{sheet.head!r}: other bytes" for sheet in self.hall.sheets if sheet.wrong]
        said += waitingTwice(found)
        return said + self._order()

    @staticmethod
    def _level(job: Sent) -> str:
        return "queued" if job.taken else ""

    def _order(self) -> list[str]:
        # Who was told before another began, is printed before that one.
        sent = {job.head: job for job in self.senders.jobs}
        said = []
        for printer in range(PORTS):
            latest = 0.0
            for sheet in self._inOrder(printer):
                job = sent.get(sheet.head)
                if job is None or not job.taken or job.resent:
                    continue
                if job.replied < latest:
                    said.append(f"{sheet.head!r} came behind one that was sent after its reply")
                latest = max(latest, job.began)
        return said

    def _inOrder(self, printer: int) -> list[Sheet]:
        sheets = [each for each in self.hall.sheets if each.printer == printer]
        return sorted(sheets, key=lambda each: each.came)


def main() -> int:
    """Exit status 1: a rule was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.kept.killed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=0, help="kill no more then; 0: for ever")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="killed-") as directory:
        laboratory = Laboratory(Path(directory), options.seed)
        end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
        kills = laboratory.run(options.kills, end)
        found = laboratory.found()
    print(f"{kills} kills")
    return report(laboratory, found)


def report(laboratory: Laboratory, found: Found) -> int:
    """Say what came of a run; 1: a rule was broken."""
    jobs = laboratory.senders.jobs
    print(
        f"{len(jobs)} jobs: {sum(job.taken for job in jobs)} acknowledged,"
        f" {sum(job.refused for job in jobs)} refused,"
        f" {sum(sheet.whole for sheet in laboratory.hall.sheets)} printed whole;"
        f" {dict(Counter(each.where.name.lower() for each in found.jobs))}"
    )
    if laboratory.starts:
        starts = sorted(laboratory.starts)
        print(
            f"start to first page: median {statistics.median(starts):.2f} s,"
            f" p95 {starts[int(len(starts) * 0.95)]:.2f} s, most {starts[-1]:.2f} s"
        )
    said = wrong(seen(laboratory.senders, laboratory.hall), found) + laboratory.oddities(found)
    for each in said[:20]:
        print(each)
    print("nothing is wrong" if not said else f"FAILED: {len(said)}")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
