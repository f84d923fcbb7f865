"""
What happens to the gateway itself: it stands still, has no descriptors left, is stopped; and an
operator cancels jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from jetdirect.net.deadline import LONGEST_GRACE

from .faults import CONNECTED, FINISHING, FLOWING, WAITING
from .judge import SOON

if TYPE_CHECKING:
    from .simulation import Simulation


class Incidents:
    """
    @ivar likely: how likely it is that there are any; C{stopping}: that the gateway is stopped
        then.
    @ivar stalls: from when to when the reactor did nothing.
    @ivar stopped: the gateway was shut down.
    @ivar stoppedAt: when, in seconds; C{stoppedFor}: when it had come to its end.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.likely, self.stopping = 0.5, 0.25
        self.stalls: list[tuple[float, float]] = []
        self.stopped: Deferred[Any] | None = None
        self.stoppedAt: float | None = None
        self.stoppedFor: float | None = None

    async def run(self) -> None:
        """Some, one after the other."""
        simulation, random = self._simulation, self._simulation.random
        if random.random() < 0.3:
            await simulation.network.sleep(random.choice([0.05, 1.0, 10.0]) * random.random())
            self._stall("reactor stalls", (0.5, 5.0))
        if random.random() < 0.3:
            await simulation.network.sleep(random.choice([0.05, 1.0, 10.0]) * random.random())
            self._cancel()
        if random.random() < self.stopping:
            await simulation.network.sleep(random.choice([0.05, 1.0, 10.0]) * random.random())
            simulation.hit("shutdown", self._anyPhase())
            self.stop()
        if simulation.plain:
            return
        if random.random() < 0.1:
            await simulation.network.sleep(random.choice([0.05, 1.0, 10.0]) * random.random())
            self._stall("reactor stalls long", (12.0, 40.0, 130.0))
        if random.random() < 0.2:
            await simulation.network.sleep(random.choice([0.05, 1.0, 10.0]) * random.random())
            simulation.hit("no descriptors", self._anyPhase())
            simulation.reactor.exhausted = True
            await simulation.network.sleep(random.choice([0.01, 0.5, 5.0]))
            simulation.reactor.exhausted = False

    def stallForData(self) -> None:
        """The reactor does nothing for longer than a data connection may take to be made."""
        now = self._simulation.network.now
        self._simulation.stalled = max(self._simulation.stalled, now + 40.0)
        self.stalls.append((now, self._simulation.stalled))

    def late(self, due: float) -> float:
        """When a gateway has done at the latest what is due at that time."""
        for began, over in self.stalls:
            if began - SOON <= due <= over:
                due = over + min(over - due, LONGEST_GRACE)
        return due + SOON

    def stop(self) -> Deferred[Any]:
        """The gateway is stopped, if it was not before.  @return: fires at its end."""
        if self.stopped is None:
            self.stoppedAt = self._simulation.network.now
            self.stopped = self._simulation.gateway.stopService()
            self.stopped.addBoth(self._hasStopped)
        return self.stopped

    def _hasStopped(self, result: object) -> None:
        self.stoppedFor = self._simulation.network.now

    def _stall(self, kind: str, seconds: tuple[float, ...]) -> None:
        self._simulation.hit(kind, self._anyPhase())
        now = self._simulation.network.now
        self._simulation.stalled = now + self._simulation.random.choice(seconds)
        self.stalls.append((now, self._simulation.stalled))

    def _cancel(self) -> None:
        jobs = [job for job in self._simulation.gateway.server.jobs if not job.ended]
        if not jobs:
            return
        job = self._simulation.random.choice(jobs)
        phase = self._simulation.phaseOf(job.name)
        if self._simulation.gateway.server.cancel(job.number):
            self._simulation.records.canceled.add(job.name)
            if phase in (WAITING, FLOWING, FINISHING):
                self._simulation.hit("operator cancels", phase)
            else:
                self._simulation.faults.append("operator cancels")

    def _anyPhase(self) -> str:
        phases = [sender.phase for sender in self._simulation.senders if sender.alive]
        return self._simulation.random.choice(phases) if phases else CONNECTED
