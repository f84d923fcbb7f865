"""
What a control experiment needs of an FTP server, whoever made it.

A server is judged by what it does and by its own records, never by its name.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from laboratory.controls.talk import Talk
from tests.support.peer import PATIENCE, Peer

#: Seconds between two looks at what tells nobody when it changes: a file, a log.
_INTERVAL = 0.01


class End(StrEnum):
    """What a server's record says of an upload that is over."""

    COMPLETE = "complete"
    UNHEARD = "complete, but the sender was lost before the reply"
    CUT = "cut"


@dataclass(frozen=True)
class Record:
    """
    One upload in a server's own record.

    @ivar bytes: how many it says it got; None if it does not say.
    """

    end: End
    bytes: int | None = None


class Server(Peer):
    """
    One FTP server in a process of its own on 127.0.0.1.

    @ivar title: name and version.
    @ivar user: who may upload.
    @ivar silentPrinters: directories whose uploads can never be printed; none: it has no printers.
    """

    title: str
    port: int
    user = "tester"
    password = "tester@example.org"
    silentPrinters: Sequence[str] = ()

    @property
    @abstractmethod
    def log(self) -> str:
        """All that it logged so far."""

    @abstractmethod
    def records(self) -> Mapping[str, Record]:
        """The uploads that are over, by name."""

    @abstractmethod
    def kept(self) -> Sequence[bytes]:
        """What it has of each upload so far, on its disk or on paper."""

    def session(self) -> Talk:
        """Log in."""
        talk = Talk(self.port, login=False)
        talk.login(self.user, self.password)
        return talk

    def has(self, beginning: bytes) -> bytes:
        """What it has so far of the upload that begins like this."""
        return next((data for data in self.kept() if data.startswith(beginning)), b"")

    def record(self, name: str, seconds: float = PATIENCE) -> Record | None:
        """Wait for the record of an upload."""
        until(lambda: name in self.records(), seconds)
        return self.records().get(name)

    @abstractmethod
    def memory(self) -> int:
        """Resident bytes of all its processes."""

    @abstractmethod
    def askToEnd(self) -> None:
        """Send SIGTERM to the main process, and go on."""


def until(fact: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """
    Wait for something that only looking shows.

    @return: whether it came to be.
    """
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(_INTERVAL)
    return True
