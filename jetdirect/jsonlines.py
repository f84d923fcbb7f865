"""
Log events as JSON, an object a line: the sentence, and the fields that it was made of.

Twisted's own JSON has neither the sentence nor a level that is a word, and begins each line with a
control character that most programs choke on.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TextIO

from twisted.logger import ILogObserver, LogEvent, formatEvent
from zope.interface import implementer

_OURS = frozenset({"time", "level", "namespace", "message", "traceback"})
_THEIRS = frozenset({"isError", "system", "format", "failure", "why"})
"""What Twisted puts into events for observers of its first log."""


@implementer(ILogObserver)
class JSONLines:
    """Writes the events that it is told of to a file."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def __call__(self, event: LogEvent) -> None:
        """L{ILogObserver}."""
        self._file.write(json.dumps(_object(event)) + "\n")
        self._file.flush()


def _object(event: LogEvent) -> dict[str, object]:
    when = datetime.fromtimestamp(event.get("log_time", 0.0), UTC)
    said: dict[str, object] = {
        "time": when.isoformat(timespec="milliseconds")[:-6] + "Z",
        "level": getattr(event.get("log_level"), "name", "info"),
        "namespace": event.get("log_namespace", ""),
        "message": formatEvent(event),
    }
    failure = event.get("log_failure")
    if failure is not None:
        said["traceback"] = failure.getTraceback()
    for name, value in event.items():
        if not name.startswith("log_") and name not in _OURS and name not in _THEIRS:
            plain = value is None or isinstance(value, bool | int | float | str)
            said[name] = value if plain else str(value)
    return said
