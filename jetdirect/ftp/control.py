"""
The control connection: lines in, replies out, and how it ends.

It is read at all times, also while a job prints, so that the peer's end is seen at once.
"""

from __future__ import annotations

import socket
from sys import intern
from typing import Protocol

from twisted.internet import protocol
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IHandshakeListener,
    IPushProducer,
    IReactorTime,
    ISSLTransport,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..certificate import ServerCertificate
from ..net.facts import ITCPFacts, IWire, NoFacts, factsOf, realTransport
from ..net.gaps import whenProxied
from ..net.tuning import takeUrgentInLine, tune
from ..text import printable
from .address import oneHost, plainHost, proxiedHost
from .lines import LineDecoder, LineTooLong, NoLineEnd, isLast
from .replies import Reply
from .seldom import Seldom
from .settings import SessionSettings
from .strangers import startsStrangely
from .turns import LINES_A_SLICE, Turns

LINGER = 2.0
"""Seconds the peer has to take the last reply and close, before it is closed upon."""

LAST_WORDS = 16
"""Bytes that are remembered of what the peer said last: QUIT, its line end, and some noise."""

HEARD_INTERVAL = 0.05
"""Seconds between two looks whether a peer that has ended its direction has heard the rest."""

HEADER_TIMEOUT = 5.0
"""Seconds that a proxy may take for its header, which it sends at once (chosen)."""

READ_SIZE = 4096
"""Bytes that are read of a control connection at a time, a line of the longest: with what Twisted
reads by default, 64 KiB, one session could have 65,000 lines wait in memory."""


class ControlFactory(Protocol):
    """
    What a control connection needs of the factory that made it.

    @ivar settings: of sessions that begin now.
    @ivar reactor: which tells the time.
    @ivar turns: decides which session's lines are done next.
    @ivar seldom: where warnings go that peers can cause.
    """

    settings: SessionSettings
    turns: Turns
    seldom: Seldom

    @property
    def reactor(self) -> IReactorTime: ...

    def lingers(self, connection: ControlConnection, seconds: float) -> None:
        """It may stay open for so long, though it is in no session; then it is aborted."""

    def left(self, connection: ControlConnection) -> None:
        """It is no more."""


class ControlListener:
    """Is told what a control connection brings; this one ignores it."""

    __slots__ = ()

    def begun(self) -> None:
        """The connection is there."""

    def heard(self) -> None:
        """Something came, if only half a line."""

    def lineReceived(self, line: bytes | LineTooLong) -> None:
        """A line that is not empty, or the mark of one that was too long."""

    def overdue(self) -> bool:
        """Do one thing that came before the next line and had to wait, if there is one."""
        return False

    def notFTP(self) -> None:
        """What comes is something else; from now on it is not looked at."""

    def lineBegun(self) -> None:
        """A part of a line came, and nothing behind it."""

    def lineEnded(self) -> None:
        """The rest of it came."""

    def peerGone(self) -> None:
        """The peer has ended the connection, whose facts can be asked for the last time."""

    def ended(self) -> None:
        """The connection is no more; nothing else comes from it."""


_NOBODY = ControlListener()
_NO_FACTS = NoFacts()


@implementer(IHalfCloseableProtocol, IHandshakeListener, IPushProducer)
class ControlConnection(protocol.Protocol):
    """
    One control connection: it has lines for a listener, and takes replies from it.

    @ivar listener: who has the lines.
    @ivar peer: the host at the other end, in front of a proxy if there is one.
    @ivar peerPort: its TCP port.
    @ivar local: this end's own address.
    @ivar proxied: there is a proxy (PROXY protocol) between the two.
    @ivar proxy: its address then.
    @ivar secure: the connection is encrypted.
    @ivar implicitTLS: it is to be so before the first word.
    @ivar throughProxy: a PROXY header is to come first; until then the peer is not known, and
        nothing is said.
    @ivar expected: the peer is not known yet, because a proxy has to tell it.
    @ivar host: what the limits for one host take the peer for.
    @ivar closing: the last reply was sent, or the peer is gone.
    @ivar gone: the peer has ended the connection.
    @ivar saidGoodbye: it has done so by close_notify (TLS).
    @ivar facts: what the kernel knows of it.
    """

    _log = Logger()
    transport: IWire
    connected: int

    # What each command asks for, and each session sets, is in slots.
    __slots__ = (
        "_behind",
        "_deaf",
        "_decoder",
        "_factory",
        "_full",
        "_heard",
        "_lastWords",
        "_lineBegun",
        "_overdue",
        "_working",
        "closing",
        "connected",
        "facts",
        "gone",
        "host",
        "listener",
        "local",
        "peer",
        "peerPort",
        "secure",
        "transport",
    )

    # Of most sessions these never change; kept with the class they cost an idle one nothing.
    proxied = False
    proxy = ""
    implicitTLS = False
    throughProxy = False
    saidGoodbye = False
    _disconnected = False
    _shakingHands = False
    _reading = True
    _halfClosed = False
    _lingers = False
    expected = False

    def __init__(self, factory: ControlFactory, listener: ControlListener) -> None:
        self._factory = factory
        self.listener = listener
        self.facts: ITCPFacts = _NO_FACTS
        self._decoder = LineDecoder()
        self._lastWords = b""
        self.peer = self.local = self.host = ""
        self.peerPort = 0
        self.closing = self.gone = self.secure = False
        self.connected = 0
        self._heard = self._deaf = self._lineBegun = self._overdue = False
        self._full = self._working = self._behind = False

    # The connection

    def connectionMade(self) -> None:
        self._lookWhoIsThere()
        self.facts = factsOf(self.transport)
        if ISSLTransport.providedBy(self.transport):
            self.secure = self._shakingHands = True
        tune(self.transport)
        takeUrgentInLine(self.transport)
        realTransport(self.transport).bufferSize = READ_SIZE
        self.transport.registerProducer(self, True)
        if self.implicitTLS:
            self._encrypt(self._factory.settings.certificate)
        if self.throughProxy:
            self._awaitHeader()
        else:
            self.listener.begun()

    def dataReceived(self, data: bytes) -> None:
        if self.expected:
            self._headerCame()
        if self.closing or self._deaf:
            return
        words = (self._lastWords + data)[-LAST_WORDS:]
        # Of whole lines without a QUIT nothing is kept: thousands may be silent behind one.
        self._lastWords = b"" if words[-1:] == b"\n" and b"QUIT" not in words.upper() else words
        self.listener.heard()
        if not self._heard:
            self._heard = True
            if startsStrangely(data):
                self.strange()
                return
        self._decoder.feed(data)
        if not (self._working or self._full):
            self._factory.turns.take(self)

    def strange(self) -> None:
        """The peer does not speak FTP."""
        self.listenNoMore()
        self.listener.notFTP()

    def goOn(self) -> None:
        """A command has ended: do what waits, as soon as it is this session's turn."""
        self._overdue = True
        self._takeTurn()

    def _takeTurn(self) -> None:
        if not (self._working or self._full):
            self._factory.turns.take(self)

    def work(self, until: float) -> bool:
        """L{Worker <jetdirect.ftp.turns.Worker>}: while lines wait, no more of them are read."""
        if self._behind and self.facts.reset():
            # Not being read, it would tell so only behind all that the peer had sent before.
            self.abort()
            return False
        before, self._working = self._behind, True
        try:
            self._behind = self._slice(until)
        except NoLineEnd:
            self._behind = False
            self.strange()
        finally:
            self._working = False
        if self._behind is not before:
            self._readOrNot()
        return self._behind

    def _slice(self, until: float) -> bool:
        for _ in range(LINES_A_SLICE):
            # While the replies are not read, no more of them are made: the lines wait here.
            if self._full or self.closing or self._deaf:
                return False
            overdue = self._overdue = self._overdue and self.listener.overdue()
            if not overdue:
                line = self._decoder.next()
                if line is None:
                    if self._decoder.unfinished:
                        self._lineBegun = True
                        self.listener.lineBegun()
                    return False
                if self._lineBegun:
                    self._lineBegun = False
                    self.listener.lineEnded()
                if line:
                    self.listener.lineReceived(line)
            if not (self._overdue or self._decoder.waiting):
                return False
            if self._factory.turns.seconds() >= until:
                return overdue or bool(self._decoder.waiting)
        return True

    def _readOrNot(self) -> None:
        # TLS has to be read to shake hands; what comes after the last word is read and dropped.
        wanted = self.closing or self._shakingHands or not (self._full or self._behind)
        if wanted is not self._reading and not self._halfClosed:
            self._reading = wanted
            if wanted:
                self.transport.resumeProducing()
            else:
                self.transport.pauseProducing()

    def readConnectionLost(self) -> None:
        """
        L{IHalfCloseableProtocol}: the peer's FIN ends the session, whatever is under way.

        But not behind a QUIT that waits: it will say no more, and may still listen.
        """
        if not self.closing and isLast(self._lastWords):
            self._halfClosed = True
            return
        self._lost()
        self.transport.loseConnection()
        self._abortLater()

    def writeConnectionLost(self) -> None:
        """L{IHalfCloseableProtocol}: our own FIN; the peer's is awaited, or was there before."""
        if self._halfClosed:
            self._closeWhenHeard()

    def _closeWhenHeard(self) -> None:
        # The last replies are on their way, and a closed connection can be asked no more.
        if self._disconnected:
            return
        if self.facts.unacknowledged():
            self._factory.reactor.callLater(HEARD_INTERVAL, self._closeWhenHeard)
        else:
            self._lost()
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = protocol.connectionDone) -> None:
        self._disconnected = True
        if self.expected:
            self.gone = self.closing = True
            self._leave()
            return
        # Under TLS a clean end is the peer's close_notify; it was alive to say so.
        self.saidGoodbye = self.secure and reason.check(ConnectionDone) is not None
        self.facts = _NO_FACTS
        self._lost()
        self._factory.turns.forget(self)
        self._leave()

    def peerIsGone(self) -> bool:
        """Look at the connection itself: its end may be there before the reactor has told."""
        if self.gone or not self.facts.closedByPeer():
            return self.gone
        return self.facts.reset() or not isLast(self._lastWords + self._unread())

    @property
    def unheard(self) -> bool:
        """Has the peer said something that was not looked at yet, and will be soon?"""
        if self._full or self.closing or self._deaf:
            return False
        return bool(self._decoder.waiting) or self.facts.unread() > 0

    def _unread(self) -> bytes:
        if self.secure or not hasattr(self.transport, "getHandle"):
            return b""
        try:
            flags = socket.MSG_PEEK | socket.MSG_DONTWAIT
            unread: bytes = self.transport.getHandle().recv(READ_SIZE, flags)
        except OSError:
            return b""
        return unread

    @property
    def answers(self) -> bool:
        """Is the connection still there for L{facts}?"""
        return not self._disconnected

    def listenNoMore(self) -> None:
        """Whatever comes is dropped."""
        self._deaf = True

    def startTLS(self, reply: Reply, certificate: ServerCertificate | None) -> None:
        """
        Say so with C{reply}, then encrypt.

        What came in clear behind the command is thrown away: it could be somebody else's.
        """
        self._lastWords = b""
        self._decoder = LineDecoder()
        self.reply(reply)
        self._encrypt(certificate)

    def _encrypt(self, certificate: ServerCertificate | None) -> None:
        assert certificate is not None
        self._shakingHands = True
        self._readOrNot()
        self.transport.startTLS(certificate.options)
        self.secure = True

    def reply(self, reply: Reply) -> None:
        """Send a reply."""
        self.transport.write(reply.wire)

    def close(self, reply: Reply) -> None:
        """
        Send a last reply and end the session; the peer has time to read it.

        Closing at once, with something of the peer's still unread, would make the kernel send a
        reset, and that overtakes the reply.
        """
        if self.closing:
            return
        self.closing = True
        self.reply(reply)
        self.transport.unregisterProducer()
        self._readOrNot()
        if not self.secure and hasattr(self.transport, "loseWriteConnection"):
            self.transport.loseWriteConnection()
        else:
            self.transport.loseConnection()
        self._abortLater()

    def abort(self) -> None:
        """End the connection at once."""
        self.transport.abortConnection()

    # IPushProducer: a peer that does not read its replies is not read either.

    def pauseProducing(self) -> None:
        """L{IPushProducer}."""
        self._full = not self._shakingHands
        self._readOrNot()

    def resumeProducing(self) -> None:
        """L{IPushProducer}."""
        self._full = False
        self._takeTurn()
        self._readOrNot()

    def stopProducing(self) -> None:
        """L{IPushProducer}: the connection is lost; C{connectionLost} does what is to be done."""

    def handshakeCompleted(self) -> None:
        """L{IHandshakeListener}: until now TLS had to be read before it could be written."""
        self._shakingHands = False
        self._readOrNot()

    # Inside.

    def _awaitHeader(self) -> None:
        # The proxy's header comes without a word of FTP behind it, and Twisted tells nobody of it.
        self.expected = True
        self._factory.lingers(self, HEADER_TIMEOUT)
        whenProxied(self.transport, self._headerCame)

    def _headerCame(self) -> None:
        if not self.expected:
            return
        self._lookWhoIsThere()
        try:
            self.peer = proxiedHost(self.peer)
        except ValueError:
            said = printable(self.peer)
            self._factory.seldom.warn(
                self._log, said, "a PROXY header names {host}, which is no address", host=said
            )
            self.closing = True
            self.abort()
            return
        self.host = oneHost(self.peer)
        self.expected = False
        self.listener.begun()

    def _lookWhoIsThere(self) -> None:
        there, wire = self.transport.getPeer(), realTransport(self.transport)
        here = wire.getHost()
        if wire is not self.transport and here != self.transport.getHost():
            self.proxied = True
            self.proxy = plainHost(getattr(wire.getPeer(), "host", ""))
        self.local = intern(plainHost(getattr(here, "host", "")))  # the same for thousands
        self.peer = plainHost(getattr(there, "host", ""))
        self.host = oneHost(self.peer)
        self.peerPort = getattr(there, "port", 0)

    def _leave(self) -> None:
        # A session may go on without its connection, and neither is to keep the other in memory.
        listener, self.listener = self.listener, _NOBODY
        listener.ended()
        self._factory.left(self)

    def _lost(self) -> None:
        if not self.gone:
            self.gone = self.closing = True
            self.listener.peerGone()

    def _abortLater(self) -> None:
        # A peer that does not read cannot keep the connection open.
        if not (self._lingers or self._disconnected):
            self._lingers = True
            self._factory.lingers(self, LINGER)
