"""
Alarms as JSON, posted to a web server; signed, if there is a secret.

Redirections are not followed: where alarms go is what the operator wrote, and nobody else's word.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

import h11
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from .. import __version__
from ..interfaces import IAlarmReceiver
from ..net.reactor import INetworkReactor
from .alarms import Digest
from .settings import HTTP, HTTPS, Webhook
from .trust import context
from .wire import NotTold, Talk, connected, ended

LONGEST_HEAD = 16 * 1024
"""Bytes of an answer's head; of its body nothing is read."""

AGAIN = frozenset({408, 425, 429})
"""The 4xx after which another try may help (RFC 9110, RFC 8470, RFC 6585)."""


def body(digest: Digest, gateway: str, now: float) -> bytes:
    """
    What is posted.

    @param gateway: the name of the machine.
    @param now: seconds since the epoch.
    """
    told = {
        "id": digest.id,
        "time": _time(now),
        "gateway": gateway,
        "events": [
            {
                "id": each.id,
                "event": each.event,
                "port": each.port or None,
                "job": each.job,
                "since": _time(each.since),
                "reminder": each.reminder,
                "text": each.text,
            }
            for each in digest.events
        ],
        "more": digest.more,
    }
    return json.dumps(told).encode("ascii")


def signature(secret: bytes, content: bytes) -> str:
    """Proves that the poster knows the secret: C{sha256=} and the HMAC (RFC 2104)."""
    return f"sha256={hmac.new(secret, content, hashlib.sha256).hexdigest()}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


class _Answered(Talk):
    """One request, and the status of its answer."""

    def __init__(self, clock: IReactorTime, request: bytes, http: h11.Connection) -> None:
        super().__init__(clock)
        self.status: Deferred[int] = Deferred(lambda _: self.transport.abortConnection())
        self._request = request
        self._http = http
        self._heard = 0

    def connectionMade(self) -> None:
        self.transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:
        if self.status.called:
            return
        self._heard += len(data)
        self._http.receive_data(data)
        try:
            while not isinstance(event := self._http.next_event(), h11.Response):
                if event is h11.NEED_DATA and self._heard <= LONGEST_HEAD:
                    return
                if event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
                    raise h11.RemoteProtocolError("no head")
        except h11.RemoteProtocolError:
            self.transport.abortConnection()
            self.status.errback(NotTold("it does not speak HTTP", final=True))
        else:
            self.leave()
            self.status.callback(event.status_code)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        if not self.status.called:
            self.status.errback(ended(reason))


@implementer(IAlarmReceiver)
class WebhookReceiver:
    """A web server."""

    def __init__(
        self, reactor: INetworkReactor, place: Webhook, secret: bytes, gateway: str
    ) -> None:
        """
        @param gateway: the name of the machine.
        @raise ValueError: nobody can be trusted.
        """
        self.name = f"the webhook at {place}"
        self._reactor = reactor
        self._place = place
        self._trusted = context(place)
        self._secret = secret
        self._gateway = gateway

    def tell(self, digest: Digest, now: float) -> Deferred[None]:
        """L{IAlarmReceiver}."""
        return Deferred.fromCoroutine(self._tell(digest, now))

    async def _tell(self, digest: Digest, now: float) -> None:
        place, content = self._place, body(digest, self._gateway, now)
        http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        request = h11.Request(
            method="POST", target=place.target, headers=self._headers(digest, content)
        )
        pieces = [request, h11.Data(content), h11.EndOfMessage()]
        sent = b"".join(http.send(each) or b"" for each in pieces)
        answered = await connected(
            self._reactor,
            place.host,
            place.port,
            lambda: _Answered(self._reactor, sent, http),
            self._trusted,
        )
        status = await answered.status
        if not 200 <= status < 300:
            said = f"it answered {status}"
            raise NotTold(said, final=300 <= status < 500 and status not in AGAIN)

    def _headers(self, digest: Digest, content: bytes) -> list[tuple[str, str]]:
        place = self._place
        usual = place.port == (HTTPS if place.secure else HTTP)
        headers = [
            ("Host", place.authority if usual else f"{place.authority}:{place.port}"),
            ("User-Agent", f"jetdirect/{__version__}"),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(content))),
            ("Connection", "close"),
            ("X-Jetdirect-Id", digest.id),
        ]
        if self._secret:
            headers.append(("X-Jetdirect-Signature", signature(self._secret, content)))
        return headers
