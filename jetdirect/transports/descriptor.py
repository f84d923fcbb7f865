"""
A printer behind a file descriptor of our own: a job has ended when nothing of it is left there.
"""

from __future__ import annotations

import errno
import os

from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.main import CONNECTION_LOST

from ..errors import PrinterLost
from ..interfaces import Delivery, IPrintJob
from ..net.facts import forget
from ..net.reactor import IDeviceReactor
from .ending import Ending, State


class DescriptorConnection(FileDescriptor):
    """
    To be extended by one that is to be read as well, and checks now and then what is left.
    """

    def __init__(self, reactor: IDeviceReactor, job: IPrintJob) -> None:
        super().__init__(reactor)
        self.sent = 0
        self.connected = 1
        self._clock = reactor
        self._ending = Ending(job, self._throwAway)
        self._timer: IDelayedCall | None = None

    def _checkLeft(self) -> None:
        """Call C{_end} if nothing is left, or it was waited for long enough; else check later."""
        raise NotImplementedError

    def writeSomeData(self, data: bytes) -> int | Exception:
        """L{FileDescriptor}."""
        try:
            taken = os.write(self.fileno(), data)
        except OSError as why:
            return 0 if why.errno in (errno.EAGAIN, errno.EINTR) else CONNECTION_LOST
        self.sent += taken
        return taken

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}: when nothing is left."""
        finished = self._ending.finish()
        if self._ending.state is State.FINISHING:
            self._checkLeft()
        return finished

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}: the tail follows what was taken; the rest is forgotten."""
        aborted = self._ending.abort()
        if self._ending.state is State.OVER:
            return aborted
        self._forget()
        if tail:
            self.write(tail)
        if self._timer is None:
            self._checkLeft()
        return aborted

    def _forget(self) -> None:
        forget(self)

    def _throwAway(self) -> None:
        """Nobody waits for what is left of an aborted job any more."""
        self._end(None)

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.stopReading()
        self.stopWriting()
        self.disconnected, self.connected = True, 0

    def _end(self, lost: PrinterLost | None) -> None:
        """
        Close the descriptor, if that was not done before.

        @param lost: why nothing more goes, or L{None}: nothing is left.
        """
        if self._ending.state is State.OVER:
            return
        self._close()
        if lost is None:
            self._ending.delivered(Delivery.SENT)
        self._ending.closed(lost)
