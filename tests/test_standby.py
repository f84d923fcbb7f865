"""
A gateway that stands by: nobody can connect to it, it takes over when the spool is free, and what
the other one left is judged as after a crash.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent

from jetdirect.configuration import Configuration
from jetdirect.named import PortSettings
from jetdirect.spool.directory import Taken
from jetdirect.standby import LOOK, Standby
from jetdirect.testing import FakePrinter
from tests.support.behaviours import pausedAfter
from tests.support.gateway import Gateway
from tests.support.peer import PATIENCE
from tests.support.rawprinter import RawPrinter, good
from tests.support.session import Session, lastLine
from tests.support.started import freePort
from tests.test_tap import complaint

PAGE = b"%!PS\nshowpage\n" * 100


class Waiting:
    """A gateway that stands by, in memory."""

    def __init__(self) -> None:
        clock: Any = MemoryReactorClock()
        self.clock = clock
        self.answers: list[Deferred[Any]] = []
        self.tries = 0
        self.gateway = Service()
        said = Configuration(
            [FakePrinter()], [], defaults=PortSettings(spool=True), spool="/spool", standby=True
        )
        self.standby = Standby(said, self.clock, self._open, self._make)
        self.standby.startService()

    def _open(self) -> Deferred[Any]:
        self.tries += 1
        return self.answers.pop(0) if self.answers else fail(Taken("another gateway has it"))

    def _make(self, spool: Any) -> Service:
        self.spool = spool
        return self.gateway


class Spool:
    """One that can be closed."""

    closed = False

    def close(self) -> Deferred[None]:
        self.closed = True
        return succeed(None)


def test_looks() -> None:
    """It tries twice a second, no oftener, until the spool is free; then the gateway begins."""
    waiting = Waiting()
    waiting.clock.pump([LOOK] * 10)
    assert waiting.tries == 11 and not waiting.gateway.running
    spool = Spool()
    waiting.answers.append(succeed(spool))
    waiting.clock.advance(LOOK)
    assert waiting.gateway.running and waiting.spool is spool
    assert not waiting.clock.getDelayedCalls()


def test_tellsOnce() -> None:
    """What it waits for is a line in the log, and another one when that is something else."""
    with capturedLogs() as logs:
        waiting = Waiting()
        waiting.clock.pump([LOOK] * 3)
        waiting.answers += [fail(ValueError("no such directory")) for _ in range(2)]
        waiting.clock.pump([LOOK] * 3)
        waiting.standby.stopService()
    assert [formatEvent(each) for each in logs] == [
        "another gateway has the spool /spool; this one stands by",
        "the spool /spool cannot be used: no such directory; it is tried again",
        "another gateway has the spool /spool; this one stands by",
    ]
    assert not waiting.clock.getDelayedCalls()


def test_stops() -> None:
    """Stopped while a thread tries, it gives back what that got."""
    waiting = Waiting()
    answer: Deferred[Any] = Deferred()
    waiting.answers.append(answer)
    waiting.clock.advance(LOOK)
    waiting.standby.stopService()
    spool = Spool()
    answer.callback(spool)
    assert spool.closed and not waiting.gateway.running


@pytest.mark.parametrize("words", [["--standby"], ["--standby", "--printer=a"]])
def test_needsASpool(words: list[str]) -> None:
    """Without a spool there is nothing to wait for."""
    assert complaint(*words) == (
        "--standby: means nothing without --spool; add --spool=DIRECTORY, or leave this out"
    )


def test_tellsSystemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service manager hears that it has begun, and what it waits for."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{tmp_path}/notify")
        manager.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", f"{tmp_path}/notify")
        waiting = Waiting()
        told = manager.recv(1000).decode()
        waiting.standby.stopService()
    assert told == "READY=1\nSTATUS=another gateway has the spool /spool; this one stands by"


# Two processes


class Pair:
    """A gateway, another one that stands by, and the printer of both."""

    def __init__(self, folder: Path) -> None:
        self.paper = threading.Event()
        self.printer = RawPrinter(pausedAfter(1000, self.paper), good)
        self.folder = folder
        self.ports = [freePort(), freePort()]
        self.web = [freePort(), freePort()]
        self.gateways = [self.start(0)]

    def start(self, which: int, *words: str) -> Gateway:
        """Begin one of them."""
        return Gateway(
            self.folder,
            "--port",
            f"tcp:{self.ports[which]}:interface=127.0.0.1",
            f"--printer={self.printer.uri()}",
            f"--spool={self.folder / 'spool'}",
            f"--web=tcp:{self.web[which]}:interface=127.0.0.1",
            "--standby",
            *words,
            ready="stands by|FTPFactory starting",
        )

    def ready(self, which: int) -> tuple[int, Any]:
        """What C{/readyz} says."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.web[which]}/readyz") as answer:
                return int(answer.status), json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def close(self) -> None:
        """The end."""
        for each in self.gateways:
            each.stop()
        self.printer.stop()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two gateways."""
    made = Pair(tmp_path)
    made.gateways.append(made.start(1))
    yield made
    made.close()


@pytest.mark.slow
def test_takesOver(pair: Pair) -> None:
    """
    The second one refuses connections while the first lives.  When that is killed in mid-job, the
    second serves in 5 s: what waited is printed, what printed is held.
    """
    first, second = pair.gateways
    second.waitFor("stands by")
    assert pair.ready(0) == (200, {"ready": True})
    assert pair.ready(1) == (503, {"error": "standby"})
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", pair.ports[1]), 5)
    with Session(pair.ports[0]) as session:
        assert "queued" in lastLine(session.send(PAGE, "a.ps"))
        pair.printer.waitForBytes(1, 1000)
        assert "queued" in lastLine(session.send(b"a page", "b.ps"))
    os.kill(second.pid, signal.SIGHUP)
    second.waitFor("is read again when this gateway takes over")
    killed, late = time.monotonic(), second.late
    os.kill(first.pid, signal.SIGKILL)
    pair.paper.set()
    second.waitFor(f"starting on {pair.ports[1]}")
    took = time.monotonic() - killed - (second.late - late)
    assert took < 5, f"{took:.1f} s"
    second.waitFor(r"job 1 on PORT1 is in doubt: interrupted")
    second.jobEnd(2)
    assert pair.ready(1) == (200, {"ready": True})
    assert pair.printer.jobs[-1] == b"a page"
    with Session(pair.ports[1]) as session:
        assert "queued" in lastLine(session.send(b"another page", "c.ps"))


@pytest.mark.slow
def test_stoppedOwner(pair: Pair) -> None:
    """One that is stopped keeps its lock: nobody takes over until it is killed."""
    first, second = pair.gateways
    os.kill(first.pid, signal.SIGSTOP)
    time.sleep(4 * LOOK)
    assert pair.ready(1) == (503, {"error": "standby"})
    os.kill(first.pid, signal.SIGKILL)
    second.waitFor("starting on")


@pytest.mark.slow
def test_cannotListen(pair: Pair) -> None:
    """A take-over whose port is taken ends with one line and status 1, and lets go of the spool."""
    first, second = pair.gateways
    with socket.create_server(("127.0.0.1", pair.ports[1])):
        first.stop()
        status = second.waitForEnd()
    assert status == 1 and "Traceback" not in second.log
    assert f"--port={pair.ports[1]}: in use" in second.log
    third = pair.start(0)
    pair.gateways.append(third)
    third.waitFor("starting on")
