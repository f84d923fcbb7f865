"""
Commands that protect a session (RFC 2228, RFC 4217).
"""

from __future__ import annotations

import re

from .. import replies
from ..command import Command, When
from ..replies import Reply
from ..session import Session
from ..state import Parameters

_PROTECTS_DATA = {"TLS": False, "TLS-C": False, "SSL": True, "TLS-P": True}
"""The mechanisms of AUTH, and whether data connections are encrypted without PROT P: the drafts
before RFC 4217 had it so of the last two, and lftp and others still do."""


def secure(session: Session, mechanism: str) -> Reply | None:
    """From here on everything is encrypted; what was said before is forgotten."""
    if session.settings.certificate is None or mechanism.upper() not in _PROTECTS_DATA:
        return replies.BAD_PARAMETER(argument=mechanism)
    if session.control.secure:
        return replies.SECURE_ALREADY
    session.logOut()
    session.initial = Parameters(protected=_PROTECTS_DATA[mechanism.upper()])
    session.startAgain()
    session.startTLS(replies.SECURED)
    return None


def bufferSize(session: Session, size: str) -> Reply:
    """TLS has no buffer size to agree on: any is answered with 0 (RFC 2228, section 3)."""
    if not session.control.secure:
        return replies.SECURE_FIRST
    number = re.fullmatch(r"0*(\d{1,10})", size, re.ASCII)
    if number is None or int(number[1]) >= 2**32:
        return replies.BAD_NUMBER(argument=size)
    return replies.BUFFER_SIZE


def protect(session: Session, level: str) -> Reply:
    """Whether data connections are encrypted."""
    if not session.control.secure or session.settings.certificate is None:
        return replies.SECURE_FIRST
    match level.upper():
        case "P":
            session.parameters = session.parameters._replace(protected=True)
        case "C" if session.settings.requireTLS:
            return replies.PROTECTION_NEEDED
        case "C":
            session.parameters = session.parameters._replace(protected=False)
        case "S" | "E":
            return replies.NO_SUCH_PROTECTION
        case _:
            return replies.BAD_PARAMETER(argument=level)
    return replies.PROTECTION(level=level.upper())


def clear(session: Session, _: str) -> Reply:
    """What is encrypted stays so."""
    return replies.PROTECTION_NEEDED if session.control.secure else replies.SECURE_FIRST


COMMANDS: tuple[Command[Session], ...] = (
    Command("AUTH", "<TLS>", secure, When.ALWAYS, feature="AUTH TLS", secures=True),
    Command("PBSZ", "<size>", bufferSize, When.ALWAYS, feature="PBSZ", secures=True),
    Command("PROT", "<C | P>", protect, When.ALWAYS, feature="PROT", secures=True),
    Command("CCC", "", clear, When.ALWAYS),
)
