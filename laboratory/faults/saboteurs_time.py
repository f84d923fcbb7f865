"""
Gateways that are broken on purpose in what only time, floods and other people's code bring out.
"""

from __future__ import annotations

from typing import Any

import pytest
from twisted.python.failure import Failure

from jetdirect import guard
from jetdirect.ftp import data, dataconnection, pipeline, upload
from jetdirect.ftp.turns import Turns
from jetdirect.guard import GuardedConnection
from jetdirect.interfaces import Delivery
from jetdirect.net import belowtls, deadline, listener

from .saboteurs_kernel import fromBadSenders, onTwisteds
from .saboteurs_switches import Saboteur, aFile, badSenders, encrypted
from .simulation.plugin import PluginPrinter
from .simulation.simulation import Simulation


def noSecondLook(patch: pytest.MonkeyPatch) -> None:
    """A late reactor's timer gives up on a peer that has done its part."""

    def over(self: Any) -> None:
        self._missed()

    patch.setattr(deadline.Deadline, "_over", over)


def everythingInOneTurn(patch: pytest.MonkeyPatch) -> None:
    """All that came in one piece is done at once, and answered at once."""

    def take(self: Any, session: Any) -> None:
        while session.work(float("inf")):
            pass

    patch.setattr(Turns, "take", take)
    patch.setattr(pipeline, "WAITING_COMMANDS", 1_000_000)


def aFINBehindQUITIsALoss(patch: pytest.MonkeyPatch) -> None:
    """A peer that has said all, and listens, is taken for gone."""
    patch.setattr("jetdirect.ftp.control.isLast", lambda words: False)


def mistakesGoFurther(patch: pytest.MonkeyPatch) -> None:
    """What a transport raises is not caught."""

    def unregisterProducer(self: Any) -> None:
        self._connection.unregisterProducer()

    patch.setattr(GuardedConnection, "unregisterProducer", unregisterProducer)


def mistakesAreHidden(patch: pytest.MonkeyPatch) -> None:
    """What a transport raises is caught, and nobody hears of it."""

    class Silent:
        def __getattr__(self, name: str) -> Any:
            return lambda *arguments, **fields: None

    patch.setattr(GuardedConnection, "_log", Silent())


def abortHasNoEnd(patch: pytest.MonkeyPatch) -> None:
    """A printer that does not let go of an aborted job is waited for."""
    patch.setattr(guard, "ABORT_TIMEOUT", 1e6)
    patch.setattr(guard, "STOP_TIMEOUT", 1e6)


def nonsenseIsBelieved(patch: pytest.MonkeyPatch) -> None:
    """Whatever finish() gives is a delivery."""
    original = GuardedConnection._outcome

    def outcome(self: Any, result: Any) -> Any:
        return original(self, result if isinstance(result, Failure) else Delivery.DELIVERED)

    patch.setattr(GuardedConnection, "_outcome", outcome)


def nobodyIsHurried(patch: pytest.MonkeyPatch) -> None:
    """A printer is kept for a sender that does not come, whoever waits for it."""
    patch.setattr(upload, "PATIENCE", 30.0)


def stopWaitsForDisks(patch: pytest.MonkeyPatch) -> None:
    """A gateway that is told to stop waits until a disk answers."""
    patch.setattr(GuardedConnection, "hasten", lambda self: None)
    patch.setattr(guard, "ABORT_TIMEOUT", 1e6)


def everyEndIsBelieved(patch: pytest.MonkeyPatch) -> None:
    """A hang-up without something to read is a FIN, as Twisted has it."""
    patch.setattr(dataconnection, "endsInOrder", lambda transport: True)
    patch.setattr(belowtls, "endsInOrder", lambda transport: True)


def urgentBytesAreDropped(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks for them."""
    patch.setattr(listener, "urgentInLine", lambda sock: None)
    patch.setattr(dataconnection, "takeUrgentInLine", lambda transport: None)


def helloIsPrinted(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks at the first bytes."""
    patch.setattr(data, "beginsTLS", lambda head: False)
    patch.setattr(dataconnection, "beginsTLS", lambda head: False)


def suddenResets(simulation: Simulation) -> bool:
    """Where senders are at their worst, and Twisted is told of each reset as a hang-up alone."""
    simulation.reactor.bareHangUps = 1.0
    return onTwisteds(simulation)


def aPlugin(simulation: Simulation) -> bool:
    """Where a printer is behind somebody else's transport."""
    return any(isinstance(printer, PluginPrinter) for printer in simulation.printers)


def stalls(simulation: Simulation) -> bool:
    """Where printers do no wrong, and the reactor is late."""
    simulation.incidents.likely = 0.0
    return simulation.senderTrouble == 0.3 and not simulation.printerTrouble and simulation.patient


def stoppedWithDisks(simulation: Simulation) -> bool:
    """Where a printer is a bad disk, and the gateway is stopped."""
    simulation.incidents.likely = simulation.incidents.stopping = simulation.printerTrouble = 1.0
    return aFile(simulation)


TIME: list[Saboteur] = [
    (everyEndIsBelieved, "226 in spite of evidence", 380, suddenResets),
    (urgentBytesAreDropped, "I1", 200, fromBadSenders),
    (helloIsPrinted, "what is no print job", 300, encrypted),
    (noSecondLook, "false alarm", 160, stalls),
    (everythingInOneTurn, "replies to one session in one turn", 100, badSenders),
    (aFINBehindQUITIsALoss, "had said QUIT", 100, badSenders),
    (mistakesGoFurther, "oddity", 60, aPlugin),
    (mistakesAreHidden, "of which the log knows nothing", 60, aPlugin),
    (abortHasNoEnd, "I", 170, aPlugin),
    (nonsenseIsBelieved, "226 in spite of evidence", 70, aPlugin),
    (stopWaitsForDisks, "stop", 50, stoppedWithDisks),
    (nobodyIsHurried, "kept its printer", 130, badSenders),
]
"""All of them."""
