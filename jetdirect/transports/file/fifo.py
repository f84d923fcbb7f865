"""
C{file:///run/printer.fifo}, a named pipe: another program reads the jobs, one after the other.

A job is whole when the reader has taken its last byte out of the pipe; what it does with them
nobody knows, so C{sent} is all that can be reached.  A reader that takes nothing is waited for
as long as it has the pipe open, as a printer without paper is.  The next job begins when it has
seen the end of the one before.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import termios
from contextlib import suppress
from fcntl import ioctl

from twisted.internet.defer import Deferred, succeed
from twisted.internet.main import CONNECTION_LOST
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from ...errors import PrinterLost, PrinterUnreachable
from ...interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)
from ...net.facts import unwritten
from ...net.reactor import IDeviceReactor
from ..descriptor import DescriptorConnection
from ..ending import ABORT_PATIENCE, State
from .existing import take
from .reader import Reader

LOOK_INTERVAL = 0.05
"""Seconds between two looks at what is left in the pipe: nothing tells of an empty one."""


@implementer(IPrinterTransport)
class FifoTransport:
    """A program that reads jobs from a named pipe."""

    reaches = Delivery.SENT
    status = PrinterStatus()

    def __init__(self, reactor: IDeviceReactor, path: str, description: str = "") -> None:
        """@param path: absolute; not a link."""
        self.uri = f"file://{path}"
        self.description = description or "virtual printer"
        self.reactor = reactor
        self._path = path
        self._reader = Reader(path)

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}: never blocks, also if nobody reads."""
        return Deferred.fromCoroutine(self._open(job))

    async def _open(self, job: IPrintJob) -> IPrinterConnection:
        while self._reader.reads(self.reactor.seconds()):
            await deferLater(self.reactor, LOOK_INTERVAL)
        try:
            descriptor = take(self._path, stat.S_ISFIFO)
        except OSError as why:
            nobody = why.errno == errno.ENXIO
            said = "no program reads from it" if nobody else why.strerror
            raise PrinterUnreachable(f"the named pipe cannot be used: {said}") from why
        return FifoConnection(self.reactor, job, descriptor, self._reader)

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}: to open and close the pipe would be an empty job."""
        return succeed(None)


@implementer(IPrinterConnection)
class FifoConnection(DescriptorConnection):
    """The pipe, while one job has it."""

    def __init__(
        self, reactor: IDeviceReactor, job: IPrintJob, descriptor: int, reader: Reader
    ) -> None:
        super().__init__(reactor, job)
        self._reader = reader
        self._descriptor = descriptor
        self._deadline = 0.0
        self.startReading()  # that is how the kernel tells that there is no reader any more

    def fileno(self) -> int:
        """L{FileDescriptor}."""
        return self._descriptor

    # FileDescriptor

    def doRead(self) -> Exception:
        """L{FileDescriptor}: such a descriptor is never readable but for this."""
        return CONNECTION_LOST

    def connectionLost(self, reason: Failure) -> None:
        """L{FileDescriptor}: the reader has closed the pipe."""
        whole = self._ending.state is State.FINISHING and not self._left()
        super().connectionLost(reason)
        self._end(None if whole else PrinterLost("the program that reads the named pipe is gone"))

    # IPrinterConnection

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}: the tail follows what is in the pipe; the rest is forgotten."""
        self._deadline = self._clock.seconds() + ABORT_PATIENCE
        return super().abort(tail)

    # Inside.

    def _left(self) -> int:
        inPipe = struct.unpack("i", ioctl(self._descriptor, termios.FIONREAD, bytes(4)))[0]
        return unwritten(self) + int(inPipe)

    def _checkLeft(self) -> None:
        self._timer = None
        aborting = self._ending.state is State.ABORTING
        late = aborting and self._clock.seconds() >= self._deadline
        if late or not self._left():
            self._end(None)
        else:
            self._timer = self._clock.callLater(LOOK_INTERVAL, self._checkLeft)

    def _close(self) -> None:
        super()._close()
        self._reader.ending(self._descriptor, self._clock.seconds())
        descriptor, self._descriptor = self._descriptor, -1
        with suppress(OSError):
            os.close(descriptor)
