"""
One printing port, its printer and its senders: one case after the other.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.peer import PATIENCE

from ..invariants import Record, Violation, check
from ..simulation.faults import ANSWERED, FINISHING
from .case import Case
from .cells import STRICT
from .conversation import ABORT_PATIENCE
from .gateway import TortureGateway
from .judging import outcome, records, spared, told
from .misdeeds import ABORTED
from .printer import TorturePrinter
from .scripts import scriptFor
from .sender import Sender
from .standstill import MUCH, Standstill, waited

NEXT_JOB_WITHIN = 5.0
"""Seconds for the next job, once the fault is over."""

_LEAVES = (
    *("QUIT", "QUIT and FIN", "ABOR flood", "TLS hello in clear"),
    *("too many commands", "replies not read"),
)
"""Faults after which the session has no next job."""


_SPOILS_BOTH = ("printer switched off", "job in front cut")
"""Faults that hit the job in front, too."""


@dataclass
class Played:
    """
    What became of one case.

    @ivar jobs: uploads that were asked for.
    @ivar hit: the fault happened in its phase.
    """

    case: Case
    outcome: str
    hit: bool = False
    jobs: int = 0
    seconds: float = 0.0
    violations: list[Violation] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)


class Lane:
    """
    @ivar port: the number of the printing port at the gateway.
    @ivar standstill: how long the machine has kept the laboratory waiting.
    @ivar nextJobWithin: seconds for the next job, once the fault is over.
    """

    def __init__(
        self,
        port: int,
        printer: TorturePrinter,
        standstill: Standstill,
        nextJobWithin: float = NEXT_JOB_WITHIN,
    ) -> None:
        self.port = port
        self.printer = printer
        self.standstill = standstill
        self.nextJobWithin = nextJobWithin

    def play(self, case: Case, gateway: TortureGateway) -> Played:
        """A case from the beginning to the verdict."""
        return Round(self, case, gateway).toTheEnd(gateway)

    def warmUp(self, case: Case, gateway: TortureGateway) -> None:
        """
        A good job, which nobody judges.
        """
        sender = Sender(case.good(gateway.name, 300), "warm-up", gateway, self.port, self.printer)
        sender.run()
        if sender.control is not None:
            sender.control.ask("QUIT")
        sender.leave()
        gateway.journal.take(sender.name)


class Round:
    """One case in a lane; the gateway may be another one when it ends."""

    def __init__(
        self,
        lane: Lane,
        case: Case,
        gateway: TortureGateway,
        strike: Callable[[], None] | None = None,
    ) -> None:
        self._began = time.monotonic()
        self._printer = printer = lane.printer
        self._lane = lane
        self._gateway = gateway
        self._lostBefore = self._lost(gateway)
        self._case = case
        self._failures: list[str] = []
        self.killed = False
        printer.forget()
        self.sender = Sender(case, f"c{case.number}", gateway, lane.port, printer)
        self.sender.strike = strike
        printer.behave = scriptFor(case, self.sender.gate)
        self._run(self.sender)
        if self.sender.hold is not None:
            self.sender.hold.join()

    def _lost(self, gateway: TortureGateway) -> float:
        return self._lane.standstill.seconds + waited(gateway.pid)

    def _run(self, sender: Sender) -> None:
        try:
            sender.run()
        except Exception:
            sender.oddities.append(f"the laboratory itself failed: {traceback.format_exc()}")

    def toTheEnd(self, gateway: TortureGateway) -> Played:
        """
        The fault is over: does the next job print?

        @param gateway: the gateway that is there now.
        """
        case, sender, printer = self._case, self.sender, self._printer
        away = case.kind.name == "printer switched off" and case.phase == ANSWERED
        if sender.timer is not None and not away:
            sender.timer.join()
        if not away:
            printer.heal()
        printer.letGo()
        printer.quiet(1.0)
        senders = [sender]
        if sender.hold is not None and sender.hold.other is not None:
            senders.append(sender.hold.other)
        following = self._next(gateway)
        if sender.timer is not None:
            sender.timer.join()
        for each in (sender, following):
            each.leave()
        printer.letGo()
        if not printer.quiet(ABORT_PATIENCE + 3):
            self._failures.append("a connection to the printer has no end")
        recorded = self._records(senders, self._gateway, self.killed)
        recorded += self._records([following], gateway, False)
        senders.append(following)
        if self._lost(gateway) - self._lostBefore > MUCH:
            self._spare(senders)
        return self._judge(senders, recorded)

    def _spare(self, senders: list[Sender]) -> None:
        # The machine was late: a limit of a second or two may have run out meanwhile.
        for each in senders:
            if each.job is not None:
                each.late = True
                if each.case.phase == FINISHING and ABORTED in each.job.against:
                    each.job.against.remove(ABORTED)

    def _next(self, gateway: TortureGateway) -> Sender:
        case = self._case
        size = min(case.size, 65_537) if case.coin < 0.3 else 5000
        good = case.good(gateway.name, size)
        following = Sender(good, f"c{case.number}-next", gateway, self._lane.port, self._printer)
        stays = case.stays and gateway is self._gateway and case.kind.name not in _LEAVES
        control = None if self.sender.left else self.sender.control
        if stays and control is not None and control.ask("NOOP") is not None:
            following.control = control
            following.sessions.append(control)
            self.sender.sessions.remove(control)
            if case.kind.name == "REIN":
                following.logIn()
        began, lost = time.monotonic(), self._lost(gateway)
        self._run(following)
        lost = self._lost(gateway) - lost
        took = time.monotonic() - began - lost
        spared = lost > MUCH and gateway.name == STRICT
        complete = following.job is not None and following.job.complete
        if not (complete or spared) or took > self._lane.nextJobWithin:
            heard = [] if following.job is None else [each.text for each in following.job.replies]
            self._failures.append(f"the next job took {took:.1f} s and heard {heard}")
        if following.control is not None and following.control.alive:
            following.control.ask("QUIT")
        return following

    def _records(
        self, senders: list[Sender], gateway: TortureGateway, killed: bool
    ) -> list[Record]:
        for each in senders:
            if each.job is None or killed:
                continue
            # Who left before 150 was heard cannot tell whether the gateway had heard of the job.
            if gateway.journal.began(each.name, PATIENCE if each.isJob else 0.1):
                gateway.journal.ended(each.name, ABORT_PATIENCE + PATIENCE)
        return records(gateway.journal, senders, killed)

    def _judge(self, senders: list[Sender], recorded: list[Record]) -> Played:
        case, sender = self._case, self.sender
        name = case.kind.name
        for each in senders:
            if each.job is not None:
                first = each is not sender and each.name.endswith("-first")
                hasty = case.gateway == STRICT or name == "printer switched off"
                spoilt = (first and name in _SPOILS_BOTH) or (each.late and hasty)
                each.job.faultless = spared(each.case) and not spoilt
        run = told(self._printer, senders, recorded, self._failures)
        scripted = case.kind.scripted and sender.job is not None
        jobs = [each.job for each in senders if each.job is not None]
        return Played(
            case,
            outcome(sender),
            hit=bool(sender.hits) or (scripted and len(self._printer.conversations) > 1),
            jobs=len(jobs),
            seconds=time.monotonic() - self._began,
            violations=check(run),
            replies=[outcome(each) for each in senders if each.job is not None],
        )
