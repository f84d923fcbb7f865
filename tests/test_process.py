"""
The process: a start that fails says so in one line and ends, as a daemon too; no signal that people
send for something else ends a gateway that runs.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jetdirect import __version__
from jetdirect.daemon import checkDaemon, openLog, rightsOfJobs
from tests.support.gateway import Gateway, environment
from tests.support.peer import PATIENCE, mortal
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, lastLine
from tests.support.started import freePort

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent

PROGRAMS = {
    "twistd -n": [str(BIN / "twistd"), "-n", "--pidfile=", "jetftp"],
    "twistd": [str(BIN / "twistd"), "jetftp"],
    "twist": [str(BIN / "twist"), "jetftp"],
    "python -m twisted": [sys.executable, "-m", "twisted", "jetftp"],
}

NOBODY = 65534
"""Debian's C{nobody}; any number will do that is not root's."""

PAGE = b"%!PS\nshowpage\n"


def started(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself, within the patience of these tests."""
    return subprocess.run(
        mortal(*words),
        cwd=place,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.fixture
def taken() -> Iterator[str]:
    """A listener that somebody else has."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        yield f"tcp:{holder.getsockname()[1]}:interface=127.0.0.1"


def oneLine(done: subprocess.CompletedProcess[str]) -> str:
    """What a failed start said: one line on standard error, nothing else, and status 1."""
    assert (done.returncode, done.stdout) == (1, ""), done
    [line] = done.stderr.splitlines()
    assert line.startswith("jetftp: --")
    return line


# A start that fails


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_portInUse(program: list[str], taken: str, tmp_path: Path) -> None:
    """A port that is in use ends the start at once, and leaves no pid file or log."""
    told = oneLine(started(tmp_path, *program, "--port", taken))
    assert "in use" in told and "--port=NUMBER" in told
    assert not [file.name for file in tmp_path.iterdir() if file.name != "print-jobs"]


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_misspelt(program: list[str], tmp_path: Path) -> None:
    """A misspelt option is told with the one that was meant, and without the whole help."""
    told = oneLine(started(tmp_path, *program, "--max-sesions", "3"))
    assert "--max-sesions" in told and "did you mean --max-sessions?" in told and "--help" in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--pidfile=/nosuch/a.pid"], ["--pidfile=/nosuch/a.pid", "/nosuch"]),
        (["--pidfile=/proc/a.pid"], ["--pidfile=/proc/a.pid"]),
        (["--pidfile=/etc"], ["--pidfile=/etc: Is a directory"]),
        (["--pidfile=/etc/hosts"], ["--pidfile=/etc/hosts", "no number of a process"]),
        (["--gid=99999999999"], ["--gid=99999999999", "0 to 4294967294"]),
        (["--uid=-3"], ["--uid=-3", "0 to 4294967294"]),
        (["--logger=no.such"], ["--logger=no.such", "leave it out"]),
        (["--logfile=/nosuch/a.log"], ["--logfile=/nosuch/a.log", "/nosuch"]),
        (["--logfile=/etc"], ["--logfile=/etc"]),
        (["--rundir=/nosuch"], ["--rundir=/nosuch"]),
        (["--chroot=/nosuch"], ["--chroot=/nosuch"]),
    ],
)
@pytest.mark.parametrize("daemon", [False, True], ids=["-n", "daemon"])
def test_twistdsOwn(words: list[str], named: list[str], daemon: bool, tmp_path: Path) -> None:
    """What twistd itself cannot do is told in the same way."""
    mode = [] if daemon else ["-n"]
    port = "--port=tcp:0:interface=127.0.0.1"
    told = oneLine(started(tmp_path, str(BIN / "twistd"), *mode, *words, "jetftp", port))
    assert all(each in told for each in named), told


def test_pidFileOfAnother(tmp_path: Path) -> None:
    """A pid file of a process that runs is named, with the process."""
    file = tmp_path / "twistd.pid"
    file.write_text(str(os.getpid()))
    with pytest.raises(ValueError, match=rf"--pidfile={file}: process {os.getpid()} runs"):
        checkDaemon({"pidfile": str(file)})
    file.write_text("999999999")
    checkDaemon({"pidfile": str(file)})
    for other in ("", "no number", "-1" * 40, "1" * 40):
        file.write_text(other)
        with pytest.raises(ValueError, match="no number of a process"):
            checkDaemon({"pidfile": str(file)})


def test_onlyRoot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A user that is not root cannot become another user: behind a daemon nobody would hear of it.
    """
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    for option in ("uid", "gid"):
        with pytest.raises(ValueError, match=f"--{option}: only root"):
            checkDaemon({option: 1})
    checkDaemon({"uid": None, "gid": None})


def test_socketFile(tmp_path: Path) -> None:
    """A Unix socket where there is no directory is told without a traceback."""
    told = oneLine(started(tmp_path, *PROGRAMS["twistd -n"], "--port=unix:/nosuch/socket"))
    assert "/nosuch/socket" in told and "b'" not in told


def test_noSuchPrinter(tmp_path: Path) -> None:
    """A printer that can never work is refused; one that is not there now is one warning."""
    port = ["--port", "tcp:0:interface=127.0.0.1"]
    told = oneLine(started(tmp_path, *PROGRAMS["twistd -n"], *port, "--printer=serial:/etc/hosts"))
    assert told.startswith("jetftp: --printer=serial:/etc/hosts: ")
    with Gateway(tmp_path, "--printer=serial:/dev/nosuch") as gateway:
        gateway.waitFor(r"#warn\].*serial:/dev/nosuch: there is no such device now")
    assert len(re.findall("nosuch.*#warn|#warn.*nosuch", gateway.log)) == 1


def test_unknownHost(tmp_path: Path) -> None:
    """A printer whose name cannot be resolved is one warning in the log."""
    with Gateway(tmp_path, "--printer=socket://nosuch.invalid") as gateway:
        gateway.waitFor(r"#warn\].*host nosuch\.invalid is not known now")


def test_unknownPassiveAddress(tmp_path: Path) -> None:
    """So is a name to announce that means no address; it may mean one later."""
    with Gateway(tmp_path, "--passive-address=nosuch.invalid") as gateway:
        gateway.waitFor(r"#warn\].*--passive-address=nosuch\.invalid: no IPv4 address was found")


# A start that succeeds


def test_version(tmp_path: Path) -> None:
    """--version tells of jetdirect first."""
    done = started(tmp_path, *PROGRAMS["twistd -n"], "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(
        rf"jetdirect {re.escape(__version__)} \(Twisted [\d.]+\w*, Python [\d.]+\w*\)\n",
        done.stdout,
    )


def ended(pid: int) -> None:
    """Wait for the end of a process that is not our child."""
    end = time.monotonic() + PATIENCE
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end, "it does not end"
        time.sleep(0.05)


def test_daemon(tmp_path: Path) -> None:
    """A daemon prints, lives through SIGHUP, and takes its pid file away; its log is private."""
    with RawPrinter() as printer:
        port = freePort()
        words = ["--port", f"tcp:{port}:interface=127.0.0.1", "--printer", printer.uri()]
        done = started(tmp_path, str(BIN / "twistd"), "jetftp", *words)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        pid = int((tmp_path / "twistd.pid").read_text())
        try:
            os.kill(pid, signal.SIGHUP)
            with Session(port) as session:
                assert lastLine(session.send(PAGE))[:3] == "226"
            os.kill(pid, signal.SIGTERM)
            ended(pid)
        finally:
            if Path(f"/proc/{pid}").exists():
                os.kill(pid, signal.SIGKILL)
        assert printer.jobs == [PAGE]
    assert not (tmp_path / "twistd.pid").exists()
    log = tmp_path / "twistd.log"
    assert "nothing has changed" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) & 0o007 == 0


def test_openLog(tmp_path: Path) -> None:
    """Of a log that everybody may read there is a warning, and of another or none there is not."""
    file = tmp_path / "a.log"
    assert openLog(str(file)) == openLog("") == ""
    file.touch(0o640)
    assert openLog(str(file)) == ""
    file.chmod(0o644)
    assert openLog(str(file)) == (
        f"everybody may read {file}, which names senders and jobs; chmod o-r {file}"
    )


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
def test_signals(number: signal.Signals, tmp_path: Path) -> None:
    """What people send to have a log rotated ends nothing, and is a line in the log."""
    with RawPrinter() as printer, Gateway(tmp_path, "--printer", printer.uri()) as gateway:
        os.kill(gateway.pid, number)
        gateway.waitFor(f"Received {number.name}; ")
        with Session(gateway.port) as session:
            assert lastLine(session.send(PAGE))[:3] == "226"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_rightsOfJobs() -> None:
    """The printers are tried with the rights that jobs will have, and root's come back."""
    before = (os.geteuid(), os.getegid(), os.getgroups())
    with tempfile.TemporaryDirectory() as place:
        os.chown(place, NOBODY, NOBODY)
        with rightsOfJobs({"uid": NOBODY, "gid": NOBODY}):
            Path(place, "made").touch()
            assert os.geteuid() == NOBODY and 0 not in os.getgroups()
        assert Path(place, "made").stat().st_uid == NOBODY
    with rightsOfJobs({"uid": 12345, "gid": 54321}):
        assert (os.geteuid(), os.getegid(), os.getgroups()) == (12345, 54321, [54321])
    with rightsOfJobs({}):
        assert os.geteuid() == 0
    assert (os.geteuid(), os.getegid(), os.getgroups()) == before


_STARTED = """
import gc, sys

before = gc.get_threshold()
from twisted.internet import reactor
from jetdirect.configuration import Configuration
from jetdirect.gateway import Gateway
from jetdirect.transports.build import transportFor

where, printer = "tcp:0:interface=127.0.0.1", "socket://127.0.0.1:9"
if sys.argv[1] == "command":
    from jetdirect.tap import Options, makeService
    options = Options(reactor)
    options.parseOptions([f"--port={where}", f"--printer={printer}"])
    gateway = makeService(options)
else:
    gateway = Gateway(Configuration([transportFor(reactor, printer)], [where]), reactor)
gateway.startService()

def look():
    print(gc.get_freeze_count() > 0, gc.get_threshold() != before)
    gateway.stopService().addCallback(lambda _: reactor.stop())

reactor.callLater(0, look)
reactor.run()
"""


@pytest.mark.parametrize(("kind", "frozen"), [("command", True), ("embedded", False)])
def test_memoryOfTheStart(kind: str, frozen: bool, tmp_path: Path) -> None:
    """The command's garbage collector looks seldom, and not at it; an embedder's is its own."""
    ended = started(tmp_path, sys.executable, "-c", _STARTED, kind)
    assert (ended.returncode, ended.stdout.split()) == (0, [str(frozen)] * 2), ended.stderr


_LATE = """
import socket, sys
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from jetdirect import process
from jetdirect.configuration import Configuration
from jetdirect.named import PortSettings
from jetdirect.spool.files import openSpool
from jetdirect.transports.build import transportFor

where, printer = "tcp:0:interface=127.0.0.1", transportFor(reactor, "socket://127.0.0.1:9")
spool, opened = openSpool("spool", reactor), Deferred()
paused = spool.paused
spool.paused = lambda: opened.addCallback(lambda _: paused())
configuration = Configuration(
    [printer], [where], defaults=PortSettings(spool=True), spool="spool"
)
gateway = process.CommandLineGateway(configuration, reactor, lambda same: same, spool)
gateway.startService()

async def look():
    port = gateway.getServiceNamed(where)._waitingForPort.result.getHost().port
    sender = socket.create_connection(("127.0.0.1", port))
    sender.setblocking(False)
    for turn in range(20):
        await deferLater(reactor, 0)
    said = heard(sender)
    print(said or "waits")
    if sys.argv[1] == "late":
        opened.callback(None)
    else:
        gateway._serving.reset(0)  # the time for it is over
    while not said:
        await deferLater(reactor, 0.01)
        said = heard(sender)
    print(said)
    reactor.stop()

def heard(sender):
    try:
        return sender.recv(3).decode()
    except BlockingIOError:
        return ""

reactor.callWhenRunning(lambda: Deferred.fromCoroutine(look()))
reactor.run()
"""


@pytest.mark.parametrize("spool", ["late", "never"])
def test_spoolOpensLate(spool: str, tmp_path: Path) -> None:
    """
    Senders that come before the spool is open wait, and are not told 450; if it does not open they
    are let in all the same.
    """
    ended = started(tmp_path, sys.executable, "-c", _LATE, spool)
    assert (ended.returncode, ended.stdout.split()) == (0, ["waits", "220"]), ended.stderr
