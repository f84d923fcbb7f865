"""
What a person wants of one kept job; each is on stable storage before it is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol

from twisted.internet.defer import Deferred

from ..errors import JobCanceled, NoSuchJob, SpoolFailed, SpoolFull, WrongState
from ..record import JobRecord
from .changes import Changes
from .context import Port, QueueContext
from .doubt import doubtOf
from .portjobs import PortJobs
from .printing import Printing
from .record import ERASED, JobPlace, Kept, SpoolRecord
from .retention import SpoolRetention
from .turns import Turns

_Rest = ParamSpec("_Rest")
_Verb = Callable[Concatenate["Verbs", int, _Rest], Coroutine[Any, Any, None]]


def _inTurn(verb: _Verb[_Rest]) -> _Verb[_Rest]:
    # One at a time for a job: the next one finds what the one before has made of it.
    @wraps(verb)
    async def inTurn(self: Verbs, number: int, /, *args: _Rest.args, **named: _Rest.kwargs) -> None:
        def begin() -> Deferred[None]:
            return Deferred.fromCoroutine(verb(self, number, *args, **named))

        await self.turns.do(number, begin)

    return inTurn


class Target(Protocol):
    """The queue of another port."""

    @property
    def port(self) -> Port:
        """Where its jobs print."""

    def take(self, record: SpoolRecord, held: bool) -> None:
        """One more job is its."""

    def seen(self, record: SpoolRecord, place: JobPlace | None = None) -> JobRecord:
        """It as others see it."""


class Verbs:
    """
    One printing port's.

    @ivar turns: of the verbs for each job.
    """

    def __init__(
        self,
        context: QueueContext,
        jobs: PortJobs,
        changes: Changes,
        printing: Printing,
        retention: SpoolRetention,
    ) -> None:
        self.turns = Turns()
        self._context = context
        self._jobs = jobs
        self._changes = changes
        self._printing = printing
        self._retention = retention

    async def show(self, number: int) -> JobRecord:
        """What is known of a job; without its names, if its record cannot be read."""
        kept = self._jobs.kept(number)
        try:
            record = await self._changes.asked(kept)
        except (WrongState, SpoolFailed, SpoolFull):
            record = self._jobs.unread(kept)
        return self._jobs.seen(record)

    @_inTurn
    async def cancel(self, number: int, by: str) -> None:
        """
        End a job: it does not print, or no further.

        @raise WrongState: it has ended.
        """
        kept, place = self._known(number)
        if place is JobPlace.DONE:
            raise WrongState(f"job {number} has ended already")
        reason = f"canceled by {by}"
        if self._jobs.isPrinting(number):
            await self._printing.cut(JobCanceled(reason))
            if self._jobs.places.get(number) in (None, JobPlace.DONE):
                return
            # Its printer was lost first: it waits again, or is in doubt.
            kept = self._jobs.kept(number)
        record = await self._takenOut(kept)
        self._releaseDoubt(number)
        await self._changes.finish(kept, record.but(reason=reason, by=by), "canceled")
        self._printing.goOn()

    @_inTurn
    async def hold(self, number: int, by: str) -> None:
        """
        Let a job wait for a person.

        @raise WrongState: it does not wait for the printer.
        """
        kept = self._waiting(number, "held")
        record = await self._takenOut(kept)
        await self._changes.hold(kept, record.but(reason=f"held by {by}", by=by))
        self._printing.goOn()

    @_inTurn
    async def release(self, number: int, by: str) -> None:
        """
        Let a held job print, whole and in its old place; one in doubt may then be printed twice.

        @raise WrongState: it is not held.
        """
        kept, place = self._known(number)
        if place is not JobPlace.HELD:
            raise WrongState(f"job {number} is not held")
        record = await self._changes.asked(kept)
        # What was said of it stays to be read, and a changed port is the right one now.
        was = record.reason.removeprefix("held ")
        was = f"held {was}" if was != record.reason else f"held: {was}"
        reason, uri = f"released by {by}; it was {was}", self._jobs.port.uri
        record = record.but(reason=reason, by=by, uri=uri, sent=0, committed=self._now())
        await self._changes.queueAgain(kept, record)
        self._releaseDoubt(number)
        self._printing.goOn()

    @_inTurn
    async def next(self, number: int, by: str) -> None:
        """
        Let a job that waits be the next one.

        @raise WrongState: it does not wait.
        """
        kept = self._waiting(number, "the next")
        record = await self._takenOut(kept)
        waiting = (each for each in self._jobs.waiting if not self._jobs.isPrinting(each.number))
        first = min((each.place for each in waiting), default=1)
        await self._changes.queueAgain(kept, record.but(place=first - 1, by=by))
        self._printing.goOn()

    @_inTurn
    async def moveOut(self, number: int, to: Target, by: str) -> None:
        """
        Let a job print at another port, behind all that wait there.

        @raise WrongState: it is neither waiting nor held.
        """
        kept, place = self._known(number)
        if place not in (JobPlace.QUEUE, JobPlace.HELD) or self._jobs.isPrinting(number):
            raise WrongState(f"job {number} neither waits nor is held; it cannot be moved")
        if to.port.name == self._jobs.port.name:
            raise WrongState(f"job {number} is on {to.port.name} already")
        record = await self._takenOut(kept)
        try:
            behind = await self._context.spool.nextPlace()
            reason = f"moved from {self._jobs.port.name} by {by}"
            record = record.but(
                port=to.port.name,
                uri=to.port.uri,
                place=behind,
                reason=reason,
                by=by,
                committed=self._now(),
            )
            await self._context.spool.change(record, JobPlace.QUEUE)
        except (SpoolFailed, SpoolFull):
            self._putBack(kept)
            raise
        self._releaseDoubt(number)
        self._jobs.discount(kept)
        self._jobs.forget(number)
        self._context.told(to.seen(record, JobPlace.QUEUE))
        self._context.portChanged(self._jobs.port.name)
        to.take(record, held=False)
        self._printing.goOn()

    @_inTurn
    async def erase(self, number: int, by: str) -> None:
        """
        Remove a job's bytes, and all names from its record.

        @raise WrongState: it has not ended.
        """
        kept, place = self._known(number)
        if place is not JobPlace.DONE:
            raise WrongState(f"job {number} has not ended; cancel it first")
        record = await self._changes.asked(kept)
        erased = record.but(name="", user="", host="", sha256="", reason=ERASED, by=by)
        await self._context.spool.change(erased, JobPlace.DONE)
        await self._context.spool.removeData(number)
        self._retention.erased(number)

    # Inside.

    def _now(self) -> float:
        # What a person wants printed has not expired.
        return self._context.wallClock()

    def _known(self, number: int) -> tuple[Kept, JobPlace]:
        place = self._jobs.places.get(number)
        if place is None:
            raise NoSuchJob(f"job {number} is not on {self._jobs.port.name} any more")
        return self._jobs.kept(number), place

    def _waiting(self, number: int, wanted: str) -> Kept:
        kept, place = self._known(number)
        if place is not JobPlace.QUEUE or self._jobs.isPrinting(number):
            told = f"only a job that waits can be {wanted}"
            raise WrongState(f"job {number} does not wait; {told}")
        return kept

    async def _takenOut(self, kept: Kept) -> SpoolRecord:
        # The record of a job that nobody prints from here on; without a record it stays in line.
        self._printing.takeOut(kept)
        try:
            return await self._changes.asked(kept)
        except (WrongState, SpoolFailed, SpoolFull):
            self._putBack(kept)
            raise

    def _putBack(self, kept: Kept) -> None:
        if self._jobs.places.get(kept.number) is JobPlace.QUEUE:
            self._jobs.lineUp(kept)
            self._printing.goOn()

    def _releaseDoubt(self, number: int) -> None:
        name = self._jobs.port.name
        if self._context.paused.get(name.lower()) == doubtOf(number):
            self._context.resume(name).addErrback(lambda _: None)
