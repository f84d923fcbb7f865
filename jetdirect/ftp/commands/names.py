"""
Commands about names (RFC 959, RFC 3659): they succeed for what this session stored, and change
nothing on paper.
"""

from __future__ import annotations

import calendar
import re
import time

from .. import replies
from ..interpreter import Interpreter, Result, command
from ..listing import machineFacts, machineListing, modifiedStamp
from ..paths import quoted, written
from ..replies import Lines, Name, Reply
from ..transfer import sendListing

_TIME = re.compile(r"(\d{14})(?:\.\d+)? +(.+)", re.ASCII | re.DOTALL)
_OF_NAMES = ("CHMOD", "UTIME", "TOUCH", "CHGRP", "CHOWN")
_SITE_HELP = "CHMOD HELP IDLE UMASK UTIME; others are taken note of, and change nothing"


class NameCommands(Interpreter):
    """Rename, look up, remove; only ever in the session's memory."""

    @command("RNFR <path>")
    def ftp_RNFR(self, path: str) -> Reply:
        """The old name."""
        self.renaming = None
        old = self.resolve(path)
        if self.printShell.names.entry(old) is None:
            return replies.NOT_STORED(path=path)
        self.renaming = old
        return replies.RENAMING

    @command("RNTO <path>")
    def ftp_RNTO(self, path: str) -> Reply:
        """The new name of what is printed already."""
        old, self.renaming = self.renaming, None
        if old is None:
            return replies.RENAME_FIRST
        renamed = self.printShell.names.rename(old, self.resolve(path))
        return replies.RENAMED if renamed else replies.NOT_RENAMED(path=path)

    @command("DELE <path>")
    def ftp_DELE(self, path: str) -> Reply:
        """Forget a name."""
        removed = self.printShell.names.remove(self.resolve(path), directory=False)
        return replies.REMOVED if removed else replies.NOT_STORED(path=path)

    @command("MKD <path>")
    def ftp_MKD(self, path: str) -> Reply:
        """A directory that only this session sees; printing ports are not made."""
        wanted = self.resolve(path)
        if not self.printShell.names.makeDirectory(wanted):
            return replies.EXISTS(path=path)
        return replies.MADE(path=Name(quoted(wanted)))

    @command("RMD <path>")
    def ftp_RMD(self, path: str) -> Reply:
        """Forget such a directory."""
        removed = self.printShell.names.remove(self.resolve(path), directory=True)
        return replies.REMOVED if removed else replies.NOT_MADE(path=path)

    @command("SIZE <path>")
    def ftp_SIZE(self, path: str) -> Reply:
        """
        Of what this session stored; else clients send the rest of a file, or nothing at all.
        """
        entry = self.printShell.names.file(self.resolve(path))
        return replies.NOT_STORED(path=path) if entry is None else replies.SIZE(size=entry.size)

    @command("MDTM [time] <path>")
    def ftp_MDTM(self, path: str) -> Reply:
        """When it was stored; with a time before the path, as some clients do, like MFMT."""
        entry = self.printShell.names.file(self.resolve(path))
        if entry is not None:
            return replies.MODIFIED(time=modifiedStamp(entry.modified))
        return self.ftp_MFMT(path) if _TIME.fullmatch(path) else replies.NOT_STORED(path=path)

    @command("MFMT <time> <path>")
    def ftp_MFMT(self, argument: str) -> Reply:
        """Remember another time of modification."""
        found = _TIME.fullmatch(argument)
        modified = _seconds(found[1]) if found is not None else None
        if found is None or modified is None:
            return replies.SYNTAX(syntax="MFMT <YYYYMMDDHHMMSS> <path>")
        if not self.printShell.names.touch(self.resolve(found[2]), modified):
            return replies.NOT_STORED(path=found[2])
        return replies.TOUCHED(time=found[1], path=found[2])

    @command("MLST [path]")
    def ftp_MLST(self, path: str) -> Reply:
        """The facts of one name, over the control connection."""
        wanted = self.resolve(path)
        entry = self.printShell.names.entry(wanted)
        if entry is None:
            return replies.NOT_STORED(path=path)
        name = Name(path or written(wanted))
        return replies.FACTS(facts=machineFacts(entry), path=name)

    @command("MLSD [path]")
    def ftp_MLSD(self, path: str) -> Result:
        """The facts of all names in a directory."""
        directory = self.resolve(path)
        if not self.printShell.names.isDirectory(directory):
            raise self.printShell.noSuchPlace(path)
        names = self.printShell.names
        return sendListing(self, lambda: machineListing(names.children(directory)))

    @command("SITE <command>")
    def ftp_SITE(self, argument: str) -> Reply:
        """
        Whatever the sender's system wants to set (z/OS record formats, IBM i's NAMEFMT, modes and
        times of files): it goes on when the answer is positive.
        """
        verb, _, rest = argument.partition(" ")
        match verb.upper():
            case "HELP":
                return replies.HELP(lines=Lines(f" {_SITE_HELP}"))
            case "IDLE":
                return replies.IDLE_TIME(seconds=self.settings.idleTimeout)
            case known if known in _OF_NAMES:
                return replies.OKAY if self._named(rest) else replies.NOT_STORED(path=rest)
            case _:
                return replies.SUPERFLUOUS

    ftp_XMKD = ftp_MKD
    ftp_XRMD = ftp_RMD

    def _named(self, words: str) -> bool:
        # CHMOD 644 a b.ps; UTIME 20260101000000 a b.ps; UTIME a b.ps 2026.. 2026.. 2026.. UTC
        after = words.partition(" ")[2]
        before = words.rsplit(" ", 4)[0]
        return any(
            self.printShell.names.entry(self.resolve(path)) for path in (after, before) if path
        )


def _seconds(stamp: str) -> int | None:
    # Since the epoch; None: there is no such time.
    try:
        return calendar.timegm(time.strptime(stamp, "%Y%m%d%H%M%S"))
    except ValueError:
        return None
