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


class JobAlone:
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

    def open(self) -> JobAlone:
        self.job.printOn(self.connection)
        return self

    def write(self, data: bytes) -> JobAlone:
        self.job.write(data)
        return self

    def finish(self) -> JobAlone:
        self._hear("finished", self.job.finish())
        return self

    def deliver(self) -> JobAlone:
        self.connection.finished.callback(Delivery.DELIVERED)
        return self

    def watchRelease(self) -> JobAlone:
        self._hear("released", self.job.whenReleased())
        return self

    def said(self, what: str) -> list[Any]:
        return [result for name, result in self.heard if name == what]


def waiting(data: bytes = b"") -> JobAlone:
    return JobAlone()


def receiving(data: bytes = b"%!PS") -> JobAlone:
    return JobAlone().open().write(data)


def finishing(data: bytes = b"%!PS") -> JobAlone:
    return receiving(data).finish()


def delivered(data: bytes = b"%!PS") -> JobAlone:
    return finishing(data).deliver()


def completed(data: bytes = b"%!PS") -> JobAlone:
    alone = delivered(data)
    alone.job.complete()
    return alone


def aborted(data: bytes = b"%!PS") -> JobAlone:
    alone = receiving(data)
    alone.job.cut(DataConnectionLost("the first evidence"))
    return alone


def canceled(data: bytes = b"%!PS") -> JobAlone:
    alone = receiving(data)
    alone.job.cut(JobCanceled("the first evidence"))
    return alone


def _finishQuietly(alone: JobAlone) -> None:
    alone.finish()


EVENTS: dict[str, Callable[[JobAlone], object]] = {
    "opened": lambda alone: alone.job.printOn(Connection()),
    "finish": _finishQuietly,
    "delivered": lambda alone: (
        None if alone.connection.finished.called else alone.deliver()  # a printer answers once
    ),
    "complete": lambda alone: alone.job.complete(),
    "cut": lambda alone: alone.job.cut(DataConnectionLost("later")),
    "printerLost": lambda alone: alone.job.printerLost(PrinterLost("later")),
    "abort": lambda alone: alone.job.cut(JobAborted("later")),
    "cancel": lambda alone: alone.job.cut(JobCanceled("later")),
}

_CUTS = {"cut": ABORTED, "printerLost": ABORTED, "abort": CANCELED, "cancel": CANCELED}

# What an event leads to, where it leads somewhere.
TABLE: dict[Callable[[], JobAlone], tuple[JobState, dict[str, JobState]]] = {
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
def test_eventInPhase(phase: Callable[[], JobAlone], event: str) -> None:
    """Each event leads where RFC 8011's table says, and nowhere when it comes too late."""
    before, leads = TABLE[phase]
    alone = phase()
    assert alone.job.state is before

    EVENTS[event](alone)

    after = leads.get(event, before)
    assert alone.job.state is after
    assert alone.job.ended is (after in (CANCELED, ABORTED, COMPLETED))


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("phase", [completed, aborted, canceled])
def test_nothingChangesTheEnd(phase: Callable[[], JobAlone], event: str) -> None:
    """After its end a job keeps error, bytes, delivery and time, and is not logged again."""
    alone = phase()
    job = alone.job
    before = (job.error, job.bytes, job.delivery, job.heard, job.seconds)

    alone.clock.advance(5)
    with capturedLogs() as logged:
        EVENTS[event](alone)
        job.write(b"late")

    assert (job.error, job.bytes, job.delivery, job.heard, job.seconds) == before
    assert logged == []
    assert alone.connection.data == b"%!PS"


def test_firstEvidenceDecides() -> None:
    """Of several things that speak against a job the first is told."""
    alone = finishing()
    first = DataConnectionLost("the data connection was reset")

    alone.job.cut(first)
    alone.job.cut(JobAborted("aborted by the sender"))
    alone.job.printerLost(PrinterLost("the printer reset the connection"))

    assert alone.job.error is first
    assert alone.said("finished") == [first]
    assert len(alone.connection.tails) == 1


# The way of the bytes.


def test_bytesPassUnchanged() -> None:
    """The printer gets the bytes as they come, and nothing else."""
    alone = JobAlone().open()
    chunks = [b"\x1bE\r\n", b"", b"\x00\xff\xf4", b"\n"]

    for chunk in chunks:
        alone.write(chunk)
    alone.finish().deliver()

    assert alone.connection.data == b"".join(chunks)
    assert alone.job.bytes == 8
    assert alone.connection.tails == []


@pytest.mark.parametrize("phase", [waiting, finishing, delivered, completed, aborted, canceled])
def test_bytesOutsideReceivingAreDropped(phase: Callable[[], JobAlone]) -> None:
    """Bytes before the printer is there, or after the end of the data, go nowhere."""
    alone = phase()
    before = alone.connection.data, alone.job.bytes

    alone.job.write(b"too late")

    assert (alone.connection.data, alone.job.bytes) == before


# Back-pressure.


@pytest.mark.parametrize("streaming", [True, False])
def test_backPressureReachesTheSender(streaming: bool) -> None:
    """The printer pauses and resumes the sender through the job."""
    alone, source = JobAlone().open(), Source()

    alone.job.registerProducer(source, streaming)
    assert alone.connection.producer == (alone.job, streaming)
    alone.job.pauseProducing()
    alone.job.resumeProducing()

    assert source.told == ["pause", "resume"]


@pytest.mark.parametrize("phase", [waiting, finishing, delivered, completed, aborted, canceled])
def test_sourceThatComesLateIsStopped(phase: Callable[[], JobAlone]) -> None:
    """A producer that nobody would listen to is stopped at once."""
    alone, source = phase(), Source()

    alone.job.registerProducer(source, True)

    assert source.told == ["stop"]
    assert alone.connection.producer is None


def test_sourceThatLeftIsLeftAlone() -> None:
    """After the producer was unregistered the printer's wishes concern nobody."""
    alone, source = JobAlone().open(), Source()
    alone.job.registerProducer(source, True)

    alone.job.unregisterProducer()
    assert alone.connection.producer is None
    alone.job.unregisterProducer()
    alone.job.pauseProducing()
    alone.job.resumeProducing()
    alone.job.stopProducing()

    assert source.told == []
    assert alone.connection.unregistered == 1
    assert alone.job.blockedSeconds == 0


def test_cutStopsTheSource() -> None:
    """The sender of a job that was cut is told to stop, once."""
    alone, source = JobAlone().open(), Source()
    alone.job.registerProducer(source, True)

    alone.job.cut(JobCanceled("canceled by the operator"))
    alone.job.pauseProducing()
    alone.job.resumeProducing()
    alone.job.unregisterProducer()

    assert source.told == ["stop"]
    assert alone.connection.producer is None
    assert alone.connection.unregistered == 1


def test_printerThatStopsDoesNotStopTheSource() -> None:
    """That a printer wants no more is not yet an end: the end says why."""
    alone, source = JobAlone().open(), Source()
    alone.job.registerProducer(source, True)

    alone.job.stopProducing()

    assert source.told == []
    assert alone.job.state is PROCESSING


def test_stoppedPrinter() -> None:
    """A printer that takes nothing for a while is shown as processing-stopped until it resumes."""
    alone = JobAlone().open()
    alone.job.registerProducer(Source(), True)
    assert alone.job.blockedSeconds == 0

    alone.job.pauseProducing()
    alone.clock.advance(STOPPED_AFTER - 0.5)
    assert (alone.job.state, alone.job.blockedSeconds) == (PROCESSING, STOPPED_AFTER - 0.5)
    alone.clock.advance(0.5)
    assert (alone.job.state, alone.job.blockedSeconds) == (JobState.STOPPED, STOPPED_AFTER)

    alone.job.resumeProducing()
    assert (alone.job.state, alone.job.blockedSeconds) == (PROCESSING, 0)


def test_printerThatComesToAStoppedGateway() -> None:
    """A gateway that stops waits no longer for a printer that comes late than for others."""
    alone = waiting()
    alone.job.hasten()
    alone.job.cut(ShuttingDown("the gateway is shutting down"))
    released = alone.job.printOn(alone.connection)
    alone.clock.advance(STOP_TIMEOUT - 0.1)
    assert (alone.connection.tails, released.called) == ([b""], False)
    alone.clock.advance(0.1)
    alone.clock.advance(0)
    assert released.called


def test_endOfDataIsNotBlocked() -> None:
    """When the sender has no more to give, the printer does not keep it waiting any more."""
    alone = JobAlone().open()
    alone.job.registerProducer(Source(), True)
    alone.job.pauseProducing()
    alone.clock.advance(60)

    alone.job.unregisterProducer()

    assert (alone.job.state, alone.job.blockedSeconds) == (PROCESSING, 0)


def test_endedJobIsNotBlocked() -> None:
    """A job that has ended waits for no printer."""
    alone = JobAlone().open()
    alone.job.registerProducer(Source(), True)
    alone.job.pauseProducing()

    alone.job.cut(JobCanceled("canceled by the operator"))
    alone.clock.advance(3600)

    assert alone.job.blockedSeconds == 0


def test_pausedAgainIsBlockedSinceThen() -> None:
    """A printer that takes bytes, but not all that wait, has not stopped."""
    alone = JobAlone().open()
    alone.job.registerProducer(Source(), True)
    alone.clock.advance(100)

    alone.job.pauseProducing()
    alone.clock.advance(4)
    alone.job.pauseProducing()
    alone.clock.advance(1)

    assert alone.job.blockedSeconds == 1


@pytest.mark.parametrize("seconds", [0, 7.5])
def test_answerIsAwaited(seconds: float) -> None:
    """The time in which the printer's answer is awaited runs from the end of the data to it."""
    alone = receiving()
    alone.clock.advance(3)
    assert alone.job.finishingSeconds == 0

    alone.finish()
    alone.clock.advance(seconds)
    assert alone.job.finishingSeconds == seconds

    alone.deliver()
    assert alone.job.finishingSeconds == 0


# The end, told by the sender's side.


def test_deliveredJob() -> None:
    """C{finish} fires with the level of delivery that the printer's side reached."""
    alone = finishing()
    assert alone.heard == [("opened", None)]

    alone.connection.finished.callback(Delivery.SENT)

    assert alone.heard[1:] == [("finished", Delivery.SENT)]
    assert (alone.job.delivery, alone.job.error) == (Delivery.SENT, None)
    assert not alone.job.ended


def test_finishBeforeThePrinterIsThere() -> None:
    """A job cannot be complete before it began."""
    alone = waiting().finish()

    [error] = alone.said("finished")
    assert error.reason == "the job was not open"
    assert alone.job.state is PENDING


def test_finishTwice() -> None:
    """The end of a job is asked of the printer once."""
    alone = finishing().finish()

    [error] = alone.said("finished")
    assert error.reason == "the job was not open"
    alone.deliver()
    assert alone.connection.finishes == 1
    assert alone.job.delivery is Delivery.DELIVERED


def test_finishAfterTheCut() -> None:
    """C{finish} of a job that was cut before says why."""
    alone = aborted().finish()

    assert alone.said("finished") == [alone.job.error]
    assert alone.connection.finishes == 0


@pytest.mark.parametrize("came", [b"%!P", b"%!PS\n"])
def test_otherSizeThanAnnounced(came: bytes) -> None:
    """A job with fewer or more bytes than announced is not complete, and is resynchronised."""
    alone = JobAlone(size=4).open().write(came).finish()

    [error] = alone.said("finished")
    assert isinstance(error, SizeDiffers)
    assert error.reason == f"4 bytes were announced, {len(came)} came"
    assert error.printed
    assert alone.connection.tails == [END_OF_JOB]
    assert alone.connection.finishes == 0


@pytest.mark.parametrize("data", [b"", b"%!PS"])
def test_sizeAsAnnounced(data: bytes) -> None:
    """A job with as many bytes as announced, be it none, is finished."""
    alone = JobAlone(size=len(data)).open().write(data).finish().deliver()

    assert alone.job.delivery is Delivery.DELIVERED


# The end, for other reasons.


def test_cutWhileWaiting() -> None:
    """A job that is cut before its turn leaves the line and says why to who waits for it."""
    alone, why = waiting(), SenderLost("the control connection was lost")

    alone.job.cut(why)

    assert alone.gaveUp == 1
    assert alone.said("opened") == [why]
    assert not why.printed


def test_cutBeforeItIsQueued() -> None:
    """A job may be cut before a printing port knows it."""
    job = Job(1, "PORT1", "a", Sender("ann", "192.0.2.1", 40001), None, Clock())
    opened: list[Any] = []
    hear(job.whenOpened(), opened.append)

    job.cut(SenderLost("the control connection was lost"))

    assert opened == [job.error]


@pytest.mark.parametrize("phase", [receiving, finishing])
def test_cutWithThePrinter(phase: Callable[[], JobAlone]) -> None:
    """A cut job is ended in its own language, and the printer held until that is done."""
    alone, why = phase().watchRelease(), SenderLost("the control connection was lost")

    alone.job.cut(why)

    assert alone.connection.tails == [END_OF_JOB]
    assert alone.said("released") == []
    alone.connection.aborted.callback(None)
    assert alone.said("released") == [None]
    assert alone.gaveUp == 0


def test_cutWhileFinishing() -> None:
    """
    A caller that waits for the end of a job hears of the cut at once, whatever the printer says
    later.
    """
    alone, why = finishing(), JobAborted("aborted by the sender")

    alone.job.cut(why)
    assert alone.said("finished") == [why]
    alone.deliver()

    assert alone.said("finished") == [why]
    assert (alone.job.state, alone.job.delivery) == (CANCELED, None)


def test_cutWhenDelivered() -> None:
    """A sender lost before its reply makes the job aborted; the printer is free already."""
    alone, why = delivered(), SenderLost("the control connection was lost")

    alone.job.cut(why)

    assert (alone.job.state, alone.job.error) == (ABORTED, why)
    assert why.printed
    assert alone.connection.tails == []
    assert alone.said("finished") == [Delivery.DELIVERED]


@pytest.mark.parametrize("phase", [receiving, finishing])
def test_printerLost(phase: Callable[[], JobAlone]) -> None:
    """A printer that goes away takes the job with it, and is told to let it go."""
    alone, lost = phase(), PrinterLost("the printer reset the connection")

    alone.job.printerLost(lost)

    assert (alone.job.state, alone.job.error) == (ABORTED, lost)
    assert lost.printed
    assert len(alone.connection.tails) == 1


def test_printerFailsAtTheEnd() -> None:
    """A printer that loses the job while it finishes is a failure, never a delivery."""
    alone, lost = finishing().watchRelease(), PrinterLost("the printer reset the connection")

    alone.connection.finished.errback(lost)
    alone.connection.aborted.callback(None)

    assert alone.said("finished") == [lost]
    assert (alone.job.state, alone.job.delivery) == (ABORTED, None)
    assert alone.said("released") == [None]


def test_transportFailsAtTheEnd(flushErrors: FlushErrors) -> None:
    """An error of the transport's own is logged, and for the sender a lost printer."""
    alone = finishing()

    alone.connection.finished.errback(ZeroDivisionError("a bug"))

    [error] = alone.said("finished")
    assert isinstance(error, PrinterLost)
    assert error.reason == "the gateway failed at the printer's side"
    [event] = flushErrors(ZeroDivisionError)
    assert event["job"] == 7
    assert formatEvent(event) == "job 7: the transport failed in finish"


def test_transportRaisesAtTheEnd(flushErrors: FlushErrors) -> None:
    """A transport that raises where it should fail is no reason to keep the sender waiting."""
    alone = receiving()

    def broken() -> Deferred[Delivery]:
        raise ZeroDivisionError("a bug")

    alone.connection.finish = broken  # type: ignore[method-assign]
    alone.finish()

    [error] = alone.said("finished")
    assert isinstance(error, PrinterLost)
    assert alone.job.state is ABORTED
    assert len(flushErrors(ZeroDivisionError)) == 1


def test_transportRaisesAtTheAbort(flushErrors: FlushErrors) -> None:
    """A transport that raises in C{abort} neither holds the port nor reaches who cut the job."""
    alone = finishing().watchRelease()

    def broken(tail: bytes) -> Deferred[None]:
        raise ZeroDivisionError("a bug")

    alone.connection.abort = broken  # type: ignore[method-assign]
    alone.job.cut(SenderLost("the control connection was lost"))

    assert alone.said("finished") == [alone.job.error]
    assert alone.said("released") == [None]
    assert len(flushErrors(ZeroDivisionError)) == 1


@pytest.mark.parametrize("phase", [waiting, receiving, finishing, delivered])
@pytest.mark.parametrize(("data", "printed"), [(b"", False), (b"x", True)])
def test_printed(phase: Callable[[bytes], JobAlone], data: bytes, printed: bool) -> None:
    """An error says whether a byte of the job may have reached the printer."""
    alone, why = phase(data), SenderLost("the control connection was lost")
    why.printed = not printed

    alone.job.cut(why)

    assert why.printed is (printed and phase is not waiting)


def test_notPrintedWhileItWaitsOnThisSide() -> None:
    """Bytes that a transport kept for itself are not printed, and need no end in any language."""
    alone = JobAlone(connection=Connection(buffering=True)).open().write(b"%!PS")
    why = SenderLost("the control connection was lost")

    alone.job.cut(why)

    assert not why.printed
    assert alone.connection.tails == [b""]


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
    alone = JobAlone().open()
    for start in range(0, len(data), chunk):
        alone.write(data[start : start + chunk])

    alone.job.cut(JobAborted("aborted by the sender"))

    assert alone.connection.tails == [tail]
    assert alone.connection.data == data


def test_onlyTheBeginningIsKept() -> None:
    """What a job of any length holds in memory is its first few kilobytes."""
    late = b"@PJL JOB\r\n"
    alone = receiving(PJL + b" " * (HEAD_BYTES - len(PJL) - len(late) - 1) + b"\n" + late[:-3])
    for _ in range(4):
        alone.write(late[-3:] + b"x" * 100_000)

    alone.job.cut(JobAborted("aborted by the sender"))

    assert alone.connection.tails == [UEL + b"@PJL EOJ\r\n" + UEL]
    held = [value for value in vars(alone.job).values() if isinstance(value, bytes)]
    assert max(map(len, held)) <= HEAD_BYTES


# Letting the printer go.


def test_releasedBeforeItHasThePrinter() -> None:
    """A job without a printer holds none."""
    assert waiting().watchRelease().said("released") == [None]


def test_releasedByDelivery() -> None:
    """A delivered job holds the printer no more, though its reply may still be on the way."""
    alone = finishing().watchRelease().watchRelease()
    assert alone.said("released") == []

    alone.deliver()

    assert alone.said("released") == [None, None]
    assert alone.watchRelease().said("released") == [None, None, None]


def test_releasedAfterAFailedAbort(flushErrors: FlushErrors) -> None:
    """An abort that fails is logged, and still frees the printer."""
    alone = receiving().watchRelease()

    alone.job.cut(JobAborted("aborted by the sender"))
    alone.connection.aborted.errback(ZeroDivisionError("a bug"))

    assert alone.said("released") == [None]
    [event] = flushErrors(ZeroDivisionError)
    assert event["job"] == 7
    assert formatEvent(event) == "job 7: abort failed"


def test_printerForAnEndedJob() -> None:
    """A printer that comes too late is sent away, and free when it has gone."""
    alone = waiting()
    alone.job.cut(JobAborted("aborted by the sender"))
    released: list[None] = []

    alone.job.printOn(alone.connection).addCallback(released.append)

    assert alone.connection.tails == [b""]
    assert released == []
    alone.connection.aborted.callback(None)
    assert released == [None]


def test_releasedAfterALatePrinterHasGone() -> None:
    """C{whenReleased} waits for a printer that came too late, too."""
    alone = waiting()
    alone.job.cut(JobAborted("aborted by the sender"))
    alone.job.printOn(alone.connection)

    alone.watchRelease()

    assert alone.said("released") == []


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
    with pytest.raises(FrozenInstanceError):
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
