"""
Lines of the log: what Twisted would write, for any event.
"""

from __future__ import annotations

import io
from typing import Any

import pytest
from twisted.logger import ILogObserver, Logger, LogLevel, textFileLogObserver
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from jetdirect.loglines import LogLines


class Unwilling:
    """It has no words for itself."""

    def __repr__(self) -> str:
        raise ValueError("nothing to say")


def said(word: str) -> str:
    """A field that is called."""
    return f"said {word}"


PLAIN = {
    "log_format": "job {job} on {port!r}: {seconds:.3f} s",
    "log_namespace": "jetdirect.job.Job",
    "log_level": LogLevel.info,
    "log_time": 1_800_000_000.25,
    "job": 31,
    "port": "PORT2",
    "seconds": 1.2039,
}


def without(*names: str) -> dict[str, Any]:
    """The plain event with less in it."""
    return {name: value for name, value in PLAIN.items() if name not in names}


@pytest.mark.parametrize(
    "event",
    [
        PLAIN,
        {**PLAIN, "log_level": LogLevel.warn, "log_time": 1_700_000_000.0},
        {**PLAIN, "port": "two\nlines"},
        {**PLAIN, "port": "\u202e \udcff"},
        {**PLAIN, "log_format": "{{}} 100 % ()"},
        {**PLAIN, "log_format": "{port} {log_level.name}"},
        {**PLAIN, "log_format": "{said()}", "said": lambda: "a call"},
        {**PLAIN, "log_format": "{missing}"},
        {**PLAIN, "log_format": "{port!r}", "port": Unwilling()},
        {**PLAIN, "log_format": "{"},
        {**PLAIN, "log_format": b"bytes {job}"},
        {**PLAIN, "log_format": 7},
        {**PLAIN, "log_format": ""},
        {**PLAIN, "log_format": None},
        {**PLAIN, "log_system": "-"},
        {**PLAIN, "log_failure": Failure(ValueError("a traceback"))},
        {**PLAIN, "log_time": None},
        {**PLAIN, "log_level": None},
        without("log_format"),
        without("log_time"),
        without("log_namespace"),
        without("log_level"),
    ],
)
def test_asTwistedWritesIt(event: dict[str, Any]) -> None:
    """To the letter, and nothing where Twisted writes nothing; also behind another event."""
    ours, theirs = io.StringIO(), io.StringIO()
    lines, twisted = LogLines(ours), textFileLogObserver(theirs)
    for each in (PLAIN, event, PLAIN):
        lines(dict(each))
        twisted(dict(each))
    assert ours.getvalue() == theirs.getvalue()


def test_everySecond() -> None:
    """The time is that of the event, not of the one before."""
    ours, theirs = io.StringIO(), io.StringIO()
    lines, twisted = LogLines(ours), textFileLogObserver(theirs)
    for time in (1_800_000_000.9, 1_800_000_001.1, 1_800_000_001.8, 1_800_000_000.1):
        lines({**PLAIN, "log_time": time})
        twisted({**PLAIN, "log_time": time})
    assert ours.getvalue() == theirs.getvalue()


def test_observer() -> None:
    """
    It is what it says: twistd wraps anything else for programs of 2005, at thrice the price.
    """
    lines = LogLines(io.StringIO())
    assert verifyObject(ILogObserver, lines)
    Logger(observer=lines, namespace="here").info("a word from {who}", who="us")
