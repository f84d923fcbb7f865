"""
Whether a printer works: told once when it stops, and once when it is back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import EventLoggingObserver
from twisted.logger import LogLevel, formatEvent, globalLogPublisher

from jetdirect.condition import PATIENCE, Condition
from jetdirect.errors import PrinterUnreachable
from jetdirect.interfaces import IPrinterConnection, IPrintJob, PrinterStatus
from jetdirect.job import Job, Sender
from jetdirect.port import CONNECT_TIMEOUT, PrintingPort
from jetdirect.testing import FakePrinter

Told = Callable[[], list[tuple[str, str]]]


@pytest.fixture
def told() -> Iterator[Told]:
    """The lines of the log since they were last asked for, each behind its level."""
    observer = EventLoggingObserver()
    globalLogPublisher.addObserver(observer)
    seen = 0

    def lines() -> list[tuple[str, str]]:
        nonlocal seen
        events, seen = list(observer)[seen:], len(list(observer))
        about = [each for each in events if each["log_level"] is not LogLevel.debug]
        return [(each["log_level"].name, formatEvent(each) or "") for each in about]

    yield lines
    globalLogPublisher.removeObserver(observer)


@pytest.fixture
def clock() -> Clock:
    """Time that stands still."""
    return Clock()


@pytest.fixture
def condition(clock: Clock) -> Condition:
    """Of a printer of which nothing is known."""
    return Condition(lambda: "PORT1 (Ward 3)", clock)


def test_reachedAgain(condition: Condition, clock: Clock, told: Told) -> None:
    """Two lines for a printer that was away, however many jobs it did not get meanwhile."""
    for _ in range(10):
        condition.unreachable("it refused the connection", True)
        clock.advance(12)
    assert told() == [("warn", "PORT1 (Ward 3) cannot be reached: it refused the connection")]
    for _ in range(3):
        condition.reached()
    assert told() == [("info", "PORT1 (Ward 3) is reached again, after 120 s")]
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
    assert [level for level, _ in told()] == ["warn"]


def test_stopped(condition: Condition, clock: Clock, told: Told) -> None:
    """What the printer says of itself is told when it changes, and not each time it is asked."""
    empty = PrinterStatus("stopped", ("media-empty",))
    for status in (PrinterStatus("idle"), empty, empty):
        condition.said(status)
    assert told() == [("warn", "PORT1 (Ward 3) stopped: media-empty")]
    condition.said(PrinterStatus("stopped", ("media-empty", "door-open")))
    assert told() == [("warn", "PORT1 (Ward 3) stopped: media-empty, door-open")]
    clock.advance(95)
    condition.said(PrinterStatus())
    assert told() == []
    condition.said(PrinterStatus("processing"))
    condition.said(PrinterStatus("idle"))
    assert told() == [("info", "PORT1 (Ward 3) works again, after 95 s")]


def test_notTheSame(condition: Condition, told: Told) -> None:
    """A printer without paper is reached, and is still without paper."""
    condition.said(PrinterStatus("stopped", ("media-empty",)))
    condition.reached()
    assert len(told()) == 1


def test_itsWords(condition: Condition, told: Told) -> None:
    """What a printer says cannot write into the terminal of who reads the log."""
    condition.said(PrinterStatus("stopped", ("\x1b[31m\nevil",)))
    [(_, line)] = told()
    assert line.isprintable()


class Away(FakePrinter):
    """Cannot be reached until it is there."""

    there = False

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        if not self.there:
            raise PrinterUnreachable("it is switched off")
        return super().open(job)


def job(number: int, clock: Clock) -> Job:
    """A job that nobody sends."""
    found = Job(number, "PORT1", "a", Sender("bob", "10.0.0.1", 1024), None, clock)
    found.whenOpened().addErrback(lambda failure: None)
    return found


def test_port(clock: Clock, told: Told) -> None:
    """A printing port tells of its printer, by number and description."""
    printer = Away()
    port = PrintingPort("PORT1", printer, clock)
    port.submit(job(1, clock))
    clock.pump([1.0] * int(CONNECT_TIMEOUT))
    away = [line for level, line in told() if level == "warn" and "job" not in line]
    assert away == [f"PORT1 ({printer.description}) cannot be reached: it is switched off"]
    printer.there = True
    port.submit(job(2, clock))
    back = [line for _, line in told() if "reached again" in line]
    assert back == [f"PORT1 ({printer.description}) is reached again, after 30 s"]
