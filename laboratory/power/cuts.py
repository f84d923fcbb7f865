"""
All the moments at which the power may go, and what a disk may hold then.

A disk with a write cache keeps all that was written before its last flush; of what came behind it,
it may keep any part.  So there is one state for each prefix of the writes, and for each flush some
that a seed draws: any subset of the writes since the flush before it, in pieces of 4096 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from .recording import Write

PIECE = 4096
"""Bytes that a disk writes whole or not at all (chosen: a physical sector of today's disks)."""


@dataclass(frozen=True)
class Cut:
    """
    The power goes.

    @ivar kept: what the disk has got of the writes since its last flush.
    @ivar events: how many events had happened.
    @ivar kind: C{write}, C{subset}, C{flush} or C{end}: behind what it came.
    """

    kept: tuple[Write, ...]
    events: int
    kind: str


@dataclass(frozen=True)
class Flushed:
    """These writes are on stable storage from now on."""

    writes: tuple[Write, ...]


def cuts(
    log: Iterable[Write], dice: Random, subsets: int, every: bool = True
) -> Iterator[Cut | Flushed]:
    """
    The moments of one run, in their order.

    @param log: beginning with the first write that counts; L{prepared} has those before it.
    @param subsets: how many to draw at each flush; fewer where there are no more.
    @param every: cut behind each write, too.
    """
    pending: list[Write] = []
    events, looked = 0, False
    for write in log:
        if write.event is not None:
            events, looked = write.event + 1, False
            continue
        if write.size:
            pending.append(write)
            looked = every
            if every:
                yield Cut(tuple(pending), events, "write")
        if write.flush:
            for kept in _subsets(pending, dice, subsets):
                yield Cut(kept, events, "subset")
            yield Flushed(tuple(pending))
            pending.clear()
            if not looked:  # else nothing differs from the moment before
                yield Cut((), events, "flush")
                looked = True
    yield Cut(tuple(pending), events, "end")


def prepared(log: Iterator[Write]) -> tuple[Write, ...]:
    """What is written before the first event: the file system, and a start of the program."""
    before = []
    for write in log:
        if write.event is not None:
            break
        before.append(write)
    return tuple(before)


def _subsets(pending: list[Write], dice: Random, count: int) -> Iterator[tuple[Write, ...]]:
    pieces = [piece for write in pending for piece in _pieces(write)]
    seen = {(True,) * len(pieces)}
    for _ in range(count):
        # Most of it, about half of it, or little.
        chance = dice.choice([0.1, 0.5, 0.9])
        chosen = tuple(dice.random() < chance for _ in pieces)
        if chosen not in seen:
            seen.add(chosen)
            yield tuple(piece for piece, is_kept in zip(pieces, chosen, strict=True) if is_kept)


def _pieces(write: Write) -> Iterator[Write]:
    for start in range(0, write.size, PIECE):
        size = min(PIECE, write.size - start)
        yield Write(write.start + start, write.at + start, size, False)
