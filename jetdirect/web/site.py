"""
The wires: one request a connection, of a bounded size, in a bounded time.
"""

from __future__ import annotations

import pwd
import re
import socket
import struct
from functools import lru_cache
from io import BytesIO
from typing import Any, Protocol

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IProtocolFactory, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.server import Request as TwistedRequest
from twisted.web.server import Site as TwistedSite
from zope.interface import implementer_only

from ..text import presentable, printable
from .events import Streams
from .forms import COOKIE
from .places import CONNECTIONS
from .reply import Asked, Reply

REQUEST_TIME = 10.0
"""Seconds until a request is there whole; and as many until its answer is taken."""

LONGEST_BODY = 64 * 1024
"""Bytes of a request's body."""

_ABSOLUTE = re.compile(rb"https?://([^/?#]*)", re.IGNORECASE)
"""How a request names its target as a whole URI (RFC 9112, section 3.2.2)."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # without one a form has no Origin
    "Server": "jetdirect",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Answers(Protocol):
    """What answers requests: L{Router<jetdirect.web.router.Router>}."""

    async def answer(self, asked: Asked) -> Reply:
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
        """A request has L{REQUEST_TIME} from now on."""
        super().connectionMade()
        self._begin()

    def _begin(self) -> None:
        self._end()
        self._timer = self.callLater(REQUEST_TIME, self._late)

    def _late(self) -> None:
        # Not Twisted's forceAbortClient: a client that is slow a hundred times would fill the log.
        self.transport.abortConnection()

    def _end(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        """One request each: a client that is silent between two of them takes no place."""
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
        """The connection is gone; there is a place for another."""
        self._end()
        self.site.connections -= 1
        super().connectionLost(reason)


# Not Twisted's choice of protocols: it changes the context of TLS with each connection, which
# pyOpenSSL refuses; the certificate's own context chooses.
@implementer_only(IProtocolFactory)
class Site(TwistedSite):
    """
    One listener.

    @ivar connections: how many there are now.
    """

    protocol: Any = Channel
    noisy = False

    def __init__(
        self, router: Answers, streams: Streams | None, reactor: IReactorTime, secure: bool = False
    ) -> None:
        """
        @param streams: open pages; L{None}: there are none.
        @param secure: TLS of our own comes before.
        """
        # Twisted reads forms before it asks whether they are wanted; L{LONGEST_BODY} bounds that.
        super().__init__(_Root(router, streams, secure), Request, reactor=reactor, timeout=None)
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
        """Twisted logs each request; here only changes are logged, with the name of the person."""


class _Root(Resource):
    isLeaf = True
    _log = Logger()

    def __init__(self, router: Answers, streams: Streams | None, secure: bool) -> None:
        super().__init__()
        self._router = router
        self._streams = streams
        self._secure = secure

    def render(self, request: Any) -> int:
        def failed(failure: Failure) -> None:
            self._log.failure("{uri} failed", failure, uri=request.uri.decode("ascii", "replace"))
            request.channel.forceAbortClient()

        Deferred.fromCoroutine(self._answer(request)).addErrback(failed)
        return NOT_DONE_YET

    async def _answer(self, request: Any) -> None:
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)
        asked = self._asked(request)
        reply = await self._router.answer(asked)
        if asked.method == "POST":
            self._log.info(
                "{by}: POST {path}: {status}{why}",
                by=reply.by or asked.peer,
                path=ascii(request.path.decode("ascii", "replace"))[1:-1],
                status=reply.status,
                why=f": {presentable(reply.why)}" if reply.why else "",
            )
        if gone:
            return
        request.setResponseCode(reply.status)
        heads = {**_HEADERS, "Content-Type": reply.kind, "Content-Security-Policy": reply.policy}
        for name, value in {**heads, **reply.heads}.items():
            request.setHeader(name.encode("ascii"), value.encode("latin-1"))
        if reply.live is not None and asked.method == "GET" and self._streams is not None:
            cut = request.channel.forceAbortClient
            if not self._streams.add(request, cut, *reply.live):
                request.setResponseCode(503)
                request.finish()
            return
        request.setHeader(b"Content-Length", b"%d" % len(reply.content))
        if asked.method != "HEAD":
            request.write(reply.content)
        request.finish()

    def _asked(self, request: Any) -> Asked:
        def headers(name: str) -> list[str]:
            found = request.requestHeaders.getRawHeaders(name.encode("ascii"), [])
            return [each.decode("latin-1") for each in found]

        transport = request.channel.transport
        host = transport.getHost()
        isUnix = not isinstance(host, IPv4Address | IPv6Address)
        target = request.uri
        absolute = _ABSOLUTE.match(target)
        if absolute is not None:
            # Its host is the one that counts, and is looked at as that of the header would be.
            target = target[absolute.end() :]
            if len(headers("Host")) == 1:
                request.requestHeaders.setRawHeaders(b"Host", [absolute[1]])
        place, _, query = target.partition(b"?")
        _, *path = (place or b"/").split(b"/")
        cookie = request.getCookie(COOKIE.encode("ascii"))
        return Asked(
            request.method.decode("ascii", "replace"),
            path,
            query,
            request.content.getvalue(),
            headers,
            {} if cookie is None else {COOKIE: cookie.decode("latin-1")},
            who(transport),
            isUnix,
            "" if isUnix else host.host,
            self._secure,
        )


def who(transport: Any) -> str:
    """The name of the peer, as far as the kernel knows it."""
    peer = transport.getPeer()
    if isinstance(peer, IPv4Address | IPv6Address):
        return f"an operator at {peer.host}"
    if not hasattr(socket, "SO_PEERCRED"):
        return "an operator at the Unix socket"
    packed = transport.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    _, uid, _ = struct.unpack("3i", packed)
    return _nameOf(uid)


@lru_cache(maxsize=100)
def _nameOf(uid: int) -> str:
    # Asked once: each request has it, and a directory on the network would hold up the reactor.
    try:
        return printable(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return f"the user with uid {uid}"
