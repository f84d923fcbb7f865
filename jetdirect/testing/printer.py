"""
A printer in memory that does what a test tells it.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IProducer, IPushProducer
from zope.interface import implementer

from ..errors import PrinterLost, PrintError
from ..interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)
from ..transports.ending import Ending, State


@implementer(IPrinterTransport)
class FakePrinter:
    """
    Takes every job, unless told otherwise.

    @ivar jobs: one connection for each job that it was opened for.
    @ivar refusals: errors with which the next openings fail, in this order.
    @ivar silent: an opening is not answered.
    @ivar answers: what it answers when it is asked how it is, in this order; then it is silent.
    @ivar hesitant: the end of a job is not answered; answer with C{jobs[-1].answer()}.
    """

    uri = "fake:"

    def __init__(
        self, description: str = "fake printer", reaches: Delivery = Delivery.DELIVERED
    ) -> None:
        self.description = description
        self.reaches = reaches
        self.status = PrinterStatus()
        self.answers: list[PrinterStatus] = []
        self.jobs: list[FakePrinterConnection] = []
        self.refusals: list[PrintError] = []
        self.silent = False
        self.hesitant = False

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}."""
        if self.silent:
            return Deferred()
        if self.refusals:
            return fail(self.refusals.pop(0))
        self.jobs.append(FakePrinterConnection(self, job))
        return succeed(self.jobs[-1])

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}."""
        if self.answers:
            self.status = self.answers.pop(0)
        return succeed(None)


@implementer(IPrinterConnection)
class FakePrinterConnection:
    """
    What the printer knows of one job.

    @ivar data: the bytes it got; those of a C{tail} are not among them.
    @ivar ended: C{"finished"}, C{"aborted"}, C{"lost"}, or C{""} as long as the job is going on.
    @ivar tail: what ended an aborted job.
    """

    def __init__(self, printer: FakePrinter, job: IPrintJob) -> None:
        self.data = b""
        self.ended = ""
        self.tail = b""
        self._printer = printer
        self._ending = Ending(job)
        self._producer: IProducer | None = None

    @property
    def sent(self) -> int:
        """L{IPrinterConnection}."""
        return len(self.data)

    # What a test makes the printer do.

    def pause(self) -> None:
        """Take no more bytes for now."""
        assert IPushProducer.providedBy(self._producer)
        self._producer.pauseProducing()

    def resume(self) -> None:
        """Take bytes again."""
        assert IPushProducer.providedBy(self._producer)
        self._producer.resumeProducing()

    def lose(self, reason: str = "the printer was switched off") -> None:
        """Go away in the middle of the job, or at its end."""
        self.ended = "lost"
        self._ending.closed(PrinterLost(reason))

    def answer(self, delivery: Delivery | None = None) -> None:
        """Answer what a hesitant printer was asked: the end of the job, or of an abort."""
        if self._ending.state is State.FINISHING:
            self.ended = "finished"
            self._ending.delivered(delivery or self._printer.reaches)
        if self._ending.state is not State.PRINTING:
            self._ending.closed()

    # L{IPrinterConnection}

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}."""
        self.data += data

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IPrinterConnection}."""
        self._producer = producer

    def unregisterProducer(self) -> None:
        """L{IPrinterConnection}."""
        self._producer = None

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}."""
        finished = self._ending.finish()
        if not self._printer.hesitant:
            self.answer()
        return finished

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}."""
        aborted = self._ending.abort()
        if self._ending.state is State.ABORTING:
            self.ended, self.tail = "aborted", tail
            if not self._printer.hesitant:
                self.answer()
        return aborted
