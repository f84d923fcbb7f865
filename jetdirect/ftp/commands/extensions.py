"""
Commands that came after RFC 959 (RFC 2389, 2640, 3659).
"""

from __future__ import annotations

from .. import replies
from ..control import ControlConnection, command
from ..replies import Lines, Reply

FEATURES = ("EPRT", "EPSV", "MDTM", "SIZE", "UTF8")
"""What FEAT lists: only what is true, so no REST STREAM."""


class ExtensionCommands(ControlConnection):
    """What clients ask before and after an upload."""

    @command("FEAT", beforeLogin=True)
    def ftp_FEAT(self, _: str) -> Reply:
        """RFC 2389, section 3."""
        return replies.FEATURES(lines=Lines("\n".join(f" {name}" for name in FEATURES)))

    @command("OPTS <UTF8 ON>", beforeLogin=True)
    def ftp_OPTS(self, argument: str) -> Reply:
        """Windows' ftp.exe asks for UTF-8 before anything else; names are UTF-8 always."""
        good = argument.upper().split() in (["UTF8"], ["UTF8", "ON"], ["UTF-8", "ON"])
        return replies.OKAY if good else replies.BAD_PARAMETER(argument=argument)

    @command("SIZE <path>")
    def ftp_SIZE(self, path: str) -> Reply:
        """
        Of what this session stored; else clients send the rest of a file, or nothing at all.
        """
        return replies.NOT_STORED(path=path)

    @command("MDTM <path>")
    def ftp_MDTM(self, path: str) -> Reply:
        """RFC 3659, section 3."""
        return replies.NOT_STORED(path=path)
