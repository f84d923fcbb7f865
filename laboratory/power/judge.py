"""
Rebuilds what the disk held at each power cut, starts the spool there, and compares.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random

from ..kept.rules import Event, Found, Ledger, wrong
from . import kernel
from .blocks import Blocks, Hashes, extents
from .cuts import Cut, Flushed
from .recording import Write
from .subject import Digest

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

    It lies in three files on a file system that can share blocks between files: what is on stable
    storage; that and what else was kept; and a copy of this for each start, which replays its
    journal and may change what it likes.  What a start has written is no longer shared.

    @ivar hashes: of the files that were read before.
    """

    def __init__(self, work: str, log: str, size: int, kind: str, dice: Random) -> None:
        os.mkdir(work)
        self._log = os.open(log, os.O_RDONLY)
        self._stable = os.open(f"{work}/stable", os.O_RDWR | os.O_CREAT)
        self._kept = os.open(f"{work}/kept", os.O_RDWR | os.O_CREAT)
        self._copy = os.open(f"{work}/copy", os.O_RDWR | os.O_CREAT)
        for each in (self._stable, self._kept, self._copy):
            os.truncate(each, size)
        self._blocks = Blocks(size)
        self.hashes = Hashes(dice)
        self.copy, self._kind, self._target = f"{work}/copy", kind, f"{work}/look"
        # Several copies of one XFS are mounted at a time.
        self._options = "nouuid" if kind == "xfs" else ""

    def close(self) -> None:
        """Be done with the files."""
        for each in (self._log, self._stable, self._kept, self._copy):
            os.close(each)

    def flushed(self, writes: Iterable[Write]) -> None:
        """These writes stay from now on."""
        self._apply(self._stable, self._blocks, writes)

    @contextmanager
    def start(self, device: str, kept: Iterable[Write]) -> Iterator[tuple[str, Digest]]:
        """
        The machine starts again; gives the directory of its file system, and what hashes there.

        @param device: a loop device on L{copy}.
        """
        blocks = self._blocks.copy()
        kernel.clone(self._stable, self._kept)
        self._apply(self._kept, blocks, kept)
        kernel.clone(self._kept, self._copy)
        with kernel.mounted(device, self._target, self._kind, self._options):
            blocks.forget(extents(self._copy))
            yield self._target, partial(self.hashes.of, blocks)

    def _apply(self, target: int, blocks: Blocks, writes: Iterable[Write]) -> None:
        for write in writes:
            blocks.write(write)
            os.pwrite(target, os.pread(self._log, write.size, write.at), write.start)


def judge(
    rebuilder: Rebuilder,
    moments: Iterable[Cut | Flushed],
    events: list[Event],
    look: Callable[[str, Digest], Found],
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
            with rebuilder.start(device, moment.kept) as (directory, digest):
                found = wrong(ledger, look(directory, digest))
            verdict.add(number, moment, found)
    verdict.moments = number
    return verdict
