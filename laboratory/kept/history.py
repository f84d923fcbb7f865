"""
A gateway with a history that is killed again and again: the history knows what senders and printers
know, no more and no less.

    python -m laboratory.kept.history --jobs 10000

Five printing ports: two keep their jobs, three stream; the last one has no printer.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from jetdirect.record import JobRecord
from jetdirect.wanted import Wanted
from jetdirect.watch.database import Database

from .killed import PORTS, SENDERS, Laboratory
from .paper import Sent
from .remembered import Told, wrong
from .rules import KEPT

KEEPING = (2, PORTS)
"""The numbers of those that keep their jobs."""


class HistoryLaboratory(Laboratory):
    """One run."""

    life = 3.0

    def _words(self) -> list[str]:
        lines = ['spool = "spool"', 'history = "history.sqlite"', "min-free = 0"]
        lines += ["max-queued = 100000", f"max-sessions = {SENDERS * 2}", 'busy-timeout = "60s"']
        for number, port in enumerate(self.hall.ports, 1):
            keeps = str(number in KEEPING).lower()
            lines += ["[[printer]]", f'name = "port{number}"', f"number = {number}"]
            lines += [f'uri = "socket://127.0.0.1:{port}"', f"spool = {keeps}"]
        file = self._directory / "gateway.toml"
        file.write_text("\n".join(lines))
        return [f"--config={file}"]

    @staticmethod
    def _level(job: Sent) -> str:
        level = "queued" if job.port in KEEPING else "delivered"
        return level if job.taken else ""

    def rows(self) -> list[JobRecord]:
        """What the history knows in the end."""
        database = Database(str(self._directory / "spool" / "history.sqlite"))
        try:
            return database.jobs(Wanted(limit=10**9))
        finally:
            database.close()

    def complaints(self, rows: list[JobRecord]) -> list[str]:
        """What is wrong with it."""
        whole = {sheet.head for sheet in self.hall.sheets if sheet.whole}
        told = [
            Told(
                job.number,
                f"port{job.port}",
                len(self._pages.data(job.head)),
                job.port in KEEPING,
                job.began,
                job.replied,
                job.head in whole,
            )
            for job in self.senders.jobs
        ]
        waiting = {each.number for each in self.found().jobs if each.where in KEPT}
        odd = [f"reply {job.odd!r}" for job in self.senders.jobs if job.odd]
        return odd + wrong(told, rows, waiting, self.kills)


def main() -> int:
    """Exit status 1: a rule was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.kept.history",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=60, help="not longer than that")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="history-") as directory:
        laboratory = HistoryLaboratory(Path(directory), options.seed)
        end = time.monotonic() + options.minutes * 60
        laboratory.run(float("inf"), end, options.jobs)
        rows = laboratory.rows()
        said = laboratory.complaints(rows)
    jobs = laboratory.senders.jobs
    levels = Counter(job.level for job in jobs if job.taken)
    states = Counter(row.state.value for row in rows)
    print(
        f"{len(laboratory.kills)} kills, {len(jobs)} jobs: {dict(levels)};"
        f" the history has {len(rows)}: {dict(states)}"
    )
    for each in said[:20]:
        print(each)
    print("nothing is wrong" if not said else f"FAILED: {len(said)}")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
