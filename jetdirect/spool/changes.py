"""
What becomes of the kept jobs of one printing port: first on stable storage, then counted and told.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..errors import PrintError, SpoolFailed, SpoolFull, WrongState
from ..interfaces import Delivery
from .context import QueueContext
from .portjobs import PortJobs
from .record import BadRecord, JobPlace, Kept, SpoolRecord
from .retention import SpoolRetention


class Changes:
    """Reads the records of jobs, and writes what has happened to them."""

    _log = Logger()

    def __init__(self, context: QueueContext, jobs: PortJobs, retention: SpoolRetention) -> None:
        self._context = context
        self._jobs = jobs
        self._retention = retention
        self._printed: dict[int, Deferred[str]] = {}

    # Reading.

    async def record(self, kept: Kept) -> SpoolRecord | None:
        """
        What is written about a job.

        @return: L{None}: it cannot be used, and was set aside; or the disk does not read it.
        """
        try:
            return await self._context.spool.record(kept.number)
        except (BadRecord, KeyError) as why:
            await self.setAside(kept, str(why))
        except (SpoolFailed, SpoolFull) as error:
            if await self.wellOtherwise(error):
                self._putOff(kept, error)
        return None

    async def recordWhenWell(self, kept: Kept) -> SpoolRecord | None:
        """Likewise, but a spool that has failed is waited for."""
        while True:
            record = await self.record(kept)
            if record is not None or self._context.broken is None:
                return record
            await self._context.whenWell()

    async def asked(self, kept: Kept) -> SpoolRecord:
        """
        The record of a job for a person who wants something of it.

        @raise WrongState: it cannot be used.
        """
        try:
            return await self._context.spool.record(kept.number)
        except (BadRecord, KeyError) as why:
            raise WrongState(f"the record of job {kept.number} cannot be used: {why}") from None

    async def wellOtherwise(self, error: PrintError) -> bool:
        """Is it only one job that the disk does not read?  If not, none is tried until it is."""
        if self._context.shared is not None:
            self._context.failed(error)  # a database that was away is no fault of a job's
            return False
        try:
            await self._context.spool.probe()
        except (SpoolFailed, SpoolFull):
            self._context.failed(error)
            return False
        return True

    # Writing.

    async def write(self, record: SpoolRecord, to: JobPlace) -> None:
        """
        Record what has happened before anything else happens, however long that takes.
        """
        while True:
            try:
                await self._context.spool.change(record, to)
            except (SpoolFailed, SpoolFull) as error:
                self._context.failed(error)
                await self._context.whenWell()
            else:
                return

    async def hold(self, kept: Kept, record: SpoolRecord) -> None:
        """It waits for a person; C{record.reason} says why."""
        await self.write(record, JobPlace.HELD)
        self._jobs.unqueue(kept)
        self._jobs.put(kept.number, JobPlace.HELD)
        self._jobs.reasons[kept.number] = record.reason
        self._tell(record, JobPlace.HELD)
        self._tellPrinted(kept.number, "")

    async def queueAgain(self, kept: Kept, record: SpoolRecord) -> None:
        """It waits for the printer, at the place that its record says."""
        await self.write(record, JobPlace.QUEUE)
        self._jobs.put(record.number, JobPlace.QUEUE)
        self._jobs.lineUp(kept._replace(place=record.place))
        self._tell(record, JobPlace.QUEUE)

    async def finish(
        self, kept: Kept, record: SpoolRecord, outcome: str, delivery: str = ""
    ) -> None:
        """It has ended."""
        ended = record.ended or self._context.wallClock()
        record = record.but(outcome=outcome, delivery=delivery, ended=ended)
        if kept.number in self._jobs.unheard:
            record = record.but(heard=False)
        await self.write(record, JobPlace.DONE)
        self._jobs.discount(kept)
        self._jobs.put(kept.number, JobPlace.DONE)
        self._tellPrinted(kept.number, delivery)
        self._tell(record, JobPlace.DONE)
        await self._retention.retain(record)

    async def setAside(self, kept: Kept, why: str) -> None:
        """It cannot be used: it is neither printed nor deleted."""
        self._log.error(
            "job {job} on {port} cannot be used: {why}; it is set aside, and not printed",
            job=kept.number,
            port=self._jobs.port.name,
            why=why,
        )
        self._jobs.drop(kept.number)
        self._tellPrinted(kept.number, "")
        try:
            await self._context.spool.setAside(kept.number)
        except (SpoolFailed, SpoolFull, KeyError):
            self._log.error("job {job} cannot be set aside either", job=kept.number)

    def _putOff(self, kept: Kept, error: PrintError) -> None:
        # What cannot be read cannot be written either: it stays where it is, for the next start.
        reason = f"its record cannot be read: {error.reason}"
        self._log.error(
            "job {job} on {port}: {why}; mend the disk, then release it, or restart",
            job=kept.number,
            port=self._jobs.port.name,
            why=reason,
        )
        if self._jobs.places.get(kept.number) is not None:
            self._jobs.unqueue(kept)
            self._jobs.put(kept.number, JobPlace.HELD)
            self._jobs.reasons[kept.number] = reason
            self._tell(self._jobs.unread(kept), JobPlace.HELD)
        self._tellPrinted(kept.number, "")

    # Waiting for the end of a job.

    def whenPrinted(self, number: int) -> Deferred[str]:
        """
        To be called once for a job.

        @return: fires with the level of delivery when the job has it, and with C{queued} when it
            has none.
        """
        printed = self._printed[number] = Deferred()
        return printed

    def _tellPrinted(self, number: int, delivery: str) -> None:
        printed = self._printed.pop(number, None)
        if printed is not None:
            printed.callback(delivery or Delivery.QUEUED.value)

    def _tell(self, record: SpoolRecord, place: JobPlace) -> None:
        self._context.told(self._jobs.seen(record, place))
        self._context.portChanged(self._jobs.port.name)
