"""
One connection to a printer that can go wrong, seen from the printer.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from tests.support.caller import Caller
from tests.support.peer import PATIENCE

from ..invariants import Print

FINISH_TIMEOUT = 1.5
"""Seconds that the gateways wait for a printer's FIN (C{finish-timeout=} in the URI)."""

ABORT_PATIENCE = 5.0
"""Seconds that the gateway waits for the end of a printer whose job was cut (README)."""

SMALL_BUFFER = 200_000
"""Receive buffer of a printer that does not read.  Below the 64 KiB of a segment on the loopback
interface the kernel sends one segment in 200 ms (measured)."""

GATEWAY_SEES = 0.05
"""Seconds in which a gateway on a busy machine sees what its kernel has: ends that cross within
them say nothing about who was first (chosen; most of them take less than 1 ms)."""

LARGE_BUFFER = 1024 * 1024

_ESTABLISHED, _FIN_WAIT = 1, (4, 5)
"""States of a TCP connection as C{TCP_INFO} begins with (linux, net/tcp_states.h)."""


class Conversation(Caller):
    """
    One connection, seen from the printer.

    @ivar opened: when it was accepted.
    @ivar over: when the printer had ended its direction, or saw the gateway break the connection.
    @ivar sawEnd: when the gateway's FIN was read.
    @ivar early: the printer's FIN left well before the gateway's arrived.
    @ivar orderly: the printer ended it with a FIN, everything read.
    """

    def __init__(self, wire: socket.socket, news: threading.Condition) -> None:
        super().__init__(wire, news, threading.Event(), keep=True)
        self.opened = time.monotonic()
        self.over: float | None = None
        self.sawEnd: float | None = None
        self.early = False
        self.orderly = False
        self.broken = False
        self.served = threading.Event()
        self._unread = b""
        self._closed = False
        self._doomed = False
        self._answered = False
        self._lock = threading.Lock()

    def _state(self) -> int:
        try:
            return self._wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        except OSError:
            return 0

    def read(self, limit: int = 65536) -> bytes:
        """L{Caller}."""
        try:
            chunk = super().read(limit)
        except OSError:
            self.broken = True
            self.over = self.over or time.monotonic()
            raise
        if self._doomed and not chunk:
            raise ConnectionAbortedError
        if not chunk and self.sawEnd is None:
            self.sawEnd = time.monotonic()
        return chunk

    def squeeze(self) -> None:
        """Let the kernel take little from now on."""
        self._wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)

    def loosen(self) -> None:
        """Let it take much again."""
        self._wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LARGE_BUFFER)

    def finish(self) -> None:
        """L{Caller}."""
        before = self._state()
        self.over = self.over or time.monotonic()
        super().finish()
        self.early = before == _ESTABLISHED and not self._crossed()
        self.orderly = self._answered = not self.early

    def _crossed(self) -> bool:
        # Has the gateway ended its direction before it can have seen that we ended ours?
        deadline = time.monotonic() + GATEWAY_SEES
        while self._state() in _FIN_WAIT:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True

    def reset(self) -> None:
        """L{Caller}."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._drain()
            self.orderly = self._answered  # then both ends are there, and nobody hears it
            self.over = self.over or time.monotonic()
            super().reset()

    def close(self) -> None:
        """L{Caller}: in order, if all was read; else with an RST, as kernels do."""
        if self._doomed or (self.sawEnd is None and not self.broken):
            self.reset()
        if self.over is None:
            self.over = time.monotonic()
            self.orderly = self.sawEnd is not None and not self.broken
        super().close()
        self.served.set()

    def _drain(self) -> None:
        # What the kernel took for a printer that did not read it.
        with contextlib.suppress(OSError):
            self._wire.setblocking(False)
            while data := self._wire.recv(65536):
                self._unread += data
            if not self._doomed:
                self.sawEnd = self.sawEnd or time.monotonic()
            self._wire.setblocking(True)

    def letGo(self) -> None:
        """Whatever the printer waits for: it waits no more."""
        self._off.set()
        self._gate.set()

    def switchOff(self) -> None:
        """Break the connection, whatever the printer does with it just now."""
        self._doomed = True
        self.letGo()
        with contextlib.suppress(OSError):
            self._wire.shutdown(socket.SHUT_RD)  # wakes who reads; the kernel sends nothing
        self.served.wait(PATIENCE)

    @property
    def taken(self) -> bytes:
        """All that the printer's kernel took, as far as it can be known."""
        return bytes(self.data) + self._unread

    @property
    def unused(self) -> bool:
        """The gateway broke it before it had sent anything: it had given up connecting."""
        return self.broken and not self.taken

    def told(self, printer: str) -> Print:
        """What the invariants are judged by; the upload is not known here."""
        closed = self.over
        if self.sawEnd is not None and not self.taken:
            closed = self.sawEnd  # there is nothing that the printer would have to end
        elif self.sawEnd is not None:
            # Who never answers our end is left alone after a time, which nobody on this side sees.
            closed = min(closed or self.sawEnd + ABORT_PATIENCE, self.sawEnd + FINISH_TIMEOUT * 0.9)
        return Print(
            printer=printer,
            taken=self.taken,
            # That a printer which answers the end has not read to it is what nobody can know.
            read=None if self._answered else self.received,
            opened=self.opened,
            closed=closed,
            cut=self.sawEnd is None,
            lost=not self.orderly or self.broken,
            early=self.early,
        )
