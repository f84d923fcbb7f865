"""
Has the sender heard that its job is complete?

A sender that dies with our 226 still on the way, or unread in its kernel, will assume the
opposite.  The record of the job says so; nobody waits for it.
"""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..job import UploadedJob
from ..net.facts import ITCPFacts

_INTERVAL = 0.25
"""Seconds between looks, of which there are two; most senders say their next word before.

The kernel still acknowledges for a process that was killed, whose data connection it has closed
but not yet the control connection: that follows up to 2 ms later, 13 ms on a busy machine
(measured)."""


class Acknowledgements:
    """
    The jobs whose last reply is written, until it is known whether the sender heard.

    It did if its next word comes after its kernel acknowledged the reply, or its end in good order,
    or nothing for a while: a connection that is closed with the reply unread is reset (RFC 1122,
    section 4.2.2.13).
    """

    __slots__ = ("_behind", "_clock", "_facts", "_flushing", "_jobs", "_seen", "_timer")

    def __init__(self, facts: ITCPFacts, clock: IReactorTime) -> None:
        self._facts = facts
        self._clock = clock
        self._jobs: tuple[UploadedJob, ...] = ()
        self._behind = 0
        self._seen = False
        self._flushing: IDelayedCall | None = None
        self._timer: IDelayedCall | None = None

    def expect(self, job: UploadedJob, buffered: bool = False) -> None:
        """
        The reply for C{job} was just written: complete it when the sender has heard.

        @param buffered: Twisted gives it to the kernel at the end of this turn of the reactor, as
            it does under TLS; until then nothing that is heard comes after it.
        """
        if buffered and self._flushing is None:
            self._flushing = self._clock.callLater(0, self._flushed)
        self._jobs += (job,)
        self._behind = 0
        self._seen = False
        if self._timer is None:
            self._checkLater()

    def ended(self) -> None:
        """The sender has ended the connection, which can still be asked."""
        self._stop()
        if self._jobs:
            self._settle(self._acknowledged())

    def lost(self, heard: bool = False) -> None:
        """
        The connection is no more; what is not acknowledged now never will be.

        @param heard: the sender was alive to the end of it.
        """
        self._stop()
        self._settle(heard)

    def wrote(self, size: int) -> None:
        """Something else went out behind the reply, which needs no acknowledgement."""
        self._behind += size

    def look(self) -> None:
        """The sender was heard, and its acknowledgements travel with what it says."""
        if self._jobs and self._flushing is None and self._acknowledged():
            self._stop()
            self._settle(True)

    def _checkLater(self) -> None:
        self._timer = self._clock.callLater(_INTERVAL, self._checkAcknowledged)

    def _checkAcknowledged(self) -> None:
        self._timer = None
        before, self._seen = self._seen, self._acknowledged()
        if before and self._seen:
            self._settle(True)
        else:
            self._checkLater()

    def _flushed(self) -> None:
        self._flushing = None

    def _stop(self) -> None:
        for timer in (self._timer, self._flushing):
            if timer is not None:
                timer.cancel()
        self._timer = self._flushing = None

    def _acknowledged(self) -> bool:
        # What was thrown away with its connection is not waited for either.
        return not self._facts.reset() and self._facts.unacknowledged() <= self._behind

    def _settle(self, heard: bool) -> None:
        jobs, self._jobs = self._jobs, ()
        for job in jobs:
            job.complete(heard)
