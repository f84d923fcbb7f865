"""
A sender's control connection: what it says, and which reply it takes for which command's.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable

from tests.support.peer import PATIENCE

from ..invariants import Heard
from ..simulation.dialogue import Command, Dialogue
from .wire import TLSWire, Wire


class Control:
    """
    One session.

    No L{Session<tests.support.session.Session>}: it hears while it says something else, a lost
    connection is no error to it, and what was heard belongs to a command, as in the simulation.

    @ivar dialogue: all that was said and heard.
    @ivar wire: the connection.
    @ivar host: the gateway's address.
    """

    def __init__(self, label: str, host: str, port: int) -> None:
        self.host = host
        self.dialogue = Dialogue(label)
        self.wire = Wire(socket.create_connection((host, port), PATIENCE))

    @property
    def alive(self) -> bool:
        """Can something still be said and heard?"""
        return not self.wire.closed and not self.wire.over

    @property
    def local(self) -> str:
        """Our own address."""
        return str(self.wire.socket.getsockname()[0])

    def say(self, line: str, upload: int | None = None) -> Command:
        """Send a command."""
        command = self.dialogue.say(line.split(" ")[0], upload)
        self.raw(line.encode() + b"\r\n")
        return command

    def raw(self, data: bytes) -> None:
        """Send bytes, if they can be sent."""
        if self.alive:
            self.wire.sendAll(data)

    def hear(self) -> None:
        """Take what is there; nothing is waited for."""
        while self.alive:
            data = self.wire.recv()
            if not data:
                break
            self.dialogue.hear(data)

    def until(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
        """Hear until the condition holds; C{False} if time or the session is over first."""
        deadline = time.monotonic() + seconds
        while True:
            self.hear()
            if condition():
                return True
            left = deadline - time.monotonic()
            if not self.alive or left <= 0:
                return False
            select.select([self.wire], [], [], min(left, 0.05))

    def answered(self, command: Command, seconds: float = PATIENCE) -> Heard | None:
        """Wait for the final reply to a command."""
        self.until(lambda: command.answered, seconds)
        return command.replies[-1] if command.answered else None

    def ask(self, line: str) -> Heard | None:
        """Send a command, and wait for its final reply."""
        return self.answered(self.say(line))

    def secure(self) -> None:
        """AUTH TLS, and protection for the data connections."""
        answer = self.ask("AUTH TLS")
        if answer is not None and answer.code == 234:
            self.wire = TLSWire(self.wire.socket)
            self.ask("PBSZ 0")
            self.ask("PROT P")
