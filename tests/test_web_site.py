"""
The wires of HTTP: one request a connection, bounded in size and in time; and who is let in.
"""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure

from jetdirect.configuration import Configuration
from jetdirect.gateway import Gateway
from jetdirect.testing import FakePrinter
from jetdirect.web.places import CONNECTIONS
from jetdirect.web.site import LONGEST_BODY, REQUEST_TIME, Site, who

HEADS = "Host: localhost\r\nContent-Type: application/json\r\n"


class Transport(StringTransport):
    """One that tells how it was ended."""

    aborted = False

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing."""

    def abortConnection(self) -> None:
        self.aborted = True


class Client:
    """One connection to a gateway in memory."""

    def __init__(self, gateway: Gateway, clock: MemoryReactorClock) -> None:
        [(_, self.site, _, _)] = [each[:4] for each in clock.tcpServers]
        assert isinstance(self.site, Site)
        self.wire: Any = self.site.buildProtocol(None)
        self.transport = Transport(peerAddress=IPv4Address("TCP", "127.0.0.1", 4001))
        if self.wire is not None:
            self.wire.makeConnection(self.transport)

    def say(self, text: str | bytes) -> str:
        """Send something; what has come until now."""
        self.wire.dataReceived(text if isinstance(text, bytes) else text.encode("latin-1"))
        return self.heard

    @property
    def heard(self) -> str:
        """What has come."""
        return str(self.transport.value(), "ascii")

    def lose(self) -> None:
        """The connection is gone."""
        self.wire.connectionLost(Failure(ConnectionDone()))


class WebServer:
    """A gateway with a web listener in memory."""

    def __init__(self) -> None:
        self.clock = MemoryReactorClock()
        web = ["tcp:8631:interface=127.0.0.1"]
        self.gateway = Gateway(Configuration([FakePrinter()], [], web=web), self.clock)
        self.gateway.startService()
        self.clock.advance(0)

    def client(self) -> Client:
        """One more connection."""
        return Client(self.gateway, self.clock)

    def ask(self, line: str, heads: str = HEADS, body: str = "") -> str:
        """A whole request, and its answer."""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        client = self.client()
        said = client.say(f"{line} HTTP/1.1\r\n{heads}{length}\r\n{body}")
        assert client.transport.disconnecting
        client.lose()
        return said


def test_answer() -> None:
    """JSON, with the headers that keep a browser from making anything else of it."""
    told = WebServer().ask("GET /api/ports")
    head, _, body = told.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert json.loads(body)["ports"][0]["name"] == "PORT1"
    for line in (
        "Content-Type: application/json",
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        "Cross-Origin-Resource-Policy: same-origin",
        "Referrer-Policy: same-origin",
        "Connection: close",
        "Server: jetdirect",
    ):
        assert line.lower() in head.lower(), line


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://localhost:8631/api/ports", 200),
        ("HTTPS://localhost/api/ports?x=", 200),
        ("http://localhost", 200),
        ("http://evil.example/api/ports", 403),
        ("http://me@localhost/api/ports", 403),
        ("http:///api/ports", 403),
    ],
)
def test_absolute(target: str, status: int) -> None:
    """A target may be a whole URI (RFC 9112, section 3.2.2); its host counts, not the header."""
    heads = f"{HEADS}Accept: application/json\r\n"
    assert WebServer().ask(f"GET {target}", heads).startswith(f"HTTP/1.1 {status} ")


def test_absoluteAndHost() -> None:
    """It makes good no header that is missing, or there twice."""
    for heads in ("", "Host: localhost\r\n" * 2):
        assert WebServer().ask("GET http://localhost/", heads).startswith("HTTP/1.1 403 ")


def test_head() -> None:
    """HEAD has no body."""
    head, _, body = WebServer().ask("HEAD /api/ports").partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200") and body == ""


def test_method() -> None:
    """The method that there is, is named."""
    told = WebServer().ask("GET /api/reload")
    assert told.startswith("HTTP/1.1 405") and "\r\nAllow: POST\r\n" in told


@pytest.mark.parametrize(
    ("line", "heads"),
    [
        ("GET /api/ports", "Host: evil.example\r\n"),
        ("GET /api/jobs", "Host: evil.example:8631\r\n"),
        ("GET /api/jobs", "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"),
        ("POST /api/ports/PORT1/pause", "Host: localhost\r\n"),
        ("POST /api/ports/PORT1/pause", HEADS + "Origin: http://evil.example\r\n"),
        ("POST /api/ports/PORT1/pause", HEADS + "Sec-Fetch-Site: same-site\r\n"),
    ],
)
def test_refused(line: str, heads: str) -> None:
    """What another site's page can send is 403, and nothing is done."""
    web = WebServer()
    assert web.ask(line, heads).startswith("HTTP/1.1 403")
    assert web.gateway.server.pausedBy(web.gateway.server.ports[0]) == ""


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/x-www-form-urlencoded", "now=true&" * 5000, 403),
        ("multipart/form-data; boundary=x", "--x\r\n\r\n--x--\r\n", 4),
        ("multipart/form-data", "x", 4),
    ],
)
def test_form(kind: str, body: str, status: int) -> None:
    """A form is refused, whatever is in it."""
    web = WebServer()
    heads = f"Host: localhost\r\nContent-Type: {kind}\r\n"
    told = web.ask("POST /api/ports/PORT1/pause", heads, body)
    assert told.startswith(f"HTTP/1.1 {status}")
    assert web.gateway.server.pausedBy(web.gateway.server.ports[0]) == ""


def test_open() -> None:
    """Whether it lives is told to anybody, whatever name he has for this host."""
    web = WebServer()
    assert web.ask("GET /healthz", "Host: balancer\r\n").startswith("HTTP/1.1 200")
    assert web.ask("GET /readyz", "Host: balancer\r\n").startswith("HTTP/1.1 200")


def test_who() -> None:
    """What changes something is in the log, with who did it; what only looks is not."""
    web = WebServer()
    with capturedLogs() as events:
        web.ask("GET /api/ports")
        web.ask("POST /api/ports/PORT1/pause", body='{"now": false}')
        web.ask("POST /api/ports/no%0Abody/pause")
    lines = [formatEvent(event) for event in events]
    by = "an operator at 127.0.0.1: POST /api/ports"
    assert [line for line in lines if line and "POST" in line] == [
        f"{by}/PORT1/pause: 200",
        rf"{by}/no%0Abody/pause: 404: no printing port is called no\x0abody",
    ]
    assert web.gateway.server.pausedBy(web.gateway.server.ports[0])
    assert not any(line and "GET" in line for line in lines)


@pytest.mark.parametrize(("uid", "name"), [(0, "root"), (4_000_000, "the user with uid 4000000")])
def test_userOfTheSystem(uid: int, name: str) -> None:
    """At the Unix socket the kernel says who it is, and the system what that one is called."""
    peer = SimpleNamespace(getsockopt=lambda *_: struct.pack("3i", 1, uid, 1))
    assert who(SimpleNamespace(getPeer=lambda: UNIXAddress(None), socket=peer)) == name


@pytest.mark.parametrize("path", ["/api/%ff", "/api/jobs?a=%ff", "/api/jobs?" + "a=1&" * 101])
def test_badAddress(path: str) -> None:
    """An address that cannot be read is told so."""
    assert WebServer().ask(f"GET {path}").startswith("HTTP/1.1 400")


def test_longBody() -> None:
    """A body that is announced too long is refused before it comes."""
    client = WebServer().client()
    told = client.say(
        f"POST /api/reload HTTP/1.1\r\n{HEADS}Content-Length: {LONGEST_BODY + 1}\r\n\r\n"
    )
    assert told.startswith("HTTP/1.1 413") and client.transport.disconnecting


def test_longChunks() -> None:
    """One that comes in chunks is refused when it is too long; what it asks is not done."""
    web = WebServer()
    client = web.client()
    client.say(f"POST /api/ports/PORT1/pause HTTP/1.1\r\n{HEADS}Transfer-Encoding: chunked\r\n\r\n")
    piece = b"2000\r\n" + b" " * 0x2000 + b"\r\n"
    told = client.say(piece * (LONGEST_BODY // 0x2000))
    assert told == ""
    told = client.say(b"2\r\n{}\r\n0\r\n\r\n")
    assert told.count("HTTP/1.1") == 1 and told.startswith("HTTP/1.1 413")
    assert web.gateway.server.pausedBy(web.gateway.server.ports[0]) == ""


def test_wholeBody() -> None:
    """One of just that length is read."""
    body = "{}".ljust(LONGEST_BODY)
    assert WebServer().ask("POST /api/ports/PORT1/pause", body=body).startswith("HTTP/1.1 200")


def test_slow() -> None:
    """A byte now and then keeps no place: the request has its time, and no more."""
    web = WebServer()
    client = web.client()
    client.say("GET /api/ports HTTP/1.1\r\n")
    for _ in range(int(REQUEST_TIME) - 1):
        web.clock.advance(1)
        client.say("X")
    assert not client.transport.aborted
    web.clock.advance(1)
    assert client.transport.aborted


def test_unreadAnswer() -> None:
    """A client that does not read the answer is cut."""
    web = WebServer()
    client = web.client()
    client.say(f"GET /api/ports HTTP/1.1\r\n{HEADS}\r\n")
    assert client.transport.disconnecting and not client.transport.aborted
    web.clock.advance(REQUEST_TIME)
    assert client.transport.aborted


def test_ended() -> None:
    """No time runs for a connection that is over."""
    web = WebServer()
    before = len(web.clock.getDelayedCalls())
    web.ask("GET /api/ports")
    assert len(web.clock.getDelayedCalls()) == before


def test_manyConnections() -> None:
    """One more than there may be is closed at once; when one ends there is room again."""
    web = WebServer()
    clients = [web.client() for _ in range(CONNECTIONS)]
    assert all(each.wire is not None for each in clients) and web.client().wire is None
    clients[0].lose()
    assert web.client().wire is not None


def test_goneMeanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that is gone before the answer costs nothing; what was asked is done."""
    web = WebServer()
    held: Deferred[bool] = Deferred()
    monkeypatch.setattr(web.gateway.operator, "resume", lambda port, by: held)
    client = web.client()
    client.say(f"POST /api/ports/PORT1/resume HTTP/1.1\r\n{HEADS}\r\n")
    client.lose()
    held.callback(True)
    assert client.heard == ""


def test_pipelined() -> None:
    """One request a connection."""
    request = f"GET /healthz HTTP/1.1\r\n{HEADS}\r\n"
    assert WebServer().client().say(request * 2).count("HTTP/1.1") == 1


def test_applied() -> None:
    """A reload opens and closes listeners of the web, too."""
    web = WebServer()
    before = web.gateway.configuration
    told = web.gateway.apply(replace(before, web=["unix:/run/x:mode=660"]))
    assert told == [
        "now listening at web unix:/run/x:mode=660",
        "no longer listening at web tcp:8631:interface=127.0.0.1; its sessions go on",
    ]
    [path] = [each[0] for each in web.clock.unixServers]
    assert path == "/run/x"
