"""
Data connections that somebody else wants (A4), and the way around the rules about them (A5).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from laboratory.attacks import theft
from laboratory.attacks.theft import dial, isClosed, passive
from laboratory.attacks.victim import OWNER, Victim
from laboratory.attacks.wire import Wire
from tests.support.caller import resetConnection
from tests.support.modes import hasIPv6


def test_races(tmp_path: Path) -> None:
    """A4: a thief is hung up on, and the port stays open for its owner."""
    figures = theft.races(tmp_path, 60)
    assert (figures["thefts"], figures["successes of the owner"]) == (0, 60)
    refused, reached = (
        int(str(figures[name]))
        for name in ("refusals in the log", "thieves that reached the open port")
    )
    assert 0 < refused <= reached  # others were in the kernel's queue when the port was closed


@pytest.mark.parametrize(
    "leave",
    [
        lambda wire: wire.say("EPSV"),
        lambda wire: wire.say("ABOR"),
        lambda wire: wire.say("PORT 127,0,0,5,200,200"),
        lambda wire: wire.say("REIN"),
        lambda wire: wire.say("QUIT"),
        lambda wire: wire.socket.close(),
        lambda wire: resetConnection(wire.socket),
    ],
    ids=["EPSV again", "ABOR", "PORT", "REIN", "QUIT", "FIN", "RST"],
)
def test_portIsClosed(leave: Callable[[Wire], object], tmp_path: Path) -> None:
    """A4: a port that its owner does not want any more is open to nobody."""
    with Victim(tmp_path) as victim, Wire(victim.port, login=True) as wire:
        number = passive(wire)
        leave(wire)
        assert isClosed(number)


def test_onlyOnce(tmp_path: Path) -> None:
    """A4: behind the first connection of its owner the port is closed, to him too."""
    with Victim(tmp_path) as victim, Wire(victim.port, login=True) as wire:
        number = passive(wire)
        with dial(number) as data:
            assert isClosed(number)
            assert wire.say("STOR page")[:3] == b"150"
            data.sendall(b"page")
        assert wire.reply()[:3] == b"226"
        assert victim.printer.jobs == [b"page"]


def test_oneAddress(tmp_path: Path) -> None:
    """A4: the port is open on the address that the sender spoke to, and on no other."""
    with Victim(tmp_path) as victim, Wire(victim.port, login=True) as wire:
        assert isClosed(passive(wire), host="127.0.0.2")


def test_portsAreNotPredictable(tmp_path: Path) -> None:
    """A4: who sees one port of the range does not know the next one."""
    with (
        Victim(tmp_path, "--passive-ports=40000-49999") as victim,
        Wire(victim.port, login=True) as wire,
    ):
        numbers = []
        for _ in range(50):
            numbers.append(passive(wire))
            assert wire.say("ABOR")[:3] == b"226"
        steps = {after - before for before, after in pairwise(numbers)}
        assert len(set(numbers)) > 40 and len(steps) > 40, numbers


def test_extendedOnly(tmp_path: Path) -> None:
    """A5: after EPSV ALL nobody, not even a proxy in between, can ask for another way."""
    with Victim(tmp_path) as victim, Wire(victim.port, login=True) as wire:
        assert wire.say("EPSV ALL")[:3] == b"200"
        for line in ("PASV", "PORT 127,0,0,5,200,200", "EPRT |1|127.0.0.5|51400|"):
            assert wire.say(line)[:3] == b"503", line
        assert wire.say("STOR page")[:3] == b"425"
        assert wire.say("EPSV")[:3] == b"229"


@pytest.mark.skipif(not hasIPv6(), reason="this machine has no IPv6")
def test_family(tmp_path: Path) -> None:
    """A5: an IPv6 sender gets an IPv6 port, and is not sent to an IPv4 address that is not his."""
    with (
        Victim(tmp_path, "--port", r"tcp6:0:interface=\:\:1") as victim,
        Wire(victim.port, OWNER, "::1", login=True) as wire,
    ):
        assert wire.say("PASV")[:3] == b"522"
        assert wire.say("EPSV 1")[:3] == b"522"
        number = passive(wire)
        assert isClosed(number)
