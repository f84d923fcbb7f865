"""
One epoll of ours inside the reactor, which sees one descriptor instead of thousands.

An event is a hint.  Of a descriptor that was closed in the same turn it may be meant for the next
one of its number, which looks and finds nothing; so a descriptor may be closed at any moment
(Twisted issue 4759).
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from .reactor import IDeviceReactor

IN, OUT = getattr(select, "EPOLLIN", 1), getattr(select, "EPOLLOUT", 4)

MOST = 256
"""Events that are taken at a time, before the reactor looks at anything else (chosen)."""


class Waiting(Protocol):
    """Something with a descriptor, for which something may happen."""

    def happened(self, events: int) -> None:
        """Look: something may be there."""

    def lost(self, reason: Failure) -> None:
        """There will be no events any more."""


class Loop(Protocol):
    """What a connection needs of the loop that it is in."""

    def want(self, descriptor: int, one: Waiting, events: int) -> None:
        """Wait for C{events}, and for nothing else; 0: for nothing."""

    def forget(self, descriptor: int) -> None:
        """The descriptor is about to be closed."""

    def soon(self, call: Callable[..., object], *arguments: object) -> None:
        """Call, when what goes on now is over, and before anything else happens."""


@implementer(IReadDescriptor)
class Events:
    """The epoll, which is there while somebody waits."""

    _log = Logger()

    def __init__(self, reactor: IDeviceReactor) -> None:
        """@param reactor: provides L{IReactorFDSet<twisted.internet.interfaces.IReactorFDSet>}."""
        self._reactor = reactor
        self._epoll: Any = None
        self._all: dict[int, Waiting] = {}
        self._calls: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()
        self._looking = False
        self._called = False

    # Loop

    def want(self, descriptor: int, one: Waiting, events: int) -> None:
        """L{Loop}."""
        if not events:
            if self._all.pop(descriptor, None) is not None:
                self._epoll.unregister(descriptor)
                if not self._all:
                    self._close()
        elif descriptor in self._all:
            self._epoll.modify(descriptor, events)
        else:
            if self._epoll is None:
                self._open()
            self._epoll.register(descriptor, events)
            self._all[descriptor] = one

    def forget(self, descriptor: int) -> None:
        """
        L{Loop}: closing it tells the kernel.

        Unless another process has it, too, as a child has until it begins its own program
        (C{O_CLOEXEC}); what the kernel tells until then finds nothing.
        """
        if self._all.pop(descriptor, None) is not None and not self._all:
            self._close()

    def soon(self, call: Callable[..., object], *arguments: object) -> None:
        """L{Loop}."""
        self._calls.append((call, arguments))
        if not (self._looking or self._called):
            self._called = True
            self._reactor.callLater(0, self._callAll)

    # IReadDescriptor

    def fileno(self) -> int:
        """L{IReadDescriptor}."""
        return -1 if self._epoll is None else int(self._epoll.fileno())

    def logPrefix(self) -> str:
        """L{IReadDescriptor}."""
        return "-"

    def doRead(self) -> None:
        """L{IReadDescriptor}."""
        self.look(0)

    def look(self, timeout: float | None) -> None:
        """
        Do what has happened; a mistake is one connection's, and ends no other.

        @param timeout: seconds to wait until something happens; L{None}: for ever.
        """
        self._looking = True
        try:
            for descriptor, events in self._epoll.poll(timeout, MOST):
                one = self._all.get(descriptor)
                if one is None:
                    continue
                try:
                    one.happened(events)
                except BaseException:
                    self._log.failure("a connection is given up after a mistake")
                    one.lost(Failure())
                if self._calls:
                    self._callAll()
        finally:
            self._looking = False
            if not self._all:
                self._close()

    def connectionLost(self, reason: Failure) -> None:
        """L{IReadDescriptor}: the reactor stops."""
        for one in list(self._all.values()):
            one.lost(reason)
        self._callAll()

    # Inside.

    def _callAll(self) -> None:
        self._called = False
        while self._calls:
            call, arguments = self._calls.popleft()
            try:
                call(*arguments)
            except BaseException:
                self._log.failure("a connection did not take what it was told")

    def _open(self) -> None:
        self._epoll = select.epoll()
        self._reactor.addReader(self)

    def _close(self) -> None:
        # Nobody waits.  Not while it is looked at: the reactor would find another number behind it.
        if self._epoll is not None and not self._looking:
            self._reactor.removeReader(self)
            self._epoll.close()
            self._epoll = None
