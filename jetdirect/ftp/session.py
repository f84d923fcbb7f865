"""
The server's protocol interpreter (RFC 959, section 2.2): one command after the other, logins, idle
times.

While a transfer runs, ABOR, STAT and NOOP are answered at once; other commands wait for their turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..deadline import Deadline
from ..job import Job
from . import replies
from .acknowledgement import Acknowledgements
from .command import Command, When
from .control import ControlConnection
from .data import DataPort
from .lines import LineTooLong
from .paths import Path, PathRefused
from .replies import Reply
from .shell import PrintShell
from .state import NOBODY, Parameters
from .strangers import isForeign, isOwn
from .text import decoded

if TYPE_CHECKING:
    from .factory import PrintFTPFactory
    from .transfer import Transfer

WAITING_COMMANDS = 32
"""Commands that may wait behind a running one: room for any script that does not read replies."""

UNKNOWN_WORDS = 3
"""Unknown commands before a login that make the peer no FTP client; the header of a request has
more, and no client that we know sends as many."""

_NOISE = b" \t\r\x0b\x0c\x04\x1a"
"""What scripts leave around a command: blanks, a second CR, the end of a file (^D, ^Z)."""

_BETWEEN_WORDS = re.compile(rb"[ \t]+")


class Session(ControlConnection):
    """
    A session; L{jetdirect.ftp.commands.table} has its commands.

    @ivar commands: by their verbs.
    @ivar login: who is there.
    @ivar failedLogins: how many there were.
    @ivar parameters: what was set for transfers.
    @ivar initial: what they are before that, and after REIN.
    @ivar dataPort: where the next transfer's data connection will come from.
    @ivar transfer: the one that is running.
    """

    _log = Logger()
    login = NOBODY
    failedLogins = 0
    parameters = initial = Parameters()
    dataPort: DataPort | None = None
    transfer: Transfer | None = None
    acknowledgements: Acknowledgements
    _heardOut: DataPort | None = None
    _running = False
    _farewell: Reply | None = None
    _pausing: Deferred[None] | None = None
    _penance: Deferred[None] | None = None
    _loginBy = 0.0
    _timer: IDelayedCall | None = None
    _lineTimer: Deadline | None = None
    _unknownWords = 0

    def __init__(self, factory: PrintFTPFactory, commands: Mapping[str, Command[Session]]) -> None:
        super().__init__(factory)
        self.commands = commands
        self._waiting: list[tuple[str, str] | Reply] = []
        self._lastActive = self.reactor.seconds()

    # ControlConnection

    def begun(self) -> None:
        """L{ControlConnection}: the greeting."""
        self.acknowledgements = Acknowledgements(self.facts, self.reactor)
        if self.secure:
            self.parameters = self.initial = Parameters(protected=True)
        self._lastActive = self.reactor.seconds()
        self._lookBy(self._idleBy)
        self._expectLogin()
        refusal = self.factory.arrived(self) if self.throughProxy else None
        if refusal is None:
            self.reply(replies.GREETING(greeting=self.settings.greeting))
        else:
            self.close(refusal)

    def heard(self) -> None:
        """L{ControlConnection}."""
        self._lastActive = self.reactor.seconds()
        self.acknowledgements.look()

    def lineReceived(self, line: bytes | LineTooLong) -> None:
        """L{ControlConnection}: a command."""
        if isinstance(line, LineTooLong):
            self._inTurn(replies.LINE_TOO_LONG)
            return
        line = line.strip(_NOISE)
        if not line:
            return
        word, *rest = _BETWEEN_WORDS.split(line, 1)
        # A client without urgent data leaves halves of Telnet commands before ABOR.
        verb = word.lstrip(bytes(range(0x80, 0x100))).decode("latin-1").upper()
        argument = decoded(b"".join(rest))
        if isForeign(verb):
            self.strange()
            return
        command = self.commands.get(verb)
        if command is not None and command.when is When.AT_ONCE:
            self._perform(verb, argument)
        else:
            self._inTurn((verb, argument))

    def notFTP(self) -> None:
        """L{ControlConnection}."""
        self.warn("{peer} does not speak FTP", peer=self.peer)
        self.closeAfter(replies.NOT_FTP)

    def lineBegun(self) -> None:
        """L{ControlConnection}: a byte now and then is no activity for ever."""
        if self._lineTimer is None:
            timeout = self.settings.lineTimeout
            self._lineTimer = Deadline(self.reactor, timeout, self._slowLine)

    def lineEnded(self) -> None:
        """L{ControlConnection}."""
        if self._lineTimer is not None:
            self._lineTimer.cancel()
            self._lineTimer = None

    def peerGone(self) -> None:
        """L{ControlConnection}: nothing that runs has anybody left to run for."""
        if self.answers:
            self.acknowledgements.ended()
        else:
            self.acknowledgements.lost(self.saidGoodbye)
        if self._pausing is not None:
            self._pausing.cancel()
        self._waiting.clear()
        if self.transfer is not None:
            self.transfer.senderLost()
        self.useDataPort(None)

    def ended(self) -> None:
        """L{ControlConnection}."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self.lineEnded()
        self._hearOut(None)
        self.logOut()

    def send(self, data: bytes) -> None:
        """L{ControlConnection}."""
        self.acknowledgements.wrote(len(data))
        super().send(data)

    def close(self, reply: Reply) -> None:
        """L{ControlConnection}: what waits is not done any more."""
        self._waiting.clear()
        self.acknowledgements.wrote(1)  # our FIN counts as a byte
        super().close(reply)

    def startTLS(self, reply: Reply) -> None:
        """L{ControlConnection}."""
        self._waiting.clear()
        super().startTLS(reply)

    def warn(self, format: str, **fields: object) -> None:
        """Log a warning that the peer is to blame for, now and then."""
        self.factory.seldom.warn(self._log, self.host, format, **fields)

    # The end of a session

    def closeAfter(self, reply: Reply) -> None:
        """End the session with C{reply}, as soon as a running transfer has had its own."""
        if self.transfer is not None:
            self._farewell = self._farewell or reply
        else:
            self.close(reply)

    @property
    def shell(self) -> PrintShell:
        """The print shell, for commands that are not done before login."""
        assert self.login.shell is not None
        return self.login.shell

    def resolve(self, path: str) -> Path:
        """
        The one path that is meant.

        @raise PathRefused: there is none; it becomes the reply.
        """
        return self.shell.resolve(self.login.directory, path)

    @property
    def jobNumber(self) -> int:
        """The number of the running job; 0: there is none."""
        return 0 if self.transfer is None else self.transfer.number

    def stop(self, drain: bool) -> None:
        """
        The gateway shuts down, and the session ends.

        @param drain: let a transfer finish that is under way.
        """
        if self._penance is not None:
            self._penance.cancel()
        if self._header is not None:
            self.abort()
            return
        self.closeAfter(replies.STOPPING)
        if self.transfer is not None and not (drain and self.transfer.underWay):
            self.transfer.stop()

    # Commands

    def overdue(self) -> bool:
        """L{ControlConnection}: the first of the commands that waited for a running one."""
        if self._running or not self._waiting:
            return False
        self._begin(self._waiting.pop(0))
        return True

    @property
    def leaving(self) -> bool:
        """L{ControlConnection}: QUIT waits."""
        return any(isinstance(each, tuple) and each[0] == "QUIT" for each in self._waiting)

    def flooded(self) -> None:
        """The peer says more than can wait, and does not wait for replies: it is heard no more."""
        self.listenNoMore()
        self.closeAfter(replies.FLOODED)

    def _inTurn(self, command: tuple[str, str] | Reply) -> None:
        # A command, or the reply to what could not become one, in the order of the lines.
        if not self._running:
            self._begin(command)
        elif len(self._waiting) < WAITING_COMMANDS:
            self._waiting.append(command)
        else:
            self.flooded()

    def _begin(self, command: tuple[str, str] | Reply) -> None:
        if isinstance(command, Reply):
            self.reply(command)
        else:
            self._perform(*command)

    def _perform(self, verb: str, argument: str) -> None:
        command = self.commands.get(verb)
        if command is None:
            return self._unknown(verb)
        if command.when is When.LOGGED_IN and self.login.shell is None:
            return self.reply(replies.NOT_LOGGED_IN)
        if command.needsArgument and not argument:
            return self.reply(replies.SYNTAX(syntax=command.syntax))
        try:
            result = command.run(self, argument)
        except PathRefused as refused:
            result = replies.BAD_PATH(path=refused.path, reason=refused.reason)
        except Exception:
            # A mistake of ours, which is no reason to end a session with its job.
            self._log.failure("{verb} of {peer} failed", verb=verb, peer=self.peer)
            result = replies.LOCAL_ERROR
        if isinstance(result, Reply):
            self.reply(result)
        elif result is not None:
            self._running = True
            finished = Deferred.fromCoroutine(result)
            finished.addCallbacks(self._finished, self._failed)
        return None

    def _unknown(self, verb: str) -> None:
        if self.login.shell is None and not isOwn(verb):
            self._unknownWords += 1
        if self._unknownWords < UNKNOWN_WORDS:
            self.reply(replies.UNKNOWN)
        else:
            self.strange()

    def _failed(self, failure: Failure) -> None:
        self._log.failure("a command of {peer} failed", failure, peer=self.peer)
        self._finished(replies.LOCAL_ERROR)

    def _finished(self, reply: Reply | None) -> None:
        self._running = False
        if self.closing:
            return
        if reply is not None:
            self.reply(reply)
        if self._farewell is not None:
            self.close(self._farewell)
        self.goOn()

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

    async def penance(self, seconds: float) -> bool:
        """
        Let time pass in which the session keeps its place, though its peer may go: guesses of a
        password cost time, also those whose reply is not awaited.

        @return: C{False} when the connection is gone meanwhile.
        """
        self._penance = deferLater(self.reactor, seconds)
        with suppress(CancelledError):
            await self._penance
        self._penance = None
        if not self.answers:
            self.factory.sessionEnded(self)
        return not self.gone

    @property
    def over(self) -> bool:
        """Is nothing left to be done for it when its connection is gone?"""
        return self.transfer is None and self._penance is None

    @property
    def keepsPlace(self) -> bool:
        """Does it count although its connection is gone?"""
        goesOn = self.transfer is not None and self.transfer.outlivesSender
        return goesOn or self._penance is not None

    # Transfers

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

    async def runTransfer(self, transfer: Transfer, replies: Coroutine[Any, Any, None]) -> None:
        """Let C{transfer} be the running one, until it has sent its replies."""
        self.transfer = transfer
        self._hearOut(None)
        try:
            await replies
        except Exception:
            self._transferEnded(transfer)
            raise
        # Not in a "finally": a coroutine that is only thrown away must not wake others.
        self._transferEnded(transfer)

    def _transferEnded(self, transfer: Transfer) -> None:
        transfer.dataPort.release()
        self._hearOut(transfer.dataPort)
        if self.gone:
            self._hearOut(None)
        self._lastActive = max(self._lastActive, transfer.lastActive)
        self.transfer = None
        if not self.answers:
            self.factory.sessionEnded(self)  # the job went on without its sender

    def _hearOut(self, dataPort: DataPort | None) -> None:
        # Whose job was cut may be sending still; but not when it goes on, or away.
        if self._heardOut is not None:
            self._heardOut.close()
        self._heardOut = dataPort

    def expectToBeHeard(self, job: Job) -> None:
        """The reply for C{job} was just written; its record waits for the sender to hear."""
        if self.gone:
            job.complete(heard=False)
        else:
            self.acknowledgements.expect(job, buffered=self.secure)

    def startAgain(self) -> None:
        """Forget what was set for transfers (REIN); L{logOut} forgets what belongs to a login."""
        self.useDataPort(None)
        self.parameters = self.initial

    # Login

    def loggedIn(self, shell: PrintShell, logout: Callable[[], None]) -> bool:
        """
        The login succeeded.

        @return: C{False} when it came too late, and was ended at once.
        """
        if self.closing:
            self._endLogin(logout)
            return False
        self.login = replace(self.login, shell=shell, logout=logout)
        return True

    def logOut(self) -> None:
        """End the login, if there is one; the next is awaited."""
        login, self.login = self.login, NOBODY
        if login.logout is not None:
            self._endLogin(login.logout)
            if not self.closing:
                self._expectLogin()

    def _endLogin(self, logout: Callable[[], None]) -> None:
        try:
            logout()
        except Exception:
            self._log.failure("the logout of {peer} failed", peer=self.peer)

    # Limits of time: one timer for all, as there may be thousands of sessions

    def _expectLogin(self) -> None:
        self._loginBy = self.reactor.seconds() + self.settings.loginTimeout
        self._lookBy(self._loginBy)

    @property
    def _idleBy(self) -> float:
        last = self._lastActive
        if self.transfer is not None:
            last = max(last, self.transfer.lastActive)
        return last + (self.settings.idleTimeout or inf)

    def _lookBy(self, due: float) -> None:
        delay = max(0.0, due - self.reactor.seconds())
        if self._timer is not None and self._timer.active():
            if due < self._timer.getTime():
                self._timer.reset(delay)
        elif due < inf:
            self._timer = self.reactor.callLater(delay, self._look)

    def _look(self, sure: bool = False) -> None:
        now, idleBy = self.reactor.seconds(), self._idleBy
        loginBy = self._loginBy if self.login.shell is None else inf
        if now < min(loginBy, idleBy):
            self._lookBy(min(loginBy, idleBy))
        elif not sure:  # what came while the reactor stood still is read first
            self._timer = self.reactor.callLater(0, self._look, True)
        elif now >= loginBy:
            # At once, even if a checker of logins hangs.
            self.close(replies.NO_LOGIN(seconds=self.settings.loginTimeout))
        else:
            self._idle()

    def _idle(self) -> None:
        timeout = self.settings.idleTimeout
        self.closeAfter(replies.IDLE(seconds=timeout))
        if self.transfer is not None:
            self.transfer.timedOut(timeout)

    def _slowLine(self) -> None:
        self.listenNoMore()
        self.closeAfter(replies.SLOW_LINE(seconds=self.settings.lineTimeout))
