"""
What becomes of PJL commands that no print job needs: nothing (the default), a line in the log, or
the end of the job.  Not one byte of a job that is printed is changed, left out or moved.
"""

from __future__ import annotations

from enum import Enum

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from zope.interface import implementer

from ..errors import JobRefused
from ..interfaces import (
    Delivery,
    IKeptJob,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    IReadingTransport,
    IReadsLines,
)
from ..language import HEAD_BYTES, tailFor
from ..pjl import Kind, Piece, Scanner, risk
from .wrapped import WrappedConnection, WrappedTransport

LONGEST_SECTION = 65536
"""Bytes of PJL that are held back until all of them were read: drivers send some kilobytes, and a
longer secret would be our memory's burden (chosen)."""


class PJLPolicy(Enum):
    """The choices of C{--pjl-policy}."""

    OFF = "off"
    LOG = "log"
    REFUSE = "refuse"


def policed(transport: IPrinterTransport, policy: PJLPolicy) -> IPrinterTransport:
    """C{transport} under this policy; itself when that is L{PJLPolicy.OFF}."""
    return transport if policy is PJLPolicy.OFF else PolicedTransport(transport, policy)


@implementer(IPrinterTransport, IReadingTransport, IReadsLines)
class PolicedTransport(WrappedTransport):
    """Another transport, whose jobs are read before it has them."""

    def __init__(self, inner: IPrinterTransport, policy: PJLPolicy) -> None:
        super().__init__(inner)
        self._policy = policy

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}: what comes from a spool was read there."""
        if IKeptJob.providedBy(job):
            return super().open(job)
        return super().open(job).addCallback(self.reading, job)

    def reading(self, connection: IPrinterConnection, job: IPrintJob) -> IPrinterConnection:
        """L{IReadingTransport}."""
        kind = RefusingConnection if self._policy is PJLPolicy.REFUSE else LoggingConnection
        return kind(connection, job)


@implementer(IPrinterConnection)
class LoggingConnection(WrappedConnection):
    """The printer, while one job has it; the job's PJL is logged, and nothing is held back."""

    _log = Logger()

    def __init__(self, inner: IPrinterConnection, job: IPrintJob) -> None:
        super().__init__(inner)
        self._job = job
        self._scanner = Scanner()
        self._told: set[str] = set()

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}."""
        super().write(data)
        self._tell(self._scanner.feed(data))

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}."""
        self._tell(self._scanner.flush())
        return super().finish()

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}."""
        self._tell(self._scanner.flush())  # the tail may end the line
        return super().abort(tail)

    def _tell(self, pieces: list[Piece]) -> None:
        # Once each: a job of nothing but such commands must not fill the disk with our log.
        for each in pieces:
            what = objection(each)
            if what and what not in self._told:
                self._told.add(what)
                self._log.warn(
                    "job {job}: {what} went to the printer", job=self._job.number, what=what
                )


@implementer(IPrinterConnection)
class RefusingConnection(WrappedConnection):
    """The printer, while one job has it; PJL is held back until it is known to be harmless."""

    def __init__(self, inner: IPrinterConnection, job: IPrintJob) -> None:
        super().__init__(inner)
        self._job = job
        self._scanner = Scanner()
        self._head = b""
        self._held = bytearray()
        self._refused: JobRefused | None = None
        self._aborted = False

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}."""
        if self._refused is None:
            self._passOrRefuse(self._scanner.feed(data))
            if self._refused is not None:
                self._job.printerLost(self._refused)

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}: what is held back goes first."""
        if self._refused is None:
            self._passOrRefuse(self._scanner.flush())
        if self._refused is not None:
            return fail(self._refused)
        self._release()
        return super().finish()

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}: what is held back never goes, and the tail must not count it."""
        self._aborted = True
        self._held.clear()
        return super().abort(tailFor(self._head) if tail else b"")

    def _passOrRefuse(self, pieces: list[Piece]) -> None:
        for each in pieces:
            if self._aborted:
                return  # by the printer's side, while it took the piece before
            if each.kind is Kind.BODY:
                self._release()
                self._pass(each.data)
                continue
            self._held += each.data
            what = objection(each)
            if not what and len(self._held) > LONGEST_SECTION:
                what = f"more than {LONGEST_SECTION} bytes of PJL"
            if what:
                self._held.clear()
                self._refused = JobRefused(f"{what} is not allowed here")
                return

    def _release(self) -> None:
        if self._held:
            held = bytes(self._held)
            self._held.clear()
            self._pass(held)

    def _pass(self, data: bytes) -> None:
        if len(self._head) < HEAD_BYTES:
            self._head += data[: HEAD_BYTES - len(self._head)]
        super().write(data)


def objection(piece: Piece) -> str:
    """What speaks against a piece of a job, in words of our own, or C{""}."""
    if piece.kind is Kind.OVERLONG:
        return f"a PJL line of {len(piece.data)} bytes or more"
    command = risk(piece.data) if piece.kind is Kind.PJL else ""
    return command and f"the PJL command {command}"
