"""
One request over HTTP on a connection of its own, for IPP.

Twisted's own client waits for the end of a request before it looks at an answer that came in the
middle, and stops reading meanwhile; a printer that refuses a job says so in the middle.

And a job that is cut must not look like a whole one.  CUPS's library takes a reset between two
chunks for the end of the content, and an orderly end of the connection anywhere; so do printers
that are made with it (measured: ippeveprinter printed 7 of 20 cut jobs, and 5 of 5 of a gateway
that was killed).  So the last byte of what was written is always held back, and until the answer
has come the connection ends with a reset, even if it is our process that ends.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionClosed, ConnectionDone
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from ...errors import PrinterLost
from ...tcp import borrowedSocket, tellOfHandshake
from ..dialogue import Dialogue
from .http import CHUNK_END, LAST_CHUNK, AnswerReader, chunkHead, postHead

ANSWER_TIMEOUT = 15.0
"""Seconds in which an answer that has begun comes to its end, and in which a small question is
answered; a printer that sleeps needs some (chosen)."""

_BELIEF = "its certificate is not believed; name who signed it with tls-ca=FILE, or write tls=any"


class Exchange(Dialogue):
    """
    One request and its answer.

    @ivar answer: fires with the L{AnswerReader} when the answer is whole, even before the request
        is; fails with L{PrinterLost}.  Its cancellation breaks off.
    @ivar early: the answer came before the end of the request.
    """

    def __init__(self, clock: Any, patience: float) -> None:
        """@param patience: seconds to wait for the answer to a whole request."""
        super().__init__(clock, patience, "printer")
        self.answer: Deferred[AnswerReader] = Deferred(self._break)
        self.early = True
        self._reader = AnswerReader()
        self._late: Any = None
        self._held = b""
        self._shakingHands = False

    def connectionMade(self) -> None:
        super().connectionMade()
        self._shakingHands = tellOfHandshake(self.transport)

    def handshakeCompleted(self) -> None:
        """L{IHandshakeListener<twisted.internet.interfaces.IHandshakeListener>}."""
        self._shakingHands = False

    def post(self, path: str, host: str, headers: Mapping[str, str], content: bytes) -> None:
        """A request whose content is here."""
        length = {**headers, "Content-Length": str(len(content))}
        self.transport.write(postHead(path, host, length) + content)
        self._complete("the question")

    def begin(self, path: str, host: str, headers: Mapping[str, str], content: bytes) -> None:
        """A request whose content begins here; C{write} and C{end} bring the rest."""
        if self.gone is None:
            chunked = {**headers, "Transfer-Encoding": "chunked"}
            head = postHead(path, host, chunked)
            self.transport.write(head + chunkHead(len(content)) + content + CHUNK_END)
            _resetAtEnd(self.transport, True)

    def write(self, data: bytes) -> None:
        """More of the content."""
        if data and self.gone is None:
            self.transport.write(self._letGo() + chunkHead(len(data)) + data[:-1])
            self.sent += len(data) - 1
            self._held = data[-1:]

    def end(self) -> None:
        """That was all of the content."""
        if self.gone is None:
            self.transport.write(self._letGo() + LAST_CHUNK)
            self._complete("the whole job")

    def dataReceived(self, data: bytes) -> None:
        """The answer."""
        if self.gone is not None:
            return
        try:
            self._reader.feed(data)
        except ValueError as why:
            self.lose(f"what came is no answer ({why})")
            return
        if self._reader.whole:
            self._answered()
        elif self._late is None:
            self._late = self._clock.callLater(ANSWER_TIMEOUT, self._tooLate)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It may have been the end of the answer."""
        if self._late is not None and self._late.active():
            self._late.cancel()
        if self._shakingHands:
            self.sent = 0  # TLS has kept it all
        if reason.check(ConnectionDone):
            self._reader.end()
            if self._reader.whole and self.gone is None:
                self._answered()
        elif not reason.check(ConnectionClosed):  # OpenSSL's, or service_identity's
            unbelieved = "certificate" in repr(reason.value) or "Verif" in repr(reason.type)
            self.lose(_BELIEF if unbelieved else "TLS failed")
        super().connectionLost(reason)

    def lost(self, why: PrinterLost) -> None:
        """L{Dialogue}."""
        if not self.answer.called:
            self.answer.errback(why)

    def _break(self, _: Deferred[AnswerReader]) -> None:
        self.abort()

    def _letGo(self) -> bytes:
        # The rest of the chunk before.
        held, self._held = self._held, b""
        self.sent += len(held)
        return held + CHUNK_END if held else b""

    def _complete(self, what: str) -> None:
        self.early = False
        self.expect(what)

    def _answered(self) -> None:
        self.gone = PrinterLost("the exchange is over")
        self.expect("")
        _resetAtEnd(self.transport, False)
        if not self.answer.called:
            self.answer.callback(self._reader)

    def _tooLate(self) -> None:
        self.lose(f"an answer that has no end within {ANSWER_TIMEOUT:g} s")


def _resetAtEnd(transport: Any, wanted: bool) -> None:
    # Does the connection end with RST when its descriptor is closed, by whomever?
    try:
        descriptor = transport.fileno()
    except AttributeError:
        return  # in memory
    if descriptor >= 0:
        with borrowedSocket(descriptor) as handle:
            atOnce = struct.pack("ii", wanted, 0)
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, atOnce)
