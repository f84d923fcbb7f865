"""
The load: senders that print by FTP, or straight into a relay.

    python -m benchmarks.sender '{"port": 2121, "size": 10240, "clients": 8, "sessions": 100}'

One line of JSON comes out: when the whole began and ended, and the times of each job.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from benchmarks import content
from benchmarks.process import ROOT, module
from benchmarks.turns import Turns

_SO_MAX_PACING_RATE = 47  # asm-generic/socket.h; Python has no name for it
_ETHERNET_MSS = 1448
_LONGEST = 3600.0


@dataclass(frozen=True)
class Order:
    """
    What to send.

    @ivar ftp: by FTP; else the bytes alone, to their end and the relay's.
    @ivar clients: how many send at the same time.
    @ivar sessions: of each client, one after the other.
    @ivar jobs: in each session.
    @ivar size: bytes of each job.
    @ivar name: of each job; C{{client}} counts from 1.
    @ivar pace: bytes per second of each data connection, in segments as on an Ethernet; 0: all
        that it takes.
    """

    port: int
    ftp: bool = True
    clients: int = 1
    sessions: int = 1
    jobs: int = 1
    size: int = 10 * 1024
    name: str = "job.prn"
    pace: int = 0

    @property
    def total(self) -> int:
        """Jobs in all."""
        return self.clients * self.sessions * self.jobs


@dataclass(frozen=True)
class Sent:
    """
    One job: nanoseconds of the monotonic clock.

    @ivar first: just before its first byte.
    @ivar closed: just before the data connection was closed.
    @ivar replied: when the reply, or the relay's end, had come.
    """

    first: int
    closed: int
    replied: int


@dataclass(frozen=True)
class Load:
    """Everything that was sent."""

    began: int
    ended: int
    jobs: list[Sent]


def send(order: Order) -> Load:
    """
    Send it, from a process of its own.

    @raise RuntimeError: a reply was not the one of success.
    """
    done = subprocess.run(
        module("benchmarks.sender", json.dumps(asdict(order))),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_LONGEST,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{order}: {done.stderr[-2000:]}")
    began, ended, jobs = json.loads(done.stdout)
    return Load(began, ended, [Sent(*each) for each in jobs])


class _Senders:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._turns = Turns(alone=order.clients == 1)
        self._file = content.memory()
        self._jobs: list[tuple[int, int, int]] = []
        self._number = 0

    def run(self) -> None:
        one = self._session if self._order.ftp else self._relayed
        began = time.monotonic_ns()
        self._turns.run(one(client) for client in range(1, self._order.clients + 1))
        print(json.dumps([began, time.monotonic_ns(), self._jobs]))

    async def _session(self, client: int) -> None:
        for _ in range(self._order.sessions):
            control = _Control(self._turns)
            await control.login(self._order.port)
            name = self._order.name.format(client=client)
            for _ in range(self._order.jobs):
                host, port = await control.passive()
                with self._wire() as wire:
                    await self._turns.connect(wire, host, port)
                    await control.say(f"STOR {name}", "1")
                    first, closed = await self._pour(wire)
                await control.hear("226")
                self._jobs.append((first, closed, time.monotonic_ns()))
            await control.quit()

    async def _relayed(self, client: int) -> None:
        for _ in range(self._order.jobs):
            with self._wire() as wire:
                await self._turns.connect(wire, "127.0.0.1", self._order.port)
                first, closed = await self._pour(wire)
                wire.shutdown(socket.SHUT_WR)
                while await self._turns.receive(wire):
                    pass
                self._jobs.append((first, closed, time.monotonic_ns()))

    @contextlib.contextmanager
    def _wire(self) -> Iterator[socket.socket]:
        with socket.socket() as wire:
            if self._order.pace:
                wire.setsockopt(socket.SOL_SOCKET, _SO_MAX_PACING_RATE, self._order.pace)
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _ETHERNET_MSS)
            yield wire

    async def _pour(self, wire: socket.socket) -> tuple[int, int]:
        place, rest = content.start(self._number), self._order.size
        self._number += 1
        first = time.monotonic_ns()
        while rest:
            count = min(rest, content.LENGTH - place)
            count = await self._turns.sendFile(wire, self._file, place, count)
            rest -= count
            place = (place + count) % content.LENGTH
        return first, time.monotonic_ns()


class _Control:
    """A control connection."""

    _LAST = re.compile(rb"^(\d\d\d) [^\n]*\n", re.MULTILINE)

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._wire = socket.socket()
        self._heard = b""

    async def login(self, port: int) -> None:
        """As everybody's guest."""
        await self._turns.connect(self._wire, "127.0.0.1", port)
        await self.hear("220")
        if (await self.say("USER anonymous", "331", "230")).startswith("331"):
            await self.say("PASS tester@example.org", "230")
        await self.say("TYPE I", "200")

    async def passive(self) -> tuple[str, int]:
        """Where the next data connection goes."""
        found = re.search(r"(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)", await self.say("PASV", "227"))
        assert found is not None
        return ".".join(found.groups()[:4]), int(found[5]) * 256 + int(found[6])

    async def quit(self) -> None:
        """End the session."""
        await self.say("QUIT", "221")
        self._wire.close()

    async def say(self, line: str, *expected: str) -> str:
        """Send a command; one of these replies must come."""
        self._wire.send(line.encode() + b"\r\n")
        return await self.hear(*expected)

    async def hear(self, *expected: str) -> str:
        """Wait for a whole reply."""
        while (last := self._LAST.search(self._heard)) is None:
            more = await self._turns.receive(self._wire)
            if not more:
                raise RuntimeError(f"no {expected} but the end, after {self._heard!r}")
            self._heard += more
        reply, self._heard = last[0].decode(), self._heard[last.end() :]
        if not reply.startswith(expected):
            raise RuntimeError(f"not {expected} but {reply!r}")
        return reply


if __name__ == "__main__":
    _Senders(Order(**json.loads(sys.argv[1]))).run()
