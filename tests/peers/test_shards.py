"""
HAProxy before several gateways, each with printers of its own: the configuration of the documents.
"""

from __future__ import annotations

import ftplib
import io
import json
import os
import signal
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.gateway import Gateway
from tests.support.packages import Missing, program
from tests.support.peer import PATIENCE, Peer, mortal
from tests.support.rawprinter import RawPrinter
from tests.support.started import freePort

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples" / "fleet"
DATA = 100


class Shards(Peer):
    """
    Two gateways with a spool and a printer each, and one address before them.

    @ivar ports: where senders connect for each.
    """

    def __init__(self, folder: Path) -> None:
        try:
            haproxy = program("haproxy")
        except Missing as missing:
            pytest.skip(str(missing))
        self._folder = folder
        self.printers = [RawPrinter() for _ in range(2)]
        self.web = [freePort() for _ in range(2)]
        self._control = [freePort() for _ in range(2)]
        self.ports = [freePort() for _ in range(2)]
        first = 26000 + os.getpid() % 20 * 2 * DATA
        self._data = [first, first + DATA]
        self.gateways = [self.start(number) for number in range(2)]
        text = (EXAMPLES / "haproxy-shards.cfg").read_text()
        for number in range(2):
            low, data = 40000 + number * DATA, self._data[number]
            text = text.replace(f"192.0.2.2{number + 1}:21\n", f"127.0.0.1:{self.ports[number]}\n")
            text = text.replace(
                f"192.0.2.2{number + 1}:{low}-{low + DATA - 1}",
                f"127.0.0.1:{data}-{data + DATA - 1}",
            )
            text = text.replace(
                f"192.0.2.1{number + 1}:2121 send-proxy-v2 check port 8631",
                f"127.0.0.1{number + 1}:{self._control[number]} send-proxy-v2 check"
                f" addr 127.0.0.1 port {self.web[number]}",
            )
        file = folder / "haproxy.cfg"
        file.write_text(text.replace("192.0.2.", "127.0.0."))
        self._haproxy = subprocess.Popen(
            mortal(haproxy, "-db", "-q", "-f", str(file)), stdin=subprocess.DEVNULL
        )

    def start(self, number: int) -> Gateway:
        """Begin one of them."""
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
            f"--web=tcp:{self.web[number]}:interface=127.0.0.1",
            "--max-sessions=50",
            ready="PortFactory .* starting on",
        )

    def untilReady(self) -> None:
        """Wait until both serve, and the proxy knows it."""
        for port in self.ports:
            self.until(partial(self._greets, port))

    @staticmethod
    def _greets(port: int) -> bool:
        try:
            with ftplib.FTP(timeout=PATIENCE) as ftp:
                return ftp.connect("127.0.0.1", port).startswith("220")
        except (OSError, EOFError):
            return False

    @staticmethod
    def until(fact: Callable[[], object]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not fact():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def held(self, number: int) -> int:
        """How many jobs of one of them wait for a person."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web[number]}/api/ports") as answer:
            [port] = json.load(answer)["ports"]
        return int(port["held"])

    def accountsFor(self, number: int, jobs: set[bytes]) -> bool:
        """Is each of them on its printer's paper, or held?"""
        return len(jobs - set(self.printers[number].jobs)) <= self.held(number)

    def stop(self) -> None:
        """The end."""
        self._haproxy.terminate()
        self._haproxy.wait(PATIENCE)
        for each in [*self.gateways, *self.printers]:
            each.stop()


class Sender(threading.Thread):
    """
    Sends jobs until it is told to stop, each until somebody takes it.

    @ivar told: what was said of each job in the end; C{None}: nothing.
    """

    def __init__(self, port: int, name: str) -> None:
        super().__init__(daemon=True)
        self.told: dict[bytes, str | None] = {}
        self.over = False
        self._port = port
        self._name = name

    def run(self) -> None:
        """Send."""
        number = 0
        while not self.over:
            number += 1
            data = f"{self._name} {number}\n".encode()
            self.told[data] = self._send(data)

    def _send(self, data: bytes) -> str | None:
        try:
            with ftplib.FTP(timeout=PATIENCE) as ftp:
                ftp.connect("127.0.0.1", self._port)
                ftp.login()
                return ftp.storbinary("STOR page.prn", io.BytesIO(data))
        except ftplib.error_temp as refused:
            return str(refused)
        except (OSError, EOFError, ftplib.Error):
            time.sleep(0.05)
            return None


@pytest.fixture
def shards(tmp_path: Path) -> Iterator[Shards]:
    """Two of them."""
    with Shards(tmp_path) as made:
        yield made


@pytest.mark.long
def test_repliesAgreeWithThePaper(shards: Shards) -> None:
    """
    One gateway is killed and comes back while senders send to both: what was 226 is on paper once,
    or held in doubt; what was 4xx is not; the other gateway's senders notice nothing.
    """
    senders = [Sender(shards.ports[n % 2], f"sender {n}") for n in range(6)]
    shards.untilReady()
    for each in senders:
        each.start()
    for _ in range(3):
        time.sleep(1)
        killed = shards.gateways[0]
        os.kill(killed.pid, signal.SIGKILL)
        killed.stop()
        shards.gateways[0] = shards.start(0)
        shards.untilReady()
    for each in senders:
        each.over = True
    for each in senders:
        each.join(PATIENCE)
    told = {data: each for sender in senders for data, each in sender.told.items()}
    taken = {data for data, each in told.items() if each and each.startswith("226")}
    refused = {data for data, each in told.items() if each and each.startswith("4")}
    assert len(taken) > 50, told
    assert all("queued" in (told[data] or "") for data in taken)
    for number, printer in enumerate(shards.printers):
        mine = {data for data in taken if int(data.split()[1]) % 2 == number}
        shards.until(partial(shards.accountsFor, number, mine))
        papers = [each for each in printer.jobs if each]  # who is killed may have sent nothing
        assert not refused & set(papers)
        assert len(papers) == len(set(papers))
    unharmed = [each for sender in senders[1::2] for each in sender.told.values()]
    assert {str(each)[:3] for each in unharmed} == {"226"}, Counter(map(str, unharmed))
