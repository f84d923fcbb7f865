"""
Kept jobs whose bytes or records a disk has lost, or does not give.
"""

from __future__ import annotations

import errno

import pytest
from twisted.internet.defer import Deferred

from jetdirect.errors import SpoolFailed, WrongState
from jetdirect.record import JobRecord, JobState
from jetdirect.spool.limits import Keep
from jetdirect.testing import FakePrinter
from tests.support.machine import Machine


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
