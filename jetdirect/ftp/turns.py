"""
Which commands are done next: those of the host that had the least time, a slice at a time.

A segment of 64 KiB holds 13,000 commands.  Done in one turn of the reactor they would stop
everybody else for seconds.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

LINES_A_SLICE = 16
"""Lines of one session that are done before another one's: what any client sends in one piece."""

SLICE = 0.002
"""Seconds after which a slice ends, however few lines it had: a listing takes some milliseconds.
The line that has begun is done."""

TURN = 0.002
"""Seconds for lines in one turn of the reactor, all sessions together.  A print takes some twenty
turns, and a flood is not to make more than 150 ms of them (measured: docs/evidence/attacks.rst)."""

LATELY = 1.0
"""Seconds after which the time that a host had does not count any more (chosen): a print takes
less, and a flood that has ended is soon forgiven."""


class Worker(Protocol):
    """A session as this room knows it."""

    @property
    def host(self) -> str:
        """Sessions of one host share its turns."""

    def work(self, until: float) -> bool:
        """
        Do a slice.

        @param until: when it is over, by the reactor's clock.
        @return: more is to be done.
        """


class Turns:
    """
    The sessions that have lines to be done.

    As long as nobody waits, what came is done at once. A session with more than a slice waits, and
    those that come then wait too. The host that had the least time lately is first: a sender with a
    few commands has them done in the next turn of the reactor, however many hosts flood. Hosts that
    had the same take turns, and so do the sessions of a host.

    @ivar seconds: tells the time.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.seconds = clock.seconds
        self._clock = clock
        self._hosts: dict[str, dict[Worker, None]] = {}
        self._next: IDelayedCall | None = None
        self._until = 0.0
        self._spent = 0.0
        self._lately = 0.0
        self._had: dict[str, float] = {}

    def take(self, session: Worker) -> None:
        """C{session} has something to do: now, or in its turn."""
        now = self.seconds()
        if now >= self._until:
            # Many sessions with a slice each are a flood, too: half of the time is the others'.
            self._until, self._spent = now + 2 * TURN, 0.0
        waits = bool(self._hosts) or self._spent >= TURN
        if not waits:
            waits, after = self._slice(session, now)
            self._spent += after - now
        if waits:
            self._wait(session)

    def forget(self, session: Worker) -> None:
        """C{session} has nothing to do any more."""
        sessions = self._hosts.get(session.host, {})
        sessions.pop(session, None)
        if not sessions:
            self._hosts.pop(session.host, None)
        if not self._hosts and self._next is not None:
            self._next.cancel()
            self._next = None

    def _slice(self, session: Worker, now: float) -> tuple[bool, float]:
        # Is more to be done?  And when it was over.
        if now >= self._lately:
            self._lately = now + LATELY
            self._had.clear()
        host = session.host
        waits = session.work(now + SLICE)
        after = self.seconds()
        self._had[host] = self._had.get(host, 0.0) + after - now
        return waits, after

    def _wait(self, session: Worker) -> None:
        self._hosts.setdefault(session.host, {})[session] = None
        if self._next is None:
            self._next = self._clock.callLater(0, self._turn)

    def _turn(self) -> None:
        self._next = None
        now = self.seconds()
        end = now + TURN
        for _ in range(sum(map(len, self._hosts.values()))):
            if not self._hosts or now >= end:
                break
            host = min(self._hosts, key=lambda each: self._had.get(each, 0.0))
            sessions = self._hosts.pop(host)
            session = next(iter(sessions))
            del sessions[session]
            if sessions:
                self._hosts[host] = sessions
            waits, now = self._slice(session, now)
            if waits:
                self._wait(session)
        if self._hosts and self._next is None:
            self._next = self._clock.callLater(0, self._turn)
