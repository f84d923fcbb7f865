"""
The reactor of the command: its connections' epoll has Twisted's inside.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from jetdirect.net.commandreactor import CommandReactor
from jetdirect.net.events import IN, Events
from tests.support.line import descriptors

DONE = Failure(ConnectionDone())


class One:
    """Waits for what happens to one end of a pair of sockets."""

    def __init__(self, events: Events) -> None:
        self.near, self.far = socket.socketpair()
        self.told: list[object] = []
        self._events = events
        events.want(self.near.fileno(), self, IN)

    def happened(self, events: int) -> None:
        self.told.append(self.near.recv(99))

    def lost(self, reason: Failure) -> None:
        self.told.append(reason)
        self.close()

    def close(self) -> None:
        self._events.forget(self.near.fileno())
        self.near.close()
        self.far.close()


@pytest.fixture
def reactor() -> Iterator[Any]:
    """A reactor of its own, of which nothing stays."""
    before = descriptors()
    made: Any = CommandReactor()
    yield made
    for each in [*made.removeAll(), made.waker]:
        each.connectionLost(DONE)
    made._poller.close()
    assert descriptors() == before


def test_oneWait(reactor: Any) -> None:
    """A connection is told in the call with which the reactor waits, and no other call is made."""
    events = Events(reactor)
    one = One(events)
    reactor.doPoll = None  # nothing of Twisted's is looked at
    one.far.send(b"!")
    reactor.doIteration(None)
    assert one.told == [b"!"]
    reactor.doIteration(0.0)
    assert one.told == [b"!"]
    del reactor.doPoll
    one.close()


def test_theRestIsSeen(reactor: Any) -> None:
    """A thread's call ends the wait, with connections and without."""
    for connections in (0, 1):
        ones = [One(Events(reactor)) for _ in range(connections)]
        called: list[int] = []
        thread = threading.Thread(target=reactor.callFromThread, args=(called.append, 1))
        thread.start()
        reactor.doIteration(None)
        reactor.runUntilCurrent()
        thread.join()
        assert called == [1]
        for each in ones:
            each.close()


def test_timers(reactor: Any) -> None:
    """What waits for its time does not wait for a connection."""
    one, called = One(Events(reactor)), list[int]()
    reactor.callLater(0.01, called.append, 1)
    while not called:
        reactor.runUntilCurrent()
        reactor.doIteration(reactor.timeout() if not called else 0)
    assert one.told == []
    one.close()


def test_second(reactor: Any) -> None:
    """Of two epolls of connections the second is one descriptor of Twisted's, as elsewhere."""
    first, second = Events(reactor), Events(reactor)
    ones = [One(first), One(second)]
    assert {first, second} <= {*reactor.getReaders()}
    for each in ones:
        each.far.send(b"!")
    while not all(each.told for each in ones):
        reactor.doIteration(None)
    for each in ones:
        each.close()


def test_stops(reactor: Any) -> None:
    """A reactor that stops ends its connections, as any other; a new one begins anew."""
    events = Events(reactor)
    one = One(events)
    removed = reactor.removeAll()
    assert events in removed and events not in reactor.getReaders()
    events.connectionLost(DONE)
    assert one.told == [DONE]
    later = One(events)
    later.far.send(b"!")
    while not later.told:
        reactor.doIteration(None)
    later.close()


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        ("", "CommandReactor"),
        ("from twisted.internet import selectreactor as one; one.install()", "SelectReactor"),
    ],
)
def test_installed(before: str, kind: str) -> None:
    """The command has it, unless its user has chosen another (C{twistd --reactor})."""
    said = "from jetdirect.tap import Options; print(type(Options().reactor).__name__)"
    ran = subprocess.run(
        [sys.executable, "-c", f"{before}\n{said}"], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == [kind]
