"""
Whether the program that reads a named pipe has seen the end of a job there.

It sees none as long as anybody has the pipe open for writing: two jobs, one right after the other,
would be one.  When it has seen the end it closes the pipe, and of that inotify(7) tells.
"""

from __future__ import annotations

import ctypes
import os
import select
import weakref
from typing import Any

PATIENCE = 2.0
"""Seconds after a job in which the reader may close the pipe.  One that never does, or has it open
for writing, too, sees no ends anyway (chosen)."""

_CLOSE_NOWRITE = 0x10  # sys/inotify.h

_libc: Any = ctypes.CDLL(None, use_errno=True)


class Reader:
    """The reader of one named pipe.  Where the system tells nothing of it (macOS), all is seen."""

    def __init__(self, path: str) -> None:
        self._path = os.fsencode(path)
        self._watch: int | None = None
        self._until = 0.0

    def ending(self, descriptor: int, now: float) -> None:
        """
        A job is about to end.

        @param descriptor: of the pipe, which is closed next.
        """
        poll = select.poll()
        poll.register(descriptor, 0)
        left = any(events & select.POLLERR for _, events in poll.poll(0))
        self._until = 0.0 if left or not self._watchPipe() else now + PATIENCE

    def reads(self, now: float) -> bool:
        """May it still read the job before?"""
        if now < self._until and self._closed():
            self._until = 0.0
        return now < self._until

    # Inside.

    def _watchPipe(self) -> bool:
        # From now on; it may be another pipe by now.
        if self._watch is None:
            begin = getattr(_libc, "inotify_init1", None)
            watch = -1 if begin is None else begin(os.O_NONBLOCK | os.O_CLOEXEC)
            if watch < 0:
                return False
            self._watch = watch
            weakref.finalize(self, os.close, watch)
        self._closed()
        return bool(_libc.inotify_add_watch(self._watch, self._path, _CLOSE_NOWRITE) >= 0)

    def _closed(self) -> bool:
        # There are no other events than this, but that the pipe itself is gone.
        assert self._watch is not None
        try:
            return bool(os.read(self._watch, 65536))
        except BlockingIOError:
            return False
