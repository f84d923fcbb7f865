"""
The printer at the other end: throws away what it gets, and closes when it sees the end.

    python -m benchmarks.sink '{"listeners": 1, "hash": false}'

It says its ports, then answers C{report N} when N more connections have ended: one line of JSON
each.  C{go} lets it read on after C{stallAfter}.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import socket
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import content
from benchmarks.process import PATIENCE, Process, module

_CHUNK = 4 * 1024 * 1024
_TICK = 0.01
_SMALL = 65536


@dataclass(frozen=True)
class Manners:
    """
    What kind of printer it is.

    @ivar listeners: TCP ports on which it listens.
    @ivar hash: copy and digest the bytes, instead of having the kernel discard them.
    @ivar stallAfter: bytes after which it stops reading until it is told C{go}; 0: it does not.
    @ivar rate: bytes per second that it reads at most; 0: as many as come.
    """

    listeners: int = 1
    hash: bool = False
    stallAfter: int = 0
    rate: int = 0


@dataclass(frozen=True)
class Received:
    """
    One connection.

    @ivar first: when its first byte came, in nanoseconds of the monotonic clock.
    @ivar ended: when its end was seen.
    @ivar digest: SHA-256 of its bytes, if they were to be hashed.
    """

    first: int
    ended: int
    size: int
    digest: str | None


class Sink(Process):
    """
    A sink in a process of its own.

    @ivar ports: where it listens, on 127.0.0.1.
    """

    def __init__(self, place: Path, manners: Manners) -> None:
        super().__init__(module("benchmarks.sink", json.dumps(asdict(manners))), place / "sink.log")
        try:
            self.ports: list[int] = self.hear()
        except BaseException:
            self.stop()
            raise

    def report(self, count: int, patience: float = PATIENCE) -> list[Received]:
        """Wait until so many connections have ended since the last report; tell of them."""
        self.tell(f"report {count}")
        return [Received(*each) for each in self.hear(patience)]

    def check(self, jobs: int, size: int) -> list[Received]:
        """
        Wait for these jobs.

        @raise AssertionError: what came is something else.
        """
        received = self.report(jobs)
        content.check(jobs, size, [(each.size, each.digest) for each in received])
        return received


class _Connection:
    def __init__(self, wire: socket.socket, manners: Manners) -> None:
        self.wire = wire
        self.first = 0
        self.size = 0
        self._digest = hashlib.sha256() if manners.hash else None
        self._flags = 0 if manners.hash else socket.MSG_TRUNC  # tcp(7): discard, without a copy

    def read(self, buffer: memoryview) -> bool:
        """Read once; is there more to come?"""
        try:
            count = self.wire.recv_into(buffer, len(buffer), self._flags)
        except BlockingIOError:
            return True
        except ConnectionError:
            count = 0
        if count and not self.first:
            self.first = time.monotonic_ns()
        self.size += count
        if self._digest is not None:
            self._digest.update(buffer[:count])
        return count > 0

    def told(self) -> Received:
        digest = None if self._digest is None else self._digest.hexdigest()
        return Received(self.first, time.monotonic_ns(), self.size, digest)


class _Printer:
    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._buffer = memoryview(bytearray(_CHUNK))
        self._epoll = select.epoll()
        self._listeners = {}
        self._connections: dict[int, _Connection] = {}
        self._stalled: list[_Connection] = []
        self._told: list[Received] = []
        self._wanted: int | None = None
        self._went = False
        ports = []
        for _ in range(manners.listeners):
            listener = socket.socket()
            if manners.stallAfter or manners.rate:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
            listener.bind(("127.0.0.1", 0))
            listener.listen(4096)
            listener.setblocking(False)
            self._epoll.register(listener.fileno(), select.EPOLLIN)
            self._listeners[listener.fileno()] = listener
            ports.append(listener.getsockname()[1])
        self._epoll.register(0, select.EPOLLIN)
        self._say(ports)

    def run(self) -> None:
        """Until the input ends."""
        while True:
            for descriptor, _ in self._epoll.poll(_TICK if self._manners.rate else None):
                if descriptor in self._connections:
                    self._read(descriptor, self._buffer)
                elif descriptor in self._listeners:
                    self._accept(self._listeners[descriptor])
                elif not self._command():
                    return
            if self._manners.rate:
                share = int(self._manners.rate * _TICK)
                for descriptor in list(self._connections):
                    self._read(descriptor, self._buffer[:share])
            self._answer()

    def _accept(self, listener: socket.socket) -> None:
        try:
            wire, _ = listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        wire.setblocking(False)
        self._connections[wire.fileno()] = _Connection(wire, self._manners)
        if not self._manners.rate:
            self._epoll.register(wire.fileno(), select.EPOLLIN)

    def _read(self, descriptor: int, buffer: memoryview) -> None:
        connection = self._connections[descriptor]
        stall = 0 if self._went else self._manners.stallAfter
        if stall and connection.size >= stall:
            self._epoll.unregister(descriptor)
            self._stalled.append(connection)
        elif not connection.read(buffer[: stall - connection.size] if stall else buffer):
            del self._connections[descriptor]
            self._told.append(connection.told())
            connection.wire.close()

    def _command(self) -> bool:
        for line in os.read(0, 4096).decode().splitlines() or ["end"]:
            word, _, number = line.partition(" ")
            if word == "report":
                self._wanted = int(number)
            elif word == "go":
                self._went = True
                for each in self._stalled:
                    self._epoll.register(each.wire.fileno(), select.EPOLLIN)
                self._stalled.clear()
            else:
                return False
        return True

    def _answer(self) -> None:
        if self._wanted is not None and len(self._told) >= self._wanted:
            self._say([[each.first, each.ended, each.size, each.digest] for each in self._told])
            self._told.clear()
            self._wanted = None

    @staticmethod
    def _say(thing: object) -> None:
        sys.stdout.write(json.dumps(thing) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _Printer(Manners(**json.loads(sys.argv[1]))).run()
