"""
IPP over HTTP (RFC 8010, section 3): one operation is one POST, perhaps with a document behind it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, TimeoutError, succeed
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError
from twisted.internet.interfaces import IConsumer, IProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import (
    Agent,
    RequestGenerationFailed,
    RequestTransmissionFailed,
    ResponseDone,
    ResponseFailed,
)
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from ..tcp import Pulse, factsOf, tune
from .rfc8010 import URI, Attribute, Response, request, response

ANSWER_TIMEOUT = 15.0
"""Seconds in which a printer answers a question; one that sleeps needs some (chosen)."""

LONGEST_ANSWER = 2**20
"""Bytes of an answer; what is asked for here has some kilobytes."""

BUFFER = 64 * 1024
"""Bytes of a document that may wait for the connection before the sender is paused."""

_REMEDIES = {
    401: "it wants a user name and a password; write them in front of the host",
    403: "it does not let us",
    404: "there is no printer of that path",
    426: "it wants TLS; write ipps://",
}


class NoAnswer(Exception):
    """The printer has not answered, or not in IPP; the message says why."""


@implementer(IBodyProducer)
class Question:
    """A request without a document."""

    def __init__(self, data: bytes) -> None:
        self.length = len(data)
        self._data = data

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """L{IBodyProducer}."""
        consumer.write(self._data)
        return succeed(None)

    def pauseProducing(self) -> None:
        """L{IBodyProducer}."""

    def resumeProducing(self) -> None:
        """L{IBodyProducer}."""

    def stopProducing(self) -> None:
        """L{IBodyProducer}."""


@implementer(IBodyProducer)
class Document:
    """
    A request with a document, which comes as it comes (chunked).

    @ivar sent: bytes of the document that were given to the connection.
    @ivar pulse: the connection's, once there is one.
    """

    length = UNKNOWN_LENGTH

    def __init__(self, head: bytes, clock: Any) -> None:
        """@param head: the request before the document."""
        self.sent = 0
        self.pulse: Pulse | None = None
        self._head = head
        self._clock = clock
        self._consumer: Any = None
        self._early: list[bytes] = []
        self._paused = False
        self._producer: IProducer | None = None
        self._streaming = True
        self._done: Deferred[None] = Deferred()

    # What the printer connection does.

    def write(self, data: bytes) -> None:
        """More of the document."""
        if self._consumer is not None:
            self.sent += len(data)
            self._consumer.write(data)
            return
        self._early.append(data)
        if sum(map(len, self._early)) > BUFFER:
            self.pauseProducing()

    def end(self) -> None:
        """That was all."""
        if self._consumer is not None and not self._done.called:
            self._done.callback(None)
        else:
            self._early.append(b"")

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Whom to tell of back-pressure."""
        self._producer, self._streaming = producer, streaming
        if not streaming:
            producer.resumeProducing()  # type: ignore[attr-defined]

    def unregisterProducer(self) -> None:
        """Nobody."""
        self._producer = None

    @property
    def unacknowledged(self) -> bool:
        """Is something on the way that the printer's kernel does not have yet?"""
        return self._consumer is None or factsOf(self._consumer.transport).unacknowledged() > 0

    # L{IBodyProducer}, for the HTTP client

    def startProducing(self, consumer: Any) -> Deferred[None]:
        """L{IBodyProducer}: the connection is there."""
        self._consumer = consumer
        tune(consumer.transport)
        self.pulse = Pulse(factsOf(consumer.transport), self._clock)
        consumer.write(self._head)
        early, self._early = self._early, []
        for data in early:
            if data:
                self.write(data)
            else:
                self.end()
        if self._paused:
            self.resumeProducing()
        return self._done

    def pauseProducing(self) -> None:
        """L{IBodyProducer}."""
        self._paused = True
        if self._producer is not None and self._streaming:
            self._producer.pauseProducing()  # type: ignore[attr-defined]

    def resumeProducing(self) -> None:
        """L{IBodyProducer}."""
        self._paused = False
        if self._producer is not None:
            self._producer.resumeProducing()  # type: ignore[attr-defined]

    def stopProducing(self) -> None:
        """L{IBodyProducer}: the connection is lost, which the request tells otherwise."""


class _Answer(Protocol):
    """Collects what comes, up to a limit."""

    transport: Any

    def __init__(self) -> None:
        self.whole: Deferred[bytes] = Deferred(lambda _: self.transport.abortConnection())
        self._data = b""

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > LONGEST_ANSWER and not self.whole.called:
            self.whole.errback(NoAnswer("the answer has no end"))
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.whole.called:
            return
        if reason.check(ResponseDone, PotentialDataLoss):
            self.whole.callback(self._data)
        else:
            self.whole.errback(reason)


class IPPClient:
    """
    What can be asked of one printer.

    @ivar uri: its URI, without user name and password.
    """

    def __init__(
        self,
        reactor: Any,
        uri: str,
        user: str = "",
        password: str = "",
        contextFactory: Any = None,
    ) -> None:
        """
        @param uri: C{ipp://host:631/path} or C{ipps://}.
        @param contextFactory: whom to believe under TLS; by default those that the system does.
        """
        self.uri = uri
        self._clock = reactor
        self._url = uri.replace("ipp", "http", 1).encode("ascii")
        self._headers = Headers({"Content-Type": ["application/ipp"]})
        if password:
            secret = b64encode(f"{user}:{password}".encode()).decode("ascii")
            self._headers.addRawHeader("Authorization", f"Basic {secret}")
        more = {} if contextFactory is None else {"contextFactory": contextFactory}
        self._agent = Agent(reactor, connectTimeout=ANSWER_TIMEOUT, **more)
        self._count = 0

    async def ask(self, operation: int, attributes: Sequence[Attribute]) -> Response:
        """
        Do an operation.

        @raise NoAnswer: it did not come.
        """
        number, data = self._request(operation, attributes)
        answering = Deferred.fromCoroutine(self._post(number, Question(data)))
        try:
            return await answering.addTimeout(ANSWER_TIMEOUT, self._clock)
        except TimeoutError:
            raise NoAnswer(f"no answer within {ANSWER_TIMEOUT:g} s") from None

    def send(
        self, operation: int, attributes: Sequence[Attribute]
    ) -> tuple[Document, Deferred[Response]]:
        """
        Do an operation that has a document.

        @return: what takes it, and the answer, which fails with L{NoAnswer}; cancel to break off.
        """
        number, data = self._request(operation, attributes)
        document = Document(data, self._clock)
        return document, Deferred.fromCoroutine(self._post(number, document))

    def _request(self, operation: int, attributes: Sequence[Attribute]) -> tuple[int, bytes]:
        self._count = self._count % (2**31 - 1) + 1
        where = Attribute(URI, "printer-uri", [self.uri])
        return self._count, request(operation, self._count, [where, *attributes])

    async def _post(self, number: int, body: IBodyProducer) -> Response:
        try:
            answered: Any = await self._agent.request(b"POST", self._url, self._headers, body)
            collected = _Answer()
            answered.deliverBody(collected)
            data = await collected.whole
        except (ConnectError, DNSLookupError) as why:
            raise NoAnswer(_said(why)) from why
        except (
            ConnectionClosed,
            RequestGenerationFailed,
            RequestTransmissionFailed,
            ResponseFailed,
        ) as why:
            raise NoAnswer("the connection was lost") from why
        if answered.code != 200:
            remedy = _REMEDIES.get(answered.code, "that is no IPP")
            raise NoAnswer(f"HTTP {answered.code}: {remedy}")
        try:
            return response(data, number)
        except ValueError as why:
            raise NoAnswer(f"what came is no answer ({why})") from why


def _said(why: Exception) -> str:
    if isinstance(why, DNSLookupError):
        return "the host name is not known"
    return str(why).rstrip(".") or "the connection failed"
