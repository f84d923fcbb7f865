"""
Six thousand printing ports from one file, beside a cupsd with as many raw queues.
"""

from __future__ import annotations

import ftplib
import os
import shutil
import signal
import time
from pathlib import Path

from benchmarks import measure
from benchmarks.lab import Lab
from benchmarks.process import PATIENCE
from benchmarks.servers.ours import environment, twistd
from benchmarks.servers.server import Server, freePort
from benchmarks.table import Row, atMost
from tests.support.cups import PrintServer

PRINTERS = 6000

_IDLE = 20.0
"""Seconds of which the processor time is taken: nobody prints."""

CUPSD_PATIENCE = 900.0
"""Seconds for cupsd to listen: it is said to need half an hour for 6,000 printers with drivers."""

_FAR = "192.0.2"
"""Nobody's network (RFC 5737): nothing is connected to."""


class Fleet(Server):
    """A gateway with its printers in a file."""

    name = "jetdirect"
    settings = "twistd -n jetftp --config FILE, logging to a file"

    def __init__(self, place: Path, printers: int) -> None:
        self.file = place / "gateway.toml"
        self.write(printers)
        self.began = time.monotonic()
        port = freePort()
        words = [f"--config={self.file}", f"--port=tcp:{port}:interface=127.0.0.1"]
        command = twistd(place, "jetftp", *words)
        super().__init__(command, place, port, environment(), directory=place)

    @classmethod
    def version(cls) -> str | None:
        return ""

    def write(self, printers: int, turn: int = 0) -> None:
        """The file, in which one printer has another address for each turn."""
        blocks = ['default-port = "p0"\n']
        for n in range(printers):
            port = 9100 + (turn if n == printers // 2 else 0)
            words = f'name = "p{n}"\nuri = "socket://{_FAR}.{n % 250}:{port}?description=No+{n}"\n'
            blocks.append(f"[[printer]]\n{words}")
        self.file.write_text("\n".join(blocks))

    def reload(self, printers: int, turn: int) -> float:
        """Seconds from the signal until the log has the change."""
        self.write(printers, turn)
        log = self.file.with_name("log")
        told = f":{9100 + turn} from the next job on".encode()
        began = time.monotonic()
        os.kill(self.pid, signal.SIGHUP)
        while told not in log.read_bytes()[-4096:]:
            if time.monotonic() > began + PATIENCE:
                raise RuntimeError("the reload is not in the log")
            time.sleep(0.005)
        return time.monotonic() - began

    def listed(self) -> float:
        """Seconds of one LIST."""
        with ftplib.FTP(timeout=PATIENCE) as session:
            session.connect("127.0.0.1", self.port)
            session.login("anonymous", "tester@example.org")
            lines: list[str] = []
            began = time.monotonic()
            session.dir(lines.append)
            return time.monotonic() - began


_QUEUE = """\
<Printer q{n}>
PrinterId {id}
Info No {n}
DeviceURI socket://{far}.{host}:9100
State Idle
Type 4
Accepting Yes
Shared No
JobSheets none none
QuotaPeriod 0
PageLimit 0
KLimit 0
OpPolicy default
ErrorPolicy abort-job
</Printer>
"""


def queues(printers: int) -> str:
    return "".join(_QUEUE.format(n=n, id=n + 1, far=_FAR, host=n % 250) for n in range(printers))


def run(lab: Lab) -> list[Row]:
    """The start, a listing, a reload, memory, and what it costs to stand by."""
    printers = lab.scaled(PRINTERS)

    def ours() -> tuple[float, ...]:
        with Fleet(lab.directory("one"), 1) as one:
            small = measure.resident(one.pid)
        with Fleet(lab.directory("fleet"), printers) as fleet:
            start = fleet.listened - fleet.began
            memory = (measure.resident(fleet.pid) - small) / printers / 1024
            listing = fleet.listed()
            before = fleet.cpu()
            time.sleep(_IDLE * min(1, lab.scale))
            idle = (fleet.cpu() - before) / (_IDLE * min(1, lab.scale)) * 100
            return start, memory, listing, idle, fleet.reload(printers, 1)

    def cups() -> float:
        server = PrintServer(f"socket://{_FAR}.1:9100", queues(printers), CUPSD_PATIENCE)
        server.stop()
        return server.startedIn

    peer = shutil.which("cupsd", path="/usr/sbin:/sbin:/usr/bin") is not None
    contenders = {"ours": ours} if not peer else {"ours": ours, "cupsd": lambda: (cups(),)}
    results = lab.interleaved(contenders)
    start, memory, listing, idle, reload = zip(*results["ours"], strict=True)
    theirs = [each[0] for each in results.get("cupsd", [])]
    name = f"{printers:,} printers in a file"
    return [
        Row(f"{name}: start to listening, s", start, target=atMost(5)),
        Row(f"{name}: the same beside cupsd's raw queues, s", start, "cupsd", theirs),
        Row(f"{name}: memory of each, KiB", memory, target=atMost(10)),
        Row(f"{name}: LIST, s", listing, target=atMost(0.5)),
        Row(f"{name}: reload of one change, s", reload, target=atMost(1)),
        Row(f"{name}: idle, % of a processor", idle, target=atMost(0.5)),
    ]
