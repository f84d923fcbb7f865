"""
Starvation (A8 to A10).
"""

from __future__ import annotations

import os
import re
import resource
import socket
import time
from pathlib import Path

import pytest

from jetdirect.ftp import upload
from jetdirect.net.facts import KernelFacts
from laboratory.attacks import patience, starvation
from laboratory.attacks.victim import GATEWAY, HOSTILE, Victim
from laboratory.attacks.wire import Wire


def test_slowControl(tmp_path: Path) -> None:
    """A8: no manner of saying a byte now and then keeps a place longer than the deadlines."""
    patience.slowControl(tmp_path, 10)


def test_slowData(tmp_path: Path) -> None:
    """A9: a data connection that falls silent ends its job, and the next one prints."""
    starvation.slowData(tmp_path, 2)


def test_slowDial(tmp_path: Path) -> None:
    """A9: so does one that never comes."""
    patience.slowDial(tmp_path, 2)


def test_noDataConnection(tmp_path: Path) -> None:
    """A9: two that hold the printer without a data connection keep a third one some seconds."""
    with (
        Victim(tmp_path) as victim,
        Wire(victim.port, HOSTILE, login=True) as first,
        Wire(victim.port, HOSTILE, login=True) as second,
    ):
        for each in (first, second):
            each.say("EPSV")
            each.send(b"STOR page\r\n")
        assert first.reply()[:3] == b"150"
        began = time.monotonic()
        victim.works()
        assert time.monotonic() - began < 3 * upload.PATIENCE
        assert first.reply()[:3] == b"425"


def test_excess(tmp_path: Path) -> None:
    """A10: one session too many is told so, and at once."""
    figures = starvation.refusals(tmp_path, 100)
    found = re.search(r"median ([\d.]+) ms", str(figures["time to the 421"]))
    assert found is not None and float(found[1]) < 100, figures


def test_siege(tmp_path: Path) -> None:
    """A10: one host at full rate, and another one prints in time."""
    assert starvation.siege(tmp_path, 8)["printed within 5 s"] == 8


def test_perHost(tmp_path: Path) -> None:
    """A10: one host does not get the last place, whatever it does in those it has."""
    options = ("--max-sessions=3", "--max-sessions-per-host=2")
    with (
        Victim(tmp_path, *options) as victim,
        Wire(victim.port, HOSTILE) as first,
        Wire(victim.port, HOSTILE, login=True),
    ):
        first.send(b"USER a")
        for _ in range(20):
            with Wire(victim.port, HOSTILE) as third:
                assert third.greeting[:4] == b"421 "
        victim.works()


def test_connections(tmp_path: Path) -> None:
    """A10: connections that come and go leave nothing behind."""
    assert starvation.connections(tmp_path, 1500)["descriptors left"] == 0


def test_memoryOfSessions(tmp_path: Path) -> None:
    """A10: neither timers nor objects."""
    assert patience.memoryOf(tmp_path, 1500)["timers left"] == 0


def test_hoarding() -> None:
    """
    A10: connections that were refused and not ended by their peer take few descriptors.

    At 1,000 a second, 2 s each, they take all that a process usually has.
    """
    assert patience.hoarded(1000) <= 100


def test_noDescriptorLeft() -> None:
    """A10: a job that prints is watched over also when there is no descriptor for anything new."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.create_server((GATEWAY, 0)) as server:
        printer = socket.create_connection(server.getsockname())
        with printer, open(os.devnull) as lowest:
            free = lowest.fileno()
            lowest.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
            try:
                silence = KernelFacts(printer.fileno()).silence()
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert silence is not None


@pytest.mark.parametrize("last", [b"QUIT\r\n", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01"])
def test_leavers(last: bytes, tmp_path: Path) -> None:
    """A10: the place of one who was sent away is free at once, though he does not go."""
    with Victim(tmp_path, "--max-sessions=1") as victim:
        stayers: list[socket.socket] = []
        for _ in range(20):
            wire = Wire(victim.port, HOSTILE)
            assert wire.greeting[:3] == b"220"
            wire.send(last)
            assert wire.reply()[:3] in (b"221", b"500")
            stayers.append(wire.socket)
        for each in stayers:
            each.close()
