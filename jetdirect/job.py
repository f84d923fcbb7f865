"""
One job: its states, what speaks against it, what has become of it.  No socket, no FTP word.

The sender's side writes the bytes, the printing port brings the printer connection, and the job
between them decides what may be said.  L{jetdirect.phase} has its states.
"""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol, cast

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IConsumer, IProducer, IPushProducer, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from .errors import (
    JobAborted,
    JobCanceled,
    JobCut,
    JobTooLarge,
    PrinterLost,
    PrintError,
    SizeDiffers,
)
from .guard import FAULT, GuardedConnection
from .interfaces import Delivery, IKernelConsumer, IPrinterConnection, IQueuedJob
from .language import HEAD_BYTES, tailFor
from .phase import NEXT, Phase
from .record import JobRecord, JobState

STOPPED_AFTER = 5.0
"""Seconds without a byte taken after which a printer is said to have stopped: short enough for a
person who asks STAT (chosen, not measured)."""


# An enumeration looks up its own names in Python, which takes three times as long.
_WAITING, _RECEIVING, _FINISHING = Phase.WAITING, Phase.RECEIVING, Phase.FINISHING
_CANCELED, _ABORTED, _PROCESSING = Phase.CANCELED, Phase.ABORTED, JobState.PROCESSING


COPIED_FIRST = 65_536
"""Bytes of a job that pass through this process: L{HEAD_BYTES} at least.  As many as are read at a
time, so no pipe is laid for a small job."""


ReplyCode = Callable[[PrintError | None], int | None]
"""The code with which a sender is told how its job ended: the error, or L{None} of a complete job.
L{None}: this side does not know what it is told."""


def unknownCode(error: PrintError | None) -> int | None:
    """L{ReplyCode}, where it is not known what the sender is told."""
    return None


class Sender(NamedTuple):
    """The sender: the user name given at login and the address of the control connection."""

    user: str
    host: str
    port: int


@implementer(IConsumer)
class UploadedJob(Protocol):
    """
    A job as its sender's side knows it: a L{Job}, or what comes into a spool (L{Intake
    <jetdirect.spool.intake.Intake>}).  Their methods and attributes are described there.
    """

    number: int
    port: str
    name: str
    user: str
    sender: Sender
    bytes: int
    error: PrintError | None

    @property
    def state(self) -> JobState: ...
    @property
    def ended(self) -> bool: ...
    @property
    def blockedSeconds(self) -> float: ...
    @property
    def finishingSeconds(self) -> float: ...
    @property
    def record(self) -> JobRecord: ...
    def whenOpened(self) -> Deferred[None]: ...
    def write(self, data: builtins.bytes) -> None: ...
    def registerProducer(self, producer: IProducer, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...
    def finish(self) -> Deferred[Delivery]: ...
    def replied(self) -> None: ...
    def complete(self, heard: bool = True) -> None: ...
    def cut(self, error: PrintError) -> None: ...
    def whenDecided(self) -> Deferred[None]: ...
    def whenReleased(self) -> Deferred[None]: ...


@implementer(IQueuedJob, IKernelConsumer, IPushProducer)
class Job:
    """
    One upload on its way to one printer.

    @ivar bytes: how many bytes the sender's side has written.
    @ivar delivery: the level reached, when the printer's side has ended well.
    @ivar error: why the job was cut, or L{None}.
    @ivar heard: C{False} when the sender was lost before it could hear that the job is complete.
    """

    _log = Logger()
    # More than the names which a class's instances share (30): each would have a table of its own.
    __slots__ = (
        "_atPrinter",
        "_began",
        "_blocked",
        "_changed",
        "_clock",
        "_code",
        "_completed",
        "_connection",
        "_created",
        "_ended",
        "_finished",
        "_finishing",
        "_giveUp",
        "_hasty",
        "_head",
        "_limit",
        "_opened",
        "_phase",
        "_printed",
        "_printer",
        "_producer",
        "_released",
        "_reply",
        "_started",
        "_wallClock",
        "bytes",
        "delivery",
        "error",
        "heard",
        "host",
        "name",
        "number",
        "port",
        "sender",
        "size",
        "user",
    )

    def __init__(
        self,
        number: int,
        port: str,
        name: str,
        sender: Sender,
        size: int | None,
        clock: IReactorTime,
        limit: int | None = None,
        printer: str = "",
        code: ReplyCode = unknownCode,
        changed: Callable[[Job], None] = lambda job: None,
        wallClock: Callable[[], float] = time.time,
    ) -> None:
        """
        @param size: the bytes that the sender announced, or L{None}.
        @param limit: the bytes that a job may have, or L{None}.
        @param printer: what the printer is called; printable ASCII.
        @param changed: told when C{record} has another state, or other reasons for it.
        @param wallClock: seconds since the epoch, for the record.
        """
        self.number = number
        self.port = port
        self.name = name
        self.sender = sender
        self.user = sender.user
        self.host = sender.host
        self.size = size
        self.bytes = 0
        self.delivery: Delivery | None = None
        self.error: PrintError | None = None
        self.heard = True
        self._printer = printer
        self._code = code
        self._reply: int | None = None
        self._changed = changed
        self._wallClock = wallClock
        self._limit = limit
        self._clock = clock
        self._phase = _WAITING
        self._began = clock.seconds()
        self._ended: float | None = None
        self._created = wallClock()
        self._started: float | None = None
        self._completed: float | None = None
        self._blocked: float | None = None
        self._finishing: float | None = None
        self._head = b""
        self._producer: IPushProducer | None = None
        self._connection: GuardedConnection | None = None
        self._printed = False
        self._hasty = False
        self._atPrinter = False
        self._giveUp: Callable[[], None] | None = None
        self._opened: Deferred[None] | None = None
        self._finished: Deferred[Delivery] = Deferred()
        self._released: Deferred[None] = Deferred()

    # What others see of it.

    @property
    def state(self) -> JobState:
        """The state in the words of RFC 8011."""
        state = self._phase.state
        stopped = state is _PROCESSING and self.blockedSeconds >= STOPPED_AFTER
        return JobState.STOPPED if stopped else state

    @property
    def ended(self) -> bool:
        """Has the job come to its end?"""
        return not NEXT[self._phase]

    @property
    def seconds(self) -> float:
        """How long the job took, or has taken so far."""
        return (self._clock.seconds() if self._ended is None else self._ended) - self._began

    @property
    def blockedSeconds(self) -> float:
        """For how long the printer has not taken a byte; 0 while it takes them."""
        return 0.0 if self._blocked is None else self._clock.seconds() - self._blocked

    @property
    def finishingSeconds(self) -> float:
        """For how long the printer's answer to the whole job has been awaited; 0: it is not."""
        if self._phase is not _FINISHING or self._finishing is None:
            return 0.0
        return self._clock.seconds() - self._finishing

    @property
    def record(self) -> JobRecord:
        """The job as it is now, for those who only look on."""
        state, ended = self.state, self.ended
        if self.error is not None:
            printed, reason = "part" if self.error.printed else "no", self.error.reason
        elif self.delivery is not None:
            printed = "yes" if self.bytes else "no"
            reason = "" if self.heard else "sender lost before the reply"
        else:
            connection = self._connection
            printed, reason = "part" if connection and connection.printed else "no", ""
        # By place: by name a record takes three times as long.
        return JobRecord(
            self.number,
            self.port,
            self.name,
            self.user,
            self.host,
            self._printer,
            self.bytes,
            state,
            self._reasons(),
            None if self.delivery is None else self.delivery.value,
            int(self._started is not None),  # attempts
            self._created,
            self._started,
            self._completed if ended else None,
            self.seconds,
            self.blockedSeconds,
            str(state) if ended else None,  # the outcome
            self._reply,
            printed,
            reason,
            self.heard,
            None,  # sha256
            self.size,
            0 if self._started is None else self.bytes,  # sent
        )

    def _reasons(self) -> tuple[str, ...]:
        # job-state-reasons, RFC 8011 section 5.3.8.
        reasons = self._phase.reasons
        if self._phase is _CANCELED:
            byUser = isinstance(self.error, JobAborted)
            return (*reasons, f"job-canceled-by-{'user' if byUser else 'operator'}")
        if self._phase is _ABORTED and isinstance(self.error, JobCut):
            return (*reasons, "submission-interrupted")
        if self._phase is _RECEIVING and self.state is JobState.STOPPED:
            return (*reasons, "printer-stopped")
        return reasons

    # The printing port's part.

    def queued(self, giveUp: Callable[[], None]) -> None:
        """
        The job waits at its printing port.

        @param giveUp: takes it out of the line again; called when the job is cut before its turn.
        """
        self._giveUp = giveUp

    def printOn(self, connection: IPrinterConnection) -> Deferred[None]:
        """
        The job's turn has come and the printer is there.

        @return: fires when the job needs the printer no more.
        """
        self._atPrinter = True
        guarded = GuardedConnection(connection, self.number, self._clock, self.cut)
        self._connection = guarded
        if self._hasty:
            guarded.hasten()
        self._giveUp = None
        if self._advance("opened"):
            self._started = self._wallClock()
            self._changed(self)
            if self._opened is not None:
                self._opened.callback(None)
        else:
            self._abortAtPrinter(guarded, b"")
        return self._released

    def hasten(self) -> None:
        """The gateway stops, and waits for the printer no longer than it must."""
        self._hasty = True
        if self._connection is not None:
            self._connection.hasten()

    # The sender's part.

    def whenOpened(self) -> Deferred[None]:
        """
        To be called once.

        @return: fires when the printer is there and C{write} may be called; fails with
            L{PrintError} when the job was cut before.
        """
        if self._opened is None and self._started is not None:
            return succeed(None)
        if self._opened is None and self.error is not None:
            return fail(self.error)
        self._opened = self._opened or Deferred()
        return self._opened

    def write(self, data: bytes) -> None:
        """Pass bytes on to the printer, as they are; what comes after a cut is dropped."""
        if self._phase is not _RECEIVING or self._connection is None:
            return
        if self._limit is not None and self.bytes + len(data) > self._limit:
            self.cut(JobTooLarge(f"more than {self._limit} bytes"))
        else:
            self.bytes += len(data)
            if len(self._head) < HEAD_BYTES:
                self._head += data[: HEAD_BYTES - len(self._head)]
            self._connection.write(data)

    def take(self, descriptor: int, most: int) -> int:
        """L{IKernelConsumer}: not the beginning, which tells the language."""
        receiving = self._phase is _RECEIVING and self.bytes >= COPIED_FIRST
        if not receiving or self._connection is None or not self._connection.splices:
            return 0
        if self._limit is not None:
            most = min(most, self._limit - self.bytes)
        taken = self._connection.take(descriptor, most) if most else 0
        self.bytes += taken
        return taken

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IConsumer}: the printer's back-pressure goes through the job to C{producer}."""
        if self._phase is not _RECEIVING or self._connection is None:
            producer.stopProducing()
            return
        self._producer = cast(IPushProducer, producer)
        self._connection.registerProducer(self, streaming)

    def unregisterProducer(self) -> None:
        """L{IConsumer}."""
        if self._producer is not None and self._connection is not None:
            self._producer = None
            self._blocked = None
            self._connection.unregisterProducer()

    def pauseProducing(self) -> None:
        """L{IPushProducer}: the printer takes no more for now; or has taken a part, and no more."""
        if self._producer is not None:
            self._blocked = self._clock.seconds()
            self._producer.pauseProducing()

    def resumeProducing(self) -> None:
        """L{IPushProducer}: the printer takes bytes again."""
        if self._producer is not None:
            self._blocked = None
            self._producer.resumeProducing()

    def stopProducing(self) -> None:
        """L{IPushProducer}: nothing to do; L{printerLost} says it, and why."""

    def finish(self) -> Deferred[Delivery]:
        """
        The sender says that all bytes were written.

        @return: fires with the delivery level when the printer has the job; fails with
            L{PrintError} if anything speaks against it, also when it was cut before.
        """
        if self.size is not None and self.size != self.bytes:
            self.cut(SizeDiffers(f"{self.size} bytes were announced, {self.bytes} came"))
        if self._connection is None or not self._advance("finish"):
            return fail(self.error or PrintError("the job was not open"))
        self._finishing = self._clock.seconds()
        self._changed(self)
        self._connection.finish().addCallbacks(self._delivered, self._notDelivered)
        return self._finished

    def complete(self, heard: bool = True) -> None:
        """
        It is known whether the sender heard the reply.

        @param heard: C{False} if the sender was lost first.
        """
        if self._advance("complete"):
            self.heard = heard
            self._end()

    # What speaks against it.

    def cut(self, error: PrintError) -> None:
        """
        Evidence against the job: end it, so that the next one prints.

        The first evidence decides; later ones, and those after the end, are dropped.
        """
        connection, before = self._connection, self._phase
        canceled = isinstance(error, (JobAborted, JobCanceled))
        if not self._advance("cancel" if canceled else "cut"):
            return
        error.printed = self._printed or (connection is not None and connection.printed)
        self.error = error
        self._end()
        producer, self._producer = self._producer, None
        self._blocked = None
        if producer is not None and connection is not None:
            connection.unregisterProducer()
            producer.stopProducing()
        if before is _WAITING:
            giveUp, self._giveUp = self._giveUp, None
            if giveUp is not None:
                giveUp()
            if self._opened is not None:
                self._opened.errback(Failure(error))
        elif connection is not None:
            self._abortAtPrinter(connection, tailFor(self._head) if error.printed else b"")
        self._head = b""
        if before is _FINISHING:
            self._finished.errback(Failure(error))

    def printerLost(self, error: PrintError) -> None:
        """L{IPrintJob}."""
        if not isinstance(error, PrintError):
            self._log.error("job {job}: lost to {error!r}", job=self.number, error=error)
            error = PrinterLost(FAULT)
        self.cut(error)

    def whenDecided(self) -> Deferred[None]:
        """Fires when what C{error} says is true for good: a job of this kind needs no disk."""
        return succeed(None)

    def replied(self) -> None:
        """The reply was written."""

    def whenReleased(self) -> Deferred[None]:
        """
        Fires when the printer is free of this job (at once if it never had it).

        May be called more than once.
        """
        if not self._atPrinter:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._released.addCallback(lambda _: waiter.callback(None))
        return waiter

    # Inside.

    def _advance(self, event: str) -> bool:
        following = NEXT[self._phase].get(event)
        if following is not None:
            self._phase = following
        return following is not None

    def _delivered(self, delivery: Delivery) -> None:
        if self._advance("delivered"):
            self.delivery = delivery
            self._stopClock()  # whenever its sender is known to have heard
            assert self._connection is not None
            self._printed = self._connection.printed
            self._head = b""
            self._changed(self)
            self._release()
            self._finished.callback(delivery)

    def _notDelivered(self, failure: Failure) -> None:
        assert isinstance(failure.value, PrintError)
        self.cut(failure.value)

    def _abortAtPrinter(self, connection: GuardedConnection, tail: bytes) -> None:
        connection.abort(tail).addCallback(self._release)

    def _release(self, _: object = None) -> None:
        self._connection = None
        self._released.callback(None)

    def _end(self) -> None:
        self._stopClock()
        self._reply = self._code(self.error)
        self._changed(self)

    def _stopClock(self) -> None:
        if self._ended is None:
            self._ended = self._clock.seconds()
            self._completed = self._wallClock()
