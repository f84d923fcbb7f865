"""
Where a spool is, as an operator writes it: a directory, or a database.
"""

from __future__ import annotations

import re

from ..options import path

_DATABASE = re.compile(r"postgres(?:ql)?://")
_NEARLY = re.compile(r"[^/\\]{2,}:|(?:host|hostaddr|port|dbname|user|password|service)\s*=")
"""What is no path, and was perhaps meant as a database: another URI, or keywords and values."""

_SECRET = re.compile(r"((?:^|[?&\s])(?:ssl)?password\s*=\s*)[^&\s]*", re.ASCII | re.IGNORECASE)


def isDatabase(where: str) -> bool:
    """Is it the URI of a database?"""
    return _DATABASE.match(where) is not None


def place(text: str) -> str:
    """
    A reader of where a spool is: the path of a directory, or the URI of a database.

    @raise ValueError: it is neither; the message is the remedy.
    """
    if isDatabase(text):
        return text
    if _NEARLY.match(text):
        remedy = "give its path, or a database as postgresql://USER@HOST/DATABASE"
        raise ValueError(f"no directory of this machine; {remedy}")
    return path(text)


def withoutPassword(where: str) -> str:
    """As it may be shown, also if it is written badly."""
    if not isDatabase(where):
        if not _NEARLY.match(where):
            return where
        user, at, rest = where.rpartition("@")
        return _SECRET.sub(r"\1...", f"...@{rest}" if at else where)
    scheme, _, rest = where.partition("://")
    # Of a badly written one the last @ counts: all before it may belong to a password.
    user, at, rest = rest.rpartition("@")
    user = f"{user.partition(':')[0]}{at}"
    rest = _SECRET.sub(r"\1...", rest)
    return f"{scheme}://{user}{rest}"
