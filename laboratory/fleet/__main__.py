"""
Three gateways that share a database, behind HAProxy, before five printers of which one is off; and
what happens to them while they print.

    python -m laboratory.fleet --jobs 2000 --kills 50 --seed 1

A fault is a gateway killed, stopped, stopped and then killed, one whose connections to the database
are reset or fall silent, a restart of the database, or one that its synchronous replica replaces;
all kinds come alike often.  In the end all is printed that can be, the
database is looked at, and the rules of kept jobs decide (laboratory/kept/rules.py); and no printer
may have had two gateways at a time.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

import psycopg

from laboratory.kept.paper import HEAD, Pages, PrinterHall
from laboratory.kept.rules import Found, Standing, Where, wrong
from laboratory.kept.senders import Senders
from laboratory.kept.witnesses import seen, waitingTwice

from .faults import Faults
from .pair import Pair
from .site import Site, folder

PORTS = 5
SENDERS = 4
QUIET = 8.0
"""Seconds without a page after which nothing more is expected: longer than a take-over, and the
first pauses of a printer that is tried again."""

_WHERE = {
    "queue": Where.WAITING,
    "active": Where.PRINTING,
    "held": Where.HELD,
    "done": Where.ENDED,
}


class Laboratory:
    """One run."""

    def __init__(self, place: Path, seed: int, database: Pair) -> None:
        self._pages = Pages(seed)
        self.hall = PrinterHall(PORTS, self._pages, seed)
        self.site = Site(self.hall, place, database)
        self.senders = Senders(SENDERS, PORTS, self._pages, seed)
        self.faults = Faults(self.site, seed, self._owned, self._lives)

    def run(self, kills: int, jobs: int, end: float) -> None:
        """Let so many faults happen, and so many jobs be sent; then let the rest be printed."""
        self.senders.gateway = self.site.port
        for number in range(kills):
            if time.monotonic() > end:
                break
            self.faults.one()
            if number % 10 == 9:
                print(f"{number + 1} faults, {len(self.senders.jobs)} jobs", flush=True)
        while len(self.senders.jobs) < jobs and time.monotonic() < end:
            time.sleep(0.1)
        self.senders.stop()
        self._settle()

    def _settle(self) -> None:
        count, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET:
            if self.hall.busy or len(self.hall.sheets) != count:
                count, since = len(self.hall.sheets), time.monotonic()
            time.sleep(0.1)

    def close(self) -> None:
        """The end."""
        self.site.stop()
        self.hall.close()

    def _owned(self, pid: int) -> int:
        told = self.site.database.primary.sql(
            "SELECT count(*) FROM jetdirect.ports JOIN jetdirect.gateways ON owner = id"
            f" WHERE gateways.name LIKE '%process {pid}'"
        )
        return int(told)

    def _lives(self, pid: int) -> int:
        told = self.site.database.primary.sql(
            "SELECT count(*) FROM pg_locks JOIN jetdirect.gateways ON objid = id"
            f" WHERE locktype = 'advisory' AND name LIKE '%process {pid}'"
        )
        return int(told)

    # What came of it

    def found(self) -> Found:
        """What the database holds in the end."""
        found = Found()
        with psycopg.connect(self.site.database.primary.uri()) as session:
            rows = session.execute("SELECT number, state FROM jetdirect.jobs").fetchall()
            for number, state in rows:
                if state in ("gone", "tmp"):
                    continue
                if state == "corrupt":
                    found.complaints.append(f"job {number} was set aside")
                    continue
                key = None
                if state != "done":
                    key = self._key(session, number)
                found.jobs.append(Standing(number, _WHERE[state], key))
            row = session.execute("SELECT nextval('jetdirect.numbers')").fetchone()
            assert row is not None
            found.following = row[0]
        return found

    def _key(self, session: psycopg.Connection[tuple[object, ...]], number: int) -> str:
        rows = session.execute(
            "SELECT data FROM jetdirect.chunks WHERE number = %s ORDER BY part", [number]
        ).fetchall()
        data = b"".join(bytes(row[0]) for row in rows if isinstance(row[0], bytes))
        return data[:HEAD].hex() if data == self._pages.data(data[:HEAD]) else "other bytes"

    def oddities(self, found: Found) -> list[str]:
        """What the rules of kept jobs do not speak of."""
        said = [f"reply {job.odd!r}" for job in self.senders.jobs if job.odd]
        said += [f"{sheet.head!r}: other bytes" for sheet in self.hall.sheets if sheet.wrong]
        said += self.hall.overlaps
        if not any(job.taken for job in self.senders.jobs):
            said.append(f"nobody took a job: {self.site.told()}")
        said += waitingTwice(found)
        said += [f"log: {line}" for line in self.site.logs().splitlines() if "Traceback" in line]
        return said


def main() -> int:
    """Exit status 1: a rule was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.fleet",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--jobs", type=int, default=500, help="at least so many")
    parser.add_argument("--kills", type=int, default=10, help="so many faults, of all kinds")
    parser.add_argument("--minutes", type=float, default=0, help="no fault after; 0: for ever")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--logs", help="keep the gateways' logs in this file")
    options = parser.parse_args()
    end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    with folder() as place, Pair() as database:
        laboratory = Laboratory(Path(place), options.seed, database)
        for number, web in enumerate(laboratory.site.web):
            print(f"gateway {number}: http://127.0.0.1:{web}/")
        try:
            laboratory.run(options.kills, options.jobs, end)
            found = laboratory.found()
            said = laboratory.oddities(found)
        finally:
            if options.logs:
                Path(options.logs).write_text(laboratory.site.logs())
            laboratory.close()
    ledger = seen(laboratory.senders, laboratory.hall)
    said += wrong(ledger, found)
    jobs, sheets = laboratory.senders.jobs, laboratory.hall.sheets
    print(
        f"{laboratory.faults.counts}; {len(jobs)} jobs, {sum(job.refused for job in jobs)} refused,"
        f" {sum(sheet.whole for sheet in sheets)} printed whole;"
        f" {dict(Counter(each.where.name.lower() for each in found.jobs))}"
    )
    if takeovers := sorted(laboratory.faults.takeovers):
        p95 = takeovers[int(len(takeovers) * 0.95)]
        print(f"take-over: {len(takeovers)}, p95 {p95:.1f} s, most {takeovers[-1]:.1f} s")
    for each in said[:20]:
        print(each)
    lost = sum(each.startswith("missing") for each in said)
    twice = sum(each.startswith("twice") for each in said)
    print(
        f"{sum(job.taken for job in jobs)} acknowledged, {lost} lost, {twice} twice,"
        f" {len(laboratory.hall.overlaps)} with two gateways at a printer,"
        f" {len(said) - lost - twice - len(laboratory.hall.overlaps)} otherwise wrong"
    )
    return 1 if said else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # threads of senders may wait yet
