"""
One script of C{targets/session.py}, played to a gateway over real sockets.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
from random import Random

from tests.support.caller import resetConnection
from tests.support.peer import PATIENCE

from .targets.replies import isReply
from .targets.session import LINES

MOMENT = 0.01
"""Seconds in which an answer may come, if the script waits for one; it may well go on too early."""

LAST = 2.0
"""Seconds in which the gateway's end may come; a job may wait longer for its data connection."""

FLOOD = 70_000
"""Bytes without a line end, more than the gateway puts up with."""

SECURED = b"234 Begin TLS\r\n"
"""What comes after it is no text."""

_PASSIVE = re.compile(rb"229 .*\(\|\|\|(\d+)\|\)|227 .*\(\d+,\d+,\d+,\d+,(\d+),(\d+)\)")


class Player:
    """
    One session.

    @ivar said: all that came over the control connection.
    @ivar whole: the script waited for the end, so that C{said} is not cut off.
    """

    def __init__(self, port: int, random: Random) -> None:
        self.said = b""
        self.whole = False
        self._random = random
        self._sent = False
        self._data: socket.socket | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(MOMENT)
        self._control = socket.create_connection(("127.0.0.1", port), PATIENCE)

    def play(self, script: bytes) -> None:
        """Every step, then some end or other."""
        try:
            # A gateway that hangs up in the middle is right to do so.
            with contextlib.suppress(OSError):
                for step in filter(None, self._addressed(script).split(b"\0")):
                    self._step(step)
                    if self._random.random() < 0.7:
                        self._hear(MOMENT)
            with contextlib.suppress(OSError):
                self._end()
        finally:
            for wire in (self._control, self._data, self._listener):
                if wire is not None:
                    wire.close()

    def _addressed(self, script: bytes) -> bytes:
        port = self._listener.getsockname()[1]
        script = script.replace(b"192,0,2,1,40,1", b"127,0,0,1,%d,%d" % divmod(port, 256))
        return script.replace(b"|192.0.2.1|5000|", b"|127.0.0.1|%d|" % port)

    def _step(self, step: bytes) -> None:
        match step[:2]:
            case b"@P":
                self._passive()
            case b"@A":
                with contextlib.suppress(TimeoutError):
                    self._use(self._listener.accept()[0])
            case b"@D" if self._data is not None:
                with contextlib.suppress(ConnectionError, TimeoutError):
                    self._data.sendall(step[2:] * self._random.choice([1, 1, 1000]))
            case b"@E" if self._data is not None:
                self._data.close()
                self._data = None
                self._sent = True
            case b"@R" if self._data is not None:
                resetConnection(self._data)
                self._data = None
            case _ if step[:1] != b"@":
                self._control.sendall(step)

    def _passive(self) -> None:
        found = _PASSIVE.findall(self._text())
        if found:
            extended, high, low = found[-1]
            number = int(extended or 0) or int(high) * 256 + int(low)
            # The port may be closed again, or was another's.
            with contextlib.suppress(OSError):
                self._use(socket.create_connection(("127.0.0.1", number), MOMENT))

    def _use(self, wire: socket.socket) -> None:
        if self._data is not None:
            self._data.close()
        wire.settimeout(MOMENT)
        self._data = wire

    def _hear(self, seconds: float) -> bool:
        # Until nothing came for so long; whether the end came.
        while select.select([self._control], [], [], seconds)[0]:
            data = self._control.recv(65536)
            if not data:
                return True
            self.said += data
        return False

    def _end(self) -> None:
        # A transfer that waits for its data connection would hold the printer for 30 s: ABOR.
        match self._random.randrange(4):
            case 0:
                resetConnection(self._control)
            case 1:
                self._control.sendall(b"\r\nABOR\r\n" + bytes(FLOOD))
                self.whole = self._hear(LAST)
            case 2:
                self._control.shutdown(socket.SHUT_WR)
                self.whole = self._hear(LAST)
            case _:  # a job that was sent may be printed
                abort = b"" if self._sent else b"ABOR\r\n"
                self._control.sendall(b"\r\n" + abort + b"QUIT\r\n")
                self.whole = self._hear(LAST)

    def _text(self) -> bytes:
        text, secured, _ = self.said.partition(SECURED)
        return text + secured

    def replies(self) -> list[bytes]:
        """
        What came, reply by reply.

        @raise AssertionError: it is not made of replies.
        """
        text = self._text()
        found = LINES.findall(text)
        assert text.startswith(b"".join(found)), text
        rest = text[sum(map(len, found)) :]
        cut = not (self.whole or text.endswith(SECURED))
        assert not rest or cut, f"{rest!r} after {found[-1:]}"
        for reply in found:
            isReply(reply)
        return found
