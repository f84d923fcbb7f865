"""
The lanes of one gateway, from its start to its end.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from itertools import groupby
from typing import TYPE_CHECKING

from .case import Case
from .cells import MORTAL, NARROW, PATIENT, STRICT
from .gateway import TortureGateway
from .lane import Lane
from .lockstep import Lockstep
from .ports import awaitPorts
from .result import Figures

if TYPE_CHECKING:
    from .laboratory import Laboratory

LANES = {PATIENT: 10, STRICT: 8, NARROW: 1, MORTAL: 6}
"""Printing ports of each gateway; of the mortal one as many as there are phases."""

SETTLES_WITHIN = 15.0
"""Seconds after the last job in which a gateway has closed everything."""

GROWTH = 64 * 1024 * 1024
"""Bytes by which a gateway may have grown (chosen: far below what is sent through it)."""


class GatewayRun:
    """The lanes of one gateway."""

    def __init__(
        self, laboratory: Laboratory, lanes: list[Lane], build: Callable[..., TortureGateway]
    ) -> None:
        self.laboratory = laboratory
        self.lanes = lanes
        self.gateway = build()
        self._files: int | None = None
        self._memory = 0
        self._cases: queue.Queue[Case] = queue.Queue()
        self._threads: list[threading.Thread] = []

    def begin(self, batch: list[Case]) -> None:
        """Play these cases, in threads of their own."""
        if batch and self._files is None:
            self._warmUp(batch[0])
        for case in batch:
            self._cases.put(case)
        self._threads = [
            threading.Thread(target=self._work, args=(lane,), daemon=True) for lane in self.lanes
        ]
        for thread in self._threads:
            thread.start()

    def _warmUp(self, case: Case) -> None:
        # One job in each lane: from then on nothing new stays open.
        for lane in self.lanes:
            lane.warmUp(case, self.gateway)
        self.gateway.settles(0, 0.5)
        self._files = len(self.gateway.descriptors())
        self._memory = self.gateway.memory()

    def _work(self, lane: Lane) -> None:
        while not self.laboratory.late():
            awaitPorts(self.laboratory.late)
            try:
                case = self._cases.get_nowait()
            except queue.Empty:
                return
            try:
                self.laboratory.ended(lane.play(case, self.gateway))
            except Exception:
                self.laboratory.failed(case)

    def wait(self) -> None:
        """Until they are played."""
        for thread in self._threads:
            thread.join()

    def finish(self) -> None:
        """Is the gateway as it was at the beginning?"""
        laboratory, gateway = self.laboratory, self.gateway
        gateway.journal.record("")
        for error in gateway.journal.errors:
            laboratory.general("oddity", f"{gateway.name}: {error}")
        if self._files is None:
            return
        if not gateway.settles(self._files, SETTLES_WITHIN):
            now = gateway.descriptors()
            laboratory.general(
                "I7 nothing stays behind",
                f"{gateway.name}: {self._files} files were open, now {len(now)}: {now}",
            )
        grown = gateway.memory() - self._memory
        if grown > GROWTH:
            laboratory.general("I7 nothing stays behind", f"{gateway.name}: {grown} bytes more RAM")
        laboratory.result.figures.append(
            Figures(
                gateway.name,
                (self._files, len(gateway.descriptors())),
                (self._memory, gateway.memory(), gateway.memory("VmHWM")),
            )
        )

    def stop(self) -> None:
        """Stop the gateway."""
        self.gateway.stop()


class MortalRun(GatewayRun):
    """The lanes of a gateway that does not live long."""

    def __init__(
        self, laboratory: Laboratory, lanes: list[Lane], build: Callable[..., TortureGateway]
    ) -> None:
        self.laboratory = laboratory
        self.lockstep = Lockstep(lanes, build)
        self._batch: list[Case] = []
        self._thread = threading.Thread()

    def begin(self, batch: list[Case]) -> None:
        """L{GatewayRun}."""
        groups = [list(group) for _, group in groupby(batch, key=lambda case: case.kind.name)]
        self._thread = threading.Thread(target=self._groups, args=(groups,), daemon=True)
        self._thread.start()

    def _groups(self, groups: list[list[Case]]) -> None:
        size = LANES[MORTAL]
        parts = [group[n : n + size] for group in groups for n in range(0, len(group), size)]
        for number, part in enumerate(parts, 1):
            awaitPorts(self.laboratory.late)
            if self.laboratory.late():
                return
            following = parts[number][0].kind.name if number < len(parts) else None
            for played in self.lockstep.play(part, following):
                self.laboratory.ended(played)

    def wait(self) -> None:
        """L{GatewayRun}."""
        self._thread.join()

    def finish(self) -> None:
        """L{GatewayRun}: what was said of all gateways that there were."""
        self.lockstep.gateway.journal.record("")
        for error in [*self.lockstep.errors, *self.lockstep.gateway.journal.errors]:
            self.laboratory.general("oddity", f"{MORTAL}: {error}")
        for text in self.lockstep.left:
            self.laboratory.general("I7 nothing stays behind", text)

    def stop(self) -> None:
        """L{GatewayRun}."""
        self.lockstep.gateway.stop()
