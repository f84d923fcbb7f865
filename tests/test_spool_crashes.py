"""
Attempts to print kept jobs that a lost printer, a crash or a kill ends: what is recorded of them,
and what becomes of a job in doubt.
"""

from __future__ import annotations

import errno

import pytest
from twisted.internet.defer import Deferred

from jetdirect.interfaces import IPrinterConnection, IPrintJob
from jetdirect.named import OnDoubt
from jetdirect.record import JobState
from jetdirect.spool.kept import PIECE
from jetdirect.testing import FakePrinter, FakePrinterConnection
from tests.support.answers import hear
from tests.support.disk import PowerCut
from tests.support.machine import Machine, printing


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


@pytest.mark.parametrize("size", [6, 70_000])
def test_alteredInItsLine(size: int) -> None:
    """Bytes that somebody has changed while the job waited are not printed, be they as many."""
    machine = Machine()
    machine.printer.silent = True
    machine.upload(b"x" * size)
    machine.upload(b"next")
    machine.disk.inode("ports/port1/queue/00000001/data").data = b"y" + b"x" * (size - 1)
    machine.printer.silent = False
    machine.advance(70)
    assert [job for job in machine.printed if job] == [b"next"]
    assert machine.reason(1).startswith("the job cannot be used: its data is not what was kept")


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
