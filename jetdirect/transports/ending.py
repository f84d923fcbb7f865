"""
How a job ends at a printer connection: one table for every kind of printer.

A connection says what happens (C{finish}, C{abort}, C{delivered}, C{lost}, C{closed}); the table
says where that leads, and the job is told accordingly: by the Deferred of C{finish}, by that of
C{abort}, or by one call of C{printerLost}.  What is not in the table comes too late, and is
dropped::

    printing -- finish --> finishing -- delivered --> delivered -- closed --> over
       |                      |                           |
       +------- lost ---------+--> lost ------- closed ---|-----------------> over
       |                      |      |                    |
       +------- abort --------+------+------- abort ------+--> aborting -- closed --> over

C{closed} while the printer prints or finishes is a loss and its end in one.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import PrinterLost, PrintError
from ..interfaces import Delivery, IPrintJob

FINISH_TIMEOUT = 90.0
"""Seconds in which a printer that has the whole job is to say so, as CUPS's backend for TCP waits;
each URI has an option for it."""

ABORT_PATIENCE = 5.0
"""Seconds in which the end of an aborted job may be taken, where progress can be seen: after the
last one (chosen).  What is left then is thrown away."""


class State(Enum):
    """Where the end of a job is, at one printer connection."""

    PRINTING = "printing"
    FINISHING = "finishing"
    DELIVERED = "delivered"
    """The level is known, and told when the printer is free: one that takes one connection at a
    time would refuse the next job."""

    LOST = "lost"
    """The job was told so; it aborts the connection, if it has not done so already."""

    ABORTING = "aborting"
    OVER = "over"

    __hash__ = object.__hash__  # as L{Phase<jetdirect.phase.Phase>} has it


NEXT: dict[State, dict[str, State]] = {
    State.PRINTING: {
        "finish": State.FINISHING,
        "abort": State.ABORTING,
        "lost": State.LOST,
        "closed": State.OVER,
    },
    State.FINISHING: {
        "abort": State.ABORTING,
        "delivered": State.DELIVERED,
        "lost": State.LOST,
        "closed": State.OVER,
    },
    State.DELIVERED: {"abort": State.ABORTING, "closed": State.OVER},
    State.LOST: {"abort": State.ABORTING, "closed": State.OVER},
    State.ABORTING: {"closed": State.OVER},
    State.OVER: {},
}
"""What may happen in each state, and where it leads."""


class Ending:
    """
    The end of one job at one printer connection.

    @ivar state: changed before the job is told, which may call back at once.
    """

    _log = Logger()

    def __init__(self, job: IPrintJob, reset: Callable[[], object] | None = None) -> None:
        """
        @param reset: closes the connection at once, when the Deferred of C{abort} is canceled.
        """
        self.state = State.PRINTING
        self._job = job
        self._reset = reset
        self._finished: Deferred[Delivery] = Deferred()
        self._aborted: Deferred[None] | None = None
        self._delivery = Delivery.SENT
        self._why: PrintError | None = None
        self._work: Deferred[Any] | None = None

    # What the job does.

    def finish(self) -> Deferred[Delivery]:
        """What L{IPrinterConnection}'s C{finish} returns; it has failed if the printer is lost."""
        if self._advance("finish"):
            return self._finished
        return fail(self._why or PrinterLost("the job is over"))

    def finishBy(self, work: Callable[[], Coroutine[Any, Any, Delivery]]) -> Deferred[Delivery]:
        """The same; C{work} does it, unless the printer is lost, and is canceled by C{abort}."""
        finished = self.finish()
        if self.state is State.FINISHING:
            self._work = Deferred.fromCoroutine(work())
            self._work.addCallbacks(self._worked, self._failed)
        return finished

    def abort(self) -> Deferred[None]:
        """What L{IPrinterConnection}'s C{abort} returns; it has fired if the connection is over."""
        return succeed(None) if self.state is State.OVER else self._abort()

    def abortBy(self, work: Callable[[], Coroutine[Any, Any, None]]) -> Deferred[None]:
        """The same; the connection is closed when C{work} has done it."""
        if self.state is State.OVER:
            return succeed(None)
        aborted, finishing = self._abort(), self._work
        if finishing is not None:
            finishing.cancel()
        aborting = Deferred.fromCoroutine(work())
        self._reset = aborting.cancel

        aborting.addErrback(self._brokeOff).addCallback(lambda _: self.closed())
        return aborted

    # What the printer does.

    def delivered(self, delivery: Delivery) -> None:
        """It has the whole job; this is told when the connection is closed."""
        if self._advance("delivered"):
            self._delivery = delivery

    def lost(self, why: PrintError) -> None:
        """It will not have the job.  The connection is still to be closed."""
        before = self.state
        if self._advance("lost"):
            self._tellLoss(before, why)

    def closed(self, why: PrintError | None = None) -> None:
        """
        It is free for the next job.

        @param why: what is told if it was neither delivered nor lost nor aborted before.
        """
        before = self.state
        if not self._advance("closed"):
            return
        self._reset = None  # it knows the connection, which knows us
        if before is State.DELIVERED:
            self._finished.callback(self._delivery)
        elif before is State.ABORTING:
            if self._aborted is not None and not self._aborted.called:  # but canceled
                self._aborted.callback(None)
        elif before is not State.LOST:
            self._tellLoss(before, why or PrinterLost("the printer connection was closed"))

    # Inside.

    def _advance(self, event: str) -> bool:
        following = NEXT[self.state].get(event)
        if following is not None:
            self.state = following
        return following is not None

    def _tellLoss(self, before: State, why: PrintError) -> None:
        self._why = why
        if before is State.FINISHING:
            self._finished.errback(why)
        else:
            self._job.printerLost(why)

    def _abort(self) -> Deferred[None]:
        self._advance("abort")
        if self._aborted is None:  # few jobs need it
            self._aborted = Deferred(self._cancel)
        return self._aborted

    def _cancel(self, _: object) -> None:
        if self._reset is not None:
            self._reset()

    def _worked(self, delivery: Delivery) -> None:
        self.delivered(delivery)
        self.closed()

    def _failed(self, failure: Failure) -> None:
        if self._advance("lost"):
            self._finished.errback(failure)
        else:
            self._brokeOff(failure)

    def _brokeOff(self, failure: Failure) -> None:
        # Work that abort has ended, or that of abort itself.
        if not failure.check(PrintError, CancelledError):
            self._log.failure("a printer connection failed at its end", failure)
