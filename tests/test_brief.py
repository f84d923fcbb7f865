"""
What Twisted says too often: the log has it now and then.
"""

from __future__ import annotations

import errno
import socket

from twisted.internet import tcp
from twisted.logger import ILogObserver, LogEvent, Logger, formatEvent
from zope.interface import implementer

from jetdirect.brief import SCARCE_EVERY, Brief


class NoDescriptor:
    """A listening socket with a caller, and the descriptor that Twisted keeps for such calls."""

    def __init__(self) -> None:
        self._answers: list[OSError | None] = [
            OSError(errno.EMFILE, "Too many open files"),
            None,
            OSError(errno.EAGAIN, "Try again"),
        ]

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        """As L{socket.socket.accept}."""
        problem = self._answers.pop(0)
        if problem is not None:
            raise problem
        return socket.socket(), ("192.0.2.7", 40001)

    def available(self) -> bool:
        """The kept one is there."""
        return True

    def __enter__(self) -> None:
        """It is given up."""

    def __exit__(self, *_: object) -> None:
        """It is kept again."""


def test_noDescriptors() -> None:
    """Connections closed for want of descriptors are one line in a minute, which helps."""
    told: list[str] = []

    @implementer(ILogObserver)
    class Teller:
        later = 0.0

        def __call__(self, event: LogEvent) -> None:
            brief({**event, "log_time": event["log_time"] + self.later})

    brief = Brief(lambda event: told.append(formatEvent(event)))
    log = Logger("twisted.internet.tcp", observer=Teller())
    for later in (0.0, SCARCE_EVERY + 1):
        Teller.later = later
        for _ in range(100):
            scarce = NoDescriptor()
            assert not list(tcp._accept(log, range(9), scarce, scarce))
    assert len(told) == 2
    assert "from 192.0.2.7 was closed" in told[0] and "ulimit -n" in told[0]
