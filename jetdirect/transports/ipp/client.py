"""
IPP over HTTP (RFC 8010, section 3): one operation is one POST, perhaps with a document behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IProducer, IReactorTime, IStreamClientEndpoint

from ...errors import PrinterLost, PrinterUnreachable
from ...net.deadline import within
from ...net.dial import Dialer
from . import rfc8011
from .credentials import NOBODY, Attempt, Credentials, challenges, parameter
from .http import Post
from .httpclient import ANSWER_TIMEOUT, Exchange
from .rfc8010 import URI, VERSION, Attribute, Response, Version, request, response

_T = TypeVar("_T")

_REMEDIES = {
    403: "it does not let us",
    404: "there is no printer of that path",
    408: "it did not wait for the rest of the request",
    413: "the job is too long for it",
    426: "it wants TLS; write ipps://",
    429: "it is busy",
    503: "it is busy",
}

_MAJOR = (1, 2)
"""Versions of IPP whose messages are those of RFC 8010."""

_TRIES = 5
"""How often a question is asked at most: without a login, with it, again because it has become too
old, and in another version; and one more (chosen)."""


def _refused(answer: Post) -> str:
    # Why HTTP itself has said no, and what helps.
    if 300 <= answer.code < 400:
        place = "".join(answer.field("location")[:1])
        there = f", at {rfc8011.shown(place)}" if place else ""
        return f"HTTP {answer.code}: the printer is elsewhere{there}; write that address"
    fallback = "that is no IPP" if answer.code < 500 else "it has a fault of its own"
    remedy = _REMEDIES.get(answer.code, fallback)
    if answer.wantsSize:
        remedy = "it wants to know how long a job is; let the sender announce it (ALLO)"
    return f"HTTP {answer.code}: {remedy}"


def _read(answer: Post, number: int) -> Response:
    # The answer to one request.
    if answer.code != 200:
        raise PrinterLost(_refused(answer))
    try:
        return response(bytes(answer.content), number)
    except ValueError as why:
        raise PrinterLost(f"what came is no answer ({why})") from None


class Document:
    """
    A request with a document, which comes as it comes.

    @ivar begun: has it a first byte?
    @ivar answer: fires with the printer's answer, perhaps before the document is whole; fails with
        L{PrinterLost}; silent after C{abort}.
    """

    def __init__(
        self, exchange: Exchange, begin: Callable[[], None], read: Callable[[Post], Response]
    ) -> None:
        """
        @param begin: begins the request; the first byte of the document does it.
        @param read: makes the answer of what comes back.
        """
        self.begun = False
        self.answer: Deferred[Response] = Deferred()
        self._exchange = exchange
        self._begin = begin
        self._read = read
        self._unread = False
        exchange.answer.addCallback(self._answered)
        exchange.answer.addCallbacks(self.answer.callback, self.answer.errback)

    @property
    def sent(self) -> int:
        """Bytes of the document that were given to the connection, and not left unread there."""
        return 0 if self._unread else self._exchange.sent

    @property
    def early(self) -> bool:
        """The answer came before the end of the document."""
        return self._exchange.early

    def write(self, data: bytes) -> None:
        """More of the document."""
        if data and not self.begun:
            self.begun = True
            self._begin()
        self._exchange.write(data)

    def end(self) -> None:
        """The document is complete."""
        self._exchange.end()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Register the producer to pause."""
        self._exchange.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """Forget it."""
        self._exchange.transport.unregisterProducer()

    def hangUp(self) -> Deferred[None]:
        """After the answer: fires when the connection is closed."""
        return self._exchange.hangUp()

    def abort(self) -> Deferred[None]:
        """Break off; fires when the connection is closed."""
        return self._exchange.abort()

    def _answered(self, answer: Post) -> Response:
        self._unread = answer.unread
        return self._read(answer)


class IPPClient:
    """
    What can be asked of one printer.

    What a printer wants to be asked in, its version of IPP and its way of logging in, is learned
    from its answers.

    @ivar name: the printer's URI in reasons, without user name and password.
    """

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamClientEndpoint,
        name: str,
        uri: str,
        path: str,
        user: str = "",
        password: str = "",
    ) -> None:
        """
        @param endpoint: where the printer listens, with TLS if that is wanted.
        @param uri: C{ipp://host:631/path} or C{ipps://}, as the printer knows itself.
        @param path: the part of it after the port, percent-encoded.
        """
        self.name = name
        self._uri = uri
        self._clock = clock
        self._dialer = Dialer(clock, endpoint, name)
        self._path = path
        self._host = uri.partition("://")[2].partition("/")[0]
        self._credentials = Credentials(user, password)
        self._version: Version = VERSION
        self._count = 0
        self._asking = 0
        self._peeking: Deferred[Response] | None = None

    async def ask(self, operation: int, attributes: Sequence[Attribute]) -> Response:
        """
        Do an operation.

        @raise PrinterUnreachable: no answer came.
        """
        self._asking += 1
        try:
            await self._stopPeeking()
            return await self._ask(operation, attributes)
        finally:
            self._asking -= 1

    async def peek(self, operation: int, attributes: Sequence[Attribute]) -> Response | None:
        """
        Do an operation that gives way to all others: a printer may take one connection at a time.

        @return: L{None} if it had to give way.
        @raise PrinterUnreachable: no answer came.
        """
        if self._asking or self._peeking is not None:
            return None
        peeking = Deferred.fromCoroutine(self._ask(operation, attributes))
        self._peeking = peeking
        try:
            return await peeking
        except CancelledError:
            if self._peeking is peeking:
                raise
            return None
        finally:
            if self._peeking is peeking:
                self._peeking = None

    async def send(
        self,
        operation: int,
        attributes: Sequence[Attribute],
        size: int | None,
        patience: float,
    ) -> Document:
        """
        Begin an operation that has a document.

        @param size: bytes of the document, if that is known.
        @param patience: seconds to wait for an answer to the whole of it.
        @raise PrinterUnreachable: the printer is not there.
        """
        self._asking += 1
        try:
            await self._stopPeeking()
            if self._credentials.spent:
                await self._within(self._challenge())
            exchange = await self._dial(patience)
        finally:
            self._asking -= 1
        number, data = self._request(operation, attributes)
        attempts: list[Attempt] = []

        def begin() -> None:
            # Not before: a server that counts may want the requests to come in order.
            attempts.append(self._credentials.attempt(self._path))
            exchange.begin(self._path, self._host, self._headers(attempts[0]), data, size)

        def read(answer: Post) -> Response:
            if self._wanted(attempts[0] if attempts else NOBODY, answer):
                raise PrinterLost("HTTP 401: it asks for the login anew; send the job again")
            return _read(answer, number)

        return Document(exchange, begin, read)

    async def _stopPeeking(self) -> None:
        peeking, self._peeking = self._peeking, None
        if peeking is not None:
            closed: Deferred[None] = Deferred()
            peeking.addBoth(lambda _: closed.callback(None))
            peeking.cancel()
            await closed

    async def _within(self, asking: Coroutine[Any, Any, _T]) -> _T:
        try:
            return await within(Deferred.fromCoroutine(asking), ANSWER_TIMEOUT, self._clock)
        except PrinterLost as why:
            raise PrinterUnreachable(f"{self.name}: {why.reason}") from why
        except TimeoutError:
            reason = f"{self.name}: no answer within {ANSWER_TIMEOUT:g} s"
            raise PrinterUnreachable(reason) from None

    async def _ask(self, operation: int, attributes: Sequence[Attribute]) -> Response:
        said, exchange = await self._within(self._answer(operation, attributes))
        try:
            await exchange.hangUp()  # some printers take one connection at a time
        except CancelledError:
            await exchange.abort()
            raise
        return said

    async def _answer(
        self, operation: int, attributes: Sequence[Attribute]
    ) -> tuple[Response, Exchange]:
        # The answer to the question as the printer wants it asked, and where it came from.
        for _ in range(_TRIES):
            number, data = self._request(operation, attributes)
            attempt = self._credentials.attempt(self._path)
            exchange, answer = await self._post(attempt, data)
            try:
                said = None if self._wanted(attempt, answer) else _read(answer, number)
            except PrinterLost:
                await exchange.hangUp()
                raise
            if said is not None and not self._otherwise(said):
                return said, exchange
            await exchange.hangUp()
        raise PrinterLost("it always wants to be asked otherwise")

    def _otherwise(self, said: Response) -> bool:
        # RFC 8011, section 4.1.8: it wants to be asked in the version of its answer.
        if said.status != rfc8011.OTHER_VERSION or said.version[0] not in _MAJOR:
            return False
        before, self._version = self._version, said.version
        return before != said.version

    async def _challenge(self) -> None:
        # A question that is refused brings one that has not been answered yet.
        _, data = self._request(rfc8011.GET_PRINTER, [])
        exchange, answer = await self._post(NOBODY, data)
        await exchange.hangUp()
        self._wanted(NOBODY, answer)

    def _wanted(self, attempt: Attempt, answer: Post) -> bool:
        # Does the printer want other credentials, and have we got any?
        if answer.code == 401:
            asked = challenges(answer.field("www-authenticate"))
            why = self._credentials.refused(attempt, asked)
            if why:
                raise PrinterLost(f"HTTP 401: {rfc8011.shown(why)}")
            return True
        following = "".join(answer.field("authentication-info")[:1])
        self._credentials.taken(attempt, parameter(following, "nextnonce"))
        return False

    async def _post(self, attempt: Attempt, data: bytes) -> tuple[Exchange, Post]:
        exchange = await self._dial(ANSWER_TIMEOUT)
        exchange.post(self._path, self._host, self._headers(attempt), data)
        try:
            return exchange, await exchange.answer
        except CancelledError:
            await exchange.abort()
            raise

    async def _dial(self, patience: float) -> Exchange:
        exchange: Exchange = await self._dialer.dial(lambda: Exchange(self._clock, patience))
        return exchange

    def _headers(self, attempt: Attempt) -> Mapping[str, str]:
        return {"Content-Type": "application/ipp", **attempt.headers}

    def _request(self, operation: int, attributes: Sequence[Attribute]) -> tuple[int, bytes]:
        self._count = self._count % (2**31 - 1) + 1
        where = Attribute(URI, "printer-uri", [self._uri])
        every = [where, *attributes]
        return self._count, request(operation, self._count, every, self._version)
