"""
A control connection for bytes, not commands: what no client sends can be sent, and what comes is
looked at as it came.
"""

from __future__ import annotations

import contextlib
import re
import socket
from typing import Self

from laboratory.attacks.victim import GATEWAY, OWNER
from tests.support.peer import PATIENCE

_LAST_LINE = re.compile(rb"^\d{3} [^\n]*\n", re.MULTILINE)
_LINE = re.compile(r"(?:\d{3}[ -]| )[^\r\n]*\r\n")


class Wire:
    """
    One connection from C{source}; the greeting is read.

    No L{Session<tests.support.session.Session>}, whose C{ftplib} refuses to send a line end within
    a line, and to hear what is no reply.

    @ivar greeting: it, or the refusal.
    """

    def __init__(
        self, port: int, source: str = OWNER, host: str = GATEWAY, login: bool = False
    ) -> None:
        bound = None if ":" in host else (source, 0)
        self.socket = socket.create_connection((host, port), PATIENCE, bound)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""
        self.greeting = self.reply()
        if login:
            self.say("USER tester")
            assert self.say("PASS x")[:3] == b"230"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send it, if anybody takes it: an end comes to light when the reply is read."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def say(self, line: str | bytes) -> bytes:
        """Send a line; its reply, nothing if the connection was closed instead."""
        self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.reply()

    def reply(self) -> bytes:
        """The next reply with all its lines; at the end of the connection what is left of it."""
        while not (found := _LAST_LINE.search(self._unread)):
            if not self._more():
                rest, self._unread = self._unread, b""
                return rest
        reply, self._unread = self._unread[: found.end()], self._unread[found.end() :]
        return reply

    def rest(self) -> bytes:
        """All that comes until the connection ends."""
        while self._more():
            pass
        rest, self._unread = self._unread, b""
        return rest

    def _more(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            return False
        self._unread += data
        return bool(data)


def assertReplies(heard: bytes) -> None:
    """
    What was heard is whole lines of replies, without anything that would control a terminal.

    Names of directories may be in any script (RFC 2640), all else is ASCII.
    """
    text = heard.decode("utf-8")
    lines = text.splitlines(keepends=True)
    assert text == "" or text.endswith("\r\n"), heard[-200:]
    for line in text.split("\r\n")[:-1]:
        assert line.isprintable() and _LINE.fullmatch(f"{line}\r\n"), line
    assert len(lines) == text.count("\r\n"), heard[:200]
