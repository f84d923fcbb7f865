"""
What is counted as a turn of the reactor, and what is not.
"""

from __future__ import annotations

import time
from typing import Any

from laboratory.printers.watched import WatchedPoll

#: Seconds; a busy machine takes some from a turn that does nothing.
LONG, SHORT = 0.4, 0.2


class Poll:
    """Waits so long."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.asked: list[tuple[Any, ...]] = []

    def poll(self, *arguments: Any) -> str:
        self.asked.append(arguments)
        time.sleep(self.seconds)
        return "events"

    def register(self, descriptor: int) -> str:
        return f"{descriptor} registered"


def test_waiting() -> None:
    """Waiting for something to happen is no turn; the reactor notices no difference."""
    poll = Poll(LONG)
    watched = WatchedPoll(poll)
    assert watched.poll(1.5, 3) == watched.poll() == "events"
    assert poll.asked == [(1.5, 3), ()]
    assert watched.register(7) == "7 registered"
    assert 0 < watched.longest < SHORT


def test_blocked() -> None:
    """A turn that sleeps in the kernel holds everybody up."""
    watched = WatchedPoll(Poll(0))
    watched.poll()
    time.sleep(LONG)
    watched.poll()
    watched.poll()
    assert watched.longest > LONG * 0.9


def test_busy() -> None:
    """So does one that computes; what it waits for a processor does not count."""
    watched = WatchedPoll(Poll(0))
    watched.poll()
    began = time.thread_time()
    while time.thread_time() - began < LONG:
        pass
    watched.poll()
    assert watched.longest > LONG * 0.9
