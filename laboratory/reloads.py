"""
Reloads of a real gateway while it prints: on real sockets, by SIGHUP, ports of every kind that
needs no hardware.

    python -m laboratory.reloads --jobs 1000 --reloads 100

Each port has two printers of its own, and each reload leads it to the other one, or changes its
words and its place in the file; every fourth one is of a file that cannot be used.  A job must be
whole, once, on one of its own port's printers, if its sender was told so, and on none otherwise.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ftplib import all_errors
from pathlib import Path

from tests.support.gateway import Gateway
from tests.support.ippserver import IPPServer
from tests.support.lpdserver import LPDPrinter, takes
from tests.support.peer import Peer
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, lastLine

PATIENCE = 20.0
"""Seconds for the log to say what became of a reload; the machine may be busy."""

SIZES = (1, 100, 5_000, 70_000, 400_000)


@dataclass
class Port:
    """
    @ivar uris: of its two printers.
    @ivar paper: all that both have printed, one after the other.
    @ivar spooled: it keeps its jobs until they are printed.
    """

    name: str
    uris: tuple[str, str]
    paper: Callable[[], bytes]
    printers: Sequence[Peer] = ()
    spooled: bool = False


@dataclass
class Result:
    """
    @ivar replies: how many jobs got which code.
    @ivar wrong: what must not be.
    """

    reloads: int = 0
    replies: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def _ports(folder: Path) -> list[Port]:
    def raw(name: str, form: str = "socket://127.0.0.1:{}", spooled: bool = False) -> Port:
        two = RawPrinter(), RawPrinter()
        uris = form.format(two[0].port), form.format(two[1].port)
        return Port(
            name,
            uris,
            lambda: b"".join(job for printer in two for job in printer.jobs),
            two,
            spooled,
        )

    def lpd(name: str) -> Port:
        two = LPDPrinter(takes(lambda caller: None)), LPDPrinter(takes(lambda caller: None))
        return Port(
            name,
            (two[0].uri(), two[1].uri()),
            lambda: b"".join(job for printer in two for job in printer.jobs),
            two,
        )

    def ipp(name: str) -> Port:
        two = IPPServer(lambda handler: True), IPPServer(lambda handler: True)
        return Port(
            name,
            (two[0].uri(), two[1].uri()),
            lambda: b"".join([*two[0].printed, *two[1].printed]),
            two,
        )

    def kept(name: str) -> Port:
        places = folder / f"{name}-a", folder / f"{name}-b"
        return Port(
            name,
            (f"file:{name}-a", f"file:{name}-b"),
            lambda: b"".join(
                each.read_bytes() for p in places for each in p.glob("*") if each.name[0] != "."
            ),
        )

    return [
        raw("ward3"),
        raw("labels", "socket://127.0.0.1:{}?splice=off"),
        raw("office", "endpoint:tcp:127.0.0.1:{}"),
        lpd("queue"),
        ipp("driver"),
        kept("archive"),
        raw("night", spooled=True),
    ]


class ReloadedGateway:
    """A gateway and its file, which is changed all the time."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._random = random.Random(seed)
        self.ports = _ports(folder)
        self._file = folder / "gateway.toml"
        self._write(0)
        words = (f"--config={self._file}", "--max-sessions=50", "--busy-timeout=60")
        self.gateway = Gateway(folder, *words)
        self.result = Result()
        self._heard: list[tuple[Port, bytes, str]] = []
        self._lock = threading.Lock()

    def _write(self, turn: int) -> None:
        blocks = []
        for number, port in enumerate(self.ports, start=1):
            uri = port.uris[self._random.randrange(2)]
            alias = f'aliases = ["{port.name}-{turn % 3}"]\n' if turn % 2 else ""
            words = f'name = "{port.name}"\nnumber = {number}\n{alias}uri = "{uri}"\n'
            words += "spool = true\n" if port.spooled else ""
            blocks.append(f'[[printer]]\n{words}description = "turn {turn}"\n')
        self._random.shuffle(blocks)
        self._file.write_text("\n".join(['spool = "spool"', *blocks]))

    def reload(self, turn: int) -> None:
        """One more; every fourth must be refused."""
        if turn % 4:
            self._write(turn)
            told = f"description is turn {turn}, was"
        else:
            self._file.write_text(f'turn{turn} = 1\n[[printer]]\nname = "other"\nuri = "x"\n')
            told = f"turn{turn}: no such key"
        os.kill(self.gateway.pid, signal.SIGHUP)
        self.gateway.waitFor(told, PATIENCE)
        self.result.reloads += 1

    def print(self, jobs: int, worker: int) -> None:
        """What one sender does: a job after the other, on any port by any of its words."""
        chance = random.Random(worker)
        for n in range(jobs):
            number = chance.randrange(len(self.ports))
            port = self.ports[number]
            mark = f"<{port.name} {worker}-{n}>".encode()
            payload = mark + chance.randbytes(chance.choice(SIZES)) + mark[::-1]
            word = chance.choice([port.name, port.name.upper(), f"PORT{number + 1}"])
            try:
                with Session(self.gateway.port) as session:
                    heard = lastLine(session.send(payload, f"{word}/job{n}"))
            except all_errors as error:
                heard = str(error)
            with self._lock:
                self._heard.append((port, payload, heard))

    def judge(self) -> Result:
        """What is on which paper, and what was said of it; kept jobs have some time."""
        kept = [(p, data) for p, data, heard in self._heard if p.spooled and heard[:3] == "226"]
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not all(data in p.paper() for p, data in kept):
            time.sleep(0.1)
        papers = {port.name: port.paper() for port in self.ports}
        for port, payload, heard in self._heard:
            self.result.replies[heard[:3]] += 1
            there = {name: paper.count(payload) for name, paper in papers.items()}
            own = there.pop(port.name)
            label = payload[: payload.index(b">") + 1].decode()
            if any(there.values()):
                self.result.wrong.append(f"{label} is on the paper of another port")
            if own != (heard[:3] == "226"):
                self.result.wrong.append(f"{label} is there {own} times: {heard}")
            if heard[:3] not in ("226", "450"):
                self.result.wrong.append(f"{label}: {heard}")
        if "Traceback" in self.gateway.log:
            self.result.wrong.append(self.gateway.log[self.gateway.log.index("Traceback") :][:2000])
        return self.result

    def stop(self) -> None:
        """The end."""
        self.gateway.stop()
        for port in self.ports:
            for printer in port.printers:
                printer.stop()


def run(folder: Path, jobs: int, reloads: int, seed: int = 1, workers: int = 8) -> Result:
    """
    Print and reload.

    @param folder: may be written.
    @param jobs: of all senders together.
    """
    reloaded = ReloadedGateway(folder, seed)
    try:
        senders = [
            threading.Thread(target=reloaded.print, args=(jobs // workers, worker))
            for worker in range(workers)
        ]
        for sender in senders:
            sender.start()
        for turn in range(1, reloads + 1):
            reloaded.reload(turn)
        for sender in senders:
            sender.join()
        return reloaded.judge()
    finally:
        reloaded.stop()


def main() -> int:
    """Exit status 1 if something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m laboratory.reloads", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--reloads", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder), said.jobs, said.reloads, said.seed)
    print(f"{sum(result.replies.values())} jobs, {result.reloads} reloads,", end=" ")
    print(f"{time.monotonic() - began:.0f} s, replies {dict(result.replies)}")
    print("\n".join(result.wrong) or "nothing was wrong")
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
