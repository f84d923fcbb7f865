"""
A sender from phase to phase: it uploads one job, and something happens on the way.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Iterator

from tests.support.peer import PATIENCE

from ..invariants import Ending, Upload
from ..simulation.dialogue import Command
from ..simulation.faults import (
    ANSWERED,
    CONNECTED,
    FINISHING,
    FLOWING,
    LOGGED_IN,
    WAITING,
)
from ..simulation.payload import payload, tail
from .case import LIMIT, Case
from .cells import STRICT
from .control import Control
from .data import DataPort
from .gateway import TortureGateway
from .hold import Hold
from .misdeeds import Left, Misdeeds
from .printer import TorturePrinter
from .wire import Wire

HESITATES = 0.2
"""Seconds between the last byte and the end, so that a printer that leaves early is sure to be the
first."""

FILLED_AFTER = 0.3
"""Seconds without a byte taken after which everything is full."""

_PIECE = 65_536
"""Bytes; the gateway's kernel takes so many and more while its program does not read."""

_LEAVING = ("printer FIN early", "printer leaves")


def _moments() -> Iterator[None]:
    # Long enough for what is only on its way.
    for _ in range(3):
        yield
        time.sleep(FILLED_AFTER / 3)


class Job(Upload):
    """
    An upload, and when it happened.

    @ivar said: when STOR was sent; C{done}: when the final reply was heard.
    """

    said: float = 0.0
    done: float | None = None


class Sender:
    """
    @ivar case: what it does, and what goes wrong.
    @ivar job: its upload; L{None} while it has not asked for one.
    @ivar control: its session.
    @ivar data: its data connection.
    @ivar gate: while it is closed, the printer does not finish the job.
    @ivar silent: no more data, and no end.
    @ivar hold: what keeps the job waiting.
    @ivar left: the session is over.
    @ivar strike: what happens to the gateway, for all its senders at a time.
    @ivar closedAt: when its control connection was closed from here.
    @ivar hits: the fault happened in its phase.
    @ivar protects: its data connections are encrypted.
    @ivar late: the machine kept it waiting, or the gateway, for longer than a short limit.
    @ivar oddities: what was strange, in words.
    """

    def __init__(
        self, case: Case, name: str, gateway: TortureGateway, port: int, printer: TorturePrinter
    ) -> None:
        self.case = case
        self.name = name
        self.gateway = gateway
        self.port = port
        self.printer = printer
        self.random = case.random
        self.gate = threading.Event()
        self.job: Job | None = None
        self.control: Control | None = None
        self.sessions: list[Control] = []
        self.dataPort: DataPort | None = None
        self.data: Wire | None = None
        self.command: Command | None = None
        self.phase = CONNECTED
        self.hits = 0
        self.silent = False
        self.left = False
        self.hold: Hold | None = None
        self.strike: Callable[[], None] | None = None
        self.timer: threading.Timer | None = None
        self.closedAt: float | None = None
        self.oddities: list[str] = []
        self.late = False
        self.protects = case.tls
        self.misdeeds = Misdeeds(self)
        self.prepared = self._prepare()

    def _prepare(self) -> Job:
        case = self.case
        content = payload(case.random, case.size, case.language, self.name)
        job = Job(self.name, content, ending=Ending.NONE, tail=lambda cut: tail(case.language, cut))
        job.limit = LIMIT if case.gateway == STRICT else None
        return job

    def at(self, phase: str) -> None:
        """A phase has begun."""
        self.phase = phase
        if phase == self.case.phase and not self.case.kind.scripted:
            if self.case.delay and phase != FLOWING:
                time.sleep(self.case.delay)
            self.misdeeds.commit()

    # From the beginning to the end.

    def run(self) -> None:
        """Do it all; a session that still is one is left open."""
        try:
            if self.control is None:
                self.connect()
                self.at(CONNECTED)
                self.logIn()
            self._upload()
        except Left:
            self.left = True
        finally:
            self._hearTheRest()

    def connect(self) -> Control:
        """Begin a session."""
        label = f"{self.name} ({len(self.sessions) + 1})"
        control = Control(label, *self.gateway.address(self.case.v6))
        self.control = control
        self.sessions.append(control)
        if not control.until(lambda: control.dialogue.greeting is not None):
            self.oddities.append(f"{label}: no greeting")
            raise Left
        if control.dialogue.farewell is not None:
            self.oddities.append(f"{label}: {control.dialogue.farewell.text!r}")
            raise Left
        return control

    def logIn(self) -> None:
        """USER and PASS, behind AUTH TLS if the case wants it so."""
        control = self.session
        if self.case.tls and len(control.dialogue.said) == 0:
            control.secure()
        control.say("USER torture")
        answer = control.ask("PASS x")
        if answer is None or answer.code != 230:
            self._ended()
            self.oddities.append(f"{self.name}: PASS was answered with {answer}")
            raise Left

    @property
    def session(self) -> Control:
        """The session there must be."""
        assert self.control is not None
        return self.control

    def _upload(self) -> None:
        self.preparedData()
        self.at(LOGGED_IN)
        self.store()
        self._await150()
        self._pour()
        self._finish()
        self.final()
        self.at(ANSWERED)

    def preparedData(self) -> None:
        """TYPE, ALLO and the data port, whose passive connection is often made at once."""
        case, control = self.case, self.session
        control.ask(f"TYPE {case.type}")
        self.misdeeds.announce()
        if case.kind.name == "no data port":
            return
        self.closeData()
        self.prepared.ending = Ending.NONE
        answers = not case.kind.name.startswith("active")
        self.dataPort = DataPort(control, case.active, case.extended, self.protects, answers)
        early = self.random.random() < 0.7 or case.phase in (LOGGED_IN, WAITING)
        if not case.active and early and not self.misdeeds.keepsFromConnecting:
            self.connectData()
        self._ended()

    def connectData(self) -> None:
        """Make the passive data connection."""
        assert self.dataPort is not None
        self.data = self.dataPort.connect()
        if self.data is not None:
            self.prepared.ending = Ending.OPEN

    def store(self) -> None:
        """The command itself."""
        self._ended()
        self.misdeeds.beforeStore()
        self.job, case = self.prepared, self.case
        target = f"{case.verb} port{self.port}/{self.name}"
        self.job.said = time.monotonic()
        self.phase = WAITING
        self.command = self.session.say(target, 0)
        self.job.replies = self.command.replies

    def _await150(self) -> None:
        assert self.command is not None
        self.at(WAITING)
        if self.misdeeds.poursBlindly and self.data is not None:
            return
        self.session.until(lambda: bool(self.upload.replies), PATIENCE)

    @property
    def upload(self) -> Job:
        """The upload there must be."""
        assert self.job is not None
        return self.job

    @property
    def answered(self) -> bool:
        """Was the final reply heard?"""
        return self.command is not None and self.command.answered

    @property
    def isJob(self) -> bool:
        """Did the gateway say that it has made a job of it?"""
        return any(each.code == 150 or "ob " in each.text for each in self.upload.replies)

    def _pour(self) -> None:
        if self.answered or self.misdeeds.neverConnects:
            return
        if self.data is None and self.dataPort is not None:
            if self.case.active and self.command is not None:
                self.data = self.dataPort.accept(self.command)
                self.upload.ending = Ending.OPEN if self.data else Ending.NONE
            else:
                self.connectData()
        if self.data is None:
            return
        self.phase = FLOWING
        size = len(self.upload.payload)
        if self.case.phase == FLOWING and not self.case.kind.scripted:
            if self.case.full:
                self.pushTo(size, FILLED_AFTER)
                self.session.until(lambda: self.answered, FILLED_AFTER)
            else:
                self.pushTo(min(self.case.at, size))
            if self.random.random() < 0.5 and not self.answered:
                self._printerHas(1)
            try:
                if not self.answered and self.upload.ending is Ending.OPEN:
                    self.at(FLOWING)
            finally:
                if self.case.full:
                    self.gate.set()
        if self.misdeeds.leavesUnread:
            self._fill()
        self.pushTo(len(self.upload.payload))

    def _fill(self) -> None:
        # Up to what the gateway does not read any more, and not so much that we had to wait.
        data, job = self.data, self.upload
        assert data is not None
        while job.sent < len(job.payload) and not self.answered:
            self.pushTo(min(job.sent + _PIECE, len(job.payload)), FILLED_AFTER)
            unread = data.unread()
            if unread >= _PIECE / 4 and all(data.unread() == unread for _ in _moments()):
                job.payload = job.payload[: job.sent]

    def _printerHas(self, count: int) -> None:
        self.printer.waitUntil(
            lambda: any(each.received >= count for each in self.printer.conversations), 1.0
        )

    def pushTo(self, total: int, patience: float = PATIENCE) -> None:
        """Send until so many bytes of the job are sent, or nothing more can be."""
        data, job, control = self.data, self.upload, self.session
        chunk = self.case.chunk
        deadline = time.monotonic() + patience
        while data is not None and job.ending is Ending.OPEN and not self.silent:
            if job.sent >= total or self.answered or time.monotonic() > deadline:
                return
            try:
                count = data.send(job.payload[job.sent : min(job.sent + chunk, total)])
            except OSError:
                job.ending = Ending.CLOSED
                return
            job.sent += count
            if control.alive and not control.wire.closed:
                control.hear()
            if not count:
                deaf = [control.wire] if control.alive else []
                select.select(deaf, [data], [], 0.05)
            else:
                deadline = time.monotonic() + patience

    def _finish(self) -> None:
        job = self.upload
        if self.data is None or job.ending is not Ending.OPEN or self.silent or self.answered:
            return
        if job.sent < len(job.payload):
            return
        if self.case.kind.name in _LEAVING and self.case.coin < 0.6:
            time.sleep(HESITATES)
        if self.misdeeds.endsItself:
            self.phase = FINISHING
            self.misdeeds.commit()
        elif self.finishData():
            self.phase = FINISHING
            if self.case.phase == FINISHING and not self.case.kind.scripted:
                if self.case.coin < 0.7 and not self.case.kind.full:
                    self._printerSawEnd()
                if not self.answered:
                    self.at(FINISHING)
        self.gate.set()

    def _printerSawEnd(self) -> None:
        self.printer.waitUntil(lambda: any(each.ended for each in self.printer.conversations), 2.0)

    def finishData(self) -> bool:
        """End the data connection as a complete file ends."""
        assert self.data is not None
        if self.data.finish():
            self.upload.ending = Ending.FIN
            return True
        self.upload.ending = Ending.CLOSED
        return False

    def final(self, seconds: float = PATIENCE) -> None:
        """Wait for the final reply."""
        if not self.session.until(lambda: self.answered, seconds) and self.session.alive:
            return
        self._ended()

    def _ended(self) -> None:
        # Not by us: goodbye was said, or nothing.
        if not self.session.alive:
            raise Left

    # Afterwards.

    def closeData(self) -> None:
        """Let go of the data connection."""
        if self.dataPort is not None:
            self.dataPort.close()
            self.dataPort = None
        if self.data is not None and not self.data.closed:
            self.data.close()
        self.data = None

    def _hearTheRest(self) -> None:
        self.gate.set()
        if self.hold is not None:
            self.hold.release()
        job, control = self.job, self.control
        if control is not None and control.alive and self.command is not None:
            control.until(lambda: self.answered)
        if job is not None:
            job.done = time.monotonic()
            job.disconnected = not self.answered and (control is None or not control.alive)
            if self.data is not None and job.ending is Ending.OPEN:
                self.data.recv()
                if self.data.over:
                    job.ending = Ending.CLOSED
        self.closeData()

    def leave(self) -> None:
        """The end of all sessions."""
        for each in self.sessions:
            if not each.wire.closed:
                each.hear()
                each.wire.close()
