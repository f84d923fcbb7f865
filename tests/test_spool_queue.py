"""
The kept jobs of a printing port: their order, how long they wait, what is kept of them, and a port
that changes.
"""

from __future__ import annotations

import pytest
from twisted.logger import capturedLogs, formatEvent

from jetdirect.named import PortSettings
from jetdirect.spool import queue as module
from jetdirect.spool.limits import Keep
from jetdirect.testing import FakePrinter
from tests.support.answers import hear
from tests.support.machine import Machine, printing


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
