"""
The last lines of the log, for whoever has no shell on the gateway.
"""

from __future__ import annotations

import gc
import weakref

from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from jetdirect.watch.recent import LINES, LONGEST, Recent


def listening() -> Recent:
    """One that hears the log."""
    recent = Recent()
    recent.begin()
    recent.begin()
    return recent


def test_lines() -> None:
    """The last ones, the oldest first, each with a number that goes on and its level."""
    recent = listening()
    log = Logger()
    for number in range(LINES + 5):
        log.info("line {number}", number=number)
    log.warn("the last")
    recent.end()
    recent.end()
    log.info("unheard")
    lines = recent.lines()
    assert len(lines) == LINES
    assert [number for number, _, _ in lines] == [*range(7, LINES + 7)]
    assert lines[0][1] == "info" and lines[0][2].endswith("line 6")
    assert lines[-1][1] == "warn" and lines[-1][2].endswith("the last")


def test_longest() -> None:
    """A long line is cut, and says so."""
    recent = listening()
    Logger().info("{text}", text="x" * 2 * LONGEST)
    recent.end()
    [(_, _, text)] = recent.lines()
    assert len(text) == LONGEST + 3 and text.endswith("x...")


def test_failure() -> None:
    """A traceback is there as text; what it held on to is let go."""

    class Job:
        """What was under way."""

    jobs: list[weakref.ref[Job]] = []

    def fail() -> None:
        job = Job()
        jobs.append(weakref.ref(job))
        raise ZeroDivisionError("by nothing")

    recent = Recent()
    try:
        fail()
    except ZeroDivisionError:
        recent(
            {"log_format": "it failed", "log_level": LogLevel.critical, "log_failure": Failure()}
        )
    gc.collect()
    assert jobs[0]() is None
    [(_, level, text)] = recent.lines()
    assert level == "critical"
    assert "it failed" in text and "ZeroDivisionError" in text and "by nothing" in text


def test_bare() -> None:
    """An event without a level or a time is a line, too."""
    recent = Recent()
    recent({"log_format": "bare"})
    [(number, level, text)] = recent.lines()
    assert (number, level) == (1, "info") and text.endswith("bare")
