"""
A printer on TCP port 9100, with all the habits that printers have.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jetdirect.interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)

from ..invariants import Print
from .faults import FINISHING, MORE_PRINTER, PRINTER, WAITING
from .kernel import End
from .network import Host

if TYPE_CHECKING:
    from .directory import DirectoryPrinter
    from .plugin import PluginPrinter
    from .simulation import Simulation

RAW = 9100
FINISH_TIMEOUT = 90.0
HOUR = 3600.0


class Conversation:
    """One connection, seen from the printer."""

    def __init__(self, end: End, job: str | None, printer: str) -> None:
        end.taken = bytearray()
        self.end = end
        self.job = job
        self.opened = end.network.now
        self.printer = printer
        self.read = 0
        self.orderly = False

    @property
    def open(self) -> bool:
        """Does the printer take it for open?  It finds out when the other side is gone."""
        end = self.end
        return end.closed is None and end.failed is None and end.peer.failed is None

    @property
    def told(self) -> Print:
        """What the invariants are judged by."""
        far, near = self.end, self.end.peer
        early = near.finArrived is not None and (
            near.finSent is None or near.finArrived <= near.finSent
        )
        return Print(
            printer=self.printer,
            upload=self.job,
            taken=bytes(far.taken or b""),
            read=self.read,
            opened=self.opened,
            closed=near.closedAt,
            cut=far.finArrived is None or (far.closed is not None and far.closed < far.finArrived),
            lost=not self.orderly,
            early=early,
        )


@implementer(IPrinterTransport)
class Watched:
    """
    A transport that tells for which job it is opened; the bytes do not pass here.
    """

    def __init__(
        self,
        transport: IPrinterTransport,
        printer: Printer | DirectoryPrinter | PluginPrinter,
    ) -> None:
        self.uri: str = transport.uri
        self.description: str = transport.description
        self.reaches: Delivery = transport.reaches
        self.status: PrinterStatus = transport.status
        self._transport = transport
        self._printer = printer

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}."""
        simulation = self._printer.simulation
        simulation.records.turnOf(job)
        self._printer.jobComes(job)

        def opened(connection: IPrinterConnection) -> IPrinterConnection:
            simulation.records.openedFor(job)
            return connection

        given = self._transport.open(job)
        return given.addCallback(opened) if isinstance(given, Deferred) else given

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}."""
        return self._transport.ask()


class Printer:
    """
    @ivar name: C{printer1} and so on; its host name, too.
    @ivar conversations: one for each connection.
    @ivar well: it has no faults any more.
    @ivar earlyClose: it is known to close early.
    @ivar finishTimeout: seconds, as its URI says.
    """

    earlyClose = False
    finishTimeout: float = FINISH_TIMEOUT

    def __init__(self, simulation: Simulation, number: int) -> None:
        self.name = f"printer{number}"
        self.simulation = simulation
        self.random = simulation.random
        self.host = simulation.network.host(self.name, f"192.0.2.{100 + number}")
        self.host.listeners[RAW] = self._asked
        self.conversations: list[Conversation] = []
        self.well = False
        self._exclusive = self.random.random() < 0.6
        self._segment = self.random.choice([1460, 8192, 65536])
        self._sluggish = simulation.reactor.habits.choice([1.0, 3.0])  # up to ten minutes
        self._pace = self.random.choice([0.0, 0.0, 0.001])
        self._job: IPrintJob | None = None
        self._turns: list[tuple[int, str]] = []
        self._fault = ""
        self._refuses = self._silent = 0.0
        self._former: list[Host] = []

    def heal(self) -> None:
        """Whatever it was, it is over."""
        self.well = True
        self._refuses = self._silent = 0.0
        self._named()
        self.simulation.reactor.resolver.slow.clear()
        for host in (*self._former, self.host):
            host.restart()

    # Before the connection.

    def jobComes(self, job: IPrintJob) -> None:
        """The gateway wants to reach this printer for C{job}: what shall go wrong this time?"""
        if job is self._job:
            return
        self._job = job
        self._turns.append((self.simulation.network.opened, job.name))
        self._fault = ""
        if not self.well and self.random.random() < self.simulation.printerTrouble:
            self._fault = self.random.choice(list(PRINTER))
            if self.simulation.bulk and self.random.random() < 0.3:
                self._fault = "printer RST"  # the more bytes, the more can be under way then
        trouble = self.random.choice([0.1, 1.0, 10.0, 100.0])
        now = self.simulation.network.now
        if self._fault == "printer refuses":
            self._refuses = now + trouble
        elif self._fault == "printer does not answer":
            self._silent = now + trouble
        elif self._fault == "printer name unknown":
            self.simulation.reactor.names.pop(self.name, None)
            self.simulation.network.after(trouble, self._named)
        elif self._fault and WAITING in PRINTER[self._fault] and self.random.random() < 0.2:
            self._away(self._fault)
            return
        else:
            if not self._fault:
                self._suffer()
            return
        self._hit(self._fault)

    def _suffer(self) -> None:
        simulation, random = self.simulation, self.random
        if simulation.plain or self.well or random.random() >= simulation.printerTrouble / 3:
            return
        fault = random.choice(list(MORE_PRINTER))
        if fault == "printer name is slow":
            simulation.reactor.resolver.slow[self.name] = random.choice([0.1, 2.0, 20.0])
        else:
            self._move()
        self._hit(fault)

    def _move(self) -> None:
        # Another address under the same name; at the old one somebody else lives, or nobody.
        old, since = self.host, self.simulation.network.now
        answer = self.random.choice([False, None])

        def stranger(end: End) -> bool | None:
            if end.settledAt > since:
                self.simulation.oddities.append(f"{self.name} was called at its former address")
            return answer

        old.listeners[RAW] = stranger
        self._former.append(old)
        number = len(self._former) * 20 + int(self.name[-1])
        self.host = self.simulation.network.host(self.name, f"192.0.2.{100 + number}")
        self.host.listeners[RAW] = self._asked
        self._named()

    def _named(self) -> None:
        self.simulation.reactor.names[self.name] = self.host.address

    @property
    def idle(self) -> bool:
        """Has it no connection?"""
        return not any(each.open for each in self.conversations)

    def _asked(self, end: End) -> bool | None:
        now = self.simulation.network.now
        if now < self._silent:
            return None
        if now < self._refuses or (self._exclusive and not self.idle):
            self.simulation.network.tell(f"{self.name}: refuses")
            return False
        # A connection may have been asked for by the job before.
        job = next((name for since, name in reversed(self._turns) if since < end.number), None)
        conversation = Conversation(end, job, self.name)
        self.conversations.append(conversation)
        end.segment, end.peer.segment = 1460, self._segment
        self.simulation.start(self._serve(conversation, self._fault))
        return True

    # During the connection.

    async def _serve(self, conversation: Conversation, fault: str) -> None:
        end, simulation = conversation.end, self.simulation
        size = simulation.sizeOf(conversation.job)
        where = int(size * self.random.choice([0, self.random.random(), self.random.random(), 1]))
        gulp = self.random.choice([512, 4096, 65536])
        pace = self._pace if size < 50000 else 0.0
        if fault == "printer slow":
            pace, gulp = 0.05, max(1000, size // 20)
            self._hit(fault)
        if fault == "printer RST after the last byte":
            where = size
        if fault in PRINTER and PRINTER[fault] == {FINISHING} and where < size:
            where = size
        pending = fault in PRINTER and fault not in ("printer slow", "printer refuses")
        atEnd = fault in ("printer RST after our FIN", "printer never FIN")
        while True:
            exact = pending and not atEnd
            if exact and conversation.read >= where:
                pending = exact = False
                if not await self._act(fault, conversation):
                    return
            try:
                data = end.recv(min(gulp, where - conversation.read) if exact else gulp)
            except BlockingIOError:
                await end.changes.wait()
                continue
            except OSError:
                return
            if not data:
                break
            conversation.read += len(data)
            if pace:
                await simulation.network.sleep(pace)
        if pending and atEnd and not await self._act(fault, conversation):
            return
        await simulation.network.sleep(
            self.random.choice([0.0, 0.01, 0.5, 0.5 if self.well else 5.0])
        )
        if end.failed is None and end.closed is None:
            conversation.orderly = True
            end.close()

    async def _act(self, fault: str, conversation: Conversation) -> bool:
        """The fault happens; C{False} when the connection is nothing any more."""
        end, network = conversation.end, self.simulation.network
        if fault.startswith("printer RST"):
            await network.sleep(self.random.choice([0.0, 0.0, 1.0]))
            if end.failed is None:
                self._hit(fault)
                end.reset()
            return False
        if fault == "printer FIN early":
            self._hit(fault)
            if self.random.random() < 0.3:
                end.close()  # a reset, if something is unread, as kernels do
                conversation.orderly = end.failed is None
                return False
            end.shutdown(socket.SHUT_WR)
            conversation.orderly = True
            return True
        if fault == "printer never FIN":
            self._hit(fault)
            await network.sleep(self.random.choice([89.0, 300.0]))
        elif fault == "printer talks":
            self._hit(fault)
            end.send(b'@PJL USTATUS DEVICE\r\nCODE=10001\r\nDISPLAY="226 Transfer complete"\r\n\f')
        elif fault == "printer stops":
            self._hit(fault)
            seconds = self.random.choice([1.0, 10.0, 70.0, 200.0])
            await network.sleep(seconds if self.simulation.plain else seconds * self._sluggish)
        elif fault == "out of paper for an hour":
            self._hit(fault)
            await network.sleep(HOUR)
        else:
            await network.sleep(self.random.choice([0.0, 0.0, 0.5, 44.0]))
            self._away(fault)
        return True

    def _away(self, fault: str) -> None:
        if self.well:
            return
        self._hit(fault)
        if fault == "printer unplugged":
            self.host.pull()
            self._later(self.random.choice([200.0, 1500.0]), self.host.plug)
        elif fault == "printer unplugged a moment":
            self.host.pull()
            self._later(self.random.random() * 15, self.host.plug)
        elif fault == "printer switched off":
            self.host.pull()
            self._later(self.random.choice([0.5, 30.0, 500.0]), self.host.restart)

    def _later(self, seconds: float, mend: Callable[[], None]) -> None:
        self.simulation.network.after(seconds, lambda: None if self.well else mend())

    # What is judged.

    def prints(self) -> list[Print]:
        """One for each connection."""
        return [each.told for each in self.conversations if each.end.peer.used]

    def against(self, name: str) -> str | None:
        """Why a 226 for an upload is too early, if it is."""
        if any(each.job == name and each.end.peer.unacknowledged() for each in self.conversations):
            return f"{self.name} had not acknowledged everything when it was written"
        return None

    def leftovers(self) -> list[str]:
        """Nothing but connections, which others see to."""
        return []

    def endFor(self, name: str) -> End | None:
        """The gateway's end of the last connection for an upload."""
        ends = [each.end.peer for each in self.conversations if each.job == name]
        return ends[-1] if ends else None

    def _hit(self, fault: str) -> None:
        self.simulation.hit(fault, self.simulation.phaseOf(self._job.name if self._job else None))
