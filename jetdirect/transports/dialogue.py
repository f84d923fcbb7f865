"""
A dialogue with a printer or print server over TCP: something is said, an answer is awaited, and the
other end is known to live meanwhile.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import error
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from ..errors import PrinterLost
from ..net.facts import ITCPFacts, factsOf
from ..net.pulse import Pulse
from ..net.tuning import tune

LOOK_INTERVAL = 0.5
"""Seconds between two looks at the connection's state in the kernel."""

FAREWELL = 2.0
"""Seconds in which the other end may take its leave of a connection that is over (chosen)."""


class Dialogue(Protocol):
    """
    One connection, to be extended by a protocol.

    As long as no answer is awaited, or the other end's kernel does not have all of what was said,
    the dialogue lasts: a server that is merely slow, or stopped, is waited for.

    @ivar sent: bytes of the document that may have reached the other end.
    @ivar gone: why nothing more can be said, or L{None}.
    """

    transport: Any
    _facts: ITCPFacts
    _pulse: Pulse
    _watch: IDelayedCall

    def __init__(self, clock: IReactorTime, patience: float, peer: str) -> None:
        """
        @param patience: seconds to wait for an answer when the other end's kernel has everything.
        @param peer: what the other end is called in reasons.
        """
        self.sent = 0
        self.gone: PrinterLost | None = None
        self._clock = clock
        self._patience = patience
        self._peer = peer
        self._awaited = ""
        self._closed = False
        self._overdue = False
        self._closing: list[Deferred[None]] = []

    # For those that extend it.

    def expect(self, what: str) -> None:
        """From now on an answer is awaited, to C{what}; C{""}: no more."""
        self._awaited = what

    def lose(self, why: str) -> None:
        """Nothing good will come of it any more: C{lost} is told, unless it is over anyway."""
        if self.gone is None:
            self.gone = PrinterLost(why)
            if not self._closed:
                self.transport.abortConnection()
            self.lost(self.gone)

    def lost(self, why: PrinterLost) -> None:
        """To be overridden."""

    # For those that lead it.

    def hangUp(self) -> Deferred[None]:
        """
        End it in order.

        @return: fires when the connection is closed.
        """
        self.gone = self.gone or PrinterLost("the dialogue is over")
        if not self._closed:
            self._pulse.mark()
            self.transport.loseConnection()
        return self._whenClosed()

    def abort(self) -> Deferred[None]:
        """The same at once, and whatever was not sent yet is thrown away."""
        self.gone = self.gone or PrinterLost("the job was aborted")
        if not self._closed:
            self.transport.abortConnection()
        return self._whenClosed()

    # Protocol

    def connectionMade(self) -> None:
        self._facts = factsOf(self.transport)
        self._pulse = Pulse(self._facts, self._clock)
        self._pulse.mark()
        tune(self.transport)
        self._watch = self._clock.callLater(LOOK_INTERVAL, self._checkPeer)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._watch.cancel()
        self._closed = True
        answer = f" without an answer to {self._awaited}" if self._awaited else ""
        done = "closed" if reason.check(error.ConnectionDone) else "broke"
        self.lose(f"the {self._peer} {done} the connection{answer}")
        closing, self._closing = self._closing, []
        for each in closing:
            each.callback(None)

    # Inside.

    def _whenClosed(self) -> Deferred[None]:
        if self._closed:
            return succeed(None)
        closing: Deferred[None] = Deferred()
        self._closing.append(closing)
        return closing

    def _checkPeer(self) -> None:
        overdue, self._overdue = self._overdue, False
        self._watch = self._clock.callLater(LOOK_INTERVAL, self._checkPeer)
        if self.gone is not None:
            if self._pulse.still() >= FAREWELL:
                self.transport.abortConnection()
        elif self._pulse.dead():
            self.lose(f"the {self._peer} has not answered for {self._pulse.silent():.0f} s")
        elif not self._awaited or self._facts.unacknowledged():
            self._pulse.mark()
        elif self._pulse.still() >= self._patience:
            if overdue:
                self.lose(f"no answer to {self._awaited} within {self._patience:g} s")
            else:  # if it is the reactor that is late, it reads first what has come meanwhile
                self._overdue = True
                self._watch.reset(0)
