"""
Rebuilds what the disk held at each power cut, starts the spool there, and compares.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..kept.rules import Event, Found, Ledger, wrong
from . import kernel
from .cuts import Cut, Flushed
from .recording import Write

EXAMPLES = 5


@dataclass
class Verdict:
    """
    What came of all power cuts of a run.

    @ivar cuts: how many were looked at, by their kind.
    @ivar moments: how many there were.
    @ivar broken: how many power cuts each rule was broken at.
    @ivar examples: the first few, in words, by the number of the power cut.
    """

    cuts: Counter[str] = field(default_factory=Counter)
    moments: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[int, str]] = field(default_factory=list)

    def add(self, number: int, cut: Cut, found: list[str]) -> None:
        """Count one power cut, and what was wrong behind it."""
        self.cuts[cut.kind] += 1
        self.broken.update({each.partition(":")[0] for each in found})
        if found and len(self.examples) < EXAMPLES:
            self.examples.append((number, f"{cut.kind}, event {cut.events}: {found[0]}"))

    def join(self, other: Verdict) -> None:
        """Count what somebody else has looked at."""
        self.cuts += other.cuts
        self.moments = other.moments
        self.broken += other.broken
        self.examples = sorted(self.examples + other.examples)[:EXAMPLES]


class Rebuilder:
    """
    The disk as it was, at one power cut after the other.

    It lies in two files on a file system that can share blocks between files: what is on stable
    storage, and a copy for each start, which replays its journal and may change what it likes.
    """

    def __init__(self, work: str, log: str, size: int, kind: str) -> None:
        os.mkdir(work)
        self._log = os.open(log, os.O_RDONLY)
        self._stable = os.open(f"{work}/stable", os.O_RDWR | os.O_CREAT)
        self._copy = os.open(f"{work}/copy", os.O_RDWR | os.O_CREAT)
        os.truncate(self._stable, size)
        os.truncate(self._copy, size)
        self.copy, self._kind, self._target = f"{work}/copy", kind, f"{work}/look"
        # Several copies of one XFS are mounted at a time.
        self._options = "nouuid" if kind == "xfs" else ""

    def close(self) -> None:
        """Be done with the files."""
        for each in (self._log, self._stable, self._copy):
            os.close(each)

    def flushed(self, writes: Iterable[Write]) -> None:
        """These writes stay from now on."""
        self._apply(self._stable, writes)

    @contextmanager
    def start(self, device: str, kept: Iterable[Write]) -> Iterator[str]:
        """
        The machine starts again; gives the directory of its file system.

        @param device: a loop device on L{copy}.
        """
        kernel.clone(self._stable, self._copy)
        self._apply(self._copy, kept)
        with kernel.mounted(device, self._target, self._kind, self._options):
            yield self._target

    def _apply(self, target: int, writes: Iterable[Write]) -> None:
        for write in writes:
            os.pwrite(target, os.pread(self._log, write.size, write.at), write.start)


def judge(
    rebuilder: Rebuilder,
    moments: Iterable[Cut | Flushed],
    events: list[Event],
    look: Callable[[str], Found],
    mine: Callable[[int], bool],
) -> Verdict:
    """
    Look at what a spool makes of each power cut.

    @param look: starts the spool in a directory, and says what it finds.
    @param mine: says of which power cuts, by their numbers; others look at the rest.
    """
    verdict, ledger, known, number = Verdict(), Ledger(), 0, 0
    with kernel.loop(rebuilder.copy) as device:
        for moment in moments:
            if isinstance(moment, Flushed):
                rebuilder.flushed(moment.writes)
                continue
            number += 1
            if not mine(number):
                continue
            for event in events[known : moment.events]:
                ledger.add(event)
            known = moment.events
            with rebuilder.start(device, moment.kept) as directory:
                found = wrong(ledger, look(directory))
            verdict.add(number, moment, found)
    verdict.moments = number
    return verdict
