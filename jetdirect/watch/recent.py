"""
The last lines of the log, in memory, for operators without a shell on the gateway.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from twisted.logger import ILogObserver, LogEvent, eventAsText, globalLogPublisher
from zope.interface import implementer

LINES = 500
"""That are known: some minutes of a busy site (chosen)."""

LONGEST = 1000
"""Characters of one; a traceback is longer, and stands in the log whole."""


@implementer(ILogObserver)
class Recent:
    """
    Keeps the last L{LINES} events.

    They are made lines when somebody wants to see them: two lines a job are a part of the time of a
    small one.
    """

    def __init__(self) -> None:
        self._events: deque[LogEvent] = deque(maxlen=LINES)
        self._count = 0
        self._listening = False

    def begin(self) -> None:
        """Listen, if it does not already."""
        if not self._listening:
            self._listening = True
            globalLogPublisher.addObserver(self)

    def end(self) -> None:
        """Listen no more."""
        if self._listening:
            self._listening = False
            globalLogPublisher.removeObserver(self)

    def __call__(self, event: LogEvent) -> None:
        """L{ILogObserver}."""
        self._count += 1
        if "log_failure" in event:
            # What it holds on to would stay for long: all that was under way then.
            text = eventAsText(event, includeSystem=False, includeTimestamp=False)
            event = {
                "log_format": "{text}",
                "text": text,
                "log_time": event.get("log_time"),
                "log_level": event.get("log_level"),
            }
        self._events.append(event)

    def lines(self) -> Sequence[tuple[int, str, str]]:
        """Each with its number and its level, the oldest first."""
        first = self._count - len(self._events) + 1
        return [
            (number, _level(event), _text(event))
            for number, event in enumerate(self._events, first)
        ]


def _level(event: LogEvent) -> str:
    level = event.get("log_level")
    return "info" if level is None else str(level.name)


def _text(event: LogEvent) -> str:
    text = eventAsText(event, includeSystem=False)
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."
