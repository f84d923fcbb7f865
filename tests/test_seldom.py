"""
Warnings that a peer can cause as often as it likes, written now and then.
"""

from __future__ import annotations

from twisted.internet.testing import MemoryReactorClock
from twisted.logger import Logger, capturedLogs, formatEvent

from jetdirect.ftp.seldom import MOST_HOSTS, Seldom


def test_logOfManyHosts() -> None:
    """Nor do very many hosts fill the log, or the memory, within a minute."""
    clock = MemoryReactorClock()
    seldom = Seldom(clock)
    with capturedLogs() as events:
        for number in range(3 * MOST_HOSTS):
            seldom.warn(Logger(), f"h{number}", "{host} is strange", host=number)
        assert len(events) == len(seldom._told) == MOST_HOSTS
        clock.advance(60)
        seldom.warn(Logger(), "h", "{host} is strange", host="h")
    assert len(events) == MOST_HOSTS + 1 and len(seldom._told) == 1


def test_counted() -> None:
    """A host has one line of a kind a minute; the next one says how many were not written."""
    clock, log = MemoryReactorClock(), Logger()
    seldom = Seldom(clock)
    with capturedLogs() as events:
        for host in ("a", "a", "a", "b"):
            seldom.warn(log, host, "{host} is strange", host=host)
        seldom.warn(log, "a", "{host} is late", host="a")
        clock.advance(59.9)
        seldom.warn(log, "a", "{host} is strange", host="a")
        clock.advance(0.1)
        for _ in range(2):
            seldom.warn(log, "a", "{host} is strange", host="a")
        seldom.warn(log, "b", "{host} is strange", host="b")
    assert [formatEvent(event) for event in events] == [
        "a is strange",
        "b is strange",
        "a is late",
        "a is strange, and 3 times since the last such line",
        "b is strange",
    ]
