"""
A job whose size is known only when it has ended: it goes through a temporary file to the print
server.

The file has no name, so nothing can stay behind; disks are slow at times, so a thread
does all the work on it, one step after the other.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import IO, Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from ...errors import JobTooLarge, PrinterLost
from ...interfaces import Delivery, IPrinterConnection, IPrintJob
from ..backpressure import BackPressure
from ..ending import Ending, State
from ..threads import PrinterThread
from .client import LPDDialogue, LPDServer, Room

BUFFER = 256 * 1024
"""Bytes that may wait for the temporary file before the sender is paused."""

PIECE = 64 * 1024
"""Bytes read from it at once."""


class Spool:
    """A temporary file that is written, then read once."""

    def __init__(self, thread: PrinterThread) -> None:
        """@param thread: does all the work on it."""
        self._thread = thread
        self._file: IO[bytes] | None = None
        self._broken: OSError | None = None

    def write(self, data: bytes) -> Deferred[None]:
        """Fails with L{OSError} when the disk is full, or worse."""
        return self._step(self._write, data)

    def rewind(self) -> Deferred[None]:
        """Everything is to be read; fails with L{OSError} when not everything was written."""
        return self._step(self._rewind)

    def read(self) -> Deferred[bytes]:
        """The next piece; C{b""} at the end."""
        return self._step(self._read)

    def close(self) -> Deferred[None]:
        """Forget it, when what was begun before is done."""
        return self._step(self._close)

    def _step(self, work: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        return self._thread.do(lambda: work(*arguments))

    # In the thread.

    def _write(self, data: bytes) -> None:
        if self._file is None:
            # Unbuffered: a full disk is to say so here, and not when the server hears of the job.
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as why:
            self._broken = why
            raise

    def _rewind(self) -> None:
        if self._broken is not None:
            raise self._broken
        if self._file is not None:
            self._file.seek(0)

    def _read(self) -> bytes:
        return b"" if self._file is None else self._file.read(PIECE)

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


@implementer(IPrinterConnection)
class SpooledConnection(BackPressure):
    """The queue, while it has a job whose size is known only at its end."""

    def __init__(
        self, thread: PrinterThread, server: LPDServer, job: IPrintJob, limit: int
    ) -> None:
        """@param limit: bytes that the job may have."""
        self._server = server
        self._job = job
        self._ending = Ending(job)
        self._limit = limit
        self._spool = Spool(thread)
        self._dialogue: LPDDialogue | None = None
        self._size = 0
        self._waiting = 0

    @property
    def sent(self) -> int:
        """L{IPrinterConnection}: nothing, as long as it is only kept."""
        return 0 if self._dialogue is None else self._dialogue.sent

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}."""
        if self._ending.state is not State.PRINTING:
            return
        self._size += len(data)
        if self._size > self._limit:
            limit = f"{self._limit} bytes (spool-limit) of a job whose size was not announced"
            self._ending.lost(JobTooLarge(f"more than {limit}"))
            return
        self._waiting += len(data)
        self._spool.write(data).addCallbacks(self._kept, self._notKept, (len(data),))
        if self._waiting > BUFFER:
            self.full()

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}."""
        return self._ending.finishBy(self._send)

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}: what was kept is forgotten, a file that stays short dropped."""
        return self._ending.abortBy(self._abort)

    async def _abort(self) -> None:
        if self._dialogue is not None:
            await self._dialogue.abort()
        await self._spool.close()

    async def _send(self) -> Delivery:
        try:
            await self._spool.rewind()
            if self._size:
                self._dialogue = await self._server.begin()
                await self._server.announce(self._dialogue, self._job, self._size)
                await self._pour(self._dialogue)
                await self._dialogue.end()
        except OSError as why:
            raise self._lost(why) from why
        finally:
            await self._spool.close()
        return Delivery.DELIVERED

    async def _pour(self, dialogue: LPDDialogue) -> None:
        room = Room()
        dialogue.transport.registerProducer(room, True)
        while dialogue.gone is None and (piece := await self._spool.read()):
            dialogue.pour(piece)
            await room.there()
        dialogue.transport.unregisterProducer()

    def _kept(self, _: None, size: int) -> None:
        self._waiting -= size
        if not self._waiting:
            self.empty()

    def _notKept(self, failure: Failure) -> None:
        self._ending.lost(self._lost(failure.value))

    def _lost(self, why: BaseException | None) -> PrinterLost:
        reason = getattr(why, "strerror", None) or why
        return PrinterLost(f"the job cannot be kept until its size is known: {reason}")
