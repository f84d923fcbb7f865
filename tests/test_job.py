"""
A job: what may happen to it when, what is said of it, and when it lets the printer go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from jetdirect.errors import (
    DataConnectionLost,
    JobAborted,
    JobCanceled,
    PrinterLost,
    SenderLost,
    ShuttingDown,
    SizeDiffers,
)
from jetdirect.guard import STOP_TIMEOUT
from jetdirect.interfaces import Delivery
from jetdirect.job import STOPPED_AFTER, Job, Sender
from jetdirect.language import END_OF_JOB, HEAD_BYTES, UEL
from jetdirect.record import JobState
from tests.conftest import FlushErrors
from tests.support.jobalone import (
    ABORTED,
    CANCELED,
    COMPLETED,
    PENDING,
    PROCESSING,
    Connection,
    JobAlone,
    Source,
    aborted,
    canceled,
    completed,
    delivered,
    finishing,
    hear,
    receiving,
    waiting,
)


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
    kept = [getattr(alone.job, each) for each in Job.__slots__]
    held = [value for value in kept if isinstance(value, bytes)]
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
