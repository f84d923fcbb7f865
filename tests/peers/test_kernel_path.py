"""
Bytes that stay inside the kernel, in a gateway process of its own: what becomes of them when
everything is full, and what the process or its user may lack.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jetdirect.job import COPIED_FIRST
from jetdirect.language import END_OF_JOB
from tests.support.behaviours import pausedAfter
from tests.support.caller import Caller, resetConnection
from tests.support.debian import program
from tests.support.gateway import Gateway, command, environment
from tests.support.peer import PATIENCE
from tests.support.process import calm, descriptors, fewDescriptors
from tests.support.rawprinter import RawPrinter, good
from tests.support.session import Session, delivered, lastLine

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "splice"), reason="splice(2) is Linux's alone"),
    pytest.mark.skipif(
        os.environ.get("JETDIRECT_TEST_SPLICE") == "off", reason="every job is to be copied"
    ),
]

JOB = b"%!PS\n" + random.Random(9100).randbytes(48 * 1024 * 1024)
"""More than the kernel takes of a sender and for a printer that does not read, and the pipe."""

SMALL_BUFFER = 200_000
"""Receive buffer of such a printer."""

#: A user of whom nobody knows, so that the pipes of others do not count.
NOBODY_ELSE = 54321

#: What one user may have in pipes (pipe(7)): pages.
SOFT_LIMIT = Path("/proc/sys/fs/pipe-user-pages-soft")

COPIED = "bytes are copied, not spliced"


def pipes(pid: int) -> int:
    """How many ends of pipes a process has open."""
    found = 0
    for each in descriptors(pid):
        with contextlib.suppress(OSError):  # closed meanwhile
            found += os.readlink(f"/proc/{pid}/fd/{each}").startswith("pipe:")
    return found


def push(wire: socket.socket, patience: float = 1.0) -> int:
    """
    Send the job until nobody takes a byte for a while.

    @return: how many bytes are sent.
    """
    sent = 0
    wire.settimeout(patience)
    with contextlib.suppress(TimeoutError):
        while sent < len(JOB):
            sent += wire.send(JOB[sent : sent + 65536])
    return sent


def assertPrints(gateway: Gateway, printer: RawPrinter, data: bytes = JOB[:300_000]) -> None:
    """A job of a new session prints, whole, and leaves nothing behind."""
    with Session(gateway.port) as session:
        reply = session.send(data)
    assert re.search(delivered("PORT1", len(data)), lastLine(reply)), reply
    assert printer.jobs[-1] == data


class Stuck:
    """
    A job before a printer that has stopped reading, with everything full; the next are printed.

    @ivar gate: opened, the printer reads on.
    @ivar sent: bytes of the job that the kernel took of its sender.
    """

    def __init__(self, all: contextlib.ExitStack, directory: Path, *options: str) -> None:
        self.gate = threading.Event()
        first = pausedAfter(100_000, self.gate)
        self.printer = all.enter_context(RawPrinter(first, good, receiveBuffer=SMALL_BUFFER))
        words = ("--printer", self.printer.uri(), *options)
        self.gateway = all.enter_context(Gateway(directory, *words))
        self.session = all.enter_context(Session(self.gateway.port))
        before = pipes(self.gateway.pid)
        self.wire = all.enter_context(self.session.upload())
        self.sent = push(self.wire)
        assert pipes(self.gateway.pid) == before + 2
        self.before = before
        all.callback(self.gate.set)

    def assertCut(self) -> None:
        """The printer has the beginning of the job and what ends it; the next job is none of it."""
        printed = self.printer.waitForJob(1)
        assert printed.endswith(END_OF_JOB)
        assert COPIED_FIRST < len(printed) <= self.sent + len(END_OF_JOB)
        assert JOB.startswith(printed[:-1])
        assertPrints(self.gateway, self.printer)
        assert pipes(self.gateway.pid) == self.before


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[Stuck]:
    """One."""
    with contextlib.ExitStack() as all:
        yield Stuck(all, tmp_path)


def test_stallsAndGoesOn(stuck: Stuck) -> None:
    """A printer that stops for a while, and then reads on, gets the job as it was sent."""
    with calm(stuck.gateway.pid):
        stuck.session.say("NOOP")
    stuck.gate.set()
    stuck.wire.settimeout(PATIENCE)
    stuck.wire.sendall(JOB[stuck.sent :])
    stuck.wire.close()
    assert re.search(delivered("PORT1", len(JOB)), lastLine(stuck.session.reply()))
    assert stuck.printer.jobs[0] == JOB
    assertPrints(stuck.gateway, stuck.printer)
    assert pipes(stuck.gateway.pid) == stuck.before


def test_aborted(stuck: Stuck) -> None:
    """ABOR while the pipe is full: what is in it goes first, then what ends the job."""
    stuck.session.putcmd("ABOR")
    assert stuck.session.reply().startswith("426")
    stuck.gate.set()
    assert stuck.session.reply().startswith("226")
    stuck.assertCut()


def test_controlLost(stuck: Stuck) -> None:
    """So it is when the sender is gone."""
    assert stuck.session.sock is not None and stuck.session.file is not None
    stuck.session.file.close()
    resetConnection(stuck.session.sock)
    stuck.gateway.jobEnd(1)
    stuck.gate.set()
    stuck.assertCut()


def test_dataReset(stuck: Stuck) -> None:
    """A reset behind a full pipe is seen when the printer goes on; it is no end of the file."""
    resetConnection(stuck.wire)
    stuck.gate.set()
    assert stuck.session.reply().startswith("551")
    stuck.assertCut()


def test_printerReset(tmp_path: Path) -> None:
    """Of what was in the pipe of a job whose printer was lost the next job has nothing."""
    gate = threading.Event()

    def breaks(caller: Caller) -> None:
        caller.readUntil(100_000)
        caller.waitFor(gate)
        caller.reset()

    with (
        RawPrinter(breaks, good, receiveBuffer=SMALL_BUFFER) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        before = pipes(gateway.pid)
        with session.upload() as wire:
            push(wire)
            assert pipes(gateway.pid) == before + 2
            gate.set()
            assert session.reply().startswith("551")
        assertPrints(gateway, printer)
        assert pipes(gateway.pid) == before


def test_shutdown(stuck: Stuck) -> None:
    """A gateway that is asked to end while the pipe is full ends the job, and then itself."""
    stuck.gateway.askToEnd()
    stuck.gate.set()
    stuck.wire.settimeout(PATIENCE)
    stuck.wire.sendall(JOB[stuck.sent :])
    stuck.wire.close()
    assert re.search(delivered("PORT1", len(JOB)), lastLine(stuck.session.reply()))
    stuck.session.close()
    stuck.gateway.waitForEnd()
    assert stuck.printer.jobs == [JOB]


def test_shutdownThatIsTooSoon(tmp_path: Path) -> None:
    """When the time is over, what is in the pipe and what ends the job still reach the printer."""
    with contextlib.ExitStack() as all:
        stuck = Stuck(all, tmp_path, "--drain-timeout", "0.2")
        stuck.gateway.askToEnd()
        assert stuck.session.reply().startswith("551")
        stuck.gate.set()
        stuck.session.close()
        stuck.gateway.waitForEnd()
        [printed] = stuck.printer.jobs
        assert printed.endswith(END_OF_JOB)
        assert JOB.startswith(printed[:-1])


def test_urgentData(tmp_path: Path) -> None:
    """The urgent pointer in a data connection costs no byte; its own is printed in its place."""
    with (
        RawPrinter() as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            wire.sendall(JOB[:100_000])
            printer.waitForBytes(1, 100_000)
            wire.send(b"!", socket.MSG_OOB)
            wire.sendall(JOB[100_000:300_000])
        assert re.search(delivered("PORT1", 300_001), lastLine(session.reply()))
        assert printer.jobs == [JOB[:100_000] + b"!" + JOB[100_000:300_000]]


# Both ways are tested.


def test_everyURIIsToldToCopy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable in the environment reaches every printer that can do otherwise."""
    uris = ["socket://box:9100", "--printer=endpoint:tls:box:9100?waiteof=off", "file:/jobs"]
    uris.append("socket://box?splice=on")
    assert command(*uris)[-4:] == uris
    monkeypatch.setenv("JETDIRECT_TEST_SPLICE", "off")
    uris[0] += "?splice=off"
    uris[1] += "&splice=off"
    assert command(*uris)[-4:] == uris


def test_copiedIfTold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no byte of theirs goes through a pipe."""
    monkeypatch.setenv("JETDIRECT_TEST_SPLICE", "off")
    with (
        RawPrinter() as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        before = pipes(gateway.pid)
        with session.upload() as wire:
            wire.sendall(JOB[:300_000])
            printer.waitForBytes(1, 300_000)
            assert pipes(gateway.pid) == before
        assert re.search(delivered("PORT1", 300_000), lastLine(session.reply()))


# What is lacking.


@pytest.mark.parametrize("spare", [0, 1])
def test_noDescriptorForAPipe(tmp_path: Path, spare: int) -> None:
    """A job that is under way when descriptors run out needs none for a pipe."""
    with (
        RawPrinter() as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        assert session.say("TYPE I").startswith("200")
        with socket.create_connection(session.makepasv()) as wire:
            session.say("NOOP")  # the connection that is there by now is accepted behind it at last
            assert session.say("STOR page.ps").startswith("150")
            with fewDescriptors(gateway.pid, spare):
                wire.sendall(JOB[:300_000])
                wire.close()
                reply = session.reply()
        assert re.search(delivered("PORT1", 300_000), lastLine(reply)), reply
        assert printer.jobs == [JOB[:300_000]]
        assert len(gateway.matches(COPIED)) == 1
        assertPrints(gateway, printer)
        assert len(gateway.matches(COPIED)) == 1


@contextlib.contextmanager
def manyPipes() -> Iterator[list[str]]:
    """
    A user who has as many pages in pipes as a user may have.

    @return: what to put before a command of the same user.
    """
    if os.geteuid() != 0:
        pytest.skip("root is needed to be another user")
    pages = int(SOFT_LIMIT.read_text())
    if not 0 < pages <= 65536:
        pytest.skip(f"{SOFT_LIMIT}: {pages}")
    user = [program("setpriv"), f"--reuid={NOBODY_ELSE}", f"--regid={NOBODY_ELSE}"]
    user.append("--clear-groups")
    with subprocess.Popen(
        [*user, sys.executable, "-c", _HOARD, str(pages)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as hoarder:
        assert hoarder.stdout is not None
        try:
            if not hoarder.stdout.readline():
                pytest.skip(f"{sys.executable} is not everybody's to run")
            yield user
        finally:
            hoarder.kill()


_HOARD = """
import fcntl, os, sys
most = os.sysconf("SC_PAGE_SIZE") * int(sys.argv[1])
size, ends = 1 << 20, []
while size >= 4096:
    try:
        ends.append(os.pipe())
        most -= fcntl.fcntl(ends[-1][0], fcntl.F_SETPIPE_SZ, size)
    except OSError:
        size //= 2
print("full", flush=True)
sys.stdin.read()
"""


def test_noPageForAPipe() -> None:
    """A user with too many pipes gets one that is too small to be of use: bytes are copied."""
    with RawPrinter() as printer, manyPipes() as user:
        probe = [*user, sys.executable, "-c", "import jetdirect, twisted.plugins.jetftp"]
        if subprocess.run(probe, cwd="/", env=environment(), capture_output=True).returncode:
            pytest.skip("jetdirect is not everybody's to read")
        with Gateway(Path("/"), "--printer", printer.uri(), before=user) as gateway:
            assertPrints(gateway, printer, b"page")  # the gateway is all there
            before = pipes(gateway.pid)
            for _ in range(2):
                assertPrints(gateway, printer)
            assert len(gateway.matches(COPIED)) == 2
            assert pipes(gateway.pid) == before


@pytest.mark.parametrize("error", ["ENOSYS", "EPERM"])
def test_noSuchCall(tmp_path: Path, error: str) -> None:
    """Where the system denies splice(2), as a filter may do, bytes are copied."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is missing: apt-get install strace")
    # -D: the gateway itself is the process that is started here, and strace its child.
    before = [strace, "-D", "-f", "-qq", "-o", str(tmp_path / "trace")]
    before += ["-e", "trace=splice", "-e", f"inject=splice:error={error}"]
    with (
        RawPrinter() as printer,
        Gateway(tmp_path, "--printer", printer.uri(), before=before) as gateway,
    ):
        assertPrints(gateway, printer)
        assertPrints(gateway, printer)
        assert len(gateway.matches(COPIED)) == 2
    assert (tmp_path / "trace").read_text().count("splice(") == 2
