"""
Whether the peer of a connection lives, and whether anything moves.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from .facts import ITCPFacts

DEAD_AFTER_PROBES, DEAD_AFTER_SECONDS = 3, 30.0
"""A printer that left so many segments or probes unanswered, and was not heard for so long, is
gone.  One that is out of paper answers every probe (measured), and is waited for."""

LATE_LOOK = 5.0
"""Seconds since the last look at a L{Pulse} after which nothing is known of the time between: the
reactor stood still, as looks are half a second apart (chosen)."""


class Pulse:
    """Whether the peer of a connection lives and something moves; to be looked at now and then."""

    def __init__(self, facts: ITCPFacts, clock: IReactorTime) -> None:
        self._facts = facts
        self._clock = clock
        self._unacknowledged: int | None = None
        self._askedSince = self._looked = self._since = clock.seconds()

    def mark(self, look: bool = True) -> None:
        """
        Count L{still} from now on.

        @param look: else from the next look on, before which most connections have ended.
        """
        self._unacknowledged = self._facts.unacknowledged() if look else None
        self._since = self._clock.seconds()

    def still(self) -> float:
        """Seconds since the peer's kernel last acknowledged something, as far as was looked."""
        now, unacknowledged = self._clock.seconds(), self._facts.unacknowledged()
        if unacknowledged != self._unacknowledged:
            self._unacknowledged, self._since = unacknowledged, now
        return float(now - self._since)

    def dead(self) -> bool:
        """Has the peer been silent for so long, and so often asked meanwhile, that it is gone?"""
        return self.silent() >= DEAD_AFTER_SECONDS

    def silent(self) -> float:
        """Seconds for which the peer has owed us an answer, if it was asked often enough since."""
        now, silence = self._clock.seconds(), self._facts.silence()
        late, self._looked = now - self._looked > LATE_LOOK, now
        unasked = silence is None or not silence.unanswered or not self._facts.unacknowledged()
        if late or unasked:
            self._askedSince = now
        if silence is None or silence.unanswered < DEAD_AFTER_PROBES:
            return 0.0
        return min(silence.seconds, now - self._askedSince)
