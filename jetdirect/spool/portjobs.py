"""
The kept jobs of one printing port, as far as they are known without asking the disk.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from ..record import JobRecord, JobState
from .context import Port, QueueContext
from .kept import KeptJob
from .record import JobPlace, Kept, SpoolRecord
from .seen import jobRecord

PORT_REMOVED = "port removed"


class Status(NamedTuple):
    """What is known of a job without asking the disk."""

    state: JobState
    size: int
    reason: str
    """Why it is held."""


class PortJobs:
    """
    What waits, prints, is held and has ended at one port.

    @ivar port: where they print.
    @ivar removed: the port is no more.
    @ivar mine: this gateway prints there, and no other one.
    @ivar places: where each job is.
    @ivar waiting: the jobs in the queue, the next one first; the one that prints among them.
    @ivar held: how many wait for a person.
    @ivar bytes: those of all jobs that wait, print or are held.
    @ivar reasons: why each held job is held, as far as that was read.
    @ivar ends: how each ended job ended.
    @ivar unheard: jobs of which the sender cannot have heard that they are kept.
    @ivar attempt: the job that has the printer, or waits for its turn at it.
    """

    def __init__(self, port: Port, context: QueueContext) -> None:
        self.port = port
        self.removed = False
        self.mine = context.shared is None
        self.attempt: KeptJob | None = None
        self._context = context
        self.clear()

    def clear(self) -> None:
        """Nothing is known."""
        self.places: dict[int, JobPlace] = {}
        self.waiting: list[Kept] = []
        self.held = self.bytes = 0
        self.reasons: dict[int, str] = {}
        self.ends: dict[int, JobState] = {}
        self.unheard: set[int] = set()
        self._kept: dict[int, Kept] = {}
        self._hosts: dict[str, int] = {}

    # What is known.

    def kept(self, number: int) -> Kept:
        """A job.  @raise KeyError: it is not known."""
        return self._kept[number]

    def numbers(self) -> list[int]:
        """All that are known, in the order of their places."""
        return [kept.number for kept in sorted(self._kept.values())]

    def of(self, host: str) -> int:
        """How many jobs of one sender wait, print or are held."""
        return self._hosts.get(host, 0)

    @property
    def printing(self) -> KeptJob | None:
        """The job that has the printer."""
        return self.attempt if self.attempt is not None and self.attempt.begun else None

    @property
    def oldest(self) -> float | None:
        """
        When the oldest job came that waits for the printer, in seconds since the epoch; L{None}:
        none waits, or that is not known.
        """
        came = (kept.received for kept in self.waiting if not self.isPrinting(kept.number))
        return min(filter(None, came), default=None)

    def isPrinting(self, number: int) -> bool:
        """Has this job the printer?"""
        job = self.printing
        return job is not None and job.number == number

    def isNext(self, kept: Kept) -> bool:
        """Is it the first that waits?"""
        return self.waiting[:1] == [kept]

    @property
    def _orphaned(self) -> bool:
        # Where another gateway has the port, its jobs print.
        return self.removed and self.mine

    def stateOf(self, number: int) -> JobState | None:
        """The state of a job; L{None}: it is not known here, or any more."""
        match self.places.get(number):
            case None:
                return None
            case JobPlace.DONE:
                return self.ends.get(number, JobState.COMPLETED)
            case JobPlace.HELD:
                return JobState.HELD
            case JobPlace.ACTIVE if not self.mine:
                return JobState.PROCESSING
        job = self.printing
        if job is not None and job.number == number:
            return JobState.PROCESSING if job.blocked is None else JobState.STOPPED
        return JobState.HELD if self._orphaned else JobState.PENDING

    def status(self, number: int) -> Status | None:
        """What can be said of a job at once; L{None}: it is not known."""
        state = self.stateOf(number)
        if state is None:
            return None
        reason = PORT_REMOVED if self._orphaned else self.reasons.get(number, "")
        return Status(state, self._kept[number].size, reason if state is JobState.HELD else "")

    def seen(self, record: SpoolRecord, place: JobPlace | None = None) -> JobRecord:
        """
        A job as others see it.

        @param place: where it is; L{None}: where it is known to be.
        """
        if record.number in self.unheard:
            record = record.but(heard=False)
        blocked, job = 0.0, self.printing
        where = place or self.places.get(record.number, JobPlace.QUEUE)
        if job is not None and job.number == record.number and place in (None, JobPlace.ACTIVE):
            where = JobPlace.ACTIVE
            record = record.but(sent=job.progress)
            if job.blocked is not None:
                blocked = self._context.clock.seconds() - job.blocked
        if self._orphaned and where is JobPlace.QUEUE:
            where, record = JobPlace.HELD, record.but(reason=PORT_REMOVED)
        now = self._context.wallClock()
        return jobRecord(record, where, now, self.port.description, blocked)

    def unread(self, kept: Kept) -> SpoolRecord:
        """What is known of a job whose record cannot be read."""
        over = self.places.get(kept.number) is JobPlace.DONE
        return SpoolRecord(
            number=kept.number,
            port=self.port.name,
            name="",
            user="",
            host=kept.host,
            received=self._context.wallClock(),
            place=kept.place,
            size=kept.size,
            reason=self.reasons.get(kept.number, ""),
            outcome=self.ends.get(kept.number, JobState.COMPLETED) if over else "",
        )

    # What changes.

    def add(self, kept: Kept, place: JobPlace) -> None:
        """A job is here that was not; one in the queue is to be lined up, too."""
        self.put(kept.number, place)
        self._kept[kept.number] = kept
        self.bytes += kept.size
        self._hosts[kept.host] = self._hosts.get(kept.host, 0) + 1

    def ended(self, kept: Kept) -> None:
        """A job was found that has ended."""
        self.put(kept.number, JobPlace.DONE)
        self._kept[kept.number] = kept

    def put(self, number: int, place: JobPlace) -> None:
        """It is in another place."""
        self.held += (place is JobPlace.HELD) - (self.places.get(number) is JobPlace.HELD)
        self.places[number] = place
        self.reasons.pop(number, None)

    def discount(self, kept: Kept) -> None:
        """It waits no more, nor is it held."""
        self.unqueue(kept)
        self.bytes -= kept.size
        self._hosts[kept.host] -= 1
        if not self._hosts[kept.host]:
            del self._hosts[kept.host]

    def forget(self, number: int) -> None:
        """It is not here any more."""
        self.held -= self.places.pop(number, None) is JobPlace.HELD
        self._kept.pop(number, None)
        self.ends.pop(number, None)
        self.reasons.pop(number, None)

    def drop(self, number: int) -> None:
        """It is not here any more, wherever it was."""
        place = self.places.get(number)
        if place is None:
            return
        if place is not JobPlace.DONE:
            self.discount(self._kept[number])
        self.forget(number)

    # The line.

    def found(self, waiting: Iterable[Kept]) -> None:
        """These wait, in the order of their places."""
        self.waiting = list(waiting)

    def lineUp(self, kept: Kept) -> None:
        """It waits, at its place, which may be a new one."""
        self._kept[kept.number] = kept
        at = bisect_left(self.waiting, kept)
        if self.waiting[at : at + 1] != [kept]:
            self.waiting.insert(at, kept)

    def unqueue(self, kept: Kept) -> None:
        """It waits no more."""
        at = bisect_left(self.waiting, kept)
        if self.waiting[at : at + 1] == [kept]:
            del self.waiting[at]
