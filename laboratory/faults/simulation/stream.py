"""
The gateway's own streams on the simulated network: they know no difference, but for what they ask
of a descriptor's number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.python import log
from twisted.python.failure import Failure

from jetdirect.net import stream
from jetdirect.net.events import IN, OUT, Waiting
from jetdirect.net.facts import Silence

from .kernel import End

if TYPE_CHECKING:
    from .reactor import SimulatedReactor


class Loop:
    """L{jetdirect.net.events.Loop} on a simulated reactor."""

    def __init__(self, reactor: SimulatedReactor) -> None:
        self._reactor = reactor
        self._all: dict[int, Waiting] = {}
        self._calls: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()
        self._looking = self._called = False

    def want(self, descriptor: int, one: Waiting, events: int) -> None:
        """L{jetdirect.net.events.Loop}."""
        self._all[descriptor] = one
        reactor = self._reactor
        (reactor.addReader if events & IN else reactor.removeReader)(one)
        (reactor.addWriter if events & OUT else reactor.removeWriter)(one)

    def forget(self, descriptor: int) -> None:
        """L{jetdirect.net.events.Loop}."""
        one = self._all.pop(descriptor, None)
        self._reactor.removeReader(one)
        self._reactor.removeWriter(one)

    def soon(self, call: Callable[..., object], *arguments: object) -> None:
        """L{jetdirect.net.events.Loop}."""
        self._calls.append((call, arguments))
        if not (self._looking or self._called):
            self._called = True
            self._reactor.callLater(0, self._callAll)

    def tell(self, one: Stream, events: int) -> None:
        """Something has happened."""
        self._looking = True
        try:
            one.happened(events)
        except BaseException:
            log.err()
            one.lost(Failure())
        finally:
            self._callAll()
            self._looking = False

    def _callAll(self) -> None:
        self._called = False
        while self._calls:
            call, arguments = self._calls.popleft()
            try:
                call(*arguments)
            except BaseException:
                log.err()


class Stream(stream.Stream):
    """
    One of ours on a simulated socket.

    @ivar end: what the kernel knows.
    @ivar written: called with what the protocol writes.
    """

    __slots__ = ("__provides__", "end", "written")

    def __init__(self, end: End, loop: Loop, dialled: bool) -> None:
        self.end = end
        self.written: Callable[[bytes], None] = lambda data: None
        end.used = True
        end.transport = self
        sock: Any = end
        super().__init__(sock, loop, end.peer.getsockname(), dialled)

    def write(self, data: bytes, below: bool = False) -> None:
        if not below:
            self.written(data)
        super().write(data, below)

    def closedByPeer(self) -> bool:
        end = self.end
        return not self.connected or end.finArrived is not None or end.failed is not None

    def reset(self) -> bool:
        return not self.connected or self.end.errorPending

    def unacknowledged(self) -> int:
        return self.end.unacknowledged() + self.unwritten if self.connected else 0

    def unread(self) -> int:
        return len(self.end.received) if self.connected else 0

    def silence(self) -> Silence | None:
        return self.end.silence() if self.connected else None
