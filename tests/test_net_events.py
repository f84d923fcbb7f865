"""
The epoll inside the reactor.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import error
from twisted.internet import reactor as theReactor
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from jetdirect.net.events import IN, Events
from tests.support.line import descriptors, until

reactor: Any = theReactor


class One:
    """Counts what happens to it; C{then} may do something about it."""

    def __init__(self) -> None:
        self.events: list[int] = []
        self.reasons: list[Failure] = []
        self.then: Callable[[], object] = lambda: None

    def happened(self, events: int) -> None:
        self.events.append(events)
        self.then()

    def lost(self, reason: Failure) -> None:
        self.reasons.append(reason)


@pytest_twisted.ensureDeferred
async def test_thereWhileSomebodyWaits() -> None:
    """The reactor knows of it only then, and no descriptor stays."""
    before = descriptors()
    events, one = Events(reactor), One()
    assert (events.fileno(), events.logPrefix()) == (-1, "-")
    near, far = socket.socketpair()
    with near, far:
        events.want(near.fileno(), one, IN)
        assert events in reactor.getReaders()
        far.send(b"!")
        await until(lambda: one.events)
        events.want(near.fileno(), one, 0)
        events.want(near.fileno(), one, 0)
        events.forget(near.fileno())
        assert events not in reactor.getReaders()
    assert one.events == [IN]
    assert descriptors() == before


@pytest_twisted.ensureDeferred
async def test_descriptorOfTheSameNumber() -> None:
    """
    An event is on its way; its descriptor is closed, and another gets the number: whoever has that
    looks, and nothing goes wrong.
    """
    events, first, second, third = Events(reactor), One(), One(), One()
    pairs = [socket.socketpair() for _ in range(3)]
    (near, far), (near2, far2), (near3, _) = pairs
    waiting = {each.fileno(): one for each, one in ((near, first), (near2, second))}
    for number, one in waiting.items():
        events.want(number, one, IN)
    wires = {near.fileno(): near, near2.fileno(): near2}

    def swap(mine: int) -> None:
        [other] = set(wires) - {mine}
        if wires[other].fileno() < 0:
            return  # both had their event in one turn, or it came again
        events.forget(other)
        wires[other].close()
        os.dup2(near3.fileno(), other)
        events.want(other, third, IN)

    for number, one in waiting.items():
        one.then = lambda number=number: swap(number)  # type: ignore[misc]
    far.send(b"!")
    far2.send(b"!")
    await until(lambda: first.events or second.events)
    await deferLater(reactor, 0)
    assert len(first.events) + len(second.events) >= 1
    assert not first.reasons and not second.reasons and not third.reasons
    for number in wires:
        events.forget(number)
    events.connectionLost(Failure(error.ConnectionLost()))
    for near, far in pairs:
        far.close()
        if near.fileno() not in wires:
            near.close()
    for number in list(wires):
        os.close(number)
    for wire in wires.values():
        wire.detach()


@pytest_twisted.ensureDeferred
async def test_soon() -> None:
    """A call waits for the end of what goes on, and fails alone."""
    events, one = Events(reactor), One()
    done: list[str] = []
    events.soon(done.append, "after this turn")
    assert done == []
    await deferLater(reactor, 0)
    assert done == ["after this turn"]
    near, far = socket.socketpair()
    with near, far:

        def then() -> None:
            events.soon(done.append, "after")
            done.append("before")

        one.then = then
        events.want(near.fileno(), one, IN)
        far.send(b"!")
        await until(lambda: len(done) >= 3)
        events.forget(near.fileno())
    assert done[:3] == ["after this turn", "before", "after"]


@pytest_twisted.ensureDeferred
async def test_theLastGoesAndAnotherComes() -> None:
    """While it is looked at the epoll stays the same: the reactor gives up one that changes."""
    events, one, other = Events(reactor), One(), One()
    lowest = os.dup(0)
    near, far = socket.socketpair()
    numbers = []
    with near, far:

        def then() -> None:
            events.want(near.fileno(), one, 0)
            os.close(lowest)  # a new epoll would get this number
            events.want(near.fileno(), other, IN)
            numbers.append(events.fileno())
            one.then = lambda: None

        one.then = then
        events.want(near.fileno(), one, IN)
        numbers.append(events.fileno())
        far.send(b"!")
        await until(lambda: other.events)
        assert numbers[0] == numbers[1] > lowest
        other.then = lambda: events.forget(near.fileno())
        await until(lambda: events.fileno() == -1)
    assert events not in reactor.getReaders()
    assert one.reasons == other.reasons == []


@pytest_twisted.ensureDeferred
async def test_mistake(flushErrors: Callable[..., Any]) -> None:
    """Whoever fails is told that it is lost, and the log has it."""
    events, one = Events(reactor), One()
    near, far = socket.socketpair()
    with near, far:

        def fail() -> None:
            near.recv(1)
            raise SystemExit

        one.then = fail
        events.want(near.fileno(), one, IN)
        far.send(b"!")
        await until(lambda: one.reasons)
        events.forget(near.fileno())
    assert one.reasons[0].type is SystemExit
    assert len(flushErrors(SystemExit)) == 1


def test_reactorStops() -> None:
    """Everybody is lost."""
    events, one = Events(reactor), One()
    near, far = socket.socketpair()
    with near, far:
        events.want(near.fileno(), one, IN)
        events.connectionLost(Failure(error.ConnectionLost()))
        events.forget(near.fileno())
    assert [each.type for each in one.reasons] == [error.ConnectionLost]


@pytest.mark.parametrize("mistake", [False, True])
@pytest_twisted.ensureDeferred
async def test_oneOfMany(mistake: bool, flushErrors: Callable[..., Any]) -> None:
    """A mistake in a call that waited keeps nobody from being told."""
    events = Events(reactor)
    done: list[int] = []

    def call(number: int) -> None:
        if mistake and number == 1:
            raise SystemExit
        done.append(number)

    for number in range(3):
        events.soon(call, number)
    await deferLater(reactor, 0)
    assert done == ([0, 2] if mistake else [0, 1, 2])
    assert len(flushErrors(SystemExit)) == mistake
