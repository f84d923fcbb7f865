"""
Stock Twisted as an FTP server that takes uploads: port directory user password record.

Its own factory, protocol and shell; the shell only tells that the server called an upload complete,
which it does by C{IWriteFile.close}.
"""

import sys
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import IRealm, Portal
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.protocols.ftp import FTPFactory, FTPShell, IFTPShell, IWriteFile
from twisted.python.filepath import FilePath
from twisted.python.log import startLogging
from zope.interface import implementer


@implementer(IWriteFile)
class File:
    """An uploaded file of the stock shell."""

    def __init__(self, stock: Any, name: str, record: str) -> None:
        self._stock = stock
        self._name = name
        self._record = record

    def receive(self) -> Any:
        """As stock does."""
        return self._stock.receive()

    def close(self) -> Any:
        """As stock does, and tell."""
        with open(self._record, "a") as record:
            print(self._name, file=record)
        return self._stock.close()


class Shell(FTPShell):
    """The stock shell."""

    record: str

    def openForWriting(self, path: Any) -> "Deferred[File]":
        """As stock does."""
        opened: Deferred[Any] = super().openForWriting(path)
        return opened.addCallback(File, path[-1], self.record)


@implementer(IRealm)
class Realm:
    """Everybody gets the one directory."""

    def __init__(self, directory: str, record: str) -> None:
        self._shell = Shell(FilePath(directory))
        self._shell.record = record

    def requestAvatar(self, avatarId: object, mind: object, *interfaces: object) -> Any:
        """A user that has logged in may write."""
        return IFTPShell, self._shell, lambda: None


def main(port: str, directory: str, user: str, password: str, record: str) -> None:
    """Serve."""
    startLogging(sys.stdout, setStdout=False)
    users: Any = InMemoryUsernamePasswordDatabaseDontUse()
    users.users[user] = password  # the protocol's credentials are text
    factory = FTPFactory(Portal(Realm(directory, record), [users]))
    looper: Any = reactor
    looper.listenTCP(int(port), factory, interface="127.0.0.1")
    looper.run()


main(*sys.argv[1:])
