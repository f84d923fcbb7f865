"""
The kernel path: bytes go from one socket to another through a pipe, and never through this process.

Linux alone has splice(2).  It costs a fifth of the processor time of reading and writing
(measured).  A L{Splice} stands before one of Twisted's transports and keeps what that did not take
yet; L{readInKernel<jetdirect.net.gaps.readInKernel>} offers it the socket of another when there is
something to read.  Everything else, such as back-pressure, half-closes and losses, stays Twisted's.
"""

from __future__ import annotations

import errno
import fcntl
import os
from typing import Any

from twisted.internet import main
from twisted.logger import Logger

from .facts import unwritten

PIPE_SIZES = (1 << 20, 1 << 18, 1 << 16)
"""Bytes that a pipe should hold: what Linux allows everybody (1 MiB, pipe(7)) costs two thirds of
the processor time of a quarter of it (measured); then less, down to what a new pipe has."""

_NOW = getattr(os, "SPLICE_F_MOVE", 0) | getattr(os, "SPLICE_F_NONBLOCK", 0)
_FULL = {errno.EAGAIN, errno.ENOBUFS}
_IMPOSSIBLE = {errno.ENOSYS, errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOMEM}


class Splice:
    """
    A pipe before a transport.

    Its C{inPipe} says how many bytes are in the pipe.
    """

    _log = Logger()

    def __init__(self, transport: Any) -> None:
        """@param transport: one for which L{isPlain<jetdirect.net.facts.isPlain>} holds."""
        self._transport = transport
        self._pipe: tuple[int, int] | None = None
        self._size = 0
        self._usable = hasattr(os, "splice")

    def take(self, descriptor: int, most: int) -> int:
        """
        L{IKernelConsumer<jetdirect.interfaces.IKernelConsumer>}: into the pipe, and out at once.

        Not called while there is something in the pipe: the producer is paused.
        """
        transport = self._transport
        if not self._usable or unwritten(transport) or (self._pipe is None and not self._lay()):
            return 0
        assert self._pipe is not None
        try:
            taken = os.splice(descriptor, self._pipe[1], min(most, self._size), flags=_NOW)
        except BlockingIOError:
            return 0
        except OSError as why:
            if why.errno not in _IMPOSSIBLE:
                raise
            self._doWithout(str(why))
            return 0
        transport.inPipe = taken
        if taken and self._push() is not None:  # reported once, as in L{sendNow}
            transport.abortConnection()
        elif transport.inPipe:
            self._wait()
        return taken

    def close(self) -> None:
        """The transport is no more."""
        self._usable = False
        if self._pipe is not None:
            for end in self._pipe:
                os.close(end)
            self._pipe = None
            self._transport.inPipe = 0

    # Inside.

    def _lay(self) -> bool:
        try:
            self._pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as why:
            return self._doWithout(str(why))
        for size in PIPE_SIZES:
            try:
                self._size = fcntl.fcntl(self._pipe[1], fcntl.F_SETPIPE_SZ, size)
                break
            except OSError:  # more than the administrator allows, or than a user may have in all
                self._size = fcntl.fcntl(self._pipe[1], fcntl.F_GETPIPE_SZ)
        if self._size < PIPE_SIZES[-1]:
            self.close()
            return self._doWithout(f"a pipe holds {self._size} bytes only")
        self._transport.inPipe = 0
        self._write, self._transport.doWrite = self._transport.doWrite, self._doWrite
        return True

    def _doWithout(self, why: str) -> bool:
        self._usable = False
        self._log.info("bytes are copied, not spliced: {why}", why=why)
        return False

    def _push(self) -> Exception | None:
        assert self._pipe is not None
        transport = self._transport
        try:
            transport.inPipe -= os.splice(
                self._pipe[0], transport.fileno(), transport.inPipe, flags=_NOW
            )
        except OSError as why:
            return None if why.errno in _FULL else main.CONNECTION_LOST
        return None

    def _wait(self) -> None:
        # As the transport does itself when its own buffer is full.
        transport = self._transport
        transport.startWriting()
        if transport.producer is not None and transport.streamingProducer:
            transport.producerPaused = True
            transport.producer.pauseProducing()

    def _doWrite(self) -> Any:
        transport = self._transport
        before = transport.inPipe
        lost = self._push() if before else None
        if lost is not None or not transport.inPipe:
            return lost or self._write()
        if transport.inPipe < before:
            self._wait()  # the producer may want to know that something went
        return None
