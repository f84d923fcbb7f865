"""
The rules of a transport (L{jetdirect.interfaces}), each as a test that any kind of printer can run.

It needs no test runner: a rule is a function that is given a L{TestedPrinter}, new for each rule,
and raises L{AssertionError} with what is wrong.  All rules at once, without or with pytest::

    assert broken(lambda: TestedPrinter(FakePrinter())) == []

    @pytest.mark.parametrize("rule", RULES)
    def test_contract(rule):
        rule(TestedPrinter(FakePrinter()))

A gateway survives a transport that breaks a rule (L{jetdirect.guard}); the job then ends with an
error, or the port is held up for the seconds that the interfaces name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import Clock
from zope.interface import implementer

from ..errors import PrintError, PrinterUnreachable
from ..guard import ABORT_TIMEOUT, CANCEL_TIMEOUT
from ..interfaces import Delivery, IPrinterConnection, IPrinterTransport, PrinterStatus
from ..named import CONNECT_TIMEOUT
from ..port import ASK_TIMEOUT
from .job import FakeJob
from .rules import brokenOf, hear, require, verify

JOB = b"%!PS\n" + bytes(range(256)) * 40
"""What is printed: more than a printer takes at a glance, less than one that is well waits with."""

_PIECE = (JOB * 7)[:65536]
PIECES = 16
"""A long job: 1 MiB, more than any connection should take without a pause of its producer."""

PATIENCE = 300.0
"""Seconds in which a printer that is well has a job (chosen: more than three times the 90 s that
our own transports wait for its end); finish itself has no bound."""

_STEP = 0.25
_ATTEMPTS = int(CONNECT_TIMEOUT / _STEP)
_LEVELS = list(Delivery)


class TestedPrinter:
    """
    A transport, and the printer behind it, which is well.  To be extended where that takes more
    than time, or where it can be lost.

    @cvar announces: jobs tell their size before they begin.
    @ivar clock: the clock that the transport was given, or one that nobody has.
    """

    __test__ = False  # for pytest
    announces = False

    def __init__(self, transport: IPrinterTransport, clock: Clock | None = None) -> None:
        self.transport = transport
        self.clock = Clock() if clock is None else clock

    def turn(self, seconds: float) -> None:
        """Time passes.  A printer in memory does now what is its turn to do."""
        self.clock.advance(seconds)

    def lose(self) -> bool:
        """
        The printer goes away while a job has it.

        @return: C{False}: that is not tested with this printer.
        """
        return False


Rule = Callable[[TestedPrinter], None]


def broken(make: Callable[[], TestedPrinter]) -> list[str]:
    """Which rules are broken, and how; one line for each."""
    return brokenOf(RULES, make)


# The rules.


def saysWhatItIs(printer: TestedPrinter) -> None:
    """It has a URI without secrets, a description, a status and the level that it reaches."""
    transport = printer.transport
    verify(IPrinterTransport, transport)
    require(isinstance(transport.uri, str) and ":" in transport.uri, "uri is no URI")
    require("@" not in transport.uri.partition("?")[0], "uri has a user name or a password")
    description = transport.description
    require(isinstance(description, str) and description != "", "description is empty")
    require(isinstance(transport.status, PrinterStatus), "status is no PrinterStatus")
    require(isinstance(transport.reaches, Delivery), "reaches is no Delivery")


def finishes(printer: TestedPrinter) -> None:
    """A whole job is delivered, as far as the transport reaches, and then there is silence."""
    job, connection = _open(printer)
    require(connection.sent == 0, "sent is not 0 before the first byte")
    _write(connection, JOB)
    _finish(printer, connection)
    require(connection.sent > 0, "sent is 0 after a whole job")
    printer.turn(ABORT_TIMEOUT)
    require(not job.losses, "printerLost was called of a whole job")
    _printOne(printer)


def finishesWithoutBytes(printer: TestedPrinter) -> None:
    """A job may be empty."""
    job, connection = _open(printer, 0)
    _finish(printer, connection)
    require(not job.losses, "printerLost was called of an empty job")
    _printOne(printer)


def pausesAndGoesOn(printer: TestedPrinter) -> None:
    """A long job is taken whole; a producer that was paused goes on."""
    _, connection = _open(printer, PIECES * len(_PIECE))
    producer = _Producer()
    connection.registerProducer(producer, True)
    for _ in range(PIECES):
        _until(printer, lambda: not producer.paused, "the producer was paused, and not resumed")
        connection.write(_PIECE)
    connection.unregisterProducer()
    _finish(printer, connection)


def abortsBeforeTheFirstByte(printer: TestedPrinter) -> None:
    """A job may be cut as soon as it has the printer."""
    job, connection = _open(printer)
    _abort(printer, connection, b"")
    _afterAbort(printer, job)


def abortsInMidJob(printer: TestedPrinter) -> None:
    """A job may be cut anywhere; the next one has the printer then."""
    job, connection = _open(printer)
    connection.write(JOB[:-1])
    _abort(printer, connection, b"\x04")
    _afterAbort(printer, job)


def abortsWhileFinishing(printer: TestedPrinter) -> None:
    """A job may be cut while the printer finishes it."""
    job, connection = _open(printer)
    _write(connection, JOB)
    connection.finish().addErrback(lambda failure: failure.trap(PrintError))
    _abort(printer, connection, b"\x04")
    _afterAbort(printer, job)


def abortMayBeCanceled(printer: TestedPrinter) -> None:
    """What is left is thrown away at once when nobody waits any more for an abort."""
    job, connection = _open(printer)
    connection.write(JOB[:-1])
    aborted = connection.abort(b"\x04")
    told = hear(aborted)
    aborted.cancel()
    _until(printer, lambda: told, "abort() was canceled, and does not fire", CANCEL_TIMEOUT)
    _afterAbort(printer, job, again=True)


def isLostOnce(printer: TestedPrinter) -> None:
    """A printer that goes in mid-job is told of once; the job may write on, and abort then."""
    job, connection = _open(printer)
    connection.registerProducer(_Producer(), True)
    connection.write(JOB[:-1])
    if not printer.lose():
        _abort(printer, connection, b"")
        return
    _until(printer, lambda: job.losses, "the printer is gone, and printerLost was not called")
    require(isinstance(job.losses[0], PrintError), "printerLost was called with no PrintError")
    connection.write(JOB[-1:])
    connection.unregisterProducer()
    _abort(printer, connection, b"\x04")
    printer.turn(ABORT_TIMEOUT)
    require(len(job.losses) == 1, f"printerLost was called {len(job.losses)} times")


def isLostWhileFinishing(printer: TestedPrinter) -> None:
    """A printer that goes while it finishes is told of by finish, and not by printerLost."""
    job, connection = _open(printer)
    _write(connection, JOB)
    finished = hear(connection.finish())
    if finished or not printer.lose():
        _abort(printer, connection, b"")
        return
    _until(printer, lambda: finished, "the printer is gone, and finish() does not fire")
    require(isinstance(finished[0], PrintError), f"finish() of a lost job gave {finished[0]!r}")
    _abort(printer, connection, b"")
    printer.turn(ABORT_TIMEOUT)
    require(not job.losses, "printerLost was called after finish()")


def openingMayBeCanceled(printer: TestedPrinter) -> None:
    """An opening that nobody waits for ends soon, and leaves no connection behind."""
    opening = printer.transport.open(FakeJob(size=_size(printer, len(JOB))))
    told = hear(opening)
    opening.cancel()
    _until(printer, lambda: told, "open() was canceled, and does not fire", CANCEL_TIMEOUT)
    if IPrinterConnection.providedBy(told[0]):
        _abort(printer, told[0], b"")
    _printOne(printer, again=True)


def isAskedAtAnyTime(printer: TestedPrinter) -> None:
    """It may be asked how it is, also while it prints; that never fails, and disturbs no job."""
    _ask(printer)
    job, connection = _open(printer)
    connection.write(JOB[:-1])
    _ask(printer)
    _write(connection, JOB[-1:])
    _finish(printer, connection)
    _ask(printer)
    require(not job.losses, "printerLost was called of a job whose printer was asked how it is")


RULES: tuple[Rule, ...] = (
    saysWhatItIs,
    finishes,
    finishesWithoutBytes,
    pausesAndGoesOn,
    abortsBeforeTheFirstByte,
    abortsInMidJob,
    abortsWhileFinishing,
    abortMayBeCanceled,
    isLostOnce,
    isLostWhileFinishing,
    openingMayBeCanceled,
    isAskedAtAnyTime,
)


# What they are made of.


@implementer(IPushProducer)
class _Producer:
    paused = False

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False

    def stopProducing(self) -> None:
        self.paused = False


def _until(
    printer: TestedPrinter, fact: Callable[[], object], what: str, seconds: float = PATIENCE
) -> None:
    # At first what takes no time; a dialogue has a turn for each thing that is said.
    for step in [0.0] * 50 + [_STEP] * int(seconds / _STEP):
        if fact():
            return
        printer.turn(step)
    require(fact(), f"{what} (waited for {seconds:g} s)")


def _size(printer: TestedPrinter, size: int) -> int | None:
    return size if printer.announces else None


def _open(
    printer: TestedPrinter, size: int = len(JOB), again: bool = False
) -> tuple[FakeJob, IPrinterConnection]:
    job = FakeJob(size=_size(printer, size))
    opened = _attempt(printer, job)
    for _ in range(_ATTEMPTS if again else 0):
        if not isinstance(opened, PrinterUnreachable):
            break
        printer.turn(_STEP)
        opened = _attempt(printer, job)
    require(not isinstance(opened, Exception), f"open() failed: {opened!r}")
    verify(IPrinterConnection, opened)
    return job, opened


def _attempt(printer: TestedPrinter, job: FakeJob) -> Any:
    told = hear(printer.transport.open(job))
    _until(printer, lambda: told, "open() does not fire", CONNECT_TIMEOUT)
    return told[0]


def _write(connection: IPrinterConnection, data: bytes) -> None:
    # As a job does it: the producer is gone when the connection is to finish.
    connection.registerProducer(_Producer(), True)
    connection.write(data)
    connection.unregisterProducer()


def _finish(printer: TestedPrinter, connection: IPrinterConnection) -> None:
    told = hear(connection.finish())
    _until(printer, lambda: told, "finish() does not fire")
    level, most = told[0], printer.transport.reaches
    require(isinstance(level, Delivery), f"finish() gave {level!r}, and no Delivery")
    require(_LEVELS.index(level) <= _LEVELS.index(most), f"{level} is more than it reaches")


def _abort(printer: TestedPrinter, connection: IPrinterConnection, tail: bytes) -> None:
    told = hear(connection.abort(tail))
    _until(printer, lambda: told, "abort() does not fire", ABORT_TIMEOUT)
    require(not isinstance(told[0], Exception), f"abort() failed: {told[0]!r}")


def _afterAbort(printer: TestedPrinter, job: FakeJob, again: bool = False) -> None:
    printer.turn(ABORT_TIMEOUT)
    require(not job.losses, "printerLost was called after abort()")
    _printOne(printer, again)


def _printOne(printer: TestedPrinter, again: bool = False) -> None:
    # The printer is free for the next job; behind what was canceled it may take another attempt.
    job, connection = _open(printer, again=again)
    _write(connection, JOB)
    _finish(printer, connection)
    require(not job.losses, "printerLost was called of the next job")


def _ask(printer: TestedPrinter) -> None:
    told = hear(printer.transport.ask())
    _until(printer, lambda: told, "ask() does not fire", ASK_TIMEOUT)
    require(not isinstance(told[0], Exception), f"ask() failed: {told[0]!r}")
    require(isinstance(printer.transport.status, PrinterStatus), "status is no PrinterStatus")
