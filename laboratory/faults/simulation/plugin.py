"""
A printer behind somebody else's transport, which may raise, give nonsense or never answer from any
of its methods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail
from zope.interface import implementer

from jetdirect.errors import PrinterUnreachable
from jetdirect.interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)

from ..invariants import Print
from .faults import PLUGIN

if TYPE_CHECKING:
    from .simulation import Simulation

_MUCH = 30_000
"""Bytes that are written before the producer is paused for a moment."""


_NEVER = 3000.0
"""Seconds; a sender has more patience, as it has with a printer that is out of paper."""


class Mistake(BaseException):
    """What somebody has not thought of; no Exception, as what sys.exit raises is none."""


@implementer(IPrinterConnection)
class PluginConnection:
    """
    One job's.

    @ivar used: when it was last asked for anything.
    @ivar finished: it said that the printer has all.
    """

    def __init__(self, printer: PluginPrinter, job: IPrintJob) -> None:
        self._printer = printer
        self._network = printer.simulation.network
        self.job = job.name
        self.taken = bytearray()
        self.opened = self.used = self._network.now
        self.finished = self._aborted = False
        self._producer: Any = None
        self._pausedAt = 0

    @property
    def sent(self) -> int:
        """L{IPrinterConnection}."""
        return len(self.taken)

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}."""
        self._asked("write")
        self.taken += data
        if self._producer is not None and len(self.taken) - self._pausedAt > _MUCH:
            self._pausedAt = len(self.taken)
            self._producer.pauseProducing()
            self._network.after(0.01, self._goOn)

    def _goOn(self) -> None:
        if self._producer is not None:
            self._producer.resumeProducing()

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """L{IPrinterConnection}."""
        self._asked("registerProducer")
        self._producer = producer

    def unregisterProducer(self) -> None:
        """L{IPrinterConnection}."""
        self._producer = None
        self._asked("unregisterProducer")

    def finish(self) -> Any:
        """L{IPrinterConnection}."""

        def well() -> None:
            if not self._aborted:
                self.used, self.finished = self._network.now, True

        return self._asked("finish", Delivery.DELIVERED, well)

    def abort(self, tail: bytes) -> Any:
        """L{IPrinterConnection}."""
        self._producer, self._aborted = None, True
        return self._asked("abort")

    def _asked(self, method: str, answer: object = None, well: Any = lambda: None) -> Any:
        self.used = self._network.now
        return self._printer.asked(method, answer, well)

    @property
    def told(self) -> Print:
        """What the invariants are judged by."""
        return Print(
            printer=self._printer.name,
            upload=self.job,
            taken=bytes(self.taken),
            opened=self.opened,
            closed=self.used,
            cut=True,
            lost=not self.finished,
        )


@implementer(IPrinterTransport)
class PluginPrinter:
    """
    @ivar name: as of a printer on the network.
    @ivar mistakes: how often it did what it must not.
    """

    earlyClose = False
    finishTimeout: float | None = None
    reaches = Delivery.DELIVERED
    description = "somebody's own printer"

    def __init__(self, simulation: Simulation, number: int) -> None:
        self.name = f"printer{number}"
        self.uri = f"own:{self.name}"
        self.status = PrinterStatus()
        self.simulation = simulation
        self.random = simulation.reactor.habits
        self.well = False
        self.mistakes = 0
        self._askFails = self.random.choice(["", "", "raises", "never fires"])
        self._fault = ""
        self._job: IPrintJob | None = None
        self._connections: list[PluginConnection] = []
        self._finishing: list[Callable[[], None]] = []

    def heal(self) -> None:
        """
        Whatever it was, it is over, and printers print what they have.

        An abort that has not been answered never is: the gateway does not wait for it.
        """
        self.well = True
        self._fault = self._askFails = ""
        for finished in self._finishing:
            self.simulation.network.after(0.1, finished)

    # L{IPrinterTransport}

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}."""
        if self._fault == "plugin is away":
            self._hit()
            return fail(PrinterUnreachable("it is away"))
        connection = PluginConnection(self, job)

        def opened() -> None:
            connection.opened = connection.used = self.simulation.network.now
            self._connections.append(connection)

        given: Deferred[IPrinterConnection] = self.asked("open", connection, opened)
        return given

    def ask(self) -> Any:
        """L{IPrinterTransport}."""
        if self._askFails == "raises":
            self.mistakes += 1
            raise Mistake("ask")
        answer: Deferred[None] = Deferred()
        if not self._askFails:
            self.simulation.network.after(0.01, answer.callback, None)
        return answer

    def jobComes(self, job: IPrintJob) -> None:
        """The gateway wants it for C{job}: what shall go wrong this time?"""
        if job is self._job:
            return
        self._job, self._fault = job, ""
        if not self.well and self.random.random() < max(self.simulation.printerTrouble, 0.3):
            self._fault = self.random.choice(list(PLUGIN))

    def asked(self, method: str, answer: object, well: Any) -> Any:
        """A method was called: what does it do?"""
        _, which, how = f"{self._fault}  ".split(" ", 2)
        given: Deferred[Any] = Deferred()
        seconds = self.random.choice([0.001, 0.1, 0.1 if self.well else 2.0])
        if which == method and self._fault:
            self._hit()
            how = how.strip()
            self.mistakes += how == "raises" or (how == "gives nonsense" and method != "abort")
            if how == "raises":
                raise Mistake(method)
            if how == "gives nonsense":
                return "nonsense"
            seconds = _NEVER

        def fire() -> None:
            if not given.called:
                well()
                given.callback(answer)

        if method in ("open", "finish", "abort"):
            self.simulation.network.after(seconds, fire)
        if method == "finish":
            self._finishing.append(fire)
        return given

    def _hit(self) -> None:
        job = self._job
        self.simulation.hit(self._fault, self.simulation.phaseOf(job.name if job else None))

    # What is judged.

    def prints(self) -> list[Print]:
        """One for each connection."""
        return [each.told for each in self._connections]

    def against(self, name: str) -> str | None:
        """Why a 226 for an upload is too early, if it is."""
        if any(each.job == name and not each.finished for each in self._connections):
            return f"{self.name} had not said that it has all"
        return None

    def leftovers(self) -> list[str]:
        """Nothing: what it does not end is its own."""
        return []
