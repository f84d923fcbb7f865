"""
A job on its way into the spool: what may be said of it, and when.

The states until its sender has had the reply::

    beginning -- begun --> receiving -- finish --> committing -- kept --> kept -- replied --> queued
        |                     |                       |                    |
        +-------- cut --------+------ cut in time ----+                    |
        v                                             | too late           |
     aborted, canceled <--------- taken back ----- taking back <--- cut ---+

A cut after the rename is true only when the job is gone from the disk for good, and told then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IConsumer,
    IDelayedCall,
    IProducer,
    IPushProducer,
    IReactorTime,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import (
    JobAborted,
    JobCanceled,
    JobCut,
    JobTooLarge,
    PrintError,
    SenderLost,
    SizeDiffers,
    SpoolFailed,
    SpoolSilent,
    TakenBack,
)
from ..guard import FAULT
from ..interfaces import Delivery, IDraft, IPrinterConnection, IPrintJob
from ..job import ReplyCode, Sender, unknownCode
from ..record import JobRecord, JobState
from .line import Line
from .record import JobPlace, SpoolRecord
from .writer import DraftWriter

SILENT_AFTER = 30.0
"""Seconds that a disk has for a commit: then its sender is told nothing, and the line is closed."""


class _Phase(Enum):
    BEGINNING = "beginning"
    RECEIVING = "receiving"
    COMMITTING = "committing"
    KEPT = "kept"
    QUEUED = "queued"
    TAKING_BACK = "taking back"
    UNKNOWN = "unknown"
    CANCELED = "canceled"
    ABORTED = "aborted"


_ENDS = {_Phase.CANCELED, _Phase.ABORTED, _Phase.QUEUED, _Phase.UNKNOWN}


@implementer(IPrintJob, IConsumer, IPushProducer)
class Intake:
    """
    A job until its sender has had the reply; its upload knows it as it knows a L{Job
    <jetdirect.job.Job>}.

    @ivar bytes: how many the sender's side has written.
    @ivar error: why it was cut, or L{None}.
    """

    _log = Logger()

    def __init__(
        self,
        number: int,
        port: str,
        name: str,
        sender: Sender,
        size: int | None,
        clock: IReactorTime,
        line: Line,
        reader: Callable[[IPrinterConnection, IPrintJob], IPrinterConnection] | None = None,
        limit: int | None = None,
        printer: str = "",
        uri: str = "",
        code: ReplyCode = unknownCode,
        changed: Callable[[Intake], None] = lambda intake: None,
        wallClock: Callable[[], float] = time.time,
    ) -> None:
        """
        As for a L{Job<jetdirect.job.Job>}.

        @param reader: puts before the disk what reads jobs; L{None}: nothing does.
        @param uri: where the port prints; without secrets.
        """
        self.number = number
        self.port = port
        self.name = name
        self.sender = sender
        self.user = sender.user
        self.host = sender.host
        self.size = size
        self.bytes = 0
        self.error: PrintError | None = None
        self._clock = clock
        self._line = line
        self._reader = reader
        self._limit = limit
        self._printer = printer
        self._uri = uri
        self._code = code
        self._changed = changed
        self._wallClock = wallClock
        self._phase = _Phase.BEGINNING
        self._began = clock.seconds()
        self._received = wallClock()
        self._completed: float | None = None
        self._blocked: float | None = None
        self._producer: IPushProducer | None = None
        self._draft: IDraft | None = None
        self._connection: IPrinterConnection | None = None
        self._record: SpoolRecord | None = None
        self._held = False
        self._handedOver = False
        self._wanted = True
        self._silence: IDelayedCall | None = None
        self._opened: Deferred[None] = Deferred()
        self._finished: Deferred[Delivery] = Deferred()
        self._decided: list[Deferred[None]] = []

    # What others see of it.

    @property
    def state(self) -> JobState:
        """The state in the words of RFC 8011."""
        match self._phase:
            case _Phase.CANCELED:
                return JobState.CANCELED
            case _Phase.ABORTED:
                return JobState.ABORTED
        return JobState.HELD if self._held and self._handedOver else JobState.PENDING

    @property
    def ended(self) -> bool:
        """Is it none of its sender's any more?"""
        return self._phase in _ENDS

    @property
    def kept(self) -> bool:
        """Has the spool taken it over?"""
        return self._handedOver

    @property
    def blockedSeconds(self) -> float:
        """For how long the disk has not taken a byte; 0 while it takes them."""
        return 0.0 if self._blocked is None else self._clock.seconds() - self._blocked

    @property
    def finishingSeconds(self) -> float:
        """The printer is not waited for."""
        return 0.0

    @property
    def record(self) -> JobRecord:
        """The job as it is now, for those who only look on."""
        now = self._clock.seconds() if self._completed is None else self._completed
        over = self._phase in (_Phase.CANCELED, _Phase.ABORTED)
        told = over and not isinstance(self.error, SpoolSilent)
        return JobRecord(
            number=self.number,
            port=self.port,
            name=self.name,
            user=self.user,
            host=self.host,
            printer=self._printer,
            bytes=self.bytes,
            state=self.state,
            reasons=self._reasons(),
            delivery=None,
            attempts=0,
            created=self._received,
            started=None,
            completed=self._wallClock() if over else None,
            seconds=now - self._began,
            blocked=self.blockedSeconds,
            outcome=self.state.value if over else None,
            reply=self._code(self.error) if told else None,
            printed="no",
            reason=self._why(),
            heard=True,
            size=self.size,
        )

    def _why(self) -> str:
        if self.error is not None:
            return self.error.reason
        return self._record.reason if self._held and self._record is not None else ""

    def _reasons(self) -> tuple[str, ...]:
        match self._phase:
            case _Phase.CANCELED:
                byUser = isinstance(self.error, JobAborted)
                return (f"job-canceled-by-{'user' if byUser else 'operator'}",)
            case _Phase.ABORTED:
                cut = isinstance(self.error, JobCut)
                return ("aborted-by-system", *(("submission-interrupted",) if cut else ()))
        if not self._handedOver:
            return ("job-incoming",)
        return ("job-hold-until-specified",) if self._held else ("job-queued",)

    # The server's part.

    def begin(self) -> None:
        """Ask for room."""
        begun = self._line.admit(self).addCallback(self._admitted)
        begun.addCallbacks(self._begun, self._refused).addErrback(self._fault)

    def _admitted(self, _: None) -> Deferred[IDraft] | None:
        if self._phase is not _Phase.BEGINNING:
            return None
        return self._line.spool.begin(self.port, self.number)

    def _refused(self, failure: Failure) -> None:
        error = failure.value
        if not isinstance(error, PrintError):
            self._fault(failure)
            return
        if isinstance(error, SpoolFailed):
            self._line.failed(error)
        self.cut(error)

    def _begun(self, draft: IDraft | None) -> None:
        if draft is None:
            return
        if self._phase is not _Phase.BEGINNING:
            draft.discard()
            return
        self._draft = draft
        writer = DraftWriter(
            self._line.spool, draft, self._line.least, self._diskFailed, self._commit
        )
        self._connection = writer if self._reader is None else self._reader(writer, self)
        self._phase = _Phase.RECEIVING
        self._opened.callback(None)

    # The sender's part.

    def whenOpened(self) -> Deferred[None]:
        """
        To be called once.

        @return: fires when C{write} may be called; fails with L{PrintError} when there is no room.
        """
        return self._opened

    def write(self, data: bytes) -> None:
        """Pass bytes on to the disk, as they are; what comes after a cut is dropped."""
        if self._phase is not _Phase.RECEIVING or self._connection is None:
            return
        if self._limit is not None and self.bytes + len(data) > self._limit:
            self.cut(JobTooLarge(f"more than {self._limit} bytes"))
        else:
            self.bytes += len(data)
            self._connection.write(data)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IConsumer}: the disk's back-pressure goes through the job to C{producer}."""
        if self._phase is not _Phase.RECEIVING or self._connection is None:
            producer.stopProducing()
            return
        assert IPushProducer.providedBy(producer)
        self._producer = producer
        self._connection.registerProducer(self, streaming)

    def unregisterProducer(self) -> None:
        """L{IConsumer}."""
        if self._producer is not None and self._connection is not None:
            self._producer = self._blocked = None
            self._connection.unregisterProducer()

    def pauseProducing(self) -> None:
        """L{IPushProducer}: the disk takes no more for now."""
        if self._producer is not None:
            self._blocked = self._clock.seconds()
            self._producer.pauseProducing()

    def resumeProducing(self) -> None:
        """L{IPushProducer}: it takes bytes again."""
        if self._producer is not None:
            self._blocked = None
            self._producer.resumeProducing()

    def stopProducing(self) -> None:
        """L{IPushProducer}: nothing to do; L{cut} says it, and why."""

    def finish(self) -> Deferred[Delivery]:
        """
        The sender says that all bytes were written.

        @return: fires with the level when the job is kept, or as far as it has come within the
            time that the port has for that; fails with L{PrintError} when it is certain that it is
            not kept, with L{SpoolSilent} when that is not known.
        """
        if self.size is not None and self.size != self.bytes:
            self.cut(SizeDiffers(f"{self.size} bytes were announced, {self.bytes} came"))
        if self._phase is not _Phase.RECEIVING or self._connection is None:
            error = self.error or PrintError("the job was not open")
            return self.whenDecided().addCallback(lambda _: Failure(self.error or error))
        self._phase = _Phase.COMMITTING
        self._silence = self._clock.callLater(SILENT_AFTER, self._silent)
        committing = self._connection.finish()
        committing.addCallbacks(self._kept, self._notKept)
        return self._finished

    def replied(self) -> None:
        """The reply was written: the job may print."""
        if self._phase is _Phase.KEPT:
            self._phase = _Phase.QUEUED
            self._handOver()

    def complete(self, heard: bool = True) -> None:
        """
        It is known whether the sender heard the reply.

        @param heard: C{False} if the sender was lost first.
        """
        self._line.heard(self.number, heard)

    def whenDecided(self) -> Deferred[None]:
        """Fires when what C{error} says is true for good; C{error} may be another one then."""
        if self._phase is not _Phase.TAKING_BACK:
            return succeed(None)
        decided: Deferred[None] = Deferred()
        self._decided.append(decided)
        return decided

    def whenReleased(self) -> Deferred[None]:
        """No printer has it; fires when nothing of it stays."""
        return self.whenDecided()

    # What speaks against it.

    def printerLost(self, error: PrintError) -> None:
        """L{IPrintJob}: what reads it refuses it."""
        self.cut(error)

    def cut(self, error: PrintError) -> None:
        """
        Evidence against the job; the first decides, and what comes after the end is dropped.
        """
        phase = self._phase
        if phase is _Phase.KEPT and self._handedOver:
            # It is ours, and the reply waits for nothing any more.
            if isinstance(error, SenderLost):
                self._neverTold()
            self._answer(Delivery.QUEUED)
            return
        if self.ended or phase is _Phase.TAKING_BACK:
            return
        error.printed = False
        self.error = error
        inTime = phase is not _Phase.KEPT and (self._draft is None or self._draft.cut())
        if not inTime:
            self._phase = _Phase.TAKING_BACK
            if self._silence is None:
                self._silence = self._clock.callLater(SILENT_AFTER, self._silent)
            if phase is _Phase.KEPT:
                self._takeBack()
            return  # else the commit tells first
        self._stopSilence()
        self._endAs(error)
        producer, connection = self._producer, self._connection
        self._producer = self._blocked = None
        if producer is not None and connection is not None:
            connection.unregisterProducer()
            producer.stopProducing()
        if phase is _Phase.BEGINNING:
            self._opened.errback(Failure(error))
        elif phase is _Phase.COMMITTING:
            self._finished.errback(Failure(error))
        elif connection is not None:
            connection.abort(b"")

    # Inside.

    def _diskFailed(self, error: PrintError) -> None:
        if isinstance(error, SpoolFailed):
            self._line.failed(error)
        self.cut(error)

    def _commit(self) -> Deferred[Delivery]:
        # All bytes are in the draft, and nothing but a cut can stop it.
        assert self._draft is not None
        record = SpoolRecord(
            number=self.number,
            port=self.port,
            name=self.name,
            user=self.user,
            host=self.host,
            uri=self._uri,
            size=self._draft.size,
            sha256=self._draft.sha256,
            received=self._received,
            committed=self._wallClock(),
        )
        return self._line.placeFor(record).addCallback(self._placed)

    def _placed(self, placed: tuple[SpoolRecord, JobPlace]) -> Deferred[Delivery]:
        assert self._draft is not None
        record, place = placed
        self._held = place is JobPlace.HELD
        return self._draft.commit(record, place).addCallback(self._committed)

    def _committed(self, record: SpoolRecord) -> Delivery:
        self._record = record
        return Delivery.QUEUED

    def _kept(self, _: Delivery) -> None:
        match self._phase:
            case _Phase.COMMITTING:
                self._stopSilence()
                self._phase = _Phase.KEPT
                if self._line.replyWithin and not self._held:
                    self._waitForPaper()
                else:
                    self._answer(Delivery.QUEUED)
            case _Phase.UNKNOWN if (
                self._wanted
            ):  # its sender was told nothing; it is here, and prints
                self._phase = _Phase.QUEUED
                self._neverTold()
                self._handOver()
            case _:
                self._takeBack()

    def _notKept(self, failure: Failure) -> None:
        error = failure.value
        if isinstance(error, TakenBack):
            assert self._draft is not None
            self._draft.discard()
            return  # it was told when it was cut
        if not isinstance(error, PrintError):
            self._log.failure("job {job} cannot be kept", failure, job=self.number)
            error = PrintError(FAULT)
        if isinstance(error, SpoolFailed):
            self._line.failed(error)
        if self._draft is not None and not isinstance(error, SpoolSilent):
            self._draft.discard()
        if self._phase in (_Phase.CANCELED, _Phase.ABORTED):
            return  # likewise
        known = not isinstance(error, SpoolSilent)
        self._takenBack(self.error if known and self.error is not None else error)

    def _takeBack(self) -> None:
        def failed(failure: Failure) -> None:
            if isinstance(failure.value, PrintError):
                why = failure.value.reason
                self._log.error("job {job} cannot be taken back: {why}", job=self.number, why=why)
            else:
                self._log.failure("job {job} cannot be taken back", failure, job=self.number)
            self._takenBack(SpoolSilent("the spool failed when the job was to be taken back"))

        assert self.error is not None
        removing = self._line.spool.remove(self.number)
        removing.addCallbacks(lambda _: self._takenBack(self.error), failed)

    def _takenBack(self, error: PrintError | None) -> None:
        assert error is not None
        self._stopSilence()
        self.error = error
        self._endAs(error)
        self._tell(error)

    def _silent(self) -> None:
        # Nobody knows whether it will be kept: no word is true, until the disk says more.
        self._silence = None
        error = SpoolSilent(f"the spool's disk has not answered for {SILENT_AFTER:g} s")
        self._line.failed(error)
        self.error = error
        self._wanted = self._phase is _Phase.COMMITTING
        self._phase = _Phase.UNKNOWN
        self._tell(error)

    def _tell(self, error: PrintError) -> None:
        if not self._finished.called:
            self._finished.errback(Failure(error))
        decided, self._decided = self._decided, []
        for each in decided:
            each.callback(None)

    def _stopSilence(self) -> None:
        silence, self._silence = self._silence, None
        if silence is not None and silence.active():
            silence.cancel()

    def _waitForPaper(self) -> None:
        assert self._record is not None
        printed = self._line.whenPrinted(self.number)
        self._handOver()
        limit = self._clock.callLater(self._line.replyWithin, lambda: self._answer(Delivery.QUEUED))

        def known(level: str) -> None:
            if limit.active():
                limit.cancel()
            self._answer(Delivery(level))

        printed.addCallback(known)

    def _answer(self, level: Delivery) -> None:
        if not self._finished.called:
            durable = level is not Delivery.QUEUED or self._line.durable
            self._finished.callback(level if durable else Delivery.VOLATILE)

    def _neverTold(self) -> None:
        if self._record is not None:
            self._line.neverTold(self._record)

    def _handOver(self) -> None:
        if not self._handedOver and self._record is not None:
            self._handedOver = True
            self._line.left(self)
            self._changed(self)
            self._line.take(self._record, self._held)

    def _endAs(self, error: PrintError) -> None:
        canceled = isinstance(error, (JobAborted, JobCanceled))
        self._phase = _Phase.CANCELED if canceled else _Phase.ABORTED
        self._completed = self._clock.seconds()
        self._line.left(self)
        self._changed(self)

    def _fault(self, failure: Failure) -> None:
        self._log.failure("job {job} cannot be taken", failure, job=self.number)
        self.cut(PrintError(FAULT))
