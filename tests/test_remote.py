"""
The command C{jetdirect} on a running gateway: a process with real sockets, printers and senders.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import pty
import pwd
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jetdirect import cli
from jetdirect.remote import history, wire
from jetdirect.verb import Refused
from jetdirect.web.places import CONNECTIONS
from tests.support.gateway import IPV4, Gateway
from tests.support.peer import PATIENCE
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, lastLine

pytestmark = pytest.mark.slow

PAGE = b"%!PS\nshowpage\n"
ME = pwd.getpwuid(os.getuid()).pw_name


class Running:
    """A gateway with a Unix socket and a loopback port, a streaming printer, and one that keeps."""

    def __init__(self, folder: Path) -> None:
        self.laser, self.labels = RawPrinter(), RawPrinter(on=False)
        self.file = folder / "gateway.toml"
        self.control = folder / "control"
        self.write()
        self.gateway = Gateway(folder, "--port", IPV4, f"--config={self.file}")
        self.web = int(self.gateway.waitFor(r"^\S+ .*Site.* starting on (\d+)")[1])
        said = argparse.Namespace(gateway=f"unix:{self.control}")
        end = time.monotonic() + PATIENCE
        while True:  # the gateway itself says when its spool is open
            try:
                assert wire.ask(said, "GET", "/readyz") == {"ready": True}
                break
            except Refused:
                assert time.monotonic() < end

    def write(self, more: str = "") -> None:
        """The configuration file."""
        self.file.write_text(
            f'web = ["unix:control", "{IPV4}"]\nspool = "spool"\nkeep = 5\n'
            'history = "history.sqlite"\n'
            f'default-port = "laser"\n{more}\n'
            f'[[printer]]\nname = "laser"\nuri = "{self.laser.uri()}"\n'
            f'[[printer]]\nname = "labels"\nuri = "{self.labels.uri()}"\nspool = true\n'
        )

    def close(self) -> None:
        """The end."""
        self.gateway.stop()
        self.laser.stop()
        self.labels.stop()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """One gateway."""
    running = Running(tmp_path)
    yield running
    running.close()


class Command:
    """The command, for one gateway."""

    def __init__(self, place: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._place = place
        self._capsys = capsys

    def say(self, *words: str) -> tuple[int, str, str]:
        """Status, output, errors."""
        status = cli.main(["--gateway", self._place, *words])
        out, err = self._capsys.readouterr()
        return status, out, err

    def do(self, *words: str) -> str:
        """The output of what is done."""
        status, out, err = self.say(*words)
        assert (status, err) == (0, ""), (words, err)
        return out

    def refused(self, *words: str) -> str:
        """The one line of what is not."""
        status, out, err = self.say(*words)
        assert (status, out, err.count("\n")) == (1, "", 1), (words, out, err)
        return err


@pytest.fixture
def command(running: Running, capsys: pytest.CaptureFixture[str]) -> Command:
    """Over the Unix socket."""
    return Command(f"unix:{running.control}", capsys)


def test_cancel(running: Running, command: Command) -> None:
    """A job is canceled at half: its sender hears 551, and the command says what became of it."""
    with Session(running.gateway.port) as session, session.upload("laser/long.ps") as data:
        data.sendall(PAGE)
        running.laser.waitForBytes(1, len(PAGE))
        shown = json.loads(command.do("--json", "jobs", "--state", "processing"))
        [number] = [each["number"] for each in shown["jobs"]]
        told = command.do("cancel", str(number))
        assert "551" in session.reply()
    assert told.startswith(f"job {number} on laser: canceled (canceled by {ME})")
    assert "canceled" in command.do("show", str(number))
    assert f"job {number} has ended" in command.refused("cancel", str(number))
    assert command.refused("show", "99") == "jetdirect: no job 99 is known\n"
    running.gateway.waitFor(rf"{ME}: POST /api/jobs/{number}/cancel: 200")


def test_socketMode(running: Running) -> None:
    """Whoever may use the Unix socket is in its group."""
    assert stat.S_IMODE(running.control.stat().st_mode) == 0o660


def test_loopback(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """The same by TCP."""
    command = Command(f"http://127.0.0.1:{running.web}", capsys)
    head, laser, labels = command.do("ports").splitlines()
    assert head.split()[:2] == ["PORT", "STATE"]
    assert laser.split()[:2] == ["laser", "idle"] and labels.split()[0] == "labels"
    assert json.loads(command.do("ports", "--json"))["ports"][0]["name"] == "laser"


def test_keptJobs(running: Running, command: Command) -> None:
    """Hold, release, next, move; and again when it has printed."""
    with Session(running.gateway.port) as session:
        for name in "abc":
            assert "queued" in lastLine(session.send(PAGE + name.encode(), f"labels/{name}.ps"))
    assert "pending-held" in command.do("hold", "2")
    assert command.do("jobs", "--port", "labels", "--state", "pending-held").count("\n") == 2
    assert "job 2 on labels: pending" in command.do("release", "2")
    command.do("next", "3")
    assert "nobody" in command.refused("move", "1", "nobody")
    assert "laser keeps no jobs" in command.refused("move", "--all", "labels", "laser")
    assert "has not ended" in command.refused("reprint", "2")
    first = command.do("jobs", "--limit", "2")
    assert first.endswith("There are more: --before 2 shows them.\n")
    assert "labels prints nothing more" in command.do("pause", "labels")
    running.labels.switchOn()
    assert "prints again" in command.do("resume", "labels")
    for number in (1, 2, 3):
        running.gateway.waitFor(rf"job {number} on labels: completed")
    again = json.loads(command.do("reprint", "1", "--json"))["number"]
    running.gateway.waitFor(rf"job {again} on labels: completed")
    assert running.labels.jobs.count(PAGE + b"a") == 2
    command.do("erase", "1")
    assert json.loads(command.do("show", "1", "--json"))["name"] == ""


def test_history(running: Running, command: Command) -> None:
    """What ann printed today, what failed, and accounting, which is CSV."""
    running.labels.switchOn()
    with Session(running.gateway.port, login=False) as session:
        session.login("ann", "ann@example.org")
        for name in ("laser/a.ps", "labels/b.ps"):
            assert lastLine(session.send(PAGE, name)).startswith("226")
    running.gateway.waitFor("job 2 on labels: completed")
    command.do("test", "laser", "--format", "text")
    running.gateway.waitFor("job 3 on laser: completed")
    head, *lines, total = command.do("history", "--user", "ann", "--since", "today").splitlines()
    assert [line.split()[0] for line in lines] == ["2", "1"] and head.startswith("JOB")
    assert total == f"2 jobs, {2 * len(PAGE)} bytes; 0 not printed, or in part"
    assert command.do("history", "--state", "aborted").startswith("JOB")
    assert len(command.do("history", "--text", "B.PS").splitlines()) == 3
    assert "0 jobs" in command.do("history", "--until", "yesterday")
    limited = command.do("history", "--limit", "1")
    assert limited.splitlines()[1].startswith("3 ") and "There are more" in limited
    rows = [*csv.DictReader(io.StringIO(command.do("history", "--csv", "--user", "ann")))]
    assert [(row["port"], row["jobs"], row["bytes"], row["failed"]) for row in rows] == [
        ("labels", "1", str(len(PAGE)), "0"),
        ("laser", "1", str(len(PAGE)), "0"),
    ]
    assert [*rows[0]] == ["day", "user", "host", "port", "jobs", "bytes", "pages", "failed"]
    told = json.loads(command.do("--json", "history", "--csv"))
    assert len(told["sums"]) == 3 and told["next"] is None
    told = json.loads(command.do("history", "--json", "--port", "laser"))
    assert [each["number"] for each in told["jobs"]] == [3, 1]
    assert command.do("erase", "--before", "yesterday").startswith("0 jobs that ended before")
    assert command.do("erase", "--before", "0m").startswith("3 jobs that ended before")
    assert "ann" not in command.do("history")
    assert command.say("erase")[0] == command.say("erase", "1", "--before", "today")[0] == 2
    status, _, err = command.say("history", "--since", "soon")
    assert status == 2 and err.startswith("jetdirect: --since=soon: give a day")
    shown = command.do("show", "1")
    assert "received" in shown and f"by {ME}" in shown


def test_formulas(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A spreadsheet computes nothing of what senders call themselves; JSON has the names as is."""
    users = ["=1+1", "+1", "-1", "@A1", "ann", "", "a=b"]
    sums = [
        {**dict.fromkeys(history.COLUMNS, 1), "day": "2026-11-30", "host": "::1", "user": user}
        for user in users
    ]
    monkeypatch.setattr(history, "ask", lambda *_: {"sums": sums, "next": None})
    assert cli.main(["history", "--csv"]) == 0
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert [row["user"] for row in rows] == ["'=1+1", "'+1", "'-1", "'@A1", "ann", "", "a=b"]
    assert cli.main(["history", "--csv", "--json"]) == 0
    assert [each["user"] for each in json.loads(capsys.readouterr().out)["sums"]] == users


def test_all(running: Running, command: Command) -> None:
    """All ports at once."""
    assert command.do("pause", "--all") == "all 2 ports print nothing more until resumed\n"
    assert command.do("ports").count("paused") == 2
    assert command.do("resume", "--all") == "all 2 ports print again\n"
    assert "paused" not in command.do("ports")
    assert command.say("pause")[0] == command.say("resume", "laser", "--all")[0] == 2


def test_watch(running: Running) -> None:
    """Live: lines for a pipe, a page for a terminal; ^C ends it quietly, with status 0."""
    command = [sys.executable, "-m", "jetdirect", f"--gateway=unix:{running.control}", "watch"]
    command += ["--every", "0.1"]
    piped = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert piped.stdout is not None
    assert "port laser: idle" in piped.stdout.readline()
    with Session(running.gateway.port) as session:
        assert lastLine(session.send(PAGE, "laser/a.ps")).startswith("226")
    while "job 1: completed, on laser: a.ps" not in piped.stdout.readline():
        pass
    piped.send_signal(signal.SIGINT)
    _, err = piped.communicate(timeout=PATIENCE)
    assert (piped.returncode, err) == (0, "")

    ours, theirs = pty.openpty()
    live = subprocess.Popen(command, stdout=theirs, stdin=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    seen = b""
    while b"2 ports, 0 stopped" not in seen or b"1 " not in seen:
        seen += os.read(ours, 4096)
    assert seen.startswith(b"\x1b[?1049h")
    live.send_signal(signal.SIGTERM)
    while b"\x1b[?1049l" not in seen:
        seen += os.read(ours, 4096)
    assert live.wait(PATIENCE) == 0
    assert live.stderr is not None and live.stderr.read() == b""
    live.stderr.close()
    os.close(ours)


def test_output(running: Running) -> None:
    """Where nothing more can be written, or nobody reads any more, it ends, without a traceback."""
    words = [sys.executable, "-m", "jetdirect", f"--gateway=unix:{running.control}"]
    for what, status, told in (
        ("ports >/dev/full", 1, "jetdirect: standard output: No space left on device"),
        ("ports >&-", 0, ""),
        ("watch --every 0.1 | head -1", 0, ""),
    ):
        line = f"{shlex.join(words)} {what}"
        ran = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=PATIENCE)
        assert (ran.returncode, ran.stderr[: len(told) or None]) == (status, told), what


def test_testPage(running: Running, command: Command) -> None:
    """A test page is one more job."""
    told = command.do("test", "laser", "--format", "postscript")
    assert told == "job 1: a test page for laser\n"
    running.gateway.waitFor("job 1 on laser: completed")
    assert running.laser.jobs[0].startswith(b"%!PS")
    assert "nobody" in command.refused("test", "nobody")


def test_reload(running: Running, command: Command) -> None:
    """What has changed, or all that is wrong with the file; the log has it, too."""
    assert command.do("reload") == "nothing has changed\n"
    running.write('greeting = "Hello"')
    assert "greeting is Hello" in command.do("reload")
    running.write("prot = 3\nauht = 4")
    status, out, err = command.say("reload")
    assert (status, out, err.count("\njetdirect: ")) == (1, "", 1), err
    assert "gateway.toml:6: prot: no such key" in err
    running.gateway.waitFor("nothing has changed: the configuration cannot be used")
    with Session(running.gateway.port) as session:
        assert session.greeting == "220 Hello"


def test_slowPeers(running: Running, command: Command) -> None:
    """Peers that send no whole request take no printing, and no Unix socket, from anybody."""
    idle = [socket.create_connection(("127.0.0.1", running.web)) for _ in range(CONNECTIONS + 10)]
    try:
        for each in idle[:CONNECTIONS]:
            each.sendall(b"GET /api/ports HTTP/1.1\r\n")
        with Session(running.gateway.port) as session:
            assert lastLine(session.send(PAGE, "laser/a.ps")).startswith("226")
        assert "laser" in command.do("ports")
        for each in idle[CONNECTIONS:]:
            each.settimeout(PATIENCE)
            assert ended(each)
    finally:
        for each in idle:
            each.close()


def ended(wire: socket.socket) -> bool:
    """Is a connection ended from the other side, without a byte?"""
    try:
        return wire.recv(1) == b""
    except ConnectionResetError:
        return True


def test_inUse(running: Running, tmp_path: Path) -> None:
    """Where something listens already, the start says so by its option."""
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(AssertionError, match=rf"jetftp: --web={running.web}: in use;"):
        Gateway(other, "--port", IPV4, f"--web=tcp:{running.web}:interface=127.0.0.1")


@pytest.mark.parametrize(
    ("place", "words"),
    [("unix:/nowhere/control", ["ports"]), ("http://127.0.0.1:1", ["history", "--csv"])],
)
def test_notReached(place: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """No gateway is status 2, with the remedy, and nothing else."""
    status, out, err = Command(place, capsys).say(*words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"jetdirect: no gateway is reached: {place}: ") and "--web" in err


def test_mayNot(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Who may not write to the socket is not told to start a gateway."""

    def refuse(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(wire._UnixConnection, "connect", refuse)
    assert cli.main(["--gateway=unix:/run/control", "ports"]) == 2
    told = capsys.readouterr().err
    assert told.endswith(
        "unix:/run/control: Permission denied; ask as a user, or in a group, that may write to it\n"
    )


def test_defaults(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The variable says where it is, or else two places are tried."""
    monkeypatch.delenv(wire.ENVIRONMENT, raising=False)
    monkeypatch.setattr(wire, "DEFAULTS", ("unix:/nowhere/a", "unix:/nowhere/b"))
    assert cli.main(["ports"]) == 2
    assert "unix:/nowhere/a: No such file or directory, unix:/nowhere/b" in capsys.readouterr().err
    monkeypatch.setenv(wire.ENVIRONMENT, "unix:/nowhere/c")
    assert cli.main(["ports"]) == 2
    err = capsys.readouterr().err
    assert "unix:/nowhere/c: " in err and "/nowhere/a" not in err


@pytest.mark.parametrize(
    "place", ["unix:", "gopher://h", "ftp://h", "h:8631", "http://a@h", "http://h/x", "http://h:x"]
)
def test_wrongPlace(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What can be no gateway's place is wrong usage."""
    status, _, err = Command(place, capsys).say("ports")
    assert status == 2 and err.startswith(f"jetdirect: --gateway={place}: give http://HOST:PORT")


@pytest.mark.parametrize("words", [["cancel", "x"], ["cancel"], ["move", "x", "y"], ["jobs", "1"]])
def test_wrongWords(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """So are words that make no verb."""
    status, out, err = Command("unix:/nowhere", capsys).say(*words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert cli.main(["--gateway", "unix:/nowhere", "portz"]) == 2
    assert "did you mean" in capsys.readouterr().err


@pytest.mark.parametrize(
    "answer", [b"", b"220 FTP here\r\n", b"HTTP/1.1 200 OK\r\n\r\n[]", b"HTTP/1.1 200 OK\r\n\r\nx"]
)
def test_noGateway(answer: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody else who listens there is no gateway."""
    printer = RawPrinter(lambda caller: caller.say(answer))
    status, _, err = Command(f"http://127.0.0.1:{printer.port}", capsys).say("ports")
    printer.stop()
    assert (status, err.count("\n")) == (2, 1) and "no answer of a gateway came" in err
