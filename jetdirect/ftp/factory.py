"""
Sessions: how many there may be, and what the next one is told.
"""

from __future__ import annotations

from collections.abc import Collection

from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.logger import Logger

from ..net.reactor import INetworkReactor
from ..networks import isInside
from . import replies
from .address import oneHost, plainHost
from .announced import AnnouncedAddress
from .commands.table import COMMANDS
from .control import ControlConnection, ControlFactory, ControlListener
from .lingering import Lingering
from .replies import Reply
from .seldom import Seldom
from .session import Session
from .settings import SessionSettings
from .timers import Rounds
from .turns import Turns

SWEEP_SHARE = 20
"""How much longer than a look at all sessions the time before the next one is: refusing is cheap,
however many there are (a look at 1,500 takes 2.7 ms, measured)."""

FEW_SESSIONS = 100
"""So many are looked at each time (0.2 ms), also where a busy machine made the last look long."""


class PrintFTPFactory(ServerFactory):
    """
    Makes a session of each control connection, up to the limit.

    Everything counts from accept, and a place is free as soon as its connection is.

    @ivar portal: who may print, and with which shell.
    @ivar commands: what there are, by their verbs.
    @ivar announced: the address that PASV tells.
    @ivar sessions: those that count; one that has said goodbye does not.
    @ivar limit: how many there may be.
    @ivar turns: decides which session's commands are done next.
    @ivar rounds: looks whether the time of a session is over.
    @ivar seldom: where warnings go that peers can cause.
    """

    noisy = False
    commands = COMMANDS
    _log = Logger()

    def __init__(
        self,
        portal: Portal,
        reactor: INetworkReactor,
        settings: SessionSettings | None = None,
        ports: int = 1,
    ) -> None:
        """
        @param portal: gives an L{IPrintShell<jetdirect.ftp.shell.IPrintShell>} for a name and a
            password: see L{PrintRealm<jetdirect.ftp.realm.PrintRealm>}.
        @param ports: how many printing ports there are, by which the default limit goes.
        """
        self.portal = portal
        self.reactor = reactor
        self.settings = settings or SessionSettings()
        self.limit = self.settings.sessions(ports)
        self.announced = AnnouncedAddress(reactor, self.settings.passiveAddress)
        self.turns = Turns(reactor)
        self.seldom = Seldom(reactor)
        self._sweepAt = 0.0
        self.sessions: dict[Session, None] = {}  # of thousands a set takes twice as much
        self._connections: dict[Session, None] = {}
        self.rounds = Rounds(reactor, self._connections)
        self._lingering = Lingering(reactor)
        self._stopping = False
        self._stopped: list[Deferred[object]] = []

    def apply(self, settings: SessionSettings, ports: int) -> list[str]:
        """
        Go on with other settings: limits count at once, everything else from the next session on.

        @param ports: how many printing ports there are now.
        @return: a new limit, in words.
        """
        before, self.settings = self.settings, settings
        if settings.passiveAddress != before.passiveAddress:
            self.announced = AnnouncedAddress(self.reactor, settings.passiveAddress)
        limit, self.limit = self.limit, settings.sessions(ports)
        return [] if limit == self.limit else [f"{self.limit} sessions at a time, was {limit}"]

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """A session, or its refusal in words."""
        return self.connection(plainHost(getattr(addr, "host", "")))

    def connection(self, host: str) -> ControlConnection:
        """As C{buildProtocol}, with the exact type."""
        refusal = self.refusal(host)
        if refusal is not None:
            return Refusal(self, refusal).control
        session = self._session()
        self.sessions[session] = None
        return session.control

    def proxied(self) -> ControlConnection:
        """One that has a place when it has L{arrived}: a PROXY header brings the peer's address."""
        return self._session().control

    def _session(self) -> Session:
        session = Session(self)
        self._connections[session] = None
        return session

    def arrived(self, session: Session) -> Reply | None:
        """The peer is known now: C{session} gets a place, or is told why not."""
        self._lingering.leave(session.control)
        refusal = self.refusal(session.control.peer)
        if refusal is None:
            self.sessions[session] = None
        return refusal

    def refusal(self, host: str) -> Reply | None:
        """Why there is no session for this address; L{None} if there is one."""
        settings = self.settings
        if self._stopping:
            return replies.STOPPING
        if settings.allow and not isInside(host, settings.allow):
            self._refused(host, "session from {host} refused")
            return replies.NOT_ALLOWED
        if len(self.sessions) >= self.limit:
            self._sweep()
        if (count := len(self.sessions)) >= self.limit:
            self._refused(host, "session from {host} refused, {n} are open", n=count)
            return replies.LIMIT(sessions=self.limit)
        if settings.maxSessionsPerHost is None:
            return None
        one = oneHost(host)
        its = [each for each in self.sessions if each.control.host == one]
        self._forget(its)  # else what a host has ended takes the places of others
        same = sum(each in self.sessions for each in its)
        if same >= settings.maxSessionsPerHost:
            self._refused(host, "session from {host} refused, it has {n}", n=same)
            return replies.HOST_LIMIT(sessions=same)
        return None

    def _refused(self, host: str, format: str, **fields: object) -> None:
        self.seldom.warn(self._log, oneHost(host), format, host=host, **fields)

    def _sweep(self) -> None:
        # An end that has come, but was not read yet, frees its place all the same.
        began = self.reactor.seconds()
        if began >= self._sweepAt or len(self.sessions) <= FEW_SESSIONS:
            self._forget(self.sessions)
            now = self.reactor.seconds()
            self._sweepAt = now + SWEEP_SHARE * (now - began)

    def _forget(self, sessions: Collection[Session]) -> None:
        for each in [each for each in sessions if _isGone(each)]:
            self.placeFreed(each)

    def placeFreed(self, session: Session) -> None:
        """C{session} does not count any more, though its connection may still linger."""
        self.sessions.pop(session, None)

    def lingers(self, connection: ControlConnection, seconds: float) -> None:
        """L{ControlFactory}."""
        self._lingering.enter(connection, seconds)

    def left(self, connection: ControlConnection) -> None:
        """L{ControlFactory}."""
        self._lingering.leave(connection)
        if not self._connections:
            self._lingering.rest()

    def sessionEnded(self, session: Session) -> None:
        """The connection of C{session} is gone; if its job is not, it is not over yet."""
        if not session.keepsPlace:
            self.placeFreed(session)
        if session.over:
            self._connections.pop(session, None)
        if not self._connections:
            self.rounds.rest()
            self._lingering.rest()
            stopped, self._stopped = self._stopped, []
            for each in stopped:
                each.callback(None)

    def startSessions(self) -> None:
        """Sessions may begin, also after they were stopped."""
        self._stopping = False

    def stopSessions(self, drain: float = 0.0) -> Deferred[object]:
        """
        End all sessions; no new ones begin, and no new jobs.

        @param drain: seconds that running jobs have to finish before they are cut.
        @return: fires when the last connection is gone.
        """
        self._stopping = True
        if not self._connections:
            return succeed(None)
        stopped: Deferred[object] = Deferred()
        self._stopped.append(stopped)
        self._stop(drain > 0)
        if drain and self._connections:
            end = self.reactor.callLater(drain, self._stop, False)
            stopped.addCallback(lambda _: end.cancel() if end.active() else None)
        return stopped

    def _stop(self, drain: bool) -> None:
        # The last job in line first, or the end of one job would be the turn of the next.
        for session in sorted(self._connections, key=lambda each: each.jobNumber, reverse=True):
            session.stop(drain)


def _isGone(session: Session) -> bool:
    return session.peerIsGone() and not session.keepsPlace


class PortFactory(ServerFactory):
    """Makes the same sessions on a port where something else comes before the greeting."""

    noisy = False

    def __init__(self, factory: PrintFTPFactory, tls: bool = False, proxy: bool = False) -> None:
        """
        @param tls: the handshake of implicit TLS.
        @param proxy: a PROXY header, which only then tells who it is.
        """
        self._factory = factory
        self._tls = tls
        self._proxy = proxy

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """A session, or its refusal."""
        connection: ControlConnection
        if self._proxy:
            connection = self._factory.proxied()
        else:
            connection = self._factory.connection(plainHost(getattr(addr, "host", "")))
        connection.implicitTLS = self._tls
        connection.throughProxy = self._proxy
        return connection


class Refusal(ControlListener):
    """One control connection too many: it is told so, and closed."""

    def __init__(self, factory: ControlFactory, reply: Reply) -> None:
        self.control = ControlConnection(factory, self)
        self._refusal = reply

    def begun(self) -> None:
        """L{ControlListener}: say so at once."""
        self.control.close(self._refusal)
