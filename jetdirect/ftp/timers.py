"""
The limits of time of a session: for its login, for its silence, for the end of a line.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from math import inf
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..net.deadline import LONGEST_GRACE, Deadline
from . import replies
from .replies import Reply
from .settings import SessionSettings

BETWEEN = 0.1
"""Seconds between two looks at all sessions at least: no limit is so short that this can be told
(chosen)."""


class Timed(Protocol):
    """
    A session as its timers know it.

    @ivar timers: those.
    @ivar settings: with its limits.
    """

    timers: Timers
    settings: SessionSettings

    @property
    def isLoggedIn(self) -> bool:
        """A login is not awaited."""

    @property
    def transferActive(self) -> float:
        """When its running transfer was last active, by the reactor's clock; 0: there is none."""

    def close(self, reply: Reply) -> None:
        """End it at once."""

    def idleFor(self, seconds: float) -> None:
        """End it, and what it does."""

    def hearNoMore(self, reply: Reply) -> None:
        """End it when a running transfer has had its reply."""


class Rounds:
    """
    One timer of the reactor for all sessions: when the time of the first may be over, all are
    looked at.

    A timer of its own keeps half a kilobyte of each of thousands; a look at 9,000 takes half a
    millisecond.

    @ivar clock: tells the time.
    """

    def __init__(self, clock: IReactorTime, sessions: Collection[Timed]) -> None:
        """@param sessions: those that there are at any time."""
        self.clock = clock
        self._sessions = sessions
        self._next: IDelayedCall | None = None

    def rest(self) -> None:
        """There is no session any more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def by(self, due: float) -> None:
        """Look at that time, by the clock, or before."""
        if self._next is None:
            if due < inf:
                self._next = self.clock.callLater(max(0.0, due - self.clock.seconds()), self._look)
        elif due < self._next.getTime():
            self._next.reset(max(0.0, due - self.clock.seconds()))

    def _look(self) -> None:
        self._next = None
        now = self.clock.seconds()
        for each in [each for each in self._sessions if each.timers.due <= now]:
            each.timers.look(each)
        first = min((each.timers.due for each in self._sessions), default=inf)
        self.by(max(first, now + BETWEEN))


class Timers:
    """
    One limit for login and silence together, as there may be thousands of sessions; and one for a
    line that has begun.

    The session is named each time: each keeping the other, one that is over would stay until the
    garbage collector comes.

    @ivar due: when L{look} is to be called, by the clock.
    """

    __slots__ = (
        "_lastActive",
        "_line",
        "_loginBy",
        "_rounds",
        "_sure",
        "due",
    )

    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds
        self._lastActive = self._loginBy = 0.0
        self._line: Deadline | None = None
        self._sure = -inf
        self.due = inf

    def start(self, session: Timed) -> None:
        """The session has begun."""
        self._lastActive = self._rounds.clock.seconds()
        self.expectLogin(session)

    def stop(self) -> None:
        """The session is over."""
        self.due = inf
        self.lineEnded()

    def active(self, when: float) -> None:
        """The peer did something at that time, by the reactor's clock."""
        if when > self._lastActive:
            self._lastActive = when

    def expectLogin(self, session: Timed) -> None:
        """A login is awaited from now on."""
        self._loginBy = self._rounds.clock.seconds() + session.settings.loginTimeout
        self._by(min(self._loginBy, self._idleBy(session)))

    def look(self, session: Timed) -> None:
        """The time may be over: the second look at the same limit is sure, as in L{Deadline}."""
        now, idleBy = self._rounds.clock.seconds(), self._idleBy(session)
        if session.isLoggedIn:
            self._loginBy = inf
        over = min(self._loginBy, idleBy)
        late, self.due = now - max(over, self.due), inf
        if now < over:
            self._by(over)
        elif self._sure != over or late >= LONGEST_GRACE:
            self._sure = over
            self._by(now + min(late, LONGEST_GRACE))
        elif now >= self._loginBy:
            # At once, even if a checker of logins hangs.
            session.close(replies.NO_LOGIN(seconds=session.settings.loginTimeout))
        else:
            session.idleFor(session.settings.idleTimeout)

    def lineBegun(self, session: Timed) -> None:
        """The first part of a line came: a byte now and then is no activity for ever."""
        if self._line is None:
            slow = partial(_slowLine, session)
            self._line = Deadline(self._rounds.clock, session.settings.lineTimeout, slow)

    def lineEnded(self) -> None:
        """The rest of it came."""
        if self._line is not None:
            self._line.cancel()
            self._line = None

    # Inside.

    def _idleBy(self, session: Timed) -> float:
        last = max(self._lastActive, session.transferActive)
        return last + (session.settings.idleTimeout or inf)

    def _by(self, due: float) -> None:
        if due < self.due:
            self.due = due
            self._rounds.by(due)


def _slowLine(session: Timed) -> None:
    session.hearNoMore(replies.SLOW_LINE(seconds=session.settings.lineTimeout))
