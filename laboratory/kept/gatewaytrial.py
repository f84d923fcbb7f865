"""
A whole gateway with a spool in memory: senders, printers, an operator, a disk that fails; and then
the process is killed, or the power goes.

One seed decides everything.
"""

from __future__ import annotations

import errno
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from twisted.internet.defer import Deferred

from jetdirect.errors import PrinterUnreachable
from jetdirect.spool.record import JobPlace
from jetdirect.spool.store import Store
from jetdirect.testing import FakePrinter, FakeSender
from tests.support.disk import PowerCut
from tests.support.machine import Machine
from tests.support.spooled import Work

from .rules import Event, Found, Ledger, Standing, Where, wrong
from .spooltrial import PLACES

LIVES = 4
STEPS = 40
PRINTERS = 2
SENDERS = 3
PAPER_OUT = 400.0
"""Seconds after which a printer that is well again has printed all that waits: more than the
longest pause of a line."""

_QUEUED = re.compile(r"^226 Transfer complete \(PORT\d, job (\d+), (\d+) bytes, queued\)$", re.M)
_REFUSED = re.compile(r"^4\d\d ", re.M)
_FINAL = re.compile(r"^[2-5]\d\d ", re.M)
_READING = {"read", "open", "readPiece", "size", "names", "isMarked", "room"}


@dataclass
class Upload:
    """
    One upload that is under way.

    @ivar heard: what the gateway said since STOR.
    """

    key: bytes
    data: bytes
    sender: FakeSender
    heard: str = ""
    over: bool = False

    def listen(self) -> None:
        """Hear what was said by now."""
        self.heard += self.sender.hear() + "\n"


class GatewayTrial:
    """
    The gateway, and everybody around it.

    @ivar wrong: what broke a rule.
    """

    def __init__(self, seed: int, broken: Callable[[Machine], None] = lambda machine: None) -> None:
        """@param broken: breaks each new process on purpose."""
        self.wrong: list[str] = []
        self._dice = Random(seed)
        self._machine = Machine([FakePrinter() for _ in range(PRINTERS)])
        self._broken = broken
        self._ledger = Ledger()
        self._count = 0
        self._uploads: list[Upload] = []
        self._papers: dict[bytes, int] = {}
        self._seen = [0] * PRINTERS
        self._dead = False

    def run(self) -> list[str]:
        """Live several times, and let all be printed in the end; what went wrong."""
        self._broken(self._machine)
        try:
            for _ in range(LIVES):
                self._live()
                self._restart()
            self._settle()
        except ValueError as why:
            self.wrong.append(f"the spool is refused: {why}")
        return self.wrong

    # A life

    def _live(self) -> None:
        self._machine.disk.fault = self._fault()
        if self._dice.random() < 0.5:
            self._machine.work.hold()
        for _ in range(STEPS):
            self._step()
            if self._dead:
                return
            for upload in self._uploads:
                upload.listen()
            self._know()
            self._leave()
        self._moment()

    def _fault(self) -> Callable[[int, str], None]:
        disk = self._machine.disk
        began, end = disk.calls, self._dice.randint(1, 600)
        first, failures = self._dice.randint(1, 600), self._dice.choice([0, 0, 0, 1, 2, 60])
        code = self._dice.choice([errno.EIO, errno.ENOSPC])

        def fault(number: int, name: str) -> None:
            if self._dead:
                raise PowerCut
            if number - began >= end:
                self._moment()
                raise PowerCut
            if first <= number - began < first + failures and name not in _READING:
                raise OSError(code, "failed")

        return fault

    def _moment(self) -> None:
        # Nothing that is said or printed from here on was ever said or printed.
        for upload in self._uploads:
            upload.listen()
        self._know()
        self._dead = True

    def _step(self) -> None:
        dice, machine = self._dice, self._machine
        if (machine.work.held or machine.work.untold) and dice.random() < 0.8:
            for _ in range(dice.randint(1, 9)):
                self._workOn(machine.work)
            return
        kind = dice.random()
        if kind < 0.6 and len(self._uploads) < SENDERS and dice.random() < 0.6:
            self._begin()
        elif kind < 0.6:
            self._goOn()
        elif kind < 0.75:
            self._printer(dice.choice(machine.printers))
        elif kind < 0.85:
            self._operate()
        else:
            machine.advance(dice.choice([0.1, 1.0, 7.0]))

    def _workOn(self, work: Work) -> None:
        # What a thread has done, the reactor hears of later: much may happen in between.
        if work.untold and self._dice.random() < 0.5:
            work.tell(self._dice.randrange(len(work.untold)))
        elif work.held:
            work.silently(self._dice.randrange(len(work.held)))

    def _begin(self) -> None:
        self._count += 1
        key = b"%08d" % self._count
        data = key + self._dice.randbytes(self._dice.choice([0, 1, 900, 70_000]))
        digest = hashlib.sha256(data).hexdigest()
        self._ledger.add(Event(key, {"sha256": digest}))
        sender = FakeSender(self._machine.gateway.factory)
        sender.login()
        upload = Upload(key, data, sender)
        self._uploads.append(upload)
        sender.passive()
        sender.wire.receive(b"STOR PORT%d/a.ps\r\n" % self._dice.randint(1, PRINTERS))

    def _goOn(self) -> None:
        if not self._uploads:
            return
        upload = self._dice.choice(self._uploads)
        if self._dice.random() < (0.3 if upload.over else 0.1):
            upload.sender.wire.receive(b"ABOR\r\n")
            return
        wire = upload.sender.data
        if wire is None or not wire.connected or upload.over:
            return
        upload.over = True
        wire.receive(upload.data)
        if wire.connected:
            wire.fin()

    def _printer(self, printer: FakePrinter) -> None:
        kind = self._dice.choice(["refuse", "lose", "hesitate", "answer", "well"])
        last = printer.jobs[-1] if printer.jobs else None
        if kind == "refuse":
            printer.refusals += [PrinterUnreachable("switched off")] * self._dice.randint(1, 3)
        elif kind == "hesitate":
            printer.hesitant = True
        elif kind == "well":
            printer.hesitant, printer.refusals = False, []
        elif last is not None and not last.ended:
            if kind == "lose":
                last.lose()
            elif printer.hesitant:
                last.answer()

    def _operate(self) -> None:
        known = [job for job in self._ledger.jobs.items() if job[1].number is not None]
        if not known:
            return
        key, job = self._dice.choice(known)
        assert isinstance(key, bytes) and job.number is not None
        for queue in self._machine.spooling.queues.values():
            if job.number in queue.jobs:
                verb = self._dice.choice(["cancel", "hold", "release", "release"])
                if verb == "cancel":
                    self._ledger.add(Event(key, {"given": True}))
                elif verb == "release" and queue.jobs[job.number] is JobPlace.HELD:
                    self._ledger.add(Event(key, {"allowed": self._papers.get(key, 0) + 1}))
                done: Any = getattr(queue.verbs, verb)(job.number, "anna")
                Deferred.fromCoroutine(done).addErrback(lambda _: None)
                return

    def _leave(self) -> None:
        for upload in [each for each in self._uploads if _FINAL.search(each.heard)]:
            self._uploads.remove(upload)
            upload.sender.wire.receive(b"QUIT\r\n")

    # What is known

    def _know(self) -> None:
        if self._dead:
            return
        for upload in self._uploads:
            # Behind STOR's 150 the next final reply is its own, or ABOR's 426.
            told = upload.heard
            queued = _QUEUED.search(told)
            if queued is not None:
                if int(queued[2]) != len(upload.data):
                    self.wrong.append(f"{queued[0]!r}: {len(upload.data)} bytes were sent")
                self._ledger.add(Event(upload.key, {"number": int(queued[1]), "taken": True}))
            elif _REFUSED.search(told):
                self._ledger.add(Event(upload.key, {"refused": True}))
            elif re.search(r"^5\d\d ", told, re.M):
                self.wrong.append(f"{told!r} on a port that spools")
        for number, printer in enumerate(self._machine.printers):
            for connection in printer.jobs[self._seen[number] :]:
                if connection.data:
                    key = connection.data[:8]
                    self._papers[key] = self._papers.get(key, 0) + 1
                elif not connection.ended:
                    break
                self._seen[number] += 1
            for connection in printer.jobs:
                job = self._ledger.jobs.get(connection.data[:8])
                if job is not None and connection.ended == "finished":
                    if hashlib.sha256(connection.data).hexdigest() != job.sha256:
                        self.wrong.append(f"{connection.data[:8]!r} was printed with other bytes")
                    self._ledger.add(Event(connection.data[:8], {"printed": True}))
        for key, count in self._papers.items():
            self._ledger.add(Event(key, {"papers": count}))

    def _restart(self) -> None:
        machine = self._machine
        machine.kill()
        machine.disk.fault = lambda number, name: None
        if self._dice.random() < 0.6:
            machine.disk = machine.disk.afterPowerCut(self._dice)
        self._uploads.clear()
        machine.printers[:] = [FakePrinter() for _ in range(PRINTERS)]
        self._seen = [0] * PRINTERS
        self.wrong += wrong(self._ledger, self._look())
        self._dead = False
        machine.start()
        self._broken(machine)

    def _look(self) -> Found:
        store, found = Store(self._machine.disk), Found()
        for port in store.portNames():
            there = store.addPort(port)
            found.complaints += there.complaints
            for place, jobs in there.jobs.items():
                for job in jobs:
                    found.jobs.append(
                        Standing(job.number, PLACES[place], self._hash(store, job.number))
                    )
        found.following = store.reserve("number", 1)
        return found

    def _hash(self, store: Store, number: int) -> str | None:
        try:
            return hashlib.sha256(self._machine.disk.read(store.dataPath(number))).hexdigest()
        except FileNotFoundError:
            return None

    def _settle(self) -> None:
        # All is well from now on: what waits is printed, and a new job is taken within seconds.
        self._machine.advance(6.0)
        self._begin()
        upload = self._uploads[-1]
        upload.sender.reactor.advance(0)
        self._goOn()
        self._machine.advance(PAPER_OUT, 1.0)
        upload.listen()
        self._know()
        if not _QUEUED.search(upload.heard) and not upload.heard.count("426 "):
            self.wrong.append(f"the next job was told {upload.heard!r}")
        found = self._look()
        self.wrong += wrong(self._ledger, found)
        for each in found.jobs:
            if each.where in (Where.WAITING, Where.PRINTING):
                self.wrong.append(f"job {each.number} {each.where.value}, and the printer is well")
