"""
The queue of a printing port as the jobs know it that come in.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred

from ..errors import PrintError
from ..interfaces import ISpool
from .record import JobPlace, SpoolRecord


class Coming(Protocol):
    """A job that comes in."""

    number: int
    host: str
    size: int | None
    bytes: int


class Line(Protocol):
    """What a job asks, and tells, on its way into a queue."""

    spool: ISpool

    @property
    def durable(self) -> bool:
        """Is a kept job on stable storage?"""

    @property
    def replyWithin(self) -> float:
        """Seconds that a reply may wait for the paper; 0: it does not."""

    def admit(self, intake: Coming) -> Deferred[None]:
        """Is there room?  Fires when a job may come, or fails with why not."""

    def least(self, total: int) -> int:
        """The bytes that are to stay free of a disk of so many."""

    def placeFor(self, record: SpoolRecord) -> Deferred[tuple[SpoolRecord, JobPlace]]:
        """Where a whole job is to go: into the queue, or held, with the reason in its record."""

    def left(self, intake: Coming) -> None:
        """It comes no more; or is kept, and was handed over."""

    def take(self, record: SpoolRecord, held: bool) -> None:
        """It is kept, and may print."""

    def whenPrinted(self, number: int) -> Deferred[str]:
        """Fires with the level of delivery when a job has it; never fails."""

    def heard(self, number: int, heard: bool) -> None:
        """It is known whether the sender of a kept job has heard that it is."""

    def neverTold(self, record: SpoolRecord) -> None:
        """It is kept, and its sender cannot know: it may send it again."""

    def failed(self, error: PrintError) -> None:
        """The spool has failed."""
