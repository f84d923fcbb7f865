"""
Gateways that do not take another configuration as they promise: the laboratory must see each.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from jetdirect.errors import PrintError
from jetdirect.named import NamedPrinter, checkNames
from jetdirect.port import PrintingPort
from jetdirect.server import PrintServer

from .saboteurs_switches import Saboteur, anywhere
from .simulation.simulation import Simulation


def changeCutsTheJob(patch: pytest.MonkeyPatch) -> None:
    """A port that is changed cuts the job that prints there."""
    become = PrintingPort.become

    def cuts(self: PrintingPort, printer: NamedPrinter, accepting: bool = True) -> None:
        become(self, printer, accepting)
        if self.jobs:
            self.jobs[0].cut(PrintError("the port was changed"))

    patch.setattr(PrintingPort, "become", cuts)


def numbersMove(patch: pytest.MonkeyPatch) -> None:
    """A number leads to whoever has it in the file."""

    def check(self: PrintServer, printers: Sequence[NamedPrinter], default: str = "") -> None:
        checkNames(printers, default)

    patch.setattr(PrintServer, "check", check)


def calm(simulation: Simulation) -> bool:
    """Where nobody is to blame but the gateway."""
    return not simulation.senderTrouble and not simulation.printerTrouble and simulation.patient


RELOAD: list[Saboteur] = [
    (changeCutsTheJob, "false alarm", 60, calm),
    (numbersMove, "a configuration that moves a number was taken", 40, anywhere),
]
"""What each breaks, and within how many seeds it is seen."""
