"""
What a sender is told at a printing port that keeps jobs, and what is on the disk then.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.interfaces import IConsumer
from twisted.logger import capturedLogs, formatEvent
from zope.interface.verify import verifyObject

from jetdirect.errors import PrinterUnreachable, SpoolFailed
from jetdirect.ftp.settings import SessionSettings
from jetdirect.ftp.upload import LARGE_PIECE
from jetdirect.interfaces import IKeptJob, IPrinterConnection, IPrintJob
from jetdirect.job import UploadedJob
from jetdirect.named import named
from jetdirect.net.stream import READ_SIZE
from jetdirect.spool.intake import SILENT_AFTER, Intake
from jetdirect.spool.record import Room
from jetdirect.spool.turns import RESERVED_NUMBERS
from jetdirect.spool.writer import HIGH
from jetdirect.testing import FakePrinter, FakeSender
from jetdirect.transports.policy import PJLPolicy, policed
from tests.support.machine import Machine

QUEUED = "226 Transfer complete (PORT1, job {}, {} bytes, queued)"


def away(machine: Machine) -> None:
    """The printer cannot be reached for now."""
    machine.printer.silent = True


def coming(machine: Machine, data: bytes = b"a page") -> FakeSender:
    """An upload that has sent this much, and no end."""
    sender = machine.sender()
    sender.begin("a.ps")
    assert sender.data is not None
    sender.data.receive(data)
    return sender


def fail(machine: Machine, call: str, code: int) -> None:
    """The disk fails in one kind of call."""

    def fault(number: int, name: str) -> None:
        if name == call:
            raise OSError(code, "failed")

    machine.disk.fault = fault


def mend(machine: Machine) -> None:
    """It is well again."""
    machine.disk.fault = lambda number, name: None


def test_queued() -> None:
    """150 at once, 226 when the job is on stable storage, and then the paper."""
    machine = Machine()
    sender = machine.sender()
    assert sender.begin("a.ps") == (
        "150 Opening ASCII mode data connection for a.ps; spooling for PORT1 (fake printer),"
        " no jobs before it"
    )
    assert sender.send(b"a page").splitlines()[-1] == QUEUED.format(1, 6)
    machine.advance(0.1)
    assert machine.printed == [b"a page"]
    assert machine.files("done") == [1]
    [record] = machine.watcher.ended
    assert (record.state, record.delivery, record.printed) == ("completed", "delivered", "yes")
    assert (record.reply, record.heard, record.attempts) == (226, True, 1)


def test_interfaces() -> None:
    """What is said to be provided is."""
    machine = Machine()
    away(machine)
    coming(machine)
    [intake] = machine.server._active.values()
    assert isinstance(intake, Intake)
    for interface in (IPrintJob, IConsumer):
        assert verifyObject(interface, intake)
    assert verifyObject(IPrinterConnection, intake._connection)
    assert all(hasattr(intake, name) for name in UploadedJob.__annotations__)
    machine.upload()
    machine.advance(0.1)
    assert verifyObject(IKeptJob, machine.queue()._known.attempt)


def test_printerAway() -> None:
    """The sender is served whether or not the printer is there; the next one sees the line."""
    machine = Machine()
    away(machine)
    assert machine.upload() == QUEUED.format(1, 6)
    machine.advance(1)
    sender = machine.sender()
    assert sender.begin("b.ps").endswith("(fake printer), 1 job before it")
    sender.send(b"b")
    assert machine.sender().begin("c.ps").endswith("(fake printer), 2 jobs before it")
    assert machine.files("queue") == [1, 2]


def test_notBeforeReply() -> None:
    """Not a byte is printed before the sender was told."""
    machine = Machine()
    sender = coming(machine)
    machine.work.hold()
    assert sender.data is not None
    sender.data.fin()
    while machine.work.held:
        assert machine.printer.jobs == []
        machine.work.one()
    machine.work.go()
    assert sender.hear().splitlines()[-1] == QUEUED.format(1, 6)
    machine.advance(0.1)
    assert machine.printed == [b"a page"]


def test_largePieces() -> None:
    """A job that is kept is read in large pieces once it is large."""
    sender = coming(Machine())
    wire: Any = sender.data
    wire.receive(bytes(READ_SIZE))
    assert wire.bufferSize == LARGE_PIECE
    wire.fin()


def test_volatile() -> None:
    """In memory a job is not queued, and the word is not used."""
    assert Machine(durable=False).upload() == (
        "226 Transfer complete (PORT1, job 1, 6 bytes, spooled, not durable)"
    )


def test_streamingBeside() -> None:
    """A port that keeps no jobs answers as ever, in the same gateway."""
    machine = Machine([FakePrinter(), FakePrinter()])
    streaming = machine.server.ports[1]
    streaming.become(replace(streaming.printer, settings=replace(machine.settings, spool=False)))
    sender = machine.sender()
    assert sender.upload("PORT2/a.ps", b"x") == (
        "150 Opening ASCII mode data connection for a.ps; printing on PORT2 (fake printer)\n"
        "226-Ready\n226-Processing job: 1 a.ps\n"
        "226 Transfer complete (PORT2, job 1, 1 bytes, delivered)"
    )
    assert machine.upload() == QUEUED.format(2, 6)


def reset(machine: Machine, sender: FakeSender) -> None:
    assert sender.data is not None
    sender.data.rst()


def abort(machine: Machine, sender: FakeSender) -> None:
    sender.wire.receive(b"ABOR\r\n")


def loseControl(machine: Machine, sender: FakeSender) -> None:
    sender.wire.rst()


def stop(machine: Machine, sender: FakeSender) -> None:
    machine.gateway.factory.stopSessions(0)


def cancel(machine: Machine, sender: FakeSender) -> None:
    assert machine.server.cancel(1)


def tooLong(machine: Machine, sender: FakeSender) -> None:
    assert sender.data is not None
    sender.data.receive(b"x" * 100)


@pytest.mark.parametrize(
    ("happens", "code", "outcome"),
    [
        (reset, "451", "aborted"),
        (abort, "426", "canceled"),
        (loseControl, "", "aborted"),
        (stop, "421", "aborted"),
        (cancel, "550", "canceled"),
        (tooLong, "552", "aborted"),
    ],
)
def test_cut(happens: Callable[[Machine, FakeSender], None], code: str, outcome: str) -> None:
    """Whatever ends an upload before its end, nothing of it stays, and nothing is printed."""
    machine = Machine(maxJobBytes=50)
    sender = coming(machine)
    happens(machine, sender)
    told = sender.hear()
    assert told[:3] == code
    assert "may have been printed" not in told
    machine.advance(5)
    assert machine.printer.jobs == []
    assert machine.files("tmp") == machine.files("queue") == []
    [record] = machine.watcher.ended
    assert (record.outcome, record.printed) == (outcome, "no")
    assert record.reply == (int(code) if code else 451)


def judge(machine: Machine, told: str, seed: int) -> None:
    """What was told is true, also after a power cut."""
    machine.restart(seed)
    machine.advance(5)
    if "queued" in told:
        assert machine.printed == [b"a page"]
    elif told:
        assert told[:1] in "45"
        assert machine.printed == []
        assert machine.files("queue") == machine.files("held") == []


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("call", range(1, 15))
@pytest.mark.parametrize("happens", [abort, loseControl, stop, cancel])
def test_cutWhileCommitting(
    happens: Callable[[Machine, FakeSender], None], call: int, seed: int
) -> None:
    """A cut at each call of the commit: it is kept, and 226; or 4xx, and gone for good."""
    machine = Machine()
    sender = coming(machine)
    began, done = machine.disk.calls, False

    def fault(number: int, name: str) -> None:
        nonlocal done
        # Under the lock of the rename nothing else happens.
        if not done and number - began >= call and name != "rename":
            done = True
            happens(machine, sender)

    machine.disk.fault = fault
    assert sender.data is not None
    sender.data.fin()
    machine.disk.fault = lambda number, name: None
    assert done
    told = sender.hear()
    assert told or happens is loseControl
    judge(machine, told, seed)


@pytest.mark.parametrize("happens", [abort, loseControl, stop, cancel])
def test_cutIsNoSilence(happens: Callable[[Machine, FakeSender], None]) -> None:
    """A job that was cut while it was committed is no word about the disk half a minute later."""
    machine = Machine()
    sender = coming(machine)
    machine.work.hold()
    assert sender.data is not None
    sender.data.fin()
    happens(machine, sender)
    machine.work.go()
    for _ in range(int(2 * SILENT_AFTER)):
        machine.advance(1)
        assert machine.spooling.broken is None
    assert machine.watcher.ended[0].printed == "no"


def abortedAfterRename(machine: Machine) -> FakeSender:
    """An upload with an ABOR that comes too late for its commit; what follows waits."""
    sender = coming(machine)
    machine.work.hold()
    assert sender.data is not None
    sender.data.fin()
    assert machine.work.held is not None
    while not machine.files("queue"):
        work, done = machine.work.held.pop(0)
        result = work()
        abortNow = bool(machine.files("queue"))
        if abortNow:
            sender.wire.receive(b"ABOR\r\n")  # the commit is done, and nobody was told yet
            assert sender.hear() == ""
        done.callback(result)
    assert sender.hear() == ""
    return sender


def test_abortedAfterRename() -> None:
    """ABOR that comes too late for the commit: the job is removed for good before the 426."""
    machine = Machine()
    sender = abortedAfterRename(machine)
    machine.work.go()
    codes = [line[:3] for line in sender.hear().splitlines() if line[3] == " "]
    assert codes == ["426", "226"]
    machine.restart(seed=1)
    machine.advance(5)
    assert machine.printed == []


def test_notTakenBack() -> None:
    """A disk that fails then: nobody knows what becomes of the job, and the log says why."""
    machine = Machine()
    sender = abortedAfterRename(machine)

    def fault(number: int, name: str) -> None:
        raise OSError(errno.EIO, "failed")

    machine.disk.fault = fault
    with capturedLogs() as logs:
        machine.work.go()
    assert "426" not in sender.hear()
    told = [formatEvent(each) for each in logs]
    assert "job 1 cannot be taken back: the spool failed: failed" in told


def test_sizeDiffers() -> None:
    """What was announced and what came must be the same."""
    machine = Machine()
    sender = machine.sender()
    sender.say("TYPE I")
    sender.say("ALLO 7")
    assert sender.upload("a.ps", b"a page").splitlines()[-1].startswith("451 Job 1 not printed")
    assert machine.files("queue") == machine.files("tmp") == []


def test_full() -> None:
    """452 with what must stay free, before the 150 if the sender says how much comes."""
    machine = Machine()
    machine.disk.space = Room(free=1000, total=10_000)
    sender = machine.sender()
    sender.say("TYPE I")
    sender.say("ALLO 501")
    assert sender.begin("a.ps") == (
        "452 Job 1 not printed: the spool's disk has only the space left that must stay free; it"
        " is safe to send it again"
    )
    sender.say("ALLO 500")
    assert sender.begin("a.ps")[:3] == "150"


@pytest.mark.parametrize("call", ["write", "sync", "create", "makeDirectory"])
def test_noSpace(call: str) -> None:
    """A disk that is full in the middle is 452, and goes on when it has room."""
    machine = Machine()
    fail(machine, call, errno.ENOSPC)
    assert machine.upload()[:3] == "452"
    mend(machine)
    machine.advance(6)
    assert machine.upload()[-8:] == " queued)"
    assert machine.files("tmp") == []


def test_quotas() -> None:
    """So many jobs, so many bytes, so many of one sender; those that come in count."""
    machine = Machine(maxQueued=2)
    away(machine)
    sender = coming(machine)
    assert "queued" in machine.upload()
    told = machine.upload()
    assert told.startswith("452 Job 3 not printed: PORT1 keeps 2 jobs already, and may keep 2")
    del sender
    machine = Machine(maxQueuedBytes=10)
    away(machine)
    assert "queued" in machine.upload(b"x" * 10)
    assert machine.upload(b"x").startswith("452 Job 2 not printed: PORT1 would keep more than 10")
    machine = Machine(maxQueuedPerHost=1)
    away(machine)
    assert "queued" in machine.upload()
    assert machine.upload(host="192.0.2.2")[-8:] == " queued)"
    assert machine.upload().startswith("452 Job 3 not printed: PORT1 keeps 1 jobs of 192.0.2.1")


def test_broken() -> None:
    """A disk that fails is 451, then 450, until it is well; streaming goes on."""
    machine = Machine()
    fail(machine, "sync", errno.EIO)
    assert machine.upload().startswith("451 Job 1 not printed: the spool failed: ")
    assert machine.upload().startswith("450 Job 2 not printed: the spool of PORT1 has failed")
    record = machine.server.portRecord(machine.server.ports[0])
    assert (record.state, record.reasons, record.accepting) == ("stopped", ("spool-failed",), False)
    machine.advance(6)
    assert machine.upload()[:3] == "450"
    mend(machine)
    machine.advance(6)
    assert machine.upload()[-8:] == " queued)"
    assert machine.files("tmp") == []


def test_silentDisk() -> None:
    """A disk that does not answer: no word is true, so none is said; the job is there, or not."""
    machine = Machine()
    sender = coming(machine)
    machine.work.hold()
    assert sender.data is not None
    sender.data.fin()
    machine.advance(SILENT_AFTER + 1)
    assert sender.hear() == ""
    assert not sender.wire.connected
    assert machine.upload()[:3] == "450"
    machine.work.go()
    machine.advance(10)
    assert machine.printed == [b"a page"]
    assert machine.watcher.ended[-1].heard is False
    # Who heard nothing sends it again.
    assert "queued" in machine.upload()
    assert machine.reason(machine.files("held")[0]) == "duplicate of 1"


def test_backPressure() -> None:
    """A slow disk stops the sender, with a bounded number of bytes between them."""
    machine = Machine()
    sender = coming(machine, b"")
    machine.work.hold()
    assert sender.data is not None
    sender.data.receive(b"x" * HIGH)
    assert sender.data.producerState == "producing"
    sender.data.receive(b"x" * HIGH)
    assert sender.data.producerState == "paused"
    machine.work.go()
    assert sender.data.producerState == "producing"
    sender.data.fin()
    assert sender.hear().splitlines()[-1] == QUEUED.format(1, 2 * HIGH)


def test_policy() -> None:
    """A job that the policy refuses is refused when it comes; a good one is read once."""
    machine = Machine([policed(FakePrinter(), PJLPolicy.REFUSE)])
    bad = b'\x1b%-12345X@PJL FSDELETE NAME="0:\\x"\r\n'
    told = machine.upload(bad)
    assert told.startswith("550 Job 1 refused: the PJL command FSDELETE is not allowed here")
    assert machine.upload(b"a page")[-8:] == " queued)"
    machine.advance(1)
    inner = machine.printer._inner
    assert [job.data for job in inner.jobs] == [b"a page"]
    assert type(inner.jobs[0]._ending._job).__name__ == "KeptJob"


def test_numbers() -> None:
    """No number comes twice in the life of a spool, whatever dies in between."""
    machine = Machine()
    seen = []
    for seed in range(4):
        told = machine.upload()
        seen.append(int(told.split("job ")[1].split(",")[0]))
        machine.restart(seed)
    assert seen == sorted(set(seen))


def test_cutAndFailed() -> None:
    """A job that was cut while its commit was under way has ended once, whatever the disk does."""
    machine = Machine()
    sender = coming(machine)
    machine.work.hold()
    assert sender.data is not None
    sender.data.receive(b"a page")
    sender.data.fin()
    machine.work.one()

    def fault(number: int, name: str) -> None:
        raise OSError(errno.EIO, "failed")

    machine.disk.fault = fault
    assert sender.say("ABOR").startswith("426 ")
    machine.work.go()
    machine.advance(1)
    assert len(machine.watcher.ended) == 1
    assert machine.files("queue") == []


def test_noNumberYet() -> None:
    """As long as the spool has given no number, no job is taken: its number could be another's."""
    machine = Machine()
    machine.printer.silent = True
    assert machine.upload(b"first").endswith("job 1, 5 bytes, queued)")
    machine.kill()
    machine.start(held=True)
    assert machine.upload(b"second").startswith("450 ")
    machine.work.go()
    machine.advance(1)
    assert machine.upload(b"third").endswith("queued)")
    assert len(machine.files("queue") + machine.files("active")) == 2


def test_numbersRunOut() -> None:
    """Nor when more come than numbers were reserved, while the disk sleeps."""
    machine = Machine()
    machine.work.hold()
    for _ in range(RESERVED_NUMBERS):
        machine.spooling.number()
    assert machine.upload().startswith("450 ")
    machine.work.go()
    machine.advance(1)
    told = machine.upload()
    assert f"job {RESERVED_NUMBERS + 1}, " in told


def test_fireAndForget() -> None:
    """A sender that drops its control connection early has its job kept all the same."""
    machine = Machine(sessions=SessionSettings(fireAndForget=True))
    sender = coming(machine)
    sender.wire.rst()
    assert sender.data is not None
    sender.data.fin()
    machine.advance(1)
    assert machine.printed == [b"a page"]


@pytest.mark.parametrize("hesitant", [False, True])
def test_replyWithin(hesitant: bool) -> None:
    """The reply waits some seconds for the printer, and says how far the job has come."""
    machine = Machine(replyWithin=20)
    machine.printer.hesitant = hesitant
    sender = coming(machine)
    assert sender.data is not None
    sender.data.fin()
    machine.advance(1)
    told = sender.hear()
    if hesitant:
        assert told == ""
        machine.advance(20)
        told = sender.hear()
    assert told.endswith("6 bytes, queued)" if hesitant else "6 bytes, delivered)")


def test_replyWithinAndGone() -> None:
    """From the commit on the job is ours: who goes away while it prints has it printed."""
    machine = Machine(replyWithin=20)
    machine.printer.hesitant = True
    sender = coming(machine)
    assert sender.data is not None
    sender.data.fin()
    machine.advance(1)
    sender.wire.rst()
    machine.printer.jobs[0].answer()
    machine.advance(1)
    assert [record.outcome for record in machine.watcher.ended] == ["completed"]
    assert machine.watcher.ended[0].heard is False


def test_listed() -> None:
    """LIST tells what has become of the session's jobs."""
    machine = Machine()
    away(machine)
    sender = machine.sender()
    sender.upload("PORT1", b"a page")

    def owners() -> list[str]:
        session: Any = sender.session
        return [entry.owner for entry in session.shell.listed(("PORT1",), jobs=True)][-1:]

    machine.advance(1)
    assert owners() == ["pending"]
    machine.printer.silent = False
    machine.advance(60)
    assert owners() == ["completed"]


def test_banner() -> None:
    """The 230 says which ports keep jobs."""
    sender = FakeSender(Machine().gateway.factory)
    assert "Print to port 1 fake printer, spooled\n" in sender.login()


def test_status() -> None:
    """STAT of a port tells what waits, prints and is held there, and why nothing goes on."""
    machine = Machine()
    machine.printer.hesitant = True
    machine.upload(b"x" * 9)
    for _ in range(3):
        machine.upload()
    machine.advance(1)
    machine.gateway.operator.hold(4, "anna")
    sender = machine.sender()
    lines = sender.say("STAT PORT1").splitlines()
    assert lines[1:3] == [
        " spooled: 2 jobs waiting, 1 held",
        " job 1: processing, 9 bytes, 9 sent",
    ]
    machine.gateway.operator.pause("PORT1", "anna")
    machine.spooling.failed(SpoolFailed("it failed"))
    said = sender.say("STAT PORT1")
    assert " job 1: processing, 9 bytes, 9 sent\n" in said
    assert " the spool has failed; no jobs are taken now\n" in said
    assert " paused by anna\n" in said


def test_awayStatus() -> None:
    """STAT of a port whose printer is away says so, and does not call the port idle."""
    machine = Machine()
    machine.printer.refusals = [PrinterUnreachable("it refused the connection")] * 9
    machine.upload()
    machine.advance(10)
    assert machine.sender().say("STAT PORT1").splitlines()[1:] == [
        " spooled: 1 job waiting, 0 held",
        " cannot be reached: it refused the connection",
        "213 End of status",
    ]


def test_removedStatus() -> None:
    """What is kept for a port that is taken away is said to be held, in the log, too."""
    machine = Machine([FakePrinter(), FakePrinter()])
    machine.printers[1].silent = True
    machine.upload(name="PORT2/a")
    machine.upload(name="PORT2/b")
    told = machine.server.apply(named(machine.printers[:1], machine.settings))
    assert told == ["PORT2 is removed, 2 of its kept jobs are held until it is back"]
    said = machine.sender().say("STAT PORT2")
    assert " spooled: no jobs waiting, 2 held\n" in said


def test_jobStatus() -> None:
    """STAT of a kept job's number: how it is, and why; its name for its own session only."""
    machine = Machine()
    away(machine)
    sender = machine.sender()
    sender.upload("a.ps", b"a page")
    machine.advance(1)
    machine.gateway.operator.hold(1, "anna")
    told = (
        "213-Status of /PORT1/1:\n job 1: pending-held, 6 bytes{}; held by anna\n213 End of status"
    )
    assert sender.say("STAT PORT1/1") == told.format(", a.ps")
    other = machine.sender()
    assert other.say("STAT port1/1") == told.format("")
    assert other.say("STAT PORT1/2")[:3] == "550"
    sender.upload("PORT1/1", b"x")  # a name of the session wins
    assert "printer            1 " in sender.say("STAT PORT1/1")
    machine.restart()
    assert machine.sender().say("STAT PORT1/1") == told.format("")


def test_log() -> None:
    """The log has a line when a job is kept, and one when it is held."""
    machine = Machine()
    away(machine)
    with capturedLogs() as events:
        machine.upload()
        machine.advance(1)
        machine.gateway.operator.hold(1, "anna")
    said = [line for line in map(formatEvent, events) if line.startswith("job 1")]
    assert said[1].startswith("job 1 on PORT1 is queued: 6 bytes in ")
    assert said[2] == (
        "job 1 on PORT1 is held: held by anna ('a.ps' from 'anonymous' at 192.0.2.1)"
    )


def test_unreachableAtOnce() -> None:
    """A refusal of the printer is none of the sender's business."""
    machine = Machine()
    machine.printer.refusals = [PrinterUnreachable("refused")] * 3
    assert "queued" in machine.upload()
    machine.advance(20)
    assert machine.printed == [b"a page"]


def test_saysWhatItWaitsFor() -> None:
    """A gateway that stops says which jobs it waits for, how long, and what stays in the spool."""
    machine = Machine([FakePrinter(), FakePrinter()])
    machine.printer.hesitant = True
    for _ in range(3):
        machine.upload(b"123")
    sender = machine.sender()
    sender.begin("PORT2/slow.ps")
    assert sender.data is not None
    sender.data.receive(b"12345")
    machine.advance(1)
    with capturedLogs() as events:
        machine.gateway.stopService()
    told = [formatEvent(each) for each in events if "gateway stops" in each.get("log_format", "")]
    assert told == [
        "the gateway stops: job 4 on PORT2 (5 bytes), job 1 on PORT1 (3 bytes) may take 60 s to"
        " finish; 2 kept jobs wait for the next start"
    ]
    machine.advance(20)
    assert "may take 40 s to finish" in machine.gateway.awaited()
    machine.printer.jobs[0].answer()
    machine.advance(60)
    assert machine.gateway.awaited() == "no job is under way; 2 kept jobs wait for the next start"
