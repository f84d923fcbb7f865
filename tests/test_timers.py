"""
The limits of time of a session, each alone.
"""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from jetdirect.ftp.replies import Reply
from jetdirect.ftp.settings import SessionSettings
from jetdirect.ftp.timers import Rounds, Timers
from tests.support.turn import turn

SETTINGS = SessionSettings(loginTimeout=10, idleTimeout=60, lineTimeout=5)


class Session:
    """
    A session that only its timers know.

    @ivar timers: those.
    @ivar settings: with their limits.
    @ivar told: what they said to it.
    """

    timers: Timers

    def __init__(self, settings: SessionSettings = SETTINGS) -> None:
        self.settings = settings
        self.isLoggedIn = False
        self.transferActive = 0.0
        self.told: list[str] = []

    def close(self, reply: Reply) -> None:
        """The login did not come."""
        self.told.append(f"close: {reply.text}")

    def idleFor(self, seconds: float) -> None:
        """Nothing came."""
        self.told.append(f"idle for {seconds:g} s")

    def hearNoMore(self, reply: Reply) -> None:
        """A line did not end."""
        self.told.append(f"no more: {reply.text}")


class Running:
    """Timers that have started, and their clock."""

    def __init__(self, settings: SessionSettings = SETTINGS, login: bool = False) -> None:
        self.clock = Clock()
        self.session = Session(settings)
        self.session.isLoggedIn = login
        self.rounds = Rounds(self.clock, [self.session])
        self.timers = self.session.timers = Timers(self.rounds)
        self.timers.start(self.session)

    def after(self, seconds: float) -> list[str]:
        """What was told when so many seconds more have passed, and a turn of the reactor."""
        self.clock.advance(seconds)
        self.clock.advance(0)
        return self.session.told


def test_noLogin() -> None:
    """Activity is no login."""
    running = Running()
    assert running.after(9) == []
    running.timers.active(running.clock.seconds())
    [told] = running.after(1)
    assert told == "close: Service not available, no login within 10 seconds"


def test_idle() -> None:
    """After a login silence counts, from the last activity, whoever's it was."""
    running = Running(login=True)
    assert running.after(50) == []
    running.timers.active(running.clock.seconds())
    assert running.after(50) == []
    running.session.transferActive = running.clock.seconds()
    assert running.after(59) == []
    assert running.after(1) == ["idle for 60 s"]


def test_loginAgain() -> None:
    """A login that ended is awaited anew, from then on."""
    running = Running(login=True)
    running.after(30)
    running.session.isLoggedIn = False
    running.timers.expectLogin(running.session)
    assert running.after(9) == []
    assert len(running.after(1)) == 1


def test_lateActivity() -> None:
    """What the reactor reads in the turn in which the time is over still counts."""
    running = Running(login=True)
    running.clock.rightNow += 60
    turn(running.clock)
    running.timers.active(running.clock.seconds())
    assert running.after(0) == []
    assert running.after(60) == ["idle for 60 s"]


def test_lateAgain() -> None:
    """What comes between two stalls counts; a second look that is late itself is none."""
    running = Running(login=True)
    assert running.after(60 + 40) == []
    running.timers.active(running.clock.seconds())
    assert running.after(60 + 40) == []
    assert running.after(40) == []
    assert running.after(1) == ["idle for 60 s"]


def test_neverIdle() -> None:
    """Without a limit for silence there is none."""
    running = Running(SessionSettings(idleTimeout=0, loginTimeout=10), login=True)
    assert running.after(10**6) == []


def test_slowLine() -> None:
    """A line has its time from its first byte, however many come; the next one has it anew."""
    running = Running(login=True)
    running.timers.lineBegun(running.session)
    running.after(4)
    running.timers.lineBegun(running.session)
    running.timers.lineEnded()
    running.timers.lineBegun(running.session)
    assert running.after(4) == []
    [told] = running.after(1)
    assert told == "no more: Service not available, no end of a command within 5 seconds"


@pytest.mark.parametrize("line", [True, False])
def test_stopped(line: bool) -> None:
    """Nothing is left behind."""
    running = Running()
    if line:
        running.timers.lineBegun(running.session)
    running.timers.stop()
    running.rounds.rest()
    assert running.clock.getDelayedCalls() == []


def test_rounds() -> None:
    """Of many sessions each has its own time, and one timer serves all."""
    clock, sessions = Clock(), [Session() for _ in range(3)]
    rounds = Rounds(clock, sessions)
    for each in sessions:
        each.timers = Timers(rounds)
        each.timers.start(each)
        clock.advance(2)
    [_] = clock.getDelayedCalls()
    sessions[1].isLoggedIn = True
    said = []
    for _ in range(10):
        clock.pump([0.5, 0.5])
        said.append([len(each.told) for each in sessions])
    assert said == 3 * [[0, 0, 0]] + 4 * [[1, 0, 0]] + 3 * [[1, 0, 1]]
    [_] = clock.getDelayedCalls()
