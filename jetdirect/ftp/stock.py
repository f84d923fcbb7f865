"""
A print shell for the FTP server that Twisted has: to write to, and never to read from.

L{PrintRealm<jetdirect.ftp.realm.PrintRealm>} loads it when a portal asks for an L{ftp.IFTPShell}.
Nothing else here imports C{twisted.protocols.ftp}, because that installs the default reactor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, execute, fail, succeed
from twisted.internet.interfaces import IConsumer
from twisted.protocols import ftp
from twisted.python.filepath import Permissions
from zope.interface import implementer

from ..errors import PrintError
from ..job import UploadedJob
from ..text import printable
from .listing import Entry
from .paths import Path, PathRefused
from .shell import PrintShell


@implementer(ftp.IWriteFile)
class StockUpload:
    """One job, for a server that hears nothing of a sender between data and reply."""

    def __init__(self, job: UploadedJob) -> None:
        self._job = job

    def receive(self) -> Deferred[IConsumer]:
        """L{ftp.IWriteFile}: the consumer of the job's bytes is the job itself."""
        return succeed(self._job)

    def close(self) -> Deferred[None]:
        """L{ftp.IWriteFile}: the end of the data is the whole end of the job."""
        return self._job.finish().addCallback(lambda _: self._replied())

    def _replied(self) -> None:
        self._job.replied()
        self._job.complete()


@implementer(ftp.IFTPShell)
class StockShell:
    """
    A print shell behind Twisted's own interface.

    @ivar shell: the one that does it all.
    """

    def __init__(self, shell: PrintShell) -> None:
        self.shell = shell

    def access(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: the root, the printing ports and what the session made."""
        return self._actOn(path, self.shell.names.isDirectory)

    def list(self, path: Sequence[str], keys: Sequence[str] = ()) -> Deferred[Any]:
        """L{ftp.IFTPShell}."""

        def listed() -> Any:
            entries = self.shell.listed(self._place(path))
            return [(each.name, [_fact(each, key) for key in keys]) for each in entries]

        return execute(listed)

    def stat(self, path: Sequence[str], keys: Sequence[str] = ()) -> Deferred[Any]:
        """L{ftp.IFTPShell}."""

        def facts() -> Any:
            entry = self.shell.names.entry(self._place(path))
            if entry is None:
                raise ftp.FileNotFoundError(_shown(path))
            return [_fact(entry, key) for key in keys]

        return execute(facts)

    def openForWriting(self, path: Sequence[str]) -> Deferred[ftp.IWriteFile]:
        """L{ftp.IFTPShell}: a job, when its turn has come and the printer is there."""

        async def opened() -> ftp.IWriteFile:
            place = self._place(path)
            job = self.shell.submit(self.shell.portOf(place), self.shell.nameOf(place))
            try:
                await job.whenOpened()
            except PrintError as error:
                # The one error of this family that a stock ftp.FTP can put into a reply.
                raise ftp.FileNotFoundError(printable(error.reason)) from error
            return StockUpload(job)

        return Deferred.fromCoroutine(opened())

    def openForReading(self, path: Sequence[str]) -> Deferred[ftp.IReadFile]:
        """L{ftp.IFTPShell}: never."""
        return fail(ftp.PermissionDeniedError(_shown(path)))

    def makeDirectory(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: for this session only."""
        return self._actOn(path, self.shell.names.makeDirectory, ftp.FileExistsError)

    def removeDirectory(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: one that the session made."""
        return self._actOn(path, lambda place: self.shell.names.remove(place, directory=True))

    def removeFile(self, path: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: a name that the session stored; the paper stays."""
        return self._actOn(path, lambda place: self.shell.names.remove(place, directory=False))

    def rename(self, fromPath: Sequence[str], toPath: Sequence[str]) -> Deferred[None]:
        """L{ftp.IFTPShell}: a name that the session stored."""
        names = self.shell.names
        return self._actOn(toPath, lambda new: names.rename(self._place(fromPath), new))

    # Inside.

    def _place(self, path: Sequence[str]) -> Path:
        try:
            return self.shell.resolve((), "/".join(path))
        except PathRefused as refused:
            raise ftp.FileNotFoundError(printable(f"{refused.path}: {refused.reason}")) from None

    def _actOn(
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
