"""
One job at a printer that speaks IPP: its document, and what becomes of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProducer, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ...errors import PrinterLost, PrinterUnreachable
from ...interfaces import Delivery, IPrinterConnection, IPrintJob
from ..ending import Ending, State
from . import rfc8011
from .client import Document, IPPClient
from .rfc8010 import INTEGER, KEYWORD, Attribute, Response


def _pauses() -> Iterator[float]:
    # A label is printed in a moment, a book is not.
    pause = 0.1
    while True:
        yield min(pause, 10.0)
        pause *= 2


@implementer(IPrinterConnection)
class IPPConnection:
    """
    The printer, while one job has it.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        client: IPPClient,
        job: IPrintJob,
        said: Attribute,
        document: Document,
        number: int | None,
        patience: float | None,
    ) -> None:
        """
        @param said: who prints.
        @param number: the printer's own of the job; L{None}: it comes with the document's answer.
        @param patience: seconds in which the job is to be printed, to be confirmed; L{None}: this
            is not waited for.
        """
        self._clock = clock
        self._client = client
        self._job = job
        self._said = said
        self._document = document
        self._number = number
        self._patience = patience
        self._ending = Ending(job)
        self._taken: Deferred[None] = Deferred()
        document.answer.addCallback(self._answered).addErrback(self._notAnswered)

    @property
    def released(self) -> bool:
        """Has the job the printer no more?"""
        return self._ending.state is State.OVER

    @property
    def sent(self) -> int:
        """L{IPrinterConnection}."""
        return self._document.sent

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}."""
        self._document.write(data)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IPrinterConnection}."""
        self._document.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """L{IPrinterConnection}."""
        self._document.unregisterProducer()

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}."""
        return self._ending.finishBy(self._finish)

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}: the printer is asked to cancel the job; no tail is needed."""
        return self._ending.abortBy(self._cancel)

    # The document's answer.

    def _answered(self, response: Response) -> None:
        if not response.good:
            raise PrinterLost(rfc8011.refusal(response))
        if self._document.early:
            raise PrinterLost("the printer answered before the end of the job")
        self._number = self._number or response.number("job-id")
        self._taken.callback(None)

    def _notAnswered(self, failure: Failure) -> None:
        why = failure.value
        if not isinstance(why, PrinterLost):
            failure.raiseException()
        elif self._ending.state is State.PRINTING:
            self._document.abort()
            self._ending.lost(why)
        elif self._ending.state is State.FINISHING:
            self._document.abort()
            if not self._taken.called:
                self._taken.errback(why)

    # The end.

    async def _finish(self) -> Delivery:
        if not self._document.begun:
            await self._cancel()  # a job without a byte is none
            return Delivery.DELIVERED
        self._document.end()
        await self._taken
        await self._document.hangUp()
        if self._patience is None or self._number is None:
            return Delivery.DELIVERED
        return await self._confirm(self._number, self._patience)

    async def _confirm(self, number: int, patience: float) -> Delivery:
        # The printer has all of it.  Has it been printed?
        deadline = self._clock.seconds() + patience
        for pause in _pauses():
            end = await self._outcome(number)
            left = deadline - self._clock.seconds()
            if end is not None or left <= 0:
                return end or Delivery.DELIVERED
            await deferLater(self._clock, min(pause, left))
        raise AssertionError  # there is always another pause

    async def _outcome(self, number: int) -> Delivery | None:
        # How did it end?  None: not yet, as far as is known.
        wanted = ["job-state", "job-state-reasons"]
        try:
            job = await self._ask(
                rfc8011.GET_JOB, number, Attribute(KEYWORD, "requested-attributes", wanted)
            )
        except PrinterUnreachable:
            return None
        if not job.good:
            return Delivery.DELIVERED  # it has forgotten the job, or does not say
        state, reasons = job.number("job-state"), job.words("job-state-reasons")
        if state in (rfc8011.CANCELED, rfc8011.ABORTED):
            self._number = None
            done = "canceled" if state == rfc8011.CANCELED else "aborted"
            raise PrinterLost(f"the printer has {done} the job{rfc8011.because(reasons)}")
        if state == rfc8011.COMPLETED:
            return Delivery.DELIVERED if rfc8011.ERRORS in reasons else Delivery.CONFIRMED
        return None

    async def _cancel(self) -> None:
        await self._document.abort()
        number, self._number = self._number, None
        if number is None:
            return
        try:
            await self._ask(rfc8011.CANCEL_JOB, number)
        except PrinterUnreachable as why:
            self._log.warn(
                "job {job} was not canceled at the printer, which has it as job {number}: {why}",
                job=self._job.number,
                number=number,
                why=why.reason,
            )

    async def _ask(self, operation: int, number: int, *more: Attribute) -> Response:
        which = Attribute(INTEGER, "job-id", [number])
        return await self._client.ask(operation, [which, self._said, *more])
