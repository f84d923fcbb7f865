"""
python -m benchmarks.servers.stockserver PORT SINK
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.cred.checkers import AllowAnonymousAccess
from twisted.cred.portal import IRealm, Portal
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.interfaces import IConsumer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.protocols import ftp
from twisted.python import log
from twisted.python.failure import Failure
from twisted.python.filepath import FilePath
from zope.interface import implementer

reactor: Any = _reactor


@implementer(ftp.IWriteFile)
class Printer(Protocol):
    """A job on its way: what C{ftp.DTP} writes goes to the printer's connection."""

    def __init__(self) -> None:
        self._closed: Deferred[None] = Deferred()

    def receive(self) -> Deferred[IConsumer]:
        """L{ftp.IWriteFile}."""
        return succeed(self.transport)  # type: ignore[arg-type]

    def close(self) -> Deferred[None]:
        """L{ftp.IWriteFile}: fires when the kernel has the rest."""
        assert self.transport is not None
        self.transport.loseConnection()
        return self._closed

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._closed.callback(None)


class Shell(ftp.FTPAnonymousShell):
    """A shell whose files are jobs."""

    def __init__(self, sink: int) -> None:
        super().__init__(FilePath("/"))
        self._endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", sink)

    def openForWriting(self, path: list[str]) -> Deferred[Printer]:
        """L{ftp.IFTPShell}."""
        opened: Deferred[Printer] = connectProtocol(self._endpoint, Printer())
        return opened


@implementer(IRealm)
class Realm:
    """Everybody prints."""

    def __init__(self, sink: int) -> None:
        self._sink = sink

    def requestAvatar(self, avatarId: object, mind: object, *interfaces: Any) -> Any:
        """L{IRealm}."""
        return ftp.IFTPShell, Shell(self._sink), lambda: None


def main(port: int, sink: int) -> None:
    """Serve until the process is ended."""
    log.startLogging(sys.stderr, setStdout=False)
    factory: Any = ftp.FTPFactory(Portal(Realm(sink), [AllowAnonymousAccess()]))
    factory.timeOut = None
    reactor.listenTCP(port, factory, interface="127.0.0.1")
    reactor.run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
