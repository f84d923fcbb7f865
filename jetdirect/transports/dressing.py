"""
What an operator wants around or in every job of one printer: a prolog, an epilog, a form feed, CR
LF for LF.  Options of any device URI; without them not one byte is added or changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from zope.interface import implementer

from ..errors import PrintError
from ..interfaces import Delivery, IPrinterConnection, IPrinterTransport, IPrintJob
from .wrapped import WrappedConnection, WrappedTransport

_BARE_LF = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True)
class Dressing:
    """
    @ivar prolog: bytes before a job.
    @ivar epilog: bytes after a complete job.
    @ivar newlines: whether a bare LF becomes CR LF.
    """

    prolog: bytes = b""
    epilog: bytes = b""
    newlines: bool = False

    def __bool__(self) -> bool:
        """Does it change anything?"""
        return self != Dressing()


@implementer(IPrinterTransport)
class DressedTransport(WrappedTransport):
    """Another transport, with its jobs dressed."""

    def __init__(self, inner: IPrinterTransport, dressing: Dressing) -> None:
        super().__init__(inner)
        self._dressing = dressing

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}."""

        def dressed(connection: IPrinterConnection) -> IPrinterConnection:
            return DressedConnection(connection, self._dressing)

        return super().open(DressedJob(job, self._dressing)).addCallback(dressed)


@implementer(IPrintJob)
class DressedJob:
    """A job as long as it is with what is put around it, for printers that want to know before."""

    def __init__(self, inner: IPrintJob, dressing: Dressing) -> None:
        self.number = inner.number
        self.name = inner.name
        self.user = inner.user
        self.host = inner.host
        self.size = inner.size
        if inner.size and dressing.newlines:
            self.size = None  # as many more as it has bare LFs
        elif inner.size:
            self.size = len(dressing.prolog) + inner.size + len(dressing.epilog)
        self._inner = inner

    def printerLost(self, error: PrintError) -> None:
        """L{IPrintJob}."""
        self._inner.printerLost(error)


@implementer(IPrinterConnection)
class DressedConnection(WrappedConnection):
    """The printer, while one dressed job has it.  A job without bytes stays without."""

    def __init__(self, inner: IPrinterConnection, dressing: Dressing) -> None:
        super().__init__(inner)
        self._dressing = dressing
        self._begun = False
        self._afterCR = False

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}."""
        if not self._begun:
            self._begun = True
            super().write(self._dressing.prolog)
        super().write(self._withCR(data) if self._dressing.newlines and data else data)

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}."""
        if self._begun:
            super().write(self._dressing.epilog)
        return super().finish()

    def _withCR(self, data: bytes) -> bytes:
        # A CR may have come at the end of the piece before.
        kept = 1 if self._afterCR and data.startswith(b"\n") else 0
        self._afterCR = data.endswith(b"\r")
        return data[:kept] + _BARE_LF.sub(b"\r\n", data[kept:])
