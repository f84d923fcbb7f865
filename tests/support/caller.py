"""
One connection to a scripted printer, seen from the printer.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import struct
import threading

_AT_ONCE = struct.pack("ii", 1, 0)


def resetConnection(connection: socket.socket) -> None:
    """
    Close a connection with an RST instead of a FIN.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    connection.close()


class Caller:
    """
    Whoever prints, for one job.

    @ivar data: the bytes that came, unless they are only counted.
    @ivar received: how many bytes came.
    @ivar ended: whether this job is over: its end was seen, or the printer gave it up.
    """

    def __init__(
        self, wire: socket.socket, news: threading.Condition, off: threading.Event, keep: bool
    ) -> None:
        """
        @param news: notified whenever something here changes.
        @param off: set when the printer was switched off.
        @param keep: whether the bytes are kept, or just counted and digested.
        """
        self.data = bytearray()
        self.received = 0
        self.ended = False
        self._wire = wire
        self._news = news
        self._off = off
        self._keep = keep
        self._digest = hashlib.sha256()
        self._gate = off

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes that came, in hexadecimal."""
        return self._digest.hexdigest()

    def read(self, limit: int = 65536) -> bytes:
        """
        Wait for some bytes.

        @return: none at the end of the job.
        """
        chunk = self._wire.recv(limit)
        with self._news:
            if self._keep:
                self.data += chunk
            self._digest.update(chunk)
            self.received += len(chunk)
            self.ended = self.ended or not chunk
            self._news.notify_all()
        return chunk

    def readUntil(self, total: int) -> None:
        """
        Read on until so many bytes came in all, or the job ended.
        """
        while self.received < total and self.read(min(65536, total - self.received)):
            pass

    def readAll(self) -> None:
        """
        Read until the sender says that the job ends.
        """
        while self.read():
            pass

    def say(self, text: bytes) -> None:
        """
        Send something back, as printers do with their status.
        """
        self._wire.sendall(text)

    def finish(self) -> None:
        """
        Send a FIN; reading goes on.
        """
        self._wire.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """
        Send an RST: no more reading or writing.
        """
        resetConnection(self._wire)

    def waitFor(self, gate: threading.Event) -> None:
        """
        Do nothing until the gate is open or the printer is switched off.
        """
        self._gate = gate
        if not self._off.is_set():
            gate.wait()

    def waitForever(self) -> None:
        """
        Do nothing until the printer is switched off.
        """
        self._off.wait()

    def pause(self, seconds: float) -> None:
        """
        Do nothing for a while.
        """
        self._off.wait(seconds)

    def close(self) -> None:
        """
        Let go of the connection: with a FIN, if nothing unread is left.
        """
        with contextlib.suppress(OSError):
            self._wire.close()
        with self._news:
            self.ended = True
            self._news.notify_all()

    def hangUp(self) -> None:
        """
        End the connection under whoever reads from it, once the printer is off.
        """
        self._gate.set()
        with contextlib.suppress(OSError):
            self._wire.shutdown(socket.SHUT_RDWR)
