"""
A control connection driven command by command, for what no ready client does.
"""

from __future__ import annotations

import contextlib
import ftplib
import hashlib
import random
import select
import socket

from tests.support.peer import PATIENCE

#: Bytes of a job that no chain of kernel buffers takes whole.
MUCH = 48 * 1024 * 1024

#: What L{push} repeats; its length divides no power of two, so that misplaced chunks show.
_BLOCK = memoryview(random.Random(9100).randbytes(1_000_003))


class Session(ftplib.FTP):
    """
    C{ftplib}'s connection with replies as they came, whether good or bad.
    """

    def __init__(self, port: int, host: str = "127.0.0.1", login: bool = True) -> None:
        super().__init__(timeout=PATIENCE)
        self.greeting = self.connect(host, port)
        if login:
            self.login("tester", "tester@example.org")

    def reply(self) -> str:
        """
        Wait for the next reply.

        @return: all its lines.
        """
        return self.getmultiline()

    def say(self, line: str) -> str:
        """
        Send a command and wait for its reply.
        """
        self.putcmd(line)
        return self.reply()

    def upload(self, name: str = "page.ps") -> socket.socket:
        """
        Begin an upload in passive binary mode; the 150 has come when this returns.

        @return: the data connection.
        """
        assert self.say("TYPE I").startswith("200")
        return self.transfercmd(f"STOR {name}")

    def send(self, data: bytes, name: str = "page.ps") -> str:
        """
        Upload a whole job.

        @return: the last reply; a gateway that stops taking bytes is no error here.
        """
        with self.upload(name) as wire, contextlib.suppress(ConnectionError):
            wire.sendall(data)
        return self.reply()


def push(wire: socket.socket, total: int, sent: int = 0, patience: float = 1.0) -> int:
    """
    Send noise until C{total} bytes are sent or none was taken for a while.

    @param sent: how many bytes of it were sent before.
    @param patience: seconds without progress after which the other side is said to block.
    @return: how many bytes are sent now.
    """
    wire.settimeout(patience)
    while sent < total:
        start = sent % len(_BLOCK)
        try:
            sent += wire.send(_BLOCK[start : start + total - sent])
        except TimeoutError:
            break
    return sent


def streamDigest(total: int) -> str:
    """
    SHA-256 of what L{push} sends in all, in hexadecimal.
    """
    digest = hashlib.sha256()
    for start in range(0, total, len(_BLOCK)):
        digest.update(_BLOCK[: total - start])
    return digest.hexdigest()


def isQuiet(wire: socket.socket, seconds: float) -> bool:
    """
    Watch a connection for a while.

    @return: whether nothing came, neither bytes nor an end.
    """
    return not select.select([wire], [], [], seconds)[0]


def lastLine(reply: str) -> str:
    """
    The line of a reply that ends it.
    """
    return reply.rstrip().splitlines()[-1]


def delivered(port: str, count: int, level: str = "delivered") -> str:
    """
    A pattern for the last line of a good 226.

    @param port: the printing port, as C{PORT1}.
    """
    return rf"226 Transfer complete.*\({port}, job \d+, {count} bytes, {level}\)$"
