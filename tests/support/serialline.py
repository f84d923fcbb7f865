"""
A serial line that is a pseudo terminal, and the printer at its other end.
"""

from __future__ import annotations

import errno
import os
import tty


class SerialPrinter:
    """The printer's end of a line."""

    def __init__(self) -> None:
        self.wire, slave = os.openpty()
        os.set_blocking(self.wire, False)
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)
        self.data = b""
        self.isOpen = True

    def read(self) -> bytes:
        """Everything that has come."""
        try:
            while more := os.read(self.wire, 65536):
                self.data += more
        except OSError as why:
            # EIO: nobody has the other end open.
            assert why.errno in (errno.EAGAIN, errno.EIO)
        return self.data

    def say(self, text: bytes) -> None:
        """Something of its own."""
        os.write(self.wire, text)

    def unplug(self) -> None:
        """The line is no more."""
        if self.isOpen:
            self.isOpen = False
            os.close(self.wire)
