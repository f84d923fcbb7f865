"""
Clients that are killed with SIGKILL while they upload, and what the server's record says of it.
"""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path

from laboratory.controls.server import End, Record, Server
from tests.support.peer import PATIENCE, Peer, mortal

_SCRIPT = Path(__file__).parent / "scripts" / "victims.py"

KIB = 1024
MIB = 1024 * KIB


class Stage(IntEnum):
    """What a client was doing when it was killed, as C{scripts/victims.py} counts."""

    ASKING = 0
    SENDING = 1
    ENDED = 2
    TOLD = 3


@dataclass(frozen=True)
class Kill:
    """
    One client that was killed.

    @ivar name: of its upload.
    @ivar size: how many bytes it meant to send.
    @ivar passed: how many of them it had certainly passed to C{send}.
    @ivar stage: what it was doing.
    @ivar alive: it lived until it was killed.
    @ivar job: which upload of its session it was, from 1.
    @ivar answered: sizes of the uploads before it by their names; they got their 226.
    @ivar how: the kind of client.
    """

    name: str
    size: int
    passed: int
    stage: Stage
    alive: bool
    job: int
    answered: Mapping[str, int]
    how: str = ""

    @property
    def truncated(self) -> bool:
        """It was sending, and had not begun to close the data connection."""
        return self.alive and self.stage is Stage.SENDING


class Executioner(Peer):
    """
    A small process that forks clients and kills them.
    """

    def __init__(self, server: Server, directory: str = "", certificate: str = "") -> None:
        words = [str(server.port), server.user, server.password, directory, certificate]
        self._process = subprocess.Popen(
            mortal(sys.executable, str(_SCRIPT), *words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kill(self, name: str, plan: Plan) -> Kill:
        """
        Kill one client, whose uploads are called C{name-1}, C{name-2} ...
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        order = [name, plan.job, plan.after, plan.delay, plan.pause, *plan.sizes]
        print(*order, file=self._process.stdin, flush=True)
        told = json.loads(self._process.stdout.readline())
        before = zip(range(1, told["job"]), itertools.cycle(plan.sizes), strict=False)
        answered = {f"{name}-{job}": size for job, size in before}
        return Kill(**{**told, "stage": Stage(told["stage"]), "answered": answered})

    def stop(self) -> None:
        """L{Peer}."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


@dataclass(frozen=True)
class Plan:
    """
    @ivar sizes: of the uploads, in turn.
    @ivar job: the one in which the client is killed, from 1.
    @ivar after: bytes of it that are passed on before that.
    @ivar delay: seconds from then on.
    @ivar pause: seconds that the client takes over each 8 KiB.
    """

    sizes: Sequence[int]
    job: int
    after: int
    delay: float
    pause: float = 0.0


def fast(rng: random.Random) -> Plan:
    """
    To a server that keeps up: a few jobs, and anywhere in one of them the end.

    Smaller jobs than these (chosen) are whole in the kernels' buffers before anybody can be killed.
    """
    sizes = [round(256 * KIB * 2 ** rng.uniform(0, 6)) for _ in range(3)]
    job = rng.randint(1, len(sizes))
    return Plan(sizes, job, rng.randrange(sizes[job - 1]), rng.uniform(0, 0.0005))


def trickled(rng: random.Random) -> Plan:
    """
    By a client that is slower than the server (8 MB/s, chosen): all that it sent has arrived when
    it dies, and both its connections end at once.
    """
    sizes = [round(64 * KIB * 2 ** rng.uniform(0, 4)) for _ in range(3)]
    job = rng.randint(1, len(sizes))
    return Plan(sizes, job, rng.randrange(sizes[job - 1]), rng.uniform(0, 0.002), 0.001)


def held(rng: random.Random) -> Plan:
    """
    To a printer that does not keep up: more than the buffers in between take, at any time.
    """
    return Plan([rng.randrange(16 * MIB, 64 * MIB)], 1, 0, rng.uniform(0, 0.25))


def killAll(
    executioner: Executioner,
    count: int,
    name: str,
    plan: Callable[[random.Random], Plan],
    seed: int,
) -> Iterator[Kill]:
    """
    Kill clients until so many of them were killed in mid-upload; all that were killed.
    """
    rng = random.Random(f"{name} {seed}")
    found = 0
    for number in itertools.count(1):
        kill = executioner.kill(f"{name}{number}", plan(rng))
        found += kill.truncated
        yield replace(kill, how=plan.__name__)
        if found == count:
            return
        assert number < 4 * count + 20, f"only {found} of {number} were killed in mid-upload"


def outcome(kill: Kill, record: Record | None) -> str:
    """
    What the server's record says of a client that was killed, in a word or two.
    """
    if record is None:
        return "no record"
    known = record.end is not End.CUT and record.bytes is not None
    if known and kill.stage is Stage.ENDED and record.bytes != kill.size:
        return f"{record.end}, with another size"
    return str(record.end)
