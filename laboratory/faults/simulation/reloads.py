"""
An operator who changes the configuration while jobs run: what none of them may notice, and a
printing port that is taken away for a while.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from jetdirect.named import NamedPrinter, named

from .faults import CONNECTED

if TYPE_CHECKING:
    from .simulation import Simulation

RELOAD, REMOVED = "reload", "port removed"


class Reloads:
    """What is drawn has a source of its own: a seed keeps what it was without reloads."""

    def __init__(self, simulation: Simulation, seed: int) -> None:
        self._simulation = simulation
        self._random = Random(f"reloads of {seed}")
        self._removed: list[NamedPrinter] = []

    @property
    def any(self) -> bool:
        """Are there any in this seed?  Drawn when it is asked."""
        return self._random.random() < 0.3

    async def run(self) -> None:
        """Some, one after the other."""
        random, simulation = self._random, self._simulation
        for _ in range(random.choice([1, 2, 5, 10])):
            await simulation.network.sleep(random.choice([0.01, 0.05, 1.0, 10.0]) * random.random())
            if random.random() < 0.7:
                await self._aJob()
            ports = self._ports()
            if len(ports) > 1 and not self._removed and random.random() < 0.2:
                simulation.hit(REMOVED, self._phase())
                self._removed = [ports.pop()]
                self._apply(ports)
                await simulation.network.sleep(random.choice([0.01, 1.0, 10.0]))
                self.bringBack()
            else:
                simulation.hit(RELOAD, self._phase())
                self._apply([self._changed(port) for port in ports])
                self._refused()

    async def _aJob(self) -> None:
        # Most of the time there is none: wait for one, and for some of its time.
        for _ in range(100):
            if any(port.jobs for port in self._simulation.gateway.server.ports):
                break
            await self._simulation.network.sleep(0.02)
        await self._simulation.network.sleep(self._random.choice([0.0, 0.001, 0.01, 0.1]))

    def bringBack(self) -> None:
        """What was taken away is there again."""
        removed, self._removed = self._removed, []
        if removed:
            self._apply([*self._ports(), *removed])

    def _ports(self) -> list[NamedPrinter]:
        configuration = self._simulation.gateway.configuration
        return list(named(configuration.printers, configuration.defaults))

    def _changed(self, port: NamedPrinter) -> NamedPrinter:
        # The same printer by another transport, which counts from the next job on; other words.
        transport = copy(port.transport) if self._random.random() < 0.5 else port.transport
        aliases = (f"alias{port.number}",) if self._random.random() < 0.5 else ()
        return replace(port, transport=transport, aliases=aliases)

    def _apply(self, ports: list[NamedPrinter]) -> None:
        self._random.shuffle(ports)
        gateway = self._simulation.gateway
        gateway.apply(replace(gateway.configuration, printers=ports))

    def _refused(self) -> None:
        # A number that moves to another printer: nothing changes.
        gateway = self._simulation.gateway
        before = gateway.configuration
        moved = [replace(port, name=f"other{port.number}") for port in self._ports()]
        try:
            gateway.apply(replace(before, printers=moved, default=moved[0].name))
        except ValueError:
            kept = gateway.configuration is before
        else:
            kept = False
        if not kept:
            self._simulation.oddities.append("a configuration that moves a number was taken")

    def _phase(self) -> str:
        phases = [sender.phase for sender in self._simulation.senders if sender.alive]
        return self._random.choice(phases) if phases else CONNECTED
