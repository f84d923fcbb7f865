"""
A control connection to a server that may say anything, or nothing.
"""

from __future__ import annotations

import select
import socket
import time

from tests.support.session import Session

#: In the place of a reply.
SILENCE = "no reply"
CLOSED = "the connection was closed"

_LIMIT = 1024 * 1024


class Talk(Session):
    """
    Like L{Session}, but a reply may fail to come, and nobody says good-bye.
    """

    def __exit__(self, *_: object) -> None:
        self.close()

    def within(self, seconds: float) -> str:
        """
        Wait so long for the next reply.

        @return: its lines, or L{SILENCE} or L{CLOSED}.
        """
        assert self.sock is not None
        self.sock.settimeout(seconds)
        try:
            return self.getmultiline()
        except TimeoutError:
            # A file that was once late says nothing any more.
            self.file = self.sock.makefile("r", encoding=self.encoding)
            return SILENCE
        except (EOFError, ConnectionError):
            return CLOSED

    def ask(self, line: str, seconds: float = 10.0) -> str:
        """Send a command and wait for what it gets."""
        self.putcmd(line)
        return self.within(seconds)

    def raw(self, data: bytes, seconds: float = 2.0) -> tuple[bytes, bool]:
        """
        Send something and listen until there is silence for so long.

        @return: what came, and whether the server closed the connection.
        """
        assert self.sock is not None
        heard = bytearray()
        self.sock.settimeout(10)
        try:
            self.sock.sendall(data)
            deadline = time.monotonic() + 10 * seconds
            while time.monotonic() < deadline and len(heard) < _LIMIT:
                if not select.select([self.sock], [], [], seconds)[0]:
                    return bytes(heard), False
                chunk = self.sock.recv(65536)
                if not chunk:
                    return bytes(heard), True
                heard += chunk
        except (ConnectionError, TimeoutError):
            return bytes(heard), True
        return bytes(heard), False


def short(reply: str) -> str:
    """The last line of a reply, as it fits into a table."""
    last = reply.rstrip().rpartition("\n")[2]
    return "".join(each if " " <= each <= "~" else "?" for each in last)[:100]


def pour(wire: socket.socket, size: int) -> int:
    """
    Send bytes without a line end, until the other side takes none for a second or closes.

    @return: how many were taken.
    """
    piece = b"A" * 65536
    wire.settimeout(1)
    sent = 0
    while sent < size:
        try:
            sent += wire.send(piece[: size - sent])
        except (TimeoutError, ConnectionError):
            break
    return sent
