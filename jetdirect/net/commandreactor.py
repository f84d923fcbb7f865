"""
The reactor of the command: Twisted's, but it waits in the epoll of our connections.

In any other reactor that epoll is one descriptor of many (L{jetdirect.net.events}): each turn waits
in both, and goes through all that Twisted does for a descriptor.  Here Twisted's own epoll is the
one descriptor in ours.  So what happens to a connection costs one call of the kernel, and what
happens to anything else, such as a thread's answer, costs two.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.epollreactor import EPollReactor
from twisted.python.failure import Failure

from .events import IN, Events


class CommandReactor(EPollReactor):
    """Twisted's epoll reactor, of which the first L{Events} is told all the rest."""

    _events: Events | None = None

    def addReader(self, reader: Any) -> None:
        """L{IReactorFDSet<twisted.internet.interfaces.IReactorFDSet>}."""
        if self._events is None and isinstance(reader, Events):
            self._events = reader
            reader.want(self._poller.fileno(), self, IN)
        else:
            super().addReader(reader)

    def getReaders(self) -> list[Any]:
        """L{IReactorFDSet<twisted.internet.interfaces.IReactorFDSet>}."""
        return [*super().getReaders(), *self._ours()]

    def removeAll(self) -> list[Any]:
        """L{IReactorFDSet<twisted.internet.interfaces.IReactorFDSet>}."""
        ours, self._events = self._ours(), None
        for events in ours:
            events.want(self._poller.fileno(), self, 0)
        return [*super().removeAll(), *ours]

    def doIteration(self, delay: float | None) -> None:
        """Wait, and do what happens."""
        if self._events is None:
            self.doPoll(delay)
        else:
            self._events.look(delay)

    def _ours(self) -> list[Events]:
        return [] if self._events is None else [self._events]

    # Waiting

    def happened(self, events: int) -> None:
        """L{Waiting<jetdirect.net.events.Waiting>}: to some of what is none of ours."""
        self.doPoll(0)

    def lost(self, reason: Failure) -> None:
        """L{Waiting<jetdirect.net.events.Waiting>}: there was a mistake, and it goes on."""


def install() -> None:
    """Have it, unless another reactor was chosen before."""
    if "twisted.internet.reactor" not in sys.modules:
        from twisted.internet.main import installReactor

        installReactor(CommandReactor())
