"""
Commands about names (RFC 959, RFC 3659): they succeed for what this session stored, and change
nothing on paper.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from .. import replies
from ..command import Command, Result
from ..listing import machineFacts, machineListing, modifiedStamp
from ..paths import Path, quoted, written
from ..replies import Lines, Name, Reply
from ..session import Session
from ..state import Note

_TIME = re.compile(r"(\d{14})(?:\.\d+)? +(.+)", re.ASCII | re.DOTALL)
_OF_NAMES = ("CHMOD", "UTIME", "TOUCH", "CHGRP", "CHOWN")
_MFMT = "<YYYYMMDDHHMMSS> <path>"
_SITE_HELP = "CHMOD HELP IDLE UMASK UTIME; others are taken note of, and change nothing"

_OLD_NAME: Note[Path] = Note()
"""What RNFR named."""

LEAP_SECOND = 60
"""The last second that a minute may have (RFC 3659, 2.3)."""


def renameFrom(session: Session, path: str) -> Reply:
    """The old name."""
    session.login = session.login.noted(_OLD_NAME, None)
    old = session.resolve(path)
    if session.shell.names.entry(old) is None:
        return replies.NOT_STORED(path=path)
    session.login = session.login.noted(_OLD_NAME, old)
    return replies.RENAMING


def renameTo(session: Session, path: str) -> Reply:
    """The new name of what is printed already."""
    old = session.login.read(_OLD_NAME)
    session.login = session.login.noted(_OLD_NAME, None)
    if old is None:
        return replies.RENAME_FIRST
    renamed = session.shell.names.rename(old, session.resolve(path))
    return replies.RENAMED if renamed else replies.NOT_RENAMED(path=path)


def delete(session: Session, path: str) -> Reply:
    """Forget a name."""
    removed = session.shell.names.remove(session.resolve(path), directory=False)
    return replies.REMOVED if removed else replies.NOT_STORED(path=path)


def makeDirectory(session: Session, path: str) -> Reply:
    """A directory that only this session sees; printing ports are not made."""
    wanted = session.resolve(path)
    if not session.shell.names.makeDirectory(wanted):
        return replies.EXISTS(path=path)
    return replies.MADE(path=Name(quoted(wanted)))


def removeDirectory(session: Session, path: str) -> Reply:
    """Forget such a directory."""
    removed = session.shell.names.remove(session.resolve(path), directory=True)
    return replies.REMOVED if removed else replies.NOT_MADE(path=path)


def size(session: Session, path: str) -> Reply:
    """
    Of what this session stored; else clients send the rest of a file, or nothing at all.
    """
    entry = session.shell.names.file(session.resolve(path))
    return replies.NOT_STORED(path=path) if entry is None else replies.SIZE(size=entry.size)


def modificationTime(session: Session, path: str) -> Reply:
    """When it was stored; with a time before the path, as some clients do, like MFMT."""
    entry = session.shell.names.file(session.resolve(path))
    if entry is not None:
        return replies.MODIFIED(time=modifiedStamp(entry.modified))
    if _TIME.fullmatch(path):
        return setModificationTime(session, path)
    return replies.NOT_STORED(path=path)


def setModificationTime(session: Session, argument: str) -> Reply:
    """Remember another time of modification."""
    found = _TIME.fullmatch(argument)
    modified = _seconds(found[1]) if found is not None else None
    if found is None or modified is None:
        return replies.SYNTAX(syntax=f"MFMT {_MFMT}")
    if not session.shell.names.touch(session.resolve(found[2]), modified):
        return replies.NOT_STORED(path=found[2])
    return replies.TOUCHED(time=found[1], path=found[2])


def facts(session: Session, path: str) -> Reply:
    """The facts of one name, over the control connection."""
    wanted = session.resolve(path)
    entry = session.shell.names.entry(wanted)
    if entry is None:
        return replies.NOT_STORED(path=path)
    name = Name(path or written(wanted))
    return replies.FACTS(facts=machineFacts(entry), path=name)


def listFacts(session: Session, path: str) -> Result:
    """The facts of all names in a directory."""
    directory = session.resolve(path)
    if not session.shell.names.isDirectory(directory):
        raise session.shell.noSuchPlace(path)
    names = session.shell.names
    return session.sendListing(lambda: machineListing(names.children(directory)))


def site(session: Session, argument: str) -> Reply:
    """
    Whatever the sender's system wants to set (z/OS record formats, IBM i's NAMEFMT, modes and
    times of files): it goes on when the answer is positive.
    """
    verb, _, rest = argument.partition(" ")
    match verb.upper():
        case "HELP":
            return replies.HELP(lines=Lines(f" {_SITE_HELP}"))
        case "IDLE":
            return replies.IDLE_TIME(seconds=session.settings.idleTimeout)
        case known if known in _OF_NAMES:
            return replies.OKAY if _named(session, rest) else replies.NOT_STORED(path=rest)
        case _:
            return replies.SUPERFLUOUS


def _named(session: Session, words: str) -> bool:
    # CHMOD 644 a b.ps; UTIME 20260101000000 a b.ps; UTIME a b.ps 2026.. 2026.. 2026.. UTC
    after = words.partition(" ")[2]
    before = words.rsplit(" ", 4)[0]
    return any(session.shell.names.entry(session.resolve(path)) for path in (after, before) if path)


def _seconds(stamp: str) -> int | None:
    # Since the epoch; None: there is no such time.  Not strptime: its first call imports a module,
    # and that fails when all descriptors are taken.
    month, day, hour, minute, second = (int(stamp[at : at + 2]) for at in range(4, 14, 2))
    try:
        begun = datetime(int(stamp[:4]), month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    return int(begun.timestamp()) + second if second <= LEAP_SECOND else None


COMMANDS: tuple[Command[Session], ...] = (
    Command("RNFR", "<path>", renameFrom),
    Command("RNTO", "<path>", renameTo),
    Command("DELE", "<path>", delete),
    Command("MKD", "<path>", makeDirectory, also=("XMKD",)),
    Command("RMD", "<path>", removeDirectory, also=("XRMD",)),
    Command("SIZE", "<path>", size, feature="SIZE"),
    Command("MDTM", "[time] <path>", modificationTime, feature="MDTM"),
    Command("MFMT", _MFMT, setModificationTime, feature="MFMT"),
    Command("MLST", "[path]", facts, feature="MLST type*;size*;modify*;perm*;"),
    Command("MLSD", "[path]", listFacts),
    Command("SITE", "<command>", site),
)
