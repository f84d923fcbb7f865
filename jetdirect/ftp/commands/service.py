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
from ..command import Command, Result, When
from ..listing import Entry, longListing, nameListing
from ..paths import Path, PathRefused, quoted, written
from ..pipeline import WAITING_COMMANDS
from ..replies import Lines, Name, Reply
from ..session import Session
from ..state import Note
from ..text import decoded
from ..upload import Upload

_ALLO = "<size> [R <record size>]"
_OPTIONS = re.compile(r"(?:-\S* *)+")

_ANNOUNCED: Note[int] = Note()
"""The size that ALLO gave for the next upload."""


def store(session: Session, path: str) -> Result:
    """Print what comes; C{path} may begin with, or be, a printing port."""
    return _print(session, path, unique=False)


def storeUnique(session: Session, path: str) -> Result:
    """The same; every job is unique anyway."""
    return _print(session, path, unique=True)


def append(session: Session, path: str) -> Result:
    """The same: a job of its own, nothing can be appended to paper."""
    return _print(session, path, unique=False)


def allocate(session: Session, argument: str) -> Reply:
    """The size of the next upload; in TYPE I it is compared with what came."""
    found = re.fullmatch(r"(\d{1,18})(?: +[Rr] +\d+)?", argument, re.ASCII)
    if found is None:
        return replies.SYNTAX(syntax=f"ALLO {_ALLO}")
    session.parameters = session.parameters.noted(_ANNOUNCED, int(found[1]) or None)
    return replies.OKAY


def restart(session: Session, argument: str) -> Reply:
    """A job has no middle to start from."""
    whole = re.fullmatch(r"0{1,20}", argument) is not None
    return replies.REST_ZERO if whole else replies.NO_RESTART


def abort(session: Session, _: str) -> Reply | None:
    """Cut the running job: 426 for the upload, then 226 when the printer is free."""
    if session.transfer is not None:
        if session.transfer.aborts < WAITING_COMMANDS:
            session.transfer.abort()
        else:
            session.flooded()
        return None
    session.useDataPort(None)
    return replies.NO_TRANSFER


def workingDirectory(session: Session, _: str) -> Reply:
    """The current directory, in the only pair of quotes."""
    directory = session.login.directory
    port = session.shell.portOf(directory)
    where = replies.PWD_PORT if directory else replies.PWD_ROOT
    path = Name(quoted(directory))
    return where(path=path, port=port.name, printer=port.description.replace('"', "'"))


def listLong(session: Session, argument: str) -> Result:
    """The printing ports, with their descriptions as owners; in one, this session's jobs."""
    return _list(session, argument, lambda entries: longListing(entries, time.time()), jobs=True)


def listNames(session: Session, argument: str) -> Result:
    """Their names."""
    return _list(session, argument, nameListing)


def retrieve(session: Session, _: str) -> Reply:
    """Never."""
    return replies.WRITE_ONLY


def system(session: Session, _: str) -> Reply:
    """BSD clients choose ASCII, and spoil the job, for any other answer and for none."""
    return replies.SYSTEM


def noop(session: Session, _: str) -> Reply:
    """Nothing."""
    return replies.OKAY


def status(session: Session, argument: str) -> Reply:
    """How the session is, what a printing port does, or what LIST shows of another path."""
    login = session.login
    if argument and login.shell is not None:
        return _pathStatus(session, argument)
    kind = session.parameters.type
    lines = [f" Connected from {session.control.peer}", f" TYPE {kind}; bytes pass unchanged"]
    if login.shell is None:
        lines.append(" Not logged in")
    else:
        port = login.shell.portOf(login.directory)
        lines.append(f" Logged in as {login.shell.sender.user}")
        lines.append(f" Printing on {port.name}")
        lines += _statusLines(port.status)
    running = "no transfer" if session.transfer is None else session.transfer.description
    return replies.STATUS(lines=Lines("\n".join([*lines, f" Now: {running}"])))


def showHelp(session: Session, argument: str) -> Reply:
    """The commands, or the syntax of one."""
    command = session.commands.get(argument.upper())
    if command is not None:
        return replies.HELP_COMMAND(syntax=command.syntax)
    return _help(tuple(session.commands))


@cache
def _help(commands: tuple[str, ...]) -> Reply:
    # Once: it is the dearest text of all.
    verbs = sorted(commands)
    rows = (verbs[n : n + 8] for n in range(0, len(verbs), 8))
    lines = ["    " + " ".join(f"{verb:<5}" for verb in row).rstrip() for row in rows]
    return replies.HELP(lines=Lines("\n".join(lines)))


def _print(session: Session, path: str, unique: bool) -> Result:
    announced = session.parameters.read(_ANNOUNCED)
    session.parameters = session.parameters.noted(_ANNOUNCED, None)
    dataPort = session.takeDataPort()
    if isinstance(dataPort, Reply):
        return dataPort
    try:
        stored = session.resolve(path)
    except PathRefused as refused:
        # Told first: a data connection that is reset looks like a broken line to some.
        session.reply(replies.BAD_PATH(path=refused.path, reason=refused.reason))
        dataPort.close()
        return None
    shell = session.shell
    port, name = shell.portOf(stored), shell.nameOf(stored)
    size = announced if session.parameters.type == "I" else None
    job = shell.submit(port, name, size, replies.codeFor)
    if not path:
        path = f"job{job.number}"
        stored = (*stored, path)
    if unique:
        opening = replies.OPENING_UNIQUE(name=path)
    else:
        mode = "BINARY" if session.parameters.type == "I" else "ASCII"
        printer = port.description
        queue = shell.server.queue(port) if port.settings.spool else None
        if queue is None:
            opening = replies.OPENING(type=mode, name=job.name, port=port.name, printer=printer)
        else:
            before = f"{_many(queue.queued)} before it"
            opening = replies.SPOOLING(
                type=mode, name=job.name, port=port.name, printer=printer, before=before
            )
    session.runTransfer(
        Upload(session, dataPort, port, job, opening, lambda: shell.store(stored, job.bytes))
    )
    return None


def _pathStatus(session: Session, argument: str) -> Reply:
    options, path = _listed(session, argument)
    port = session.shell.server.port(path[0]) if len(path) == 1 else None
    if port is not None and not options:
        return _portStatus(session, port)
    directory = session.shell.names.isDirectory(path)
    if not directory and session.shell.names.entry(path) is None:
        kept = _keptStatus(session, path)
        if kept is not None:
            return kept
        raise session.shell.noSuchPlace(argument)
    listing = decoded(longListing(session.shell.listed(path, jobs=True), time.time()))
    lines = "".join(f"\n {presentable(line)}" for line in listing.split("\r\n") if line)
    status = replies.DIRECTORY_STATUS if directory else replies.FILE_STATUS
    return status(path=Name(written(path)), lines=Lines(lines))


def _keptStatus(session: Session, path: Path) -> Reply | None:
    # A kept job by its number: what it is called is told to whoever sent it in this session.
    server = session.shell.server
    port = server.port(path[0]) if len(path) == 2 and path[1].isdecimal() else None
    queue = None if port is None else server.queue(port)
    told = None if queue is None else queue.status(int(path[1]))
    if told is None:
        return None
    name = session.shell.nameOfJob(int(path[1]))
    line = f" job {int(path[1])}: {told.state.value}, {told.size} bytes{name and f', {name}'}"
    reason = f"; {printable(told.reason)}" if told.reason else ""
    return replies.FILE_STATUS(path=Name(written(path)), lines=Lines(f"\n{line}{reason}"))


def _many(jobs: int) -> str:
    return "1 job" if jobs == 1 else f"{jobs or 'no'} jobs"


def _portStatus(session: Session, port: PrintingPort) -> Reply:
    server = session.shell.server
    lines = [f" {port.name}: {printable(port.description)}", *_statusLines(port.status)]
    queue = server.queue(port)
    if queue is not None and (port.settings.spool or queue.jobs):
        kept = queue.printing
        wait, held = queue.queued - (kept is not None), queue.held
        if queue.removed:
            wait, held = 0, held + wait
        lines.append(f" spooled: {_many(wait)} waiting, {held} held")
        if port.away:
            lines.append(f" {printable(port.away)}")
        if server.spooling is not None and server.spooling.broken is not None:
            lines.append(" the spool has failed; no jobs are taken now")
        told = None if kept is None else queue.status(kept.number)
        if kept is not None and told is not None:
            sent = f"{told.size} bytes, {kept.progress} sent"
            lines.append(f" job {kept.number}: {told.state.value}, {sent}")
    if by := server.pausedBy(port):
        lines.append(f" paused by {printable(by)}")
    if not port.jobs and (queue is None or not queue.queued):
        lines.append(" idle")
    for job in session.shell.server.jobsAt(port):
        name = f", {job.name}" if session.shell.knows(job) else ""
        lines.append(f" job {job.number}: {job.state.value}, {job.bytes} bytes{name}")
    return replies.PORT_STATUS(lines=Lines("\n".join(lines)))


def _list(
    session: Session, argument: str, render: Callable[[list[Entry]], bytes], jobs: bool = False
) -> Result:
    _, path = _listed(session, argument)
    return session.sendListing(lambda: render(session.shell.listed(path, jobs)))


def _listed(session: Session, argument: str) -> tuple[bool, Path]:
    # Were there options, as clients send them for ls; and the path.
    found = _OPTIONS.match(argument)
    if found is None:
        return False, session.resolve(argument)
    with suppress(PathRefused):
        named = session.resolve(argument)
        if session.shell.names.entry(named) is not None:
            return False, named  # a job may be called like an option
    return True, session.resolve(argument[found.end() :])


def _statusLines(status: PrinterStatus) -> list[str]:
    said = [": ".join(filter(None, [status.state, ", ".join(status.reasons)]))]
    if status.pages is not None:
        said.append(f"{status.pages} pages in its life")
    said = [printable(each) for each in said if each]
    return [f" the printer says: {'; '.join(said)}"] if said else []


COMMANDS: tuple[Command[Session], ...] = (
    Command("STOR", "<path>", store),
    Command("STOU", "[path]", storeUnique),
    Command("APPE", "<path>", append),
    Command("ALLO", _ALLO, allocate),
    Command("REST", "<0>", restart),
    Command("ABOR", "", abort, When.AT_ONCE),
    Command("PWD", "", workingDirectory, also=("XPWD",)),
    Command("LIST", "[path]", listLong),
    Command("NLST", "[path]", listNames),
    Command("RETR", "<path>", retrieve),
    Command("SYST", "", system, When.ALWAYS),
    Command("NOOP", "", noop, When.AT_ONCE),
    Command("STAT", "[path]", status, When.AT_ONCE),
    Command("HELP", "[command]", showHelp, When.ALWAYS),
)
