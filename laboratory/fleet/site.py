"""
One machine with all of it: a database, gateways, HAProxy in front, printers behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from laboratory.kept.paper import PrinterHall
from tests.support.cable import Cable
from tests.support.gateway import Gateway
from tests.support.packages import program
from tests.support.peer import PATIENCE, Peer, mortal
from tests.support.postgresql import either
from tests.support.started import freePort

from .pair import Pair

EXAMPLE = Path(__file__).parents[2] / "examples" / "fleet" / "haproxy.cfg"
COUNT = 3
DATA = 100
"""Passive ports of each gateway."""

READY = r"PortFactory .* starting on"


class Site(Peer):
    """
    All of it.

    @ivar gateways: those that run, by their numbers.
    @ivar cables: between each gateway and both servers of the database.
    @ivar port: where senders connect.
    """

    def __init__(self, hall: PrinterHall, folder: Path, database: Pair) -> None:
        self._folder = folder
        self._hall = hall
        self.database = database
        self.cables = [[Cable(each.port) for each in database.servers] for _ in range(COUNT)]
        self.web = [freePort() for _ in range(COUNT)]
        self._control = [freePort() for _ in range(COUNT)]
        self._data = _ranges()
        self.port = freePort()
        self.gateways: dict[int, Gateway] = {}
        for number in range(COUNT):
            self.start(number)
        self._haproxy = self._startHAProxy()

    def start(self, number: int) -> None:
        """Begin a gateway; if the database is away it waits for that."""
        data = self._data[number]
        words = [f"--printer=socket://127.0.0.1:{port}" for port in self._hall.ports]
        words += [f"--spool={either(*(cable.port for cable in self.cables[number]))}"]
        words += ["--max-queued=100000", "--max-sessions=100", "--drain-timeout=0"]
        words += [f"--passive-ports={data}-{data + DATA - 1}", "--passive-address=127.0.0.1"]
        words += [f"--web=tcp:{self.web[number]}:interface=127.0.0.1"]
        listener = f"haproxy:tcp:{self._control[number]}:interface=127.0.0.{11 + number}"
        place = self._folder / str(number)
        place.mkdir(exist_ok=True)
        while True:
            try:
                gateway = Gateway(place, "--port", listener, *words, ready=READY)
                self.gateways[number] = gateway
                return
            except AssertionError as why:
                # A busy machine, or a database that refuses us in the middle of its restart.
                if "the database" not in str(why):
                    raise

    def kill(self, number: int) -> int:
        """Kill a gateway.  @return: the number of the process that it was."""
        gateway = self.gateways.pop(number)
        os.kill(gateway.pid, signal.SIGKILL)
        gateway.stop()
        (self._folder / f"{number}-{gateway.pid}.log").write_text(gateway.log)
        return gateway.pid

    def logs(self) -> str:
        """What all gateways have logged, also those that were killed."""
        texts = [each.read_text() for each in sorted(self._folder.glob("*.log"))]
        return "\n".join([*texts, *(each.log for each in self.gateways.values())])

    def told(self) -> str:
        """What HAProxy has said."""
        return (self._folder / "haproxy.out").read_text()

    def stop(self) -> None:
        """The end."""
        self._haproxy.terminate()
        self._haproxy.wait(PATIENCE)
        for each in self.gateways.values():
            with suppress(ProcessLookupError):
                os.kill(each.pid, signal.SIGCONT)
            each.stop()
        for cables in self.cables:
            for cable in cables:
                cable.stop()

    def _startHAProxy(self) -> subprocess.Popen[bytes]:
        text = EXAMPLE.read_text().replace("192.0.2.10:21\n", f"127.0.0.1:{self.port}\n")
        for number in range(COUNT):
            first = 40000 + number * DATA
            data = self._data[number]
            text = text.replace(
                f"192.0.2.10:{first}-{first + DATA - 1}", f"127.0.0.1:{data}-{data + DATA - 1}"
            )
            text = text.replace(
                f"192.0.2.{11 + number}:2121 send-proxy-v2 check port 8631",
                f"127.0.0.{11 + number}:{self._control[number]} send-proxy-v2"
                f" check addr 127.0.0.1 port {self.web[number]}",
            )
        # All senders here have one address: they are spread all the same.
        text = text.replace("192.0.2.", "127.0.0.").replace("balance source", "balance roundrobin")
        file = self._folder / "haproxy.cfg"
        file.write_text(text)
        process = subprocess.Popen(
            mortal(program("haproxy"), "-db", "-f", str(file)),
            stdin=subprocess.DEVNULL,
            stdout=(self._folder / "haproxy.out").open("w"),
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + PATIENCE
        while f"{self.port:04X} 00000000:0000 0A" not in Path("/proc/net/tcp").read_text():
            assert process.poll() is None, (self._folder / "haproxy.out").read_text()
            assert time.monotonic() < deadline, "haproxy does not listen"
            time.sleep(0.05)
        return process


def _ranges() -> list[int]:
    # Below the ports that the system gives by itself (ip_local_port_range begins at 32768).
    first = 20000 + os.getpid() % 20 * 3 * DATA
    return [first + number * DATA for number in range(COUNT)]


def folder() -> tempfile.TemporaryDirectory[str]:
    """A place for all of it."""
    return tempfile.TemporaryDirectory(prefix="fleet-")
