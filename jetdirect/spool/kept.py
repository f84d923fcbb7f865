"""
One attempt to print a kept job: from its turn at the printing port to what has become of it.

It is on stable storage that an attempt was made before the first byte of it leaves: what a crash
leaves in doubt is known to be in doubt.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import JobRefused, PrinterLost, PrintError
from ..guard import FAULT, STOP_TIMEOUT, GuardedConnection
from ..interfaces import (
    Delivery,
    IKeptData,
    IKeptJob,
    IKernelData,
    IPrinterConnection,
    ISpool,
)
from ..language import HEAD_BYTES, tailFor
from .record import BadRecord, JobPlace, SpoolRecord

PIECE = 1 << 18
"""Bytes that are read at a time: as many as a printer's connection takes before it says that it is
enough, several times over (chosen)."""

COPIED = 1 << 16
"""Bytes of a job for which no pipe is laid: that is two pipes, and four calls of a thread (chosen,
as for jobs that stream).  They are read whole, and compared with their hash before the first one
leaves; those of a larger one are read once for that, and once to be printed."""

NOTED = 1.0
"""Seconds between two notes of how far an attempt has come (chosen)."""

_Result = TypeVar("_Result")


class Withdrawn(PrintError):
    """The job is out of the line; the caller decides what becomes of it."""


class Stopped(PrintError):
    """A person stopped the port while the job printed."""


@implementer(IKeptJob, IPushProducer)
class KeptJob:
    """
    A kept job in the line of its printing port.

    @ivar record: what is written about it now.
    @ivar begun: it had the printer: what becomes of it is to be recorded.
    @ivar attempted: 1 when that is in its record.
    @ivar delivery: the level that was reached; L{None}: it did not end well.
    @ivar error: why not.
    @ivar sent: bytes that may have reached the printer.
    """

    _log = Logger()

    def __init__(
        self,
        record: SpoolRecord,
        spool: ISpool,
        clock: IReactorTime,
        wallClock: Callable[[], float],
        changed: Callable[[KeptJob], None],
    ) -> None:
        """
        @param changed: told when it has the printer, and when the printer takes no more.
        """
        self.record = record
        self.number = record.number
        self.name = record.name
        self.user = record.user
        self.host = record.host
        self.size = record.size
        self.begun = False
        self.attempted = 0
        self.ended = False
        self.delivery: Delivery | None = None
        self.error: PrintError | None = None
        self.sent = 0
        self.blocked: float | None = None
        self._spool = spool
        self._clock = clock
        self._wallClock = wallClock
        self._changed = changed
        self._registered = False
        self._hasty: float | None = None
        self._giveUp: Callable[[], None] | None = None
        self._connection: GuardedConnection | None = None
        self._awaited: Deferred[Any] | None = None
        self._going: Deferred[None] | None = None
        self._noted = clock.seconds()
        self._noting: IDelayedCall | None = None
        self._over: Deferred[KeptJob] = Deferred()
        self._released: Deferred[None] = Deferred()

    def whenOver(self) -> Deferred[KeptJob]:
        """To be called once.  @return: fires when the attempt is over, whatever became of it."""
        return self._over

    @property
    def progress(self) -> int:
        """Bytes that may have reached the printer so far."""
        return self.sent if self._connection is None else self._connection.sent

    # The printing port's part.

    def queued(self, giveUp: Callable[[], None]) -> None:
        """L{IQueuedJob<jetdirect.interfaces.IQueuedJob>}."""
        self._giveUp = giveUp

    def printOn(self, connection: IPrinterConnection) -> Deferred[None]:
        """L{IQueuedJob<jetdirect.interfaces.IQueuedJob>}."""
        guarded = GuardedConnection(connection, self.number, self._clock, self.cut)
        if self._hasty is not None:
            guarded.hasten(self._hasty)
        self._giveUp = None
        if self.ended:
            guarded.abort(b"").addCallback(self._released.callback)
        else:
            self.begun = True
            self._connection = guarded
            Deferred.fromCoroutine(self._print(guarded))
        return self._released

    def cut(self, error: PrintError) -> None:
        """L{IQueuedJob<jetdirect.interfaces.IQueuedJob>}: the first evidence decides."""
        if self.ended or self.error is not None:
            return
        self.error = error
        if not self.begun:
            giveUp, self._giveUp = self._giveUp, None
            self._end()
            if giveUp is not None:
                giveUp()
            return
        awaited, self._awaited = self._awaited, None
        if awaited is not None and not awaited.called:
            awaited.errback(Failure(error))

    def printerLost(self, error: PrintError) -> None:
        """L{IPrintJob<jetdirect.interfaces.IPrintJob>}."""
        if not isinstance(error, PrintError):
            self._log.error("job {job}: lost to {error!r}", job=self.number, error=error)
            error = PrinterLost(FAULT)
        self.cut(error)

    def hasten(self, seconds: float = STOP_TIMEOUT) -> None:
        """The printer has so many seconds to let go of it, as when the gateway stops."""
        self._hasty = seconds
        if self._connection is not None:
            self._connection.hasten(seconds)

    # The printer's back-pressure.

    def pauseProducing(self) -> None:
        """L{IPushProducer}."""
        if self._going is None:
            self._going = Deferred()
            self.blocked = self._clock.seconds()
            # Nothing else comes that would note it: a printer may be out of paper for hours.
            self._noting = self._clock.callLater(NOTED, self._noteBlocked)

    def resumeProducing(self) -> None:
        """L{IPushProducer}."""
        going, self._going = self._going, None
        self._unblock()
        if going is not None:
            going.callback(None)

    def stopProducing(self) -> None:
        """L{IPushProducer}: nothing to do; L{printerLost} says it, and why."""

    # Inside.

    def _noteBlocked(self) -> None:
        self._noting = None
        if self._connection is not None:
            self._spool.note(self.number, self._connection.sent)

    def _unblock(self) -> None:
        self.blocked = None
        if self._noting is not None:
            self._noting.cancel()
            self._noting = None

    async def _print(self, connection: GuardedConnection) -> None:
        head = bytearray()
        try:
            self.delivery = await self._attempt(connection, head)
        except PrintError as error:
            self.error = self.error or error
            await self._abort(connection, head)
        except Exception:
            self._log.failure("job {job}: the attempt failed", job=self.number)
            self.error = self.error or PrintError(FAULT)
            await self._abort(connection, head)
        self.sent = connection.sent
        self._connection = None
        self._unblock()
        # The port's next turn comes when it is recorded what has become of this one.
        self._end()
        self._released.callback(None)

    async def _abort(self, connection: GuardedConnection, head: bytearray) -> None:
        assert self.error is not None
        self.error.printed = connection.printed
        if self._registered:
            connection.unregisterProducer()
        await connection.abort(tailFor(bytes(head)) if self.error.printed else b"")

    async def _attempt(self, connection: GuardedConnection, head: bytearray) -> Delivery:
        record = self.record.but(
            attempts=self.record.attempts + 1, started=self._wallClock(), sent=0
        )
        await self._spool.change(record, JobPlace.ACTIVE)
        self.record, self.attempted = record, 1
        self._lookForCut()
        self._changed(self)
        try:
            if self.record.size > COPIED:
                await self._orCut(self._spool.verify(self.number))
            data = await self._orCut(self._spool.data(self.number))
        except BadRecord as why:
            raise JobRefused(f"the job cannot be used: {why}") from None
        try:
            self._registered = True
            connection.registerProducer(self, True)
            if self.record.size <= COPIED:
                await self._sendWhole(data, connection, head)
            else:
                if connection.splices and IKernelData.providedBy(data):
                    await self._sendInKernel(data, connection, head)
                await self._send(data, connection, head)
            self._registered = False
            connection.unregisterProducer()
        finally:
            data.close()
        if self.record.size:
            # Not all: that is noted when the printer has answered.
            self._spool.note(self.number, min(connection.sent, self.record.size - 1))
        delivery = await self._orCut(connection.finish())
        self._spool.note(self.number, self.record.size)
        return delivery

    async def _sendWhole(
        self, data: IKeptData, connection: GuardedConnection, head: bytearray
    ) -> None:
        # Not one byte of it leaves if somebody has altered it since it came.
        whole = b""
        while len(whole) < self.record.size and (piece := await self._orCut(data.read(PIECE))):
            whole += piece
        if hashlib.sha256(whole).hexdigest() != self.record.sha256:
            why = "its data is not what was kept"
            raise JobRefused(f"the job cannot be used: {why}")
        head += whole[:HEAD_BYTES]
        if whole:
            connection.write(whole)

    async def _sendInKernel(
        self, data: IKernelData, connection: GuardedConnection, head: bytearray
    ) -> None:
        # As far as that goes; the rest is copied.  So is the beginning, which tells the language.
        piece = await self._orCut(data.read(HEAD_BYTES))
        head += piece
        connection.write(piece)
        try:
            while filled := await self._orCut(data.fill()):
                await self._passOn(data.descriptor, filled, connection)
        except OSError as why:
            self._log.info("bytes are copied, not spliced: {why}", why=str(why))

    async def _passOn(self, descriptor: int, many: int, connection: GuardedConnection) -> None:
        while many:
            self._lookForCut()
            if self._going is not None:
                await self._orCut(self._going)
            taken = connection.take(descriptor, many)
            if not taken:
                piece = os.read(descriptor, min(many, PIECE))
                connection.write(piece)
                taken = len(piece)
            many -= taken
            self._note(connection)

    async def _send(self, data: IKeptData, connection: GuardedConnection, head: bytearray) -> None:
        left = self.record.size
        while left > 0 and (piece := await self._orCut(data.read(PIECE))):
            left -= len(piece)
            if len(head) < HEAD_BYTES:
                head += piece[: HEAD_BYTES - len(head)]
            connection.write(piece)
            self._lookForCut()
            self._note(connection)
            if self._going is not None:
                await self._orCut(self._going)

    def _note(self, connection: GuardedConnection) -> None:
        now = self._clock.seconds()
        if now - self._noted >= NOTED:
            self._noted = now
            self._spool.note(self.number, connection.sent)

    async def _orCut(self, answer: Deferred[_Result]) -> _Result:
        # What it fires with, or the evidence that comes first.
        self._lookForCut()
        awaited: Deferred[_Result] = Deferred()
        self._awaited = awaited

        def answered(result: Any) -> None:
            if not awaited.called:
                (awaited.errback if isinstance(result, Failure) else awaited.callback)(result)
            elif IKeptData.providedBy(result):
                result.close()

        answer.addBoth(answered)
        result = await awaited
        self._awaited = None
        return result

    def _lookForCut(self) -> None:
        if self.error is not None:
            raise self.error

    def _end(self) -> None:
        self.ended = True
        self._over.callback(self)
