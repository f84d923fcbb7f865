"""
Commands that protect a session (RFC 2228, RFC 4217).
"""

from __future__ import annotations

from .. import replies
from ..interpreter import Interpreter, command
from ..replies import Reply


class SecurityCommands(Interpreter):
    """TLS on the control connection, and on data connections."""

    @command("AUTH <TLS>", beforeLogin=True)
    def ftp_AUTH(self, mechanism: str) -> Reply | None:
        """From here on everything is encrypted; what was said before is forgotten."""
        known = () if self.settings.certificate is None else ("TLS", "TLS-C", "SSL")
        if mechanism.upper() not in known:
            return replies.BAD_PARAMETER(argument=mechanism)
        if self.secure:
            return replies.SECURE_ALREADY
        self.logOut()
        self.startAgain()
        self.startTLS(replies.SECURED)
        return None

    @command("PBSZ <0>", beforeLogin=True)
    def ftp_PBSZ(self, size: str) -> Reply:
        """TLS has no buffer size to agree on."""
        if not self.secure:
            return replies.SECURE_FIRST
        return replies.BUFFER_SIZE if size == "0" else replies.BAD_PARAMETER(argument=size)

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
