"""
What is kept of the ended jobs of one printing port, and for how long.

The bytes stay as C{--keep} says; the record stays until no sender can send the job again, and the
history has it.
"""

from __future__ import annotations

from bisect import insort
from collections import deque

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import PortLost, SpoolFailed, SpoolFull
from ..record import JobState
from .context import QueueContext
from .duplicates import WINDOW
from .limits import Ended
from .portjobs import PortJobs
from .record import SpoolRecord

SWEEP = 60.0
"""Seconds between two looks at what is not to be kept any longer (chosen)."""


class SpoolRetention:
    """Drops what is not kept any longer."""

    _log = Logger()

    def __init__(self, context: QueueContext, jobs: PortJobs) -> None:
        self._context = context
        self._jobs = jobs
        self._stopping = False
        self._sweeping: IDelayedCall | None = None
        self.clear()

    def clear(self) -> None:
        """Nothing is known."""
        self._ended: list[Ended] = []  # those whose bytes are kept
        self._forgettable: deque[tuple[float, int]] = deque()  # records, and when each goes

    @property
    def bytes(self) -> int:
        """Those that are kept of ended jobs."""
        return sum(job.size for job in self._ended)

    async def retain(self, record: SpoolRecord) -> None:
        """A job has ended, and that is recorded."""
        self._ended.append(self._endOf(record))
        await self._known(record)

    async def found(self, record: SpoolRecord) -> None:
        """One that had ended when the process began; they come in any order."""
        if record.erased:
            # The last process may have ended before its bytes went, or a power cut brought them.
            await self._unless(self._context.spool.removeData(record.number))
            self.erased(record.number)
        else:
            insort(self._ended, self._endOf(record), key=lambda each: each.ended)
        await self._known(record)

    def erased(self, number: int) -> None:
        """An operator has removed the bytes of a job; only its record is left."""
        self._ended = [each for each in self._ended if each.number != number]
        self._forgettable.append((self._context.wallClock() + WINDOW, number))

    def stop(self) -> None:
        """Drop nothing more; the next start does it."""
        self._stopping = True
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None

    # Inside.

    def _endOf(self, record: SpoolRecord) -> Ended:
        now = self._context.wallClock()
        return Ended(record.number, min(record.ended or now, now), record.size)

    async def _known(self, record: SpoolRecord) -> None:
        self._jobs.unheard.discard(record.number)
        self._jobs.ends[record.number] = JobState(record.outcome)
        await self._drop()
        if self._sweeping is None and not self._stopping:
            self._sweeping = self._context.clock.callLater(SWEEP, self._sweep)

    async def _drop(self) -> None:
        now = self._context.wallClock()
        surplus = self._jobs.port.settings.keep.surplus(self._ended, now)
        dropped, self._ended = self._ended[:surplus], self._ended[surplus:]
        for job in dropped:
            self._forgettable.append((job.ended + WINDOW, job.number))
            await self._unless(self._context.spool.removeData(job.number))
        history = self._context.history
        while self._forgettable and self._forgettable[0][0] < now:
            number = self._forgettable[0][1]
            if history is not None and not history.recorded(number):
                break  # and of those behind it nobody asks before the next look
            self._forgettable.popleft()
            self._jobs.forget(number)
            await self._unless(self._context.spool.remove(number))

    @staticmethod
    async def _unless(step: Deferred[None]) -> None:
        # The next start does it again.
        try:
            await step
        except (SpoolFailed, SpoolFull, PortLost, KeyError):
            return

    def _sweep(self) -> None:
        self._sweeping = None
        Deferred.fromCoroutine(self._drop()).addErrback(self._notDropped)
        if self._ended or self._forgettable:
            self._sweeping = self._context.clock.callLater(SWEEP, self._sweep)

    def _notDropped(self, failure: Failure) -> None:
        name = self._jobs.port.name
        self._log.failure("what {port} keeps cannot be looked at", failure, port=name)
