"""
Streams gather in the kernel; what is no stream, or the end of one, is not held back.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator

import pytest
from twisted.internet.task import Clock

from jetdirect.ftp.gathering import GATHERED, MOST_GATHERED, QUICK, TICK, Gathering

HOLD = 0.02
"""Seconds for which something may be held back at most (what was asked for)."""


class Stream:
    """A sender, and the socket that is read."""

    def __init__(self) -> None:
        self.sender, self.socket = _connected()
        self.clock = Clock()
        self.gathering = Gathering(self.socket, self.clock)

    @property
    def mark(self) -> int:
        """How many bytes the kernel waits for."""
        return self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)

    @property
    def readable(self) -> bool:
        """Would the reactor be woken?"""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return bool(poll.poll(0))

    def read(self, size: int = 1448) -> None:
        """A piece came."""
        self.gathering.read(size, self.clock.seconds())

    def flow(self) -> None:
        """It has become a stream."""
        for _ in range(QUICK):
            self.read()
            self.clock.advance(TICK / (2 * QUICK))
        assert self.mark == GATHERED

    def close(self) -> None:
        self.gathering.stop()
        self.sender.close()
        self.socket.close()


def _connected() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = socket.create_connection(listener.getsockname())
        return sender, listener.accept()[0]


@pytest.fixture
def stream() -> Iterator[Stream]:
    stream = Stream()
    yield stream
    stream.close()
    assert not stream.clock.getDelayedCalls()


def test_quickPieces(stream: Stream) -> None:
    """The kernel wakes nobody for one segment of a stream, but for as many as make it worth it."""
    stream.flow()
    stream.sender.send(bytes(1448))
    assert not stream.readable
    sent = 1448
    while sent < GATHERED:
        sent += stream.sender.send(bytes(GATHERED - sent))
    poll = select.poll()
    poll.register(stream.socket, select.POLLIN)
    assert poll.poll(20_000)


@pytest.mark.parametrize("gap", [TICK / QUICK * 1.2, 1.0])
def test_slowPieces(stream: Stream, gap: float) -> None:
    """A conversation is no stream."""
    for _ in range(10 * QUICK):
        stream.read(18)
        stream.clock.advance(gap)
    assert stream.mark == 1


def test_bigPieces(stream: Stream) -> None:
    """Where much comes at a time there is nothing to gain."""
    for _ in range(10 * QUICK):
        stream.read(GATHERED)
        stream.clock.advance(TICK / (2 * QUICK))
    assert stream.mark == 1


@pytest.mark.parametrize("late", [0.0, TICK * 0.1, TICK * 0.9])
def test_lastPieceIsNotHeldBack(stream: Stream, late: float) -> None:
    """Whenever a stream falters, its last bytes are told within 20 ms, with no end behind them."""
    stream.flow()
    stream.clock.advance(late)
    stream.read(GATHERED)
    stream.sender.send(b"@PJL INFO STATUS\r\n")
    assert not stream.readable
    waited = 0.0
    while not stream.readable:
        stream.clock.advance(0.001)
        waited += 0.001
        assert waited <= HOLD
    assert stream.mark == 1


def test_endIsNotHeldBack(stream: Stream) -> None:
    """A few bytes and a FIN are told at once."""
    stream.flow()
    stream.sender.send(b"\f")
    stream.sender.close()
    assert stream.readable


def test_streamGoesOn(stream: Stream) -> None:
    """As long as something comes in each tick, it gathers; and again after a pause."""
    stream.flow()
    for _ in range(100):
        stream.read(GATHERED)
        stream.clock.advance(TICK)
        assert stream.mark == GATHERED
    stream.clock.pump([TICK] * 2)
    assert stream.mark == 1
    stream.flow()


@pytest.mark.parametrize(
    ("brought", "gathered"),
    [
        (GATHERED, GATHERED),
        (4 * GATHERED - 1, GATHERED),
        (4 * GATHERED, 2 * GATHERED),
        (2 * MOST_GATHERED, MOST_GATHERED),
        (100 * MOST_GATHERED, MOST_GATHERED),
    ],
)
def test_halfOfTheLastTick(stream: Stream, brought: int, gathered: int) -> None:
    """A quick stream gathers more, within bounds, and less again when it slows down."""
    stream.flow()
    stream.clock.advance(TICK)
    stream.read(brought - 1448)
    stream.read(1448)
    stream.clock.advance(TICK)
    assert stream.mark == gathered
    stream.read(1448)
    stream.clock.advance(TICK)
    assert stream.mark == GATHERED
    stream.clock.advance(TICK)
    assert stream.mark == 1
