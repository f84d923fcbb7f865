"""
What was answered holds: a gateway is killed right behind each answer to an operator.
"""

from __future__ import annotations

import argparse
import os
import pwd
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jetdirect.remote import wire
from jetdirect.verb import Refused
from tests.support.gateway import Gateway
from tests.support.peer import PATIENCE
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, lastLine

pytestmark = pytest.mark.slow

PAGE = b"%!PS\nshowpage\n"


class Killed:
    """A gateway that is killed; its printers are off."""

    def __init__(self, folder: Path, spool: bool) -> None:
        self.printers = RawPrinter(on=False), RawPrinter(on=False)
        self._folder = folder
        kept = 'spool = "spool"\n' if spool else ""
        lines = f'web = "unix:control"\nstate = "state"\nhistory = "history.sqlite"\n{kept}'
        for name, printer in zip(("ward3", "lab"), self.printers, strict=True):
            keeps = f"spool = {str(spool).lower()}"
            lines += f'[[printer]]\nname = "{name}"\nuri = "{printer.uri()}"\n{keeps}\n'
        (folder / "gateway.toml").write_text(f'default-port = "ward3"\n{lines}')
        self.start()

    def start(self) -> None:
        """Begin, and wait until what was kept is known."""
        self.gateway = Gateway(self._folder, f"--config={self._folder / 'gateway.toml'}")
        end = time.monotonic() + PATIENCE
        while True:
            try:
                assert self.get("/readyz") == {"ready": True}
                return
            except Refused:
                assert time.monotonic() < end

    def get(self, path: str) -> Any:
        """What is there."""
        return wire.ask(self._said, "GET", path)

    def post(self, path: str, body: dict[str, object] | None = None) -> Any:
        """What is done; and the process is gone the moment that it is answered."""
        answer = wire.ask(self._said, "POST", path, body)
        os.kill(self.gateway.pid, signal.SIGKILL)
        self.gateway.stop()
        self.start()
        return answer

    @property
    def _said(self) -> argparse.Namespace:
        return argparse.Namespace(gateway=f"unix:{self._folder / 'control'}")

    def done(self, number: int, verb: str) -> dict[str, Any]:
        """The job as it is now; its events know the verb, and who did it."""
        job: dict[str, Any] = self.get(f"/api/jobs/{number}")
        by = [each["by"] for each in job["events"] if each["event"] == verb]
        assert by and by[-1] == pwd.getpwuid(os.getuid()).pw_name, job["events"]
        return job

    def close(self) -> None:
        """The end."""
        self.gateway.stop()
        for each in self.printers:
            each.stop()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Killed]:
    """One that keeps jobs."""
    killed = Killed(tmp_path, spool=True)
    yield killed
    killed.close()


@pytest.mark.long
def test_jobs(kept: Killed) -> None:
    """Each verb for a job."""
    with Session(kept.gateway.port) as session:
        for name in "abcd":
            assert "queued" in lastLine(session.send(PAGE, f"{name}.ps"))
    kept.post("/api/jobs/1/hold")
    assert kept.done(1, "hold")["state"] == "pending-held"
    kept.post("/api/jobs/1/release")
    assert kept.done(1, "release")["state"] == "pending"
    kept.post("/api/jobs/3/next")
    kept.done(3, "next")
    kept.post("/api/jobs/2/move", {"to": "lab"})
    assert kept.done(2, "move")["port"] == "lab"
    kept.post("/api/jobs/4/cancel")
    assert kept.done(4, "cancel")["state"] == "canceled"
    kept.post("/api/jobs/4/erase")
    assert kept.done(4, "erase")["name"] == ""
    kept.post("/api/ports/ward3/move", {"to": "lab"})
    assert {each["port"] for each in kept.get("/api/jobs?state=pending")["jobs"]} == {"lab"}
    kept.done(1, "move")
    with Session(kept.gateway.port) as session:
        assert "queued" in lastLine(session.send(PAGE, "e.ps"))
    assert kept.get("/api/jobs?limit=1")["jobs"][0]["number"] > 4


@pytest.mark.long
@pytest.mark.parametrize("spool", [False, True])
def test_ports(tmp_path: Path, spool: bool) -> None:
    """Pause and resume, of one port and of all, also without a spool."""
    killed = Killed(tmp_path, spool)
    try:
        assert killed.post("/api/ports/lab/pause")["durable"] is True
        assert killed.get("/api/ports/lab")["reasons"] == ["paused"]
        assert killed.get("/api/ports/ward3")["state"] != "stopped"
        assert killed.post("/api/pause")["durable"] is True
        assert all("paused" in each["reasons"] for each in killed.get("/api/ports")["ports"])
        killed.post("/api/ports/lab/resume")
        assert "paused" not in killed.get("/api/ports/lab")["reasons"]
        killed.post("/api/resume")
        assert "paused" not in killed.get("/api/ports/ward3")["reasons"]
    finally:
        killed.close()


@pytest.mark.long
def test_eraseBefore(kept: Killed) -> None:
    """All that ended before some time."""
    with Session(kept.gateway.port) as session:
        for name in "ab":
            assert "queued" in lastLine(session.send(PAGE, f"{name}.ps"))
    for number in (1, 2):
        kept.post(f"/api/jobs/{number}/cancel")
    assert kept.post("/api/jobs/erase", {"before": "2999-01-01"}) == {"erased": 2}
    assert [each["name"] for each in kept.get("/api/jobs")["jobs"]] == ["", ""]
    kept.done(1, "erase")
