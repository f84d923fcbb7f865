"""
One attempt to print a kept job: what is recorded before a byte leaves, and what ends it.
"""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from jetdirect.errors import JobCanceled, PrinterLost, PrintError
from jetdirect.interfaces import Delivery
from jetdirect.spool.files import FileSpool
from jetdirect.spool.kept import NOTED, PIECE, KeptJob, Withdrawn
from jetdirect.spool.record import JobPlace, SpoolRecord
from jetdirect.testing import FakePrinter, FakePrinterConnection
from tests.support.answers import hear
from tests.support.disk import LosingDisk
from tests.support.spooled import RECORD, Work, spooled


class Attempt:
    """
    A kept job, and the printer on which it is to print.

    @ivar changed: what was recorded each time that the job said it had changed.
    """

    def __init__(self, data: bytes = b"a page") -> None:
        self.disk = LosingDisk()
        self.spool: FileSpool
        self.work: Work
        self.spool, self.work = spooled(self.disk)
        [draft] = hear(self.spool.begin("PORT1", 1))
        hear(draft.write(data))
        [record] = hear(draft.commit(RECORD, JobPlace.QUEUE))
        self.clock, self.printer = Clock(), FakePrinter()
        self.changed: list[SpoolRecord] = []
        self.job = KeptJob(
            record, self.spool, self.clock, lambda: 7.0, lambda job: self.changed.append(job.record)
        )
        self.over = hear(self.job.whenOver())
        self.released: list[object] = []
        self.gaveUp = 0
        self.job.queued(self._giveUp)

    def _giveUp(self) -> None:
        self.gaveUp += 1

    def begin(self) -> FakePrinterConnection:
        """It is its turn."""
        self.printer.open(self.job)
        [connection] = self.printer.jobs
        self.released = hear(self.job.printOn(connection))
        return connection

    @property
    def place(self) -> JobPlace:
        """Where it is on the disk."""
        return self.spool._store.place(1)

    @property
    def noted(self) -> int:
        """How far it was noted to have come."""
        [noted] = hear(self.spool.noted(1))
        assert isinstance(noted, int)
        return noted


@pytest.mark.parametrize("size", [0, 1, PIECE, 3 * PIECE + 1])
def test_printed(size: int) -> None:
    """All of it, in its order, and nothing besides; the port is free then."""
    data = bytes(range(256)) * (size // 256 + 1)
    attempt = Attempt(data[:size])
    connection = attempt.begin()
    assert connection.data == data[:size] and connection.ended == "finished"
    assert attempt.over == [attempt.job] and attempt.released == [None]
    assert attempt.job.delivery is Delivery.DELIVERED and attempt.job.error is None
    assert (attempt.job.sent, attempt.noted) == (size, size)


def test_recordedFirst() -> None:
    """Not one byte leaves before it is recorded that it may."""
    attempt = Attempt()
    attempt.work.hold()
    connection = attempt.begin()
    attempt.work.one()
    assert attempt.place is JobPlace.ACTIVE and connection.data == b""
    [record] = attempt.changed
    assert (record.attempts, record.started, record.sent) == (1, 7.0, 0)
    assert attempt.job.attempted == 1
    attempt.work.go()
    assert connection.data == b"a page"


def test_notRecorded() -> None:
    """An attempt that cannot be recorded sends nothing."""
    attempt = Attempt()

    def fault(number: int, name: str) -> None:
        raise OSError(5, "failed")

    attempt.disk.fault = fault
    connection = attempt.begin()
    assert (connection.data, connection.ended) == (b"", "aborted")
    assert isinstance(attempt.job.error, PrintError) and attempt.job.attempted == 0
    assert attempt.job.error.printed is False and attempt.released == [None]


def test_withdrawn() -> None:
    """A job that waits leaves the line at once, and prints nothing if its turn comes yet."""
    attempt = Attempt()
    attempt.job.cut(Withdrawn("moved"))
    assert attempt.over == [attempt.job] and attempt.gaveUp == 1 and not attempt.job.begun
    connection = attempt.begin()
    assert (connection.data, connection.ended) == (b"", "aborted") and attempt.released == [None]
    assert attempt.place is JobPlace.QUEUE


def test_cut() -> None:
    """A cut ends it where it is; the first evidence counts, and what was sent is known."""
    attempt = Attempt(b"x" * 3 * PIECE)
    attempt.work.hold()
    connection = attempt.begin()
    for _ in ("recorded", "compared", "opened", "read"):
        attempt.work.one()
    sent = len(connection.data)
    assert 0 < sent < 3 * PIECE
    attempt.job.cut(JobCanceled("canceled by anna"))
    attempt.job.printerLost(PrinterLost("switched off"))
    assert connection.ended == "aborted" and len(connection.data) == sent
    attempt.work.go()
    assert isinstance(attempt.job.error, JobCanceled) and attempt.job.error.printed
    assert attempt.over == [attempt.job] and attempt.job.sent == sent
    assert attempt.job.delivery is None


def test_firstEvidence() -> None:
    """While the printer lets go of a cut job, nothing that it says changes why it was cut."""
    attempt = Attempt()
    attempt.printer.hesitant = True
    connection = attempt.begin()
    canceled = JobCanceled("canceled by anna")
    attempt.job.cut(canceled)
    assert attempt.over == [] and connection.ended == "aborted"
    attempt.job.printerLost(PrinterLost("switched off"))
    connection.answer()
    assert attempt.job.error is canceled and attempt.over == [attempt.job]


def test_printerLost() -> None:
    """A printer that goes at the end leaves it open what is on paper."""
    attempt = Attempt()
    attempt.printer.hesitant = True
    connection = attempt.begin()
    assert attempt.over == [] and attempt.noted == 5  # not all, until the printer says so
    connection.lose()
    assert isinstance(attempt.job.error, PrinterLost) and attempt.job.error.printed
    assert attempt.noted == 5 and attempt.released == [None]


def test_blocked() -> None:
    """A printer that takes no more is sent nothing, and how far it has come is noted."""
    attempt = Attempt(b"x" * 3 * PIECE)
    attempt.work.hold()
    connection = attempt.begin()
    attempt.work.one()
    attempt.work.one()
    attempt.work.one()
    sent = len(connection.data)
    connection.pause()
    assert attempt.job.blocked == 0.0 and attempt.job.progress == sent
    attempt.work.go()
    held = len(connection.data)
    assert held < 3 * PIECE
    attempt.clock.advance(NOTED)
    assert attempt.noted == held
    connection.resume()
    assert attempt.job.blocked is None
    assert len(connection.data) == 3 * PIECE and attempt.job.delivery is Delivery.DELIVERED
    assert attempt.clock.getDelayedCalls() == []


def test_blockedForAMoment() -> None:
    """A short pause leaves no timer behind."""
    attempt = Attempt(b"x" * 3 * PIECE)
    attempt.printer.hesitant = True
    connection = attempt.begin()
    connection._producer = attempt.job
    connection.pause()
    assert len(attempt.clock.getDelayedCalls()) == 1
    connection.resume()
    assert [call for call in attempt.clock.getDelayedCalls() if call.active()] == []


def test_dataGone() -> None:
    """A job whose bytes are gone is refused for good, and sends nothing."""
    attempt = Attempt()
    attempt.disk.remove("ports/port1/queue/00000001/data")
    connection = attempt.begin()
    assert connection.data == b"" and attempt.job.error is not None
    assert attempt.job.error.final and not attempt.job.error.printed
