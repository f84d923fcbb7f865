"""
Who is told of jobs and printing ports, what, and how often.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
from twisted.internet.task import Clock
from zope.interface import implementer

from jetdirect.errors import JobAborted, JobCanceled, PrinterLost, PrintError, SenderLost
from jetdirect.interfaces import IWatcher, unheard
from jetdirect.job import STOPPED_AFTER, Job, Sender
from jetdirect.record import JobRecord, JobState, PortRecord, PortState
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter
from tests.conftest import FlushErrors
from tests.support.spooled import spooled

SENDER = Sender("ann", "192.0.2.1", 40001)
EPOCH = 1_800_000_000.0


@implementer(IWatcher)
class Watcher:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def jobSubmitted(self, record: JobRecord) -> None:
        self.told.append(("submitted", record))

    def jobChanged(self, record: JobRecord) -> None:
        self.told.append(("changed", record))

    def jobProgressed(self, record: JobRecord) -> None:
        self.told.append(("progressed", record))

    def jobEnded(self, record: JobRecord) -> None:
        self.told.append(("ended", record))

    def portChanged(self, record: PortRecord) -> None:
        self.told.append(("port", record))

    def jobs(self) -> list[tuple[str, str, int]]:
        """What was told of jobs since the last time."""
        found = [(what, r.state, r.bytes) for what, r in self.told if what != "port"]
        self.told = [each for each in self.told if each[0] == "port"]
        return found


class WatchedServer:
    """A print server that somebody watches."""

    def __init__(self, progress: bool = False) -> None:
        self.clock = Clock()
        self.printer = FakePrinter()
        self.server = PrintServer(
            [self.printer], self.clock, wallClock=lambda: EPOCH + self.clock.seconds()
        )
        self.watcher = Watcher()
        self.server.watch(self.watcher, progress)

    def submit(self) -> Job:
        def code(error: PrintError | None) -> int:
            return 226 if error is None else 551

        job = self.server.submit(self.server.ports[0], "page.ps", SENDER, code=code)
        job.whenOpened().addErrback(lambda failure: None)
        return job

    def source(self, job: Job) -> None:
        """Something that the printer can stop."""

        class Source:
            def pauseProducing(self) -> None: ...
            def resumeProducing(self) -> None: ...
            def stopProducing(self) -> None: ...

        job.registerProducer(Source(), True)  # type: ignore[arg-type]


def test_lifeOfAJob() -> None:
    """A job is told when it comes, has its printer, is all sent, is delivered and is over."""
    watched = WatchedServer()
    job = watched.submit()
    watched.clock.advance(2)
    job.write(b"%!PS")
    job.finish().addErrback(lambda failure: None)
    watched.clock.advance(1)
    job.complete()

    told = [record for what, record in watched.watcher.told if what != "port"]
    assert watched.watcher.jobs() == [
        ("submitted", JobState.PENDING, 0),
        ("changed", JobState.PROCESSING, 0),
        ("changed", JobState.PROCESSING, 4),
        ("changed", JobState.PROCESSING, 4),
        ("ended", JobState.COMPLETED, 4),
    ]
    assert told[0] == JobRecord(
        number=1, port="PORT1", name="page.ps", user="ann", host="192.0.2.1",
        printer="fake printer", bytes=0, state=JobState.PENDING, reasons=("job-incoming",),
        delivery=None, attempts=0, created=EPOCH, started=None, completed=None, seconds=0.0,
        blocked=0.0, outcome=None, reply=None, printed="no", reason="", heard=True, sha256=None,
    )  # fmt: skip
    last = told[-1]
    assert (last.created, last.started, last.completed) == (EPOCH, EPOCH, EPOCH + 2)
    assert (last.outcome, last.reply, last.printed, last.seconds) == ("completed", 226, "yes", 2)
    assert (last.delivery, last.attempts) == ("delivered", 1)
    assert watched.server.jobs == [last]


def test_unheard() -> None:
    """A watcher is not called for what it makes nothing of."""

    class Ends(Watcher):
        jobSubmitted = jobChanged = jobProgressed = portChanged = unheard

    watched = WatchedServer()
    ends = Ends()
    watched.server.watch(ends, progress=True)
    called: list[object] = []
    sys.setprofile(lambda frame, event, _: called.append(frame.f_code))
    try:
        job = watched.submit()
        job.write(b"%!PS")
        watched.clock.advance(2)
        job.cut(JobCanceled("by the operator"))
    finally:
        sys.setprofile(None)
    assert [what for what, _ in ends.told] == ["ended"]
    assert Watcher.jobChanged.__code__ in called and unheard.__code__ not in called


@pytest.mark.parametrize(
    ("error", "outcome", "reasons"),
    [
        (JobAborted("by the sender"), "canceled", ("job-canceled-by-user",)),
        (JobCanceled("by the operator"), "canceled", ("job-canceled-by-operator",)),
        (SenderLost("gone"), "aborted", ("aborted-by-system", "submission-interrupted")),
        (PrinterLost("gone"), "aborted", ("aborted-by-system",)),
    ],
)
def test_cutJob(error: PrintError, outcome: str, reasons: tuple[str, ...]) -> None:
    """A cut job is told once, with its reason in words, its reply and what is on paper."""
    watched = WatchedServer()
    job = watched.submit()
    job.write(b"%!PS")
    job.cut(error)
    job.cut(SenderLost("late"))

    ended = [record for what, record in watched.watcher.told if what == "ended"]
    assert [(each.outcome, each.reasons, each.reason) for each in ended] == [
        (outcome, reasons, error.reason)
    ]
    assert (ended[0].reply, ended[0].printed, ended[0].ended) == (551, "part", True)


def test_progress() -> None:
    """Bytes are told once a second at most, and a printer that takes none when that is so."""
    watched = WatchedServer(progress=True)
    job = watched.submit()
    watched.source(job)
    watched.watcher.jobs()
    for _ in range(40):
        job.write(bytes(10))
        watched.clock.advance(0.125)
    assert watched.watcher.jobs() == [
        ("progressed", JobState.PROCESSING, bytes_) for bytes_ in (80, 160, 240, 320, 400)
    ]
    job.pauseProducing()
    watched.clock.pump([1.0] * (int(STOPPED_AFTER) + 3))
    assert watched.watcher.jobs() == [("changed", JobState.STOPPED, 400)]
    job.resumeProducing()
    watched.clock.pump([1.0] * 3)
    assert watched.watcher.jobs() == [("changed", JobState.PROCESSING, 400)]
    job.cut(SenderLost("gone"))
    assert watched.clock.getDelayedCalls() == []


def test_progressCostsNothing() -> None:
    """Where nobody asks for progress there is no timer, however long a job takes."""
    watched = WatchedServer()
    job = watched.submit()
    job.write(b"%!PS")
    assert watched.clock.getDelayedCalls() == []
    late = Watcher()
    watched.server.watch(late, progress=True)
    watched.clock.advance(1)
    assert late.jobs() == [("progressed", JobState.PROCESSING, 4)]
    watched.server.unwatch(late)
    watched.clock.advance(1)
    assert watched.clock.getDelayedCalls() == []
    job.finish().addErrback(lambda failure: None)
    assert late.jobs() == []


def test_beginningAndEndOnly() -> None:
    """A watcher that does not ask is told of nothing between, whatever others ask for."""
    watched = WatchedServer()
    brief, curious = Watcher(), Watcher()
    watched.server.watch(brief, changes=False)
    watched.server.watch(curious, progress=True, changes=False)
    job = watched.submit()
    job.write(b"%!PS")
    watched.clock.advance(1)
    job.finish().addErrback(lambda failure: None)
    job.complete()
    assert [what for what, _, _ in brief.jobs()] == ["submitted", "ended"]
    assert {"changed", "progressed"} < {what for what, _, _ in curious.jobs()}


@pytest.mark.parametrize("beside", [False, True])
def test_portsThatWork(beside: bool) -> None:
    """
    That a port has work now, or none, is told to whoever asks; what is wrong, to all.  A spool for
    other ports is nothing to it.
    """
    watched = WatchedServer()
    if beside:
        watched.server.spoolTo(spooled(port="kept")[0])
        watched.server.begin()
    brief = Watcher()
    watched.server.watch(brief, changes=False)
    watched.server.unwatch(watched.watcher)
    job = watched.submit()
    job.cut(JobAborted("by the sender"))
    assert [what for what, _ in brief.told] == ["submitted", "ended"]
    condition = watched.server.ports[0]._condition
    condition.unreachable("it refused", given=True)
    condition.reached()
    assert [what for what, _ in brief.told[2:]] == ["port", "port"]
    watched.server.watch(watched.watcher)
    watched.submit().cut(JobAborted("by the sender"))
    states = [record.state for what, record in watched.watcher.told if what == "port"]
    assert states == [PortState.PROCESSING, PortState.IDLE]


def test_watcherThatRaises(flushErrors: FlushErrors) -> None:
    """A watcher with a mistake is in the log; the others are told, and the job prints."""
    watched = WatchedServer()

    def fail(record: JobRecord | PortRecord) -> None:
        raise ZeroDivisionError

    class Broken(Watcher):
        def __getattribute__(self, name: str) -> Any:
            return fail if name.startswith(("job", "port")) else super().__getattribute__(name)

    last = Watcher()
    watched.server.watch(Broken(), progress=True)
    watched.server.watch(last)
    job = watched.submit()
    job.write(b"%!PS")
    watched.clock.advance(1)
    job.finish().addErrback(lambda failure: None)
    job.complete()
    assert [what for what, _, _ in last.jobs()][::4] == ["submitted", "ended"]
    assert watched.printer.jobs[0].ended == "finished"
    assert len(flushErrors(ZeroDivisionError)) > 5


def test_ports() -> None:
    """A printing port is told when it gets work, when it has none, and why it stops."""
    watched = WatchedServer()
    first, second = watched.submit(), watched.submit()
    first.cut(JobCanceled("canceled"))
    second.cut(JobCanceled("canceled"))
    told = [record for what, record in watched.watcher.told if what == "port"]
    assert [(each.state, each.job) for each in told] == [
        (PortState.PROCESSING, 1),
        (PortState.IDLE, None),
    ]
    watched.clock.advance(10)
    condition = watched.server.ports[0]._condition
    condition.unreachable("it refused", given=True)
    stopped = watched.server.ports[0].record
    assert watched.watcher.told[-1] == ("port", stopped)
    assert (stopped.state, stopped.reasons) == (PortState.STOPPED, ("connecting-to-device",))
    assert (stopped.message, stopped.since) == ("cannot be reached: it refused", EPOCH + 10)
    condition.reached()
    assert watched.watcher.told[-1][1].state is PortState.IDLE
