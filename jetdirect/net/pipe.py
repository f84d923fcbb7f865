"""
The kernel path: bytes go from one socket to another through a pipe, and never through this process.

Linux alone has splice(2).  It costs a fifth of the processor time of reading and writing
(measured).
"""

from __future__ import annotations

import errno
import fcntl
import os

from twisted.logger import Logger

PIPE_SIZES = (1 << 20, 1 << 18, 1 << 16)
"""Bytes that a pipe should hold: what Linux allows everybody (1 MiB, pipe(7)) costs two thirds of
the processor time of a quarter of it (measured); then less, down to what a new pipe has."""

_NOW = getattr(os, "SPLICE_F_MOVE", 0) | getattr(os, "SPLICE_F_NONBLOCK", 0)
_FULL = {errno.EAGAIN, errno.ENOBUFS}
_IMPOSSIBLE = {errno.ENOSYS, errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOMEM}


class Pipe:
    """
    A pipe before a socket, laid when something is to go through it.

    @ivar inside: bytes that are in it.
    """

    __slots__ = ("_ends", "_size", "_usable", "inside")
    _log = Logger()

    def __init__(self) -> None:
        self._ends: tuple[int, int] | None = None
        self._size = 0
        self._usable = hasattr(os, "splice")
        self.inside = 0

    def fill(self, source: int, most: int) -> int:
        """
        Take bytes from the socket C{source}; the pipe is empty.

        @return: how many; 0: they must be read, if there are any.
        @raise OSError: C{source} is broken; the kernel reports this once.
        """
        if not self._usable or (self._ends is None and not self._makePipe()):
            return 0
        assert self._ends is not None
        try:
            self.inside = os.splice(source, self._ends[1], min(most, self._size), flags=_NOW)
        except BlockingIOError:
            return 0
        except OSError as why:
            if why.errno not in _IMPOSSIBLE:
                raise
            self._doWithout(str(why))
            return 0
        return self.inside

    def drain(self, target: int) -> None:
        """
        Give the socket C{target} what it takes.

        @raise OSError: it is broken; the kernel reports this once.
        """
        assert self._ends is not None
        try:
            self.inside -= os.splice(self._ends[0], target, self.inside, flags=_NOW)
        except OSError as why:
            if why.errno not in _FULL:
                raise

    def close(self) -> None:
        """What is in it is gone."""
        self._usable = False
        self.inside = 0
        ends, self._ends = self._ends, None
        for end in ends or ():
            os.close(end)

    # Inside.

    def _makePipe(self) -> bool:
        try:
            self._ends = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as why:
            return self._doWithout(str(why))
        for size in PIPE_SIZES:
            try:
                self._size = fcntl.fcntl(self._ends[1], fcntl.F_SETPIPE_SZ, size)
                break
            except OSError:  # more than the administrator allows, or than a user may have in all
                self._size = fcntl.fcntl(self._ends[1], fcntl.F_GETPIPE_SZ)
        if self._size < PIPE_SIZES[-1]:
            self.close()
            return self._doWithout(f"a pipe holds {self._size} bytes only")
        return True

    def _doWithout(self, why: str) -> bool:
        self._usable = False
        self._log.info("bytes are copied, not spliced: {why}", why=why)
        return False
