"""
Two gateways with a spool and a printer each, behind HAProxy with the configuration of the
documents; one of them is killed, and comes back, while senders send to both.

    python -m laboratory.fleet.shards --jobs 2000 --kills 3

What was told 226 must be on paper once, or held in doubt; what was told 4xx must not be, and what
was told nothing may be, once.  Who sends to the other gateway must notice nothing.
"""

from __future__ import annotations

import argparse
import ftplib
import io
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.gateway import Gateway
from tests.support.packages import program
from tests.support.peer import PATIENCE, Peer, mortal
from tests.support.rawprinter import RawPrinter
from tests.support.started import freePort

from .site import folder

EXAMPLE = Path(__file__).parents[2] / "examples" / "fleet" / "haproxy-shards.cfg"
COUNT = 2
DATA = 100
"""Passive ports of each gateway."""

SENDERS = 6

KILLED = 0
"""The gateway that is killed."""

_QUEUED = re.compile(r"^226 .*job (\d+), .*queued\)$", re.MULTILINE)


class Shards(Peer):
    """
    All of it.

    @ivar printers: one for each gateway.
    @ivar ports: where senders connect for each.
    """

    def __init__(self, folder: Path) -> None:
        """@raise Missing: HAProxy is not installed."""
        haproxy = program("haproxy")
        self._folder = folder
        self.printers = [RawPrinter() for _ in range(COUNT)]
        self.ports = [freePort() for _ in range(COUNT)]
        self._web = [freePort() for _ in range(COUNT)]
        self._control = [freePort() for _ in range(COUNT)]
        first = 26000 + os.getpid() % 20 * COUNT * DATA
        self._data = [first + number * DATA for number in range(COUNT)]
        self._gateways = [self._start(number) for number in range(COUNT)]
        file = folder / "haproxy.cfg"
        file.write_text(self._configuration())
        self._haproxy = subprocess.Popen(
            mortal(haproxy, "-db", "-q", "-f", str(file)), stdin=subprocess.DEVNULL
        )

    def _configuration(self) -> str:
        text = EXAMPLE.read_text()
        for number in range(COUNT):
            low, data = 40000 + number * DATA, self._data[number]
            text = text.replace(f"192.0.2.2{number + 1}:21\n", f"127.0.0.1:{self.ports[number]}\n")
            text = text.replace(
                f"192.0.2.2{number + 1}:{low}-{low + DATA - 1}",
                f"127.0.0.1:{data}-{data + DATA - 1}",
            )
            text = text.replace(
                f"192.0.2.1{number + 1}:2121 send-proxy-v2 check port 8631",
                f"127.0.0.1{number + 1}:{self._control[number]} send-proxy-v2 check"
                f" addr 127.0.0.1 port {self._web[number]}",
            )
        return text.replace("192.0.2.", "127.0.0.")

    def _start(self, number: int) -> Gateway:
        data = self._data[number]
        place = self._folder / str(number)
        place.mkdir(exist_ok=True)
        return Gateway(
            place,
            "--port",
            f"haproxy:tcp:{self._control[number]}:interface=127.0.0.1{number + 1}",
            f"--printer={self.printers[number].uri()}",
            f"--spool={place / 'spool'}",
            f"--passive-ports={data}-{data + DATA - 1}",
            "--passive-address=127.0.0.1",
            f"--web=tcp:{self._web[number]}:interface=127.0.0.1",
            "--max-sessions=50",
            "--max-queued=100000",
            ready="PortFactory .* starting on",
        )

    def killOne(self) -> None:
        """Kill a gateway, and begin it again."""
        killed = self._gateways[KILLED]
        os.kill(killed.pid, signal.SIGKILL)
        killed.stop()
        self._gateways[KILLED] = self._start(KILLED)
        self.untilReady()

    def untilReady(self) -> None:
        """Wait until all serve, and the proxy knows it."""
        for port in self.ports:
            _until(partial(_greets, port))

    def held(self, number: int) -> set[int]:
        """Which jobs of one of them wait for a person."""
        jobs = self._ask(number, "jobs?state=pending-held&limit=1000")["jobs"]
        return {job["number"] for job in jobs}

    def settled(self, number: int) -> bool:
        """Does no job of one of them wait for its printer?"""
        [port] = self._ask(number, "ports")["ports"]
        return not port["queued"] and port["job"] is None

    def _ask(self, number: int, what: str) -> Any:
        url = f"http://127.0.0.1:{self._web[number]}/api/{what}"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return json.load(answer)

    def stop(self) -> None:
        """The end."""
        self._haproxy.terminate()
        self._haproxy.wait(PATIENCE)
        for each in [*self._gateways, *self.printers]:
            each.stop()


def _until(fact: Callable[[], object], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, f"{fact} does not come true"
        time.sleep(0.05)


def _greets(port: int) -> bool:
    try:
        with ftplib.FTP(timeout=PATIENCE) as ftp:
            return ftp.connect("127.0.0.1", port).startswith("220")
    except (OSError, EOFError):
        return False


class Told(NamedTuple):
    """
    A job, and what its sender was told.

    @ivar shard: to which gateway it was sent.
    @ivar reply: the last one; empty: none came.
    """

    data: bytes
    shard: int
    reply: str


class Senders:
    """
    Send one job after the other, each once, to both gateways.

    @ivar told: of each job.
    """

    def __init__(self, ports: list[int], jobs: int) -> None:
        self.told: list[Told] = []
        self._ports = ports
        self._numbers = iter(range(jobs))
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=[each % len(ports)], daemon=True)
            for each in range(SENDERS)
        ]
        for each in self._threads:
            each.start()

    def sent(self, jobs: int) -> bool:
        """Were so many?"""
        return len(self.told) >= jobs

    def join(self) -> None:
        """Wait until all is sent."""
        for each in self._threads:
            each.join()

    def _run(self, shard: int) -> None:
        while True:
            with self._lock:
                number = next(self._numbers, None)
            if number is None:
                return
            data = f"job {number}\n".encode()
            reply = self._send(shard, data)
            self.told.append(Told(data, shard, reply))
            if not reply:
                time.sleep(0.05)

    def _send(self, shard: int, data: bytes) -> str:
        try:
            with ftplib.FTP(timeout=PATIENCE) as ftp:
                ftp.connect("127.0.0.1", self._ports[shard])
                ftp.login()
                return ftp.storbinary("STOR page.prn", io.BytesIO(data))
        except (ftplib.error_temp, ftplib.error_perm) as refused:
            return str(refused)
        except (OSError, EOFError, ftplib.Error):
            return ""


class Verdict(NamedTuple):
    """
    What came of it.

    @ivar wrong: each reply that does not agree with the paper, in a sentence.
    """

    wrong: list[str]
    jobs: int
    queued: int
    refused: int
    silent: int
    held: int

    def __str__(self) -> str:
        return (
            f"{self.jobs} jobs, {self.queued} acknowledged, {self.refused} refused, {self.silent}"
            f" without a reply, {self.held} held in doubt; {len(self.wrong)} replies do not agree"
            " with the paper"
        )


def run(place: Path, jobs: int, kills: int) -> Verdict:
    """Send so many jobs, kill so often meanwhile, and judge."""
    with Shards(place) as shards:
        shards.untilReady()
        senders = Senders(shards.ports, jobs)
        for number in range(1, kills + 1):
            _until(partial(senders.sent, jobs * number // (kills + 1)), 3600)
            shards.killOne()
        senders.join()
        for number in range(COUNT):
            _until(partial(shards.settled, number), 300)
        held = [shards.held(number) for number in range(COUNT)]
        papers = [printer.jobs for printer in shards.printers]
    told = senders.told
    wrong = [said for each in told for said in judged(each, papers[each.shard], held[each.shard])]
    queued = sum(_QUEUED.search(each.reply) is not None for each in told)
    silent = sum(not each.reply for each in told)
    refused = len(told) - queued - silent
    return Verdict(wrong, len(told), queued, refused, silent, sum(map(len, held)))


def judged(told: Told, paper: list[bytes], held: set[int]) -> list[str]:
    """
    Does a reply agree with the paper?

    @param held: the numbers of jobs that wait for a person.
    @return: what is wrong, in a sentence; none: nothing is.
    """
    count, queued = paper.count(told.data), _QUEUED.search(told.reply)
    what = f"{told.data!r} to gateway {told.shard}: {told.reply!r}, {count} times on paper"
    if count > 1:
        return [what]
    if queued is not None:
        return [] if count or int(queued[1]) in held else [f"{what}, and not held"]
    if told.shard != KILLED:
        return [f"{what}, though nobody killed it"]
    if told.reply and (count or not told.reply.startswith("4")):
        return [what]
    return []


def main() -> int:
    """Exit status 1: a reply and the paper do not agree."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.fleet.shards",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=1)
    options = parser.parse_args()
    with folder() as place:
        verdict = run(Path(place), options.jobs, options.kills)
    for each in itertools.islice(verdict.wrong, 20):
        print(each)
    print(verdict)
    return 1 if verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
