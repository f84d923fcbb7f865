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
from jetdirect.errors import (
    NoSuchJob,
    NoSuchPort,
    PrinterUnreachable,
    SpoolFailed,
    VerbRefused,
    WrongState,
)
from jetdirect.gateway import Gateway
from jetdirect.interfaces import IOperator
from jetdirect.named import OnDoubt, named
from jetdirect.spool.limits import Keep
from jetdirect.testing import FakePrinter, FakeSender
from jetdirect.verbs import Operator
from jetdirect.wanted import Wanted
from tests.support.answers import hear, now
from tests.support.machine import Machine


def waiting(many: int = 3, **settings: Any) -> Machine:
    """Jobs that wait for a printer that is away; and a second one, that prints."""
    machine = Machine([FakePrinter(), FakePrinter()], **settings)
    machine.printer.silent = True
    for number in range(1, many + 1):
        assert "queued" in machine.upload(b"%d" % number)
    machine.advance(1)
    return machine


def back(machine: Machine) -> list[bytes]:
    """What prints when the printer is there again."""
    machine.printer.silent = False
    machine.advance(120)
    return machine.printed


def powerCut(machine: Machine) -> None:
    """What was answered holds over it."""
    machine.restart(seed=5)
    machine.advance(1)


def test_interface() -> None:
    """What is said to be provided is."""
    assert verifyObject(IOperator, Machine().gateway.operator)


@pytest.mark.parametrize("crash", [False, True])
def test_cancel(crash: bool) -> None:
    """A job that waits can be canceled, the next one too, while the printer is away."""
    machine = waiting()
    for number in (1, 3):
        record = now(machine.gateway.operator.cancel(number, "anna"))
        assert (record.state, record.reason) == ("canceled", "canceled by anna")
    if crash:
        powerCut(machine)
    assert back(machine) == [b"2"]


@pytest.mark.parametrize("crash", [False, True])
def test_holdAndRelease(crash: bool) -> None:
    """A held job is passed by the others; released it has its old place."""
    machine = waiting()
    operator = machine.gateway.operator
    for number in (1, 2):
        record = now(operator.hold(number, "anna"))
        assert (record.state, record.reason) == ("pending-held", "held by anna")
    record = now(operator.release(2, "bob"))
    assert (record.state, record.reason) == (
        "pending",
        "released by bob; it was held by anna",
    )
    if crash:
        powerCut(machine)
    assert back(machine) == [b"2", b"3"]
    now(machine.gateway.operator.release(1, "bob"))
    machine.advance(1)
    assert machine.printed == [b"2", b"3", b"1"]


@pytest.mark.parametrize("crash", [False, True])
def test_next(crash: bool) -> None:
    """The last can be the first."""
    machine = waiting()
    now(machine.gateway.operator.next(2, "anna"))
    now(machine.gateway.operator.next(3, "anna"))
    if crash:
        powerCut(machine)
    assert back(machine) == [b"3", b"2", b"1"]


def test_line() -> None:
    """Those that wait stand in the order in which they print, also the held ones; up to a limit."""
    machine = waiting()
    operator = machine.gateway.operator
    now(operator.next(3, "anna"))
    now(operator.hold(1, "anna"))
    line = [(each.number, each.state) for each in now(operator.line("port1"))]
    assert line == [(3, "pending"), (1, "pending-held"), (2, "pending")]
    assert [each.number for each in now(operator.line("PORT1", 2))] == [3, 1]
    assert now(operator.line("PORT2")) == []
    with pytest.raises(NoSuchPort):
        now(operator.line("ward9"))


def test_printing() -> None:
    """Which jobs have a printer, and how far they are: a kept one, and one that streams."""
    machine = waiting(1)
    operator = machine.gateway.operator
    assert operator.printing() == []
    machine.printer.silent = False
    machine.printer.hesitant = True
    machine.advance(120)
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
    assert now(gateway.operator.line("PORT1")) == []


@pytest.mark.parametrize("crash", [False, True])
def test_move(crash: bool) -> None:
    """A job prints at another port, behind those that wait there, whatever its own printer does."""
    machine = waiting()
    machine.printers[1].silent = True
    machine.upload(b"x", "PORT2/a")
    record = now(machine.gateway.operator.move(1, "port2", "anna"))
    assert (record.port, record.state, record.reason) == (
        "PORT2",
        "pending",
        "moved from PORT1 by anna",
    )
    if crash:
        powerCut(machine)
    machine.printers[1].silent = False
    machine.advance(120)
    assert [job.data for job in machine.printers[1].jobs] == [b"x", b"1"]
    assert back(machine) == [b"2", b"3"]


@pytest.mark.parametrize("restarted", [False, True])
def test_removed(restarted: bool) -> None:
    """A port that is taken away is seen as long as it has jobs, which can be moved."""
    machine = Machine([FakePrinter(), FakePrinter()])
    machine.printers[1].refusals = [PrinterUnreachable("refused")] * 99
    for number in (1, 2):
        machine.upload(b"%d" % number, name="PORT2/a")
    machine.advance(1)
    now(machine.gateway.operator.hold(2, "anna"))
    if restarted:
        del machine.printers[1]
        machine.restart()
    else:
        machine.server.apply(named(machine.printers[:1], machine.settings))
    machine.advance(1)
    operator = machine.gateway.operator
    [_, gone] = operator.ports()
    assert (gone.name.upper(), gone.state, gone.reasons[-1]) == ("PORT2", "stopped", "port-removed")
    assert (gone.accepting, gone.queued, gone.held) == (False, 0, 2)
    assert operator.port("Port2") == gone
    line = now(operator.line("PORT2"))
    assert [(each.number, each.state) for each in line] == [
        (1, "pending-held"),
        (2, "pending-held"),
    ]
    assert now(operator.moveAll("PORT2", "PORT1", "anna")) == 2
    assert [each.name for each in operator.ports()] == ["PORT1"]
    if restarted:
        with pytest.raises(NoSuchPort):
            operator.port("PORT2")


def test_moveAll() -> None:
    """A whole queue moves in its order, with what is held."""
    machine = waiting()
    now(machine.gateway.operator.hold(2, "anna"))
    assert now(machine.gateway.operator.moveAll("PORT1", "PORT2", "anna")) == 3
    machine.advance(1)
    assert [job.data for job in machine.printers[1].jobs] == [b"1", b"2", b"3"]
    assert machine.queue().queued == machine.queue().held == machine.queue().bytes == 0


def test_cancelPrinting() -> None:
    """A job that prints is cut, and it is known that a part may be on paper."""
    machine = Machine()
    machine.printer.hesitant = True
    machine.upload(b"x" * 9)
    machine.upload(b"next")
    machine.advance(1)
    answer = hear(machine.gateway.operator.cancel(1, "anna"))
    assert answer == []
    machine.printer.hesitant = False
    machine.printer.jobs[0].answer()
    machine.advance(1)
    [record] = answer
    assert (record.state, record.printed) == ("canceled", "part")
    assert machine.printed[1:] == [b"next"]


@pytest.mark.parametrize("crash", [False, True])
def test_pause(crash: bool) -> None:
    """A paused port takes jobs and prints none, also after a restart; others go on."""
    machine = Machine([FakePrinter(), FakePrinter()])
    assert now(machine.gateway.operator.pause("PORT1", "anna")) is True
    assert "queued" in machine.upload()
    if crash:
        powerCut(machine)
    machine.advance(60)
    assert machine.printed == []
    record = machine.gateway.operator.port("port1")
    assert (record.state, record.reasons, record.accepting) == ("stopped", ("paused",), True)
    assert now(machine.gateway.operator.resume("PORT1", "anna")) is True
    machine.advance(1)
    assert machine.printed == [b"a page"]


def test_pauseAfterTheJob() -> None:
    """The job that prints is finished first; or cut now, and held."""
    machine = Machine()
    machine.printer.hesitant = True
    machine.upload(b"1")
    machine.upload(b"2")
    machine.advance(1)
    now(machine.gateway.operator.pause("PORT1", "anna"))
    machine.printer.jobs[0].answer()
    machine.advance(5)
    assert machine.files("done") == [1]
    assert machine.printed == [b"1"]
    now(machine.gateway.operator.resume("PORT1", "anna"))
    machine.advance(1)
    answer = hear(machine.gateway.operator.pause("PORT1", "anna", now=True))
    machine.printer.jobs[1].answer()
    machine.advance(1)
    assert answer == [True]
    assert machine.reason(2).startswith("stopped by anna; all bytes sent")


def test_pauseStreaming() -> None:
    """A paused port that streams refuses jobs for now; that lasts as long as the process."""
    gateway = Gateway(Configuration([FakePrinter()], []), MemoryReactorClock())
    assert now(gateway.operator.pause("PORT1", "anna")) is False
    sender = FakeSender(gateway.factory)
    sender.login()
    assert sender.begin("a") == (
        "450 Job 1 not printed: PORT1 is paused by anna; it is safe to send it again"
    )
    assert gateway.operator.ports()[0].reasons == ("paused",)
    now(gateway.operator.resume("PORT1", "anna"))
    assert sender.upload("a", b"x").endswith("delivered)")
    assert gateway.operator.ports()[0].reasons == ()


def test_reprint() -> None:
    """A printed job whose bytes are kept prints again, as a new job that says so."""
    machine = Machine(keep=Keep(jobs=5))
    machine.upload(b"a page")
    machine.advance(1)
    record = now(machine.gateway.operator.reprint(1, "anna"))
    assert (record.state, record.reason, record.bytes) == ("pending", "reprint of 1", 6)
    powerCut(machine)
    machine.advance(1)
    assert machine.printed == [b"a page", b"a page"]
    assert record.number > 1
    assert now(machine.gateway.operator.show(record.number)).reason == "reprint of 1"


def test_reprintWithoutBytes() -> None:
    """Without them it cannot be."""
    machine = Machine()
    machine.upload(b"a page")
    machine.advance(1)
    with pytest.raises(WrongState, match="job 1 cannot be printed again: it has no data; --keep"):
        now(machine.gateway.operator.reprint(1, "anna"))


def test_erase() -> None:
    """Nothing of who printed what stays, but number, size and times."""
    machine = Machine(keep=Keep(jobs=5))
    machine.upload(b"secret", "patient.ps")
    machine.advance(1)
    record = now(machine.gateway.operator.erase(1, "anna"))
    assert (record.name, record.user, record.host, record.sha256) == ("", "", "", None)
    assert (record.bytes, record.number) == (6, 1)
    files = machine.disk.inodes("ports/port1/done/00000001")
    assert "data" not in files
    assert b"patient" not in machine.disk.read("ports/port1/done/00000001/job.json")


def test_eraseBefore() -> None:
    """All that ended before some time."""
    machine = Machine(keep=Keep(jobs=5))
    machine.upload(b"1")
    machine.advance(10)
    then = machine.now
    machine.upload(b"2")
    machine.advance(10)
    assert now(machine.gateway.operator.eraseBefore(then, "anna")) == 1
    assert now(machine.gateway.operator.show(1)).name == ""
    assert now(machine.gateway.operator.show(2)).name == "a.ps"


def test_jobs() -> None:
    """The jobs, the newest first, of a port, in a state, so many, before some number."""
    machine = waiting()
    now(machine.gateway.operator.hold(2, "anna"))
    machine.upload(b"x", "PORT2/a")
    machine.advance(1)
    operator = machine.gateway.operator

    def numbers(**wanted: Any) -> list[int]:
        return [record.number for record in now(operator.jobs(Wanted(**wanted)))]

    assert numbers() == [4, 3, 2, 1]
    assert numbers(port="port1") == [3, 2, 1]
    assert numbers(state="pending-held") == [2]
    assert numbers(state="completed") == [4]
    assert numbers(limit=1, before=3) == [2]
    with pytest.raises(WrongState, match="printed is no state of a job; there are pending"):
        numbers(state="printed")


def test_stopIsReleased() -> None:
    """Where no job may pass one in doubt, the person who decides about it lets the others go on."""
    machine = Machine(onDoubt=OnDoubt.STOP)
    machine.printer.hesitant = True
    machine.upload(b"1")
    machine.upload(b"2")
    machine.advance(1)
    machine.printer.jobs[0].lose()
    machine.printer.hesitant = False
    powerCut(machine)
    assert len(machine.printed) == 1
    now(machine.gateway.operator.release(1, "anna"))
    machine.advance(1)
    assert machine.printed == [b"1", b"1", b"2"]
    assert "printed whole in attempt 2" in machine.watcher.ended[0].reason


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
        (lambda o: o.move(2, "PORT1", "a"), WrongState, "job 2 is on PORT1 already"),
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
    machine = waiting(0)
    machine.printer.silent = False
    machine.upload(b"1")
    machine.advance(1)
    machine.printer.silent = True
    machine.upload(b"2")
    machine.advance(1)
    before = [*machine.queue().jobs.items()]
    with pytest.raises(error) as raised:
        now(verb(machine.gateway.operator))
    assert said in str(raised.value)
    assert [*machine.queue().jobs.items()] == before
    assert back(machine)[-1:] == [b"2"]


def test_brokenSpool() -> None:
    """What a broken disk cannot record is refused, not done some time later."""
    machine = waiting()
    machine.spooling.failed(SpoolFailed("the disk is gone"))
    for answer in (
        machine.gateway.operator.cancel(1, "anna"),
        machine.gateway.operator.hold(2, "anna"),
    ):
        with pytest.raises(SpoolFailed, match="the disk is gone; try again when it is well"):
            now(answer)
    machine.advance(6)
    assert back(machine) == [b"1", b"2", b"3"]


def test_streamingJob() -> None:
    """A job that streams can be canceled, and nothing else."""
    gateway = Gateway(Configuration([FakePrinter()], []), MemoryReactorClock())
    sender = FakeSender(gateway.factory)
    sender.login()
    sender.begin("a")
    with pytest.raises(WrongState, match="job 1 is not in the spool; it can be canceled"):
        now(gateway.operator.hold(1, "anna"))
    assert now(gateway.operator.cancel(1, "anna")).state == "canceled"
    assert sender.hear()[:3] == "550"


def test_testPage() -> None:
    """A test page is one more job; where none is taken, that is told."""
    machine = Machine([FakePrinter(), FakePrinter()])
    operator = machine.gateway.operator
    assert now(operator.test("PORT2", "anna", "text")).name == "test page"
    machine.advance(1)
    assert machine.printers[1].jobs[0].data.startswith(b"jetdirect test page")
    with pytest.raises(NoSuchPort):
        now(operator.test("nobody", "anna"))
    with pytest.raises(ValueError, match="choose one of"):
        now(operator.test("PORT2", "anna", "docx"))


def test_endedStreamingJob() -> None:
    """Of one that has ended nothing is left to be done."""
    gateway = Gateway(Configuration([FakePrinter()], []), MemoryReactorClock())
    sender = FakeSender(gateway.factory)
    sender.login()
    sender.upload("a", b"page")
    sender.settle()
    with pytest.raises(WrongState, match="job 1 has ended, and is not in the spool"):
        now(gateway.operator.cancel(1, "anna"))
    sender.wire.rst()
