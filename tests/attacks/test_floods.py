"""
Floods: every command there is, as fast as it can be sent.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.ftp.turns import LINES_A_SLICE
from jetdirect.gateway import Gateway
from jetdirect.testing import FakePrinter, FakeSender
from laboratory.attacks import floods
from laboratory.attacks.victim import KIB, MIB
from tests.support.turn import turn


@pytest.mark.parametrize("login", [False, True])
@pytest.mark.parametrize("name", floods.LINES)
def test_workIsBounded(name: str, login: bool) -> None:
    """No command makes more of itself in one turn of the reactor than a slice."""
    reactor = MemoryReactorClock()
    sender = FakeSender(Gateway(Configuration([FakePrinter()], []), reactor).factory)
    if login:
        sender.login()
        sender.say("MKD d")
        sender.say("MKD d/n1")
    line = floods.LINES[name]
    sender.wire.receive(line * (floods.SEGMENT // max(len(line), 1)))
    for _ in range(5):
        done = re.findall(r"^\d{3} ", sender.hear(), re.MULTILINE)
        assert len(done) <= 2 * LINES_A_SLICE  # ABOR has two
        turn(reactor)
    sender.wire.rst()


@pytest.mark.parametrize("name", ["HELP", "LIST", "EPSV"])
def test_othersPrint(name: str, tmp_path: Path) -> None:
    """
    The worst that were found, on real sockets: another host prints in time beside them, and they
    take neither descriptors (EPSV took all) nor memory, nor fill the log.
    """
    found = floods.flood(tmp_path, name, login=True, prints=3)
    assert max(found.prints) <= floods.MOST, found.row
    assert found.descriptors < 30 and found.grown < 8 * MIB and found.log < 16 * KIB, found.row


def test_allCommandsAreThere() -> None:
    """The set is made from the table of commands: a new one is flooded, too."""
    assert {"HELP", "STOR", "ABOR", "XRMD"} < set(floods.VERBS) < set(floods.LINES)
