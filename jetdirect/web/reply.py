"""
A request, and the answer to it, apart from their connection.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .access import Guest
from .admission import Headers

BARE = "default-src 'none'; frame-ancestors 'none'"
"""What a browser may make of an answer that is no page: nothing."""


@dataclass(frozen=True)
class Asked:
    """
    One request.

    @ivar path: its segments, as they came.
    @ivar query: what stands behind the question mark, as it came.
    @ivar cookies: by their names.
    @ivar peer: who is at the other end, for the log; C{isUnix}: over a Unix socket.
    @ivar own: the address at which it came in; empty: none that names lead to.
    @ivar secure: through TLS of our own.
    """

    method: str
    path: Sequence[bytes]
    query: bytes
    body: bytes
    headers: Headers
    cookies: Mapping[str, str]
    peer: str
    isUnix: bool = False
    own: str = ""
    secure: bool = False

    @property
    def here(self) -> str:
        """The whole address behind the host."""
        path = b"/" + b"/".join(self.path)
        return (path + (b"?" + self.query if self.query else b"")).decode("ascii", "replace")


@dataclass(frozen=True)
class Reply:
    """
    What is answered.

    @ivar kind: the media type of the content.
    @ivar policy: what a browser may do with it.
    @ivar heads: header fields besides.
    @ivar live: it goes on: the page whose news are wanted.
    @ivar by: who has asked, for the log; empty: nobody who was let in.
    @ivar why: likewise, where something was refused.
    """

    status: int
    content: bytes = b""
    kind: str = "application/json"
    policy: str = BARE
    heads: Mapping[str, str] = field(default_factory=dict)
    live: tuple[Sequence[str], Mapping[str, Sequence[str]], Guest, str] | None = None
    by: str = ""
    why: str = ""


def inJSON(status: int, body: Mapping[str, Any], heads: Mapping[str, str] | None = None) -> Reply:
    """An object for programs."""
    content = json.dumps(body).encode("ascii") + b"\n"
    return Reply(status, content, heads=heads or {}, why=str(body.get("error", "")))
