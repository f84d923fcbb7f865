"""
The rules of kept jobs: what must hold after every crash, whoever made it.

Pure.  A L{Ledger} knows what senders, operators and printers saw, up to some moment; L{wrong} says
what of that a spool, found at the next start, does not bear out.  What a laboratory does not know
it leaves out, and is not judged by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, NamedTuple


class Where(Enum):
    """Where a kept job stands."""

    WAITING = "waits"
    PRINTING = "was being printed"
    HELD = "is held"
    ENDED = "has ended"
    GONE = "is not there"


KEPT = frozenset({Where.WAITING, Where.PRINTING, Where.HELD})


@dataclass
class Job:
    """
    One job, as the world outside the spool knows it.

    @ivar sha256: of its bytes, in hexadecimal.
    @ivar number: its number, once somebody was told.
    @ivar taken: its sender was told that it is kept.
    @ivar refused: its sender was told that nothing was and will be printed.
    @ivar papers: how often the first byte of it came to a printer.
    @ivar printed: all of it came to a printer.
    @ivar allowed: how often it may be printed; each release by a person is one more.
    @ivar given: a person gave it up, or began to.
    @ivar sure: where it must stand, by what was answered; C{None}: that is not known.
    @ivar attempts: how many attempts its record may count, likewise.
    """

    sha256: str = ""
    number: int | None = None
    taken: bool = False
    refused: bool = False
    papers: int = 0
    printed: bool = False
    allowed: int = 1
    given: bool = False
    sure: frozenset[Where] | None = None
    attempts: frozenset[int] | None = None


class Event(NamedTuple):
    """
    Something that somebody saw.

    @ivar job: which job, by whatever a laboratory tells its jobs apart.
    @ivar changes: the values of L{Job} that it changes.
    """

    job: object
    changes: Mapping[str, Any]


@dataclass
class Ledger:
    """All jobs up to some moment."""

    jobs: dict[object, Job] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """The moment is behind that event now."""
        self.jobs[event.job] = replace(self.jobs.get(event.job, Job()), **event.changes)


@dataclass(frozen=True)
class Standing:
    """
    A job that a spool shows after a crash.

    @ivar sha256: of the bytes that would be printed; C{None}: they are gone.
    @ivar attempts: how many its record counts; C{None}: nobody looked.
    """

    number: int
    where: Where
    sha256: str | None
    attempts: int | None = None


@dataclass
class Found:
    """
    What the next start found.

    @ivar following: the number of the next job; C{None}: nobody asked.
    @ivar complaints: what the spool itself says is wrong.
    """

    jobs: list[Standing] = field(default_factory=list)
    following: int | None = None
    complaints: list[str] = field(default_factory=list)


def wrong(ledger: Ledger, found: Found) -> list[str]:
    """All that must not be; an empty list is what everybody hopes for."""
    return [
        f"{rule}: {text}" for rule, judge in RULES.items() for text in judge(ledger, found) if text
    ]


def _missing(ledger: Ledger, found: Found) -> Iterator[str]:
    for job in ledger.jobs.values():
        if not job.taken or job.given or job.printed:
            continue
        where = _where(job, found)
        if where not in KEPT:
            yield f"job {job.number} was acknowledged as queued, and {where.value}"


def _partial(ledger: Ledger, found: Found) -> Iterator[str]:
    byNumber = {job.number: job.sha256 for job in ledger.jobs.values() if job.number is not None}
    sent = {job.sha256 for job in ledger.jobs.values()}
    for each in found.jobs:
        if each.sha256 is None:
            if each.where in KEPT:
                yield f"job {each.number} {each.where.value} without its bytes"
        elif each.sha256 != byNumber.get(each.number, each.sha256) or each.sha256 not in sent:
            yield f"job {each.number} {each.where.value} with bytes that nobody sent"


def _twice(ledger: Ledger, found: Found) -> Iterator[str]:
    for job in ledger.jobs.values():
        if job.papers > job.allowed:
            yield f"job {job.number} was printed {job.papers} times, {job.allowed} were allowed"
        elif job.papers == job.allowed and _where(job, found) is Where.WAITING:
            yield f"job {job.number} is on paper, and would be printed again without a mark"


def _promised(ledger: Ledger, found: Found) -> Iterator[str]:
    for job in ledger.jobs.values():
        where = _where(job, found)
        if job.refused and (job.papers or where in KEPT):
            yield f"job {job.number} was refused; {job.papers} prints, and it {where.value}"
        if job.sure is not None and where not in job.sure:
            wanted = " or ".join(sorted(each.value for each in job.sure))
            yield f"job {job.number} {where.value}; by what was answered it {wanted}"
        counted = getattr(_standing(job, found), "attempts", None)
        if counted is not None and job.attempts is not None and counted not in job.attempts:
            wanted = " or ".join(map(str, sorted(job.attempts)))
            yield f"the record of job {job.number} counts {counted} attempts, not {wanted}"


def _numbers(ledger: Ledger, found: Found) -> Iterator[str]:
    numbers = [job.number for job in ledger.jobs.values() if job.number is not None]
    yield from (f"number {each} was given twice" for each in _repeated(numbers))
    there = [each.number for each in found.jobs]
    yield from (f"job {each} is there twice" for each in _repeated(there))
    highest = max([*numbers, *there], default=0)
    if found.following is not None and found.following <= highest:
        yield f"the next job would be number {found.following}, {highest} was given already"


def _complaints(ledger: Ledger, found: Found) -> Iterator[str]:
    yield from found.complaints


def _repeated(numbers: list[int]) -> list[int]:
    return [number for number, count in Counter(numbers).items() if count > 1]


def _standing(job: Job, found: Found) -> Standing | None:
    return next(
        (
            each
            for each in found.jobs
            if each.number == job.number or (job.number is None and each.sha256 == job.sha256)
        ),
        None,
    )


def _where(job: Job, found: Found) -> Where:
    standing = _standing(job, found)
    return Where.GONE if standing is None else standing.where


RULES = {
    "missing": _missing,
    "partial": _partial,
    "twice": _twice,
    "promised": _promised,
    "numbers": _numbers,
    "complaint": _complaints,
}
