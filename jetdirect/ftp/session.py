"""
One session, from the greeting to its end: what its commands share, and how it ends.

L{jetdirect.ftp.interpreter} does the commands, L{jetdirect.ftp.control} has the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

from twisted.cred.portal import Portal
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ..job import UploadedJob
from ..net.reactor import INetworkReactor
from . import replies
from .acknowledgement import Acknowledgements
from .announced import AnnouncedAddress
from .command import Command, Result
from .control import ControlConnection, ControlFactory, ControlListener
from .data import DataPort
from .interpreter import Interpreter
from .lines import LineTooLong
from .paths import Path
from .replies import Reply
from .shell import PrintShell
from .state import NOBODY, Login, Parameters
from .timers import Rounds, Timers
from .transfer import Listing, Transfer

_FRESH = Parameters()


class SessionFactory(ControlFactory, Protocol):
    """
    What a session needs of the factory that made it.

    @ivar portal: who may print, and with which shell.
    @ivar commands: what there are, by their verbs.
    @ivar announced: the address that PASV tells.
    @ivar rounds: looks whether the time of a session is over.
    """

    portal: Portal
    commands: Mapping[str, Command[Session]]
    announced: AnnouncedAddress
    rounds: Rounds

    @property
    def reactor(self) -> INetworkReactor: ...

    def arrived(self, session: Session) -> Reply | None:
        """The peer is known now: C{session} gets a place, or is told why not."""

    def placeFreed(self, session: Session) -> None:
        """C{session} does not count any more, though its connection may still linger."""

    def sessionEnded(self, session: Session) -> None:
        """The connection of C{session} is gone; if its job is not, it is not over yet."""


class Session(ControlListener):
    """
    A session, from the greeting to its end; L{jetdirect.ftp.commands.table} has its commands.

    @ivar control: its control connection.
    @ivar factory: what made it.
    @ivar settings: those of the moment when it came in.
    @ivar login: who is there.
    @ivar failedLogins: how many there were.
    @ivar parameters: what was set for transfers.
    @ivar initial: what they are before that, and after REIN.
    @ivar dataPort: where the next transfer's data connection will come from.
    @ivar transfer: the one that is running.
    @ivar timers: its limits of time.
    @ivar acknowledgements: of its jobs' replies; L{None} before the first one.
    """

    _log = Logger()
    __slots__ = (
        "_drained",
        "_farewell",
        "_interpreter",
        "_pausing",
        "_penance",
        "acknowledgements",
        "control",
        "dataPort",
        "factory",
        "failedLogins",
        "initial",
        "login",
        "parameters",
        "settings",
        "timers",
        "transfer",
    )

    def __init__(self, factory: SessionFactory) -> None:
        self.factory = factory
        self.settings = factory.settings
        self.control = ControlConnection(factory, self)
        self.login = NOBODY
        self.failedLogins = 0
        self.parameters = self.initial = _FRESH
        self.dataPort: DataPort | None = None
        self.transfer: Transfer | None = None
        self.acknowledgements: Acknowledgements | None = None
        self._interpreter: Interpreter[Session] = Interpreter()
        self.timers = Timers(factory.rounds)
        self._drained: DataPort | None = None
        self._farewell: Reply | None = None
        self._pausing: Deferred[None] | None = None
        self._penance: Deferred[None] | None = None

    # ControlListener

    def begun(self) -> None:
        """L{ControlListener}: the greeting."""
        if self.control.secure:
            self.parameters = self.initial = Parameters(protected=True)
        self.timers.start(self)
        refusal = self.factory.arrived(self) if self.control.throughProxy else None
        if refusal is None:
            self.reply(replies.greeting(self.settings.greeting))
        else:
            self.close(refusal)

    def heard(self) -> None:
        """L{ControlListener}."""
        self.timers.active(self.factory.turns.seconds())
        if self.acknowledgements is not None:
            self.acknowledgements.look()

    def lineReceived(self, line: bytes | LineTooLong) -> None:
        """L{ControlListener}: a command."""
        self._interpreter.take(self, line)

    def notFTP(self) -> None:
        """L{ControlListener}."""
        self.warn("{peer} does not speak FTP", peer=self.control.peer)
        self.closeAfter(replies.NOT_FTP)

    def lineBegun(self) -> None:
        """L{ControlListener}."""
        self.timers.lineBegun(self)

    def lineEnded(self) -> None:
        """L{ControlListener}."""
        self.timers.lineEnded()

    def peerGone(self) -> None:
        """L{ControlListener}: nothing that runs has anybody left to run for."""
        if self.acknowledgements is not None and self.control.answers:
            self.acknowledgements.ended()
        elif self.acknowledgements is not None:
            self.acknowledgements.lost(self.control.saidGoodbye)
        if self._pausing is not None:
            self._pausing.cancel()
        self._interpreter.forget()
        if self.transfer is not None:
            self.transfer.senderLost()
        self.useDataPort(None)

    def ended(self) -> None:
        """L{ControlListener}."""
        self.timers.stop()
        self._drain(None)
        self.logOut()
        self.factory.sessionEnded(self)

    def overdue(self) -> bool:
        """L{ControlListener}: the first of the commands that waited for a running one."""
        return self._interpreter.next(self)

    # Replies

    def reply(self, reply: Reply) -> None:
        """Send a reply."""
        if self.acknowledgements is not None:
            self.acknowledgements.wrote(len(reply.wire))
        self.control.reply(reply)

    def _wrote(self, size: int) -> None:
        if self.acknowledgements is not None:
            self.acknowledgements.wrote(size)

    def close(self, reply: Reply) -> None:
        """Send a last reply and end the session; what waits is not done any more."""
        self._interpreter.forget()
        if not self.control.closing:
            self._wrote(len(reply.wire) + 1)  # our FIN counts as a byte
            self.factory.placeFreed(self)
            self.control.close(reply)

    def startTLS(self, reply: Reply) -> None:
        """Send a reply and encrypt; what waits was said in clear, and is not done."""
        self._interpreter.forget()
        self._wrote(len(reply.wire))
        self.control.startTLS(reply, self.settings.certificate)

    def warn(self, format: str, **fields: object) -> None:
        """Log a warning that the peer is to blame for, now and then."""
        self.factory.seldom.warn(self._log, self.control.host, format, **fields)

    # The end of a session

    def closeAfter(self, reply: Reply) -> None:
        """End the session with C{reply}, as soon as a running transfer has had its own."""
        if self.transfer is not None:
            self._farewell = self._farewell or reply
        else:
            self.close(reply)

    @property
    def reactor(self) -> INetworkReactor:
        """Where it goes on."""
        return self.factory.reactor

    @property
    def commands(self) -> Mapping[str, Command[Session]]:
        """What there are, by their verbs."""
        return self.factory.commands

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
        if self.control.expected:
            self.control.abort()
            return
        self.closeAfter(replies.STOPPING)
        if self.transfer is not None and not (drain and self.transfer.underWay):
            self.transfer.stop()

    # Commands

    def flooded(self) -> None:
        """The peer says more than can wait, and does not wait for replies."""
        self.hearNoMore(replies.FLOODED)

    def commandEnded(self, reply: Reply | None) -> None:
        """L{Interpreted<jetdirect.ftp.interpreter.Interpreted>}."""
        if self.control.closing:
            return
        if reply is not None:
            self.reply(reply)
        if self._farewell is not None:
            self.close(self._farewell)
        self.control.goOn()

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
        if not self.control.answers:
            self.factory.sessionEnded(self)
        return not self.control.gone

    def peerIsGone(self) -> bool:
        """Look at the connection itself: its end may be there before the reactor has told."""
        return self.control.peerIsGone()

    @property
    def unheard(self) -> bool:
        """Has the peer said something that was not looked at yet, and will be soon?"""
        return self.control.unheard

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

    def sendListing(self, render: Callable[[], bytes]) -> Result:
        """
        What a command answers with that lists something: the transfer, or why there is none.

        @param render: makes the listing, which takes time; not called if there is nowhere to send
            it.
        """
        dataPort = self.takeDataPort()
        if isinstance(dataPort, Reply):
            return dataPort
        self.runTransfer(Listing(self, dataPort, render()))
        return None

    def runTransfer(self, transfer: Transfer) -> None:
        """Let C{transfer} be the running one, until it has sent its replies."""
        self.transfer = transfer
        self._drain(None)
        self._interpreter.goesOn()
        transfer.run(self._transferEnded)

    def _transferEnded(self) -> None:
        transfer = self.transfer
        assert transfer is not None
        self._drain(transfer.dataPort if transfer.dataPort.release() else None)
        if self.control.gone:
            self._drain(None)
        self.timers.active(transfer.lastActive)
        self.transfer = None
        if not self.control.answers:
            self.factory.sessionEnded(self)  # the job went on without its sender
        self._interpreter.ended(self, None)

    def _drain(self, dataPort: DataPort | None) -> None:
        # A sender whose job was cut may still be sending: its data connection is read until it
        # begins another transfer or leaves.
        if self._drained is not None:
            self._drained.close()
        self._drained = dataPort

    def expectToBeHeard(self, job: UploadedJob) -> None:
        """The reply for C{job} was just written; its record waits for the sender to hear."""
        if self.control.gone:
            job.complete(heard=False)
            return
        if self.acknowledgements is None:
            self.acknowledgements = Acknowledgements(self.control.facts, self.reactor)
        self.acknowledgements.expect(job, buffered=self.control.secure)

    def hangUp(self) -> None:
        """End the session without a word: none would be true."""
        self._interpreter.forget()
        self.factory.placeFreed(self)
        self.control.abort()

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
        if self.control.closing:
            self._endLogin(logout)
            return False
        self.login = Login(user=self.login.user, shell=shell, logout=logout)
        return True

    def logOut(self) -> None:
        """End the login, if there is one; the next is awaited."""
        login, self.login = self.login, NOBODY
        if login.logout is not None:
            self._endLogin(login.logout)
            if not self.control.closing:
                self.timers.expectLogin(self)

    def _endLogin(self, logout: Callable[[], None]) -> None:
        try:
            logout()
        except Exception:
            self._log.failure("the logout of {peer} failed", peer=self.control.peer)

    # Timed

    @property
    def isLoggedIn(self) -> bool:
        """L{Timed<jetdirect.ftp.timers.Timed>}."""
        return self.login.shell is not None

    @property
    def transferActive(self) -> float:
        """L{Timed<jetdirect.ftp.timers.Timed>}."""
        return 0.0 if self.transfer is None else self.transfer.lastActive

    def idleFor(self, seconds: float) -> None:
        """L{Timed<jetdirect.ftp.timers.Timed>}: control and data connection were silent."""
        self.closeAfter(replies.IDLE(seconds=seconds))
        if self.transfer is not None:
            self.transfer.timedOut(seconds)

    def hearNoMore(self, reply: Reply) -> None:
        """End the session with C{reply}; what the peer says until then is dropped."""
        self.control.listenNoMore()
        self.closeAfter(reply)
