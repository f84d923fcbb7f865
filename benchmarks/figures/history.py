"""
What a history in a file costs a small job, and how soon it answers with a hundred thousand jobs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.figures.cost import cost
from benchmarks.lab import Lab
from benchmarks.table import Row, atMost
from jetdirect.record import JobRecord, JobState
from jetdirect.wanted import Wanted
from jetdirect.watch.database import Database

KNOWN = 100_000
"""Jobs in the history, of 200 users on 100 hosts, for 50 printing ports, over 100 days."""

DAY = 86_400.0

_ASKED = 21
"""Times each question is asked."""

_QUESTIONS = {
    "the newest 100": Wanted(),
    "failed ones": Wanted(state="aborted"),
    "one user's of one day": Wanted(user="user7", since=50 * DAY, until=51 * DAY),
    "a page in the middle": Wanted(before=KNOWN // 2),
    "a text in one of them": Wanted(q="job 4711 "),
    "a text in none": Wanted(q="nothing of that kind"),
}


def run(lab: Lab) -> list[Row]:
    """Processor time with and without, and milliseconds of answers."""
    return [cost(lab, "--history", lambda _: ["--history=history.sqlite"]), *_answers(lab)]


def _answers(lab: Lab) -> list[Row]:
    database = Database(str(lab.directory("history") / "history.sqlite"))
    known = lab.scaled(KNOWN)
    began = time.monotonic()
    database.write(jobs(known))
    lab.say(f"    {known:,} jobs written in {time.monotonic() - began:.1f} s")
    rows = []
    for what, wanted in _QUESTIONS.items():
        title = f"history of {known:,} jobs: {what}, ms"
        rows.append(Row(title, _times(partial(database.jobs, wanted)), target=atMost(100)))
    counted = _times(lambda: database.sums(Wanted(limit=1000), 0))
    rows.append(Row(f"history of {known:,} jobs: accounting of all, ms", counted))
    one = Wanted(user="user7", limit=1000)
    rows.append(Row("accounting of one user, ms", _times(lambda: database.sums(one, 0))))
    database.close()  # until then some of it is in the file beside
    size = Path(database.path).stat().st_size / 1024**2
    rows.append(Row(f"history of {known:,} jobs, MiB", [size]))
    return rows


def _times(ask: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(_ASKED):
        began = time.monotonic()
        ask()
        times.append((time.monotonic() - began) * 1000)
    return [statistics.median(times)]


def jobs(many: int) -> Iterator[JobRecord]:
    for number in range(1, many + 1):
        came = 100 * DAY * number / many
        failed = number % 50 == 0
        yield JobRecord(
            number=number,
            port=f"port{number % 50}",
            name=f"job {number} of somebody.ps",
            user=f"user{number % 200}",
            host=f"192.0.2.{number % 100}",
            printer="a printer",
            bytes=10_000,
            state=JobState.ABORTED if failed else JobState.COMPLETED,
            reasons=("job-completed-successfully",),
            delivery="delivered",
            attempts=1,
            created=came,
            started=came + 0.01,
            completed=came + 1,
            seconds=1.0,
            blocked=0.0,
            outcome="aborted" if failed else "completed",
            reply=551 if failed else 226,
            printed="part" if failed else "yes",
            reason="the printer was lost" if failed else "",
            heard=True,
        )
