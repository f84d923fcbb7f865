"""
How time passes: events of the network and turns of the reactor, in order.
"""

from __future__ import annotations

from random import Random
from typing import Any

from .network import Network
from .reactor import SimulatedReactor

MOST_STEPS = 150_000
"""Events and turns in one run; more means that something goes round in circles."""


class Clockwork:
    """
    @ivar random: where every decision comes from.
    @ivar lag: the longest time in seconds that the reactor takes to notice something.
    @ivar stalled: until then the reactor does nothing at all.
    """

    def __init__(self, seed: int, traced: bool) -> None:
        self.random = Random(seed)
        self.network = Network(self.random, traced)
        self.reactor = SimulatedReactor(self.network)
        self.lag = self.random.choice([0.0, 0.0, 0.0, 0.001, 0.02])
        self.stalled = 0.0
        self._steps = 0

    def advance(self, deadline: float) -> bool:
        """Go on a little; C{False} when nothing will ever happen before the deadline."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise RuntimeError(f"no end after {MOST_STEPS} steps")
        network, reactor = self.network, self.reactor
        busy = reactor.busy
        if busy and network.now >= self.stalled:
            if self.lag:
                self._events(network.now + self.lag * self.random.random())
            reactor.turn()
            network.now += 1e-6
            return True
        event, call = network.next, self.stalled if busy else reactor.nextCall
        if event is not None and (call is None or event <= call):
            if event <= deadline:
                network.step()
                return True
        elif call is not None and call <= deadline:
            network.now = max(network.now, call)
            return True
        network.now = max(network.now, deadline)
        return False

    def _events(self, until: float) -> None:
        while self.network.next is not None and self.network.next <= until:
            self.network.step()
        self.network.now = max(self.network.now, until)

    def until(self, condition: Any, seconds: float) -> bool:
        """Go on until the condition holds; C{False} if it does not in time."""
        deadline = self.network.now + seconds
        while not condition():
            if not self.advance(deadline):
                return bool(condition())
        return True
