"""
Alarms that are posted: what is posted, a real web server, and servers that are none.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from jetdirect.interfaces import IAlarmReceiver
from jetdirect.watch import notify, trust
from jetdirect.watch.alarms import Digest, Event
from jetdirect.watch.notify import Notifier
from jetdirect.watch.settings import NotifySettings, Webhook
from jetdirect.watch.webhook import LONGEST_HEAD, WebhookReceiver, body, signature
from jetdirect.watch.wire import FAREWELL, NotTold
from tests.support.answers import hear
from tests.support.behaviours import NoPrinter
from tests.support.certificate import selfSigned
from tests.support.hook import Hook
from tests.test_watch_mail import Wire
from tests.test_watch_notify import WatchedGateway

reactor: Any = theReactor
NOW = 1_700_000_000.0
SECRET = "the sécret".encode()
EVENTS = (
    Event("1", "port.stopped", "ward3", "ward3 (Ward 3) stopped: media-empty", NOW),
    Event("2", "job.held", "lab", "job 31 on lab is held: \u202e\r\nX-Evil: 1", NOW, 31),
    Event("3", "config.rejected", "", "no such key", NOW, reminder=True),
)
TOLD = Digest("0123abcd", EVENTS, 4)


def test_body() -> None:
    """It is JSON in ASCII, with times of RFC 3339, whatever jobs are called."""
    content = body(TOLD, "gw1", NOW + 0.25)
    assert content.isascii() and b"\n" not in content
    assert json.loads(content) == {
        "id": "0123abcd",
        "time": "2023-11-14T22:13:20.250Z",
        "gateway": "gw1",
        "more": 4,
        "events": [
            {
                "id": "1",
                "event": "port.stopped",
                "port": "ward3",
                "job": None,
                "since": "2023-11-14T22:13:20.000Z",
                "reminder": False,
                "text": "ward3 (Ward 3) stopped: media-empty",
            },
            {
                "id": "2",
                "event": "job.held",
                "port": "lab",
                "job": 31,
                "since": "2023-11-14T22:13:20.000Z",
                "reminder": False,
                "text": EVENTS[1].text,
            },
            {
                "id": "3",
                "event": "config.rejected",
                "port": None,
                "job": None,
                "since": "2023-11-14T22:13:20.000Z",
                "reminder": True,
                "text": "no such key",
            },
        ],
    }


def test_signature() -> None:
    """As RFC 4231, test case 2, has it, behind the name of the hash."""
    assert signature(b"Jefe", b"what do ya want for nothing?") == (
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


# A real server.


@pytest.fixture
def hook() -> Iterator[Callable[..., Hook]]:
    """Starts web servers."""
    started: list[Hook] = []

    def start(*arguments: Any) -> Hook:
        started.append(Hook(SECRET, *arguments))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def receiver(port: int, secret: bytes = SECRET, secure: bool = False) -> WebhookReceiver:
    """One on the real reactor."""
    return WebhookReceiver(reactor, Webhook("127.0.0.1", port, secure, "/hook?a=b"), secret, "gw1")


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_real(hook: Callable[..., Hook]) -> None:
    """A real web server has what is posted, signed by who knows the secret, and by nobody else."""
    server = hook()
    await receiver(server.port).tell(TOLD, NOW)
    assert server.posted == [json.loads(body(TOLD, "gw1", NOW))]
    assert server.paths == ["/hook?a=b"]
    await receiver(server.port, b"another").tell(TOLD, NOW)
    await receiver(server.port, b"").tell(TOLD, NOW)
    assert len(server.posted) == 1 and server.forged == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "final"),
    [(500, False), (503, False), (429, False), (408, False), (404, True), (302, True), (307, True)],
)
@pytest_twisted.ensureDeferred
async def test_status(hook: Callable[..., Hook], status: int, final: bool) -> None:
    """Another answer than 2xx is none; and where it points, nobody goes."""
    server = hook()
    server.answers = [status]
    with pytest.raises(NotTold) as error:
        await receiver(server.port).tell(TOLD, NOW)
    assert (str(error.value), error.value.final) == (f"it answered {status}", final)
    assert len(server.paths) == 1


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_twice500(hook: Callable[..., Hook], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that answers 500 twice is told at the third try, under the same number."""
    monkeypatch.setattr(notify, "LOOK", 0.01)
    monkeypatch.setattr(notify, "TRIES", (0.0, 0.01, 0.02))
    server = hook()
    server.answers = [500, 500]
    notifier = Notifier(
        reactor, NotifySettings(), [receiver(server.port)], WatchedGateway(), lambda: NOW
    )
    done: Deferred[None] = Deferred()
    with capturedLogs() as events:

        def look() -> None:
            if any("webhook" in formatEvent(each) for each in events):
                done.callback(None)
            else:
                reactor.callLater(0.01, look)

        notifier.start()
        notifier.rejected(["x"])
        look()
        await done
    notifier.stop()
    assert len(server.posted) == 3
    assert len({each["id"] for each in server.posted}) == 1
    assert [each["events"][0]["event"] for each in server.posted] == ["config.rejected"] * 3


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_silent() -> None:
    """One that takes the connection and never answers is cut when its time is over."""
    lost: Deferred[None] = Deferred()
    heard: Deferred[None] = Deferred()

    class Silent(Protocol):
        def dataReceived(self, data: bytes) -> None:
            if not heard.called:
                heard.callback(None)

        def connectionLost(self, reason: Failure = connectionDone) -> None:
            lost.callback(None)

    listening = reactor.listenTCP(0, Factory.forProtocol(Silent), interface="127.0.0.1")
    telling = receiver(listening.getHost().port).tell(TOLD, NOW)
    told = hear(telling)
    await heard
    assert told == []
    telling.cancel()
    await lost
    assert [type(each) for each in told] == [CancelledError]
    await listening.stopListening()


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_nobodyListens() -> None:
    """A server that is not there is no fault for good."""
    with NoPrinter() as nobody, pytest.raises(NotTold, match="refused the connection") as error:
        await receiver(nobody.port).tell(TOLD, NOW)
    assert not error.value.final


@pytest.mark.slow
@pytest.mark.parametrize("trusted", [True, False])
@pytest_twisted.ensureDeferred
async def test_tls(
    hook: Callable[..., Hook], tmp_path: Path, trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through TLS a server is told that somebody vouches for, and no other."""
    certificate = selfSigned(tmp_path)
    server = hook(certificate)
    if trusted:
        from jetdirect.tlstrust import signers

        monkeypatch.setattr(
            "jetdirect.watch.webhook.context", lambda place: signers(place.host, str(certificate))
        )
        await receiver(server.port, secure=True).tell(TOLD, NOW)
        assert len(server.posted) == 1
    else:
        with pytest.raises(NotTold, match="certificate is not trusted") as error:
            await receiver(server.port, secure=True).tell(TOLD, NOW)
        assert error.value.final and server.paths == []


# Servers that do what they want.


class Script:
    """A receiver in memory, and what a server says to it."""

    def __init__(self, secret: bytes = SECRET, port: int = 8080) -> None:
        clock: Any = MemoryReactorClock()
        self.clock = clock
        place = Webhook("127.0.0.1", port, False, "/hook")
        self.telling = WebhookReceiver(self.clock, place, secret, "gw1").tell(TOLD, NOW)
        self.told = hear(self.telling)
        factory: Any = self.clock.tcpClients[-1][2]
        self.protocol: Any = factory.buildProtocol(None)
        self.wire = Wire()
        self.protocol.makeConnection(self.wire)

    @property
    def request(self) -> tuple[list[str], bytes]:
        """The lines of its head, and its body."""
        head, _, content = self.wire.value().partition(b"\r\n\r\n")
        return str(head, "ascii").split("\r\n"), bytes(content)

    def say(self, *pieces: bytes) -> None:
        """The server says so much."""
        for each in pieces:
            self.protocol.dataReceived(each)

    def lose(self, reason: Exception | None = None) -> None:
        """The connection is gone."""
        self.protocol.connectionLost(Failure(reason or ConnectionDone()))


def test_request() -> None:
    """One POST of JSON, with its number and its proof, on a connection of its own."""
    head, content = Script().request
    proof = hmac.new(SECRET, content, hashlib.sha256).hexdigest()
    assert head[0] == "POST /hook HTTP/1.1"
    for line in (
        "Host: 127.0.0.1:8080",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        "Connection: close",
        "X-Jetdirect-Id: 0123abcd",
        f"X-Jetdirect-Signature: sha256={proof}",
    ):
        assert line in head
    assert content == body(TOLD, "gw1", NOW)
    assert len(head) == 8 and not any("Evil" in each for each in head)
    head, _ = Script(b"", 80).request
    assert "Host: 127.0.0.1" in head and not any("Signature" in each for each in head)


def test_answer() -> None:
    """The first final answer counts; of what comes behind nothing is read, and nobody is cut."""
    script = Script()
    script.say(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 20", b"0 OK\r\nContent-Length: 5\r\n\r\n")
    assert script.told == [None]
    assert not script.wire.aborted
    script.say(b"x" * 10**6)
    script.lose()
    assert script.clock.getDelayedCalls() == []


def test_lingering() -> None:
    """A server that does not close after its answer is cut."""
    script = Script()
    script.say(b"HTTP/1.1 200 OK\r\n\r\n")
    script.clock.advance(FAREWELL)
    assert script.wire.aborted


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "it does not speak HTTP"),
        (b"\x00" * 100 + b"\r\n\r\n", "it does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * LONGEST_HEAD, "it does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * LONGEST_HEAD, "it does not speak HTTP"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * LONGEST_HEAD, "it does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\n", "it closed the connection"),
        (b"", "it closed the connection"),
    ],
)
def test_strangers(said: bytes, why: str) -> None:
    """Whatever the other end is, it is given up, with a bounded number of bytes."""
    script = Script()
    for at in range(0, len(said), 1000):
        if not script.told:
            script.say(said[at : at + 1000])
    script.lose(ConnectionLost())
    [error] = script.told
    assert isinstance(error, NotTold) and str(error) == why
    assert script.clock.getDelayedCalls() == []


def test_interface() -> None:
    """It is a receiver, whose name says nothing of a path, which may be a secret."""
    place = Webhook("hooks.example", 443, True, "/T0KEN")
    reactor: Any = None
    found = WebhookReceiver(reactor, place, SECRET, "gw1")
    assert verifyObject(IAlarmReceiver, found)
    assert found.name == "the webhook at https://hooks.example"
    assert "T0KEN" not in repr(place)
    assert trust.available()
