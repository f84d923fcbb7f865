"""
Where a spool is, as an operator writes it: a directory, or a database.
"""

from __future__ import annotations

import re

_DATABASE = re.compile(r"postgres(?:ql)?://")
_SECRET = re.compile(r"((?:^|[?&])(?:ssl)?password=)[^&]*", re.ASCII | re.IGNORECASE)


def isDatabase(where: str) -> bool:
    """Is it the URI of a database?"""
    return _DATABASE.match(where) is not None


def withoutPassword(where: str) -> str:
    """As it may be shown."""
    if not isDatabase(where):
        return where
    scheme, _, rest = where.partition("://")
    # Of a badly written one the last @ counts: all before it may belong to a password.
    user, at, rest = rest.rpartition("@")
    user = f"{user.partition(':')[0]}{at}"
    rest = _SECRET.sub(r"\1...", rest)
    return f"{scheme}://{user}{rest}"
