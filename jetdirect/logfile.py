"""
The log of C{twistd}; its file is so written that it can be rotated as any other.

Twisted's own begins a new file at each million bytes, goes on in a file that was moved away, and
leaves holes in one that was cut.  This one is only ever appended to, and is opened anew by SIGUSR1.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from twisted.logger import ILogObserver, LogEvent
from twisted.python.reflect import namedAny

from .brief import Brief
from .jsonlines import JSONLines
from .loglines import LogLines

OBSERVER = f"{__name__}.observer"
"""For C{twistd --logger}."""


class LogFile:
    """
    A file for the log, not readable for everybody: it names senders and jobs.

    @ivar path: where it is, from the root on: a daemon's directory changes.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self._file: TextIO | None = None
        self.reopen()

    def reopen(self) -> None:
        """
        Go on in the file that has the name now; it is made if there is none.

        @raise OSError: that is not possible; nothing has changed.
        """
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        now = os.open(self.path, flags, 0o640)
        before, self._file = self._file, os.fdopen(now, "a", 1, "utf-8", "backslashreplace")
        if before is not None:
            before.close()

    def write(self, text: str) -> None:
        """Some of the log."""
        assert self._file is not None
        self._file.write(text)

    def flush(self) -> None:
        """Every line is written at once."""


class _Process:
    # One process has one log. twistd calls its observer's factory without a word.
    path = ""
    file: LogFile | None = None
    asJSON = False


def takeOver(words: dict[str, Any]) -> str:
    """
    Have C{twistd} write its log here, to a file or to standard output, unless somebody wants
    another.

    @param words: its options; C{twist} has others, and is left alone.
    @return: the file; empty: none.
    @raise ValueError: a daemon cannot have it there.
    """
    if words.get("logger"):
        _checkLogger(words["logger"])
    if words.get("syslog") or words.get("logger") or "nodaemon" not in words:
        return ""
    path = words["logfile"] or ("" if words["nodaemon"] else "twistd.log")
    if path == "-" and not words["nodaemon"]:
        raise ValueError("--logfile=-: a daemon has no standard output; name a file, or add -n")
    _Process.path = "" if path == "-" else path
    words["logger"] = OBSERVER
    return _Process.path


def _checkLogger(name: str) -> None:
    try:
        namedAny(name)
    except Exception:  # importing may fail in any way
        remedy = "name one that Python can import, or leave it out"
        raise ValueError(f"--logger={name}: there is no such logger; {remedy}") from None


def observer() -> ILogObserver:
    """What C{twistd} starts its log with."""
    file: Any = sys.stdout
    if _Process.path:
        file = _Process.file = LogFile(_Process.path)
    text, objects = LogLines(file), JSONLines(file)

    def write(event: LogEvent) -> None:
        (objects if _Process.asJSON else text)(event)

    return Brief(write)


def writeAs(format: str, words: Mapping[str, Any] | None = None) -> None:
    """
    Write the log so from now on.

    @param format: C{text} or C{json}.
    @param words: the options of C{twistd} or C{twist}; L{None}: the log was taken over.
    @raise ValueError: it was not, and is somebody else's to write.
    """
    if format == "json" and words is not None and words.get("logger") != OBSERVER:
        remedy = "leave --syslog and --logger of twistd out, or say twist --log-format=json"
        raise ValueError(f"log-format=json: the log is not written here; {remedy}")
    _Process.asJSON = format == "json"


def reopen() -> bool:
    """
    Go on in the file that has the name now.

    @return: C{False}: there is no log file.
    @raise OSError: that is not possible; the log goes on where it was.
    """
    if _Process.file is None:
        return False
    _Process.file.reopen()
    return True
