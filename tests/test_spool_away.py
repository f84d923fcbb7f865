"""
Kept jobs while their printer is away: when it is tried or asked again, and who is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import capturedLogs, formatEvent
from zope.interface import implementer

from jetdirect.errors import JobRefused, PrinterUnreachable
from jetdirect.interfaces import IAskedApart, IPrinterConnection, IPrintJob, PrinterStatus
from jetdirect.record import JobState
from jetdirect.spool.printing import PAUSES
from jetdirect.spool.spooling import REMINDED
from jetdirect.testing import FakePrinter
from tests.support.answers import hear
from tests.support.machine import Machine, printing


def test_retriedForEver() -> None:
    """A printer that is away is tried more and more seldom, for ever; then the order is kept."""
    machine = Machine()
    times: list[float] = []

    class Away(FakePrinter):
        def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
            times.append(machine.reactor.seconds())
            self.refusals = [PrinterUnreachable("refused")]
            return super().open(job)

    machine.printer.__class__ = Away
    machine.upload(b"1")
    machine.upload(b"2")
    machine.advance(8 * 3600, step=1)
    pauses = [after - before for before, after in pairwise(times)]
    for told, wanted in zip(pauses, PAUSES, strict=False):
        assert wanted <= told <= 1.2 * wanted + 2
    assert min(pauses[6:]) >= 60
    assert len(pauses) < 8 * 60 + 10
    messages = [port.message for port in machine.watcher.ports if port.message]
    assert set(messages) == {"cannot be reached: refused"}
    machine.printer.__class__ = FakePrinter
    machine.printer.refusals = []
    machine.advance(75)
    assert machine.printed == [b"1", b"2"]
    assert machine.watcher.ports[-1].message.startswith("is reached again, after ")


@implementer(IAskedApart)
class Asked(FakePrinter):
    """
    A printer on the network that can be asked with a datagram.

    @ivar off: it is away: every opening is refused, and no question answered.
    @ivar questions: how often it was asked.
    """

    off = True
    questions = 0

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}."""
        self.refusals = [PrinterUnreachable("refused")] if self.off else []
        return super().open(job)

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}."""
        self.questions += 1
        self.status = PrinterStatus(model="M") if self.off else PrinterStatus("idle")
        return succeed(None)


def test_answersAgain() -> None:
    """A printer that can be asked is tried at once when it answers again."""
    machine = Machine([Asked()])
    machine.upload(b"1")
    machine.advance(600)
    assert machine.printer.questions <= 600 / 5
    asked = machine.printer.questions
    machine.advance(40)
    assert 7 <= machine.printer.questions - asked <= 8
    machine.printer.off = False
    machine.advance(6)
    assert machine.printed == [b"1"]
    asked = machine.printer.questions
    machine.advance(60)
    assert machine.printer.questions == asked


def test_resumed() -> None:
    """A person who lets a port print again has mended its printer: it is tried at once."""
    machine = Machine()
    machine.printer.refusals = [PrinterUnreachable("refused")] * 20
    machine.upload(b"1")
    machine.advance(600)
    machine.printer.refusals.clear()
    machine.gateway.operator.pause("PORT1", "bob")
    machine.gateway.operator.resume("PORT1", "bob")
    machine.advance(1)
    assert machine.printed == [b"1"]


def test_answersAllAlong() -> None:
    """One that answers while it refuses jobs is not tried more often for it."""
    machine = Machine([Asked()])
    tries: list[float] = []

    def refusing(job: IPrintJob) -> Deferred[IPrinterConnection]:
        tries.append(machine.now)
        return fail(PrinterUnreachable("refused"))

    machine.printer.off = False
    machine.printer.open = refusing
    machine.advance(10)  # what was answered at the start is old by now
    machine.upload(b"1")
    machine.advance(600)
    assert len(tries) <= len(PAUSES) + 600 / PAUSES[-1]


@pytest.mark.slow
def test_questionsAreSpread() -> None:
    """However many printers are away: at most twenty questions a second."""
    machine = Machine([Asked() for _ in range(150)])
    for number in range(150):
        machine.upload(b"x", f"PORT{number + 1}/a")
    machine.advance(60)
    before = sum(printer.questions for printer in machine.printers)
    machine.advance(10, step=0.05)
    assert 150 <= sum(printer.questions for printer in machine.printers) - before <= 202


def test_stoppedWhileAsking() -> None:
    """The end of the gateway ends the questions, too."""
    machine = Machine([Asked()])
    machine.upload(b"1")
    machine.advance(20)
    machine.server.stop(0)
    machine.advance(1)
    asked = machine.printer.questions
    machine.advance(60)
    assert machine.printer.questions == asked
    assert machine.files("queue") == [1]


def test_silentPrinter() -> None:
    """One attempt to reach it has the connect time-out, and the next one comes later."""
    machine = Machine(connectTimeout=10)
    machine.printer.silent = True
    machine.upload()
    machine.advance(10.5)
    assert not machine.server.ports[0].jobs
    machine.printer.silent = False
    machine.advance(3)
    assert machine.printed == [b"a page"]


def test_dialling() -> None:
    """After an outage at most twenty printers are dialled in a second."""
    machine = Machine([FakePrinter() for _ in range(60)])
    for printer in machine.printers:
        printer.silent = True
    for number in range(60):
        machine.upload(b"x", f"PORT{number + 1}/a")
    machine.kill()
    for printer in machine.printers:
        printer.silent = False
        printer.jobs.clear()
    machine.start()
    machine.advance(0.5, step=0.01)
    assert 9 <= sum(len(printer.jobs) for printer in machine.printers) <= 12
    machine.advance(3, step=0.01)
    assert sum(len(printer.jobs) for printer in machine.printers) == 60


def test_dialledBefore() -> None:
    """A printer that works is not held up: its jobs follow each other as soon as they can."""
    machine = Machine()
    machine.printer.silent = True
    for number in range(100):
        machine.upload(b"%d" % number)
    machine.printer.silent = False
    machine.advance(3, step=0.01)
    assert len(machine.printed) >= 100


def test_reminder() -> None:
    """Held jobs are told of at each start, and every few hours."""
    machine = Machine([FakePrinter(), FakePrinter()])
    for printer in machine.printers:
        printer.hesitant = True
    machine.upload(b"x" * 100, "PORT1/a")
    machine.upload(b"y" * 100, "PORT2/a")
    machine.advance(1)
    with capturedLogs() as events:
        machine.restart()
        assert _told(events) == ["2 jobs are held for a person: 1 on PORT1, 1 on PORT2"]
        Deferred.fromCoroutine(machine.queue("port2").verbs.cancel(2, "anna"))
        machine.advance(REMINDED, step=600)
        assert _told(events)[1:] == ["a job is held for a person: 1 on PORT1"]
        Deferred.fromCoroutine(machine.queue("port1").verbs.cancel(1, "anna"))
        machine.advance(REMINDED, step=600)
        assert len(_told(events)) == 2


def _told(events: Sequence[Any]) -> list[str]:
    told = [formatEvent(event) for event in events]
    return [line for line in told if "held for a person" in line]


def test_refusedForGood() -> None:
    """What a printer refuses for good is held with its words, and the next one prints."""
    machine = Machine()
    machine.printer.refusals = [refused := JobRefused("it is no PDF")]
    assert refused.final
    machine.upload(b"1")
    machine.upload(b"2")
    machine.advance(2)
    assert machine.printed == [b"2"]
    assert machine.reason(1) == "it is no PDF"


def test_lostWithoutAByte() -> None:
    """A printer that is lost before it has a byte has printed nothing: the job is tried again."""
    machine = printing(b"")
    machine.printer.jobs[0].lose()
    machine.printer.hesitant = False
    machine.advance(3)
    assert [record.outcome for record in machine.watcher.ended] == ["completed"]
    assert machine.watcher.ended[0].attempts == 1


def test_betweenAttempts() -> None:
    """Until it is tried again it waits like any other, and a person may do anything with it."""
    machine = printing(b"")
    operator = machine.gateway.operator
    machine.printer.jobs[0].lose()
    machine.advance(0)
    assert machine.watcher.states[-1] == (1, "pending")
    assert machine.server.portRecord(machine.server.ports[0]).job is None
    assert hear(operator.hold(1, "bob"))[0].state == JobState.HELD
    assert hear(operator.release(1, "bob"))[0].number == 1
    machine.advance(3)
    machine.printer.jobs[-1].lose()
    machine.advance(0)
    assert hear(operator.cancel(1, "bob"))[0].state == JobState.CANCELED
    machine.advance(200)
    assert len(machine.printed) == 2
