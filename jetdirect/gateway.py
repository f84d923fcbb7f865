"""
A gateway as one service: listen, print, and stop without a lie.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from twisted.application.service import MultiService
from twisted.application.strports import service as listen
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IProtocolFactory
from twisted.logger import Logger

from .ftp.factory import PortFactory, PrintFTPFactory
from .ftp.realm import AnyName, PrintRealm
from .ftp.settings import SessionSettings
from .interfaces import IPrinterTransport
from .port import BUSY_TIMEOUT, CONNECT_TIMEOUT
from .server import PrintServer
from .tcp import BACKLOG
from .text import presentable
from .watch.log import LogWatcher

_TCP = re.compile(r"(haproxy:)?(tcp[46]?|tls|ssl):", re.ASCII)


def _roomy(listener: str) -> str:
    # As many may wait there as at a bare port number, unless the operator says how many.
    places = [each for each in re.split(r"(?<!\\):", _TCP.sub("", listener)) if "=" not in each]
    most = 1 if "tcp6:" in listener else 2  # Twisted's tcp6 takes it second, tcp third
    said = "backlog=" in listener or len(places) > most
    return listener if said or not _TCP.match(listener) else f"{listener}:backlog={BACKLOG}"


class Gateway(MultiService):
    """
    A print server with an FTP side to it.

    @ivar server: the printing ports and jobs; list them, cancel a job by number.
    @ivar factory: makes the FTP sessions.
    """

    _log = Logger()

    def __init__(
        self,
        transports: Sequence[IPrinterTransport],
        reactor: Any,
        listeners: Sequence[str] = ("tcp:21",),
        settings: SessionSettings | None = None,
        busyTimeout: float = BUSY_TIMEOUT,
        connectTimeout: float = CONNECT_TIMEOUT,
        maxJobBytes: int | None = None,
        checkers: Sequence[ICredentialsChecker] = (),
    ) -> None:
        """
        @param transports: the n-th is behind PORTn.
        @param reactor: one that listens, connects and tells the time.
        @param listeners: server endpoint strings; C{tls:990}, with what else C{tcp:} takes, is for
            implicit TLS with the certificate of the settings.
        @param busyTimeout: seconds a job waits for its printing port; 0: not at all.
        @param connectTimeout: seconds in which a printer must be reached; 0: one attempt.
        @param maxJobBytes: what a longer job has beyond is not printed; L{None}: no limit.
        @param checkers: who may print; by default anybody, under any name.
        """
        super().__init__()
        self._reactor = reactor
        settings = settings or SessionSettings()
        ports = len(transports)
        self.server = PrintServer(
            transports, reactor, busyTimeout, connectTimeout, maxJobBytes, settings.share(ports)
        )
        self.server.watch(LogWatcher())
        realm = PrintRealm(self.server, proven=bool(checkers))
        portal = Portal(realm, checkers or [AnyName()])
        self.factory = PrintFTPFactory(portal, reactor, settings, ports)
        self._open = not checkers
        for listener in listeners:
            listen(*self._listener(listener), reactor=reactor).setServiceParent(self)

    def _listener(self, text: str) -> tuple[str, IProtocolFactory]:
        text = _roomy(text)
        match text.partition(":"):
            case "tls", _, place:
                return f"tcp:{place}", PortFactory(self.factory, tls=True)
            case "haproxy", _, _:
                return text, PortFactory(self.factory, proxy=True)
            case _:
                return text, self.factory

    def startService(self) -> None:
        """Begin to listen."""
        self.factory.startSessions()
        super().startService()
        if self._open:
            self._log.info("anybody who can connect may print, under any name")
        for warning in self.factory.settings.warnings():
            self._log.warn("{warning}", warning=warning)
        for port in self.server.ports:
            self._log.info(
                "{port} prints to {uri} ({description})",
                port=port.name,
                uri=presentable(port.transport.uri),
                description=presentable(port.description),
            )
            port.ask()

    def stopService(self) -> Deferred[Any]:
        """
        Stop listening and end the sessions.

        Running jobs have the drain time-out to finish; what is not complete then is aborted, and
        its senders are told so.  A printer that does not let go of an aborted job is left.

        @return: fires less than 5 s after the drain time-out, whatever printers and senders do.
        """
        drain = self.factory.settings.drainTimeout
        stopped = super().stopService()
        for port in self.server.ports:
            port.askNoMore()
        return DeferredList(
            [
                stopped,
                self.factory.stopSessions(drain),
                self.server.stop(drain),
            ]
        )
