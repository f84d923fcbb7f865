"""
What an operator does with jobs and printing ports: it is durable when it is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock
from zope.interface.verify import verifyObject

from jetdirect.configuration import Configuration
from jetdirect.errors import NoSuchJob, NoSuchPort, SpoolFailed, VerbRefused, WrongState
from jetdirect.gateway import Gateway
from jetdirect.interfaces import IOperator
from jetdirect.named import OnDoubt
from jetdirect.spool.limits import Keep
from jetdirect.testing import FakePrinter, FakeSender
from jetdirect.verbs import Operator
from jetdirect.wanted import Wanted
from tests.support.answers import hear
from tests.support.site import Site


def waiting(many: int = 3, **settings: Any) -> Site:
    """Jobs that wait for a printer that is away; and a second one, that prints."""
    site = Site([FakePrinter(), FakePrinter()], **settings)
    site.printer.silent = True
    for number in range(1, many + 1):
        assert "queued" in site.upload(b"%d" % number)
    site.advance(1)
    return site


def back(site: Site) -> list[bytes]:
    """What prints when the printer is there again."""
    site.printer.silent = False
    site.advance(120)
    return site.printed


def told(answer: Any) -> Any:
    """What a verb says; a refusal is raised."""
    [result] = hear(answer)
    if isinstance(result, Exception):
        raise result
    return result


def powerCut(site: Site) -> None:
    """What was answered holds over it."""
    site.restart(seed=5)
    site.advance(1)


def test_interface() -> None:
    """What is said to be provided is."""
    assert verifyObject(IOperator, Site().gateway.operator)


@pytest.mark.parametrize("crash", [False, True])
def test_cancel(crash: bool) -> None:
    """A job that waits can be canceled, the next one too, while the printer is away."""
    site = waiting()
    for number in (1, 3):
        record = told(site.gateway.operator.cancel(number, "anna"))
        assert (record.state, record.reason) == ("canceled", "canceled by anna")
    if crash:
        powerCut(site)
    assert back(site) == [b"2"]


@pytest.mark.parametrize("crash", [False, True])
def test_holdAndRelease(crash: bool) -> None:
    """A held job is passed by the others; released it has its old place."""
    site = waiting()
    operator = site.gateway.operator
    for number in (1, 2):
        record = told(operator.hold(number, "anna"))
        assert (record.state, record.reason) == ("pending-held", "held by anna")
    record = told(operator.release(2, "bob"))
    assert (record.state, record.reason) == (
        "pending",
        "released by bob; it was held by anna",
    )
    if crash:
        powerCut(site)
    assert back(site) == [b"2", b"3"]
    told(site.gateway.operator.release(1, "bob"))
    site.advance(1)
    assert site.printed == [b"2", b"3", b"1"]


@pytest.mark.parametrize("crash", [False, True])
def test_next(crash: bool) -> None:
    """The last can be the first."""
    site = waiting()
    told(site.gateway.operator.next(2, "anna"))
    told(site.gateway.operator.next(3, "anna"))
    if crash:
        powerCut(site)
    assert back(site) == [b"3", b"2", b"1"]


def test_line() -> None:
    """Those that wait stand in the order in which they print, also the held ones; up to a limit."""
    site = waiting()
    operator = site.gateway.operator
    told(operator.next(3, "anna"))
    told(operator.hold(1, "anna"))
    line = [(each.number, each.state) for each in told(operator.line("port1"))]
    assert line == [(3, "pending"), (1, "pending-held"), (2, "pending")]
    assert [each.number for each in told(operator.line("PORT1", 2))] == [3, 1]
    assert told(operator.line("PORT2")) == []
    with pytest.raises(NoSuchPort):
        told(operator.line("ward9"))


def test_printing() -> None:
    """Which jobs have a printer, and how far they are: a kept one, and one that streams."""
    site = waiting(1)
    operator = site.gateway.operator
    assert operator.printing() == []
    site.printer.silent = False
    site.printer.hesitant = True
    site.advance(120)
    [record] = operator.printing()
    assert (record.number, record.state, record.size, record.sent) == (1, "processing", 1, 1)

    clock = MemoryReactorClock()
    gateway = Gateway(Configuration([FakePrinter()], []), clock)
    gateway.startService()
    sender = FakeSender(gateway.factory)
    sender.login()
    sender.say("TYPE I")
    sender.say("ALLO 10")
    sender.begin("a.ps")
    assert sender.data is not None
    sender.data.receive(b"1234")
    clock.advance(1)
    [record] = gateway.operator.printing()
    assert (record.number, record.state, record.size, record.sent) == (1, "processing", 10, 4)
    assert told(gateway.operator.line("PORT1")) == []


@pytest.mark.parametrize("crash", [False, True])
def test_move(crash: bool) -> None:
    """A job prints at another port, behind those that wait there, whatever its own printer does."""
    site = waiting()
    site.printers[1].silent = True
    site.upload(b"x", "PORT2/a")
    record = told(site.gateway.operator.move(1, "port2", "anna"))
    assert (record.port, record.state, record.reason) == (
        "PORT2",
        "pending",
        "moved from PORT1 by anna",
    )
    if crash:
        powerCut(site)
    site.printers[1].silent = False
    site.advance(120)
    assert [job.data for job in site.printers[1].jobs] == [b"x", b"1"]
    assert back(site) == [b"2", b"3"]


def test_moveAll() -> None:
    """A whole queue moves in its order, with what is held."""
    site = waiting()
    told(site.gateway.operator.hold(2, "anna"))
    assert told(site.gateway.operator.moveAll("PORT1", "PORT2", "anna")) == 3
    site.advance(1)
    assert [job.data for job in site.printers[1].jobs] == [b"1", b"2", b"3"]
    assert site.queue().queued == site.queue().held == site.queue().bytes == 0


def test_cancelPrinting() -> None:
    """A job that prints is cut, and it is known that a part may be on paper."""
    site = Site()
    site.printer.hesitant = True
    site.upload(b"x" * 9)
    site.upload(b"next")
    site.advance(1)
    answer = hear(site.gateway.operator.cancel(1, "anna"))
    assert answer == []
    site.printer.hesitant = False
    site.printer.jobs[0].answer()
    site.advance(1)
    [record] = answer
    assert (record.state, record.printed) == ("canceled", "part")
    assert site.printed[1:] == [b"next"]


@pytest.mark.parametrize("crash", [False, True])
def test_pause(crash: bool) -> None:
    """A paused port takes jobs and prints none, also after a restart; others go on."""
    site = Site([FakePrinter(), FakePrinter()])
    assert told(site.gateway.operator.pause("PORT1", "anna")) is True
    assert "queued" in site.upload()
    if crash:
        powerCut(site)
    site.advance(60)
    assert site.printed == []
    record = site.gateway.operator.port("port1")
    assert (record.state, record.reasons, record.accepting) == ("stopped", ("paused",), True)
    assert told(site.gateway.operator.resume("PORT1", "anna")) is True
    site.advance(1)
    assert site.printed == [b"a page"]


def test_pauseAfterTheJob() -> None:
    """The job that prints is finished first; or cut now, and held."""
    site = Site()
    site.printer.hesitant = True
    site.upload(b"1")
    site.upload(b"2")
    site.advance(1)
    told(site.gateway.operator.pause("PORT1", "anna"))
    site.printer.jobs[0].answer()
    site.advance(5)
    assert site.files("done") == [1]
    assert site.printed == [b"1"]
    told(site.gateway.operator.resume("PORT1", "anna"))
    site.advance(1)
    answer = hear(site.gateway.operator.pause("PORT1", "anna", now=True))
    site.printer.jobs[1].answer()
    site.advance(1)
    assert answer == [True]
    assert site.reason(2).startswith("stopped by anna; all bytes sent")


def test_pauseStreaming() -> None:
    """A paused port that streams refuses jobs for now; that lasts as long as the process."""
    gateway = Gateway(Configuration([FakePrinter()], []), MemoryReactorClock())
    assert told(gateway.operator.pause("PORT1", "anna")) is False
    sender = FakeSender(gateway.factory)
    sender.login()
    assert sender.begin("a") == (
        "450 Job 1 not printed: PORT1 is paused by anna; it is safe to send it again"
    )
    assert gateway.operator.ports()[0].reasons == ("paused",)
    told(gateway.operator.resume("PORT1", "anna"))
    assert sender.upload("a", b"x").endswith("delivered)")
    assert gateway.operator.ports()[0].reasons == ()


def test_reprint() -> None:
    """A printed job whose bytes are kept prints again, as a new job that says so."""
    site = Site(keep=Keep(jobs=5))
    site.upload(b"a page")
    site.advance(1)
    record = told(site.gateway.operator.reprint(1, "anna"))
    assert (record.state, record.reason, record.bytes) == ("pending", "reprint of 1", 6)
    powerCut(site)
    site.advance(1)
    assert site.printed == [b"a page", b"a page"]
    assert record.number > 1


def test_reprintWithoutBytes() -> None:
    """Without them it cannot be."""
    site = Site()
    site.upload(b"a page")
    site.advance(1)
    with pytest.raises(WrongState, match="job 1 cannot be printed again: it has no data; --keep"):
        told(site.gateway.operator.reprint(1, "anna"))


def test_erase() -> None:
    """Nothing of who printed what stays, but number, size and times."""
    site = Site(keep=Keep(jobs=5))
    site.upload(b"secret", "patient.ps")
    site.advance(1)
    record = told(site.gateway.operator.erase(1, "anna"))
    assert (record.name, record.user, record.host, record.sha256) == ("", "", "", None)
    assert (record.bytes, record.number) == (6, 1)
    files = site.disk.inodes("ports/port1/done/00000001")
    assert "data" not in files
    assert b"patient" not in site.disk.read("ports/port1/done/00000001/job.json")


def test_eraseBefore() -> None:
    """All that ended before some time."""
    site = Site(keep=Keep(jobs=5))
    site.upload(b"1")
    site.advance(10)
    then = site.now
    site.upload(b"2")
    site.advance(10)
    assert told(site.gateway.operator.eraseBefore(then, "anna")) == 1
    assert told(site.gateway.operator.show(1)).name == ""
    assert told(site.gateway.operator.show(2)).name == "a.ps"


def test_jobs() -> None:
    """The jobs, the newest first, of a port, in a state, so many, before some number."""
    site = waiting()
    told(site.gateway.operator.hold(2, "anna"))
    site.upload(b"x", "PORT2/a")
    site.advance(1)
    operator = site.gateway.operator

    def numbers(**wanted: Any) -> list[int]:
        return [record.number for record in told(operator.jobs(Wanted(**wanted)))]

    assert numbers() == [4, 3, 2, 1]
    assert numbers(port="port1") == [3, 2, 1]
    assert numbers(state="pending-held") == [2]
    assert numbers(state="completed") == [4]
    assert numbers(limit=1, before=3) == [2]
    with pytest.raises(WrongState, match="printed is no state of a job; there are pending"):
        numbers(state="printed")


def test_stopIsReleased() -> None:
    """Where no job may pass one in doubt, the person who decides about it lets the others go on."""
    site = Site(onDoubt=OnDoubt.STOP)
    site.printer.hesitant = True
    site.upload(b"1")
    site.upload(b"2")
    site.advance(1)
    site.printer.jobs[0].lose()
    site.printer.hesitant = False
    powerCut(site)
    assert len(site.printed) == 1
    told(site.gateway.operator.release(1, "anna"))
    site.advance(1)
    assert site.printed == [b"1", b"1", b"2"]
    assert "printed whole in attempt 2" in site.watcher.ended[0].reason


@pytest.mark.parametrize(
    ("verb", "error", "said"),
    [
        (lambda o: o.cancel(9, "a"), NoSuchJob, "no job 9 is known"),
        (lambda o: o.show(9), NoSuchJob, "no job 9 is known"),
        (lambda o: o.cancel(1, "a"), WrongState, "job 1 has ended already"),
        (lambda o: o.hold(1, "a"), WrongState, "job 1 does not wait"),
        (lambda o: o.next(1, "a"), WrongState, "job 1 does not wait"),
        (lambda o: o.release(1, "a"), WrongState, "job 1 is not held"),
        (lambda o: o.move(1, "PORT2", "a"), WrongState, "job 1 neither waits nor is held"),
        (lambda o: o.move(2, "PORT9", "a"), NoSuchPort, "no printing port is called PORT9"),
        (lambda o: o.reprint(2, "a"), WrongState, "job 2 has not ended"),
        (lambda o: o.erase(2, "a"), WrongState, "job 2 has not ended; cancel it first"),
        (lambda o: o.pause("PORT9", "a"), NoSuchPort, "called PORT9 (did you mean PORT"),
        (lambda o: o.pause("prot1", "a"), NoSuchPort, "called prot1 (did you mean PORT1?)"),
        (lambda o: o.pause("nobody", "a"), NoSuchPort, "no printing port is called nobody"),
        (lambda o: o.moveAll("PORT1", "PORT1", "a"), WrongState, "PORT1 has no jobs that could"),
    ],
)
def test_refused(verb: Callable[[Operator], Any], error: type[VerbRefused], said: str) -> None:
    """What cannot be is refused with a sentence, and changes nothing."""
    site = waiting(0)
    site.printer.silent = False
    site.upload(b"1")
    site.advance(1)
    site.printer.silent = True
    site.upload(b"2")
    site.advance(1)
    before = [*site.queue().jobs.items()]
    with pytest.raises(error) as raised:
        told(verb(site.gateway.operator))
    assert said in str(raised.value)
    assert [*site.queue().jobs.items()] == before
    assert back(site)[-1:] == [b"2"]


def test_brokenSpool() -> None:
    """What a broken disk cannot record is refused, not done some time later."""
    site = waiting()
    site.spooling.failed(SpoolFailed("the disk is gone"))
    for answer in (
        site.gateway.operator.cancel(1, "anna"),
        site.gateway.operator.hold(2, "anna"),
    ):
        with pytest.raises(SpoolFailed, match="the disk is gone; try again when it is well"):
            told(answer)
    site.advance(6)
    assert back(site) == [b"1", b"2", b"3"]


def test_streamingJob() -> None:
    """A job that streams can be canceled, and nothing else."""
    gateway = Gateway(Configuration([FakePrinter()], []), MemoryReactorClock())
    sender = FakeSender(gateway.factory)
    sender.login()
    sender.begin("a")
    with pytest.raises(WrongState, match="job 1 is not in the spool; it can be canceled"):
        told(gateway.operator.hold(1, "anna"))
    assert told(gateway.operator.cancel(1, "anna")).state == "canceled"
    assert sender.hear()[:3] == "550"


def test_testPage() -> None:
    """A test page is one more job; where none is taken, that is told."""
    site = Site([FakePrinter(), FakePrinter()])
    operator = site.gateway.operator
    assert told(operator.test("PORT2", "anna", "text")).name == "test page"
    site.advance(1)
    assert site.printers[1].jobs[0].data.startswith(b"jetdirect test page")
    with pytest.raises(NoSuchPort):
        told(operator.test("nobody", "anna"))
    with pytest.raises(ValueError, match="choose one of"):
        told(operator.test("PORT2", "anna", "docx"))


def test_endedStreamingJob() -> None:
    """Of one that has ended nothing is left to be done."""
    gateway = Gateway(Configuration([FakePrinter()], []), MemoryReactorClock())
    sender = FakeSender(gateway.factory)
    sender.login()
    sender.upload("a", b"page")
    sender.settle()
    with pytest.raises(WrongState, match="job 1 has ended, and is not in the spool"):
        told(gateway.operator.cancel(1, "anna"))
    sender.wire.rst()
