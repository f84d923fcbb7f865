"""
The print shell: what a logged-in sender sees.  Printing ports to write to, nothing to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from zope.interface import Interface, implementer

from ..job import ReplyCode, Sender, UploadedJob, unknownCode
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


class IPrintShell(Interface):
    """What a session asks a portal for; L{PrintShell} is the one implementation."""


@implementer(IPrintShell)
class PrintShell:
    """
    One session's view of a print server.

    Thousands may be idle: what a session has not asked for yet takes no memory.
    """

    __slots__ = ("_first", "_jobs", "_names", "proven", "sender", "server")

    def __init__(
        self,
        server: PrintServer,
        sender: Sender,
        proven: bool = False,
    ) -> None:
        """@param proven: the sender is the user that it says it is."""
        self.server = server
        self.sender = sender
        self.proven = proven
        self._jobs: tuple[tuple[UploadedJob, float], ...] = ()
        self._names: StoredNames | None = None
        self._first: tuple[Path, int, float] | None = None

    @property
    def names(self) -> StoredNames:
        """What the session stored and made."""
        if self._names is None:
            # Not a method: the names would keep the shell, with its jobs, until the garbage goes.
            owner = partial(_description, self.server)
            self._names = StoredNames(self.server.portNames, owner, self.server.wallClock)
            if self._first is not None:
                self._names.store(*self._first)
        return self._names

    def store(self, path: Path, size: int) -> None:
        """A job of C{size} bytes was printed under this name; few senders come back to it."""
        if self._names is None and self._first is None:
            self._first = path, size, self.server.wallClock()
        else:
            self.names.store(path, size)

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
        return port or self.server.default

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

    def noEntry(self, path: Path) -> str:
        """Why this sender may not print at a resolved path; empty: it may."""
        port = self.server.port(path[0]) if path else None
        if port is None or port.settings.admits(self.sender.host):
            return ""
        return f"{self.sender.host} may not print on {port.name}"

    def knows(self, job: UploadedJob) -> bool:
        """May its name be told?  It is this session's, or this user's where users prove it."""
        return job.sender == self.sender or (self.proven and job.user == self.sender.user)

    def nameOfJob(self, number: int) -> str:
        """What a job of this session is called; empty: it is none."""
        return next((job.name for job, _ in self._jobs if job.number == number), "")

    def submit(
        self,
        port: PrintingPort,
        name: str,
        size: int | None = None,
        code: ReplyCode = unknownCode,
    ) -> UploadedJob:
        """
        Put a job in line, or into the spool.

        @param size: the bytes that the sender announced, if it did.
        @param code: with which code it is told how its job ended.
        """
        job = self.server.upload(port, printable(name) or UNKNOWN_NAME, self.sender, size, code)
        self._jobs = (*self._jobs, (job, self.server.wallClock()))[-LISTED_JOBS:]
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
                Entry(job.name, False, job.bytes, began, self.server.stateOf(job).value)
                for job, began in self._jobs
                if jobs and path == (job.port,) and job.name not in known
            ]
        entry = self.names.entry(path)
        return [] if entry is None else [entry]


def _description(server: PrintServer, portName: str) -> str:
    port = server.port(portName)
    return "-" if port is None else printable(port.description)
