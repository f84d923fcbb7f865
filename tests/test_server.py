"""
A print server: its printing ports, its job numbers, and what an operator can do.
"""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from jetdirect.errors import DataConnectionLost, JobCanceled, PrinterBusy, PrinterUnreachable
from jetdirect.job import Job, Sender
from jetdirect.named import PortSettings
from jetdirect.record import JobState
from jetdirect.server import REMEMBERED_JOBS, PrintServer
from jetdirect.testing import FakePrinter

SENDER = Sender("ann", "192.0.2.1", 40001)


class Served:
    """A print server with fake printers."""

    def __init__(self, printers: int = 2) -> None:
        self.clock = Clock()
        self.printers = [FakePrinter(f"printer {n}") for n in range(1, printers + 1)]
        self.server = PrintServer(self.printers, self.clock)

    def submit(self, port: int = 1) -> Job:
        job = self.server.submit(self.server.ports[port - 1], "page.ps", SENDER)
        job.whenOpened().addErrback(lambda failure: None)
        return job

    def printed(self, port: int = 1) -> Job:
        job = self.submit(port)
        job.finish()
        job.complete()
        return job

    def idle(self) -> list[object]:
        """Becomes longer when the printers are free."""
        fired: list[object] = []
        self.server.whenIdle().addCallback(fired.append)
        return fired


def test_portsInOrder() -> None:
    """The n-th printer is behind PORTn."""
    ports = Served(3).server.ports

    assert [(port.name, port.description) for port in ports] == [
        ("PORT1", "printer 1"),
        ("PORT2", "printer 2"),
        ("PORT3", "printer 3"),
    ]


def test_noPrinter() -> None:
    """A print server without a printer is a mistake."""
    with pytest.raises(ValueError, match="at least one printer"):
        PrintServer([], Clock())


@pytest.mark.parametrize("name", ["PORT2", "port2", "Port2"])
def test_portByName(name: str) -> None:
    """A printing port is found by its name in upper or lower case."""
    server = Served().server

    assert server.port(name) is server.ports[1]


@pytest.mark.parametrize("name", ["PORT3", "PORT02", "PORT", "2", "", "PORT2 "])
def test_noSuchPort(name: str) -> None:
    """What is not the name of a printing port is nothing."""
    assert Served().server.port(name) is None


def test_jobNumbers() -> None:
    """Jobs are counted from 1 over all printing ports, whatever becomes of them."""
    served = Served()
    served.printed()
    served.submit(2).cut(DataConnectionLost("lost"))

    assert [served.submit(port).number for port in (1, 2, 2)] == [3, 4, 5]


def test_jobKnowsItsPlace() -> None:
    """A job has what it was submitted with, and the name of its printing port."""
    served = Served()

    job = served.server.submit(served.server.ports[1], "a.pcl", SENDER, 12)

    assert (job.port, job.name, job.sender, job.size) == ("PORT2", "a.pcl", SENDER, 12)
    assert served.printers[1].jobs and not served.printers[0].jobs


def test_portsDoNotWaitForEachOther() -> None:
    """A job at one printing port keeps none at another waiting."""
    served = Served()
    served.submit(1)
    waiting, other = served.submit(1), served.submit(2)

    assert (waiting.state, other.state) == (JobState.PENDING, JobState.PROCESSING)


def test_timeOuts() -> None:
    """The time-outs of a print server are those of its printing ports."""
    clock, printer = Clock(), FakePrinter()
    server = PrintServer([printer], clock, PortSettings(busyTimeout=3, connectTimeout=4))
    errors: list[type[BaseException] | None] = []

    for _ in range(2):
        printer.silent = True
        job = server.submit(server.ports[0], "a", SENDER)
        job.whenOpened().addErrback(lambda failure: errors.append(failure.type))
    clock.advance(3)
    assert errors == [PrinterBusy]
    clock.advance(1)

    assert errors == [PrinterBusy, PrinterUnreachable]


def test_twoServers() -> None:
    """Two print servers in one process count and cancel for themselves."""
    one, other = Served(), Served()
    one.submit()

    assert other.server.jobs == []
    assert not other.server.cancel(1)
    assert other.submit().number == 1


# What an operator sees and does.


def test_listing() -> None:
    """An operator sees the jobs that are over and those that are not, oldest first."""
    served = Served()
    jobs = [
        served.printed(),
        served.printed(),
        served.submit(1),
        served.submit(2),
        served.submit(1),
    ]

    assert served.server.jobs == [job.record for job in jobs]


def test_onlyTheLastJobsAreRemembered() -> None:
    """The record of jobs does not grow for ever, and loses no job that is not over."""
    served = Served()
    running = served.submit(2)
    jobs = [served.printed() for _ in range(REMEMBERED_JOBS + 3)]

    assert served.server.jobs == [job.record for job in [running, *jobs[3:]]]


def test_listingOldestFirst() -> None:
    """A job that takes long is listed where its number belongs."""
    served = Served()
    jobs = [served.submit(1), served.printed(2)]

    assert served.server.jobs == [job.record for job in jobs]


def test_since() -> None:
    """A port has its state since it was paused or resumed, or since its printer is in trouble."""
    clock, printer = Clock(), FakePrinter()
    settings = PortSettings(connectTimeout=4)
    server = PrintServer([printer], clock, settings, wallClock=clock.seconds)
    [port] = server.ports

    def seen() -> tuple[str, float]:
        record = server.portRecord(port)
        return record.state, record.since

    def pause() -> None:
        Deferred.fromCoroutine(server.pause([port], "anna"))

    def resume() -> None:
        Deferred.fromCoroutine(server.resume([port]))

    assert seen() == ("idle", 0)
    clock.advance(10)
    pause()
    assert seen() == ("stopped", 10)
    clock.advance(10)
    pause()
    assert seen() == ("stopped", 10)
    resume()
    clock.advance(10)
    assert seen() == ("idle", 20)
    printer.silent = True
    server.submit(port, "a.ps", SENDER).whenOpened().addErrback(lambda _: None)
    assert seen() == ("processing", 30)
    clock.advance(1)
    pause()
    assert seen() == ("stopped", 31)
    clock.advance(3)
    assert seen() == ("stopped", 34)  # it cannot be reached, which is more
    resume()
    assert seen() == ("stopped", 34)


def test_unchanged() -> None:
    """Of thousands of ports only those that have changed cost more than a look."""
    served = Served()
    before = [*map(served.server.portRecord, served.server.ports)]
    served.printed(1)
    after = [*map(served.server.portRecord, served.server.ports)]
    assert after[1] is before[1] and after[0] is not before[0]
    served.printers[1].description = "another"
    assert served.server.portRecord(served.server.ports[1]).description == "another"


def test_cancelInLine() -> None:
    """A job in line can be canceled by its number."""
    served = Served()
    served.submit()
    waiting = served.submit()

    assert served.server.cancel(waiting.number)

    assert waiting.state is JobState.CANCELED
    assert isinstance(waiting.error, JobCanceled)
    assert waiting.error.reason == "canceled by the operator"


def test_cancelWhilePrinting() -> None:
    """A job that prints can be canceled, for a reason that is told."""
    served = Served()
    job = served.submit()
    job.write(b"%!PS")

    assert served.server.cancel(1, "the paper is too good for it")

    assert job.error is not None
    assert (job.error.reason, job.error.printed) == ("the paper is too good for it", True)
    assert served.printers[0].jobs[0].ended == "aborted"


def test_cancelInVain() -> None:
    """A job that is over, that the printer has, or that never was, cannot be canceled."""
    served = Served()
    over, delivered = served.printed(), served.submit()
    delivered.finish()

    assert not served.server.cancel(over.number)
    assert not served.server.cancel(delivered.number)
    assert not served.server.cancel(99)
    assert (over.state, delivered.state) == (JobState.COMPLETED, JobState.PROCESSING)


def test_idleAtOnce() -> None:
    """Where no job has a printer there is nothing to wait for."""
    assert len(Served().idle()) == 1


def test_idleWhenThePrintersAreFree() -> None:
    """A print server is idle when each printer let go of the job that it had."""
    served = Served()
    for printer in served.printers:
        printer.hesitant = True
    first, second = served.submit(1), served.submit(2)
    idle = served.idle()

    first.finish()
    second.cut(DataConnectionLost("lost"))
    served.printers[0].jobs[0].answer()
    assert idle == []
    served.printers[1].jobs[0].answer()

    assert len(idle) == 1


def test_idleThoughJobsCameLater() -> None:
    """Jobs that come later are not waited for."""
    served = Served()
    first = served.submit()
    idle = served.idle()
    served.submit()

    first.finish()

    assert len(idle) == 1
