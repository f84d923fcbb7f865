"""
Commands that protect a session (RFC 2228, RFC 4217).
"""

from __future__ import annotations

import re

from .. import replies
from ..interpreter import Interpreter, command
from ..replies import Reply

_PROTECTS_DATA = {"TLS": False, "TLS-C": False, "SSL": True, "TLS-P": True}
"""The mechanisms of AUTH, and whether data connections are encrypted without PROT P: the drafts
before RFC 4217 had it so of the last two, and lftp and others still do."""


class SecurityCommands(Interpreter):
    """TLS on the control connection, and on data connections."""

    @command("AUTH <TLS>", beforeLogin=True)
    def ftp_AUTH(self, mechanism: str) -> Reply | None:
        """From here on everything is encrypted; what was said before is forgotten."""
        if self.settings.certificate is None or mechanism.upper() not in _PROTECTS_DATA:
            return replies.BAD_PARAMETER(argument=mechanism)
        if self.secure:
            return replies.SECURE_ALREADY
        self.logOut()
        self.implicitProtection = _PROTECTS_DATA[mechanism.upper()]
        self.startAgain()
        self.startTLS(replies.SECURED)
        return None

    @command("PBSZ <size>", beforeLogin=True)
    def ftp_PBSZ(self, size: str) -> Reply:
        """TLS has no buffer size to agree on: any is answered with 0 (RFC 2228, section 3)."""
        if not self.secure:
            return replies.SECURE_FIRST
        number = re.fullmatch(r"0*(\d{1,10})", size, re.ASCII)
        if number is None or int(number[1]) >= 2**32:
            return replies.BAD_NUMBER(argument=size)
        return replies.BUFFER_SIZE

    @command("PROT <C | P>", beforeLogin=True)
    def ftp_PROT(self, level: str) -> Reply:
        """Whether data connections are encrypted."""
        if not self.secure or self.settings.certificate is None:
            return replies.SECURE_FIRST
        match level.upper():
            case "P":
                self.protected = True
            case "C" if self.settings.requireTLS:
                return replies.PROTECTION_NEEDED
            case "C":
                self.protected = False
            case "S" | "E":
                return replies.NO_SUCH_PROTECTION
            case _:
                return replies.BAD_PARAMETER(argument=level)
        return replies.PROTECTION(level=level.upper())

    @command("CCC", beforeLogin=True)
    def ftp_CCC(self, _: str) -> Reply:
        """What is encrypted stays so."""
        return replies.PROTECTION_NEEDED if self.secure else replies.SECURE_FIRST
