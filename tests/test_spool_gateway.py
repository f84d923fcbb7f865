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
from jetdirect.interfaces import IKeptJob, IPrinterConnection, IPrintJob
from jetdirect.job import UploadedJob
from jetdirect.named import named
from jetdirect.spool.intake import SILENT_AFTER, Intake
from jetdirect.spool.record import Room
from jetdirect.spool.spooling import RESERVED_NUMBERS
from jetdirect.spool.writer import HIGH
from jetdirect.testing import FakePrinter, FakeSender
from jetdirect.transports.policy import PJLPolicy, policed
from tests.support.site import Site

QUEUED = "226 Transfer complete (PORT1, job {}, {} bytes, queued)"


def away(site: Site) -> None:
    """The printer cannot be reached for now."""
    site.printer.silent = True


def coming(site: Site, data: bytes = b"a page") -> FakeSender:
    """An upload that has sent this much, and no end."""
    sender = site.sender()
    sender.begin("a.ps")
    assert sender.data is not None
    sender.data.receive(data)
    return sender


def fail(site: Site, call: str, code: int) -> None:
    """The disk fails in one kind of call."""

    def fault(number: int, name: str) -> None:
        if name == call:
            raise OSError(code, "failed")

    site.disk.fault = fault


def mend(site: Site) -> None:
    """It is well again."""
    site.disk.fault = lambda number, name: None


def test_queued() -> None:
    """150 at once, 226 when the job is on stable storage, and then the paper."""
    site = Site()
    sender = site.sender()
    assert sender.begin("a.ps") == (
        "150 Opening ASCII mode data connection for a.ps; spooling for PORT1 (fake printer),"
        " no jobs before it"
    )
    assert sender.send(b"a page").splitlines()[-1] == QUEUED.format(1, 6)
    site.advance(0.1)
    assert site.printed == [b"a page"]
    assert site.files("done") == [1]
    [record] = site.watcher.ended
    assert (record.state, record.delivery, record.printed) == ("completed", "delivered", "yes")
    assert (record.reply, record.heard, record.attempts) == (226, True, 1)


def test_interfaces() -> None:
    """What is said to be provided is."""
    site = Site()
    away(site)
    coming(site)
    [intake] = site.server._active.values()
    assert isinstance(intake, Intake)
    for interface in (IPrintJob, IConsumer):
        assert verifyObject(interface, intake)
    assert verifyObject(IPrinterConnection, intake._connection)
    assert all(hasattr(intake, name) for name in UploadedJob.__annotations__)
    site.upload()
    site.advance(0.1)
    assert verifyObject(IKeptJob, site.queue()._known.attempt)


def test_printerAway() -> None:
    """The sender is served whether or not the printer is there; the next one sees the line."""
    site = Site()
    away(site)
    assert site.upload() == QUEUED.format(1, 6)
    site.advance(1)
    sender = site.sender()
    assert sender.begin("b.ps").endswith("(fake printer), 1 job before it")
    sender.send(b"b")
    assert site.sender().begin("c.ps").endswith("(fake printer), 2 jobs before it")
    assert site.files("queue") == [1, 2]


def test_notBeforeReply() -> None:
    """Not a byte is printed before the sender was told."""
    site = Site()
    sender = coming(site)
    site.work.hold()
    assert sender.data is not None
    sender.data.fin()
    while site.work.held:
        assert site.printer.jobs == []
        site.work.one()
    site.work.go()
    assert sender.hear().splitlines()[-1] == QUEUED.format(1, 6)
    site.advance(0.1)
    assert site.printed == [b"a page"]


def test_volatile() -> None:
    """In memory a job is not queued, and the word is not used."""
    assert Site(durable=False).upload() == (
        "226 Transfer complete (PORT1, job 1, 6 bytes, spooled, not durable)"
    )


def test_streamingBeside() -> None:
    """A port that keeps no jobs answers as ever, in the same gateway."""
    site = Site([FakePrinter(), FakePrinter()])
    streaming = site.server.ports[1]
    streaming.become(replace(streaming.printer, settings=replace(site.settings, spool=False)))
    sender = site.sender()
    assert sender.upload("PORT2/a.ps", b"x") == (
        "150 Opening ASCII mode data connection for a.ps; printing on PORT2 (fake printer)\n"
        "226-Ready\n226-Processing job: 1 a.ps\n"
        "226 Transfer complete (PORT2, job 1, 1 bytes, delivered)"
    )
    assert site.upload() == QUEUED.format(2, 6)


def reset(site: Site, sender: FakeSender) -> None:
    assert sender.data is not None
    sender.data.rst()


def abort(site: Site, sender: FakeSender) -> None:
    sender.wire.receive(b"ABOR\r\n")


def loseControl(site: Site, sender: FakeSender) -> None:
    sender.wire.rst()


def stop(site: Site, sender: FakeSender) -> None:
    site.gateway.factory.stopSessions(0)


def cancel(site: Site, sender: FakeSender) -> None:
    assert site.server.cancel(1)


def tooLong(site: Site, sender: FakeSender) -> None:
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
def test_cut(happens: Callable[[Site, FakeSender], None], code: str, outcome: str) -> None:
    """Whatever ends an upload before its end, nothing of it stays, and nothing is printed."""
    site = Site(maxJobBytes=50)
    sender = coming(site)
    happens(site, sender)
    told = sender.hear()
    assert told[:3] == code
    assert "may have been printed" not in told
    site.advance(5)
    assert site.printer.jobs == []
    assert site.files("tmp") == site.files("queue") == []
    [record] = site.watcher.ended
    assert (record.outcome, record.printed) == (outcome, "no")
    assert record.reply == (int(code) if code else 451)


def judge(site: Site, told: str, seed: int) -> None:
    """What was told is true, also after a power cut."""
    site.restart(seed)
    site.advance(5)
    if "queued" in told:
        assert site.printed == [b"a page"]
    elif told:
        assert told[:1] in "45"
        assert site.printed == []
        assert site.files("queue") == site.files("held") == []


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("call", range(1, 15))
@pytest.mark.parametrize("happens", [abort, loseControl, stop, cancel])
def test_cutWhileCommitting(
    happens: Callable[[Site, FakeSender], None], call: int, seed: int
) -> None:
    """A cut at each call of the commit: it is kept, and 226; or 4xx, and gone for good."""
    site = Site()
    sender = coming(site)
    began, done = site.disk.calls, False

    def fault(number: int, name: str) -> None:
        nonlocal done
        # Under the lock of the rename nothing else happens.
        if not done and number - began >= call and name != "rename":
            done = True
            happens(site, sender)

    site.disk.fault = fault
    assert sender.data is not None
    sender.data.fin()
    site.disk.fault = lambda number, name: None
    assert done
    told = sender.hear()
    assert told or happens is loseControl
    judge(site, told, seed)


@pytest.mark.parametrize("happens", [abort, loseControl, stop, cancel])
def test_cutIsNoSilence(happens: Callable[[Site, FakeSender], None]) -> None:
    """A job that was cut while it was committed is no word about the disk half a minute later."""
    site = Site()
    sender = coming(site)
    site.work.hold()
    assert sender.data is not None
    sender.data.fin()
    happens(site, sender)
    site.work.go()
    for _ in range(int(2 * SILENT_AFTER)):
        site.advance(1)
        assert site.spooling.broken is None
    assert site.watcher.ended[0].printed == "no"


def abortedAfterRename(site: Site) -> FakeSender:
    """An upload with an ABOR that comes too late for its commit; what follows waits."""
    sender = coming(site)
    site.work.hold()
    assert sender.data is not None
    sender.data.fin()
    assert site.work.held is not None
    while not site.files("queue"):
        work, done = site.work.held.pop(0)
        result = work()
        abortNow = bool(site.files("queue"))
        if abortNow:
            sender.wire.receive(b"ABOR\r\n")  # the commit is done, and nobody was told yet
            assert sender.hear() == ""
        done.callback(result)
    assert sender.hear() == ""
    return sender


def test_abortedAfterRename() -> None:
    """ABOR that comes too late for the commit: the job is removed for good before the 426."""
    site = Site()
    sender = abortedAfterRename(site)
    site.work.go()
    codes = [line[:3] for line in sender.hear().splitlines() if line[3] == " "]
    assert codes == ["426", "226"]
    site.restart(seed=1)
    site.advance(5)
    assert site.printed == []


def test_notTakenBack() -> None:
    """A disk that fails then: nobody knows what becomes of the job, and the log says why."""
    site = Site()
    sender = abortedAfterRename(site)

    def fault(number: int, name: str) -> None:
        raise OSError(errno.EIO, "failed")

    site.disk.fault = fault
    with capturedLogs() as logs:
        site.work.go()
    assert "426" not in sender.hear()
    told = [formatEvent(each) for each in logs]
    assert "job 1 cannot be taken back: the spool failed: failed" in told


def test_sizeDiffers() -> None:
    """What was announced and what came must be the same."""
    site = Site()
    sender = site.sender()
    sender.say("TYPE I")
    sender.say("ALLO 7")
    assert sender.upload("a.ps", b"a page").splitlines()[-1].startswith("451 Job 1 not printed")
    assert site.files("queue") == site.files("tmp") == []


def test_full() -> None:
    """452 with what must stay free, before the 150 if the sender says how much comes."""
    site = Site()
    site.disk.space = Room(free=1000, total=10_000)
    sender = site.sender()
    sender.say("TYPE I")
    sender.say("ALLO 501")
    assert sender.begin("a.ps") == (
        "452 Job 1 not printed: the spool's disk has no more room than is to stay free; it is safe"
        " to send it again"
    )
    sender.say("ALLO 500")
    assert sender.begin("a.ps")[:3] == "150"


@pytest.mark.parametrize("call", ["write", "sync", "create", "makeDirectory"])
def test_noSpace(call: str) -> None:
    """A disk that is full in the middle is 452, and goes on when it has room."""
    site = Site()
    fail(site, call, errno.ENOSPC)
    assert site.upload()[:3] == "452"
    mend(site)
    site.advance(6)
    assert site.upload()[-8:] == " queued)"
    assert site.files("tmp") == []


def test_quotas() -> None:
    """So many jobs, so many bytes, so many of one sender; those that come in count."""
    site = Site(maxQueued=2)
    away(site)
    sender = coming(site)
    assert "queued" in site.upload()
    told = site.upload()
    assert told.startswith("452 Job 3 not printed: PORT1 keeps 2 jobs already, and may keep 2")
    del sender
    site = Site(maxQueuedBytes=10)
    away(site)
    assert "queued" in site.upload(b"x" * 10)
    assert site.upload(b"x").startswith("452 Job 2 not printed: PORT1 would keep more than 10")
    site = Site(maxQueuedPerHost=1)
    away(site)
    assert "queued" in site.upload()
    assert site.upload(host="192.0.2.2")[-8:] == " queued)"
    assert site.upload().startswith("452 Job 3 not printed: PORT1 keeps 1 jobs of 192.0.2.1")


def test_broken() -> None:
    """A disk that fails is 451, then 450, until it is well; streaming goes on."""
    site = Site()
    fail(site, "sync", errno.EIO)
    assert site.upload().startswith("451 Job 1 not printed: the spool failed: ")
    assert site.upload().startswith("450 Job 2 not printed: the spool of PORT1 has failed")
    record = site.server.portRecord(site.server.ports[0])
    assert (record.state, record.reasons, record.accepting) == ("stopped", ("spool-failed",), False)
    site.advance(6)
    assert site.upload()[:3] == "450"
    mend(site)
    site.advance(6)
    assert site.upload()[-8:] == " queued)"
    assert site.files("tmp") == []


def test_silentDisk() -> None:
    """A disk that does not answer: no word is true, so none is said; the job is there, or not."""
    site = Site()
    sender = coming(site)
    site.work.hold()
    assert sender.data is not None
    sender.data.fin()
    site.advance(SILENT_AFTER + 1)
    assert sender.hear() == ""
    assert not sender.wire.connected
    assert site.upload()[:3] == "450"
    site.work.go()
    site.advance(10)
    assert site.printed == [b"a page"]
    assert site.watcher.ended[-1].heard is False
    # Who heard nothing sends it again.
    assert "queued" in site.upload()
    assert site.reason(site.files("held")[0]) == "duplicate of 1"


def test_backPressure() -> None:
    """A slow disk stops the sender, with a bounded number of bytes between them."""
    site = Site()
    sender = coming(site, b"")
    site.work.hold()
    assert sender.data is not None
    sender.data.receive(b"x" * HIGH)
    assert sender.data.producerState == "producing"
    sender.data.receive(b"x" * HIGH)
    assert sender.data.producerState == "paused"
    site.work.go()
    assert sender.data.producerState == "producing"
    sender.data.fin()
    assert sender.hear().splitlines()[-1] == QUEUED.format(1, 2 * HIGH)


def test_policy() -> None:
    """A job that the policy refuses is refused when it comes; a good one is read once."""
    site = Site([policed(FakePrinter(), PJLPolicy.REFUSE)])
    bad = b'\x1b%-12345X@PJL FSDELETE NAME="0:\\x"\r\n'
    told = site.upload(bad)
    assert told.startswith("550 Job 1 refused: the PJL command FSDELETE is not allowed here")
    assert site.upload(b"a page")[-8:] == " queued)"
    site.advance(1)
    inner = site.printer._inner
    assert [job.data for job in inner.jobs] == [b"a page"]
    assert type(inner.jobs[0]._ending._job).__name__ == "KeptJob"


def test_numbers() -> None:
    """No number comes twice in the life of a spool, whatever dies in between."""
    site = Site()
    seen = []
    for seed in range(4):
        told = site.upload()
        seen.append(int(told.split("job ")[1].split(",")[0]))
        site.restart(seed)
    assert seen == sorted(set(seen))


def test_cutAndFailed() -> None:
    """A job that was cut while its commit was under way has ended once, whatever the disk does."""
    site = Site()
    sender = coming(site)
    site.work.hold()
    assert sender.data is not None
    sender.data.receive(b"a page")
    sender.data.fin()
    site.work.one()

    def fault(number: int, name: str) -> None:
        raise OSError(errno.EIO, "failed")

    site.disk.fault = fault
    assert sender.say("ABOR").startswith("426 ")
    site.work.go()
    site.advance(1)
    assert len(site.watcher.ended) == 1
    assert site.files("queue") == []


def test_noNumberYet() -> None:
    """As long as the spool has given no number, no job is taken: its number could be another's."""
    site = Site()
    site.printer.silent = True
    assert site.upload(b"first").endswith("job 1, 5 bytes, queued)")
    site.kill()
    site.start(held=True)
    assert site.upload(b"second").startswith("450 ")
    site.work.go()
    site.advance(1)
    assert site.upload(b"third").endswith("queued)")
    assert len(site.files("queue") + site.files("active")) == 2


def test_numbersRunOut() -> None:
    """Nor when more come than numbers were reserved, while the disk sleeps."""
    site = Site()
    site.work.hold()
    for _ in range(RESERVED_NUMBERS):
        site.spooling.number()
    assert site.upload().startswith("450 ")
    site.work.go()
    site.advance(1)
    told = site.upload()
    assert f"job {RESERVED_NUMBERS + 1}, " in told


def test_fireAndForget() -> None:
    """A sender that drops its control connection early has its job kept all the same."""
    site = Site(sessions=SessionSettings(fireAndForget=True))
    sender = coming(site)
    sender.wire.rst()
    assert sender.data is not None
    sender.data.fin()
    site.advance(1)
    assert site.printed == [b"a page"]


@pytest.mark.parametrize("hesitant", [False, True])
def test_replyWithin(hesitant: bool) -> None:
    """The reply waits some seconds for the printer, and says how far the job has come."""
    site = Site(replyWithin=20)
    site.printer.hesitant = hesitant
    sender = coming(site)
    assert sender.data is not None
    sender.data.fin()
    site.advance(1)
    told = sender.hear()
    if hesitant:
        assert told == ""
        site.advance(20)
        told = sender.hear()
    assert told.endswith("6 bytes, queued)" if hesitant else "6 bytes, delivered)")


def test_replyWithinAndGone() -> None:
    """From the commit on the job is ours: who goes away while it prints has it printed."""
    site = Site(replyWithin=20)
    site.printer.hesitant = True
    sender = coming(site)
    assert sender.data is not None
    sender.data.fin()
    site.advance(1)
    sender.wire.rst()
    site.printer.jobs[0].answer()
    site.advance(1)
    assert [record.outcome for record in site.watcher.ended] == ["completed"]
    assert site.watcher.ended[0].heard is False


def test_listed() -> None:
    """LIST tells what has become of the session's jobs."""
    site = Site()
    away(site)
    sender = site.sender()
    sender.upload("PORT1", b"a page")

    def owners() -> list[str]:
        session: Any = sender.session
        return [entry.owner for entry in session.shell.listed(("PORT1",), jobs=True)][-1:]

    site.advance(1)
    assert owners() == ["pending"]
    site.printer.silent = False
    site.advance(60)
    assert owners() == ["completed"]


def test_banner() -> None:
    """The 230 says which ports keep jobs."""
    sender = FakeSender(Site().gateway.factory)
    assert "Print to port 1 fake printer, spooled\n" in sender.login()


def test_status() -> None:
    """STAT of a port tells what waits, prints and is held there, and why nothing goes on."""
    site = Site()
    site.printer.hesitant = True
    site.upload(b"x" * 9)
    for _ in range(3):
        site.upload()
    site.advance(1)
    site.gateway.operator.hold(4, "anna")
    sender = site.sender()
    lines = sender.say("STAT PORT1").splitlines()
    assert lines[1:3] == [
        " spooled: 2 jobs waiting, 1 held",
        " job 1: processing, 9 bytes, 9 sent",
    ]
    site.gateway.operator.pause("PORT1", "anna")
    site.spooling.failed(SpoolFailed("it failed"))
    said = sender.say("STAT PORT1")
    assert " job 1: processing, 9 bytes, 9 sent\n" in said
    assert " the spool has failed; no jobs are taken now\n" in said
    assert " paused by anna\n" in said


def test_awayStatus() -> None:
    """STAT of a port whose printer is away says so, and does not call the port idle."""
    site = Site()
    site.printer.refusals = [PrinterUnreachable("it refused the connection")] * 9
    site.upload()
    site.advance(10)
    assert site.sender().say("STAT PORT1").splitlines()[1:] == [
        " spooled: 1 job waiting, 0 held",
        " cannot be reached: it refused the connection",
        "213 End of status",
    ]


def test_removedStatus() -> None:
    """What is kept for a port that is taken away is said to be held, in the log, too."""
    site = Site([FakePrinter(), FakePrinter()])
    site.printers[1].silent = True
    site.upload(name="PORT2/a")
    site.upload(name="PORT2/b")
    told = site.server.apply(named(site.printers[:1], site.settings))
    assert told == ["PORT2 is removed, 2 of its kept jobs are held until it is back"]
    said = site.sender().say("STAT PORT2")
    assert " spooled: no jobs waiting, 2 held\n" in said


def test_jobStatus() -> None:
    """STAT of a kept job's number: how it is, and why; its name for its own session only."""
    site = Site()
    away(site)
    sender = site.sender()
    sender.upload("a.ps", b"a page")
    site.advance(1)
    site.gateway.operator.hold(1, "anna")
    told = (
        "213-Status of /PORT1/1:\n job 1: pending-held, 6 bytes{}; held by anna\n213 End of status"
    )
    assert sender.say("STAT PORT1/1") == told.format(", a.ps")
    other = site.sender()
    assert other.say("STAT port1/1") == told.format("")
    assert other.say("STAT PORT1/2")[:3] == "550"
    sender.upload("PORT1/1", b"x")  # a name of the session wins
    assert "printer            1 " in sender.say("STAT PORT1/1")
    site.restart()
    assert site.sender().say("STAT PORT1/1") == told.format("")


def test_log() -> None:
    """The log has a line when a job is kept, and one when it is held."""
    site = Site()
    away(site)
    with capturedLogs() as events:
        site.upload()
        site.advance(1)
        site.gateway.operator.hold(1, "anna")
    said = [line for line in map(formatEvent, events) if line.startswith("job 1")]
    assert said[1].startswith("job 1 on PORT1 is queued: 6 bytes in ")
    assert said[2] == (
        "job 1 on PORT1 is held: held by anna ('a.ps' from 'anonymous' at 192.0.2.1)"
    )


def test_unreachableAtOnce() -> None:
    """A refusal of the printer is none of the sender's business."""
    site = Site()
    site.printer.refusals = [PrinterUnreachable("refused")] * 3
    assert "queued" in site.upload()
    site.advance(20)
    assert site.printed == [b"a page"]


def test_saysWhatItWaitsFor() -> None:
    """A gateway that stops says which jobs it waits for, how long, and what stays in the spool."""
    site = Site([FakePrinter(), FakePrinter()])
    site.printer.hesitant = True
    for _ in range(3):
        site.upload(b"123")
    sender = site.sender()
    sender.begin("PORT2/slow.ps")
    assert sender.data is not None
    sender.data.receive(b"12345")
    site.advance(1)
    with capturedLogs() as events:
        site.gateway.stopService()
    told = [formatEvent(each) for each in events if "gateway stops" in each.get("log_format", "")]
    assert told == [
        "the gateway stops: job 4 on PORT2 (5 bytes), job 1 on PORT1 (3 bytes) may take 60 s to"
        " finish; 2 kept jobs wait for the next start"
    ]
    site.advance(20)
    assert "may take 40 s to finish" in site.gateway.awaited()
    site.printer.jobs[0].answer()
    site.advance(60)
    assert site.gateway.awaited() == "no job is under way; 2 kept jobs wait for the next start"
