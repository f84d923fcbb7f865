"""
The print shell: what a logged-in sender sees.  Printing ports to write to, nothing to read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.protocols import ftp
from twisted.python.filepath import Permissions
from zope.interface import implementer

from ..errors import PrintError
from ..job import Job, Sender
from ..port import PrintingPort
from ..server import PrintServer
from .listing import Entry
from .names import Path, StoredNames
from .text import printable

UNKNOWN_NAME = "<Unknown>"
"""What the device calls a job whose remote name was a printing port."""

LISTED_JOBS = 20
"""The last jobs of a session that LIST shows in a printing port: what fits on a screen."""


@implementer(ftp.IFTPShell)
class PrintShell:
    """
    One session's view of a print server.

    As an L{ftp.IFTPShell} it serves any FTP server; L{jetdirect.ftp} itself uses C{names},
    C{locate}, C{submit} and C{listed}.

    @ivar names: what the session stored and made.
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
        self._jobs: list[tuple[Job, float]] = []
        self.names = StoredNames(server.portNames, self._description, wallClock)

    @property
    def portNames(self) -> str:
        """The printing ports, for a person to read."""
        return ", ".join(self.server.portNames)

    def locate(self, directory: Sequence[str], path: str) -> tuple[PrintingPort, str]:
        """
        Where does a STOR of C{path} print, and under which name?

        The first segment of C{path} may be a printing port; else it is the current one, and the
        whole path is only a name.

        @param directory: the current directory.
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
        job = self.server.submit(port, printable(name) or UNKNOWN_NAME, self.sender, size)
        self._jobs.append((job, self._now()))
        del self._jobs[:-LISTED_JOBS]
        return job

    def listed(self, path: Path, jobs: bool = False) -> list[Entry]:
        """
        What LIST and NLST show: a directory's entries, a name itself, or nothing.

        @param jobs: in a printing port also the session's last jobs there that are not among its
            names, with their states as owners.
        """
        if self.names.isDirectory(path):
            entries = self.names.children(path)
            known = {entry.name for entry in entries}
            return entries + [
                Entry(job.name, False, job.bytes, began, job.state.value)
                for job, began in self._jobs
                if jobs and path == (job.port,) and job.name not in known
            ]
        entry = self.names.entry(path)
        return [] if entry is None else [entry]

    # IFTPShell, for other FTP servers too.

    def access(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: the root, the printing ports and what the session made."""
        if self.names.isDirectory(self._resolved(path)):
            return succeed(None)
        return fail(ftp.FileNotFoundError(_shown(path)))

    def list(self, path: Sequence[str], keys: Sequence[str] = ()) -> Deferred[Any]:
        """L{ftp.IFTPShell}."""
        entries = self.listed(self._resolved(path))
        return succeed([(each.name, [_fact(each, key) for key in keys]) for each in entries])

    def stat(self, path: Sequence[str], keys: Sequence[str] = ()) -> Deferred[Any]:
        """L{ftp.IFTPShell}."""
        entry = self.names.entry(self._resolved(path))
        if entry is None:
            return fail(ftp.FileNotFoundError(_shown(path)))
        return succeed([_fact(entry, key) for key in keys])

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
        return fail(ftp.PermissionDeniedError(_shown(path)))

    def makeDirectory(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: for this session only."""
        made = self.names.makeDirectory(self._resolved(path))
        return succeed(None) if made else fail(ftp.FileExistsError(_shown(path)))

    def removeDirectory(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: one that the session made."""
        removed = self.names.remove(self._resolved(path), directory=True)
        return succeed(None) if removed else fail(ftp.FileNotFoundError(_shown(path)))

    def removeFile(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: a name that the session stored; the paper stays."""
        removed = self.names.remove(self._resolved(path), directory=False)
        return succeed(None) if removed else fail(ftp.FileNotFoundError(_shown(path)))

    def rename(self, fromPath: Sequence[str], toPath: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: a name that the session stored."""
        renamed = self.names.rename(self._resolved(fromPath), self._resolved(toPath))
        return succeed(None) if renamed else fail(ftp.FileNotFoundError(_shown(fromPath)))

    # Inside.

    def _description(self, portName: str) -> str:
        port = self.server.port(portName)
        return "-" if port is None else printable(port.description)

    def _resolved(self, path: Sequence[str]) -> Path:
        return self.names.resolve((), "/".join(path))


def _shown(path: Sequence[str]) -> str:
    return printable("/".join(path))


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
