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
from .crew import Crew
from .house import House
from .lane import Lane
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


class Team:
    """The lanes of one gateway."""

    def __init__(
        self, laboratory: Laboratory, lanes: list[Lane], build: Callable[..., House]
    ) -> None:
        self.laboratory = laboratory
        self.lanes = lanes
        self.house = build()
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
            lane.warmUp(case, self.house)
        self.house.settles(0, 0.5)
        self._files = len(self.house.descriptors())
        self._memory = self.house.memory()

    def _work(self, lane: Lane) -> None:
        while not self.laboratory.late():
            awaitPorts(self.laboratory.late)
            try:
                case = self._cases.get_nowait()
            except queue.Empty:
                return
            try:
                self.laboratory.ended(lane.play(case, self.house))
            except Exception:
                self.laboratory.failed(case)

    def wait(self) -> None:
        """Until they are played."""
        for thread in self._threads:
            thread.join()

    def finish(self) -> None:
        """Is the gateway as it was at the beginning?"""
        laboratory, house = self.laboratory, self.house
        house.journal.record("")
        for error in house.journal.errors:
            laboratory.general("oddity", f"{house.name}: {error}")
        if self._files is None:
            return
        if not house.settles(self._files, SETTLES_WITHIN):
            now = house.descriptors()
            laboratory.general(
                "I7 nothing stays behind",
                f"{house.name}: {self._files} files were open, now {len(now)}: {now}",
            )
        grown = house.memory() - self._memory
        if grown > GROWTH:
            laboratory.general("I7 nothing stays behind", f"{house.name}: {grown} bytes more RAM")
        laboratory.result.figures.append(
            Figures(
                house.name,
                (self._files, len(house.descriptors())),
                (self._memory, house.memory(), house.memory("VmHWM")),
            )
        )

    def stop(self) -> None:
        """Stop the gateway."""
        self.house.stop()


class Mortals(Team):
    """The lanes of a gateway that does not live long."""

    def __init__(
        self, laboratory: Laboratory, lanes: list[Lane], build: Callable[..., House]
    ) -> None:
        self.laboratory = laboratory
        self.crew = Crew(lanes, build)
        self._batch: list[Case] = []
        self._thread = threading.Thread()

    def begin(self, batch: list[Case]) -> None:
        """L{Team}."""
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
            for played in self.crew.play(part, following):
                self.laboratory.ended(played)

    def wait(self) -> None:
        """L{Team}."""
        self._thread.join()

    def finish(self) -> None:
        """L{Team}: what was said of all gateways that there were."""
        self.crew.house.journal.record("")
        for error in [*self.crew.errors, *self.crew.house.journal.errors]:
            self.laboratory.general("oddity", f"{MORTAL}: {error}")
        for text in self.crew.left:
            self.laboratory.general("I7 nothing stays behind", text)

    def stop(self) -> None:
        """L{Team}."""
        self.crew.house.stop()
