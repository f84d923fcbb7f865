"""
A probe is a function that does one thing to a server and says what it saw.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass

from laboratory.controls.server import Server, until
from laboratory.controls.talk import Talk


@dataclass(frozen=True)
class Verdict:
    """
    @ivar safe: None if the probe does not apply to such a server, or could not be ended.
    @ivar seen: on what it is founded.
    @ivar ended: whether the probe came to its end.
    """

    safe: bool | None
    seen: str
    ended: bool = True

    @property
    def word(self) -> str:
        """As tables show it."""
        if not self.ended:
            return "?"
        return {True: "safe", False: "UNSAFE", None: "n/a"}[self.safe]


@dataclass(frozen=True)
class Probe:
    """
    @ivar title: the row of the table.
    @ivar safe: what is called safe.
    @ivar run: does it.
    @ivar last: the server does not survive it.
    """

    title: str
    safe: str
    run: Callable[[Server], Verdict]
    last: bool = False

    @property
    def name(self) -> str:
        """For tests."""
        run: Callable[..., object] = getattr(self.run, "func", self.run)
        return run.__name__


class Begun:
    """
    An upload that has begun: the server has some of it.

    @ivar name: unique.
    @ivar first: its first bytes, unique too.
    """

    def __init__(self, server: Server, talk: Talk, size: int = 256 * 1024) -> None:
        self.name, self.first = unique()
        self.wire: socket.socket = talk.upload(self.name)
        self.wire.settimeout(10)
        self.wire.sendall(self.first + bytes(size))
        assert until(lambda: server.has(self.first)), "the server takes no upload"


def unique() -> tuple[str, bytes]:
    """A name and first bytes that no other upload has."""
    tag = secrets.token_hex(8)
    return f"{tag}.prn", b"job %b\n" % tag.encode()
