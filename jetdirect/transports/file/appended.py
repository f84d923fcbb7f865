"""
One job at the end of a file that has others before it.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from twisted.logger import Logger

from .existing import take


class AppendedFile:
    """
    The same methods as a L{PartFile<jetdirect.transports.file.transport.PartFile>}.  All of them
    block; one thread at a time.

    The lock does not hold those who do not ask for it.  What they wrote among the job's bytes, or
    cut off, is found out when the job ends.
    """

    visible = True
    _log = Logger()

    def __init__(self, path: str) -> None:
        """@raise OSError: the file cannot be had."""
        self._path = path
        self._descriptor = take(path, stat.S_ISREG)
        self._begin = os.lseek(self._descriptor, 0, os.SEEK_END)
        self._written = 0
        self._settled = False

    def write(self, data: bytes) -> None:
        """@raise OSError: the disk is full, or worse."""
        rest = memoryview(data)
        while rest:
            taken = os.write(self._descriptor, rest)
            self._written += taken
            rest = rest[taken:]

    def sync(self) -> None:
        """@raise OSError: the bytes are not on the disk, or not in one piece."""
        os.fsync(self._descriptor)
        if not self._alone():
            raise OSError(errno.EIO, "another program changed the file meanwhile")

    def publish(self) -> None:
        """Let others have the file."""
        self._settled = True
        with suppress(OSError):  # the bytes are on the disk
            os.close(self._descriptor)

    def discard(self) -> None:
        """Take the bytes out again, if nobody else's came after them; too late for a whole job."""
        if self._settled:
            return
        self._settled = True
        try:
            if self._written and self._alone():
                os.ftruncate(self._descriptor, self._begin)
                os.fsync(self._descriptor)
            elif self._written:
                raise OSError(errno.EIO, "another program changed the file meanwhile")
        except OSError as why:
            self._log.error(
                "{path}: {bytes} bytes of a cut job stay, from byte {begin} on: {why}",
                path=self._path,
                bytes=self._written,
                begin=self._begin,
                why=why.strerror,
            )
        with suppress(OSError):
            os.close(self._descriptor)

    def _alone(self) -> bool:
        found = os.fstat(self._descriptor)
        return found.st_size == self._begin + self._written and found.st_nlink > 0
