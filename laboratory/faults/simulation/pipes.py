"""
What L{jetdirect.net.pipe} asks of the kernel: pipes, and bytes that go through them.
"""

from __future__ import annotations

import errno
import fcntl
import os
from dataclasses import dataclass
from random import Random
from typing import Any

from jetdirect.job import COPIED_FIRST
from jetdirect.language import HEAD_BYTES

from .kernel import End
from .reactor import SimulatedReactor

_PAGE = 4096
_FRAGMENT = 32768  # a segment that is longer takes several places (measured on Linux 6.18)


@dataclass(frozen=True)
class Limits:
    """
    What the kernel of the gateway's machine allows, and how much of a job is copied.

    @ivar known: there is a splice(2).
    @ivar refuses: the error of each splice(2); 0: it works.
    @ivar longest: bytes that a pipe may hold at most; C{fresh}: those that a new one holds, and any
        if the user has too many pages in pipes already.
    @ivar scarce: how likely there is no descriptor for a pipe; C{starved}: no buffer for a packet.
    """

    known: bool = True
    refuses: int = 0
    longest: int = 1 << 20
    fresh: int = 1 << 16
    scarce: float = 0.0
    starved: float = 0.0
    copiedFirst: int = COPIED_FIRST

    @classmethod
    def draw(cls, random: Random) -> Limits:
        """Most kernels allow everything."""
        none = (0,) * 10
        return cls(
            known=random.random() > 0.03,
            refuses=random.choice([*none, *none, errno.ENOSYS, errno.EINVAL, errno.EPERM]),
            longest=random.choice([1 << 20, 1 << 20, 1 << 20, 1 << 18, 1 << 16]),
            fresh=random.choice([1 << 16] * 15 + [1 << 13, 1 << 12]),
            scarce=random.choice([*none, 0.5]),
            starved=random.choice([*none, 0.2]),
            copiedFirst=random.choice([COPIED_FIRST, HEAD_BYTES, HEAD_BYTES, 20_000]),
        )


class _Pipe:
    """
    A row of places; each holds what came in one piece.

    @ivar giver: where the bytes came from; C{taker}: where they go.
    """

    giver: End
    taker: End | None = None

    def __init__(self, size: int) -> None:
        self.size = size
        self.places: list[bytes] = []

    @property
    def full(self) -> int:
        """Bytes."""
        return sum(map(len, self.places))

    @property
    def free(self) -> int:
        """Places."""
        return self.size // _PAGE - len(self.places)

    def drop(self, count: int) -> None:
        """So many bytes have left it; a place is free when it is empty."""
        while count:
            first = self.places[0]
            if len(first) > count:
                self.places[0] = first[count:]
                return
            count -= len(first)
            del self.places[0]


@dataclass(frozen=True)
class _PipeEnd:
    pipe: _Pipe
    writes: bool


class Calls:
    """
    Stands for the modules L{os} and L{fcntl} in L{jetdirect.net.pipe}.

    @ivar jobs: the labels of the data connections from which bytes were spliced.
    @ivar bytes: how many.
    @ivar waited: how often some of them stayed in a pipe.
    @ivar refused: how often something failed that L{Limits} let fail.
    @ivar oddities: what the gateway did with descriptors and pipes and should not, in words.
    """

    O_NONBLOCK, O_CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC
    F_SETPIPE_SZ, F_GETPIPE_SZ = fcntl.F_SETPIPE_SZ, fcntl.F_GETPIPE_SZ

    def __init__(self, reactor: SimulatedReactor, limits: Limits) -> None:
        self.limits = limits
        self.jobs: set[str] = set()
        self.bytes = self.waited = self.refused = 0
        self.oddities: list[str] = []
        self._reactor = reactor
        self._network = reactor.network
        self._waiting: dict[int, _Pipe] = {}
        if limits.known:
            self.splice = self._splice

    @property
    def pipes(self) -> int:
        """How many ends of pipes are open."""
        return sum(isinstance(each, _PipeEnd) for each in self._network.descriptors.values())

    # os

    def pipe2(self, flags: int) -> tuple[int, int]:
        """As L{os.pipe2}."""
        if self._reactor.exhausted or self._happens(self.limits.scarce):
            raise self._refusal(errno.EMFILE)
        pipe = _Pipe(self.limits.fresh)
        network = self._network
        return network.descriptor(_PipeEnd(pipe, False)), network.descriptor(_PipeEnd(pipe, True))

    def close(self, descriptor: int) -> None:
        """As L{os.close}."""
        self._open(descriptor)
        self._waiting.pop(descriptor, None)
        del self._network.descriptors[descriptor]

    def _splice(self, source: int, target: int, count: int, *, flags: int) -> int:
        if self.limits.refuses:
            raise self._refusal(self.limits.refuses)
        taker, giver = self._open(target), self._open(source)
        if isinstance(giver, End) and isinstance(taker, _PipeEnd) and taker.writes:
            return self._fill(giver, taker.pipe, count)
        if isinstance(giver, _PipeEnd) and isinstance(taker, End) and not giver.writes:
            sent = self._empty(giver.pipe, taker, count)
            if giver.pipe.places:
                self._waiting[source] = giver.pipe
            else:
                self._waiting.pop(source, None)
            return sent
        raise OSError(errno.EINVAL, "neither into a pipe nor out of one")

    # fcntl

    def fcntl(self, descriptor: int, command: int, argument: int = 0) -> int:
        """As L{fcntl.fcntl}, for the size of a pipe, in whole pages and a power of two of them."""
        end = self._open(descriptor)
        assert isinstance(end, _PipeEnd)
        if command == self.F_SETPIPE_SZ:
            size = 1 << (max(argument, _PAGE) - 1).bit_length()
            # Above the first limit nobody may be; above the second no pipe may grow.
            if size > self.limits.longest or (end.pipe.size < size and self.limits.fresh < 1 << 16):
                raise self._refusal(errno.EPERM)
            end.pipe.size = size
        return end.pipe.size

    # After each turn of the reactor.

    def look(self) -> None:
        """Is what waits in a pipe counted, is its printer waited for, and nothing more read?"""
        for pipe in self._waiting.values():
            wire = None if pipe.taker is None else pipe.taker.transport
            if wire is None or not wire.connected:
                continue
            where = f"bytes are in a pipe, {wire.end.label}, and"
            if wire.unwritten < pipe.full:
                self._odd(f"{where} they are not counted")
            if wire not in self._reactor.getWriters():
                self._odd(f"{where} nobody waits for the printer")
            if wire.producer and pipe.giver.transport in self._reactor.getReaders():
                self._odd(f"{where} more is read")

    def _odd(self, what: str) -> None:
        if what not in self.oddities:
            self.oddities.append(what)

    # Inside.

    def _fill(self, giver: End, pipe: _Pipe, count: int) -> int:
        if pipe.free <= 0:
            raise BlockingIOError(errno.EAGAIN, "no place")
        piece = min(giver.peer.segment, _FRAGMENT)
        data = giver.unqueue(min(count, pipe.free * _PAGE, pipe.free * piece))
        pipe.places += [data[at : at + piece] for at in range(0, len(data), piece)]
        if data:
            pipe.giver = giver
            self.jobs.add(giver.peer.label)
            self.bytes += len(data)
        return len(data)

    def _empty(self, pipe: _Pipe, taker: End, count: int) -> int:
        data = b"".join(pipe.places)
        pipe.taker = taker
        if not data:
            raise BlockingIOError(errno.EAGAIN, "nothing there")
        if self._happens(self.limits.starved):
            raise self._refusal(errno.ENOBUFS)
        sent = taker.send(data[:count])
        pipe.drop(sent)
        self.waited += bool(pipe.places)
        return sent

    def _open(self, descriptor: int) -> Any:
        found = self._network.descriptors.get(descriptor)
        if found is None:
            self._odd(f"descriptor {descriptor} was used and is not open")
            raise OSError(errno.EBADF, "Bad file descriptor")
        return found

    def _happens(self, likely: float) -> bool:
        return bool(likely) and self._network.random.random() < likely

    def _refusal(self, why: int) -> OSError:
        self.refused += 1
        return OSError(why, os.strerror(why))
