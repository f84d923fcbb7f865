"""
Whether a printer that was away answers again, where asking takes no connection to it.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from .dialling import Dialling

ASKED = 5.0
"""Seconds between an answer and the next question: as long as an answer is new enough for others
(L{STATUS_AGE<jetdirect.port.STATUS_AGE>}; chosen)."""


class Lookout:
    """
    Asks one printer while its jobs wait.

    A printer that answered all along is away for another reason; so only an answer that comes after
    none is news.
    """

    def __init__(
        self,
        clock: IReactorTime,
        turns: Dialling,
        ask: Callable[[], Deferred[bool] | None],
        back: Callable[[], None],
    ) -> None:
        """
        @param turns: a moment for each question, over all printers.
        @param ask: fires when it is known whether the printer answers, and works; or L{None}: it
            cannot be asked so.
        @param back: called when it does again.
        """
        self._clock = clock
        self._turns = turns
        self._ask = ask
        self._back = back
        self._silent = False
        self._looking: Deferred[None] | None = None

    def begin(self) -> None:
        """Ask from now on."""
        self._looking = Deferred.fromCoroutine(self._askUntilBack())
        self._looking.addErrback(_ended)

    def end(self) -> None:
        """Ask no more."""
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()

    async def _askUntilBack(self) -> None:
        while True:
            await self._turns.turn()
            asked = self._ask()
            if asked is None:
                return
            works = await asked
            news, self._silent = works and self._silent, not works
            if news:
                self._looking = None
                self._back()
                return
            await deferLater(self._clock, ASKED)


def _ended(failure: Failure) -> None:
    failure.trap(CancelledError)
