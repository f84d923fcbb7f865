"""
Options for networks that are not simple: what each lets through, and what it still does not.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent

from jetdirect.configuration import Configuration
from jetdirect.errors import NoDataConnection
from jetdirect.ftp.data import DataTerms
from jetdirect.ftp.dataports import ActivePort
from jetdirect.ftp.settings import SessionSettings
from jetdirect.gateway import Gateway
from jetdirect.testing import FakePrinter, FakeSender
from laboratory.attacks.theft import isClosed
from tests.support.gateway import Gateway as Process
from tests.support.line import HOST, reactor, until
from tests.support.peer import PATIENCE
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session
from tests.test_announced import Names
from tests.test_data import GOING_ON, Sink, pour, turn

PEER = "192.0.2.1"
senders: list[FakeSender] = []


@pytest.fixture(autouse=True)
def goodbye() -> Iterator[None]:
    """No sender stays."""
    yield
    while senders:
        senders.pop().wire.rst()


def sender(clock: Any, **settings: Any) -> FakeSender:
    """One that has logged in at a gateway with these settings."""
    gateway = Gateway(Configuration([FakePrinter()], [], SessionSettings(**settings)), clock)
    logged = FakeSender(gateway.factory, host=PEER, local="192.0.2.9")
    logged.login()
    senders.append(logged)
    return logged


# Active mode beyond a NAT


@pytest.mark.parametrize(
    "command",
    [
        "PORT 10,1,2,3,8,73",
        "PORT 192,168,1,1,8,73",
        "PORT 100,64,0,1,8,73",
        "EPRT |1|172.16.0.9|2121|",
    ],
)
@pytest.mark.parametrize("nat", [False, True])
def test_privateAddress(command: str, nat: bool) -> None:
    """With --active-nat a private address stands for the sender's own, which is what is dialled."""
    clock = MemoryReactorClock()
    one = sender(clock, activeNAT=nat)
    assert one.say(command)[:3] == ("200" if nat else "504")
    one.say("STOR a.ps")
    assert [host for host, *_ in clock.tcpClients] == [PEER] * nat


@pytest.mark.parametrize(
    "command",
    [
        "PORT 8,8,8,8,8,73",
        "PORT 10,1,2,3,0,25",
        "EPRT |1|93.184.216.34|2121|",
        "EPRT |2|2606:2800:220:1::1|2121|",
    ],
)
def test_noBounce(command: str) -> None:
    """Other hosts' public addresses and low ports are refused all the same."""
    clock = MemoryReactorClock()
    one = sender(clock, activeNAT=True)
    assert one.say(command)[:3] == "504"
    assert one.say("STOR a.ps")[:3] == "425"
    assert not clock.tcpClients


# Data from elsewhere


@pytest.mark.parametrize(
    ("host", "taken"), [("198.51.100.7", True), ("198.51.101.7", False), (PEER, True)]
)
@pytest.mark.parametrize("named", [False, True])
def test_dataFrom(host: str, taken: bool, named: bool) -> None:
    """With --data-from hosts of that network are taken in the sender's place, and no others."""
    clock = MemoryReactorClock()
    networks = [ip_network("198.51.100.0/24")] if named else []
    one = sender(clock, dataFrom=networks)
    assert one.say("EPSV")[:3] == "229"
    factory: Any = clock.tcpServers[-1][1]
    protocol = factory.buildProtocol(IPv4Address("TCP", host, 40000))
    assert (protocol is not None) is (host == PEER or (taken and named))
    factory.close()


@pytest.mark.slow
def test_theft(tmp_path: Path) -> None:
    """A4: on real sockets, too, only the named network can be first beside the sender, and once."""
    with (
        RawPrinter() as printer,
        Process(tmp_path, "--printer", printer.uri(), "--data-from=127.0.0.8/31") as gateway,
        Session(gateway.port) as ftp,
    ):
        assert "in its name: --data-from" in gateway.log
        place = ftp.makepasv()
        with socket.create_connection(place, PATIENCE, ("127.0.0.10", 0)) as thief:
            assert thief.recv(1) == b""
        assert ftp.say("STOR job.ps")[:3] == "150"
        with socket.create_connection(place, PATIENCE, ("127.0.0.9", 0)) as friend:
            assert isClosed(place[1], source="127.0.0.8", host=place[0])
            friend.sendall(b"page")
        assert ftp.reply()[:3] == "226"
        assert printer.waitForJob(1) == b"page"
        gateway.waitFor("data connection from 127.0.0.10 refused")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"dataFrom": [ip_network("10.0.0.0/8")]}, "10.0.0.0/8"),
        ({"activeNAT": True}, "--active-nat"),
        ({}, None),
    ],
)
def test_warnings(settings: dict[str, Any], told: str | None) -> None:
    """Whatever widens who may send is a warning at the start; by default there is none."""
    gateway = Gateway(
        Configuration([FakePrinter()], [], SessionSettings(**settings)), MemoryReactorClock()
    )
    with capturedLogs() as logged:
        gateway.startService()
    warned = [formatEvent(each) for each in logged if each["log_level"].name == "warn"]
    assert len(warned) == (told is not None)
    assert all(told in line for line in warned if told is not None)


# A port of our own to dial from


def free() -> int:
    """A port that is free."""
    with socket.create_server((HOST, 0)) as probe:
        number: int = probe.getsockname()[1]
        return number


@pytest_twisted.ensureDeferred
async def test_activePort() -> None:
    """Active connections come from the named port, several at a time to one host, too."""
    source, count = free(), 3
    listeners = [socket.create_server((HOST, 0)) for _ in range(count)]
    numbers = [each.getsockname()[1] for each in listeners]
    sinks = [Sink() for _ in numbers]
    ports = [ActivePort(reactor, DataTerms(60), HOST, HOST, each, source) for each in numbers]
    transfers = [pour(port, sink) for port, sink in zip(ports, sinks, strict=True)]
    await turn()
    wires = [each.accept() for each in listeners]
    assert [there for _, there in wires] == [(HOST, source)] * count
    for wire, _ in wires:
        wire.sendall(b"page")
        wire.close()
    await until(lambda: all(each.result != GOING_ON for each in transfers))
    assert [each.result for each in transfers] == [None] * count
    assert [each.data for each in sinks] == [b"page"] * count
    for each in listeners:
        each.close()


@pytest_twisted.ensureDeferred
async def test_activePortIsTaken() -> None:
    """Where the port cannot be used the transfer fails, and says why."""
    with socket.create_server((HOST, 0)) as taken, socket.create_server((HOST, 0)) as listener:
        source, number = taken.getsockname()[1], listener.getsockname()[1]
        port = ActivePort(reactor, DataTerms(60), HOST, HOST, number, source)
        transfer = pour(port, Sink())
        await until(lambda: transfer.result != GOING_ON)
    reason = transfer.failed(NoDataConnection)
    assert reason == "the data connection could not be made from here: Address already in use"


# An address to announce that is a name


def test_passiveName() -> None:
    """PASV waits for the name, and other commands for PASV; the answer is remembered."""
    names = type("Reactor", (Names, MemoryReactorClock), {})()
    one = sender(names, passiveAddress="gw.example")
    assert one.say("PASV") == ""
    assert one.say("SYST") == ""
    names.answer("203.0.113.7")
    heard = one.hear()
    assert "227 Entering Passive Mode (203,0,113,7," in heard
    assert one.say("PASV").startswith("227 Entering Passive Mode (203,0,113,7,")


def test_passiveNameUnknown() -> None:
    """A name that cannot be looked up is a 425, and nothing listens."""
    names = type("Reactor", (Names, MemoryReactorClock), {})()
    one = sender(names, passiveAddress="gw.example")
    one.say("PASV")
    names.answer()
    assert one.say("NOOP").startswith("425")
    assert not names.tcpServers


def test_passiveNameTooLate() -> None:
    """A sender that is gone when the name is known has no port opened."""
    names = type("Reactor", (Names, MemoryReactorClock), {})()
    one = sender(names, passiveAddress="gw.example")
    one.say("PASV")
    one.wire.rst()
    senders.remove(one)
    names.answer("203.0.113.7")
    assert not names.tcpServers


def test_passiveInside() -> None:
    """Senders inside are told the gateway's own address, and no name is looked up for them."""
    names = type("Reactor", (Names, MemoryReactorClock), {})()
    inside = [ip_network("192.0.2.0/24")]
    one = sender(names, passiveAddress="gw.example", passiveInside=inside)
    assert "(192,0,2,9," in one.say("PASV")
    assert not names.asked
