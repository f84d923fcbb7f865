"""
The wires: one request a connection, of a bounded size, in a bounded time.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.server import Request as TwistedRequest
from twisted.web.server import Site as TwistedSite

from ..text import presentable
from .admission import whyNot
from .api import Answer

CONNECTIONS = 100
"""At a time for each listener; one more is closed at once."""

REQUEST_TIME = 10.0
"""Seconds until a request is there whole; and as many until its answer is taken."""

LONGEST_BODY = 64 * 1024
"""Bytes of a request's body."""

FIELDS = 100
"""Of a query: more is refused before it is read."""

_HEADERS = {
    b"Content-Type": b"application/json",
    b"Cache-Control": b"no-store",
    b"Content-Security-Policy": b"default-src 'none'; frame-ancestors 'none'",
    b"Cross-Origin-Resource-Policy": b"same-origin",
    b"Referrer-Policy": b"no-referrer",
    b"Server": b"jetdirect",
    b"X-Content-Type-Options": b"nosniff",
}
_TEXT = b"text/plain; version=0.0.4; charset=utf-8"
"""Prometheus takes nothing for its text format that does not say so."""

_OPEN = ([b"healthz"], [b"readyz"])


class Asked(Protocol):
    """What answers requests: L{API<jetdirect.web.api.API>}."""

    async def answer(
        self,
        method: str,
        path: Sequence[str],
        query: Mapping[str, Sequence[str]],
        body: bytes,
        by: str,
    ) -> Answer:
        """Whatever happens; it never raises."""


class Request(TwistedRequest):
    """One request whose body stays in memory, and small."""

    channel: Any
    content: Any
    _refused = False

    def gotLength(self, length: int | None) -> None:
        """Twisted's own would make a file of a long one."""
        self.content = BytesIO()
        self._check(length or 0)

    def handleContentChunk(self, data: bytes) -> None:
        """More of the body; it may come in chunks, without a length."""
        self._check(self.content.tell() + len(data))
        if not self._refused:
            super().handleContentChunk(data)

    def _check(self, size: int) -> None:
        if size > LONGEST_BODY and not self._refused:
            self._refused = True
            self.channel.refuse()

    def process(self) -> None:
        """It is there whole; what was refused is not done."""
        if not self._refused:
            super().process()


class Channel(HTTPChannel):
    """
    One connection.

    @ivar site: the L{Site} that made it.
    """

    site: Site
    transport: Any
    _timer: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """The time begins."""
        super().connectionMade()
        self._begin()

    def _begin(self) -> None:
        self._end()
        self._timer = self.callLater(REQUEST_TIME, self.forceAbortClient)

    def _end(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        """One request each: who is silent between two of them takes nobody's place."""
        request.setHeader(b"Connection", b"close")
        return False

    def allContentReceived(self) -> None:
        """The request is there."""
        self._end()
        super().allContentReceived()

    def requestDone(self, request: Any) -> None:
        """The answer is on its way."""
        self._begin()
        super().requestDone(request)

    def refuse(self) -> None:
        """The body is too long: nothing more is read."""
        self.transport.write(
            b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        )
        self.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The end."""
        self._end()
        self.site.connections -= 1
        super().connectionLost(reason)


class Site(TwistedSite):
    """
    One listener.

    @ivar connections: how many there are now.
    """

    protocol: Any = Channel

    def __init__(self, api: Asked, reactor: Any) -> None:
        # Twisted reads forms before it asks whether they are wanted; L{LONGEST_BODY} bounds that.
        super().__init__(_Root(api), Request, reactor=reactor, timeout=None)
        self.connections = 0

    def buildProtocol(self, addr: Any) -> Any:
        """One more connection, if there is room."""
        if self.connections >= CONNECTIONS:
            return None
        self.connections += 1
        return super().buildProtocol(addr)

    def startFactory(self) -> None:
        """Twisted's own wakes up once a second, for the time in its log of requests."""

    def stopFactory(self) -> None:
        """Likewise."""

    def log(self, request: Any) -> None:
        """Twisted logs each request; here what changes something is told, by who did it."""


class _Root(Resource):
    isLeaf = True
    _log = Logger()

    def __init__(self, api: Asked) -> None:
        super().__init__()
        self._api = api

    def render(self, request: Any) -> int:
        Deferred.fromCoroutine(self._answer(request))
        return NOT_DONE_YET

    async def _answer(self, request: Any) -> None:
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)
        method = request.method.decode("ascii", "replace")
        by = _who(request.channel.transport)
        answer = await self._answered(request, method, by)
        if method == "POST":
            self._log.info(
                "{by}: POST {path}: {status}{why}",
                by=by,
                path=ascii(request.path.decode("ascii", "replace"))[1:-1],
                status=answer.status,
                why=f": {presentable(answer.body['error'])}" if "error" in answer.body else "",
            )
        if gone:
            return
        request.setResponseCode(answer.status)
        for name, value in _HEADERS.items():
            request.setHeader(name, value)
        body = answer.text
        if body is None:
            body = json.dumps(answer.body).encode("ascii") + b"\n"
        else:
            request.setHeader(b"Content-Type", _TEXT)
        if answer.allow:
            request.setHeader(b"Allow", answer.allow.encode("ascii"))
        request.setHeader(b"Content-Length", b"%d" % len(body))
        if method != "HEAD":
            request.write(body)
        request.finish()

    async def _answered(self, request: Any, method: str, by: str) -> Answer:
        def headers(name: str) -> list[str]:
            found = request.requestHeaders.getRawHeaders(name.encode("ascii"), [])
            return [each.decode("latin-1") for each in found]

        _, *segments = request.path.split(b"/")
        refused = whyNot(headers, method == "POST") if segments not in _OPEN else ""
        if refused:
            return Answer(403, {"error": refused})
        _, _, said = request.uri.partition(b"?")
        try:
            query = parse_qs(said.decode("ascii"), True, errors="strict", max_num_fields=FIELDS)
            path = [unquote(each.decode("ascii"), errors="strict") for each in segments]
        except ValueError:
            return Answer(400, {"error": "the address cannot be read"})
        body = request.content.getvalue()
        return await self._api.answer(method, path, query, body, by)


def _who(transport: Any) -> str:
    """Who is at the other end, as far as the kernel says so."""
    peer = transport.getPeer()
    if isinstance(peer, IPv4Address | IPv6Address):
        return f"an operator at {peer.host}"
    if not hasattr(socket, "SO_PEERCRED"):
        return "an operator at the Unix socket"
    packed = transport.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    _, uid, _ = struct.unpack("3i", packed)
    return f"the operator with uid {uid}"
