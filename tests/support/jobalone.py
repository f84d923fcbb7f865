"""
A job between a sender and a printer that answer when a test says so, in each of its states.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProducer, IPushProducer
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from jetdirect.errors import (
    DataConnectionLost,
    JobCanceled,
)
from jetdirect.ftp.replies import codeFor
from jetdirect.interfaces import Delivery, IPrinterConnection
from jetdirect.job import Job, Sender
from jetdirect.record import JobRecord, JobState
from jetdirect.watch.log import LogWatcher

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
