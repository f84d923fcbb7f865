"""
Has the sender heard that its job is complete?

A sender that dies with our 226 still on the way will believe the opposite.  The record of the job
says so; nobody waits for it.
"""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..job import Job
from ..tcp import ITCPFacts

_INTERVALS = (0.0, 0.005, 0.05, 0.1, 0.5)
"""Seconds between looks; the acknowledgement often comes with the sender's next word before."""


class Acknowledgements:
    """The jobs whose last reply is written, until the sender's kernel has acknowledged it."""

    def __init__(self, facts: ITCPFacts, clock: IReactorTime) -> None:
        self._facts = facts
        self._clock = clock
        self._jobs: list[Job] = []
        self._looks = 0
        self._behind = 0
        self._timer: IDelayedCall | None = None

    def expect(self, job: Job) -> None:
        """The reply for C{job} was just written: complete it when the reply is acknowledged."""
        self._jobs.append(job)
        self._looks = 0
        self._behind = 0
        self._stop()
        self._lookLater()

    def ended(self) -> None:
        """The sender has ended the connection, which can still be asked."""
        self._stop()
        self._settle(self._acknowledged())

    def lost(self, heard: bool = False) -> None:
        """
        The connection is no more; what is not acknowledged now never will be.

        @param heard: the sender was alive to the end of it.
        """
        self._stop()
        self._settle(heard)

    def _lookLater(self) -> None:
        interval = _INTERVALS[min(self._looks, len(_INTERVALS) - 1)]
        self._timer = self._clock.callLater(interval, self._look)

    def wrote(self, size: int) -> None:
        """Something else went out behind the reply, which needs no acknowledgement."""
        self._behind += size

    def look(self) -> None:
        """The sender was heard, and its acknowledgements travel with what it says."""
        if self._jobs and self._acknowledged():
            self._stop()
            self._settle(True)

    def _look(self) -> None:
        self._timer = None
        self._looks += 1
        if self._acknowledged():
            self._settle(True)
        else:
            self._lookLater()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _acknowledged(self) -> bool:
        # What was thrown away with its connection is not waited for either.
        return not self._facts.reset() and self._facts.unacknowledged() <= self._behind

    def _settle(self, heard: bool) -> None:
        jobs, self._jobs = self._jobs, []
        for job in jobs:
            job.complete(heard)
