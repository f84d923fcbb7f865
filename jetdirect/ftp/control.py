"""
The control connection: lines in, replies out, one command after the other, and its timers.

It is read at all times, also while a job prints: ABOR, STAT and NOOP are answered then, other
commands wait for their turn, and the peer's end is seen at once.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from twisted.internet.address import UNIXAddress
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IHalfCloseableProtocol,
    IHandshakeListener,
    IPushProducer,
    ISSLTransport,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..job import Job
from ..tcp import ITCPFacts, NoFacts, factsOf, keepAlive, realTransport
from . import replies
from .acknowledgement import Acknowledgements
from .address import plainHost
from .data import DataPort
from .lines import LineDecoder, LineTooLong, NoLineEnd
from .replies import Reply
from .shell import PrintShell
from .text import decoded

if TYPE_CHECKING:
    from .factory import PrintFTPFactory
    from .transfer import Transfer

WAITING_COMMANDS = 32
"""Commands that may wait behind a running one; clients that pipeline send fewer than ten."""

LINGER = 2.0
"""Seconds the peer has to take the last reply and close, before it is closed upon."""

Result = Coroutine[Any, Any, Reply | None] | Reply | None
"""A command answers at once, later, or (L{None}) has sent its replies itself."""
_Method = TypeVar("_Method", bound=Callable[..., Result])


def command(
    syntax: str, beforeLogin: bool = False, atOnce: bool = False
) -> Callable[[_Method], _Method]:
    """
    Declare an C{ftp_VERB} method.

    @param syntax: as HELP shows it; C{<argument>} must be there, C{[argument]} may.
    @param beforeLogin: it is answered before login.
    @param atOnce: it is answered while another command runs.
    """

    def declare(method: _Method) -> _Method:
        method.syntax = syntax  # type: ignore[attr-defined]
        method.beforeLogin = beforeLogin  # type: ignore[attr-defined]
        method.atOnce = atOnce  # type: ignore[attr-defined]
        return method

    return declare


@implementer(IHalfCloseableProtocol, IHandshakeListener, IPushProducer)
class ControlConnection(Protocol):
    """
    A session without its commands, which L{jetdirect.ftp.commands} adds.

    @ivar peer: the host at the other end, in front of a proxy if there is one.
    @ivar local: this end's own address.
    @ivar proxied: there is a proxy (PROXY protocol) between the two.
    @ivar user: the name given with USER, printable; L{None} before.
    @ivar shell: the print shell after login.
    @ivar directory: the current directory: empty, or the name of a printing port.
    @ivar type: C{A} or C{I}; it changes no byte.
    @ivar announced: the size that ALLO gave for the next upload.
    @ivar dataPort: where the next transfer's data connection will come from.
    @ivar secure: the control connection is encrypted; protected: data connections are to be.
    @ivar transfer: the one that is running.
    """

    _log = Logger()
    transport: ITCPTransport
    factory: PrintFTPFactory

    def __init__(self, factory: PrintFTPFactory) -> None:
        self.factory = factory
        self.settings = factory.settings
        self.reactor = factory.reactor
        self.facts: ITCPFacts = NoFacts()
        self.peer = ""
        self.peerPort = 0
        self.local = ""
        self.proxied = False
        self._heard = False
        self.user: str | None = None
        self.shell: PrintShell | None = None
        self.logout: Callable[[], None] | None = None
        self.directory: list[str] = []
        self.type = "A"
        self.announced: int | None = None
        self.dataPort: DataPort | None = None
        self.extendedOnly = False
        self.secure = False
        self.protected = False
        self.transfer: Transfer | None = None
        self._decoder = LineDecoder()
        self._waiting: deque[tuple[str, str] | Reply] = deque()
        self._running = False
        self._farewell: Reply | None = None
        self._closing = False
        self._gone = False
        self._disconnected = False
        self._deaf = False
        self._shakingHands = False
        self._pausing: Deferred[None] | None = None
        self._lastActive = self.reactor.seconds()
        self._loginTimer: IDelayedCall | None = None
        self._idleTimer: IDelayedCall | None = None
        self._lingerTimer: IDelayedCall | None = None

    # The connection

    def connectionMade(self) -> None:
        self._lookWhoIsThere()
        self.facts = factsOf(self.transport)
        self.acknowledgements = Acknowledgements(self.facts, self.reactor)
        self.secure = self.protected = ISSLTransport.providedBy(self.transport)
        self._shakingHands = self.secure
        _tune(self.transport)
        self.transport.registerProducer(self, True)  # type: ignore[attr-defined]
        self.begin()

    def begin(self) -> None:
        """The connection is ready to be spoken on."""
        self._lastActive = self.reactor.seconds()
        self._expectLogin()
        if self.settings.idleTimeout:
            self._idleTimer = self.reactor.callLater(self.settings.idleTimeout, self._idle)
        self.reply(replies.GREETING(greeting=self.settings.greeting))

    def _lookWhoIsThere(self) -> None:
        here, there = self.transport.getHost(), self.transport.getPeer()
        real = realTransport(self.transport).getHost()
        self.proxied = here != real
        self.local = plainHost(getattr(real, "host", ""))
        self.peer = plainHost(getattr(there, "host", ""))
        self.peerPort = getattr(there, "port", 0)

    def dataReceived(self, data: bytes) -> None:
        if self._closing or self._deaf:
            return
        if not self._heard:
            self._heard = True
            self._lookWhoIsThere()  # a PROXY header came before the first command
        self._lastActive = self.reactor.seconds()
        self.acknowledgements.look()
        decoder = self._decoder
        try:
            for line in decoder.feed(data):
                if self._closing or self._decoder is not decoder:
                    return
                if isinstance(line, LineTooLong):
                    self._inTurn(replies.LINE_TOO_LONG)
                elif line.strip():
                    self._lineReceived(line)
        except NoLineEnd:
            self._deaf = True
            self.closeAfter(replies.NO_LINE_END)

    def readConnectionLost(self) -> None:
        """L{IHalfCloseableProtocol}: the peer's FIN ends the session, whatever is under way."""
        self.acknowledgements.close(self.facts)
        self._peerGone()
        self.transport.loseConnection()
        self._abortLater()

    def writeConnectionLost(self) -> None:
        """L{IHalfCloseableProtocol}: our own FIN; the peer's is awaited."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._closing = self._disconnected = True
        for timer in (self._loginTimer, self._idleTimer, self._lingerTimer):
            if timer is not None and timer.active():
                timer.cancel()
        self.acknowledgements.close(None)
        self._peerGone()
        self.logOut()
        self.factory.sessionEnded(self)

    def expectToBeHeard(self, job: Job) -> None:
        """The reply for C{job} was just written; its record is complete when it is acknowledged."""
        if self._gone:
            job.complete(heard=False)
        else:
            self.acknowledgements.expect(job)

    def peerIsGone(self) -> bool:
        """Look at the connection itself: its end may be there before the reactor has told."""
        return self._gone or self.facts.closedByPeer()

    def _peerGone(self) -> None:
        self._gone = True
        if self._pausing is not None:
            self._pausing.cancel()
        self._closing = True
        self._waiting.clear()
        if self.transfer is not None:
            self.transfer.senderLost()
        self.useDataPort(None)

    # Replies

    def reply(self, reply: Reply) -> None:
        """Send a reply."""
        self.transport.write(bytes(reply))

    def close(self, reply: Reply) -> None:
        """
        Send a last reply and end the session, so that the peer can read it.

        Closing at once, with something of the peer's still unread, would make the kernel send a
        reset, and that overtakes the reply.
        """
        if self._closing:
            return
        self._closing = True
        self._waiting.clear()
        self.factory.placeFreed(self)
        self.reply(reply)
        self.transport.unregisterProducer()  # type: ignore[attr-defined]
        if not self.secure and hasattr(self.transport, "loseWriteConnection"):
            self.transport.loseWriteConnection()
        else:
            self.transport.loseConnection()
        self._abortLater()

    def _abortLater(self) -> None:
        # Who reads nothing does not stay for that.
        if self._lingerTimer is None and not self._disconnected:
            self._lingerTimer = self.reactor.callLater(LINGER, self.transport.abortConnection)

    def closeAfter(self, reply: Reply) -> None:
        """End the session with C{reply}, as soon as a running transfer has had its own."""
        if self.transfer is not None:
            self._farewell = self._farewell or reply
        else:
            self.close(reply)

    @property
    def jobNumber(self) -> int:
        """The number of the running job; 0: there is none."""
        return 0 if self.transfer is None else self.transfer.number

    def stop(self, drain: bool) -> None:
        """
        The gateway shuts down, and the session ends.

        @param drain: let a transfer finish that is under way.
        """
        self.closeAfter(replies.STOPPING)
        if self.transfer is not None and not (drain and self.transfer.underWay):
            self.transfer.stop()

    # IPushProducer: a peer that does not read its replies is not read either.

    def pauseProducing(self) -> None:
        """L{IPushProducer}."""
        if not self._shakingHands:
            self.transport.pauseProducing()  # type: ignore[attr-defined]

    def resumeProducing(self) -> None:
        """L{IPushProducer}."""
        self.transport.resumeProducing()  # type: ignore[attr-defined]

    def handshakeCompleted(self) -> None:
        """L{IHandshakeListener}: until now TLS had to be read before it could be written."""
        self._shakingHands = False

    def stopProducing(self) -> None:
        """L{IPushProducer}: the connection is lost; C{connectionLost} does what is to be done."""

    # Commands

    def _lineReceived(self, line: bytes) -> None:
        word, _, rest = line.strip(b" \t").partition(b" ")
        # A client without urgent data leaves halves of Telnet commands before ABOR.
        verb = word.lstrip(bytes(range(0x80, 0x100))).decode("latin-1").upper()
        argument = decoded(rest.lstrip(b" "))
        if getattr(self._method(verb), "atOnce", False):
            self._perform(verb, argument)
        else:
            self._inTurn((verb, argument))

    def _inTurn(self, command: tuple[str, str] | Reply) -> None:
        # A command, or the reply to what could not become one, in the order of the lines.
        if not self._running:
            self._begin(command)
        elif len(self._waiting) < WAITING_COMMANDS:
            self._waiting.append(command)
        else:
            self._deaf = True
            self.closeAfter(replies.FLOODED)

    def _begin(self, command: tuple[str, str] | Reply) -> None:
        if isinstance(command, Reply):
            self.reply(command)
        else:
            self._perform(*command)

    def _method(self, verb: str) -> Callable[[str], Result] | None:
        return getattr(self, f"ftp_{verb}", None) if verb.isalpha() else None

    def _perform(self, verb: str, argument: str) -> None:
        method = self._method(verb)
        if method is None:
            return self.reply(replies.UNKNOWN)
        if self.shell is None and not method.beforeLogin:  # type: ignore[attr-defined]
            return self.reply(replies.NOT_LOGGED_IN)
        syntax: str = method.syntax  # type: ignore[attr-defined]
        if "<" in syntax and not argument:
            return self.reply(replies.SYNTAX(syntax=syntax))
        result = method(argument)
        if isinstance(result, Reply):
            self.reply(result)
        elif result is not None:
            self._running = True
            finished = Deferred.fromCoroutine(result)
            finished.addCallbacks(self._finished, self._failed)
        return None

    def _failed(self, failure: Failure) -> None:
        self._log.failure("a command of {peer} failed", failure, peer=self.peer)
        self._finished(replies.LOCAL_ERROR)

    def _finished(self, reply: Reply | None) -> None:
        self._running = False
        if self._closing:
            return
        if reply is not None:
            self.reply(reply)
        if self._farewell is not None:
            self.close(self._farewell)
        while self._waiting and not self._running and not self._closing:
            self._begin(self._waiting.popleft())

    async def runTransfer(self, transfer: Transfer, replies: Coroutine[Any, Any, None]) -> None:
        """Let C{transfer} be the running one, until it has sent its replies."""
        self.transfer = transfer
        try:
            await replies
        finally:
            transfer.dataPort.close()
            self._lastActive = max(self._lastActive, transfer.lastActive)
            self.transfer = None

    # Login

    def loggedIn(self, shell: PrintShell, logout: Callable[[], None]) -> None:
        """The login succeeded."""
        if self._closing:
            self._endLogin(logout)
            return
        self.shell, self.logout = shell, logout
        if self._loginTimer is not None and self._loginTimer.active():
            self._loginTimer.cancel()

    async def pause(self, seconds: float) -> bool:
        """
        Let time pass.

        @return: C{False} when the connection is gone meanwhile.
        """
        self._pausing = deferLater(self.reactor, seconds)
        try:
            await self._pausing
        except CancelledError:
            return False
        finally:
            self._pausing = None
        return True

    def logOut(self) -> None:
        """End the login, if there is one; the next is awaited."""
        logout, self.shell, self.logout = self.logout, None, None
        self.user = None
        if logout is not None:
            self._endLogin(logout)
            if not self._closing:
                self._expectLogin()

    def _endLogin(self, logout: Callable[[], None]) -> None:
        try:
            logout()
        except Exception:
            self._log.failure("the logout of {peer} failed", peer=self.peer)

    def startAgain(self) -> None:
        """Forget what was set for transfers (REIN)."""
        self.useDataPort(None)
        self.directory = []
        self.type = "A"
        self.announced = None
        self.extendedOnly = False
        self.protected = False

    def startTLS(self, reply: Reply) -> None:
        """
        Say so with C{reply}, then encrypt.

        What came in clear behind the command is thrown away: it could be somebody else's.
        """
        assert self.settings.certificate is not None
        self._waiting.clear()
        self._decoder = LineDecoder()
        self.reply(reply)
        self._shakingHands = True
        self.transport.startTLS(self.settings.certificate.options)  # type: ignore[attr-defined]
        self.secure = True

    def useDataPort(self, dataPort: DataPort | None) -> None:
        """The next transfer takes its data connection from here; an earlier port is closed."""
        if self.dataPort is not None:
            self.dataPort.close()
        self.dataPort = dataPort

    def takeDataPort(self) -> DataPort | Reply:
        """The data port for a transfer that begins now, which is its only one; or why not."""
        dataPort, self.dataPort = self.dataPort, None
        if dataPort is None:
            return replies.NO_DATA_PORT
        if self.settings.requireTLS and dataPort.tls is None:
            dataPort.close()
            return replies.UNPROTECTED
        return dataPort

    def _expectLogin(self) -> None:
        self._loginTimer = self.reactor.callLater(self.settings.loginTimeout, self._noLogin)

    # Timers

    def _noLogin(self) -> None:
        # At once, even if a checker of logins hangs.
        self.close(replies.NO_LOGIN(seconds=self.settings.loginTimeout))

    def _idle(self) -> None:
        timeout, now = self.settings.idleTimeout, self.reactor.seconds()
        last = self._lastActive
        if self.transfer is not None:
            last = max(last, self.transfer.lastActive)
        if now - last < timeout:
            self._idleTimer = self.reactor.callLater(timeout - (now - last), self._idle)
            return
        self.closeAfter(replies.IDLE(seconds=timeout))
        if self.transfer is not None:
            self.transfer.timedOut(timeout)


def _tune(transport: ITCPTransport) -> None:
    # Nagle's algorithm and delayed acknowledgements cost 40 ms a reply (measured); urgent data in
    # line is how Telnet's Synch around ABOR arrives as bytes (RFC 854).
    if isinstance(realTransport(transport).getHost(), UNIXAddress):
        return
    if hasattr(transport, "setTcpNoDelay"):
        transport.setTcpNoDelay(True)
        keepAlive(transport)
    handle = transport.getHandle() if hasattr(transport, "getHandle") else None
    if isinstance(handle, socket.socket):
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
