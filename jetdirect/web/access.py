"""
Who may do what.

Everybody who may connect to the Unix socket administers the gateway; the socket's mode says who
that is.  Over TCP people prove a name, if there are checkers; without, everybody of this machine
administers.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import UsernamePassword

ANYBODY = "*"
"""In a list of names: everybody who is let in."""

CHANGES = "POST"


class Role(IntEnum):
    """What somebody may do; each may what the ones before may."""

    NOTHING = 0
    SEE = 1
    OPERATE = 2
    ADMINISTER = 3


@dataclass(frozen=True)
class Guest:
    """
    Somebody who asks.

    @ivar name: as the log, and the record of a job, have it.
    """

    name: str
    role: Role


@dataclass(frozen=True)
class Access:
    """
    What is set about those who ask over TCP.

    @ivar checkers: prove names; empty: nobody has to have one.
    @ivar hosts: names of this gateway in addresses that browsers show.
    @ivar behindProxy: a proxy ends TLS in front.
    @ivar see: names of those who may only look; C{operate}, C{administer}: of those who may more.
        All empty: everybody that is let in administers.
    """

    checkers: Sequence[ICredentialsChecker] = ()
    hosts: Sequence[str] = ()
    behindProxy: bool = False
    see: Sequence[str] = ()
    operate: Sequence[str] = ()
    administer: Sequence[str] = ()

    def roleOf(self, name: str) -> Role:
        """What a person may do that has proved to have this name."""
        lists = (
            (Role.ADMINISTER, self.administer),
            (Role.OPERATE, self.operate),
            (Role.SEE, self.see),
        )
        if not any(names for _, names in lists):
            return Role.ADMINISTER
        for role, names in lists:
            if name in names or ANYBODY in names:
                return role
        return Role.NOTHING


def needed(method: str, path: Sequence[str]) -> Role:
    """
    The role that a request needs.

    @param path: its segments, with or without C{api} in front.
    """
    if path[:1] in (["config"], ["log"], ["reload"]) or path[:2] in (
        ["api", "config"],
        ["api", "reload"],
    ):
        return Role.ADMINISTER
    if method != CHANGES:
        return Role.SEE
    return Role.ADMINISTER if path[-1:] == ["erase"] else Role.OPERATE


def said(authorization: str) -> UsernamePassword | None:
    """What C{Authorization} says (RFC 7617); L{None}: nothing that can be understood."""
    scheme, _, coded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = b64decode(coded.strip(), validate=True).partition(b":")
    except (Error, ValueError):
        return None
    return UsernamePassword(user, password) if colon else None
