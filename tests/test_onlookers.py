"""
Who looks on from outside, and what they see of a gateway.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from jetdirect.interfaces import IAlarmReceiver, IMetrics
from jetdirect.onlookers import _size, _Watched, counting, receivers
from jetdirect.spool.limits import Least
from jetdirect.spool.record import Room
from jetdirect.watch.mail import MailReceiver
from jetdirect.watch.settings import MailServer, NotifySettings, Webhook
from jetdirect.watch.webhook import WebhookReceiver
from tests.support.answers import hear
from tests.support.machine import Machine
from tests.support.memory import MemoryGateway


@pytest.mark.parametrize(
    ("many", "told"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 KB"),
        (12_345, "12.3 KB"),
        (999_600, "1 MB"),
        (999_600_000, "1 GB"),
        (5e15, "5e+03 TB"),
    ],
)
def test_size(many: float, told: str) -> None:
    """Three digits, and a thousand of a unit is one of the next."""
    assert _size(many) == told


def short(machine: Machine, free: int, total: int = 1000) -> str:
    """What is told of a disk with so much room."""
    machine.disk.space = Room(free, total)
    [told] = hear(_Watched(machine.server).short())
    assert isinstance(told, str)
    return told


def test_short() -> None:
    """A spool is short of space when less is free than twice what is to stay free."""
    machine = Machine(minFree=Least(percent=10))
    assert short(machine, 200) == ""
    assert short(machine, 199) == (
        "the spool is short of space: 199 bytes of 1 KB are free,"
        " below 100 bytes jobs are refused (452)"
    )


def test_neverShort() -> None:
    """Nobody is told where nothing is to stay free, or nothing is kept."""
    assert short(Machine(minFree=Least(percent=0)), 0) == ""
    assert hear(_Watched(MemoryGateway().server).short()) == [""]


def test_broken() -> None:
    """Why the spool takes nothing, as long as that is so."""
    machine = Machine()
    watched = _Watched(machine.server)
    assert watched.broken() == "" == _Watched(MemoryGateway().server).broken()
    machine.disk.fault = lambda number, name: (_ for _ in ()).throw(OSError(5, "failed"))
    machine.upload(b"1")
    assert "failed" in watched.broken()


def test_ports() -> None:
    """Each port by its name, with what waits there; and the jobs that have a printer."""
    machine = Machine()
    machine.printer.hesitant = True
    for name in (b"1", b"2"):
        machine.upload(name)
    machine.advance(1)
    watched = _Watched(machine.server)
    [seen] = watched.ports()
    assert seen.name == "PORT1"
    assert [each.number for each in watched.printing()] == [1]


def test_receivers() -> None:
    """Those that are named, and no others."""
    reactor: Any = Machine().reactor
    ops, night = "ops@example.com", "night@example.com"
    mail = NotifySettings((ops, night, ops), smtp=MailServer("localhost", 25))
    both = receivers(mail, reactor)
    assert all(isinstance(each, MailReceiver) for each in both)
    assert [each.name.split()[2] for each in both] == [ops, night]
    hook = NotifySettings(webhook=Webhook("localhost", 80, False))
    [told] = receivers(hook, reactor)
    assert isinstance(told, WebhookReceiver) and IAlarmReceiver.providedBy(told)


def test_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are counted where what writes them is installed, and are done without elsewhere."""
    gateway = MemoryGateway()
    assert IMetrics.providedBy(counting(gateway.server, lambda: 0, gateway.reactor))
    monkeypatch.setitem(sys.modules, "jetdirect.watch.metrics", None)
    assert counting(gateway.server, lambda: 0, gateway.reactor) is None
