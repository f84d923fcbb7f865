"""
One flush for all threads that wait for the same one.

Of eight jobs that are committed at a time each wants the names in C{queue/} and C{tmp/} on stable
storage.  A flush that begins now serves everybody who has made his change by now.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable


class _Coming:
    """A flush that has not begun."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.error: OSError | None = OSError(errno.EIO, "the flush was not done")


class _Path:
    """
    One that somebody wants flushed.

    @ivar users: so many.
    """

    def __init__(self) -> None:
        self.users = 0
        self.running = threading.Lock()
        self.coming: _Coming | None = None


class Flushes:
    """Shares the flushes of each path."""

    def __init__(self, flush: Callable[[str], None]) -> None:
        """@param flush: flushes a path, and returns when that is done."""
        self._flush = flush
        self._lock = threading.Lock()
        self._paths: dict[str, _Path] = {}

    def flush(self, path: str) -> None:
        """
        Returns when a flush that began after this call is done.

        @raise OSError: it failed, for all who waited for it.
        """
        with self._lock:
            wanted = self._paths.setdefault(path, _Path())
            wanted.users += 1
            coming, first = wanted.coming, wanted.coming is None
            if coming is None:
                coming = wanted.coming = _Coming()
        if first:
            self._run(path, wanted, coming)
        else:
            coming.over.wait()
        with self._lock:
            wanted.users -= 1
            if not wanted.users:
                del self._paths[path]
        if coming.error is not None:
            raise coming.error

    def waiting(self, path: str) -> int:
        """How many are at it."""
        with self._lock:
            wanted = self._paths.get(path)
            return 0 if wanted is None else wanted.users

    def _run(self, path: str, wanted: _Path, coming: _Coming) -> None:
        with wanted.running:
            with self._lock:
                wanted.coming = None
            try:
                self._flush(path)
                coming.error = None
            except OSError as error:
                coming.error = error
            finally:
                coming.over.set()
