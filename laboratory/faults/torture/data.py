"""
How a sender gets its data connection.
"""

from __future__ import annotations

import select
import socket
import time

from tests.support.peer import PATIENCE

from ..invariants import Heard
from ..simulation.dialogue import Command
from ..simulation.uploader import announcedPort
from .control import Control
from .wire import TLSWire, Wire

THIEF = "127.0.0.9"
"""Another host's address, as far as the gateway can tell."""


class DataPort:
    """
    Where the next data connection comes from.

    @ivar port: the gateway's passive port; 0: there is none, or the gateway dials.
    @ivar answer: to the command that asked for it.
    """

    def __init__(
        self, control: Control, active: bool, extended: bool, tls: bool, answers: bool = True
    ) -> None:
        """
        @param answers: C{False}: who dials in is refused, or if C{mute} is called, not answered.
        """
        self.port = 0
        self._control = control
        self._tls = tls
        self._listener: socket.socket | None = None
        self._fillers: list[socket.socket] = []
        v6 = ":" in control.host
        if active:
            self.answer = self._prepare(answers, extended or v6)
        else:
            self.answer = control.ask("EPSV" if extended or v6 else "PASV")
            self.port = announcedPort(self.answer) or 0

    def _prepare(self, answers: bool, extended: bool) -> Heard | None:
        host = self._control.local
        v6 = ":" in host
        self._listener = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET)
        self._listener.bind((host, 0))
        if answers:
            self._listener.listen(0)
        number = self._listener.getsockname()[1]
        if extended:
            return self._control.ask(f"EPRT |{2 if v6 else 1}|{host}|{number}|")
        return self._control.ask(f"PORT {host.replace('.', ',')},{number >> 8},{number & 255}")

    def mute(self) -> None:
        """From now on nobody who dials gets an answer: the backlog is full."""
        assert self._listener is not None
        for _ in range(2):
            filler = socket.socket(self._listener.family)
            filler.setblocking(False)
            filler.connect_ex(self._listener.getsockname())
            self._fillers.append(filler)

    def connect(self, source: str | None = None) -> Wire | None:
        """Make the passive connection; L{None} if it cannot be made."""
        if not self.port:
            return None
        try:
            connection = socket.create_connection(
                (self._control.host, self.port), PATIENCE, None if source is None else (source, 0)
            )
            return self._dressed(connection) if source is None else Wire(connection)
        except OSError:
            return None

    def accept(self, command: Command, seconds: float = PATIENCE) -> Wire | None:
        """Wait for the gateway to dial; L{None} if the upload's final reply comes first."""
        assert self._listener is not None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self._listener], [], [], 0.02)[0]:
                try:
                    return self._dressed(self._listener.accept()[0])
                except OSError:
                    return None
            self._control.hear()
            if command.answered or not self._control.alive:
                return None
        return None

    def _dressed(self, connection: socket.socket) -> Wire:
        return TLSWire(connection) if self._tls else Wire(connection)

    def close(self) -> None:
        """Listen no more."""
        for each in (self._listener, *self._fillers):
            if each is not None:
                each.close()
