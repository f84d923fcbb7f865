"""
C{@PJL INFO}: how a printer is, asked on the port that it gets its jobs from.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import (
    IDelayedCall,
    IHalfCloseableProtocol,
    IReactorTime,
    ISSLTransport,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from ...interfaces import PrinterStatus
from ...language import UEL
from ...net.dial import cancelLater
from ...net.tuning import tune
from .codes import statusOfMessages
from .talk import Message, MessageListener

QUESTION = UEL + b"@PJL INFO ID\r\n@PJL INFO STATUS\r\n" + UEL

PATIENCE = 2.0
"""Seconds for connecting and both answers (chosen)."""

FAREWELL = 1.0
"""Seconds in which the printer may close its side after us (chosen)."""

LONGEST_ANSWER = 16384
"""Bytes of all it says; they are some hundred (chosen)."""


@implementer(IHalfCloseableProtocol)
class Question(Protocol):
    """One question to one printer, and its connection."""

    transport: Any = None

    def __init__(self, clock: IReactorTime, halfClose: bool) -> None:
        """@param halfClose: the printer can be told the end of our direction alone."""
        self._clock = clock
        self._halfClose = halfClose
        self._listener = MessageListener()
        self._answers: dict[str, Message] = {}
        self._left = LONGEST_ANSWER
        self._connecting: Deferred[Any]
        self._timer: IDelayedCall
        self._ended = False
        self._over = False
        self._waiting: list[Deferred[None]] = []

    @property
    def answer(self) -> PrinterStatus:
        """What the printer has said of itself."""
        return statusOfMessages(self._answers.get("INFO ID"), self._answers.get("INFO STATUS"))

    def put(self, endpoint: IStreamClientEndpoint) -> Deferred[None]:
        """
        Ask.

        @return: fires when the connection is gone; fails only if it is canceled, and the connection
            is thrown away then.
        """
        factory = Factory.forProtocol(lambda: self)
        factory.noisy = False
        self._timer = self._clock.callLater(PATIENCE, self.end)
        self._connecting = cancelLater(self._clock, endpoint.connect(factory))
        self._connecting.addErrback(self._notConnected)
        return self.whenOver()

    def whenOver(self) -> Deferred[None]:
        """Fires when the connection is gone."""
        if self._over:
            return succeed(None)
        waiter: Deferred[None] = Deferred(self._drop)
        self._waiting.append(waiter)
        return waiter

    def end(self) -> None:
        """Nothing more is awaited: take leave of the printer."""
        if self._ended:
            return
        self._ended = True
        self._cancelTimer()
        if self.transport is None:
            self._connecting.cancel()
            return
        self._timer = self._clock.callLater(FAREWELL, self.transport.abortConnection)
        if self._halfClose and not ISSLTransport.providedBy(self.transport):
            self.transport.loseWriteConnection()
        else:
            self.transport.loseConnection()

    # Protocol, IHalfCloseableProtocol

    def connectionMade(self) -> None:
        if self._ended:
            return  # given up in this very moment; the connection is thrown away
        tune(self.transport)
        self.transport.write(QUESTION)

    def dataReceived(self, data: bytes) -> None:
        """What comes after the answers is read, or closing would be a reset, and dropped."""
        if self._ended:
            return
        for message in self._listener.heard(data[: self._left]):
            if message.topic in ("INFO ID", "INFO STATUS"):
                self._answers.setdefault(message.topic, message)
        self._left -= len(data)
        if len(self._answers) == 2 or self._left <= 0:
            self.end()

    def writeConnectionLost(self) -> None:
        """L{IHalfCloseableProtocol}."""

    def readConnectionLost(self) -> None:
        """The printer's FIN."""
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._endQuestion()

    # Inside.

    def _notConnected(self, _: Failure) -> None:
        if not self._ended:
            self._endQuestion()  # a printer that is off says nothing
            return
        # Given up: the socket is closed in the next turn, and a job is not to be a second one.
        closed = deferLater(self._clock, 0).addCallback(lambda _: deferLater(self._clock, 0))
        closed.addCallback(lambda _: self._endQuestion())

    def _drop(self, waiter: Deferred[None]) -> None:
        waiter.errback(CancelledError())  # first: a waiter that has given up must not go on
        if self.transport is not None:
            self._ended = True
            self.transport.abortConnection()
        else:
            self.end()

    def _cancelTimer(self) -> None:
        if self._timer.active():
            self._timer.cancel()

    def _endQuestion(self) -> None:
        self._ended = self._over = True
        self._cancelTimer()
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.called:
                each.callback(None)
