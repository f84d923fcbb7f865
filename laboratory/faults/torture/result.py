"""
What a run has come to.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..invariants import Violation
from .cells import CELLS
from .lane import Played


@dataclass
class Figures:
    """
    What the kernel said of a gateway that was not killed, before the first and after the last case.

    @ivar files: open files; C{memory}: bytes in RAM, at most in the last place.
    """

    gateway: str
    files: tuple[int, int]
    memory: tuple[int, int, int]


@dataclass
class Result:
    """
    @ivar played: the cases, in the order in which they ended.
    @ivar general: violations that belong to no case.
    @ivar wanted: the cells that are to be hit.
    """

    seed: int
    wanted: list[tuple[str, str]] = field(default_factory=lambda: list(CELLS))
    played: list[Played] = field(default_factory=list)
    general: list[Violation] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def jobs(self) -> int:
        """Uploads that were asked for."""
        return sum(each.jobs for each in self.played)

    @property
    def missing(self) -> list[tuple[str, str]]:
        """Cells that mean something, and in which nothing happened."""
        hit = {(each.case.kind.name, each.case.phase) for each in self.played if each.hit}
        return [cell for cell in self.wanted if cell not in hit]

    @property
    def violations(self) -> list[tuple[str, Violation]]:
        """All of them, each with the case."""
        found = [(str(each.case), wrong) for each in self.played for wrong in each.violations]
        return found + [("the whole run", each) for each in self.general]
