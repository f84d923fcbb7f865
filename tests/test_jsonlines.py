"""
The log as JSON: an object a line, whatever an event holds.
"""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from twisted.logger import Logger, LogLevel, LogPublisher
from twisted.python.failure import Failure

from jetdirect.jsonlines import JSONLines
from jetdirect.record import JobState
from jetdirect.watch import log as module
from jetdirect.watch.log import LogWatcher
from tests.test_watch_log import job


class Written:
    """What is written of the events of one logger."""

    def __init__(self) -> None:
        self.file = io.StringIO()
        publisher = LogPublisher(JSONLines(self.file))
        self.log = Logger(namespace="jetdirect.test", observer=publisher)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The objects."""
        text = self.file.getvalue()
        assert text.endswith("\n") and text.isascii() and text.isprintable() is False
        return [json.loads(line) for line in text.splitlines()]


def test_fields() -> None:
    """The sentence, its fields, its level and its time; a field may be no plain value."""
    written = Written()
    written.log.warn("job {job} is {state}", job=31, state=JobState.HELD, where=["a"], why=None)
    [line] = written.lines
    assert line.pop("time")[10] == "T" and not line.keys() & {"log_time", "log_logger"}
    assert line == {
        "level": "warn",
        "namespace": "jetdirect.test",
        "message": "job 31 is pending-held",
        "job": 31,
        "state": "pending-held",
        "where": "['a']",
    }


@pytest.mark.parametrize("word", ["a\nb", "\u202e", "\udcff", "\x1b[2J", '"}', "\u2028"])
def test_hostile(word: str) -> None:
    """What somebody calls a job is one string in one line."""
    written = Written()
    written.log.info("job {name}", name=word)
    [line] = written.lines
    assert (line["name"], line["message"]) == (word, f"job {word}")


def test_ours() -> None:
    """A field cannot pretend to be what each line has."""
    written = Written()
    more = {"level": "error", "time": 3, "message": "y", "namespace": "z", "traceback": "t"}
    JSONLines(written.file)({"log_format": "x", "log_level": LogLevel.info, **more})
    [line] = written.lines
    assert (line["level"], line["message"], line["namespace"]) == ("info", "x", "")
    assert "traceback" not in line


def test_failure() -> None:
    """A traceback is one field; and what cannot be formatted is a line all the same."""
    written = Written()
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError:
        written.log.failure("it failed", Failure())
    written.log.info("{nothing.there}")
    first, second = written.lines
    assert first["message"] == "it failed" and first["level"] == "critical"
    assert first["traceback"].rstrip().endswith("by zero")
    assert "Unable to format" in second["message"]


def test_old() -> None:
    """An event of Twisted's first log, without a level, is a line."""
    written = Written()
    JSONLines(written.file)(
        {"log_format": "{log_text}", "log_text": "x starting on 21", "system": "-", "isError": 0}
    )
    [line] = written.lines
    assert line["message"] == "x starting on 21"
    assert line.keys() == {"time", "level", "namespace", "message"}


def test_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a job has the fields that docs/log.rst promises."""
    written = Written()
    monkeypatch.setattr(module, "_jobs", written.log)
    LogWatcher().jobEnded(job(JobState.ABORTED, reply=450, reason="no answer"))
    [line] = written.lines
    assert line["level"] == LogLevel.warn.name
    for name, value in {
        "job": 31,
        "port": "PORT2",
        "name": "a.ps",
        "user": "bob",
        "peer": "192.0.2.7",
        "printer": "Ward 3",
        "state": "aborted",
        "bytes": 14,
        "seconds": 1.5,
        "delivery": "-",
        "printed": "no",
        "reply": 450,
        "heard": True,
        "reason": "no answer",
    }.items():
        assert line[name] == value, name
