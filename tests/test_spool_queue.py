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
from tests.support.site import Site


def printing(data: bytes = b"x" * 100, **settings: Any) -> Site:
    """A job that the printer has, and whose end it does not answer."""
    site = Site(**settings)
    site.printer.hesitant = True
    assert "queued" in site.upload(data)
    site.advance(1)
    assert site.files("active") == [1]
    return site


def test_order() -> None:
    """Jobs print one at a time, in the order of their 226s."""
    site = Site()
    site.printer.hesitant = True
    for name in (b"1", b"2", b"3"):
        assert "queued" in site.upload(name)
    for count in (1, 2, 3):
        site.advance(1)
        assert len(site.printed) == count
        assert site.queue().queued == 4 - count
        site.printer.jobs[-1].answer()
    site.advance(1)
    assert site.printed == [b"1", b"2", b"3"]
    assert [record.number for record in site.watcher.ended] == [1, 2, 3]


def test_orderOverRestarts() -> None:
    """Also when the process was killed in between, and then by the order of the places."""
    site = Site()
    site.printer.silent = True
    for name in (b"1", b"2", b"3"):
        site.upload(name)
    site.restart(seed=3)
    site.printer.silent = False
    site.upload(b"4")
    site.advance(2)
    assert site.printed == [b"1", b"2", b"3", b"4"]


def test_ownLine() -> None:
    """A dead printer holds up nobody else."""
    site = Site([FakePrinter(), FakePrinter()])
    site.printers[0].silent = True
    site.upload(b"1", "PORT1/a")
    assert "PORT2" in site.upload(b"2", "PORT2/a")
    site.advance(2)
    assert site.printers[1].jobs[0].data == b"2"
    assert site.printers[0].jobs == []


def test_retriedForEver() -> None:
    """A printer that is away is tried more and more seldom, for ever; then the order is kept."""
    site = Site()
    times: list[float] = []

    class Away(FakePrinter):
        def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
            times.append(site.reactor.seconds())
            self.refusals = [PrinterUnreachable("refused")]
            return super().open(job)

    site.printer.__class__ = Away
    site.upload(b"1")
    site.upload(b"2")
    site.advance(8 * 3600, step=1)
    pauses = [after - before for before, after in pairwise(times)]
    for told, wanted in zip(pauses, PAUSES, strict=False):
        assert wanted <= told <= 1.2 * wanted + 2
    assert min(pauses[6:]) >= 60
    assert len(pauses) < 8 * 60 + 10
    messages = [port.message for port in site.watcher.ports if port.message]
    assert set(messages) == {"cannot be reached: refused"}
    site.printer.__class__ = FakePrinter
    site.printer.refusals = []
    site.advance(75)
    assert site.printed == [b"1", b"2"]
    assert site.watcher.ports[-1].message.startswith("is reached again, after ")


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
    site = Site([Asked()])
    site.upload(b"1")
    site.advance(600)
    assert site.printer.questions <= 600 / 5
    asked = site.printer.questions
    site.advance(40)
    assert 7 <= site.printer.questions - asked <= 8
    site.printer.off = False
    site.advance(6)
    assert site.printed == [b"1"]
    asked = site.printer.questions
    site.advance(60)
    assert site.printer.questions == asked


def test_resumed() -> None:
    """A person who lets a port print again has mended its printer: it is tried at once."""
    site = Site()
    site.printer.refusals = [PrinterUnreachable("refused")] * 20
    site.upload(b"1")
    site.advance(600)
    site.printer.refusals.clear()
    site.gateway.operator.pause("PORT1", "bob")
    site.gateway.operator.resume("PORT1", "bob")
    site.advance(1)
    assert site.printed == [b"1"]


def test_answersAllAlong() -> None:
    """One that answers while it refuses jobs is not tried more often for it."""
    site = Site([Asked()])
    tries: list[float] = []

    def refusing(job: IPrintJob) -> Deferred[IPrinterConnection]:
        tries.append(site.now)
        return fail(PrinterUnreachable("refused"))

    site.printer.off = False
    site.printer.open = refusing
    site.advance(10)  # what was answered at the start is old by now
    site.upload(b"1")
    site.advance(600)
    assert len(tries) <= len(PAUSES) + 600 / PAUSES[-1]


def test_questionsAreSpread() -> None:
    """However many printers are away: at most twenty questions a second."""
    site = Site([Asked() for _ in range(150)])
    for number in range(150):
        site.upload(b"x", f"PORT{number + 1}/a")
    site.advance(60)
    before = sum(printer.questions for printer in site.printers)
    site.advance(10, step=0.05)
    assert 150 <= sum(printer.questions for printer in site.printers) - before <= 202


def test_stoppedWhileAsking() -> None:
    """The end of the gateway ends the questions, too."""
    site = Site([Asked()])
    site.upload(b"1")
    site.advance(20)
    site.server.stop(0)
    site.advance(1)
    asked = site.printer.questions
    site.advance(60)
    assert site.printer.questions == asked
    assert site.files("queue") == [1]


def test_silentPrinter() -> None:
    """One attempt to reach it has the connect time-out, and the next one comes later."""
    site = Site(connectTimeout=10)
    site.printer.silent = True
    site.upload()
    site.advance(10.5)
    assert not site.server.ports[0].jobs
    site.printer.silent = False
    site.advance(3)
    assert site.printed == [b"a page"]


def test_dialling() -> None:
    """After an outage at most twenty printers are dialled in a second."""
    site = Site([FakePrinter() for _ in range(60)])
    for printer in site.printers:
        printer.silent = True
    for number in range(60):
        site.upload(b"x", f"PORT{number + 1}/a")
    site.kill()
    for printer in site.printers:
        printer.silent = False
        printer.jobs.clear()
    site.start()
    site.advance(0.5, step=0.01)
    assert 9 <= sum(len(printer.jobs) for printer in site.printers) <= 12
    site.advance(3, step=0.01)
    assert sum(len(printer.jobs) for printer in site.printers) == 60


def test_dialledBefore() -> None:
    """A printer that works is not held up: its jobs follow each other as soon as they can."""
    site = Site()
    site.printer.silent = True
    for number in range(100):
        site.upload(b"%d" % number)
    site.printer.silent = False
    site.advance(3, step=0.01)
    assert len(site.printed) >= 100


def test_reminder() -> None:
    """Held jobs are told of at each start, and every few hours."""
    site = Site([FakePrinter(), FakePrinter()])
    for printer in site.printers:
        printer.hesitant = True
    site.upload(b"x" * 100, "PORT1/a")
    site.upload(b"y" * 100, "PORT2/a")
    site.advance(1)
    with capturedLogs() as events:
        site.restart()
        assert _told(events) == ["2 jobs are held for a person: 1 on PORT1, 1 on PORT2"]
        Deferred.fromCoroutine(site.queue("port2").verbs.cancel(2, "anna"))
        site.advance(REMINDED, step=600)
        assert _told(events)[1:] == ["a job is held for a person: 1 on PORT1"]
        Deferred.fromCoroutine(site.queue("port1").verbs.cancel(1, "anna"))
        site.advance(REMINDED, step=600)
        assert len(_told(events)) == 2


def _told(events: Sequence[Any]) -> list[str]:
    told = [formatEvent(event) for event in events]
    return [line for line in told if "held for a person" in line]


def test_refusedForGood() -> None:
    """What a printer refuses for good is held with its words, and the next one prints."""
    site = Site()
    site.printer.refusals = [refused := JobRefused("it is no PDF")]
    assert refused.final
    site.upload(b"1")
    site.upload(b"2")
    site.advance(2)
    assert site.printed == [b"2"]
    assert site.reason(1) == "it is no PDF"


def test_attemptBeforeFirstByte() -> None:
    """No byte leaves before it is durable that one may."""
    site = Site()
    seen: list[list[int]] = []

    class Looking(FakePrinterConnection):
        def write(self, data: bytes) -> None:
            seen.append(site.files("active"))
            super().write(data)

    class Printer(FakePrinter):
        def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
            made = super().open(job)
            self.jobs[-1].__class__ = Looking
            return made

    site.printer.__class__ = Printer
    site.upload()
    site.advance(1)
    assert seen == [[1]]


def test_attemptNotRecorded() -> None:
    """If that cannot be recorded, not a byte leaves, and the job waits until the disk is well."""
    site = Site()

    def fault(number: int, name: str) -> None:
        if name == "sync" and site.printer.jobs:
            raise OSError(errno.EIO, "failed")

    site.disk.fault = fault
    site.upload()
    site.advance(3)
    assert [job.data for job in site.printer.jobs] == [b""]
    assert site.printer.jobs[0].ended == "aborted"
    site.disk.fault = lambda number, name: None
    site.advance(20)
    assert site.printed == [b"", b"a page"]
    assert site.watcher.ended[0].attempts == 1


def test_lostWithoutAByte() -> None:
    """A printer that is lost before it has a byte has printed nothing: the job is tried again."""
    site = printing(b"")
    site.printer.jobs[0].lose()
    site.printer.hesitant = False
    site.advance(3)
    assert [record.outcome for record in site.watcher.ended] == ["completed"]
    assert site.watcher.ended[0].attempts == 1


@pytest.mark.parametrize("policy", OnDoubt)
def test_doubt(policy: OnDoubt) -> None:
    """A printer that is lost in mid-job leaves it in doubt; what then, is the operator's choice."""
    site = printing(onDoubt=policy)
    site.upload(b"next")
    site.printer.jobs[0].lose()
    site.printer.hesitant = False
    site.advance(3)
    said = "interrupted; all bytes sent, their end may not be printed"
    said += " (the printer was switched off)"
    match policy:
        case OnDoubt.HOLD:
            assert site.reason(1) == said
            assert site.printed[1:] == [b"next"]
        case OnDoubt.STOP:
            assert site.reason(1) == said
            assert site.printed[1:] == []
            record = site.server.portRecord(site.server.ports[0])
            assert (record.state, record.reasons) == ("stopped", ("paused",))
        case OnDoubt.REPRINT:
            assert site.printed[1:] == [b"x" * 100, b"next"]
            assert site.watcher.ended[0].reason == "printed whole in attempt 2"
        case OnDoubt.DROP:
            assert site.watcher.ended[0].outcome == "aborted"
            assert site.watcher.ended[0].reason == said
            assert site.printed[1:] == [b"next"]


def test_poison() -> None:
    """A job on which the printer dies each time is set aside after the third."""
    site = printing(onDoubt=OnDoubt.REPRINT)
    site.upload(b"next")
    for _ in range(3):
        site.printer.jobs[-1].lose()
        site.advance(3)
    site.printer.jobs[-1].answer()
    site.advance(1)
    assert site.printed == [b"x" * 100] * 3 + [b"next"]
    assert site.reason(1).startswith("poison: begun 3 times without an end; interrupted; ")


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_crashWhilePrinting(seed: int | None) -> None:
    """What was printing when the process died, or the power went, is held; the next one prints."""
    site = printing()
    site.upload(b"next")
    site.restart(seed)
    site.printer.hesitant = False
    site.advance(2)
    assert site.printed[1:] == [b"next"]
    assert site.reason(1) in (
        "interrupted; at least 99 of 100 bytes sent",  # the end is not known to have come
        "interrupted; at least 0 of 100 bytes sent",
    )


def test_crashWithoutPaper() -> None:
    """A printer that takes a part at once, and no more: after a crash the part is known."""
    site = Site()

    class Full(FakePrinterConnection):
        def write(self, data: bytes) -> None:
            super().write(data)
            self.pause()

    class Printer(FakePrinter):
        def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
            made = super().open(job)
            self.jobs[-1].__class__ = Full
            return made

    site.printer.__class__ = Printer
    site.upload(b"x" * 3 * PIECE)
    site.advance(3)
    site.restart()
    site.advance(2)
    assert site.reason(1) == f"interrupted; at least {PIECE} of {3 * PIECE} bytes sent"


def test_crashBeforeFirstByte() -> None:
    """What was only being connected prints in its turn."""
    site = Site()
    site.printer.silent = True
    site.upload(b"1")
    site.advance(1)
    assert site.server.ports[0].jobs
    site.restart()
    site.printer.silent = False
    site.advance(1)
    assert site.printed == [b"1"]


def test_crashAfterTheEnd() -> None:
    """What is recorded as printed is never printed again, and its bytes go."""
    site = Site()
    site.upload(b"1")
    site.advance(1)
    assert site.disk.inodes("ports/port1/done/00000001") != []
    for seed in range(3):
        site.restart(seed)
        site.advance(2)
        assert site.printed == [b"1"]
    assert "data" not in site.disk.inodes("ports/port1/done/00000001")


def test_endNotRecorded() -> None:
    """A port whose job's end cannot be recorded stops: after a crash it would print twice."""
    site = printing()
    site.upload(b"next")

    def fault(number: int, name: str) -> None:
        if name == "sync":
            raise OSError(errno.EIO, "failed")

    site.disk.fault = fault
    site.printer.hesitant = False
    site.printer.jobs[0].answer()
    site.advance(30)
    assert len(site.printed) == 1
    assert site.server.portRecord(site.server.ports[0]).reasons == ("spool-failed",)
    site.disk.fault = lambda number, name: None
    site.advance(10)
    assert site.printed == [b"x" * 100, b"next"]


def test_crashBeforeTheEndIsRecorded() -> None:
    """The printer has answered, which a note of the dead process says: it is likely on paper."""
    site = printing()

    def fault(number: int, name: str) -> None:
        if name == "sync":
            raise OSError(errno.EIO, "failed")

    site.disk.fault = fault
    site.printer.jobs[0].answer()
    site.advance(1)
    site.disk.fault = lambda number, name: None
    site.restart()
    site.advance(2)
    assert site.reason(1) == "interrupted; all bytes were handed over, probably printed"


def test_alteredData() -> None:
    """Bytes that are not what was kept are never printed, and the job is set aside."""
    site = Site()
    site.printer.silent = True
    site.upload(b"1")
    site.upload(b"2")
    site.kill()
    site.disk.inode("ports/port1/queue/00000001/data").data = b"7"
    site.start()
    site.printer.silent = False
    site.advance(3)
    assert site.printed == [b"2"]
    assert site.files("corrupt") == [1]


@pytest.mark.parametrize("outcome", [b"", b"printed"])
def test_damagedEnd(outcome: bytes) -> None:
    """An ended job of which nobody can read how it ended is set aside, and its port prints on."""
    site = Site(keep=Keep(jobs=5))
    site.upload(b"1")
    site.advance(1)
    assert site.files("done") == [1]
    site.kill()
    record = site.disk.inode("ports/port1/done/00000001/job.json")
    record.data = record.data.replace(b'"completed"', b'"%s"' % outcome)
    site.start()
    site.upload(b"2")
    site.advance(3)
    assert site.printed == [b"1", b"2"]
    assert site.files("corrupt") == [1]


def test_dataGone() -> None:
    """Nor is a job printed whose bytes are gone while the process lives; it is held."""
    site = Site()
    site.printer.silent = True
    site.upload(b"1")
    site.upload(b"2")
    site.disk.remove("ports/port1/queue/00000001/data")
    site.printer.silent = False
    site.advance(40)
    assert site.printed[-1:] == [b"2"]
    assert site.reason(1) == "the job cannot be used: it has no data"


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_unreadableData(restarted: bool, code: int) -> None:
    """A job whose bytes the disk does not read is held, and the next one prints at once."""
    site = Site()
    site.printer.silent = True
    site.upload(b"1")
    site.upload(b"2")
    if restarted:
        site.kill()
        site.printer.jobs.clear()
    first: list[int] = []

    def fault(number: int, name: str) -> None:
        if name == "readPiece" and not first:
            first.append(number)
            raise OSError(code, "Input/output error")

    site.disk.fault = fault
    if restarted:
        site.start()
    site.printer.silent = False
    site.advance(40)
    assert site.printed[-1:] == [b"2"]
    assert site.spooling.broken is None
    assert "cannot be read" in site.reason(1)
    site.disk.fault = lambda number, name: None
    Deferred.fromCoroutine(site.queue().verbs.release(1, "anna"))
    site.advance(3)
    assert site.printed[-1:] == [b"1"]


def test_unreadableRecord() -> None:
    """A job whose record the disk does not read waits for a person; the spool is well."""
    site = Site()
    site.printer.silent = True
    site.upload(b"1")
    site.upload(b"2")
    site.upload(b"3")
    site.disk.inode("ports/port1/queue/00000002/job.json").unreadable = True
    site.printer.silent = False
    site.advance(40)
    assert site.printed[-2:] == [b"1", b"3"]
    assert site.spooling.broken is None
    status = site.queue().status(2)
    assert status is not None and status.state is JobState.HELD
    assert status.reason == "its record cannot be read: the spool failed: failed"
    shown: list[JobRecord] = []
    Deferred.fromCoroutine(site.queue().verbs.show(2)).addCallback(shown.append)
    assert (shown[0].number, shown[0].name, shown[0].reason) == (2, "", status.reason)
    assert site.files("queue") == [2]
    refused = Deferred.fromCoroutine(site.queue().verbs.cancel(2, "anna"))
    assert refused.addErrback(lambda failure: failure.type).result is SpoolFailed
    site.disk.inode("ports/port1/queue/00000002/job.json").unreadable = False
    Deferred.fromCoroutine(site.queue().verbs.release(2, "anna"))
    site.advance(3)
    assert site.printed[-1:] == [b"2"]


def test_unreadableAtTheStart() -> None:
    """At a start such a job is left where it is, and told; the next start finds it."""
    site = Site()
    site.printer.silent = True
    site.upload(b"1")
    site.upload(b"2")
    site.kill()
    site.printer.jobs.clear()
    site.disk.inode("ports/port1/queue/00000001/job.json").unreadable = True
    site.start()
    site.printer.silent = False
    site.advance(3)
    assert site.printed == [b"2"]
    assert (site.files("queue"), site.queue().stateOf(1)) == ([1], None)
    site.kill()
    site.disk.inode("ports/port1/queue/00000001/job.json").unreadable = False
    site.start()
    site.advance(3)
    assert site.printed == [b"2", b"1"]


def test_unreadablePort() -> None:
    """What was kept for one port cannot be read: it refuses jobs, and the others go on."""
    site = Site([FakePrinter(), FakePrinter()])
    site.printer.silent = True
    site.upload(b"1")
    site.kill()
    site.printer.jobs.clear()

    site.disk.directory("ports/port1/queue").unreadable = True
    site.start()
    assert site.upload(b"2").startswith("450 Job 101 not printed: the spool of PORT1 has failed")
    assert site.server.portRecord(site.server.ports[0]).reasons == ("spool-failed",)
    assert site.server.portRecord(site.server.ports[1]).reasons == ()
    site.disk.directory("ports/port1/queue").unreadable = False
    site.printer.silent = False
    site.advance(61)
    assert site.printed == [b"1"]
    assert site.upload(b"2").startswith("226 ")


@pytest.mark.parametrize("call", range(1, 40))
def test_failsWhileItOpens(call: int) -> None:
    """Whatever call of the disk fails while the spool is opened: the job prints, and once."""
    site = Site()
    site.printer.silent = True
    site.upload(b"1")
    site.kill()
    site.printer.jobs.clear()
    site.printer.silent = False
    site.start(held=True)
    failing = site.disk.calls + call

    def fault(number: int, name: str) -> None:
        if number == failing:
            raise OSError(errno.EIO, "failed")

    site.disk.fault = fault
    site.work.go()
    site.advance(130)
    # What was read at this moment is told to be unreadable; a person does what the log says.
    if site.queue().stateOf(1) is JobState.HELD:
        Deferred.fromCoroutine(site.queue().verbs.release(1, "anna"))
    elif not site.printed:
        site.restart()
    site.advance(3)
    assert site.printed == [b"1"]


def test_twoVerbsAtATime() -> None:
    """Two persons want different things of one job: one after the other, as if they had waited."""
    site = Site()
    site.printer.silent = True
    site.upload(b"1")
    site.upload(b"2")
    site.work.hold()
    verbs = site.queue().verbs
    done = Deferred.fromCoroutine(verbs.cancel(2, "anna"))
    refused = Deferred.fromCoroutine(verbs.hold(2, "berta"))
    site.work.go()
    site.advance(1)
    assert done.result is None
    assert refused.addErrback(lambda failure: failure.type).result is WrongState
    assert (site.files("done"), site.files("held")) == ([2], [])


def test_verbWithoutRecord() -> None:
    """A job of which nothing can be read when a person wants something of it stays in line."""
    site = Site()
    site.printer.silent = True
    site.upload(b"1")
    site.upload(b"2")
    record = site.disk.inode("ports/port1/queue/00000002/job.json")
    record.unreadable = True
    refused = Deferred.fromCoroutine(site.queue().verbs.hold(2, "anna"))
    assert refused.addErrback(lambda failure: failure.type).result is SpoolFailed
    record.unreadable = False
    site.printer.silent = False
    site.advance(40)
    assert site.printed[-2:] == [b"1", b"2"]


def test_nothingReadable() -> None:
    """A disk that reads and writes nothing is what is broken, not its jobs: none is held for it."""
    site = Site()
    site.printer.silent = True
    site.upload(b"1")
    site.kill()
    broken = False

    def fault(number: int, name: str) -> None:
        nonlocal broken
        broken = broken or name == "readPiece"
        if broken and name in {"readPiece", "create"}:
            raise OSError(errno.EIO, "failed")

    site.disk.fault = fault
    site.start()
    site.printer.silent = False
    site.advance(20)
    assert site.spooling.broken is not None
    site.disk.fault = lambda number, name: None
    site.advance(10)
    assert site.printed[-1:] == [b"1"]
    assert site.queue().held == 0


def test_expire() -> None:
    """A job that has waited too long is held, never deleted."""
    site = Site(expire=60)
    site.printer.silent = True
    site.upload(b"1")
    site.advance(130)
    site.printer.silent = False
    site.upload(b"2")
    site.advance(70)
    assert site.printed == [b"2"]
    assert site.reason(1) == "expired after 60 s"


def test_portChanged() -> None:
    """A port that is known by its place only, and prints elsewhere now, prints nothing old."""
    site = Site()
    site.printer.silent = True
    site.upload(b"1")
    site.kill()
    site.printers = [FakePrinter()]
    site.printer.uri = "fake:other"
    site.start()
    site.upload(b"2")
    site.advance(2)
    assert site.printed == [b"2"]
    assert site.reason(1) == "port changed"


def test_removedPort() -> None:
    """What was kept for a port that is no more stays, and prints when the port comes back."""
    site = Site([FakePrinter(), FakePrinter()])
    site.printers[1].silent = True
    site.upload(b"1", "PORT2/a")
    site.kill()
    both, site.printers = site.printers, site.printers[:1]
    site.start()
    site.advance(5)
    assert site.files("queue", "port2") == [1]
    assert site.spooling.queues["port2"].removed
    site.kill()
    site.printers = both
    site.printers[1].silent = False
    site.start()
    site.advance(2)
    assert [job.data for job in site.printers[1].jobs] == [b"1"]


def test_keepsNoLonger() -> None:
    """A port that keeps jobs no longer prints those that it has, also after a restart."""
    site = Site()
    site.printer.silent = True
    site.upload(b"1")
    site.kill()
    site.settings = PortSettings()
    site.printer.silent = False
    site.start()
    site.advance(2)
    assert site.printed == [b"1"]
    assert "delivered" in site.upload(b"2")


def test_duplicate() -> None:
    """What comes again after a crash from who cannot have heard is held; once, and for a while."""
    site = Site()
    site.printer.silent = True
    site.sender().upload("a.ps", b"label")
    site.restart()
    assert "queued" in site.upload(b"label", host="192.0.2.8")  # somebody else's
    with capturedLogs() as events:
        assert "queued" in site.upload(b"label", name="again.ps")
    assert "is held: duplicate of 1 (" in "".join(map(str, map(formatEvent, events)))
    held = site.files("held")
    assert len(held) == 1
    assert site.reason(held[0]) == "duplicate of 1"
    assert "queued" in site.upload(b"label")
    assert site.files("held") == held


def test_heardIsNoDuplicate() -> None:
    """A sender that has heard its 226 may send the same again, also after a crash."""
    site = Site()
    site.printer.silent = True
    sender = site.sender()
    sender.upload("a.ps", b"label")
    sender.say("NOOP")
    site.advance(2)
    site.restart()
    site.upload(b"label")
    assert site.files("held") == []


@pytest.mark.parametrize("silent", [True, False], ids=["printing", "printed"])
def test_heardLate(silent: bool) -> None:
    """Nor if the first one prints, or has printed, before it is known that it was heard."""
    site = Site()
    site.printer.hesitant = silent
    sender = site.sender()
    sender.upload("a.ps", b"label")
    site.advance(0.1, step=0.01)
    [place] = [each for each in ("active", "done") if site.files(each)]
    assert place == ("active" if silent else "done")
    sender.say("NOOP")
    site.advance(2)
    site.restart()
    site.upload(b"label")
    held = [site.reason(number) for number in site.files("held")]
    assert not [each for each in held if "duplicate" in each]


def test_duplicateWindow() -> None:
    """After a quarter of an hour the same again is a job of its own."""
    site = Site()
    site.printer.silent = True
    site.sender().upload("a.ps", b"label")
    site.restart()
    site.advance(901, step=10)
    site.upload(b"label")
    assert site.files("held") == []


def test_keep() -> None:
    """As many printed jobs as wanted keep their bytes."""
    site = Site(keep=Keep(jobs=2))
    for name in (b"1", b"2", b"3"):
        site.upload(name)
    site.advance(2)
    having = [
        number
        for number in (1, 2, 3)
        if "data" in site.disk.inodes(f"ports/port1/done/{number:08}")
    ]
    assert having == [2, 3]
    site.advance(1000, step=10)
    assert site.files("done") == [2, 3]


def test_forgotten() -> None:
    """Without that nothing stays of a printed job, after the time in which it may come again."""
    site = Site()
    site.upload(b"1")
    site.advance(1)
    assert site.files("done") == [1]
    site.advance(1000, step=10)
    assert site.files("done") == []
    assert site.queue().jobs == {}


@pytest.mark.parametrize("drain", [False, True])
def test_stopped(drain: bool) -> None:
    """SIGTERM: no new attempt; the one that runs has its time, and is held then."""
    site = printing()
    site.upload(b"next")
    over: list[object] = []
    site.gateway.stopService().addCallback(over.append)
    site.advance(1)
    if drain:
        site.printer.jobs[0].answer()
        site.advance(1)
        assert site.files("done") == [1]
    else:
        site.advance(61)
        site.printer.jobs[0].answer()
        site.advance(3)
        assert site.reason(1).startswith("the gateway was stopped; all bytes sent, their end")
    assert over
    assert len(site.printer.jobs) == 1
    assert site.files("queue") == [2]


def test_manyAtTheStart(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are at the start, they are counted in pieces, and all are there."""
    site = Site()
    site.printer.silent = True
    for number in range(7):
        site.upload(b"%d" % number)
    site.kill()
    monkeypatch.setattr(module, "AT_A_TIME", 2)
    site.start()
    site.upload(b"7")
    site.printer.silent = False
    site.advance(5)
    assert site.printed == [b"%d" % number for number in range(8)]


def test_manyWait() -> None:
    """Only the next job stands in the port's line, however many wait."""
    site = Site()
    site.printer.silent = True
    for _ in range(20):
        site.upload()
    site.advance(1)
    assert len(site.server.ports[0].jobs) == 1
    record = site.server.portRecord(site.server.ports[0])
    assert (record.queued, record.held, record.spooled) == (20, 0, True)
