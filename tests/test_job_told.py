"""
What is said of a job: its events, its line in the log, its record.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogEvent, LogLevel, capturedLogs, formatEvent

from jetdirect.configuration import Configuration
from jetdirect.errors import (
    JobAborted,
    JobCanceled,
    PrinterLost,
    PrintError,
    SenderLost,
)
from jetdirect.gateway import Gateway
from jetdirect.job import Job, Sender
from jetdirect.server import REMEMBERED_JOBS
from jetdirect.testing import FakePrinter, FakeSender
from tests.support.jobalone import (
    COMPLETED,
    PROCESSING,
    Connection,
    JobAlone,
    completed,
    delivered,
    finishing,
    hear,
    receiving,
    waiting,
)


@contextmanager
def _jobEvents() -> Iterator[list[LogEvent]]:
    events: list[LogEvent] = []
    with capturedLogs() as logged:
        yield events
    events += [event for event in logged if event["log_namespace"] == "jetdirect.job.Job"]


WHO = {"job": 7, "port": "PORT1", "peer": "192.0.2.1", "user": "ann", "name": "page.ps"}


@pytest.mark.parametrize("printerLost", [True, False])
def test_oneEventAtEachEnd(printerLost: bool) -> None:
    """A job writes one event when it comes and one when it is over, with all that is known."""
    with _jobEvents() as events:
        alone = JobAlone().open().write(b"%!PS")
        alone.clock.advance(2.5)
        alone.finish()
        if printerLost:
            alone.connection.finished.errback(PrinterLost("the printer was switched off"))
        else:
            alone.deliver().job.complete()
        alone.job.cut(SenderLost("late"))

    start, end = events
    assert {key: start[key] for key in WHO} == WHO
    assert {key: end[key] for key in WHO} == WHO
    state, level = ("aborted", "-") if printerLost else ("completed", "delivered")
    assert (end["state"], end["delivery"]) == (state, level)
    printed, code = ("part", 551) if printerLost else ("yes", 226)
    assert (end["bytes"], end["seconds"], end["printed"]) == (4, 2.5, printed)
    assert (end["reply"], end["printer"]) == (code, "HP LaserJet")
    assert end["log_level"] is (LogLevel.warn if printerLost else LogLevel.info)
    assert formatEvent(start) == "job 7 on PORT1: 'page.ps' from 'ann' at 192.0.2.1"


@pytest.mark.parametrize("phase", [waiting, receiving, finishing, delivered])
@pytest.mark.parametrize("why", [JobCanceled, SenderLost])
def test_oneEndEventWhereverItIsCut(
    phase: Callable[[], JobAlone], why: type[JobCanceled] | type[SenderLost]
) -> None:
    """However many things go wrong and wherever, the end of a job is logged once."""
    with _jobEvents() as events:
        alone = phase()
        alone.job.cut(why("the reason"))
        alone.job.cut(SenderLost("another"))
        alone.job.complete()

    _, end = events
    assert end["state"] == alone.job.state.value
    assert str(end["reason"]) in str(formatEvent(end))


def test_eventOfAnUnopenedJob() -> None:
    """The end event of a job without a byte says so."""
    with _jobEvents() as events:
        waiting().job.cut(PrintError("the printer did not answer"))

    end = events[-1]
    assert (end["bytes"], end["delivery"], end["printed"]) == (0, "-", "no")
    assert formatEvent(end) == (
        "job 7 on PORT1: aborted: 0 bytes in 0.000 s, printed no, reply 451: the printer did not"
        " answer ('page.ps' from 'ann' at 192.0.2.1, printer 'HP LaserJet')"
    )


def test_lineOfACompleteJob() -> None:
    """It says "completed" once, and what the operator wants to know of it."""
    with _jobEvents() as events:
        alone = JobAlone().open().write(b"%!PS")
        alone.clock.advance(1.5)
        alone.finish().deliver().job.complete()

    assert formatEvent(events[-1]) == (
        "job 7 on PORT1: completed: 4 bytes in 1.500 s, delivered, printed yes, reply 226"
        " ('page.ps' from 'ann' at 192.0.2.1, printer 'HP LaserJet')"
    )


@pytest.mark.parametrize(
    ("error", "state", "level", "code"),
    [
        (PrinterLost("it was switched off"), "aborted", LogLevel.warn, 551),
        (SenderLost("the control connection was lost"), "aborted", LogLevel.warn, 551),
        (JobAborted("aborted by the sender"), "canceled", LogLevel.info, 426),
        (JobCanceled("canceled by the operator"), "canceled", LogLevel.info, 551),
    ],
)
def test_levels(error: PrintError, state: str, level: LogLevel, code: int) -> None:
    """What failed is a warning, what somebody asked for is not; the code is that of the reply."""
    with _jobEvents() as events:
        receiving().job.cut(error)

    end = events[-1]
    assert (end["state"], end["log_level"], end["reply"]) == (state, level, code)
    assert (end["printed"], end["reason"]) == ("part", error.reason)


@pytest.mark.parametrize(("data", "printed"), [(b"", "no"), (b"x", "yes")])
def test_eventSaysWhetherAByteWasPrinted(data: bytes, printed: str) -> None:
    """Of a complete job without a byte nothing is printed."""
    with _jobEvents() as events:
        completed(data)

    assert events[-1]["printed"] == printed


def test_eventOfWhatNeverLeft() -> None:
    """A job of which all bytes stayed on this side is not printed, however many came."""
    with _jobEvents() as events:
        alone = JobAlone(connection=Connection(buffering=True)).open().write(b"%!PS")
        alone.job.cut(SenderLost("the control connection was lost"))

    assert (events[-1]["bytes"], events[-1]["printed"]) == (4, "no")


@pytest.mark.parametrize(("heard", "reason"), [(True, ""), (False, "sender lost before the reply")])
def test_completeHeardOrNot(heard: bool, reason: str) -> None:
    """The record of a completed job says whether its sender lived to hear of it."""
    with _jobEvents() as events:
        alone = delivered()
        alone.job.complete(heard)

    end = events[-1]
    assert (alone.job.state, alone.job.heard) == (COMPLETED, heard)
    assert (end["state"], end["heard"], end["reason"]) == ("completed", heard, reason)
    assert end["log_level"] is (LogLevel.info if heard else LogLevel.warn)


def _cutWaiting(alone: JobAlone) -> None:
    alone.job.cut(PrintError("the printer did not answer"))


def _cutReceiving(alone: JobAlone) -> None:
    alone.open().write(b"%!PS").job.cut(PrinterLost("switched off"))
    alone.connection.aborted.callback(None)


def _cutFinishing(alone: JobAlone) -> None:
    alone.open().write(b"%!PS").finish().job.cut(SenderLost("lost"))
    alone.connection.aborted.callback(None)


def _cutDelivered(alone: JobAlone) -> None:
    alone.open().write(b"%!PS").finish().deliver().job.cut(SenderLost("lost"))
    assert alone.job.error is not None and alone.job.error.printed


def _complete(alone: JobAlone) -> None:
    alone.open().write(b"%!PS").finish().deliver().job.complete()


@pytest.mark.parametrize(
    "end", [_cutWaiting, _cutReceiving, _cutFinishing, _cutDelivered, _complete]
)
def test_forgets(end: Callable[[JobAlone], None]) -> None:
    """An ended job, which is remembered for listings, keeps nothing of the printer's side."""
    alone = JobAlone()
    job = alone.job
    end(alone)
    assert job.ended
    assert (job._connection, job._giveUp, job._producer, job._head) == (None, None, None, b"")


@pytest.mark.slow
def test_bytesOfAnEndedJob() -> None:
    """
    What is remembered of an ended job has a bound, however it ended: no session, no printer.
    """

    def kept(fails: bool) -> float:
        printer = FakePrinter()
        gateway = Gateway(Configuration([printer], []), MemoryReactorClock())

        def one() -> None:
            sender = FakeSender(gateway.factory)
            sender.login()
            sender.begin("page.ps")
            assert sender.data is not None
            sender.data.receive(b"%!PS" + bytes(10_000))
            sender.data.rst() if fails else sender.data.fin()
            sender.settle()
            sender.say("QUIT")
            printer.jobs.clear()
            gateway.factory.reactor.tcpServers.clear()  # type: ignore[attr-defined]

        for _ in range(3):
            one()
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(REMEMBERED_JOBS - 20):
            one()
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return (after - before) / (REMEMBERED_JOBS - 20)

    assert max(kept(fails=False), kept(fails=True)) < 6000


def test_completeComesAfterDelivery() -> None:
    """A reply cannot be heard before the printer has the job."""
    alone = finishing()

    alone.job.complete(heard=False)

    assert (alone.job.state, alone.job.heard) == (PROCESSING, True)


def test_secondsStopAtTheEnd() -> None:
    """A job's time runs from its submission to its end."""
    alone = receiving()
    alone.clock.advance(3)
    assert alone.job.seconds == 3

    alone.job.cut(JobAborted("aborted by the sender"))
    alone.clock.advance(60)

    assert alone.job.seconds == 3


def test_secondsOfALateJob() -> None:
    """A job's time is its own, however long the gateway was there before it."""
    clock = Clock()
    clock.advance(1000)
    job = Job(7, "PORT1", "page.ps", Sender("ann", "192.0.2.1", 40001), None, clock)
    hear(job.whenOpened(), lambda _: None)

    clock.advance(3)
    assert job.seconds == 3
    job.cut(JobAborted("aborted by the sender"))

    assert job.seconds == 3


def test_theSenderStaysTheSame() -> None:
    """The record names the same sender at the end as at the beginning."""
    with pytest.raises(AttributeError):
        JobAlone().job.sender.user = "root"  # type: ignore[misc]


def test_whoSendsIt() -> None:
    """The printer's side sees who sends the job, and what was announced."""
    job = JobAlone(size=12).job

    assert (job.number, job.name, job.user, job.host, job.size) == (
        7,
        "page.ps",
        "ann",
        "192.0.2.1",
        12,
    )
