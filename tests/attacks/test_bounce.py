"""
FTP bounce (A1 to A3).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from laboratory.attacks import bounce
from laboratory.attacks.victim import OWNER, Victim
from laboratory.attacks.wire import Wire
from tests.support.modes import hasIPv6


@pytest.mark.parametrize(
    "own",
    [
        OWNER,
        pytest.param(
            "::1", marks=pytest.mark.skipif(not hasIPv6(), reason="this machine has no IPv6")
        ),
    ],
)
def test_thirdHosts(own: str, tmp_path: Path) -> None:
    """A1, A2: no form of an address leads to a third host, or to a privileged port."""
    figures = bounce.strings(tmp_path, 700, own=own)
    assert figures["connections to third hosts and privileged ports"] == 0
    assert len(figures["replies"]) >= 3, figures  # type: ignore[arg-type]


def test_notBefore150(tmp_path: Path) -> None:
    """A3: neither PORT nor a waiting upload makes a connection."""
    assert bounce.notBefore150(tmp_path, 3)["dialled before 150"] == 0


def test_toThePrinter(tmp_path: Path) -> None:
    """A1: nobody reaches the printer past its queue, though it is on the gateway's own host."""
    with Victim(tmp_path) as victim, Wire(victim.port, login=True) as wire:
        high, low = divmod(victim.printer.port, 256)
        assert wire.say(f"PORT 127,0,0,1,{high},{low}")[:3] == b"504"
        assert wire.say(f"EPRT |2|::ffff:127.0.0.1|{victim.printer.port}|")[:3] == b"504"
        assert wire.say("LIST")[:3] == b"425"
        assert not victim.printer.callers
