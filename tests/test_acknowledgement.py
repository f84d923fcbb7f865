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

    def unread(self) -> int:
        return 0

    def silence(self) -> Silence | None:
        return None


class Record:
    """In a job's place."""

    def __init__(self) -> None:
        self.heard: list[bool] = []

    def complete(self, heard: bool = True) -> None:
        self.heard.append(heard)


class Replies:
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
            self.clock.advance(0.25)


def test_heard() -> None:
    """
    The record is written once the reply is acknowledged, and nothing came behind it for a while.
    """
    replied = Replies()
    job = replied.job()
    replied.wait(1)
    assert job.heard == []
    replied.wait(1)
    assert job.heard == [True]
    assert not replied.clock.getDelayedCalls()


def test_killedWithTheReplyUnread() -> None:
    """
    The kernel of a process that was killed acknowledges the reply, then resets the connection.
    """
    replied = Replies()
    job = replied.job()
    replied.wait(1)
    replied.clock.advance(0.2)
    assert job.heard == []
    replied.acknowledgements.lost()
    assert job.heard == [False]
    assert not replied.clock.getDelayedCalls()


def test_resetAtTheLastLook() -> None:
    """A reset that the reactor has not told yet is seen."""
    replied = Replies()
    job = replied.job()
    replied.wait(1)
    replied.facts.over = True
    replied.wait(3)
    assert job.heard == []
    replied.acknowledgements.lost()
    assert job.heard == [False]


def test_notYetHeard() -> None:
    """As long as it is not acknowledged the record waits, be it for hours."""
    replied = Replies(inFlight=1)
    job = replied.job()
    replied.wait(10_000)
    assert job.heard == []
    replied.facts.inFlight = 0
    replied.wait(2)
    assert job.heard == [True]


def test_nextWord() -> None:
    """A sender that says something after the reply is alive: the record waits no longer."""
    replied = Replies()
    job = replied.job()
    replied.acknowledgements.look()
    assert job.heard == [True]
    assert not replied.clock.getDelayedCalls()


@pytest.mark.parametrize(("inFlight", "heard"), [(0, True), (1, False)])
def test_closed(inFlight: int, heard: bool) -> None:
    """The sender ends the connection: what it has acknowledged by then it has heard."""
    replied = Replies(inFlight=1)
    job = replied.job()
    replied.wait(3)
    replied.facts.inFlight = inFlight
    replied.acknowledgements.ended()
    assert job.heard == [heard]
    assert not replied.clock.getDelayedCalls()


def test_reset() -> None:
    """A connection that was reset proves nothing, whatever is left in flight."""
    replied = Replies()
    job = replied.job()
    replied.facts.over = True
    replied.acknowledgements.ended()
    assert job.heard == [False]


def test_whatIsBehind() -> None:
    """What was written behind the reply needs no acknowledgement of its own."""
    replied = Replies(inFlight=100)
    job = replied.job()
    replied.acknowledgements.wrote(14)
    replied.facts.inFlight = 15
    replied.acknowledgements.look()
    assert job.heard == []
    replied.facts.inFlight = 14
    replied.acknowledgements.look()
    assert job.heard == [True]
    assert not replied.clock.getDelayedCalls()


@pytest.mark.parametrize("heard", [True, False])
def test_goodbye(heard: bool) -> None:
    """Where the connection cannot be asked any more, it counts how it ended."""
    replied = Replies(inFlight=1)
    job = replied.job()
    replied.acknowledgements.lost(heard)
    assert job.heard == [heard]


def test_lost() -> None:
    """When the connection itself is gone, what was not acknowledged never will be."""
    replied = Replies(inFlight=1)
    job = replied.job()
    replied.wait(3)
    replied.facts.inFlight = 0
    replied.acknowledgements.lost()
    replied.acknowledgements.lost()
    assert job.heard == [False]
    assert not replied.clock.getDelayedCalls()


def test_nothingExpected() -> None:
    """A session without a job ends without a word."""
    replied = Replies()
    replied.acknowledgements.ended()
    assert not replied.clock.getDelayedCalls()


def test_oneAfterTheOther() -> None:
    """Each job of a session has its record once, whenever the next reply is written."""
    replied = Replies(inFlight=1)
    first = replied.job()
    replied.wait(3)
    second = replied.job()
    assert len(replied.clock.getDelayedCalls()) == 1
    replied.facts.inFlight = 0
    replied.wait(1)
    third = replied.job()
    replied.wait(1)
    assert (first.heard, second.heard, third.heard) == ([], [], [])
    replied.wait(1)
    assert (first.heard, second.heard, third.heard) == ([True], [True], [True])
    replied.wait(3)
    assert (first.heard, second.heard, third.heard) == ([True], [True], [True])
    assert not replied.clock.getDelayedCalls()


def test_notBeforeItLeft() -> None:
    """
    Under TLS a reply is with the kernel at the end of the turn: a command that is read in the same
    turn was sent before it, and says nothing.
    """
    replied = Replies()
    record: Any = Record()
    replied.acknowledgements.expect(record, buffered=True)
    replied.acknowledgements.look()
    assert record.heard == []
    replied.clock.advance(0)
    replied.acknowledgements.look()
    assert record.heard == [True]
    assert not replied.clock.getDelayedCalls()


def test_lostBeforeItLeft() -> None:
    """A connection that is lost in that turn leaves no timer."""
    replied = Replies()
    record: Any = Record()
    replied.acknowledgements.expect(record, buffered=True)
    replied.acknowledgements.lost()
    assert record.heard == [False]
    assert not replied.clock.getDelayedCalls()
