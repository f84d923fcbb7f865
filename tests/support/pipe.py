"""
The program behind a named pipe.
"""

from __future__ import annotations

import os
from pathlib import Path


class Reader:
    """
    A program that has a named pipe open, and reads when it is told to.

    @ivar got: what it has read.
    @ivar atEnd: nobody has the other end open, and all was read.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.got = b""
        self.atEnd = False

    @property
    def isOpen(self) -> bool:
        return self._descriptor >= 0

    def read(self) -> bytes:
        """Take what is there."""
        try:
            data = os.read(self._descriptor, 1 << 20)
            self.atEnd = not data
        except BlockingIOError:
            data = b""
        self.got += data
        return data

    def close(self) -> None:
        if self.isOpen:
            os.close(self._descriptor)
            self._descriptor = -1
