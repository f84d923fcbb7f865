"""
Commands that came after RFC 959 (RFC 2389, 2640).
"""

from __future__ import annotations

from .. import replies
from ..command import Command, When
from ..replies import Lines, Reply
from ..session import Session

_TRUTHS = ("TVFS", "UTF8")
"""Features without a command of their own; only what is true is listed, so no REST STREAM."""


def features(session: Session, _: str) -> Reply:
    """RFC 2389, section 3."""
    tls = session.settings.certificate is not None
    said = {each.feature for each in session.commands.values() if tls or not each.secures}
    lines = sorted(said.union(_TRUTHS) - {""})
    return replies.FEATURES(lines=Lines("\n".join(f" {name}" for name in lines)))


def options(session: Session, argument: str) -> Reply:
    """Windows' ftp.exe asks for UTF-8 before anything else; names are UTF-8 always."""
    words = argument.upper().split()
    if words[:1] == ["MLST"]:  # RFC 3659, section 7.9; the facts stay the same
        return replies.MLST_OPTIONS
    good = words in (["UTF8"], ["UTF8", "ON"], ["UTF-8", "ON"])
    return replies.OKAY if good else replies.BAD_OPTION(argument=argument)


def client(session: Session, _: str) -> Reply:
    """Which client it is: nothing depends on it."""
    return replies.OKAY


COMMANDS: tuple[Command[Session], ...] = (
    Command("FEAT", "", features, When.ALWAYS),
    Command("OPTS", "<UTF8 ON | MLST facts>", options, When.ALWAYS),
    Command("CLNT", "[name]", client, When.ALWAYS, feature="CLNT"),
)
