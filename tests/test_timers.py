"""
The limits of time of a session, each alone.
"""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from jetdirect.ftp.replies import Reply
from jetdirect.ftp.settings import SessionSettings
from jetdirect.ftp.timers import Timers
from tests.support.turn import turn

SETTINGS = SessionSettings(loginTimeout=10, idleTimeout=60, lineTimeout=5)


class Session:
    """
    A session that only its timers know.

    @ivar told: what they said to it.
    """

    def __init__(self) -> None:
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


class Bench:
    """Timers that have started, and their clock."""

    def __init__(self, settings: SessionSettings = SETTINGS, login: bool = False) -> None:
        self.clock = Clock()
        self.session = Session()
        self.session.isLoggedIn = login
        self.timers = Timers(self.clock, settings, self.session)
        self.timers.start()

    def after(self, seconds: float) -> list[str]:
        """What was told when so many seconds more have passed, and a turn of the reactor."""
        self.clock.advance(seconds)
        self.clock.advance(0)
        return self.session.told


def test_noLogin() -> None:
    """Activity is no login."""
    bench = Bench()
    assert bench.after(9) == []
    bench.timers.active(bench.clock.seconds())
    [told] = bench.after(1)
    assert told == "close: Service not available, no login within 10 seconds"


def test_idle() -> None:
    """After a login silence counts, from the last activity, whoever's it was."""
    bench = Bench(login=True)
    assert bench.after(50) == []
    bench.timers.active(bench.clock.seconds())
    assert bench.after(50) == []
    bench.session.transferActive = bench.clock.seconds()
    assert bench.after(59) == []
    assert bench.after(1) == ["idle for 60 s"]


def test_loginAgain() -> None:
    """A login that ended is awaited anew, from then on."""
    bench = Bench(login=True)
    bench.after(30)
    bench.session.isLoggedIn = False
    bench.timers.expectLogin()
    assert bench.after(9) == []
    assert len(bench.after(1)) == 1


def test_lateActivity() -> None:
    """What the reactor reads in the turn in which the time is over still counts."""
    bench = Bench(login=True)
    bench.clock.rightNow += 60
    turn(bench.clock)
    bench.timers.active(bench.clock.seconds())
    assert bench.after(0) == []
    assert bench.after(60) == ["idle for 60 s"]


def test_neverIdle() -> None:
    """Without a limit for silence there is none."""
    bench = Bench(SessionSettings(idleTimeout=0, loginTimeout=10), login=True)
    assert bench.after(10**6) == []


def test_slowLine() -> None:
    """A line has its time from its first byte, however many come; the next one has it anew."""
    bench = Bench(login=True)
    bench.timers.lineBegun()
    bench.after(4)
    bench.timers.lineBegun()
    bench.timers.lineEnded()
    bench.timers.lineBegun()
    assert bench.after(4) == []
    [told] = bench.after(1)
    assert told == "no more: Service not available, no end of a command within 5 seconds"


@pytest.mark.parametrize("line", [True, False])
def test_stopped(line: bool) -> None:
    """Nothing is left behind."""
    bench = Bench()
    if line:
        bench.timers.lineBegun()
    bench.timers.stop()
    assert bench.clock.getDelayedCalls() == []
