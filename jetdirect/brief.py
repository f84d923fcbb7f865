"""
What Twisted says too often is left out of the log.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import ILogObserver, LogEvent, LogLevel
from zope.interface import implementer

SCARCE_EVERY = 60.0
"""Seconds for which one line says that there are no descriptors."""

_SCARCE = "EMFILE encountered;", "EMFILE recovery:", "Re-reserving EMFILE recovery"

_TOLD = (
    "no file descriptor is left: a connection from {address[0]} was closed, and others may be;"
    " raise the limit of open files (ulimit -n, LimitNOFILE), or lower --max-sessions"
)

_OURS = "jetdirect."

_CACHE = "Unable to write to plugin cache"


@implementer(ILogObserver)
class Brief:
    """
    Hands on what is worth a line.

    Twisted would keep a list of all plugins beside them, where a service may not write, and says so
    at each look; the list saves a tenth of a second at a start.  And it has three lines for each
    connection that is closed because no descriptor is left, which a peer can cause as often as it
    likes: here they are one in a minute, which says what to do.
    """

    def __init__(self, write: Callable[[LogEvent], object]) -> None:
        """@param write: what writes the rest."""
        self._write = write
        self._scarceUntil = 0.0

    def __call__(self, event: LogEvent) -> None:
        """L{ILogObserver}."""
        if event.get("log_namespace", "").startswith(_OURS):
            self._write(event)
        elif str(event.get("log_format", "")).startswith(_SCARCE):
            now = event["log_time"]
            if now >= self._scarceUntil and "address" in event:
                self._scarceUntil = now + SCARCE_EVERY
                self._write({**event, "log_format": _TOLD, "log_level": LogLevel.warn})
        elif not str(event.get("format", "")).startswith(_CACHE):
            self._write(event)
