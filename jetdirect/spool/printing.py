"""
The kept jobs of one printing port are printed: one after the other, in their order, for ever.

A job is in the port's line only while it is the next one; so ten thousand that wait cost what ten
do.  A printer that is away is tried again for ever, and the order stays.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import JobCanceled, PortLost, PrintError, ShuttingDown, SpoolFailed, SpoolFull
from ..named import OnDoubt
from .changes import Changes
from .context import QueueContext
from .doubt import doubt, doubtOf
from .kept import KeptJob, Stopped, Withdrawn
from .lookout import Lookout
from .portjobs import PortJobs
from .record import BadRecord, JobPlace, Kept, SpoolRecord

PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds before a printer is tried again that took nothing: short for one that is busy, long for
one that is switched off (reference figures of mail and CUPS; chosen)."""

JITTER = 0.2
"""The part of a pause by which it may be longer: printers that went together are not tried
together."""

PORT_CHANGED = "port changed"


class Printing:
    """
    One port's.

    @ivar ready: what was kept is known; nothing prints before.
    """

    _log = Logger()

    def __init__(self, context: QueueContext, jobs: PortJobs, changes: Changes) -> None:
        self.ready = False
        self._context = context
        self._jobs = jobs
        self._changes = changes
        self._lookout = Lookout(
            context.clock, context.asking, lambda: jobs.port.answers(), self.wake
        )
        self._answered = False  # its last attempt went well
        self._verified = 0
        self._failures = 0
        self._sleeping: Deferred[None] | None = None
        self._running = self._stopping = False
        self._idle: list[Deferred[None]] = []
        self._settled: list[Deferred[None]] = []

    # What others say.

    def goOn(self) -> None:
        """Print, if there is something to print and nothing against it."""
        if not self._running and self._mayPrint:
            self._running = True
            Deferred.fromCoroutine(self._run()).addErrback(self._fault)

    def wake(self) -> None:
        """The printer has answered, or a person has mended it: try it now."""
        self._failures = 0
        self._wake()
        self.goOn()

    def takeOut(self, kept: Kept) -> None:
        """Take a job out of the line, whatever the printer does; nobody begins it from here on."""
        self._jobs.unqueue(kept)
        job = self._jobs.attempt
        if job is not None and job.number == kept.number:
            job.cut(Withdrawn("it was taken out of the line"))
        self._wake()

    def cut(self, error: PrintError) -> Deferred[None]:
        """
        Cut the job that prints, if there is one.

        @return: fires when it is recorded what has become of it.
        """
        job = self._jobs.attempt
        if job is not None:
            job.cut(error)
        self._wake()
        if job is None:
            return succeed(None)
        self._settled.append(Deferred())
        return self._settled[-1]

    def whenIdle(self) -> Deferred[None]:
        """Fires when nothing is under way."""
        self._wake()
        if not self._running:
            return succeed(None)
        self._idle.append(Deferred())
        return self._idle[-1]

    def stop(self, now: bool) -> Deferred[None]:
        """
        Begin nothing more.

        @param now: a job that prints is cut, too, and held.
        @return: fires when nothing is under way.
        """
        self._stopping = True
        job = self._jobs.attempt
        if job is not None and now:
            job.hasten()
        if job is not None and (now or not job.begun):
            job.cut(ShuttingDown("the gateway was stopped"))
        return self.whenIdle()

    # The turns.

    @property
    def _mayPrint(self) -> bool:
        context, jobs = self._context, self._jobs
        still = self._stopping or jobs.removed or not self.ready or not jobs.mine
        paused = jobs.port.name.lower() in context.paused
        return not still and bool(jobs.waiting) and context.broken is None and not paused

    async def _run(self) -> None:
        while self._mayPrint:
            await self._print(self._jobs.waiting[0])
        self._stopped()

    def _stopped(self) -> None:
        self._running = False
        idle, self._idle = self._idle, []
        for each in idle:
            each.callback(None)

    def _fault(self, failure: Failure) -> None:
        if failure.check(PortLost):  # the gateway that prints there now has judged the job
            self._jobs.mine, self._jobs.attempt = False, None
            self._tellSettled()
            self._stopped()
            return
        # A mistake of ours: the other ports go on, and this one tries again.
        self._log.failure("the queue of {port} failed", failure, port=self._jobs.port.name)
        self._jobs.attempt = None
        self._stopped()
        if not self._stopping:
            self._context.clock.callLater(PAUSES[-1], self.goOn)

    async def _print(self, kept: Kept) -> None:
        record = await self._fit(kept)
        if record is None:
            return
        context = self._context
        if not self._answered:
            await context.dialling.turn()
        if not self._mayPrint or not self._jobs.isNext(kept):
            return
        job = KeptJob(record, context.spool, context.clock, context.wallClock, self._jobChanged)
        self._jobs.attempt = job
        over = job.whenOver()
        self._jobs.port.submit(job)
        await over
        pause = await self._settle(kept, job)
        # It only waits now, also for a person who wants something else of it.
        self._jobs.attempt = None
        self._tellSettled()
        if pause:
            self._lookout.begin()
            await self._sleep(pause)
            self._lookout.end()

    def _tellSettled(self) -> None:
        settled, self._settled = self._settled, []
        for each in settled:
            each.callback(None)

    def _jobChanged(self, job: KeptJob) -> None:
        self._context.told(self._jobs.seen(job.record, JobPlace.ACTIVE))

    # Before an attempt.

    async def _fit(self, kept: Kept) -> SpoolRecord | None:
        # The record of a job that may print; what must not is put where it belongs.
        record = await self._changes.record(kept)
        if record is None:
            return None
        if record.port.lower() != self._jobs.port.name.lower():
            self._jobs.drop(kept.number)  # it was moved by another gateway meanwhile
            return None
        if kept.number < self._context.first and self._verified != kept.number:
            try:
                await self._context.spool.verify(kept.number)
            except BadRecord as why:
                if self._context.broken is None:  # or another gateway may have printed it meanwhile
                    await self._changes.setAside(kept, str(why))
                return None
            except (SpoolFailed, SpoolFull) as error:
                if await self._changes.wellOtherwise(error):
                    await self._unreadable(kept, record, error)
                return None
            self._verified = kept.number
        if not self._jobs.isNext(kept):
            return None
        now, port = self._context.wallClock(), self._jobs.port
        expire = port.settings.expire
        if port.positional and record.uri and record.uri != port.uri:
            await self._changes.hold(kept, record.but(reason=PORT_CHANGED))
            return None
        if expire and record.committed + expire < now:
            await self._changes.hold(kept, record.but(reason=f"expired after {expire:g} s"))
            return None
        return record

    async def _unreadable(self, kept: Kept, record: SpoolRecord, error: PrintError) -> None:
        reason = f"its bytes cannot be read: {error.reason}"
        self._log.error(
            "job {job} on {port} is held: {why}; mend the disk, then release or cancel it",
            job=kept.number,
            port=self._jobs.port.name,
            why=reason,
        )
        await self._changes.hold(kept, record.but(reason=reason))

    # Behind an attempt.

    async def _settle(self, kept: Kept, job: KeptJob) -> float:
        # What has become of it, on stable storage before there is another; and how many seconds
        # there are until then.
        error, record = job.error, job.record
        self._answered = job.delivery is not None
        if job.delivery is not None:
            self._failures = 0
            said = [f"reprint of {record.reprintOf}"] if record.reprintOf else []
            if record.attempts > 1:
                said.append(f"printed whole in attempt {record.attempts}")
            printed = record.but(sent=record.size, reason="; ".join(said))
            await self._changes.finish(kept, printed, "completed", job.delivery.value)
            return 0.0
        assert error is not None
        if isinstance(error, Withdrawn):
            return 0.0
        if isinstance(error, JobCanceled):
            sent = job.sent if error.printed else 0
            undone = 0 if error.printed or not job.begun else job.attempted
            record = record.but(attempts=record.attempts - undone, sent=sent, reason=error.reason)
            await self._changes.finish(kept, record, "canceled")
        elif error.printed:
            await self.judge(kept, record.but(sent=min(job.sent, kept.size)), error)
            return PAUSES[0] if self._jobs.isNext(kept) else 0.0
        else:
            return await self._notSent(kept, job, error)
        return 0.0

    async def _notSent(self, kept: Kept, job: KeptJob, error: PrintError) -> float:
        unreadable = False
        if isinstance(error, (SpoolFailed, SpoolFull)) and job.attempted:
            # What comes behind the record of the attempt only reads.
            unreadable = await self._changes.wellOtherwise(error)
        elif isinstance(error, SpoolFailed):
            self._context.failed(error)
        undone = job.record.but(attempts=job.record.attempts - job.attempted)
        if unreadable:
            await self._unreadable(kept, undone, error)
            return 0.0
        if error.final and not isinstance(error, (ShuttingDown, Stopped)):
            await self._changes.hold(kept, undone.but(reason=error.reason))
            return 0.0
        if job.begun:
            await self._changes.write(undone, JobPlace.QUEUE)
            self._context.told(self._jobs.seen(undone, JobPlace.QUEUE))
        if isinstance(error, (ShuttingDown, Stopped)):
            return 0.0
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        return pause * (1 + JITTER * self._context.dice.random())

    async def judge(self, kept: Kept, record: SpoolRecord, error: PrintError | None = None) -> None:
        """
        Nobody knows what of a job is on paper.

        @param error: what ended its attempt; L{None}: the process did.
        """
        port = self._jobs.port
        policy, reason = doubt(record, port.settings.onDoubt, error)
        self._log.warn(
            "job {job} on {port} is in doubt: {why}; {policy}",
            job=kept.number,
            port=port.name,
            why=reason,
            policy=policy.value,
        )
        record = record.but(reason=reason)
        match policy:
            case OnDoubt.REPRINT:
                await self._changes.queueAgain(kept, record)
            case OnDoubt.DROP:
                await self._changes.finish(kept, record, "aborted")
            case OnDoubt.STOP:
                # First: a crash between the two would let the next job pass.
                paused = self._context.pause(port.name, doubtOf(kept.number))
                await paused.addErrback(self._notPaused)
                await self._changes.hold(kept, record)
            case OnDoubt.HOLD:
                await self._changes.hold(kept, record)

    def _notPaused(self, failure: Failure) -> None:
        # It waits in this process, and is paused by name in no other.
        name = self._jobs.port.name
        self._log.failure("{port} is paused, but not for good", failure, port=name)

    # Waiting.

    def _sleep(self, seconds: float) -> Deferred[None]:
        sleeping = self._sleeping = Deferred()
        call = self._context.clock.callLater(seconds, self._wake)

        def awake(_: object) -> None:
            if call.active():
                call.cancel()

        return sleeping.addCallback(awake)

    def _wake(self) -> None:
        sleeping, self._sleeping = self._sleeping, None
        if sleeping is not None:
            sleeping.callback(None)
