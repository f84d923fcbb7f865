"""
Turns: whatever one session sends, the others' commands are done, too.
"""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.ftp.control import READ_SIZE
from jetdirect.ftp.settings import SessionSettings
from jetdirect.ftp.turns import LATELY, LINES_A_SLICE, SLICE, TURN, Turns
from jetdirect.gateway import Gateway
from jetdirect.testing import FakePrinter, FakeSender
from tests.support.turn import turn


class Busy:
    """
    A session that always has more to do, and takes its time for it.

    @ivar slices: how many it had.
    """

    def __init__(self, clock: Clock, host: str, seconds: float = 0.0, slices: int = 10**9) -> None:
        self.host = host
        self.slices = 0
        self._clock = clock
        self._seconds = seconds
        self._most = slices

    def work(self, until: float) -> bool:
        self.slices += 1
        self._clock.rightNow += self._seconds  # nothing else happens meanwhile
        return self.slices < self._most


def gateway() -> Gateway:
    """A gateway in memory with one printer."""
    settings = SessionSettings(maxSessions=50)
    return Gateway(Configuration([FakePrinter()], [], settings), MemoryReactorClock())


def test_nobodyWaits() -> None:
    """As long as nobody floods, what came is done at once, and no timer is made."""
    clock = Clock()
    session = Busy(clock, "a", slices=1)
    Turns(clock).take(session)
    assert (session.slices, clock.getDelayedCalls()) == (1, [])


def test_oneSliceATurn() -> None:
    """A host that has more has one slice in each turn of the reactor, and the rest waits."""
    clock = Clock()
    session = Busy(clock, "a", slices=4)
    Turns(clock).take(session)
    seen = [session.slices]
    while turn(clock):
        seen.append(session.slices)
    assert seen == [1, 2, 3, 4]


def test_aTurnEnds() -> None:
    """Many slow sessions share one turn's time; those that were not reached come first next."""
    clock = Clock()
    turns = Turns(clock)
    sessions = [Busy(clock, f"h{n}", SLICE) for n in range(10)]
    for each in sessions:
        turns.take(each)
    began = clock.seconds()
    turn(clock)
    assert clock.seconds() - began <= TURN + SLICE
    before = [each.slices for each in sessions]
    for _ in range(10):
        turn(clock)
    counts = [each.slices - had for each, had in zip(sessions, before, strict=True)]
    assert max(counts) - min(counts) <= 1


def test_hostsTakeTurns() -> None:
    """A hundred flooding sessions of one host leave every second slice to another host."""
    clock = Clock()
    turns = Turns(clock)
    crowd = [Busy(clock, "crowd", SLICE) for _ in range(100)]
    for each in crowd:
        turns.take(each)
    other = Busy(clock, "other", SLICE)
    turns.take(other)
    before = sum(each.slices for each in crowd)
    while other.slices < 20:
        turn(clock)
    assert sum(each.slices for each in crowd) - before <= 22


def test_fewCommandsFirst() -> None:
    """However many hosts flood, a sender's next command is done in the next turn."""
    clock = Clock()
    turns = Turns(clock)
    for n in range(50):
        turns.take(Busy(clock, f"h{n % 5}", SLICE))
    for _ in range(20):
        turn(clock)
    sender = Busy(clock, "sender", SLICE / 4, slices=1)
    for number in range(10):
        turns.take(sender)
        assert sender.slices == number
        turn(clock)
        assert sender.slices == number + 1


def test_floodsAreForgotten() -> None:
    """A host that has had much is as good as anybody a little later."""
    clock = Clock()
    turns = Turns(clock)
    one, two = Busy(clock, "one", SLICE), Busy(clock, "two", SLICE)
    turns.take(one)
    for _ in range(100):
        turn(clock)
    clock.rightNow += LATELY
    had = one.slices
    turns.take(two)
    for _ in range(10):
        turn(clock)
    assert abs((one.slices - had) - two.slices) <= 1


def test_aSliceEach() -> None:
    """Many sessions that each send no more than a slice leave half of the time to others."""
    clock = Clock()
    turns = Turns(clock)
    sessions = [Busy(clock, f"h{n}", SLICE, slices=1) for n in range(100)]
    for each in sessions:
        turns.take(each)
    assert clock.seconds() <= TURN + SLICE
    assert sum(each.slices for each in sessions) <= TURN / SLICE + 1


def test_forgotten() -> None:
    """A session that has ended has no turn any more, and no timer stays."""
    clock = Clock()
    turns = Turns(clock)
    sessions = [Busy(clock, "a"), Busy(clock, "a"), Busy(clock, "b")]
    for each in sessions:
        turns.take(each)
    for each in sessions:
        turns.forget(each)
    counts = [each.slices for each in sessions]
    assert not clock.getDelayedCalls()
    clock.advance(1)
    assert [each.slices for each in sessions] == counts


def test_linesWait() -> None:
    """Of many lines in one piece a slice is done in each turn, and nothing is read meanwhile."""
    sender = FakeSender(gateway().factory)
    count = 3 * LINES_A_SLICE + 1
    heard = sender.say(b"\r\n".join([b"NOOP"] * count))
    assert heard.count("200") == LINES_A_SLICE
    assert sender.wire.producerState == "paused"
    for _ in range(3):
        turn(sender.reactor)
        heard = sender.hear()
        assert 0 < heard.count("200") <= LINES_A_SLICE
    assert sender.wire.producerState == "producing"
    assert not [call for call in sender.reactor.getDelayedCalls() if call.getTime() == 0]


def test_emptyLinesCount() -> None:
    """Lines that are answered by nothing cost time, too."""
    sender = FakeSender(gateway().factory)
    sender.wire.receive(b"\n" * 1000)
    assert sender.wire.producerState == "paused"


def test_othersAreAnswered() -> None:
    """Beside a flood another host logs in within a turn of the reactor for each command."""
    factory = gateway().factory
    flood = FakeSender(factory, "192.0.2.66")
    flood.wire.receive(b"HELP\n" * 13_107)
    other = FakeSender(factory, "192.0.2.7")
    for line, code in (("USER a", "331"), ("PASS b", "230"), ("PWD", "257")):
        heard = other.say(line)
        if not heard:
            turn(other.reactor)
            heard = other.hear()
        assert code in heard
    assert flood.wire.producerState == "paused"


def test_endOfAFlood() -> None:
    """A flood that ends in a reset leaves neither timers nor sessions."""
    made = gateway()
    flood = FakeSender(made.factory)
    flood.wire.receive(b"NOOP\n" * 1000)
    flood.wire.rst()
    assert not made.factory.sessions
    assert not flood.reactor.getDelayedCalls()


def test_resetBehindManyLines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reset is seen while lines wait that came before it, and they are not done any more."""
    made = gateway()
    sender = FakeSender(made.factory)
    sender.login()
    sender.begin("a")
    sender.wire.receive(b"\n" * 100 * LINES_A_SLICE)
    assert made.server.ports[0].jobs
    monkeypatch.setattr(sender.wire, "reset", lambda: True)  # the kernel knows, Twisted does not
    turn(sender.reactor)
    assert not sender.wire.connected
    assert not made.server.ports[0].jobs


def test_orderIsKept() -> None:
    """Replies come in the order of the lines, over however many turns."""
    sender = FakeSender(gateway().factory)
    sender.login()
    wanted = []
    lines = []
    for number in range(5 * LINES_A_SLICE):
        lines.append(b"NOOP" if number % 3 else b"SYST")
        wanted.append("200" if number % 3 else "215")
    heard = sender.say(b"\n".join(lines))
    while turn(sender.reactor):
        heard += "\n" + sender.hear()
    assert [line[:3] for line in heard.splitlines() if line] == wanted


def test_readInPieces() -> None:
    """A connection is read in pieces of one line of the longest, and not of 64 KiB."""
    sender = FakeSender(gateway().factory)
    assert sender.wire.bufferSize == READ_SIZE  # type: ignore[attr-defined]
