"""
IPP on real sockets: ends, resets, a reactor that is late, TLS.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import optionsForClientTLS
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from jetdirect.errors import PrinterLost, PrinterUnreachable
from jetdirect.net.dial import Dialer, hostEndpoint
from jetdirect.net.network import networkOf
from jetdirect.testing import FakeJob
from jetdirect.transports.build import transportFor
from jetdirect.transports.dialogue import LOOK_INTERVAL
from jetdirect.transports.ending import FINISH_TIMEOUT
from jetdirect.transports.ipp.client import IPPClient
from jetdirect.transports.ipp.httpclient import Exchange
from jetdirect.transports.ipp.rfc8010 import (
    ENUM,
)
from jetdirect.transports.ipp.rfc8011 import (
    GET_PRINTER,
)
from tests.support import certificate as certificates
from tests.support.certificate import selfSigned
from tests.support.ippmessages import OLD, message, number

reactor: Any = theReactor


# In the kernel.


class Reader(Protocol):
    """Answers a whole request, and tells how its connection ended."""

    transport: Any

    def __init__(self) -> None:
        self.ended: Deferred[Any] = Deferred()
        self._data = b""

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        if self._data.endswith(b"0\r\n\r\n"):
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ended.callback(reason.type)


@pytest_twisted.ensureDeferred
async def test_onlyAWholeJobEndsInOrder() -> None:
    """Until the answer the system resets the connection when it closes it: our process may end."""
    reader = Reader()
    listening = reactor.listenTCP(0, Factory.forProtocol(lambda: reader), interface="127.0.0.1")
    there = HostnameEndpoint(reactor, "127.0.0.1", listening.getHost().port)
    dialer = Dialer(reactor, there, "ipp:")
    exchange = await dialer.dial(lambda: Exchange(reactor, FINISH_TIMEOUT))
    handle = exchange.transport.getHandle()
    exchange.begin("/", "printer", {}, b"head", None)
    exchange.write(b"%!PS")
    exchange.end()
    linger = handle.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
    assert struct.unpack("ii", linger) == (1, 0)
    assert (await exchange.answer).code == 200
    linger = handle.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
    assert struct.unpack("ii", linger) == (0, 0)
    await exchange.hangUp()
    assert await reader.ended is ConnectionDone
    await listening.stopListening()


# Refusals that are followed by a reset.


@pytest_twisted.ensureDeferred
async def test_refusalBeforeTheReset() -> None:
    """A server that refuses, and closes on what was still sent: its words are read all the same."""
    standing = Standing()
    exchange = await standing.dial(FINISH_TIMEOUT)
    exchange.begin("/", "printer", {}, b"head", None)
    await deferLater(reactor, 0)
    standing.wire.sendall(b"HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\n\r\n")
    standing.wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    standing.close()
    select.select([exchange.transport], [], [], 5)
    exchange.write(b"%!PS" * 1000)  # before the reactor sees the answer
    assert (await exchange.answer).code == 411


# When the reactor is late.


class Standing:
    """A server that answers while our reactor stands still."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = hostEndpoint(
            networkOf(reactor), "127.0.0.1", self.listening.getsockname()[1]
        )

    async def dial(self, patience: float) -> Exchange:
        exchange: Exchange = await Dialer(reactor, self.endpoint, "ipp:").dial(
            lambda: Exchange(reactor, patience)
        )
        self.wire, _ = self.listening.accept()
        return exchange

    def answerLate(self, answer: bytes, seconds: float) -> None:
        """Answer in time, and let the reactor see it when the time is over."""

        def busy() -> None:
            self.wire.sendall(answer)
            time.sleep(seconds)

        reactor.callFromThread(busy)  # which is done before timers are looked at

    def close(self) -> None:
        self.wire.close()
        self.listening.close()


@pytest_twisted.ensureDeferred
async def test_lateReactorReadsFirst(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer whose end came in time, but was not read yet."""
    monkeypatch.setattr("jetdirect.transports.ipp.httpclient.ANSWER_TIMEOUT", 0.05)
    standing = Standing()
    exchange = await standing.dial(20)
    exchange.post("/", "printer", {}, b"question")
    standing.wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
    while not exchange._post.code:
        await deferLater(reactor, 0)
    standing.answerLate(b"b", 0.2)
    assert (await exchange.answer).content == b"ab"
    await exchange.hangUp()
    standing.close()


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_lateReactorIsPatient() -> None:
    """The same of an answer that has not begun, and had its time."""
    standing = Standing()
    exchange = await standing.dial(LOOK_INTERVAL / 2)
    exchange.begin("/", "printer", {}, b"head", None)
    exchange.end()
    await deferLater(reactor, 0)
    standing.answerLate(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", LOOK_INTERVAL * 1.5)
    assert (await exchange.answer).code == 200
    await exchange.hangUp()
    standing.close()


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_lateReactorAsks(monkeypatch: pytest.MonkeyPatch) -> None:
    """And of a whole question."""
    monkeypatch.setattr("jetdirect.transports.ipp.client.ANSWER_TIMEOUT", 0.3)
    standing = Standing()
    client = IPPClient(reactor, standing.endpoint, "ipp:", "ipp://printer:631/", "/")
    asked = Deferred.fromCoroutine(client.ask(GET_PRINTER, []))
    standing.listening.settimeout(0)
    while True:
        try:
            standing.wire, _ = standing.listening.accept()
            break
        except BlockingIOError:
            await deferLater(reactor, 0)
    body = message(0, 1, OLD)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    standing.answerLate(head + body, 0.6)
    assert (await asked).good
    standing.close()


# With TLS.


class OnePage(Protocol):
    """Answers any question with what it is."""

    transport: Any

    def dataReceived(self, data: bytes) -> None:
        body = data.partition(b"\r\n\r\n")[2]
        (asked,) = struct.unpack(">I", body[4:8])
        said = message(0, asked, [(ENUM, "printer-state", [number(3)])])
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said) + said)


@pytest.mark.parametrize(
    ("host", "option", "state"),
    [
        ("localhost", "tls-ca={pem}", "idle"),
        ("127.0.0.1", "tls=any", "idle"),
        ("localhost", "tls=verify", "stopped"),
        ("127.0.0.1", "", "stopped"),
        ("127.0.0.2", "tls-ca={pem}", "stopped"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_certificates(host: str, option: str, state: str, tmp_path: Path) -> None:
    """The certificate decides; a printer that is not trusted hears nothing of the job."""
    pem = selfSigned(tmp_path)
    at = "127.0.0.1" if host == "localhost" else host
    listening: Any = await certificates.endpoint(pem, at).listen(Factory.forProtocol(OnePage))
    port = listening.getHost().port
    query = option.format(pem=pem)
    printer = transportFor(reactor, f"ipps://{host}:{port}?{query}")
    await printer.ask()
    assert printer.status.state == state
    if state == "stopped":
        with pytest.raises(
            PrinterUnreachable, match=r"is not trusted.*; name it, or the one that signed it"
        ):
            await printer.open(FakeJob())
    await listening.stopListening()


class Leaver(Protocol):
    """Is gone at the first word."""

    transport: Any

    def dataReceived(self, data: bytes) -> None:
        self.transport.abortConnection()


@pytest_twisted.ensureDeferred
async def test_nothingLeavesBeforeTheHandshake() -> None:
    """Whatever was written for a printer that does not get so far can be sent again."""
    listening = reactor.listenTCP(0, Factory.forProtocol(Leaver), interface="127.0.0.1")
    there = HostnameEndpoint(reactor, "127.0.0.1", listening.getHost().port)
    secure = wrapClientTLS(optionsForClientTLS("localhost"), there)
    exchange = await Dialer(reactor, secure, "ipps:").dial(lambda: Exchange(reactor, 20))
    exchange.begin("/", "printer", {}, b"head", None)
    exchange.write(b"%!PS")
    with pytest.raises(PrinterLost):
        await exchange.answer
    assert exchange.sent == 0
    await listening.stopListening()
