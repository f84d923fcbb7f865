"""
The limits of time of a session: for its login, for its silence, for the end of a line.
"""

from __future__ import annotations

from math import inf
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..net.deadline import Deadline, grace
from . import replies
from .replies import Reply
from .settings import SessionSettings


class Timed(Protocol):
    """A session as its timers know it."""

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


class Timers:
    """
    One timer for login and silence together, as there may be thousands of sessions; and one for a
    line that has begun.
    """

    __slots__ = ("_clock", "_lastActive", "_line", "_loginBy", "_session", "_settings", "_timer")

    def __init__(self, clock: IReactorTime, settings: SessionSettings, session: Timed) -> None:
        self._clock = clock
        self._settings = settings
        self._session = session
        self._lastActive = clock.seconds()
        self._loginBy = 0.0
        self._timer: IDelayedCall | None = None
        self._line: Deadline | None = None

    def start(self) -> None:
        """The session has begun."""
        self.active(self._clock.seconds())
        self.expectLogin()  # first: a reactor's timer is dear to make earlier
        self._checkBy(self._idleBy)

    def stop(self) -> None:
        """The session is over."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self.lineEnded()

    def active(self, when: float) -> None:
        """The peer did something at that time, by the reactor's clock."""
        if when > self._lastActive:
            self._lastActive = when

    def expectLogin(self) -> None:
        """A login is awaited from now on."""
        self._loginBy = self._clock.seconds() + self._settings.loginTimeout
        self._checkBy(self._loginBy)

    def lineBegun(self) -> None:
        """The first part of a line came: a byte now and then is no activity for ever."""
        if self._line is None:
            self._line = Deadline(self._clock, self._settings.lineTimeout, self._slowLine)

    def lineEnded(self) -> None:
        """The rest of it came."""
        if self._line is not None:
            self._line.cancel()
            self._line = None

    # Inside.

    @property
    def _idleBy(self) -> float:
        last = max(self._lastActive, self._session.transferActive)
        return last + (self._settings.idleTimeout or inf)

    def _checkBy(self, due: float) -> None:
        delay = max(0.0, due - self._clock.seconds())
        if self._timer is not None and self._timer.active():
            if due < self._timer.getTime():
                self._timer.reset(delay)
        elif due < inf:
            self._timer = self._clock.callLater(delay, self._checkTimes)

    def _checkTimes(self, sure: bool = False) -> None:
        now, idleBy = self._clock.seconds(), self._idleBy
        loginBy = inf if self._session.isLoggedIn else self._loginBy
        if now < min(loginBy, idleBy):
            self._checkBy(min(loginBy, idleBy))
        elif not sure:  # what came while the reactor stood still is read first
            again = grace(self._clock, min(loginBy, idleBy))
            self._timer = self._clock.callLater(again, self._checkTimes, True)
        elif now >= loginBy:
            # At once, even if a checker of logins hangs.
            self._session.close(replies.NO_LOGIN(seconds=self._settings.loginTimeout))
        else:
            self._session.idleFor(self._settings.idleTimeout)

    def _slowLine(self) -> None:
        self._session.hearNoMore(replies.SLOW_LINE(seconds=self._settings.lineTimeout))
