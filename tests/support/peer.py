"""
What all peers have in common: they run until somebody stops them, and printers have a device URI.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from tests.support.debian import program

#: Seconds within which a peer is expected to do what a test waits for: a busy machine is ten times
#: as slow as a quiet one.
PATIENCE = 60.0


def mortal(*command: str) -> list[str]:
    """
    A command line whose process ends when ours does, even if nobody can stop it any more.
    """
    return [program("setpriv"), "--pdeathsig", "TERM", *command]


class Peer(ABC):
    """
    Something that runs; leaving a C{with} statement stops it.
    """

    @abstractmethod
    def stop(self) -> object:
        """
        End it, whatever it does; a second call does no harm.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class Printer(Peer):
    """
    A printer on a TCP port of the loopback interface.

    @ivar host: its address, IPv4 or IPv6.
    """

    host: str
    port: int

    def uri(self, *options: str) -> str:
        """
        The device URI of this printer, with options such as C{finish-timeout=1}.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        query = "?" + "&".join(options) if options else ""
        return f"socket://{host}:{self.port}{query}"
