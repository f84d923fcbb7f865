"""
IPP over HTTP (RFC 8010, section 3): one operation is one POST, perhaps with a document behind it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IProducer, IStreamClientEndpoint

from ...errors import PrinterLost, PrinterUnreachable
from ..dialer import Dialer
from .http import AnswerReader
from .httpclient import ANSWER_TIMEOUT, Exchange
from .rfc8010 import URI, Attribute, Response, request, response

_REMEDIES = {
    401: "it wants a user name and a password; write them in front of the host",
    403: "it does not let us",
    404: "there is no printer of that path",
    426: "it wants TLS; write ipps://",
}


def _read(answer: AnswerReader, number: int) -> Response:
    # The answer to one request.
    if answer.code != 200:
        remedy = _REMEDIES.get(answer.code, "that is no IPP")
        raise PrinterLost(f"HTTP {answer.code}: {remedy}")
    try:
        return response(answer.content, number)
    except ValueError as why:
        raise PrinterLost(f"what came is no answer ({why})") from None


class Document:
    """
    A request with a document, which comes as it comes.

    @ivar begun: has it a first byte?
    @ivar answer: fires with the printer's answer, perhaps before the document is whole; fails with
        L{PrinterLost}; silent after C{abort}.
    """

    def __init__(self, exchange: Exchange, head: tuple[Any, ...], number: int) -> None:
        """@param head: what begins the request; the first byte of the document opens it."""
        self.begun = False
        self.answer: Deferred[Response] = Deferred()
        self._exchange = exchange
        self._head = head
        exchange.answer.addCallback(_read, number)
        exchange.answer.addCallbacks(self.answer.callback, self.answer.errback)

    @property
    def sent(self) -> int:
        """Bytes of the document that were given to the connection."""
        return self._exchange.sent

    @property
    def early(self) -> bool:
        """The answer came before the end of the document."""
        return self._exchange.early

    def write(self, data: bytes) -> None:
        """More of the document."""
        if data and not self.begun:
            self.begun = True
            self._exchange.begin(*self._head)
        self._exchange.write(data)

    def end(self) -> None:
        """That was all."""
        self._exchange.end()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Whom to tell of back-pressure."""
        self._exchange.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """Nobody."""
        self._exchange.transport.unregisterProducer()

    def hangUp(self) -> Deferred[None]:
        """After the answer: fires when the connection is closed."""
        return self._exchange.hangUp()

    def abort(self) -> Deferred[None]:
        """Break off; fires when the connection is closed."""
        return self._exchange.abort()


class IPPClient:
    """
    What can be asked of one printer.

    @ivar uri: its URI, without user name and password.
    """

    def __init__(
        self,
        clock: Any,
        endpoint: IStreamClientEndpoint,
        uri: str,
        path: str,
        user: str = "",
        password: str = "",
    ) -> None:
        """
        @param endpoint: where the printer listens, with TLS if that is wanted.
        @param uri: C{ipp://host:631/path} or C{ipps://}.
        @param path: the part of it after the port, percent-encoded.
        """
        self.uri = uri
        self._clock = clock
        self._dialer = Dialer(clock, endpoint, uri)
        self._path = path
        self._host = uri.partition("://")[2].partition("/")[0]
        self._headers = {"Content-Type": "application/ipp"}
        if user or password:
            secret = b64encode(f"{user}:{password}".encode("utf-8", "surrogateescape"))
            self._headers["Authorization"] = f"Basic {secret.decode('ascii')}"
        self._count = 0

    async def ask(self, operation: int, attributes: Sequence[Attribute]) -> Response:
        """
        Do an operation.

        @raise PrinterUnreachable: no answer came.
        """
        asking = Deferred.fromCoroutine(self._ask(operation, attributes))
        try:
            return await asking.addTimeout(ANSWER_TIMEOUT, self._clock)
        except TimeoutError:
            raise PrinterUnreachable(f"{self.uri}: no answer within {ANSWER_TIMEOUT:g} s") from None

    async def send(
        self, operation: int, attributes: Sequence[Attribute], patience: float
    ) -> Document:
        """
        Begin an operation that has a document.

        @param patience: seconds to wait for an answer to the whole of it.
        @raise PrinterUnreachable: the printer is not there.
        """
        exchange = await self._dial(patience)
        number, data = self._request(operation, attributes)
        return Document(exchange, (self._path, self._host, self._headers, data), number)

    async def _ask(self, operation: int, attributes: Sequence[Attribute]) -> Response:
        exchange = await self._dial(ANSWER_TIMEOUT)
        number, data = self._request(operation, attributes)
        exchange.post(self._path, self._host, self._headers, data)
        try:
            answer = await exchange.answer
            await exchange.hangUp()  # some printers take one connection at a time
            return _read(answer, number)
        except PrinterLost as why:
            raise PrinterUnreachable(f"{self.uri}: {why.reason}") from why

    async def _dial(self, patience: float) -> Exchange:
        exchange: Exchange = await self._dialer.dial(lambda: Exchange(self._clock, patience))
        return exchange

    def _request(self, operation: int, attributes: Sequence[Attribute]) -> tuple[int, bytes]:
        self._count = self._count % (2**31 - 1) + 1
        where = Attribute(URI, "printer-uri", [self.uri])
        return self._count, request(operation, self._count, [where, *attributes])
