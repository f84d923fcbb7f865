"""
Connecting from source ports below 1024, for print servers that look at it.
"""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectBindError, ConnectionRefusedError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer
from zope.interface.verify import verifyObject

from jetdirect.errors import PrinterUnreachable
from jetdirect.testing import FakeJob
from jetdirect.transports import checks
from jetdirect.transports.build import transportFor
from jetdirect.transports.lpd import reserved
from jetdirect.transports.lpd.reserved import ReservedPortEndpoint, mayReserve
from jetdirect.transports.lpd.rfc1179 import RESERVED, RFC1179_PORTS
from jetdirect.transports.lpd.transport import LPDTransport
from tests.support.answers import hear

reactor: Any = theReactor


class Ports:
    """
    Endpoints that connect from a port, unless it is taken.

    @ivar tried: the ports that were tried, in their order.
    """

    def __init__(self, *taken: int, other: Exception | None = None) -> None:
        self.taken = taken
        self.other = other
        self.tried: list[int] = []

    def __call__(self, source: tuple[str, int]) -> Any:
        @implementer(IStreamClientEndpoint)
        class FromThere:
            def connect(_, factory: Any) -> Deferred[Any]:
                self.tried.append(source[1])
                if source[1] in self.taken:
                    return fail(ConnectBindError(errno.EADDRINUSE, "in use"))
                return fail(self.other) if self.other else succeed(Protocol())

        return FromThere()


def connected(ports: Ports, sources: range = range(1, 5), times: int = 1) -> list[Any]:
    """What becomes of connecting one time after the other."""
    endpoint = ReservedPortEndpoint(ports, sources)
    assert verifyObject(IStreamClientEndpoint, endpoint)
    return [hear(endpoint.connect(Factory()))[0] for _ in range(times)]


def test_eachPortInItsTurn() -> None:
    """A port is not free for a minute after its connection, so the next one is taken."""
    ports = Ports()
    connected(ports, times=8)
    assert sorted(ports.tried) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert ports.tried[:4] == ports.tried[4:]


def test_takenPorts() -> None:
    """What somebody else has is passed over."""
    [made] = connected(Ports(1, 2, 4))
    assert isinstance(made, Protocol)


def test_noneIsFree() -> None:
    """When all are taken it is said so, and each was tried once."""
    ports = Ports(1, 2, 3, 4)
    [why] = connected(ports)
    assert isinstance(why, ConnectBindError) and why.osError == errno.EADDRINUSE
    assert sorted(ports.tried) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "why", [ConnectBindError(errno.EACCES, "no rights"), ConnectionRefusedError()]
)
def test_anythingElse(why: Exception) -> None:
    """What another port does not help is not tried again."""
    ports = Ports(other=why)
    assert connected(ports) == [why]
    assert len(ports.tried) == 1


@pytest.mark.parametrize(
    ("word", "ports"),
    [
        ("rfc1179", RFC1179_PORTS),
        ("on", RFC1179_PORTS),
        ("yes", RFC1179_PORTS),
        ("any", RESERVED),
        ("none", None),
        ("off", None),
    ],
)
@pytest_twisted.ensureDeferred
async def test_wire(word: str, ports: range | None) -> None:
    """The server sees the port; what needs none has any."""
    if not mayReserve(RFC1179_PORTS[0]):
        pytest.skip("only root may have such ports")
    seen: list[int] = []

    class Server(Factory):
        noisy = False

        def buildProtocol(self, address: Any) -> None:
            seen.append(address.port)

    listening = reactor.listenTCP(0, Server(), interface="127.0.0.1")
    uri = f"lpd://127.0.0.1:{listening.getHost().port}/q?reserve={word}"
    try:
        with pytest.raises(PrinterUnreachable):
            await transportFor(reactor, uri).open(FakeJob())
    finally:
        await listening.stopListening()
    [port] = seen
    assert port in ports if ports else port >= 1024


@pytest_twisted.ensureDeferred
async def test_noRights() -> None:
    """A user without rights is told what is missing, for each job and at the start."""
    if os.geteuid():
        pytest.skip("only root can be without its rights for a moment")
    transport = transportFor(reactor, "lpd://127.0.0.1:9/q?reserve=any")
    os.seteuid(65534)
    try:
        with pytest.raises(PrinterUnreachable, match="no permission for such a source port"):
            await transport.open(FakeJob())
        [complaint] = checks.complaintsAbout([transport])
    finally:
        os.seteuid(0)
    assert not complaint.fatal
    assert "CAP_NET_BIND_SERVICE" in complaint.text


def test_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only who asks for such a port needs the rights."""
    monkeypatch.setattr(reserved, "mayReserve", lambda port: False)
    for options in ("", "?reserve=off"):
        transport = transportFor(MemoryReactorClock(), f"lpd://192.0.2.1/q{options}")
        assert isinstance(transport, LPDTransport)
        assert transport.check() == []


def test_wrongWord() -> None:
    """A word that is none names those there are."""
    with pytest.raises(ValueError, match=r"reserve=maybe: say off, any .* or rfc1179"):
        transportFor(MemoryReactorClock(), "lpd://192.0.2.1/q?reserve=maybe")
