"""
FTP service commands (RFC 959, section 4.1.3), as far as a write-only server has them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from ...interfaces import PrinterStatus
from ...port import PrintingPort
from ...text import presentable, printable
from .. import replies
from ..interpreter import WAITING_COMMANDS, Interpreter, Result, command
from ..listing import Entry, longListing, nameListing
from ..paths import Path, PathRefused, quoted, written
from ..replies import Lines, Name, Reply
from ..text import decoded
from ..transfer import sendListing
from ..upload import Upload

_OPTIONS = re.compile(r"(?:-\S* *)+")


class ServiceCommands(Interpreter):
    """Printing, listing, and asking how it goes."""

    @command("STOR <path>")
    def ftp_STOR(self, path: str) -> Result:
        """Print what comes; C{path} may begin with, or be, a printing port."""
        return self._print(path, unique=False)

    @command("STOU [path]")
    def ftp_STOU(self, path: str) -> Result:
        """The same; every job is unique anyway."""
        return self._print(path, unique=True)

    @command("APPE <path>")
    def ftp_APPE(self, path: str) -> Result:
        """The same: a job of its own, nothing can be appended to paper."""
        return self._print(path, unique=False)

    @command("ALLO <size> [R <record size>]")
    def ftp_ALLO(self, argument: str) -> Reply:
        """The size of the next upload; in TYPE I it is compared with what came."""
        found = re.fullmatch(r"(\d{1,18})(?: +[Rr] +\d+)?", argument, re.ASCII)
        if found is None:
            return replies.SYNTAX(syntax=self.ftp_ALLO.syntax)  # type: ignore[attr-defined]
        self.announced = int(found[1]) or None
        return replies.OKAY

    @command("REST <0>")
    def ftp_REST(self, argument: str) -> Reply:
        """A job has no middle to start from."""
        whole = re.fullmatch(r"0{1,20}", argument) is not None
        return replies.REST_ZERO if whole else replies.NO_RESTART

    @command("ABOR", beforeLogin=True, atOnce=True)
    def ftp_ABOR(self, _: str) -> Reply | None:
        """Cut the running job: 426 for the upload, then 226 when the printer is free."""
        if self.transfer is not None:
            if self.transfer.aborts < WAITING_COMMANDS:
                self.transfer.abort()
            else:
                self.flooded()
            return None
        self.useDataPort(None)
        return replies.NO_TRANSFER

    @command("PWD")
    def ftp_PWD(self, _: str) -> Reply:
        """The current directory, in the only pair of quotes."""
        port = self.printShell.portOf(tuple(self.directory))
        where = replies.PWD_PORT if self.directory else replies.PWD_ROOT
        path = Name(quoted(tuple(self.directory)))
        return where(path=path, port=port.name, printer=port.description.replace('"', "'"))

    @command("LIST [path]")
    def ftp_LIST(self, argument: str) -> Result:
        """The printing ports, with their descriptions as owners; in one, this session's jobs."""
        return self._list(argument, lambda entries: longListing(entries, time.time()), jobs=True)

    @command("NLST [path]")
    def ftp_NLST(self, argument: str) -> Result:
        """Their names."""
        return self._list(argument, nameListing)

    @command("RETR <path>")
    def ftp_RETR(self, _: str) -> Reply:
        """Never."""
        return replies.WRITE_ONLY

    @command("SYST", beforeLogin=True)
    def ftp_SYST(self, _: str) -> Reply:
        """BSD clients choose ASCII, and spoil the job, for any other answer and for none."""
        return replies.SYSTEM

    @command("NOOP", beforeLogin=True, atOnce=True)
    def ftp_NOOP(self, _: str) -> Reply:
        """Nothing."""
        return replies.OKAY

    @command("STAT [path]", beforeLogin=True, atOnce=True)
    def ftp_STAT(self, argument: str) -> Reply:
        """How the session is, what a printing port does, or what LIST shows of another path."""
        if argument and self.shell is not None:
            return self._pathStatus(argument)
        lines = [f" Connected from {self.peer}", f" TYPE {self.type}; bytes pass unchanged"]
        if self.shell is None:
            lines.append(" Not logged in")
        else:
            port = self.printShell.portOf(tuple(self.directory))
            lines.append(f" Logged in as {self.printShell.sender.user}")
            lines.append(f" Printing on {port.name}")
            lines += _said(port.status)
        running = "no transfer" if self.transfer is None else self.transfer.description
        return replies.STATUS(lines=Lines("\n".join([*lines, f" Now: {running}"])))

    @command("HELP [command]", beforeLogin=True)
    def ftp_HELP(self, argument: str) -> Reply:
        """The commands, or the syntax of one."""
        method = self._method(argument.upper())
        if method is not None:
            return replies.HELP_COMMAND(syntax=method.syntax)  # type: ignore[attr-defined]
        return self._help()

    ftp_XPWD = ftp_PWD

    @classmethod
    @cache
    def _help(cls) -> Reply:
        # Once: it is the dearest text of all.
        verbs = sorted(name[4:] for name in dir(cls) if name.startswith("ftp_"))
        rows = (verbs[n : n + 8] for n in range(0, len(verbs), 8))
        lines = ["    " + " ".join(f"{verb:<5}" for verb in row).rstrip() for row in rows]
        return replies.HELP(lines=Lines("\n".join(lines)))

    def _print(self, path: str, unique: bool) -> Result:
        announced, self.announced = self.announced, None
        dataPort = self.takeDataPort()
        if isinstance(dataPort, Reply):
            return dataPort
        try:
            stored = self.resolve(path)
        except PathRefused as refused:
            # Told first: a data connection that is reset looks like a broken line to some.
            self.reply(replies.BAD_PATH(path=refused.path, reason=refused.reason))
            dataPort.close()
            return None
        shell = self.printShell
        port, name = shell.portOf(stored), shell.nameOf(stored)
        size = announced if self.type == "I" else None
        job = shell.submit(port, name, size, replies.codeFor)
        if not path:
            path = f"job{job.number}"
            stored = (*stored, path)
        upload = Upload(self, dataPort, port, job, lambda: shell.names.store(stored, job.bytes))
        if unique:
            opening = replies.OPENING_UNIQUE(name=path)
        else:
            mode = "BINARY" if self.type == "I" else "ASCII"
            printer = port.description
            opening = replies.OPENING(type=mode, name=job.name, port=port.name, printer=printer)
        return self.runTransfer(upload, upload.run(opening))

    def _pathStatus(self, argument: str) -> Reply:
        options, path = self._listed(argument)
        port = self.printShell.server.port(path[0]) if len(path) == 1 else None
        if port is not None and not options:
            return self._portStatus(port)
        directory = self.printShell.names.isDirectory(path)
        if not directory and self.printShell.names.entry(path) is None:
            raise self.printShell.noSuchPlace(argument)
        listing = decoded(longListing(self.printShell.listed(path, jobs=True), time.time()))
        lines = "".join(f"\n {presentable(line)}" for line in listing.split("\r\n") if line)
        status = replies.DIRECTORY_STATUS if directory else replies.FILE_STATUS
        return status(path=Name(written(path)), lines=Lines(lines))

    def _portStatus(self, port: PrintingPort) -> Reply:
        lines = [f" {port.name}: {printable(port.description)}", *_said(port.status)]
        if not port.jobs:
            lines.append(" idle")
        for job in port.jobs:
            name = f", {job.name}" if self.printShell.knows(job) else ""
            lines.append(f" job {job.number}: {job.state.value}, {job.bytes} bytes{name}")
        return replies.PORT_STATUS(lines=Lines("\n".join(lines)))

    def _list(
        self, argument: str, render: Callable[[list[Entry]], bytes], jobs: bool = False
    ) -> Result:
        _, path = self._listed(argument)
        return sendListing(self, lambda: render(self.printShell.listed(path, jobs)))

    def _listed(self, argument: str) -> tuple[bool, Path]:
        # Were there options, as clients send them for ls; and the path.
        found = _OPTIONS.match(argument)
        if found is None:
            return False, self.resolve(argument)
        with suppress(PathRefused):
            named = self.resolve(argument)
            if self.printShell.names.entry(named) is not None:
                return False, named  # a job may be called like an option
        return True, self.resolve(argument[found.end() :])


def _said(status: PrinterStatus) -> list[str]:
    said = [": ".join(filter(None, [status.state, ", ".join(status.reasons)]))]
    if status.pages is not None:
        said.append(f"{status.pages} pages in its life")
    said = [printable(each) for each in said if each]
    return [f" the printer says: {'; '.join(said)}"] if said else []
