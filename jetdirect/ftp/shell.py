"""
The print shell: what a logged-in sender sees.  Printing ports to write to, nothing to read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.protocols import ftp
from twisted.python.filepath import Permissions
from zope.interface import implementer

from ..errors import PrintError
from ..job import Job, Sender
from ..port import PrintingPort
from ..server import PrintServer
from .listing import Entry
from .text import printable

UNKNOWN_NAME = "<Unknown>"
"""What the device calls a job whose remote name was a printing port."""


@implementer(ftp.IFTPShell)
class PrintShell:
    """
    One session's view of a print server.

    As an L{ftp.IFTPShell} it serves any FTP server; C{locate}, C{submit} and C{entries} are what
    L{jetdirect.ftp} itself uses.
    """

    def __init__(
        self, server: PrintServer, sender: Sender, wallClock: Callable[[], float] = time.time
    ) -> None:
        """
        @param wallClock: seconds since the epoch, for listings.
        """
        self.server = server
        self.sender = sender
        self._now = wallClock
        self._began = wallClock()

    def locate(self, directory: Sequence[str], path: str) -> tuple[PrintingPort, str]:
        """
        Where does a STOR of C{path} print, and under which name?

        The first segment of C{path} may be a printing port; else it is the current one, and the
        whole path is only a name.

        @param directory: the current directory: empty, or the name of a printing port.
        """
        first, _, rest = path.lstrip("/").partition("/")
        port = self.server.port(first)
        if port is not None:
            return port, rest.strip("/") or UNKNOWN_NAME
        current = self.server.port(directory[0]) if directory else None
        return current or self.server.ports[0], path

    def submit(self, port: PrintingPort, name: str, size: int | None = None) -> Job:
        """
        Put a job in line.

        @param size: the bytes that the sender announced, if it did.
        """
        return self.server.submit(port, printable(name) or UNKNOWN_NAME, self.sender, size)

    def entries(self, path: Sequence[str]) -> list[Entry]:
        """
        What is in a directory.

        @raise ftp.FileNotFoundError: there is no such directory.
        """
        if not path:
            return [
                Entry(port.name, True, 0, self._began, printable(port.description))
                for port in self.server.ports
            ]
        self._port(path)
        return []

    # IFTPShell, for other FTP servers too.

    def access(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: the root and the printing ports are directories, nothing else is."""
        return maybeDeferred(lambda: None if not path else (self._port(path), None)[1])

    def list(self, path: Sequence[str], keys: Sequence[str] = ()) -> Deferred[Any]:
        """L{ftp.IFTPShell}."""
        return maybeDeferred(
            lambda: [(e.name, [_fact(e, key) for key in keys]) for e in self.entries(path)]
        )

    def stat(self, path: Sequence[str], keys: Sequence[str] = ()) -> Deferred[Any]:
        """L{ftp.IFTPShell}: of directories only."""
        name = path[-1] if path else "/"
        here = Entry(name, True, 0, self._began, "-")
        return self.access(path).addCallback(lambda _: [_fact(here, key) for key in keys])

    def openForWriting(self, path: Sequence[str]) -> Deferred[ftp.IWriteFile]:
        """L{ftp.IFTPShell}: a job, when its turn has come and the printer is there."""
        directory = path[:1] if path and self.server.port(path[0]) else []
        port, name = self.locate(directory, "/".join(path[len(directory) :]))
        job = self.submit(port, name)

        async def opened() -> ftp.IWriteFile:
            try:
                await job.whenOpened()
            except PrintError as error:
                # The one error of this family that a stock ftp.FTP can put into a reply.
                raise ftp.FileNotFoundError(printable(error.reason)) from error
            return job

        return Deferred.fromCoroutine(opened())

    def openForReading(self, path: Sequence[str]) -> Deferred[ftp.IReadFile]:
        """L{ftp.IFTPShell}: never."""
        return _denied(path)

    def makeDirectory(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: never."""
        return _denied(path)

    def removeDirectory(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: never."""
        return _denied(path)

    def removeFile(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: never."""
        return _denied(path)

    def rename(self, fromPath: Sequence[str], toPath: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: never."""
        return _denied(fromPath)

    # Inside.

    def _port(self, path: Sequence[str]) -> PrintingPort:
        port = self.server.port(path[0]) if len(path) == 1 else None
        if port is None:
            raise ftp.FileNotFoundError(printable("/".join(path)))
        return port


def _denied(path: Sequence[str]) -> Deferred[Any]:
    return fail(ftp.PermissionDeniedError(printable("/".join(path))))


def _fact(entry: Entry, key: str) -> Any:
    facts = {
        "size": entry.size,
        "directory": entry.directory,
        "permissions": Permissions(0o333 if entry.directory else 0o222),
        "hardlinks": 1,
        "modified": entry.modified,
        "owner": entry.owner.replace(" ", "_"),
        "group": "printer",
    }
    return facts[key]
