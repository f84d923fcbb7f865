"""
The end of a job at a printer connection, as a table: every event in every state.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from jetdirect.errors import PrinterLost, PrintError
from jetdirect.interfaces import Delivery
from jetdirect.testing import FakeJob
from jetdirect.transports.ending import NEXT, Ending, State
from tests.conftest import FlushErrors

WHY = PrinterLost("the printer was switched off")
EVENTS = ("finish", "abort", "delivered", "lost", "closed")

WAYS: dict[State, list[str]] = {
    State.PRINTING: [],
    State.FINISHING: ["finish"],
    State.DELIVERED: ["finish", "delivered"],
    State.LOST: ["lost"],
    State.ABORTING: ["abort"],
    State.OVER: ["finish", "delivered", "closed"],
}
"""How each state is reached."""

TABLE: dict[tuple[State, str], tuple[State, list[str]]] = {
    (State.PRINTING, "finish"): (State.FINISHING, []),
    (State.PRINTING, "abort"): (State.ABORTING, []),
    (State.PRINTING, "lost"): (State.LOST, ["printerLost"]),
    (State.PRINTING, "closed"): (State.OVER, ["printerLost"]),
    (State.FINISHING, "abort"): (State.ABORTING, []),
    (State.FINISHING, "delivered"): (State.DELIVERED, []),
    (State.FINISHING, "lost"): (State.LOST, ["not finished"]),
    (State.FINISHING, "closed"): (State.OVER, ["not finished"]),
    (State.DELIVERED, "abort"): (State.ABORTING, []),
    (State.DELIVERED, "closed"): (State.OVER, ["finished"]),
    (State.LOST, "abort"): (State.ABORTING, []),
    (State.LOST, "closed"): (State.OVER, []),
    (State.ABORTING, "closed"): (State.OVER, ["aborted"]),
    # What comes too late: what the job asks for is answered, nothing else happens.
    (State.LOST, "finish"): (State.LOST, ["not finished"]),
    (State.ABORTING, "finish"): (State.ABORTING, ["not finished"]),
    (State.OVER, "finish"): (State.OVER, ["not finished"]),
    (State.OVER, "abort"): (State.OVER, ["aborted"]),
}
"""Where each event leads, and what the job is told then; what is not here changes nothing."""


class Told:
    """
    A printer connection's ending, and what the job is told of it.

    @ivar news: in this order.
    """

    def __init__(self) -> None:
        self.job = FakeJob()
        self.ending = Ending(self.job)
        self.news: list[str] = []

    def happen(self, event: str) -> None:
        """One of C{EVENTS}."""
        before = len(self.job.losses)
        if event == "finish":
            self.ending.finish().addCallbacks(self._finished, self._notFinished)
        elif event == "abort":
            self.ending.abort().addCallback(lambda _: self.news.append("aborted"))
        elif event == "delivered":
            self.ending.delivered(Delivery.CONFIRMED)
        elif event == "lost":
            self.ending.lost(WHY)
        else:
            self.ending.closed(WHY)
        self.news += ["printerLost"] * (len(self.job.losses) - before)

    def _finished(self, delivery: Delivery) -> None:
        assert delivery is Delivery.CONFIRMED
        self.news.append("finished")

    def _notFinished(self, failure: Any) -> None:
        failure.trap(PrinterLost)
        self.news.append("not finished")


ONCE = {("finish", State.FINISHING), ("finish", State.DELIVERED), ("abort", State.ABORTING)}
"""What no job does: it finishes a connection once, and aborts it once."""


@pytest.mark.parametrize(
    ("event", "state"), [each for each in product(EVENTS, State) if each not in ONCE]
)
def test_everyEventInEveryState(event: str, state: State) -> None:
    """Each leads where the table says, and tells the job what it says, once."""
    told = Told()
    for each in WAYS[state]:
        told.happen(each)
    assert told.ending.state is state
    told.news.clear()

    told.happen(event)
    after, news = TABLE.get((state, event), (state, []))
    assert (told.ending.state, told.news) == (after, news)


def test_table() -> None:
    """What is tested above is all that the table of the product has."""
    leads = {(state, event): to for state, events in NEXT.items() for event, to in events.items()}
    assert leads == {cell: to for cell, (to, _) in TABLE.items() if to is not cell[0]}


@pytest.mark.parametrize("event", ["lost", "closed"])
def test_reason(event: str) -> None:
    """The job is told why, and so is one that finishes later."""
    told = Told()
    told.happen(event)
    assert told.job.losses == [WHY]

    late: list[Any] = []
    told.ending.finish().addErrback(lambda failure: late.append(failure.value))
    assert late == [WHY]


def test_closedWithoutReason() -> None:
    """A connection that closes without a word is a loss with a word."""
    told = Told()
    told.ending.closed()
    assert [loss.reason for loss in told.job.losses] == ["the printer connection was closed"]


@pytest.mark.parametrize("event", ["lost", "closed"])
def test_abortInTurn(event: str) -> None:
    """A job may abort as it is told of a loss: it gets its answer when the connection is closed."""
    told = Told()

    def printerLost(error: PrintError) -> None:
        told.happen("abort")

    told.job.printerLost = printerLost  # type: ignore[method-assign]
    told.happen(event)
    assert told.news == (["aborted"] if event == "closed" else [])

    told.ending.closed()
    assert told.news == ["aborted"]


@pytest.mark.parametrize("reset", [False, True])
def test_canceledAbort(reset: bool) -> None:
    """When the Deferred of abort is canceled the connection is reset; its close is no news."""
    resets: list[str] = []
    ending = Ending(FakeJob(), (lambda: resets.append("reset")) if reset else None)
    aborted = ending.abort()
    aborted.addErrback(lambda failure: failure.trap(CancelledError))
    aborted.cancel()
    assert resets == ["reset"] * reset

    ending.closed()
    assert ending.state is State.OVER


class Worked:
    """An ending whose finish and abort are coroutines, which wait for these Deferreds."""

    def __init__(self) -> None:
        self.finishing: Deferred[Delivery] = Deferred()
        self.aborting: Deferred[None] = Deferred()
        self.job = FakeJob()
        self.ending = Ending(self.job)
        self.outcome: list[Any] = []

    async def _finish(self) -> Delivery:
        return await self.finishing

    async def _abort(self) -> None:
        await self.aborting

    def finish(self) -> None:
        """What happens is the outcome."""
        finished = self.ending.finishBy(self._finish)
        finished.addCallbacks(self.outcome.append, lambda f: self.outcome.append(f.value))

    def abort(self) -> Deferred[None]:
        """What happens is the outcome, too."""
        aborted = self.ending.abortBy(self._abort)
        return aborted.addCallback(lambda _: self.outcome.append("aborted"))


def test_finishBy() -> None:
    """What the work returns is the delivery, and the connection is over then."""
    worked = Worked()
    worked.finish()
    assert worked.outcome == []

    worked.finishing.callback(Delivery.DELIVERED)
    assert worked.outcome == [Delivery.DELIVERED]
    assert worked.ending.state is State.OVER


@pytest.mark.parametrize("why", [WHY, ZeroDivisionError("a bug")])
def test_workFails(why: Exception) -> None:
    """What the work raises is why the job is lost; the connection is still to be aborted."""
    worked = Worked()
    worked.finish()
    worked.finishing.errback(why)
    assert worked.outcome == [why]
    assert worked.ending.state is State.LOST

    worked.abort()
    worked.aborting.callback(None)
    assert worked.outcome == [why, "aborted"]
    assert worked.job.losses == []


def test_lostBeforeWork() -> None:
    """The work of a lost job is not begun."""
    worked = Worked()
    worked.ending.lost(WHY)
    worked.finish()
    assert worked.outcome == [WHY]


def test_abortStopsWork() -> None:
    """Abort cancels the work, whose end is silent then."""
    worked = Worked()
    worked.finish()
    worked.abort()
    assert worked.outcome == []
    assert worked.finishing.called

    worked.aborting.callback(None)
    assert worked.outcome == ["aborted"]
    assert worked.ending.state is State.OVER


def test_abortWhenOver() -> None:
    """Nothing is done for a connection that is over."""
    worked = Worked()
    worked.ending.closed()
    worked.abort()
    assert worked.outcome == ["aborted"]
    assert not worked.aborting.called


def test_canceledWork() -> None:
    """When the Deferred of such an abort is canceled, so is its work."""
    worked = Worked()
    worked.abort().cancel()
    assert worked.outcome == ["aborted"]
    assert worked.ending.state is State.OVER
    assert worked.aborting.called


def test_abortFails(flushErrors: FlushErrors) -> None:
    """What the work of an abort raises is logged, and the connection is over all the same."""
    worked = Worked()
    worked.abort()
    worked.aborting.errback(ZeroDivisionError("a bug"))
    assert worked.outcome == ["aborted"]
    assert len(flushErrors(ZeroDivisionError)) == 1
