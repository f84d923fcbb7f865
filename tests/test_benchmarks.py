"""
The benchmarks measure what they say, notice what is wrong, and leave nothing behind.  No times.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import content, measure
from benchmarks.figures import counts
from benchmarks.lab import deliver
from benchmarks.process import ROOT, Process
from benchmarks.sender import Order
from benchmarks.servers.server import Server
from benchmarks.sink import Manners, Sink
from benchmarks.table import Row, atLeast, atMost, written

pytestmark = pytest.mark.slow

SIZE = 3_000_017
PATIENCE = 60.0


@contextlib.contextmanager
def relay(sink: int, flip: int = -1) -> Iterator[int]:
    """Pass one connection on, but flip a bit of the byte at this place."""

    def pour() -> None:
        wire, _ = listener.accept()
        with wire, socket.create_connection(("127.0.0.1", sink)) as printer:
            place = 0
            while piece := bytearray(wire.recv(65536)):
                if place <= flip < place + len(piece):
                    piece[flip - place] ^= 1
                place += len(piece)
                printer.sendall(piece)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=pour, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(PATIENCE)


class Relay(Server):
    """As a server that is measured."""

    name = "relay"
    settings = "passes one connection on"
    ftp = False

    def __init__(self, port: int) -> None:
        self.port = port

    @classmethod
    def version(cls) -> str | None:
        return "1"

    def cpu(self) -> float:
        """Nothing that we know of."""
        return 0.0


@pytest.mark.parametrize("place", [0, SIZE // 2, SIZE - 1])
def test_hashingNoticesOneWrongBit(tmp_path: Path, place: int) -> None:
    """
    Wherever it is in a job, and whatever is measured.
    """
    with (
        Sink(tmp_path, Manners(hash=True)) as sink,
        relay(sink.ports[0], place) as port,
        pytest.raises(AssertionError, match="1 of 1 jobs came with other bytes"),
    ):
        deliver(Relay(port), sink, Order(0, size=SIZE))


@pytest.mark.parametrize("hashing", [False, True])
def test_aGoodJobPasses(tmp_path: Path, hashing: bool) -> None:
    """
    With hashing and without.
    """
    with Sink(tmp_path, Manners(hash=hashing)) as sink, relay(sink.ports[0]) as port:
        done = deliver(Relay(port), sink, Order(0, size=SIZE))
        [sent], [received] = done.load.jobs, done.received
        assert sent.first <= received.first <= received.ended
        assert done.seconds >= (received.ended - sent.first) / 1e9 > 0
        assert received.digest == (content.digest(0, SIZE) if hashing else None)


def test_theNumberOfBytesIsComparedAlways(tmp_path: Path) -> None:
    """
    Without hashing, too.
    """
    with Sink(tmp_path, Manners()) as sink:
        with socket.create_connection(("127.0.0.1", sink.ports[0])) as wire:
            wire.sendall(b"x" * 99)
        with pytest.raises(AssertionError, match=r"of 100 bytes were sent, \{99: 1\} came"):
            sink.check(1, 100)


def test_jobsMayNotBeConfused() -> None:
    """
    The same job twice is not two jobs.
    """
    first, second = content.digest(0, 1000), content.digest(1, 1000)
    content.check(2, 1000, [(1000, second), (1000, first)])
    with pytest.raises(AssertionError, match="1 of 2 jobs"):
        content.check(2, 1000, [(1000, first), (1000, first)])


def test_theTimeOfEndedChildrenCounts(tmp_path: Path) -> None:
    """
    A server's processor time includes that of its sessions' processes.
    """
    burn = "import time\nwhile time.process_time() < 0.3: pass\n"
    code = (
        "import subprocess, sys\n"
        f"subprocess.run([sys.executable, '-c', {burn!r}])\n"
        "print('[]', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with Process([sys.executable, "-c", code], tmp_path / "log") as process:
        process.hear()
        assert 0.28 <= measure.cpuSeconds(process.pid) < PATIENCE


def test_aRatioIsThatOfTheRounds() -> None:
    """
    Targets are judged by it; an absent peer is said to be absent, and judges nothing.
    """
    row = Row("speed", [2, 20, 6], "peer", [1, 10, 2], atLeast(2.5))
    assert (row.ratio, row.met) == (2, False)
    assert Row("cost", [1, 3, 2], target=atMost(2)).met is True
    absent = Row("cost", [1], "peer", [], atMost(2))
    assert absent.met is None
    assert "absent" in written([absent])
    still = Row("growth", [0.0, 1.0], "peer", [0.0, 1.0])
    assert still.ratio is None
    assert "growth  0.5 (0-1)" in written([still])


def test_totalsAreRead(tmp_path: Path) -> None:
    """
    Of both tools that count; with and without a column for errors.
    """
    file = tmp_path / "counted"
    file.write_text("==7== Command: python -m x 1\n==7==\n==7== I   refs:      24,345,678\n")
    assert counts.read(file, "valgrind") == 24_345_678
    lines = [
        "% time     seconds  usecs/call     calls    errors syscall",
        "------ ----------- ----------- --------- --------- ------------",
        " 99.02    0.010123          12       800        17 recvfrom",
    ]
    for last in (
        "100.00    0.010223          12       801        17 total",
        "100.00    0.010223          12       801           total",
    ):
        file.write_text("\n".join([*lines, last, ""]))
        assert counts.read(file, "strace") == 801


def run(place: Path, *words: str) -> subprocess.Popen[str]:
    """The benchmarks as a person starts them."""
    command = [sys.executable, "-m", "benchmarks", "latency", "--peers=none"]
    command += [f"--place={place}", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.long
def test_aFigure(tmp_path: Path) -> None:
    """
    The quickest figure, with every byte checked.
    """
    with run(tmp_path, "--hash", "--rounds=1", "--scale=0.02") as process:
        output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert "data close to 226" in output
    assert "NOT MEASURED" not in output


def test_held() -> None:
    """
    What idle sessions keep is told by the line that asked for it, ours and Twisted's.
    """
    command = [sys.executable, "-m", "benchmarks.held", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert "KiB a session, 7 held" in done.stdout
    assert "ftp/session.py:" in done.stdout
    assert "internet/base.py:" in done.stdout


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothingRunsOn(tmp_path: Path, number: int) -> None:
    """
    Whoever ends the benchmarks, however, ends the servers, sinks and senders.
    """
    with run(tmp_path) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "round 1" in line:
                break
        family = measure.family(process.pid)[1:]
        assert len(family) >= 2
        with contextlib.ExitStack() as stack:
            handles = [_handle(stack, pid) for pid in family]
            process.send_signal(number)
            process.communicate(timeout=PATIENCE)
            for pid, handle in zip(family, handles, strict=True):
                ended = handle is None or select.select([handle], [], [], PATIENCE)[0]
                assert ended, f"{pid} of {family} runs on"
    assert number == signal.SIGKILL or not list(tmp_path.iterdir())


def _handle(stack: contextlib.ExitStack, pid: int) -> int | None:
    # Readable when the process has ended (pidfd_open(2)).
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    stack.callback(os.close, handle)
    return handle
