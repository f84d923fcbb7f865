"""
The log file of C{twistd --logfile} and of a daemon, so written that it can be rotated as any other.

Twisted's own begins a new file at each million bytes, goes on in a file that was moved away, and
leaves holes in one that was cut.  This one is only ever appended to, and is opened anew by SIGUSR1.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import IO, Any, TextIO, cast

from twisted.logger import ILogObserver, textFileLogObserver

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


def fileOf(words: Mapping[str, Any]) -> str:
    """
    The file that C{twistd} is going to write its log to; empty: none.

    @param words: its options; C{twist} has others, and rotates nothing.
    """
    if words.get("syslog") or words.get("logger") or "nodaemon" not in words:
        return ""
    file = words["logfile"] or ("" if words["nodaemon"] else "twistd.log")
    return "" if file == "-" else str(file)


def takeOver(words: dict[str, Any]) -> str:
    """
    Have C{twistd} write its log here, if it is to write a file.

    @return: that file; empty: none.
    """
    _Process.path = fileOf(words)
    if _Process.path:
        words["logger"] = OBSERVER
    return _Process.path


def observer() -> ILogObserver:
    """What C{twistd} starts its log with."""
    _Process.file = LogFile(_Process.path)
    return textFileLogObserver(cast(IO[Any], _Process.file))  # it writes and flushes, no more


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
