"""
The print shell: what a logged-in sender sees.  Printing ports to write to, nothing to read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, execute, fail
from twisted.protocols import ftp
from twisted.python.filepath import Permissions
from zope.interface import implementer

from ..errors import PrintError
from ..job import Job, ReplyCode, Sender, unknownCode
from ..port import PrintingPort
from ..portnames import NEAR
from ..server import PrintServer
from ..text import printable
from .listing import Entry
from .names import StoredNames
from .paths import Path, PathRefused, resolve

UNKNOWN_NAME = "<Unknown>"
"""What the device calls a job whose remote name was a printing port."""

LISTED_JOBS = 20
"""The last jobs of a session that LIST shows in a printing port: what fits on a screen."""


@implementer(ftp.IFTPShell)
class PrintShell:
    """
    One session's view of a print server.

    As an L{ftp.IFTPShell} it serves any FTP server; L{jetdirect.ftp} itself uses C{names},
    C{resolve}, C{portOf}, C{submit} and C{listed}.

    @ivar names: what the session stored and made.
    """

    def __init__(
        self,
        server: PrintServer,
        sender: Sender,
        wallClock: Callable[[], float] = time.time,
        proven: bool = False,
    ) -> None:
        """
        @param proven: the sender is the user that it says it is.
        @param wallClock: seconds since the epoch, for listings.
        """
        self.server = server
        self.sender = sender
        self.proven = proven
        self._now = wallClock
        self._jobs: list[tuple[Job, float]] = []
        self.names = StoredNames(server.portNames, self._description, wallClock)

    def resolve(self, directory: Sequence[str], path: str) -> Path:
        """
        The one path that C{path} means, for all that is done with it.

        @param directory: the current directory, a path that was resolved before.
        @raise PathRefused: there is no such path, and no job is called so.
        """
        return resolve(self.server.portNames, directory, path)

    def portOf(self, path: Path) -> PrintingPort:
        """Where a job prints that is stored under a resolved path: elsewhere by default."""
        port = self.server.port(path[0]) if path else None
        return port or self.server.ports[0]

    def nameOf(self, path: Path) -> str:
        """What a job is called that is stored under a resolved path."""
        inside = path[1:] if path and path[0] in self.server.portNames else path
        return "/".join(inside)

    def noSuchPlace(self, path: str) -> PathRefused:
        """Why C{path} is no directory: it was not made, and is no printing port."""
        names = [*self.server.portNames]
        shown = ", ".join(names[:NEAR])
        more = f" and {len(names) - NEAR} more" if len(names) > NEAR else ""
        return PathRefused(path, f"no such directory; printing ports are {shown}{more}")

    def knows(self, job: Job) -> bool:
        """May its name be told?  It is this session's, or this user's where users prove it."""
        return job.sender == self.sender or (self.proven and job.user == self.sender.user)

    def submit(
        self,
        port: PrintingPort,
        name: str,
        size: int | None = None,
        code: ReplyCode = unknownCode,
    ) -> Job:
        """
        Put a job in line.

        @param size: the bytes that the sender announced, if it did.
        @param code: with which code it is told how its job ended.
        """
        job = self.server.submit(port, printable(name) or UNKNOWN_NAME, self.sender, size, code)
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
        return self._done(path, self.names.isDirectory)

    def list(self, path: Sequence[str], keys: Sequence[str] = ()) -> Deferred[Any]:
        """L{ftp.IFTPShell}."""

        def listed() -> Any:
            entries = self.listed(self._place(path))
            return [(each.name, [_fact(each, key) for key in keys]) for each in entries]

        return execute(listed)

    def stat(self, path: Sequence[str], keys: Sequence[str] = ()) -> Deferred[Any]:
        """L{ftp.IFTPShell}."""

        def facts() -> Any:
            entry = self.names.entry(self._place(path))
            if entry is None:
                raise ftp.FileNotFoundError(_shown(path))
            return [_fact(entry, key) for key in keys]

        return execute(facts)

    def openForWriting(self, path: Sequence[str]) -> Deferred[ftp.IWriteFile]:
        """L{ftp.IFTPShell}: a job, when its turn has come and the printer is there."""

        async def opened() -> ftp.IWriteFile:
            place = self._place(path)
            job = self.submit(self.portOf(place), self.nameOf(place))
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
        return self._done(path, self.names.makeDirectory, ftp.FileExistsError)

    def removeDirectory(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: one that the session made."""
        return self._done(path, lambda place: self.names.remove(place, directory=True))

    def removeFile(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: a name that the session stored; the paper stays."""
        return self._done(path, lambda place: self.names.remove(place, directory=False))

    def rename(self, fromPath: Sequence[str], toPath: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: a name that the session stored."""
        return self._done(toPath, lambda new: self.names.rename(self._place(fromPath), new))

    # Inside.

    def _description(self, portName: str) -> str:
        port = self.server.port(portName)
        return "-" if port is None else printable(port.description)

    def _place(self, path: Sequence[str]) -> Path:
        try:
            return self.resolve((), "/".join(path))
        except PathRefused as refused:
            raise ftp.FileNotFoundError(printable(f"{refused.path}: {refused.reason}")) from None

    def _done(
        self,
        path: Sequence[str],
        act: Callable[[Path], bool],
        otherwise: type[ftp.FTPCmdError] = ftp.FileNotFoundError,
    ) -> Deferred[None]:
        def done() -> None:
            if not act(self._place(path)):
                raise otherwise(_shown(path))

        return execute(done)


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
