"""
What systemd is told: by whom it wants to be told, when, and in which words.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from jetdirect.interfaces import IWatcher
from jetdirect.record import PortRecord, PortState
from jetdirect.watch.systemd import (
    STATUS_GAP,
    STATUS_SHARE,
    STOPPED_WITHIN,
    Systemd,
    status,
)
from tests.support.gateway import IPV4, Gateway
from tests.support.peer import PATIENCE
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session


class Manager:
    """The service manager's end of the socket."""

    def __init__(self, address: str | Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(address).replace("@", "\0", 1))
        self.socket.settimeout(PATIENCE)

    def next(self) -> dict[str, str]:
        """The next message; waits for it."""
        lines = self.socket.recv(65536).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def all(self) -> list[dict[str, str]]:
        """All that have come."""
        found = []
        with suppress(BlockingIOError):
            while True:
                self.socket.setblocking(False)
                found.append(self.next())
        self.socket.settimeout(PATIENCE)
        return found


def port(
    name: str, state: PortState = PortState.IDLE, queued: int = 0, held: int = 0
) -> PortRecord:
    """A printing port at one moment."""
    return PortRecord(
        name=name, number=None, aliases=(), uri="file:jobs", description="", location="",
        state=state, reasons=(), message="", since=0.0, accepting=True, spooled=True,
        queued=queued, held=held, job=None,
    )  # fmt: skip


class Serving:
    """A gateway that systemd started, in memory."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.manager = Manager(folder / "notify")
        self.clock = Clock()
        self.ports = [port("ward3")]
        self.environment = {"NOTIFY_SOCKET": f"{folder}/notify", **environment}
        self.systemd = Systemd(self.clock, lambda: self.ports, self.environment)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """A gateway that systemd started."""
    serving = Serving(tmp_path)
    yield serving
    serving.systemd.stop()
    serving.manager.socket.close()


def test_watcher(serving: Serving) -> None:
    """It is one."""
    assert verifyObject(IWatcher, serving.systemd)


def test_status() -> None:
    """How many ports there are, how many are stopped, how many jobs wait; and for a person."""
    four = [port("a", queued=5), port("b", PortState.STOPPED, queued=7), port("c"), port("d")]
    assert status(four) == "4 ports, 1 stopped, 12 queued"
    assert status([port("a", held=2)]) == "1 port, 0 stopped, 0 queued, 2 held"


@pytest.mark.parametrize("address", ["", "relative", "/nosuch/notify", "/" + "x" * 200])
def test_nobody(address: str) -> None:
    """Without systemd, or with one that is not there, nothing is told and nothing fails."""
    clock, environment = Clock(), {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}
    systemd = Systemd(clock, list, environment)
    assert not systemd.listens
    systemd.start()
    systemd.ready()
    systemd.reloading()
    systemd.reloaded()
    systemd.portChanged(port("ward3"))
    systemd.stopping(60)
    systemd.stop()
    assert not clock.getDelayedCalls()


def test_abstract() -> None:
    """An address may be an abstract one."""
    name = f"@jetdirect-test-{os.getpid()}"
    manager = Manager(name)
    systemd = Systemd(Clock(), list, {"NOTIFY_SOCKET": name})
    systemd.ready()
    assert manager.next()["READY"] == "1"
    systemd.stop()
    manager.socket.close()


def test_children(serving: Serving) -> None:
    """What this process starts cannot speak for it."""
    assert not serving.environment


def test_ready(serving: Serving) -> None:
    """It is told once, with the status, when the gateway serves, and not before."""
    serving.systemd.start()
    serving.systemd.portChanged(port("ward3"))
    serving.clock.advance(STATUS_GAP)
    assert serving.manager.all() == []
    serving.systemd.ready()
    serving.systemd.ready()
    assert serving.manager.all() == [{"READY": "1", "STATUS": "1 port, 0 stopped, 0 queued"}]


def test_changes(serving: Serving) -> None:
    """All that changes within a second is one line; the last state is never missed."""
    serving.systemd.start()
    serving.systemd.ready()
    serving.manager.all()
    for queued in (1, 2, 3):
        serving.ports = [port("ward3", queued=queued)]
        serving.systemd.portChanged(serving.ports[0])
    assert serving.manager.all() == []
    serving.clock.advance(STATUS_GAP)
    assert serving.manager.all() == [{"STATUS": "1 port, 0 stopped, 3 queued"}]
    serving.ports = [port("ward3")]
    serving.systemd.portChanged(serving.ports[0])
    serving.clock.advance(STATUS_GAP)
    assert serving.manager.all() == [{"STATUS": "1 port, 0 stopped, 0 queued"}]


def test_dearStatus(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A status that takes long, of thousands of ports, is told less often."""
    serving.systemd.start()
    serving.systemd.ready()
    serving.manager.all()
    times = iter([0.0, 0.5, 1.0, 1.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(times))
    serving.systemd.portChanged(serving.ports[0])
    serving.clock.advance(STATUS_GAP)
    serving.manager.all()
    serving.systemd.portChanged(serving.ports[0])
    serving.clock.advance(0.5 / STATUS_SHARE - 1)
    assert serving.manager.all() == []
    serving.clock.advance(1)
    assert len(serving.manager.all()) == 1


def test_reloading(serving: Serving) -> None:
    """A reload has its beginning, with the time that Type=notify-reload wants, and its end."""
    serving.systemd.ready()
    serving.manager.all()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    serving.systemd.reloading()
    serving.systemd.reloaded("gateway.toml:3: prot: no such key")
    serving.systemd.reloading()
    serving.systemd.reloaded()
    began, refused, _, well = serving.manager.all()
    assert began["RELOADING"] == "1"
    assert (
        before
        <= int(began["MONOTONIC_USEC"])
        <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    )
    assert refused["READY"] == well["READY"] == "1"
    assert refused["STATUS"].endswith(
        "; the new configuration was refused: gateway.toml:3: prot: no such key"
    )
    assert well["STATUS"] == "1 port, 0 stopped, 0 queued"


def test_stopping(serving: Serving) -> None:
    """The end has the time that running jobs have; no status comes behind it."""
    serving.systemd.start()
    serving.systemd.ready()
    serving.manager.all()
    serving.systemd.portChanged(serving.ports[0])
    serving.systemd.stopping(60)
    serving.systemd.portChanged(serving.ports[0])
    serving.clock.advance(60)
    assert serving.manager.all() == [
        {
            "STOPPING": "1",
            "EXTEND_TIMEOUT_USEC": str(int((60 + STOPPED_WITHIN) * 1e6)),
            "STATUS": "Stopping; jobs that print have 60 s",
        }
    ]


def test_watchdog(tmp_path: Path) -> None:
    """A sign of life comes from the reactor twice in the time, also while the gateway ends."""
    serving = Serving(tmp_path, WATCHDOG_USEC="10000000", WATCHDOG_PID=str(os.getpid()))
    serving.systemd.start()
    assert serving.manager.all() == [{"WATCHDOG": "1"}]
    serving.clock.advance(5)
    serving.systemd.stopping(60)
    serving.clock.advance(5)
    assert [each for each in serving.manager.all() if "WATCHDOG" in each] == 2 * [{"WATCHDOG": "1"}]
    serving.systemd.stop()
    assert not serving.clock.getDelayedCalls()


@pytest.mark.parametrize("words", [("x", ""), ("", ""), ("10000000", "1")])
def test_noWatchdog(tmp_path: Path, words: tuple[str, str]) -> None:
    """None is wanted, or it is another process's."""
    usec, pid = words
    serving = Serving(tmp_path, WATCHDOG_USEC=usec, **({"WATCHDOG_PID": pid} if pid else {}))
    serving.systemd.start()
    serving.clock.advance(5)
    assert serving.manager.all() == []
    serving.systemd.stop()


# A gateway in a process of its own.


@pytest.mark.slow
def test_process(tmp_path: Path) -> None:
    """
    It is ready when it listens, tells of a printer that stops and of jobs that wait, of reloads,
    and of its end.
    """
    manager, printer = Manager(tmp_path / "notify"), RawPrinter()
    file = tmp_path / "gateway.toml"
    good = (
        f'spool = "{tmp_path}/spool"\n[defaults]\nspool = true\nconnect-timeout = 0\n'
        f'[[printer]]\nname = "ward3"\nuri = "{printer.uri()}"\n'
    )
    file.write_text(good)
    printer.stop()
    before = ["env", f"NOTIFY_SOCKET={tmp_path}/notify"]
    with Gateway(tmp_path, "--port", IPV4, f"--config={file}", before=before) as gateway:
        assert manager.next() == {"READY": "1", "STATUS": "1 port, 0 stopped, 0 queued"}
        with Session(gateway.port) as session:
            session.send(b"%!PS\nshowpage\n")
        seen = manager.next()
        while seen["STATUS"] != "1 port, 1 stopped, 1 queued":
            seen = manager.next()
        for text, told in ((good + "prot = 3\n", True), (good, False)):
            file.write_text(text)
            gateway.signal(signal.SIGHUP)
            while "RELOADING" not in (seen := manager.next()):
                pass
            while "READY" not in (seen := manager.next()):
                pass
            assert ("was refused" in seen["STATUS"]) is told, seen
        gateway.signal(signal.SIGTERM)
        while "STOPPING" not in (seen := manager.next()):
            pass
    manager.socket.close()
