"""
Starvation without sockets (A8, A10): what takes too long for a clock on the wall, or is not seen
from outside.
"""

from __future__ import annotations

import gc
from pathlib import Path

from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.ftp.control import LINGER
from jetdirect.ftp.settings import SessionSettings
from jetdirect.ftp.upload import PATIENCE
from jetdirect.gateway import Gateway
from jetdirect.testing import FakePrinter, FakeSender
from jetdirect.watch.history import KEPT
from laboratory.attacks.figures import Figures

A_JOB = 5
"""The kind of session that has one."""


def memoryOf(place: Path, count: int) -> Figures:
    """The same C{count} sessions in memory: timers, objects and references to them."""
    reactor = MemoryReactorClock()
    gateway = Gateway(Configuration([FakePrinter()], [], SessionSettings(maxSessions=10)), reactor)

    def session(number: int) -> None:
        sender = FakeSender(gateway.factory, f"192.0.2.{number % 250 + 1}")
        match number % 6:
            case 0:
                sender.wire.fin()
            case 1:
                sender.wire.receive(b"USER half")
                sender.wire.rst()
            case 2:
                sender.login()
                sender.say("EPSV")
                sender.wire.fin()
            case 3:
                sender.say("QUIT")
                sender.wire.fin()
            case 4:
                sender.wire.receive(b"GET / HTTP/1.1\r\n")
                reactor.advance(LINGER)  # and is closed upon
            case 5:
                sender.login()
                sender.begin("page")
                sender.wire.rst()
        reactor.tcpServers.clear()
        gateway.server.ports[0].transport.jobs.clear()  # type: ignore[attr-defined]

    def things() -> int:
        gc.collect()
        return len(gc.get_objects())

    for _ in range(KEPT):  # the jobs that are remembered are there from now on
        session(A_JOB)
    for number in range(600):
        session(number)
    before = things()
    for number in range(count):
        session(number)
    grown, timers = things() - before, len(reactor.getDelayedCalls())
    assert timers == 0 and grown < 100, (timers, grown)
    assert not gateway.factory.sessions
    return {"sessions": count, "timers left": timers, "objects left": grown}


def slowControl(place: Path, count: int) -> Figures:
    """
    C{count} times, in virtual time: something every 1 to 30 s, before and after login.

    @return: after how many seconds the place was free, at most.
    """
    longest = {"before login": 0.0, "in mid-line": 0.0}
    for number in range(count):
        for manner in (b"", b"N", b"\r\n", b"NOOP\r\n", b"USER a\r\n"):
            longest["before login"] = max(
                longest["before login"], _endured(manner, login=False, every=1 + number % 30)
            )
        longest["in mid-line"] = max(
            longest["in mid-line"], _endured(b"N", login=True, every=1 + number % 30)
        )
    limits = SessionSettings()
    assert longest["before login"] <= limits.loginTimeout + 5, longest
    assert longest["in mid-line"] <= limits.lineTimeout + 5, longest
    return {"peers": 6 * count, "seconds until the place was free, at most": longest}


def _endured(piece: bytes, login: bool, every: int) -> float:
    reactor = MemoryReactorClock()
    gateway = Gateway(Configuration([FakePrinter()], [], SessionSettings(maxSessions=1)), reactor)
    sender = FakeSender(gateway.factory)
    if login:
        sender.login()
    began = reactor.seconds()
    while gateway.factory.sessions and reactor.seconds() - began < 3600:
        if (reactor.seconds() - began) % every == 0:
            sender.wire.receive(piece)
        reactor.advance(1)
    taken = reactor.seconds() - began
    assert FakeSender(gateway.factory, "192.0.2.7").greeting[:3] == "220"
    return taken


def slowDial(place: Path, count: int) -> Figures:
    """C{count} uploads whose data connection never comes, in virtual time."""
    reactor = MemoryReactorClock()
    gateway = Gateway(Configuration([FakePrinter()], []), reactor)
    longest = 0.0
    for number in range(count):
        hostile, honest = FakeSender(gateway.factory), FakeSender(gateway.factory, "192.0.2.7")
        for sender in (hostile, honest):
            sender.login()
        hostile.say("PORT 192,0,2,1,200,200" if number % 2 else "EPSV")
        assert hostile.say("STOR page")[:3] == "150"
        began = reactor.seconds()
        assert honest.begin("page") == ""  # it waits for its turn
        while not (heard := honest.hear()):
            reactor.advance(1)
        assert heard[:3] == "150"
        assert honest.send(b"page")[:3] == "226"
        longest = max(longest, reactor.seconds() - began)
        assert hostile.hear()[:3] == "425"
        for sender in (hostile, honest):
            sender.wire.fin()
    assert longest <= PATIENCE + 1
    return {"uploads": count, "seconds until the next job was printed, at most": longest}


def hoarded(count: int) -> int:
    """How many of C{count} refused connections, whose peer ends none, stay open."""
    reactor = MemoryReactorClock()
    gateway = Gateway(Configuration([FakePrinter()], [], SessionSettings(maxSessions=1)), reactor)
    FakeSender(gateway.factory)
    refused = [FakeSender(gateway.factory, "192.0.2.66") for _ in range(count)]
    assert all(each.greeting[:3] == "421" for each in refused)
    kept = sum(1 for each in refused if each.wire.connected)
    reactor.advance(LINGER)
    assert not any(each.wire.connected for each in refused)
    return kept
