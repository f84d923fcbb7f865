"""
The rules of a history: what it must say of jobs after kills, by what senders and printers saw.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from jetdirect.record import JobRecord

LAST_MOMENT = 1.0
"""Seconds before a kill of which jobs that streamed may be missing (docs/operations.rst)."""


@dataclass(frozen=True)
class Told:
    """
    A job as its sender and its printer know it.

    @ivar number: as its sender was told; C{None}: that heard nothing, or a refusal.
    @ivar kept: it was told C{queued}.
    @ivar began: when it began to send, in seconds of some clock.
    @ivar replied: when it read that; it may be after a kill that the reply itself came before.
    @ivar printed: all of it came to a printer.
    """

    number: int | None
    port: str
    bytes: int
    kept: bool
    began: float
    replied: float
    printed: bool


def wrong(
    jobs: Sequence[Told],
    history: Sequence[JobRecord],
    waiting: Collection[int],
    kills: Sequence[tuple[float, float]],
) -> list[str]:
    """
    All that must not be.

    @param waiting: the numbers of those that are kept and have not ended.
    @param kills: between which moments the gateway was killed, by the clock of C{Told.began}.
    """
    rows = {row.number: row for row in history}
    return [
        *_numbers(jobs, history, waiting),
        *_missing(jobs, rows, waiting, kills),
        *_false(jobs, rows),
        *_extra(jobs, history),
    ]


def _numbers(
    jobs: Sequence[Told], history: Sequence[JobRecord], waiting: Collection[int]
) -> Iterator[str]:
    told = Counter(job.number for job in jobs if job.number is not None)
    yield from (f"number {number} was given twice" for number, many in told.items() if many > 1)
    there = Counter(row.number for row in history)
    yield from (f"job {number} is there twice" for number, many in there.items() if many > 1)
    yield from (f"job {number} has ended, and waits" for number in there.keys() & {*waiting})


def _missing(
    jobs: Sequence[Told],
    rows: dict[int, JobRecord],
    waiting: Collection[int],
    kills: Sequence[tuple[float, float]],
) -> Iterator[str]:
    for job in jobs:
        if job.number is None or job.number in rows or job.number in waiting:
            continue
        end = job.replied + LAST_MOMENT
        late = any(job.began <= last and first <= end for first, last in kills)
        if job.kept or not late:
            kind = "kept" if job.kept else "streamed"
            yield f"job {job.number} was {kind}, and is missing"


def _false(jobs: Sequence[Told], rows: dict[int, JobRecord]) -> Iterator[str]:
    for job in jobs:
        row = None if job.number is None else rows.get(job.number)
        if row is None:
            continue
        if (row.port, row.bytes) != (job.port, job.bytes):
            where = f"on {row.port}, not {job.bytes} on {job.port}"
            yield f"job {job.number}: {row.bytes} bytes {where}"
        if row.state != "completed" or not job.printed:
            printed = "printed" if job.printed else "not printed"
            yield f"job {job.number} is {row.state}, and was {printed}"


def _extra(jobs: Sequence[Told], history: Sequence[JobRecord]) -> Iterator[str]:
    # Who was told nothing may have sent one that printed; nobody else knows of others.
    known = {job.number for job in jobs}
    silent = {(job.port, job.bytes) for job in jobs if job.printed}
    for row in history:
        if row.number in known or row.state != "completed":
            continue
        if (row.port, row.bytes) not in silent:
            yield f"job {row.number} ({row.bytes} bytes on {row.port}) was sent by nobody"
