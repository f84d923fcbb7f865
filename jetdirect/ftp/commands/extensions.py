"""
Commands that came after RFC 959 (RFC 2389, 2640).
"""

from __future__ import annotations

from .. import replies
from ..interpreter import Interpreter, command
from ..replies import Lines, Reply

FEATURES = (
    "CLNT",
    "EPRT",
    "EPSV",
    "MDTM",
    "MFMT",
    "MLST type*;size*;modify*;perm*;",
    "SIZE",
    "TVFS",
    "UTF8",
)
"""What FEAT lists: only what is true, so no REST STREAM."""

SECURITY = ("AUTH TLS", "PBSZ", "PROT")
"""What it lists besides, if there is a certificate."""


class ExtensionCommands(Interpreter):
    """What clients ask before and after an upload."""

    @command("FEAT", beforeLogin=True)
    def ftp_FEAT(self, _: str) -> Reply:
        """RFC 2389, section 3."""
        features = [*FEATURES, *(SECURITY if self.settings.certificate is not None else ())]
        return replies.FEATURES(lines=Lines("\n".join(f" {name}" for name in sorted(features))))

    @command("OPTS <UTF8 ON | MLST facts>", beforeLogin=True)
    def ftp_OPTS(self, argument: str) -> Reply:
        """Windows' ftp.exe asks for UTF-8 before anything else; names are UTF-8 always."""
        words = argument.upper().split()
        if words[:1] == ["MLST"]:  # RFC 3659, section 7.9; the facts stay the same
            return replies.MLST_OPTIONS
        good = words in (["UTF8"], ["UTF8", "ON"], ["UTF-8", "ON"])
        return replies.OKAY if good else replies.BAD_OPTION(argument=argument)

    @command("CLNT [name]", beforeLogin=True)
    def ftp_CLNT(self, _: str) -> Reply:
        """Which client it is: nothing depends on it."""
        return replies.OKAY
