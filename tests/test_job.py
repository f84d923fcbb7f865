"""
A job: what may happen to it when, what is said of it, and when it lets the printer go.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProducer, IPushProducer
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogEvent, LogLevel, capturedLogs, formatEvent
from twisted.python.failure import Failure
from zope.interface import implementer

from jetdirect.configuration import Configuration
from jetdirect.errors import (
    DataConnectionLost,
    JobAborted,
    JobCanceled,
    PrinterLost,
    PrintError,
    SenderLost,
    ShuttingDown,
    SizeDiffers,
)
from jetdirect.ftp.replies import codeFor
from jetdirect.gateway import Gateway
from jetdirect.guard import STOP_TIMEOUT
from jetdirect.interfaces import Delivery, IPrinterConnection
from jetdirect.job import STOPPED_AFTER, Job, Sender
from jetdirect.language import END_OF_JOB, HEAD_BYTES, UEL
from jetdirect.record import JobRecord, JobState
from jetdirect.server import REMEMBERED_JOBS
from jetdirect.testing import FakePrinter, FakeSender
from jetdirect.watch.log import LogWatcher
from tests.conftest import FlushErrors

PENDING, PROCESSING = JobState.PENDING, JobState.PROCESSING
CANCELED, ABORTED, COMPLETED = JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED


@implementer(IPrinterConnection)
class Connection:
    """
    A printer connection that answers only when the test says so.

    @ivar buffering: bytes stay on this side, as in a file that is not published yet.
    @ivar unregistered: how often it was told that its producer has no more.
    """

    def __init__(self, buffering: bool = False) -> None:
        self.data = b""
        self.tails: list[bytes] = []
        self.finishes = 0
        self.unregistered = 0
        self.producer: tuple[IProducer, bool] | None = None
        self.finished: Deferred[Delivery] = Deferred()
        self.aborted: Deferred[None] = Deferred()
        self._buffering = buffering

    @property
    def sent(self) -> int:
        return 0 if self._buffering else len(self.data)

    def write(self, data: bytes) -> None:
        self.data += data

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        self.producer = (producer, streaming)

    def unregisterProducer(self) -> None:
        self.unregistered += 1
        self.producer = None

    def finish(self) -> Deferred[Delivery]:
        self.finishes += 1
        return self.finished

    def abort(self, tail: bytes) -> Deferred[None]:
        self.tails.append(tail)
        return self.aborted


@implementer(IPushProducer)
class Source:
    """A producer that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")


def hear(answer: Deferred[Any], ear: Callable[[Any], object]) -> None:
    """Call C{ear} with the result of C{answer}, or with the exception."""
    answer.addBoth(lambda it: ear(it.value if isinstance(it, Failure) else it))


class Stage:
    """A job, its clock, its printer connection, and what its Deferreds said."""

    def __init__(self, size: int | None = None, connection: Connection | None = None) -> None:
        self.clock = Clock()
        sender = Sender("ann", "192.0.2.1", 40001)
        self.job = Job(
            7,
            "PORT1",
            "page.ps",
            sender,
            size,
            self.clock,
            printer="HP LaserJet",
            code=codeFor,
            changed=self._changed,
        )
        self.records: list[JobRecord] = []
        self._log = LogWatcher()
        self._log.jobSubmitted(self.job.record)
        self.connection = connection or Connection()
        self.heard: list[tuple[str, Any]] = []
        self.gaveUp = 0
        self.job.queued(self._giveUp)
        self._hear("opened", self.job.whenOpened())

    def _changed(self, job: Job) -> None:
        self.records.append(job.record)
        if job.ended:
            self._log.jobEnded(job.record)

    def _giveUp(self) -> None:
        self.gaveUp += 1

    def _hear(self, what: str, answer: Deferred[Any]) -> None:
        hear(answer, lambda result: self.heard.append((what, result)))

    def open(self) -> Stage:
        self.job.printOn(self.connection)
        return self

    def write(self, data: bytes) -> Stage:
        self.job.write(data)
        return self

    def finish(self) -> Stage:
        self._hear("finished", self.job.finish())
        return self

    def deliver(self) -> Stage:
        self.connection.finished.callback(Delivery.DELIVERED)
        return self

    def watchRelease(self) -> Stage:
        self._hear("released", self.job.whenReleased())
        return self

    def said(self, what: str) -> list[Any]:
        return [result for name, result in self.heard if name == what]


def waiting(data: bytes = b"") -> Stage:
    return Stage()


def receiving(data: bytes = b"%!PS") -> Stage:
    return Stage().open().write(data)


def finishing(data: bytes = b"%!PS") -> Stage:
    return receiving(data).finish()


def delivered(data: bytes = b"%!PS") -> Stage:
    return finishing(data).deliver()


def completed(data: bytes = b"%!PS") -> Stage:
    stage = delivered(data)
    stage.job.complete()
    return stage


def aborted(data: bytes = b"%!PS") -> Stage:
    stage = receiving(data)
    stage.job.cut(DataConnectionLost("the first evidence"))
    return stage


def canceled(data: bytes = b"%!PS") -> Stage:
    stage = receiving(data)
    stage.job.cut(JobCanceled("the first evidence"))
    return stage


def _finishQuietly(stage: Stage) -> None:
    stage.finish()


EVENTS: dict[str, Callable[[Stage], object]] = {
    "opened": lambda stage: stage.job.printOn(Connection()),
    "finish": _finishQuietly,
    "delivered": lambda stage: (
        None if stage.connection.finished.called else stage.deliver()  # a printer answers once
    ),
    "complete": lambda stage: stage.job.complete(),
    "cut": lambda stage: stage.job.cut(DataConnectionLost("later")),
    "printerLost": lambda stage: stage.job.printerLost(PrinterLost("later")),
    "abort": lambda stage: stage.job.cut(JobAborted("later")),
    "cancel": lambda stage: stage.job.cut(JobCanceled("later")),
}

_CUTS = {"cut": ABORTED, "printerLost": ABORTED, "abort": CANCELED, "cancel": CANCELED}

# What an event leads to, where it leads somewhere.
TABLE: dict[Callable[[], Stage], tuple[JobState, dict[str, JobState]]] = {
    waiting: (PENDING, {"opened": PROCESSING, **_CUTS}),
    receiving: (PROCESSING, _CUTS),
    finishing: (PROCESSING, _CUTS),
    delivered: (PROCESSING, {"complete": COMPLETED, "cut": ABORTED, "printerLost": ABORTED}),
    completed: (COMPLETED, {}),
    aborted: (ABORTED, {}),
    canceled: (CANCELED, {}),
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("phase", TABLE)
def test_eventInPhase(phase: Callable[[], Stage], event: str) -> None:
    """Each event leads where RFC 8011's table says, and nowhere when it comes too late."""
    before, leads = TABLE[phase]
    stage = phase()
    assert stage.job.state is before

    EVENTS[event](stage)

    after = leads.get(event, before)
    assert stage.job.state is after
    assert stage.job.ended is (after in (CANCELED, ABORTED, COMPLETED))


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("phase", [completed, aborted, canceled])
def test_nothingChangesTheEnd(phase: Callable[[], Stage], event: str) -> None:
    """After its end a job keeps error, bytes, delivery and time, and is not logged again."""
    stage = phase()
    job = stage.job
    before = (job.error, job.bytes, job.delivery, job.heard, job.seconds)

    stage.clock.advance(5)
    with capturedLogs() as logged:
        EVENTS[event](stage)
        job.write(b"late")

    assert (job.error, job.bytes, job.delivery, job.heard, job.seconds) == before
    assert logged == []
    assert stage.connection.data == b"%!PS"


def test_firstEvidenceDecides() -> None:
    """Of several things that speak against a job the first is told."""
    stage = finishing()
    first = DataConnectionLost("the data connection was reset")

    stage.job.cut(first)
    stage.job.cut(JobAborted("aborted by the sender"))
    stage.job.printerLost(PrinterLost("the printer reset the connection"))

    assert stage.job.error is first
    assert stage.said("finished") == [first]
    assert len(stage.connection.tails) == 1


# The way of the bytes.


def test_bytesPassUnchanged() -> None:
    """The printer gets the bytes as they come, and nothing else."""
    stage = Stage().open()
    chunks = [b"\x1bE\r\n", b"", b"\x00\xff\xf4", b"\n"]

    for chunk in chunks:
        stage.write(chunk)
    stage.finish().deliver()

    assert stage.connection.data == b"".join(chunks)
    assert stage.job.bytes == 8
    assert stage.connection.tails == []


@pytest.mark.parametrize("phase", [waiting, finishing, delivered, completed, aborted, canceled])
def test_bytesOutsideReceivingAreDropped(phase: Callable[[], Stage]) -> None:
    """Bytes before the printer is there, or after the end of the data, go nowhere."""
    stage = phase()
    before = stage.connection.data, stage.job.bytes

    stage.job.write(b"too late")

    assert (stage.connection.data, stage.job.bytes) == before


# Back-pressure.


@pytest.mark.parametrize("streaming", [True, False])
def test_backPressureReachesTheSender(streaming: bool) -> None:
    """The printer pauses and resumes the sender through the job."""
    stage, source = Stage().open(), Source()

    stage.job.registerProducer(source, streaming)
    assert stage.connection.producer == (stage.job, streaming)
    stage.job.pauseProducing()
    stage.job.resumeProducing()

    assert source.told == ["pause", "resume"]


@pytest.mark.parametrize("phase", [waiting, finishing, delivered, completed, aborted, canceled])
def test_sourceThatComesLateIsStopped(phase: Callable[[], Stage]) -> None:
    """A producer that nobody would listen to is stopped at once."""
    stage, source = phase(), Source()

    stage.job.registerProducer(source, True)

    assert source.told == ["stop"]
    assert stage.connection.producer is None


def test_sourceThatLeftIsLeftAlone() -> None:
    """After the producer was unregistered the printer's wishes concern nobody."""
    stage, source = Stage().open(), Source()
    stage.job.registerProducer(source, True)

    stage.job.unregisterProducer()
    assert stage.connection.producer is None
    stage.job.unregisterProducer()
    stage.job.pauseProducing()
    stage.job.resumeProducing()
    stage.job.stopProducing()

    assert source.told == []
    assert stage.connection.unregistered == 1
    assert stage.job.blockedSeconds == 0


def test_cutStopsTheSource() -> None:
    """The sender of a job that was cut is told to stop, once."""
    stage, source = Stage().open(), Source()
    stage.job.registerProducer(source, True)

    stage.job.cut(JobCanceled("canceled by the operator"))
    stage.job.pauseProducing()
    stage.job.resumeProducing()
    stage.job.unregisterProducer()

    assert source.told == ["stop"]
    assert stage.connection.producer is None
    assert stage.connection.unregistered == 1


def test_printerThatStopsDoesNotStopTheSource() -> None:
    """That a printer wants no more is not yet an end: the end says why."""
    stage, source = Stage().open(), Source()
    stage.job.registerProducer(source, True)

    stage.job.stopProducing()

    assert source.told == []
    assert stage.job.state is PROCESSING


def test_stoppedPrinter() -> None:
    """A printer that takes nothing for a while is shown as processing-stopped until it resumes."""
    stage = Stage().open()
    stage.job.registerProducer(Source(), True)
    assert stage.job.blockedSeconds == 0

    stage.job.pauseProducing()
    stage.clock.advance(STOPPED_AFTER - 0.5)
    assert (stage.job.state, stage.job.blockedSeconds) == (PROCESSING, STOPPED_AFTER - 0.5)
    stage.clock.advance(0.5)
    assert (stage.job.state, stage.job.blockedSeconds) == (JobState.STOPPED, STOPPED_AFTER)

    stage.job.resumeProducing()
    assert (stage.job.state, stage.job.blockedSeconds) == (PROCESSING, 0)


def test_printerThatComesToAStoppedGateway() -> None:
    """A gateway that stops waits no longer for a printer that comes late than for others."""
    stage = waiting()
    stage.job.hasten()
    stage.job.cut(ShuttingDown("the gateway is shutting down"))
    released = stage.job.printOn(stage.connection)
    stage.clock.advance(STOP_TIMEOUT - 0.1)
    assert (stage.connection.tails, released.called) == ([b""], False)
    stage.clock.advance(0.1)
    stage.clock.advance(0)
    assert released.called


def test_endOfDataIsNotBlocked() -> None:
    """When the sender has no more to give, the printer does not keep it waiting any more."""
    stage = Stage().open()
    stage.job.registerProducer(Source(), True)
    stage.job.pauseProducing()
    stage.clock.advance(60)

    stage.job.unregisterProducer()

    assert (stage.job.state, stage.job.blockedSeconds) == (PROCESSING, 0)


def test_endedJobIsNotBlocked() -> None:
    """A job that has ended waits for no printer."""
    stage = Stage().open()
    stage.job.registerProducer(Source(), True)
    stage.job.pauseProducing()

    stage.job.cut(JobCanceled("canceled by the operator"))
    stage.clock.advance(3600)

    assert stage.job.blockedSeconds == 0


def test_pausedAgainIsBlockedSinceThen() -> None:
    """A printer that takes bytes, but not all that wait, has not stopped."""
    stage = Stage().open()
    stage.job.registerProducer(Source(), True)
    stage.clock.advance(100)

    stage.job.pauseProducing()
    stage.clock.advance(4)
    stage.job.pauseProducing()
    stage.clock.advance(1)

    assert stage.job.blockedSeconds == 1


@pytest.mark.parametrize("seconds", [0, 7.5])
def test_answerIsAwaited(seconds: float) -> None:
    """The time in which the printer's answer is awaited runs from the end of the data to it."""
    stage = receiving()
    stage.clock.advance(3)
    assert stage.job.finishingSeconds == 0

    stage.finish()
    stage.clock.advance(seconds)
    assert stage.job.finishingSeconds == seconds

    stage.deliver()
    assert stage.job.finishingSeconds == 0


# The end, told by the sender's side.


def test_deliveredJob() -> None:
    """C{finish} fires with the level of delivery that the printer's side reached."""
    stage = finishing()
    assert stage.heard == [("opened", None)]

    stage.connection.finished.callback(Delivery.SENT)

    assert stage.heard[1:] == [("finished", Delivery.SENT)]
    assert (stage.job.delivery, stage.job.error) == (Delivery.SENT, None)
    assert not stage.job.ended


def test_finishBeforeThePrinterIsThere() -> None:
    """A job cannot be complete before it began."""
    stage = waiting().finish()

    [error] = stage.said("finished")
    assert error.reason == "the job was not open"
    assert stage.job.state is PENDING


def test_finishTwice() -> None:
    """The end of a job is asked of the printer once."""
    stage = finishing().finish()

    [error] = stage.said("finished")
    assert error.reason == "the job was not open"
    stage.deliver()
    assert stage.connection.finishes == 1
    assert stage.job.delivery is Delivery.DELIVERED


def test_finishAfterTheCut() -> None:
    """C{finish} of a job that was cut before says why."""
    stage = aborted().finish()

    assert stage.said("finished") == [stage.job.error]
    assert stage.connection.finishes == 0


@pytest.mark.parametrize("came", [b"%!P", b"%!PS\n"])
def test_otherSizeThanAnnounced(came: bytes) -> None:
    """A job with fewer or more bytes than announced is not complete, and is resynchronised."""
    stage = Stage(size=4).open().write(came).finish()

    [error] = stage.said("finished")
    assert isinstance(error, SizeDiffers)
    assert error.reason == f"4 bytes were announced, {len(came)} came"
    assert error.printed
    assert stage.connection.tails == [END_OF_JOB]
    assert stage.connection.finishes == 0


@pytest.mark.parametrize("data", [b"", b"%!PS"])
def test_sizeAsAnnounced(data: bytes) -> None:
    """A job with as many bytes as announced, be it none, is finished."""
    stage = Stage(size=len(data)).open().write(data).finish().deliver()

    assert stage.job.delivery is Delivery.DELIVERED


# The end, for other reasons.


def test_cutWhileWaiting() -> None:
    """A job that is cut before its turn leaves the line and says why to who waits for it."""
    stage, why = waiting(), SenderLost("the control connection was lost")

    stage.job.cut(why)

    assert stage.gaveUp == 1
    assert stage.said("opened") == [why]
    assert not why.printed


def test_cutBeforeItIsQueued() -> None:
    """A job may be cut before a printing port knows it."""
    job = Job(1, "PORT1", "a", Sender("ann", "192.0.2.1", 40001), None, Clock())
    opened: list[Any] = []
    hear(job.whenOpened(), opened.append)

    job.cut(SenderLost("the control connection was lost"))

    assert opened == [job.error]


@pytest.mark.parametrize("phase", [receiving, finishing])
def test_cutWithThePrinter(phase: Callable[[], Stage]) -> None:
    """A cut job is ended in its own language, and the printer held until that is done."""
    stage, why = phase().watchRelease(), SenderLost("the control connection was lost")

    stage.job.cut(why)

    assert stage.connection.tails == [END_OF_JOB]
    assert stage.said("released") == []
    stage.connection.aborted.callback(None)
    assert stage.said("released") == [None]
    assert stage.gaveUp == 0


def test_cutWhileFinishing() -> None:
    """Who waits for the end of a job hears of the cut at once, whatever the printer says later."""
    stage, why = finishing(), JobAborted("aborted by the sender")

    stage.job.cut(why)
    assert stage.said("finished") == [why]
    stage.deliver()

    assert stage.said("finished") == [why]
    assert (stage.job.state, stage.job.delivery) == (CANCELED, None)


def test_cutWhenDelivered() -> None:
    """A sender lost before its reply makes the job aborted; the printer is free already."""
    stage, why = delivered(), SenderLost("the control connection was lost")

    stage.job.cut(why)

    assert (stage.job.state, stage.job.error) == (ABORTED, why)
    assert why.printed
    assert stage.connection.tails == []
    assert stage.said("finished") == [Delivery.DELIVERED]


@pytest.mark.parametrize("phase", [receiving, finishing])
def test_printerLost(phase: Callable[[], Stage]) -> None:
    """A printer that goes away takes the job with it, and is told to let it go."""
    stage, lost = phase(), PrinterLost("the printer reset the connection")

    stage.job.printerLost(lost)

    assert (stage.job.state, stage.job.error) == (ABORTED, lost)
    assert lost.printed
    assert len(stage.connection.tails) == 1


def test_printerFailsAtTheEnd() -> None:
    """A printer that loses the job while it finishes is a failure, never a delivery."""
    stage, lost = finishing().watchRelease(), PrinterLost("the printer reset the connection")

    stage.connection.finished.errback(lost)
    stage.connection.aborted.callback(None)

    assert stage.said("finished") == [lost]
    assert (stage.job.state, stage.job.delivery) == (ABORTED, None)
    assert stage.said("released") == [None]


def test_transportFailsAtTheEnd(flushErrors: FlushErrors) -> None:
    """An error of the transport's own is logged, and for the sender a lost printer."""
    stage = finishing()

    stage.connection.finished.errback(ZeroDivisionError("a bug"))

    [error] = stage.said("finished")
    assert isinstance(error, PrinterLost)
    assert error.reason == "the gateway failed at the printer's side"
    [event] = flushErrors(ZeroDivisionError)
    assert event["job"] == 7
    assert formatEvent(event) == "job 7: the transport failed in finish"


def test_transportRaisesAtTheEnd(flushErrors: FlushErrors) -> None:
    """A transport that raises where it should fail is no reason to keep the sender waiting."""
    stage = receiving()

    def broken() -> Deferred[Delivery]:
        raise ZeroDivisionError("a bug")

    stage.connection.finish = broken  # type: ignore[method-assign]
    stage.finish()

    [error] = stage.said("finished")
    assert isinstance(error, PrinterLost)
    assert stage.job.state is ABORTED
    assert len(flushErrors(ZeroDivisionError)) == 1


def test_transportRaisesAtTheAbort(flushErrors: FlushErrors) -> None:
    """A transport that raises in C{abort} neither holds the port nor reaches who cut the job."""
    stage = finishing().watchRelease()

    def broken(tail: bytes) -> Deferred[None]:
        raise ZeroDivisionError("a bug")

    stage.connection.abort = broken  # type: ignore[method-assign]
    stage.job.cut(SenderLost("the control connection was lost"))

    assert stage.said("finished") == [stage.job.error]
    assert stage.said("released") == [None]
    assert len(flushErrors(ZeroDivisionError)) == 1


@pytest.mark.parametrize("phase", [waiting, receiving, finishing, delivered])
@pytest.mark.parametrize(("data", "printed"), [(b"", False), (b"x", True)])
def test_printed(phase: Callable[[bytes], Stage], data: bytes, printed: bool) -> None:
    """An error says whether a byte of the job may have reached the printer."""
    stage, why = phase(data), SenderLost("the control connection was lost")
    why.printed = not printed

    stage.job.cut(why)

    assert why.printed is (printed and phase is not waiting)


def test_notPrintedWhileItWaitsOnThisSide() -> None:
    """Bytes that a transport kept for itself are not printed, and need no end in any language."""
    stage = Stage(connection=Connection(buffering=True)).open().write(b"%!PS")
    why = SenderLost("the control connection was lost")

    stage.job.cut(why)

    assert not why.printed
    assert stage.connection.tails == [b""]


PJL = UEL + b"@PJL SET COPIES=1\r\n"


@pytest.mark.parametrize(
    ("data", "tail"),
    [
        (b"%!PS-Adobe-3.0\n", END_OF_JOB),
        (b"\x04%!PS\n", END_OF_JOB),
        (b"\x1bE\x1b&l1X", UEL),
        (PJL + b"@PJL ENTER LANGUAGE=PCL\r\n\x1bE", UEL),
        (PJL + b"@PJL JOB\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE", UEL + b"@PJL EOJ\r\n" + UEL),
        (b"plain text\r\n", b""),
        (b"", b""),
    ],
)
@pytest.mark.parametrize("chunk", [1, 4096])
def test_cutInTheJobsLanguage(data: bytes, tail: bytes, chunk: int) -> None:
    """A cut job is ended in the language it began with, however small its pieces were."""
    stage = Stage().open()
    for start in range(0, len(data), chunk):
        stage.write(data[start : start + chunk])

    stage.job.cut(JobAborted("aborted by the sender"))

    assert stage.connection.tails == [tail]
    assert stage.connection.data == data


def test_onlyTheBeginningIsKept() -> None:
    """What a job of any length holds in memory is its first few kilobytes."""
    late = b"@PJL JOB\r\n"
    stage = receiving(PJL + b" " * (HEAD_BYTES - len(PJL) - len(late) - 1) + b"\n" + late[:-3])
    for _ in range(4):
        stage.write(late[-3:] + b"x" * 100_000)

    stage.job.cut(JobAborted("aborted by the sender"))

    assert stage.connection.tails == [UEL + b"@PJL EOJ\r\n" + UEL]
    held = [value for value in vars(stage.job).values() if isinstance(value, bytes)]
    assert max(map(len, held)) <= HEAD_BYTES


# Letting the printer go.


def test_releasedBeforeItHasThePrinter() -> None:
    """A job without a printer holds none."""
    assert waiting().watchRelease().said("released") == [None]


def test_releasedByDelivery() -> None:
    """A delivered job holds the printer no more, though its reply may still be on the way."""
    stage = finishing().watchRelease().watchRelease()
    assert stage.said("released") == []

    stage.deliver()

    assert stage.said("released") == [None, None]
    assert stage.watchRelease().said("released") == [None, None, None]


def test_releasedAfterAFailedAbort(flushErrors: FlushErrors) -> None:
    """An abort that fails is logged, and still frees the printer."""
    stage = receiving().watchRelease()

    stage.job.cut(JobAborted("aborted by the sender"))
    stage.connection.aborted.errback(ZeroDivisionError("a bug"))

    assert stage.said("released") == [None]
    [event] = flushErrors(ZeroDivisionError)
    assert event["job"] == 7
    assert formatEvent(event) == "job 7: abort failed"


def test_printerForAnEndedJob() -> None:
    """A printer that comes too late is sent away, and free when it has gone."""
    stage = waiting()
    stage.job.cut(JobAborted("aborted by the sender"))
    released: list[None] = []

    stage.job.printOn(stage.connection).addCallback(released.append)

    assert stage.connection.tails == [b""]
    assert released == []
    stage.connection.aborted.callback(None)
    assert released == [None]


def test_releasedAfterALatePrinterHasGone() -> None:
    """C{whenReleased} waits for a printer that came too late, too."""
    stage = waiting()
    stage.job.cut(JobAborted("aborted by the sender"))
    stage.job.printOn(stage.connection)

    stage.watchRelease()

    assert stage.said("released") == []


# What is written down.


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
        stage = Stage().open().write(b"%!PS")
        stage.clock.advance(2.5)
        stage.finish()
        if printerLost:
            stage.connection.finished.errback(PrinterLost("the printer was switched off"))
        else:
            stage.deliver().job.complete()
        stage.job.cut(SenderLost("late"))

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
    phase: Callable[[], Stage], why: type[JobCanceled] | type[SenderLost]
) -> None:
    """However many things go wrong and wherever, the end of a job is logged once."""
    with _jobEvents() as events:
        stage = phase()
        stage.job.cut(why("the reason"))
        stage.job.cut(SenderLost("another"))
        stage.job.complete()

    _, end = events
    assert end["state"] == stage.job.state.value
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
        stage = Stage().open().write(b"%!PS")
        stage.clock.advance(1.5)
        stage.finish().deliver().job.complete()

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
        stage = Stage(connection=Connection(buffering=True)).open().write(b"%!PS")
        stage.job.cut(SenderLost("the control connection was lost"))

    assert (events[-1]["bytes"], events[-1]["printed"]) == (4, "no")


@pytest.mark.parametrize(("heard", "reason"), [(True, ""), (False, "sender lost before the reply")])
def test_completeHeardOrNot(heard: bool, reason: str) -> None:
    """The record of a completed job says whether its sender lived to hear of it."""
    with _jobEvents() as events:
        stage = delivered()
        stage.job.complete(heard)

    end = events[-1]
    assert (stage.job.state, stage.job.heard) == (COMPLETED, heard)
    assert (end["state"], end["heard"], end["reason"]) == ("completed", heard, reason)
    assert end["log_level"] is (LogLevel.info if heard else LogLevel.warn)


def _cutWaiting(stage: Stage) -> None:
    stage.job.cut(PrintError("the printer did not answer"))


def _cutReceiving(stage: Stage) -> None:
    stage.open().write(b"%!PS").job.cut(PrinterLost("switched off"))
    stage.connection.aborted.callback(None)


def _cutFinishing(stage: Stage) -> None:
    stage.open().write(b"%!PS").finish().job.cut(SenderLost("lost"))
    stage.connection.aborted.callback(None)


def _cutDelivered(stage: Stage) -> None:
    stage.open().write(b"%!PS").finish().deliver().job.cut(SenderLost("lost"))
    assert stage.job.error is not None and stage.job.error.printed


def _complete(stage: Stage) -> None:
    stage.open().write(b"%!PS").finish().deliver().job.complete()


@pytest.mark.parametrize(
    "end", [_cutWaiting, _cutReceiving, _cutFinishing, _cutDelivered, _complete]
)
def test_forgets(end: Callable[[Stage], None]) -> None:
    """An ended job, which is remembered for listings, keeps nothing of the printer's side."""
    stage = Stage()
    job = stage.job
    end(stage)
    assert job.ended
    assert (job._connection, job._giveUp, job._producer, job._head) == (None, None, None, b"")


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
    stage = finishing()

    stage.job.complete(heard=False)

    assert (stage.job.state, stage.job.heard) == (PROCESSING, True)


def test_secondsStopAtTheEnd() -> None:
    """A job's time runs from its submission to its end."""
    stage = receiving()
    stage.clock.advance(3)
    assert stage.job.seconds == 3

    stage.job.cut(JobAborted("aborted by the sender"))
    stage.clock.advance(60)

    assert stage.job.seconds == 3


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
    """Whom the record named at the beginning it names at the end."""
    with pytest.raises(FrozenInstanceError):
        Stage().job.sender.user = "root"  # type: ignore[misc]


def test_whoSendsIt() -> None:
    """The printer's side sees who sends the job, and what was announced."""
    job = Stage(size=12).job

    assert (job.number, job.name, job.user, job.host, job.size) == (
        7,
        "page.ps",
        "ann",
        "192.0.2.1",
        12,
    )
