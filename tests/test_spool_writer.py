"""
The bytes of an upload on their way to a draft: in their order, a bounded number of them in memory.
"""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer

from jetdirect.errors import PrintError, SpoolFailed, SpoolFull
from jetdirect.interfaces import Delivery
from jetdirect.spool.record import Room
from jetdirect.spool.writer import HIGH, LOOK, LOW, DraftWriter
from tests.support.answers import hear


@implementer(IPushProducer)
class Written:
    """
    A draft that takes bytes when the test lets it, and who produces them.

    @ivar data: what is in it; C{under}: what is being written.
    @ivar done: what else was asked for.
    """

    def __init__(self) -> None:
        self.data = b""
        self.under: list[tuple[bytes, Deferred[None]]] = []
        self.done: list[str] = []
        self.lost: list[PrintError] = []
        self.space = Room(1 << 40, 1 << 40)
        this: Any = self
        self.writer = DraftWriter(this, this, lambda total: 1000, self.lost.append, self._commit)
        self.writer.registerProducer(self, True)

    def write(self, data: bytes) -> Deferred[None]:
        written: Deferred[None] = Deferred()
        self.under.append((data, written))
        return written

    def discard(self) -> Deferred[None]:
        self.done.append("discarded")
        return succeed(None)

    def room(self) -> Deferred[Room]:
        self.done.append("looked")
        return succeed(self.space)

    def _commit(self) -> Deferred[Delivery]:
        self.done.append("committed")
        return succeed(Delivery.QUEUED)

    def pauseProducing(self) -> None:
        self.done.append("paused")

    def resumeProducing(self) -> None:
        self.done.append("resumed")

    def stopProducing(self) -> None:
        """Not called."""

    def take(self) -> None:
        """What is being written is in the draft."""
        data, written = self.under.pop(0)
        self.data += data
        written.callback(None)

    def fail(self, error: Exception) -> None:
        """It cannot be written."""
        self.under.pop(0)[1].errback(Failure(error))


def test_order() -> None:
    """One piece is written at a time; what comes meanwhile is the next one, whole."""
    written = Written()
    for data in (b"a", b"b", b"", b"c"):
        written.writer.write(data)
    assert [data for data, _ in written.under] == [b"a"]
    written.take()
    assert [data for data, _ in written.under] == [b"bc"]
    written.take()
    assert written.data == b"abc" and written.under == []
    assert written.writer.sent == 0 and written.done == []


def test_backPressure() -> None:
    """The sender is paused when too much waits, once, and goes on when little does."""
    written = Written()
    written.writer.write(b"a" * HIGH)
    assert written.done == []
    written.writer.write(b"b")
    written.writer.write(b"c" * LOW)
    assert written.done == ["paused"]
    written.take()
    assert written.done == ["paused"]
    written.take()
    assert written.done == ["paused", "resumed"]


def test_finish() -> None:
    """It is committed when all that was written is in the draft, not before."""
    written = Written()
    written.writer.write(b"a")
    written.writer.write(b"b")
    finished = hear(written.writer.finish())
    written.take()
    assert finished == [] and written.done == []
    written.take()
    assert finished == [Delivery.QUEUED] and written.done == ["committed"]


def test_finishAtOnce() -> None:
    """Nothing is waited for where nothing is under way."""
    written = Written()
    assert hear(written.writer.finish()) == [Delivery.QUEUED]


@pytest.mark.parametrize("busy", [False, True])
def test_abort(busy: bool) -> None:
    """What came of it is discarded, when nobody writes it any more."""
    written = Written()
    written.writer.write(b"a")
    written.writer.write(b"b")
    if not busy:
        written.take()
        written.take()
    aborted = hear(written.writer.abort(b"tail"))
    assert (aborted, written.done) == (([], []) if busy else ([None], ["discarded"]))
    if busy:
        written.take()
    assert aborted == [None] and written.done == ["discarded"]
    written.writer.write(b"c")
    assert written.under == [] and written.lost == []


@pytest.mark.parametrize("error", [SpoolFull("full"), SpoolFailed("failed"), KeyError("ours")])
@pytest.mark.parametrize("finishing", [False, True])
def test_lost(error: Exception, finishing: bool) -> None:
    """A draft that lacks bytes is never committed; it is told once, and drops what comes."""
    written = Written()
    written.writer.write(b"a")
    written.writer.write(b"b")
    finished = hear(written.writer.finish()) if finishing else []
    written.fail(error)
    told = error if isinstance(error, PrintError) else written.lost[0]
    assert written.lost == [told] and isinstance(told, PrintError)
    assert finished == ([told] if finishing else [])
    written.writer.write(b"c")
    assert "committed" not in written.done and written.under == []


def test_lostBehindAnAbort() -> None:
    """Nobody is told of it who wanted no more."""
    written = Written()
    written.writer.write(b"a")
    aborted = hear(written.writer.abort(b""))
    written.fail(SpoolFull("full"))
    assert aborted == [None] and written.done == ["discarded"] and written.lost == []


def test_room() -> None:
    """A long job looks at times whether the disk has the room that is to stay free."""
    written = Written()
    written.writer.write(b"a" * (LOOK - 1))
    written.take()
    assert "looked" not in written.done
    written.space = Room(999, 1 << 40)
    written.writer.write(b"b")
    written.take()
    assert "looked" in written.done and isinstance(written.lost[0], SpoolFull)
