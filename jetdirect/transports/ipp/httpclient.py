"""
One request over HTTP on a connection of its own, for IPP.

Twisted's own client waits for the end of a request before it looks at an answer that came in the
middle, and stops reading meanwhile; a printer that refuses a job says so in the middle.

And a job that is cut must not look like a whole one.  CUPS's library takes a reset between two
chunks for the end of the content, and an orderly end of the connection anywhere; so do printers
that are made with it (measured: ippeveprinter printed 7 of 20 cut jobs, and 5 of 5 of a gateway
that was killed).  So the last byte of what was written is always held back (L{Post}), and until the
answer has come the connection ends with a reset, even if it is our process that ends.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionClosed, ConnectionDone
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from ...errors import PrinterLost
from ...net.belowtls import tellOfHandshake
from ...net.deadline import Deadline
from ...net.facts import borrowedSocket
from ..dialogue import Dialogue
from ..tls import whyNot
from .http import Post

ANSWER_TIMEOUT = 15.0
"""Seconds in which an answer comes to its end that has begun, when the printer has the whole
request; and in which a small question is answered: a printer that sleeps needs some (chosen)."""


class Exchange(Dialogue):
    """
    One request and its answer.

    @ivar answer: fires with the L{Post} when its answer is whole, even before the request is; fails
        with L{PrinterLost}.  Its cancellation breaks off.
    @ivar early: the answer came before the end of the request.
    """

    def __init__(self, clock: IReactorTime, patience: float) -> None:
        """@param patience: seconds to wait for the answer to a whole request."""
        super().__init__(clock, patience, "printer")
        self.answer: Deferred[Post] = Deferred(self._break)
        self.early = True
        self._post = Post()
        self._late: Deadline | None = None
        self._held = 0
        self._shakingHands = False

    def connectionMade(self) -> None:
        super().connectionMade()
        self._shakingHands = tellOfHandshake(self.transport)

    def handshakeCompleted(self) -> None:
        """L{IHandshakeListener<twisted.internet.interfaces.IHandshakeListener>}."""
        self._shakingHands = False

    def post(self, path: str, host: str, headers: Mapping[str, str], content: bytes) -> None:
        """A request whose content is here."""
        head = self._post.begin(path, host, headers, len(content))
        self.transport.write(head + self._post.write(content) + self._post.end())
        self._complete("the question")

    def begin(
        self, path: str, host: str, headers: Mapping[str, str], content: bytes, size: int | None
    ) -> None:
        """
        A request whose content begins here; C{write} and C{end} bring the rest.

        @param size: bytes of the rest, if that is known.
        """
        if self.gone is None:
            size = None if size is None else len(content) + size
            head = self._post.begin(path, host, headers, size)
            self.transport.write(head + self._post.write(content))
            _resetAtEnd(self.transport, True)

    def write(self, data: bytes) -> None:
        """More of the content."""
        if data and self.gone is None:
            try:
                self.transport.write(self._post.write(data))
            except ValueError as why:
                self.lose(str(why))
            else:
                self.sent += self._held + len(data) - 1
                self._held = 1

    def end(self) -> None:
        """The content is complete."""
        if self.gone is None:
            try:
                self.transport.write(self._post.end())
            except ValueError as why:
                self.lose(str(why))
            else:
                self.sent += self._held
                self._complete("the whole job")

    def dataReceived(self, data: bytes) -> None:
        """The answer."""
        if self.gone is not None:
            return
        try:
            self._post.receive(data)
        except ValueError as why:
            self.lose(f"what came is no answer ({why})")
            return
        if self._post.whole:
            self._answered()
        else:
            self._timeAnswer()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It may have been the end of the answer."""
        self._closed = True  # the reader of the answer has no connection to end
        if self._late is not None:
            self._late.cancel()
        if self._shakingHands:
            self.sent = 0  # TLS has kept it all
        if reason.check(ConnectionDone):
            if self.gone is None:
                self._post.close()
                if self._post.whole:
                    self._answered()
        elif not reason.check(ConnectionClosed):  # OpenSSL's, or service_identity's
            self.lose(whyNot(reason))
        super().connectionLost(reason)

    def lost(self, why: PrinterLost) -> None:
        """L{Dialogue}."""
        if not self.answer.called:
            self.answer.errback(why)

    def _break(self, _: Deferred[Post]) -> None:
        self.abort()

    def _complete(self, what: str) -> None:
        self.early = False
        self.expect(what)
        self._timeAnswer()

    def _timeAnswer(self) -> None:
        # Interim answers (1xx) and a head that comes early say nothing of when the end is due.
        if self._post.code and not self.early and self._late is None:
            self._late = Deadline(self._clock, ANSWER_TIMEOUT, self._tooLate)

    def _answered(self) -> None:
        self.gone = PrinterLost("the exchange is over")
        self.expect("")
        _resetAtEnd(self.transport, False)
        if not self.answer.called:
            self.answer.callback(self._post)

    def _tooLate(self) -> None:
        if self.gone is None and self._facts.unacknowledged():  # it has not the whole request
            self._late = Deadline(self._clock, ANSWER_TIMEOUT, self._tooLate)
        else:
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
