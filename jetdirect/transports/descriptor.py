"""
A printer behind a file descriptor of our own: a job has ended when nothing of it is left there.
"""

from __future__ import annotations

import errno
import os
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.main import CONNECTION_LOST

from ..errors import PrinterLost
from ..interfaces import Delivery, IPrintJob
from ..tcp import forget


class DescriptorConnection(FileDescriptor):
    """
    To be extended by one that is to be read as well, and looks now and then what is left.
    """

    def __init__(self, reactor: Any, job: IPrintJob) -> None:
        super().__init__(reactor)
        self.sent = 0
        self.connected = 1
        self._clock = reactor
        self._job = job
        self._finishing: Deferred[Delivery] | None = None
        self._aborting: Deferred[None] | None = None
        self._gone: PrinterLost | None = None
        self._timer: IDelayedCall | None = None

    def _look(self) -> None:
        """Call C{_over} if nothing is left, or it was waited for long enough; else look again."""
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
        if self._gone is not None:
            return fail(self._gone)
        self._finishing = Deferred()
        self._look()
        return self._finishing

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}: the tail follows what was taken; the rest is forgotten."""
        if self._gone is not None:
            return succeed(None)
        self._aborting = Deferred()
        self._forget()
        if tail:
            self.write(tail)
        if self._timer is None:
            self._look()
        return self._aborting

    def _forget(self) -> None:
        forget(self)

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.stopReading()
        self.stopWriting()
        self.disconnected, self.connected = True, 0

    def _over(self, why: PrinterLost | None) -> None:
        if self._gone is not None:
            return
        self._gone = why or PrinterLost("the job is over")
        self._close()
        if self._aborting is not None:
            self._aborting.callback(None)
        elif self._finishing is None:
            self._job.printerLost(self._gone)
        elif why is not None:
            self._finishing.errback(why)
        else:
            self._finishing.callback(Delivery.SENT)
