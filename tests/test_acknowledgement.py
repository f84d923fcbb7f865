"""
A job's record waits for the sender's acknowledgement of the reply, and nothing else does.
"""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock
from zope.interface import implementer

from jetdirect.ftp.acknowledgement import Acknowledgements
from jetdirect.net.facts import ITCPFacts, Silence


@implementer(ITCPFacts)
class Facts:
    """A connection with a reply on its way."""

    def __init__(self, inFlight: int = 0) -> None:
        self.inFlight = inFlight
        self.over = False

    def closedByPeer(self) -> bool:
        return False

    def reset(self) -> bool:
        return self.over

    def unacknowledged(self) -> int:
        return self.inFlight

    def silence(self) -> Silence | None:
        return None


class Record:
    """In a job's place."""

    def __init__(self) -> None:
        self.heard: list[bool] = []

    def complete(self, heard: bool = True) -> None:
        self.heard.append(heard)


class Bench:
    """The replies of one session."""

    def __init__(self, inFlight: int = 0) -> None:
        self.clock = Clock()
        self.facts = Facts(inFlight)
        self.acknowledgements = Acknowledgements(self.facts, self.clock)

    def job(self) -> Record:
        """The reply for a job was just written."""
        record: Any = Record()
        self.acknowledgements.expect(record)
        return record  # type: ignore[no-any-return]

    def wait(self, looks: int) -> None:
        """Let time pass until the sender was looked at so often."""
        for _ in range(looks):
            self.clock.advance(0.5)


def test_heard() -> None:
    """
    The record is written once the reply is acknowledged, and nothing came behind it for a while.
    """
    bench = Bench()
    job = bench.job()
    bench.wait(1)
    assert job.heard == []
    bench.wait(1)
    assert job.heard == [True]
    assert not bench.clock.getDelayedCalls()


def test_killedWithTheReplyUnread() -> None:
    """
    The kernel of a process that was killed acknowledges the reply, then resets the connection.
    """
    bench = Bench()
    job = bench.job()
    bench.wait(1)
    bench.clock.advance(0.4)
    assert job.heard == []
    bench.acknowledgements.lost()
    assert job.heard == [False]
    assert not bench.clock.getDelayedCalls()


def test_resetAtTheLastLook() -> None:
    """A reset that the reactor has not told yet is seen."""
    bench = Bench()
    job = bench.job()
    bench.wait(1)
    bench.facts.over = True
    bench.wait(3)
    assert job.heard == []
    bench.acknowledgements.lost()
    assert job.heard == [False]


def test_notYetHeard() -> None:
    """As long as it is not acknowledged the record waits, be it for hours."""
    bench = Bench(inFlight=1)
    job = bench.job()
    bench.wait(10_000)
    assert job.heard == []
    bench.facts.inFlight = 0
    bench.wait(2)
    assert job.heard == [True]


def test_nextWord() -> None:
    """Whoever says something after the reply is alive: the record waits no longer."""
    bench = Bench()
    job = bench.job()
    bench.acknowledgements.look()
    assert job.heard == [True]
    assert not bench.clock.getDelayedCalls()


@pytest.mark.parametrize(("inFlight", "heard"), [(0, True), (1, False)])
def test_closed(inFlight: int, heard: bool) -> None:
    """The sender ends the connection: what it has acknowledged by then it has heard."""
    bench = Bench(inFlight=1)
    job = bench.job()
    bench.wait(3)
    bench.facts.inFlight = inFlight
    bench.acknowledgements.ended()
    assert job.heard == [heard]
    assert not bench.clock.getDelayedCalls()


def test_reset() -> None:
    """A connection that was reset proves nothing, whatever is left in flight."""
    bench = Bench()
    job = bench.job()
    bench.facts.over = True
    bench.acknowledgements.ended()
    assert job.heard == [False]


def test_whatIsBehind() -> None:
    """What was written behind the reply needs no acknowledgement of its own."""
    bench = Bench(inFlight=100)
    job = bench.job()
    bench.acknowledgements.wrote(14)
    bench.facts.inFlight = 15
    bench.acknowledgements.look()
    assert job.heard == []
    bench.facts.inFlight = 14
    bench.acknowledgements.look()
    assert job.heard == [True]
    assert not bench.clock.getDelayedCalls()


@pytest.mark.parametrize("heard", [True, False])
def test_goodbye(heard: bool) -> None:
    """Where the connection cannot be asked any more, it counts how it ended."""
    bench = Bench(inFlight=1)
    job = bench.job()
    bench.acknowledgements.lost(heard)
    assert job.heard == [heard]


def test_lost() -> None:
    """When the connection itself is gone, what was not acknowledged never will be."""
    bench = Bench(inFlight=1)
    job = bench.job()
    bench.wait(3)
    bench.facts.inFlight = 0
    bench.acknowledgements.lost()
    bench.acknowledgements.lost()
    assert job.heard == [False]
    assert not bench.clock.getDelayedCalls()


def test_nothingExpected() -> None:
    """A session without a job ends without a word."""
    bench = Bench()
    bench.acknowledgements.ended()
    assert not bench.clock.getDelayedCalls()


def test_oneAfterTheOther() -> None:
    """Each job of a session has its record once, whenever the next reply is written."""
    bench = Bench(inFlight=1)
    first = bench.job()
    bench.wait(3)
    second = bench.job()
    assert len(bench.clock.getDelayedCalls()) == 1
    bench.facts.inFlight = 0
    bench.wait(1)
    third = bench.job()
    bench.wait(1)
    assert (first.heard, second.heard, third.heard) == ([], [], [])
    bench.wait(1)
    assert (first.heard, second.heard, third.heard) == ([True], [True], [True])
    bench.wait(3)
    assert (first.heard, second.heard, third.heard) == ([True], [True], [True])
    assert not bench.clock.getDelayedCalls()


def test_notBeforeItLeft() -> None:
    """
    Under TLS a reply is with the kernel at the end of the turn: a command that is read in the same
    turn was sent before it, and says nothing.
    """
    bench = Bench()
    record: Any = Record()
    bench.acknowledgements.expect(record, buffered=True)
    bench.acknowledgements.look()
    assert record.heard == []
    bench.clock.advance(0)
    bench.acknowledgements.look()
    assert record.heard == [True]
    assert not bench.clock.getDelayedCalls()


def test_lostBeforeItLeft() -> None:
    """A connection that is lost in that turn leaves no timer."""
    bench = Bench()
    record: Any = Record()
    bench.acknowledgements.expect(record, buffered=True)
    bench.acknowledgements.lost()
    assert record.heard == [False]
    assert not bench.clock.getDelayedCalls()
