"""
How much a spool may keep, in an operator's words.  No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..options import MOST, seconds, size

PERCENT = 100


class Ended(NamedTuple):
    """A printed job whose bytes are still there."""

    number: int
    ended: float
    """Seconds since the epoch."""

    size: int


@dataclass(frozen=True)
class Keep:
    """
    What is kept of printed jobs, for printing them again: the bytes of the last ones.

    At most one of the three is set; without any nothing is kept.

    @ivar jobs: so many jobs.
    @ivar seconds: those that ended so many seconds ago.
    @ivar bytes: as many as have so many bytes together.
    """

    jobs: int = 0
    seconds: float = 0.0
    bytes: int = 0

    def __str__(self) -> str:
        if self.seconds:
            return f"{self.seconds:g}s"
        return f"{self.bytes}B" if self.bytes else str(self.jobs)

    def surplus(self, ended: Sequence[Ended], now: float) -> int:
        """
        How many of the first ones are not to be kept any more.

        @param ended: in the order of their ends.
        @param now: seconds since the epoch.
        """
        if self.seconds:
            return sum(job.ended + self.seconds < now for job in ended)
        if not self.bytes:
            return max(len(ended) - self.jobs, 0)
        room = self.bytes
        for many, job in enumerate(reversed(ended)):
            room -= job.size
            if room < 0:
                return len(ended) - many
        return 0


@dataclass(frozen=True)
class Least:
    """
    What is to stay free of a file system.

    @ivar percent: of all of it.
    @ivar bytes: or so many bytes.
    """

    percent: float = 5.0
    bytes: int = 0

    def __str__(self) -> str:
        return str(self.bytes) if self.bytes else f"{self.percent:g}%"

    def of(self, total: int) -> int:
        """In bytes, of a file system of so many."""
        return self.bytes or int(total * self.percent / PERCENT)


def keep(text: str) -> Keep:
    """
    C{20} (jobs), C{24h} (time; m are minutes), C{1G} (bytes; M are mebibytes), C{0} (nothing).

    @raise ValueError: it is none of these.
    """
    if re.fullmatch(r"\d{1,7}", text, re.ASCII) and int(text) <= MOST:
        return Keep(jobs=int(text))
    if re.fullmatch(r"[\d.]+[smhd]", text, re.ASCII):
        return Keep(seconds=seconds(text))
    if re.fullmatch(r"\d+[KMGTkgt]i?[Bb]?", text, re.ASCII):
        return Keep(bytes=size(text))
    raise ValueError("give a number of jobs, a time or a size, such as 20, 24h or 1G; 0: nothing")


def least(text: str) -> Least:
    """
    C{5%} of the file system, or bytes: C{10G}.

    @raise ValueError: it is neither.
    """
    found = re.fullmatch(r"(\d{1,2}(?:\.\d+)?)%", text, re.ASCII)
    if found:
        return Least(percent=float(found[1]))
    if text == "0":
        return Least(percent=0.0)
    try:
        if not text.isdigit():  # 5 would be bytes, and was meant otherwise
            return Least(bytes=size(text))
    except ValueError:
        pass
    raise ValueError("give a part of the file system or a size, such as 5% or 10G")
