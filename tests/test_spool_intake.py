"""
A job on its way into the spool: what its sender is told is true, whatever comes between.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from jetdirect.errors import (
    JobAborted,
    JobCanceled,
    JobTooLarge,
    PrintError,
    SenderLost,
    SizeDiffers,
    SpoolFull,
    SpoolSilent,
)
from jetdirect.interfaces import Delivery
from jetdirect.job import Sender
from jetdirect.record import JobState
from jetdirect.spool.intake import SILENT_AFTER, Intake
from jetdirect.spool.line import Coming
from jetdirect.spool.paths import placePath
from jetdirect.spool.record import JobPlace, SpoolRecord
from tests.support.answers import hear
from tests.support.disk import LosingDisk
from tests.support.spooled import Work, spooled


class Queue:
    """
    What an intake knows of its queue.

    @ivar taken: the jobs that were handed over, and whether each is held.
    @ivar away: how often it was said that the job comes no more.
    """

    durable = True

    def __init__(self, spool: Any, replyWithin: float, held: bool) -> None:
        self.spool = spool
        self.replyWithin = replyWithin
        self.full: PrintError | None = None
        self.taken: list[tuple[int, bool]] = []
        self.away = 0
        self.known: list[bool] = []
        self.untold: list[int] = []
        self.failures: list[PrintError] = []
        self.printed: Deferred[str] = Deferred()
        self._held = held

    def admit(self, intake: Coming) -> Deferred[None]:
        return succeed(None) if self.full is None else fail(self.full)

    def least(self, total: int) -> int:
        return 0

    def placeFor(self, record: SpoolRecord) -> Deferred[tuple[SpoolRecord, JobPlace]]:
        if self._held:
            return succeed((record.but(reason="duplicate of 7"), JobPlace.HELD))
        return succeed((record, JobPlace.QUEUE))

    def left(self, intake: Coming) -> None:
        self.away += 1

    def take(self, record: SpoolRecord, held: bool) -> None:
        self.taken.append((record.number, held))

    def whenPrinted(self, number: int) -> Deferred[str]:
        return self.printed

    def heard(self, number: int, heard: bool) -> None:
        self.known.append(heard)

    def neverTold(self, record: SpoolRecord) -> None:
        self.untold.append(record.number)

    def failed(self, error: PrintError) -> None:
        self.failures.append(error)


class Upload:
    """
    One job, and what its session hears of it.

    @ivar told: what the end of the data was answered with, if it was.
    @ivar replied: its sender was told 226.
    """

    def __init__(self, replyWithin: float = 0.0, held: bool = False, **more: Any) -> None:
        self.disk = LosingDisk()
        self.spool: Any
        self.work: Work
        self.spool, self.work = spooled(self.disk)
        self.clock = Clock()
        self.queue: Any = Queue(self.spool, replyWithin, held)
        self.size: int | None = more.pop("size", None)
        self.job = Intake(
            1,
            "PORT1",
            "a.ps",
            Sender("anna", "192.0.2.7", 40001),
            self.size,
            self.clock,
            self.queue,
            wallClock=lambda: 7.0,
            **more,
        )
        self.opened = hear(self.job.whenOpened())
        self.told: list[Any] = []
        self.finished = self.replied = False

    def begin(self) -> Upload:
        """There is room for it, if there is."""
        self.job.begin()
        return self

    def finish(self) -> list[Any]:
        """All bytes have come."""
        if not self.finished and self.opened == [None]:
            self.finished = True
            self.told = hear(self.job.finish())
        return self.told

    def reply(self) -> None:
        """The session tells what it knows, as soon as it does."""
        good = bool(self.told) and isinstance(self.told[0], Delivery)
        if good and self.job.error is None and not self.replied:
            self.replied = True
            self.job.replied()

    @property
    def refused(self) -> bool:
        """Was its sender told that it is not kept?"""
        return any(
            isinstance(each, PrintError) and not isinstance(each, SpoolSilent) for each in self.told
        )

    @property
    def place(self) -> JobPlace | None:
        """Where it is on the disk; L{None}: nowhere."""
        for place in (JobPlace.QUEUE, JobPlace.HELD):
            if self.disk.names(placePath("port1", place)):
                return place
        return None


def test_kept() -> None:
    """It is handed over to its queue when its sender has had the reply, and not before."""
    upload = Upload(size=6).begin()
    upload.job.write(b"a page")
    assert upload.finish() == [Delivery.QUEUED] and upload.place is JobPlace.QUEUE
    assert upload.queue.taken == [] and not upload.job.kept
    upload.reply()
    assert upload.queue.taken == [(1, False)] and upload.job.kept and upload.job.ended
    upload.job.complete(heard=False)
    assert upload.queue.known == [False]
    assert upload.job.record.reasons == ("job-queued",)


def test_held() -> None:
    """One that may not print says why, and is not waited for."""
    upload = Upload(held=True, replyWithin=60.0).begin()
    assert upload.finish() == [Delivery.QUEUED] and upload.place is JobPlace.HELD
    upload.reply()
    assert upload.queue.taken == [(1, True)]
    assert (upload.job.state, upload.job.record.reason) == (JobState.HELD, "duplicate of 7")


def test_noRoom() -> None:
    """A job for which there is no room never begins."""
    upload = Upload()
    upload.queue.full = SpoolFull("it keeps 3 jobs already")
    upload.begin()
    assert upload.opened == [upload.queue.full] and upload.job.error is upload.queue.full
    upload.job.write(b"more")
    assert (upload.job.bytes, upload.job.state, upload.queue.away) == (0, JobState.ABORTED, 1)


@pytest.mark.parametrize(
    ("error", "state"),
    [(JobAborted("ABOR"), JobState.CANCELED), (SenderLost("gone"), JobState.ABORTED)],
)
def test_cut(error: PrintError, state: JobState) -> None:
    """A cut in time leaves nothing; the first evidence counts."""
    upload = Upload().begin()
    upload.job.write(b"a page")
    upload.job.cut(error)
    upload.job.cut(JobCanceled("too late"))
    assert (upload.job.error, upload.job.state, upload.job.record.printed) == (error, state, "no")
    assert upload.finish() == [error]
    assert upload.place is None and upload.disk.inodes("ports/port1/tmp") == []


def test_size() -> None:
    """Neither a job of another size than was announced is kept, nor one that is too large."""
    upload = Upload(size=7).begin()
    upload.job.write(b"a page")
    [told] = upload.finish()
    assert isinstance(told, SizeDiffers) and upload.place is None
    upload = Upload(limit=5).begin()
    upload.job.write(b"a page")
    [told] = upload.finish()
    assert isinstance(told, JobTooLarge) and upload.place is None


def test_cutBehindTheRename() -> None:
    """One that is kept already is gone from the disk before its sender hears so."""
    upload = Upload().begin()
    upload.finish()
    upload.work.hold()
    error = JobAborted("ABOR")
    upload.job.cut(error)
    decided = hear(upload.job.whenDecided())
    assert decided == [] and upload.place is JobPlace.QUEUE
    upload.work.go()
    assert decided == [None] and upload.place is None and upload.job.error is error
    assert upload.queue.taken == []


def test_silentDisk() -> None:
    """Nothing is said of a job of which nobody knows; kept in the end, it prints."""
    upload = Upload().begin()
    upload.work.hold()
    told = upload.finish()
    upload.clock.advance(SILENT_AFTER)
    assert isinstance(told[0], SpoolSilent) and upload.job.record.reply is None
    upload.work.go()
    assert upload.place is JobPlace.QUEUE
    assert upload.queue.taken == [(1, False)] and upload.queue.untold == [1]


def test_silentDiskBehindACut() -> None:
    """What was cut while the disk was silent does not print in the end, nor is it kept."""
    upload = Upload().begin()
    upload.work.hold()
    told = upload.finish()
    while upload.place is None:
        upload.work.silently(0)
        if upload.place is None:
            upload.work.tell(0)  # of the commit itself nobody hears yet
    upload.job.cut(JobCanceled("canceled by bob"))
    upload.clock.advance(SILENT_AFTER)
    assert isinstance(told[0], SpoolSilent)
    while upload.work.untold:
        upload.work.tell(0)
    upload.work.go()
    assert upload.place is None and upload.queue.taken == []


def test_replyWithin() -> None:
    """Where the reply waits for the paper, it prints meanwhile, and the level is told."""
    upload = Upload(replyWithin=60.0).begin()
    assert upload.finish() == [] and upload.queue.taken == [(1, False)]
    upload.queue.printed.callback("delivered")
    assert upload.told == [Delivery.DELIVERED]
    upload.reply()
    assert upload.queue.taken == [(1, False)]
    assert upload.clock.getDelayedCalls() == []


def test_replyWithinIsOver() -> None:
    """When that time is over, it is queued."""
    upload = Upload(replyWithin=60.0).begin()
    upload.finish()
    upload.clock.advance(60)
    assert upload.told == [Delivery.QUEUED]
    upload.queue.printed.callback("delivered")


def test_lostWhileItWaits() -> None:
    """A sender that is lost then changes nothing: the job is ours."""
    upload = Upload(replyWithin=60.0).begin()
    upload.finish()
    upload.job.cut(SenderLost("gone"))
    assert upload.told == [Delivery.QUEUED] and upload.queue.untold == [1]
    assert upload.place is JobPlace.QUEUE and upload.job.error is None


def test_volatile() -> None:
    """A spool in memory is not called durable."""
    upload = Upload()
    upload.queue.durable = False
    assert upload.begin().finish() == [Delivery.VOLATILE]


STEPS = st.lists(
    st.sampled_from(
        ["write", "finish", "work", "work", "work", "abort", "lost", "cancel", "reply", "late"]
    ),
    max_size=14,
)


@given(STEPS, st.sampled_from([0.0, 60.0]), st.booleans(), st.booleans())
def test_whatIsToldIsTrue(steps: list[str], replyWithin: float, held: bool, fails: bool) -> None:
    """226: it is kept, and its queue has it; an error: nothing stays; else both, or neither."""
    upload = Upload(replyWithin, held)
    upload.work.hold()
    upload.begin()
    errors = {
        "abort": JobAborted("ABOR"),
        "lost": SenderLost("gone"),
        "cancel": JobCanceled("by bob"),
    }
    for step in [*steps, "finish"]:
        match step:
            case "write":
                upload.job.write(b"x" * 100)
            case "finish":
                upload.finish()
            case "work" if upload.work.held:
                upload.work.one()
            case "abort" | "lost" | "cancel":
                upload.job.cut(errors[step])
            case "reply":
                upload.reply()
            case "late":
                upload.clock.advance(SILENT_AFTER)
        if upload.refused:
            assert upload.place is None
    if fails:
        upload.disk.fault = lambda number, name: (_ for _ in ()).throw(OSError(5, "failed"))
        while upload.work.held:
            upload.work.one()
        upload.disk.fault = lambda number, name: None
    upload.work.go()
    assert not upload.refused or upload.clock.getDelayedCalls() == []
    upload.clock.advance(replyWithin)
    upload.reply()
    kept = upload.place is not None
    assert len(upload.queue.taken) <= 1
    if upload.replied:
        assert kept and upload.queue.taken == [(1, held)]
    elif not isinstance(upload.job.error, SpoolSilent):
        assert upload.job.error is not None and not kept and upload.queue.taken == []
    elif not fails:
        assert kept is bool(upload.queue.taken)
    assert upload.job.ended and upload.queue.away >= 1
    upload.clock.advance(10 * SILENT_AFTER)
    assert upload.clock.getDelayedCalls() == []
