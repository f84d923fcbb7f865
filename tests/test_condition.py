"""
Whether a printer works: told once when it stops, and once when it is back.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from jetdirect.condition import PATIENCE, Condition
from jetdirect.errors import PrinterUnreachable
from jetdirect.interfaces import IPrinterConnection, IPrintJob, PrinterStatus
from jetdirect.job import Sender
from jetdirect.named import CONNECT_TIMEOUT
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter
from jetdirect.watch.log import LogWatcher

Told = Callable[[], list[tuple[bool, str]]]


@pytest.fixture
def clock() -> Clock:
    """Time that stands still."""
    return Clock()


@pytest.fixture
def said() -> list[tuple[bool, str]]:
    """What was told of the condition: is it bad now, and the message."""
    return []


@pytest.fixture
def condition(clock: Clock, said: list[tuple[bool, str]]) -> Condition:
    """Of a printer of which nothing is known."""
    found = Condition(clock, lambda: said.append((found.bad, found.message)))
    return found


@pytest.fixture
def told(said: list[tuple[bool, str]]) -> Told:
    """What was told since it was last asked for."""

    def since() -> list[tuple[bool, str]]:
        new = said[:]
        said.clear()
        return new

    return since


def test_reachedAgain(condition: Condition, clock: Clock, told: Told) -> None:
    """Two lines for a printer that was away, however many jobs it did not get meanwhile."""
    for _ in range(10):
        condition.unreachable("it refused the connection", True)
        clock.advance(12)
    assert told() == [(True, "cannot be reached: it refused the connection")]
    for _ in range(3):
        condition.reached()
    assert told() == [(False, "is reached again, after 120 s")]
    condition.unreachable("it refused the connection", True)
    assert len(told()) == 1


def test_shortPause(condition: Condition, clock: Clock, told: Told) -> None:
    """A printer that refuses for a moment after each of its jobs is no line at all."""
    for _ in range(5):
        condition.unreachable("it refused the connection")
        clock.advance(PATIENCE - 0.1)
        condition.unreachable("it refused the connection")
        condition.reached()
    assert told() == []
    condition.unreachable("it refused the connection")
    clock.advance(PATIENCE)
    condition.unreachable("it refused the connection")
    assert [bad for bad, _ in told()] == [True]


def test_stopped(condition: Condition, clock: Clock, told: Told) -> None:
    """What the printer says of itself is told when it changes, and not each time it is asked."""
    empty = PrinterStatus("stopped", ("media-empty",))
    for status in (PrinterStatus("idle"), empty, empty):
        condition.said(status)
    assert told() == [(True, "stopped: media-empty")]
    condition.said(PrinterStatus("stopped", ("media-empty", "door-open")))
    assert told() == [(True, "stopped: media-empty, door-open")]
    clock.advance(95)
    condition.said(PrinterStatus())
    assert told() == []
    condition.said(PrinterStatus("processing"))
    condition.said(PrinterStatus("idle"))
    assert told() == [(False, "works again, after 95 s")]


def test_notTheSame(condition: Condition, told: Told) -> None:
    """A printer without paper is reached, and is still without paper."""
    condition.said(PrinterStatus("stopped", ("media-empty",)))
    condition.reached()
    assert len(told()) == 1


class Away(FakePrinter):
    """Cannot be reached until it is there."""

    there = False

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        if not self.there:
            raise PrinterUnreachable("it is switched off")
        return super().open(job)


def test_port(clock: Clock) -> None:
    """A printing port's watchers are told of its printer, and the log says it in a line."""
    printer = Away()
    server = PrintServer([printer], clock)
    server.watch(LogWatcher())

    def lines() -> list[tuple[str, str]]:
        job = server.submit(server.ports[0], "a", Sender("bob", "10.0.0.1", 1024))
        job.whenOpened().addErrback(lambda failure: None)
        clock.pump([1.0] * int(CONNECT_TIMEOUT))
        about = [each for each in events if "condition" in each]
        return [(each["log_level"].name, formatEvent(each) or "") for each in about]

    with capturedLogs() as events:
        away = lines()
        printer.there = True
        both = lines()
    called = f"PORT1 ({printer.description})"
    assert away == [("warn", f"{called} cannot be reached: it is switched off")]
    assert both == [*away, ("info", f"{called} is reached again, after 30 s")]
