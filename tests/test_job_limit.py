"""
The longest job that is allowed: not one byte beyond it reaches the printer.
"""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from jetdirect.errors import JobTooLarge
from jetdirect.job import Job, Sender
from jetdirect.language import END_OF_JOB
from jetdirect.record import JobState
from jetdirect.testing import FakePrinter, FakePrinterConnection


def limited(limit: int | None) -> tuple[Job, FakePrinterConnection]:
    """A job that has its printer."""
    sender = Sender("ann", "192.0.2.1", 40001)
    job = Job(7, "PORT1", "page.ps", sender, None, Clock(), limit)
    printer = FakePrinter()
    printer.open(job).addCallback(job.printOn)
    return job, printer.jobs[0]


@pytest.mark.parametrize("limit", [4, None])
def test_longestJob(limit: int | None) -> None:
    """A job may have as many bytes as are allowed, in whatever pieces they come."""
    job, printed = limited(limit)

    job.write(b"%!")
    job.write(b"PS")
    job.finish()

    assert job.error is None
    assert (printed.data, printed.ended) == (b"%!PS", "finished")


@pytest.mark.parametrize(
    ("pieces", "got"), [([b"%!PSx"], b""), ([b"%!", b"PSx"], b"%!"), ([b"%!PS", b"x"], b"%!PS")]
)
def test_longerJob(pieces: list[bytes], got: bytes) -> None:
    """The piece that passes the limit is dropped whole, and the job ends as its language wants."""
    job, printed = limited(4)

    for piece in pieces:
        job.write(piece)
    job.write(b"")

    assert job.state is JobState.ABORTED
    assert isinstance(job.error, JobTooLarge)
    assert job.error.reason == "more than 4 bytes"
    assert job.error.printed is (got != b"")
    assert (job.bytes, printed.data, printed.ended) == (len(got), got, "aborted")
    assert printed.tail == (END_OF_JOB if got else b"")
