"""
What becomes of kept jobs: their order, printers that are away or lost, crashes, doubt.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import capturedLogs, formatEvent
from zope.interface import implementer

from jetdirect.errors import JobRefused, PrinterUnreachable, SpoolFailed, WrongState
from jetdirect.interfaces import IAskedApart, IPrinterConnection, IPrintJob, PrinterStatus
from jetdirect.named import OnDoubt, PortSettings
from jetdirect.record import JobRecord, JobState
from jetdirect.spool import queue as module
from jetdirect.spool.kept import PIECE
from jetdirect.spool.limits import Keep
from jetdirect.spool.printing import PAUSES
from jetdirect.spool.spooling import REMINDED
from jetdirect.testing import FakePrinter, FakePrinterConnection
from tests.support.answers import hear
from tests.support.disk import PowerCut
from tests.support.machine import Machine


def printing(data: bytes = b"x" * 100, **settings: Any) -> Machine:
    """A job that the printer has, and whose end it does not answer."""
    machine = Machine(**settings)
    machine.printer.hesitant = True
    assert "queued" in machine.upload(data)
    machine.advance(1)
    assert machine.files("active") == [1]
    return machine


def test_order() -> None:
    """Jobs print one at a time, in the order of their 226s."""
    machine = Machine()
    machine.printer.hesitant = True
    for name in (b"1", b"2", b"3"):
        assert "queued" in machine.upload(name)
    for count in (1, 2, 3):
        machine.advance(1)
        assert len(machine.printed) == count
        assert machine.queue().queued == 4 - count
        machine.printer.jobs[-1].answer()
    machine.advance(1)
    assert machine.printed == [b"1", b"2", b"3"]
    assert [record.number for record in machine.watcher.ended] == [1, 2, 3]


def test_orderOverRestarts() -> None:
    """Also when the process was killed in between, and then by the order of the places."""
    machine = Machine()
    machine.printer.silent = True
    for name in (b"1", b"2", b"3"):
        machine.upload(name)
    machine.restart(seed=3)
    machine.printer.silent = False
    machine.upload(b"4")
    machine.advance(2)
    assert machine.printed == [b"1", b"2", b"3", b"4"]


def test_ownLine() -> None:
    """A dead printer holds up nobody else."""
    machine = Machine([FakePrinter(), FakePrinter()])
    machine.printers[0].silent = True
    machine.upload(b"1", "PORT1/a")
    assert "PORT2" in machine.upload(b"2", "PORT2/a")
    machine.advance(2)
    assert machine.printers[1].jobs[0].data == b"2"
    assert machine.printers[0].jobs == []


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


def test_attemptBeforeFirstByte() -> None:
    """No byte leaves before it is durable that one may."""
    machine = Machine()
    seen: list[list[int]] = []

    class Looking(FakePrinterConnection):
        def write(self, data: bytes) -> None:
            seen.append(machine.files("active"))
            super().write(data)

    class Printer(FakePrinter):
        def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
            made = super().open(job)
            self.jobs[-1].__class__ = Looking
            return made

    machine.printer.__class__ = Printer
    machine.upload()
    machine.advance(1)
    assert seen == [[1]]


def test_attemptNotRecorded() -> None:
    """If that cannot be recorded, not a byte leaves, and the job waits until the disk is well."""
    machine = Machine()

    def fault(number: int, name: str) -> None:
        if name == "sync" and machine.printer.jobs:
            raise OSError(errno.EIO, "failed")

    machine.disk.fault = fault
    machine.upload()
    machine.advance(3)
    assert [job.data for job in machine.printer.jobs] == [b""]
    assert machine.printer.jobs[0].ended == "aborted"
    machine.disk.fault = lambda number, name: None
    machine.advance(20)
    assert machine.printed == [b"", b"a page"]
    assert machine.watcher.ended[0].attempts == 1


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


@pytest.mark.parametrize("data", [b"", b"x" * 100], ids=["waits", "in doubt"])
def test_canceledWhenThePrinterIsLost(data: bytes) -> None:
    """A job that would wait again, or be held, when it was to be canceled is canceled."""
    machine = printing(data)
    machine.work.hold()
    machine.printer.jobs[0].lose()
    canceled = hear(machine.gateway.operator.cancel(1, "bob"))
    machine.work.go()
    machine.advance(200)
    assert canceled[0].state == JobState.CANCELED
    assert canceled[0].printed == ("part" if data else "no")
    assert len(machine.printed) == 1 and machine.files("done") == [1]


@pytest.mark.parametrize("policy", OnDoubt)
def test_doubt(policy: OnDoubt) -> None:
    """A printer that is lost in mid-job leaves it in doubt; what then, is the operator's choice."""
    machine = printing(onDoubt=policy)
    machine.upload(b"next")
    machine.printer.jobs[0].lose()
    machine.printer.hesitant = False
    machine.advance(3)
    said = "interrupted; all bytes sent, their end may not be printed"
    said += " (the printer was switched off)"
    match policy:
        case OnDoubt.HOLD:
            assert machine.reason(1) == said
            assert machine.printed[1:] == [b"next"]
        case OnDoubt.STOP:
            assert machine.reason(1) == said
            assert machine.printed[1:] == []
            record = machine.server.portRecord(machine.server.ports[0])
            assert (record.state, record.reasons) == ("stopped", ("paused",))
        case OnDoubt.REPRINT:
            assert machine.printed[1:] == [b"x" * 100, b"next"]
            assert machine.watcher.ended[0].reason == "printed whole in attempt 2"
        case OnDoubt.DROP:
            assert machine.watcher.ended[0].outcome == "aborted"
            assert machine.watcher.ended[0].reason == said
            assert machine.printed[1:] == [b"next"]


def test_stopBeforeTheNextCanPass() -> None:
    """Whenever the process is killed, no job passes one in doubt that is to stop its port."""
    for done in range(8):
        machine = printing(onDoubt=OnDoubt.STOP)
        machine.upload(b"next")
        machine.work.hold()
        machine.printer.jobs[0].lose()
        machine.printer.hesitant = False
        for _ in range(done):
            machine.advance(1)
            if machine.work.held:
                machine.work.one()
        machine.restart()
        machine.advance(3)
        assert machine.printed == [b"x" * 100]
        assert machine.spooling.paused == {"port1": "job 1, which is in doubt"}
        assert machine.files("held") == [1]


def test_truncatedInItsLine() -> None:
    """Bytes that went while the job waited are seen before a byte is printed."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"a page")
    machine.disk.inode("ports/port1/queue/00000001/data").data = b"a"
    machine.printer.silent = False
    machine.advance(70)
    assert machine.printed == [b""]
    assert machine.reason(1) == "the job cannot be used: its data has 1 bytes, 6 were kept"


def test_poison() -> None:
    """A job on which the printer dies each time is set aside after the third."""
    machine = printing(onDoubt=OnDoubt.REPRINT)
    machine.upload(b"next")
    for _ in range(3):
        machine.printer.jobs[-1].lose()
        machine.advance(3)
    machine.printer.jobs[-1].answer()
    machine.advance(1)
    assert machine.printed == [b"x" * 100] * 3 + [b"next"]
    assert machine.reason(1).startswith("poison: begun 3 times without an end; interrupted; ")


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_crashWhilePrinting(seed: int | None) -> None:
    """What was printing when the process died, or the power went, is held; the next one prints."""
    machine = printing()
    machine.upload(b"next")
    machine.restart(seed)
    machine.printer.hesitant = False
    machine.advance(2)
    assert machine.printed[1:] == [b"next"]
    assert machine.reason(1) in (
        "interrupted; at least 99 of 100 bytes sent",  # the end is not known to have come
        "interrupted; at least 0 of 100 bytes sent",
    )


def test_crashWithoutPaper() -> None:
    """A printer that takes a part at once, and no more: after a crash the part is known."""
    machine = Machine()

    class Full(FakePrinterConnection):
        def write(self, data: bytes) -> None:
            super().write(data)
            self.pause()

    class Printer(FakePrinter):
        def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
            made = super().open(job)
            self.jobs[-1].__class__ = Full
            return made

    machine.printer.__class__ = Printer
    machine.upload(b"x" * 3 * PIECE)
    machine.advance(3)
    machine.restart()
    machine.advance(2)
    assert machine.reason(1) == f"interrupted; at least {PIECE} of {3 * PIECE} bytes sent"


def test_crashBeforeFirstByte() -> None:
    """What was only being connected prints in its turn."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"1")
    machine.advance(1)
    assert machine.server.ports[0].jobs
    machine.restart()
    machine.printer.silent = False
    machine.advance(1)
    assert machine.printed == [b"1"]


def test_crashAfterTheEnd() -> None:
    """What is recorded as printed is never printed again, and its bytes go."""
    machine = Machine()
    machine.upload(b"1")
    machine.advance(1)
    assert machine.disk.inodes("ports/port1/done/00000001") != []
    for seed in range(3):
        machine.restart(seed)
        machine.advance(2)
        assert machine.printed == [b"1"]
    assert "data" not in machine.disk.inodes("ports/port1/done/00000001")


def test_endNotRecorded() -> None:
    """A port whose job's end cannot be recorded stops: after a crash it would print twice."""
    machine = printing()
    machine.upload(b"next")

    def fault(number: int, name: str) -> None:
        if name == "sync":
            raise OSError(errno.EIO, "failed")

    machine.disk.fault = fault
    machine.printer.hesitant = False
    machine.printer.jobs[0].answer()
    machine.advance(30)
    assert len(machine.printed) == 1
    assert machine.server.portRecord(machine.server.ports[0]).reasons == ("spool-failed",)
    machine.disk.fault = lambda number, name: None
    machine.advance(10)
    assert machine.printed == [b"x" * 100, b"next"]


def test_crashBeforeTheEndIsRecorded() -> None:
    """The printer has answered, which a note of the dead process says: it is likely on paper."""
    machine = printing()

    def fault(number: int, name: str) -> None:
        if name == "sync":
            raise OSError(errno.EIO, "failed")

    machine.disk.fault = fault
    machine.printer.jobs[0].answer()
    machine.advance(1)
    machine.disk.fault = lambda number, name: None
    machine.restart()
    machine.advance(2)
    assert machine.reason(1) == "interrupted; all bytes were handed over, probably printed"


def test_alteredData() -> None:
    """Bytes that are not what was kept are never printed, and the job is set aside."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"1")
    machine.upload(b"2")
    machine.kill()
    machine.disk.inode("ports/port1/queue/00000001/data").data = b"7"
    machine.start()
    machine.printer.silent = False
    machine.advance(3)
    assert machine.printed == [b"2"]
    assert machine.files("corrupt") == [1]


@pytest.mark.parametrize("outcome", [b"", b"printed"])
def test_damagedEnd(outcome: bytes) -> None:
    """An ended job of which nobody can read how it ended is set aside, and its port prints on."""
    machine = Machine(keep=Keep(jobs=5))
    machine.upload(b"1")
    machine.advance(1)
    assert machine.files("done") == [1]
    machine.kill()
    record = machine.disk.inode("ports/port1/done/00000001/job.json")
    record.data = record.data.replace(b'"completed"', b'"%s"' % outcome)
    machine.start()
    machine.upload(b"2")
    machine.advance(3)
    assert machine.printed == [b"1", b"2"]
    assert machine.files("corrupt") == [1]


def test_dataGone() -> None:
    """Nor is a job printed whose bytes are gone while the process lives; it is held."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"1")
    machine.upload(b"2")
    machine.disk.remove("ports/port1/queue/00000001/data")
    machine.printer.silent = False
    machine.advance(40)
    assert machine.printed[-1:] == [b"2"]
    assert machine.reason(1) == "the job cannot be used: it has no data"


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_unreadableData(restarted: bool, code: int) -> None:
    """A job whose bytes the disk does not read is held, and the next one prints at once."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"1")
    machine.upload(b"2")
    if restarted:
        machine.kill()
        machine.printer.jobs.clear()
    first: list[int] = []

    def fault(number: int, name: str) -> None:
        if name == "readPiece" and not first:
            first.append(number)
            raise OSError(code, "Input/output error")

    machine.disk.fault = fault
    if restarted:
        machine.start()
    machine.printer.silent = False
    machine.advance(40)
    assert machine.printed[-1:] == [b"2"]
    assert machine.spooling.broken is None
    assert "cannot be read" in machine.reason(1)
    machine.disk.fault = lambda number, name: None
    Deferred.fromCoroutine(machine.queue().verbs.release(1, "anna"))
    machine.advance(3)
    assert machine.printed[-1:] == [b"1"]


def test_notMounted() -> None:
    """A job whose disk is away, and an empty directory in its place, waits for the disk."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"1")
    machine.upload(b"2")
    ports = machine.disk.directory("").names.pop("ports")
    machine.printer.silent = False
    machine.advance(70)
    assert machine.printed[-1:] != [b"1"] and machine.spooling.broken is not None
    machine.disk.directory("").names["ports"] = ports
    machine.advance(10)
    assert machine.printed[-2:] == [b"1", b"2"]
    assert machine.spooling.broken is None


def test_unreadableRecord() -> None:
    """A job whose record the disk does not read waits for a person; the spool is well."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"1")
    machine.upload(b"2")
    machine.upload(b"3")
    machine.disk.inode("ports/port1/queue/00000002/job.json").unreadable = True
    machine.printer.silent = False
    machine.advance(40)
    assert machine.printed[-2:] == [b"1", b"3"]
    assert machine.spooling.broken is None
    status = machine.queue().status(2)
    assert status is not None and status.state is JobState.HELD
    assert status.reason == "its record cannot be read: the spool failed: failed"
    shown: list[JobRecord] = []
    Deferred.fromCoroutine(machine.queue().verbs.show(2)).addCallback(shown.append)
    assert (shown[0].number, shown[0].name, shown[0].reason) == (2, "", status.reason)
    assert machine.files("queue") == [2]
    refused = Deferred.fromCoroutine(machine.queue().verbs.cancel(2, "anna"))
    assert refused.addErrback(lambda failure: failure.type).result is SpoolFailed
    machine.disk.inode("ports/port1/queue/00000002/job.json").unreadable = False
    Deferred.fromCoroutine(machine.queue().verbs.release(2, "anna"))
    machine.advance(3)
    assert machine.printed[-1:] == [b"2"]


def test_unreadableAtTheStart() -> None:
    """At a start such a job is left where it is, and told; the next start finds it."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"1")
    machine.upload(b"2")
    machine.kill()
    machine.printer.jobs.clear()
    machine.disk.inode("ports/port1/queue/00000001/job.json").unreadable = True
    machine.start()
    machine.printer.silent = False
    machine.advance(3)
    assert machine.printed == [b"2"]
    assert (machine.files("queue"), machine.queue().stateOf(1)) == ([1], None)
    machine.kill()
    machine.disk.inode("ports/port1/queue/00000001/job.json").unreadable = False
    machine.start()
    machine.advance(3)
    assert machine.printed == [b"2", b"1"]


def test_unreadablePort() -> None:
    """What was kept for one port cannot be read: it refuses jobs, and the others go on."""
    machine = Machine([FakePrinter(), FakePrinter()])
    machine.printer.silent = True
    machine.upload(b"1")
    machine.kill()
    machine.printer.jobs.clear()

    machine.disk.directory("ports/port1/queue").unreadable = True
    machine.start()
    assert machine.upload(b"2").startswith("450 Job 101 not printed: the spool of PORT1 has failed")
    assert machine.server.portRecord(machine.server.ports[0]).reasons == ("spool-failed",)
    assert machine.server.portRecord(machine.server.ports[1]).reasons == ()
    machine.disk.directory("ports/port1/queue").unreadable = False
    machine.printer.silent = False
    machine.advance(61)
    assert machine.printed == [b"1"]
    assert machine.upload(b"2").startswith("226 ")


@pytest.mark.parametrize("call", range(1, 40))
def test_failsWhileItOpens(call: int) -> None:
    """Whatever call of the disk fails while the spool is opened: the job prints, and once."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"1")
    machine.kill()
    machine.printer.jobs.clear()
    machine.printer.silent = False
    machine.start(held=True)
    failing = machine.disk.calls + call

    def fault(number: int, name: str) -> None:
        if number == failing:
            raise OSError(errno.EIO, "failed")

    machine.disk.fault = fault
    machine.work.go()
    machine.advance(130)
    # What was read at this moment is told to be unreadable; a person does what the log says.
    if machine.queue().stateOf(1) is JobState.HELD:
        Deferred.fromCoroutine(machine.queue().verbs.release(1, "anna"))
    elif not machine.printed:
        machine.restart()
    machine.advance(3)
    assert machine.printed == [b"1"]


def test_twoVerbsAtATime() -> None:
    """Two persons want different things of one job: one after the other, as if they had waited."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"1")
    machine.upload(b"2")
    machine.work.hold()
    verbs = machine.queue().verbs
    done = Deferred.fromCoroutine(verbs.cancel(2, "anna"))
    refused = Deferred.fromCoroutine(verbs.hold(2, "berta"))
    machine.work.go()
    machine.advance(1)
    assert done.result is None
    assert refused.addErrback(lambda failure: failure.type).result is WrongState
    assert (machine.files("done"), machine.files("held")) == ([2], [])


def test_verbWithoutRecord() -> None:
    """A job of which nothing can be read when a person wants something of it stays in line."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"1")
    machine.upload(b"2")
    record = machine.disk.inode("ports/port1/queue/00000002/job.json")
    record.unreadable = True
    refused = Deferred.fromCoroutine(machine.queue().verbs.hold(2, "anna"))
    assert refused.addErrback(lambda failure: failure.type).result is SpoolFailed
    record.unreadable = False
    machine.printer.silent = False
    machine.advance(40)
    assert machine.printed[-2:] == [b"1", b"2"]


def test_nothingReadable() -> None:
    """A disk that reads and writes nothing is what is broken, not its jobs: none is held for it."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"1")
    machine.kill()
    broken = False

    def fault(number: int, name: str) -> None:
        nonlocal broken
        broken = broken or name == "readPiece"
        if broken and name in {"readPiece", "create"}:
            raise OSError(errno.EIO, "failed")

    machine.disk.fault = fault
    machine.start()
    machine.printer.silent = False
    machine.advance(20)
    assert machine.spooling.broken is not None
    machine.disk.fault = lambda number, name: None
    machine.advance(10)
    assert machine.printed[-1:] == [b"1"]
    assert machine.queue().held == 0


def test_expire() -> None:
    """A job that has waited too long is held, never deleted."""
    machine = Machine(expire=60)
    machine.printer.silent = True
    machine.upload(b"1")
    machine.advance(130)
    machine.printer.silent = False
    machine.upload(b"2")
    machine.advance(70)
    assert machine.printed == [b"2"]
    assert machine.reason(1) == "expired after 60 s"


def test_expireReleased() -> None:
    """A person who releases or moves it wants it printed: the time begins anew."""
    machine = Machine([FakePrinter(), FakePrinter()], expire=60)
    machine.printer.silent = True
    for each in (b"1", b"2"):
        machine.upload(each)
    machine.advance(200)
    assert machine.files("held") == [1, 2]
    machine.printer.silent = False
    operator = machine.gateway.operator
    answers = [hear(operator.release(1, "bob")), hear(operator.move(2, "PORT2", "bob"))]
    machine.advance(70)
    assert [answer[0].state for answer in answers] == ["pending", "pending"]
    assert machine.printed == [b"1"]
    assert machine.printers[1].jobs[0].data == b"2"


def test_killedWhileMoved() -> None:
    """Whenever the process is killed while a job is moved, the job prints once, here or there."""
    for calls in range(1, 20):
        machine = Machine([FakePrinter(), FakePrinter()])
        for printer in machine.printers:
            printer.silent = True
        machine.upload(b"1")
        _killAt(machine, calls)
        machine.gateway.operator.move(1, "PORT2", "bob").addErrback(lambda _: None)
        machine.advance(1)
        machine.kill()
        machine.disk.fault = lambda number, name: None
        for printer in machine.printers:
            printer.silent = False
            printer.jobs.clear()
        machine.start()
        machine.advance(3)
        printed = [job.data for printer in machine.printers for job in printer.jobs]
        assert printed == [b"1"], calls


def test_killedWhileItsEndIsRecorded() -> None:
    """A job whose end is recorded has ended, also if it was not put among the ended yet."""
    ends = set()
    for calls in range(1, 20):
        machine = printing(onDoubt=OnDoubt.REPRINT)
        _killAt(machine, calls)
        machine.printer.jobs[0].answer()
        machine.advance(1)
        recorded = b'"outcome": "completed"' in machine.disk.inode(_recordOf(machine)).data
        machine.kill()
        machine.disk.fault = lambda number, name: None
        machine.printer.hesitant = False
        machine.start()
        machine.advance(3)
        assert len(machine.printed) == 1 + (not recorded), calls
        assert machine.files("done") == [1]
        ends.add(recorded)
    assert ends == {False, True}


def _killAt(machine: Machine, calls: int) -> None:
    """Let the disk do so many calls more, and then nothing."""
    last = machine.disk.calls + calls

    def fault(number: int, name: str) -> None:
        if number > last:
            raise PowerCut

    machine.disk.fault = fault


def _recordOf(machine: Machine) -> str:
    found = next(place for place in ("active", "done", "queue") if machine.files(place))
    return f"ports/port1/{found}/00000001/job.json"


def test_portChanged() -> None:
    """A port that is known by its place only, and prints elsewhere now, prints nothing old."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"1")
    machine.kill()
    machine.printers = [FakePrinter()]
    machine.printer.uri = "fake:other"
    machine.start()
    machine.upload(b"2")
    machine.advance(2)
    assert machine.printed == [b"2"]
    assert machine.reason(1) == "port changed"


def test_removedPort() -> None:
    """What was kept for a port that is no more stays, and prints when the port comes back."""
    machine = Machine([FakePrinter(), FakePrinter()])
    machine.printers[1].silent = True
    machine.upload(b"1", "PORT2/a")
    machine.kill()
    both, machine.printers = machine.printers, machine.printers[:1]
    machine.start()
    machine.advance(5)
    assert machine.files("queue", "port2") == [1]
    assert machine.spooling.queues["port2"].removed
    machine.kill()
    machine.printers = both
    machine.printers[1].silent = False
    machine.start()
    machine.advance(2)
    assert [job.data for job in machine.printers[1].jobs] == [b"1"]


def test_keepsNoLonger() -> None:
    """A port that keeps jobs no longer prints those that it has, also after a restart."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"1")
    machine.kill()
    machine.settings = PortSettings()
    machine.printer.silent = False
    machine.start()
    machine.advance(2)
    assert machine.printed == [b"1"]
    assert "delivered" in machine.upload(b"2")


def test_duplicate() -> None:
    """What comes again after a crash from who cannot have heard is held; once, and for a while."""
    machine = Machine()
    machine.printer.silent = True
    machine.sender().upload("a.ps", b"label")
    machine.restart()
    assert "queued" in machine.upload(b"label", host="192.0.2.8")  # somebody else's
    with capturedLogs() as events:
        assert "queued" in machine.upload(b"label", name="again.ps")
    assert "is held: duplicate of 1 (" in "".join(map(str, map(formatEvent, events)))
    held = machine.files("held")
    assert len(held) == 1
    assert machine.reason(held[0]) == "duplicate of 1"
    assert "queued" in machine.upload(b"label")
    assert machine.files("held") == held


def test_heardIsNoDuplicate() -> None:
    """A sender that has heard its 226 may send the same again, also after a crash."""
    machine = Machine()
    machine.printer.silent = True
    sender = machine.sender()
    sender.upload("a.ps", b"label")
    sender.say("NOOP")
    machine.advance(2)
    machine.restart()
    machine.upload(b"label")
    assert machine.files("held") == []


@pytest.mark.parametrize("silent", [True, False], ids=["printing", "printed"])
def test_heardLate(silent: bool) -> None:
    """Nor if the first one prints, or has printed, before it is known that it was heard."""
    machine = Machine()
    machine.printer.hesitant = silent
    sender = machine.sender()
    sender.upload("a.ps", b"label")
    machine.advance(0.1, step=0.01)
    [place] = [each for each in ("active", "done") if machine.files(each)]
    assert place == ("active" if silent else "done")
    sender.say("NOOP")
    machine.advance(2)
    machine.restart()
    machine.upload(b"label")
    held = [machine.reason(number) for number in machine.files("held")]
    assert not [each for each in held if "duplicate" in each]


def test_duplicateWindow() -> None:
    """After a quarter of an hour the same again is a job of its own."""
    machine = Machine()
    machine.printer.silent = True
    machine.sender().upload("a.ps", b"label")
    machine.restart()
    machine.advance(901, step=10)
    machine.upload(b"label")
    assert machine.files("held") == []


def test_keep() -> None:
    """As many printed jobs as wanted keep their bytes."""
    machine = Machine(keep=Keep(jobs=2))
    for name in (b"1", b"2", b"3"):
        machine.upload(name)
    machine.advance(2)
    having = [
        number
        for number in (1, 2, 3)
        if "data" in machine.disk.inodes(f"ports/port1/done/{number:08}")
    ]
    assert having == [2, 3]
    machine.advance(1000, step=10)
    assert machine.files("done") == [2, 3]


def test_forgotten() -> None:
    """Without that nothing stays of a printed job, after the time in which it may come again."""
    machine = Machine()
    machine.upload(b"1")
    machine.advance(1)
    assert machine.files("done") == [1]
    machine.advance(1000, step=10)
    assert machine.files("done") == []
    assert machine.queue().jobs == {}


@pytest.mark.parametrize("drain", [False, True])
def test_stopped(drain: bool) -> None:
    """SIGTERM: no new attempt; the one that runs has its time, and is held then."""
    machine = printing()
    machine.upload(b"next")
    over: list[object] = []
    machine.gateway.stopService().addCallback(over.append)
    machine.advance(1)
    if drain:
        machine.printer.jobs[0].answer()
        machine.advance(1)
        assert machine.files("done") == [1]
    else:
        machine.advance(61)
        machine.printer.jobs[0].answer()
        machine.advance(3)
        assert machine.reason(1).startswith("the gateway was stopped; all bytes sent, their end")
    assert over
    assert len(machine.printer.jobs) == 1
    assert machine.files("queue") == [2]


def test_manyAtTheStart(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are at the start, they are counted in pieces, and all are there."""
    machine = Machine()
    machine.printer.silent = True
    for number in range(7):
        machine.upload(b"%d" % number)
    machine.kill()
    monkeypatch.setattr(module, "AT_A_TIME", 2)
    machine.start()
    machine.upload(b"7")
    machine.printer.silent = False
    machine.advance(5)
    assert machine.printed == [b"%d" % number for number in range(8)]


def test_manyWait() -> None:
    """Only the next job stands in the port's line, however many wait."""
    machine = Machine()
    machine.printer.silent = True
    for _ in range(20):
        machine.upload()
    machine.advance(1)
    assert len(machine.server.ports[0].jobs) == 1
    record = machine.server.portRecord(machine.server.ports[0])
    assert (record.queued, record.held, record.spooled) == (20, 0, True)
