"""
Hosts, the cables to them, and the order of events.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    from .kernel import End

_LOOK = 5.0
"""Seconds between two looks of a kernel at the connections behind a cable that is out."""


_FIRST_DESCRIPTOR = 1 << 30
"""Linux gives lower ones only (sysctl fs.nr_open)."""


class Changes:
    """Something that scripts wait for: fires whoever waits, again and again."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._waiters: list[Deferred[None]] = []

    def wait(self, timeout: float | None = None) -> Deferred[None]:
        """Fires at the next change, or after C{timeout} seconds."""
        waiter: Deferred[None] = Deferred()
        self._waiters.append(waiter)
        if timeout is not None:
            self._network.after(timeout, self._tired, waiter)
        return waiter

    def fire(self) -> None:
        """There is a change."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(None)

    def _tired(self, waiter: Deferred[None]) -> None:
        if not waiter.called:
            self._waiters.remove(waiter)
            waiter.callback(None)


class Host:
    """
    A machine beside the gateway, at the end of a cable of its own.

    @ivar latency: seconds that a packet takes to it or from it.
    @ivar plugged: packets pass.
    @ivar out: since when they do not; C{back}: since when they do.
    @ivar ends: the connections of the gateway that lead here, seen from the gateway.
    @ivar forgetsAfter: as its kernel does (L{End}).
    @ivar listeners: by TCP port, who is asked about a connection: C{True} takes it, C{False}
        refuses it, L{None} does not answer.
    """

    def __init__(self, network: Network, name: str, address: str, latency: float) -> None:
        self.name = name
        self.address = address
        self.latency = latency
        self.plugged = True
        self.forgetsAfter = 0.0
        self.out = self.back = 0.0
        self.ends: list[End] = []
        self.listeners: dict[int, Callable[[End], bool | None]] = {}
        self._network = network
        self._held: list[tuple[End | None, Callable[[], None]]] = []

    def pull(self) -> None:
        """Pull the cable."""
        if self.plugged:
            self.plugged = False
            self.out = self._network.now
            self._network.tell(f"{self.name}: cable pulled")
            self._network.after(_LOOK, self._look)

    def plug(self) -> None:
        """Put the cable back; what was lost meanwhile is sent again."""
        if not self.plugged:
            self.plugged = True
            self.back = self._network.now
            self._network.tell(f"{self.name}: cable back")
            held, self._held = self._held, []
            for sender, arrival in held:
                if sender is None or sender.failed is None:
                    arrival()
                else:
                    sender.peer.probe()
            for end in list(self.ends):
                end.transmit()
                end.peer.transmit()

    def restart(self) -> None:
        """Switch the machine off and on: it knows of no connection any more."""
        self._network.tell(f"{self.name}: restarted")
        self.back = self._network.now
        self._held.clear()
        for end in list(self.ends):
            end.peer.forget()
            end.probe()
        self.plug()

    def arrive(self, arrival: Callable[[], None], sender: End | None = None) -> None:
        """
        A packet, to here or from here, is at its end; without a cable it comes later.

        @param sender: sends it again, as long as its connection is not broken.
        """
        if self.plugged:
            arrival()
        else:
            self._held.append((sender, arrival))

    def _look(self) -> None:
        if not self.plugged:
            for end in list(self.ends):
                end.giveUpIfDead()
            self._network.after(_LOOK, self._look)


class Network:
    """
    Everything outside the gateway, in order of time.

    @ivar now: seconds.
    @ivar steps: counts events, so that two at the same time have an order.
    @ivar trace: what happened, if somebody wants to read it.
    @ivar gathered: how often somebody asked to be told of many bytes only.
    @ivar descriptors: by number, what is open; no real descriptor has such a number.
    """

    def __init__(self, random: Random, traced: bool = False) -> None:
        self.random = random
        self.now = 0.0
        self.steps = 0
        self.trace: list[str] | None = [] if traced else None
        self.hosts: dict[str, Host] = {}
        self.descriptors: dict[int, Any] = {}
        self.gathered = 0
        self._next = _FIRST_DESCRIPTOR
        self._events: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._count = 0

    def host(self, name: str, address: str) -> Host:
        """Add a machine."""
        latency = self.random.choice([0.0001, 0.0005, 0.003, 0.02, 0.1])
        host = self.hosts[address] = Host(self, name, address, latency)
        return host

    @property
    def opened(self) -> int:
        """The number of what was opened last."""
        return self._next

    def descriptor(self, what: object) -> int:
        """Open something."""
        self._next += 1
        self.descriptors[self._next] = what
        return self._next

    def tell(self, text: str) -> None:
        """Write a line of the trace."""
        if self.trace is not None:
            self.trace.append(f"{self.now:12.6f} {text}")

    def after(self, delay: float, call: Callable[..., object], *arguments: Any) -> None:
        """Let something happen in C{delay} seconds."""
        self.at(self.now + delay, call, *arguments)

    def at(self, time: float, call: Callable[..., object], *arguments: Any) -> None:
        """Let something happen at a time; what is asked for first comes first."""
        self._count += 1
        heapq.heappush(self._events, (max(time, self.now), self._count, call, arguments))

    def sleep(self, seconds: float) -> Deferred[None]:
        """Fires when so much time has passed."""
        passed: Deferred[None] = Deferred()
        self.after(seconds, passed.callback, None)
        return passed

    @property
    def next(self) -> float | None:
        """When the next event is due."""
        return self._events[0][0] if self._events else None

    def step(self) -> None:
        """Let the next event happen."""
        time, _, call, arguments = heapq.heappop(self._events)
        self.now = max(self.now, time)
        self.steps += 1
        call(*arguments)
