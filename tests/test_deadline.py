"""
A limit of time: over when it is over, and not because the reactor was busy.
"""

from __future__ import annotations

import socket
import time

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred, TimeoutError, fail, succeed
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from jetdirect.net.deadline import LONGEST_GRACE, Deadline, alreadyThere, within

LIMIT = 30.0


def test_missed() -> None:
    """When the time is over, and not before, it is told, and once only."""
    clock, missed = Clock(), []
    Deadline(clock, LIMIT, lambda: missed.append(clock.seconds()))
    clock.advance(LIMIT - 1)
    assert not missed
    clock.advance(1)
    clock.advance(LIMIT)
    assert len(missed) == 1
    assert not clock.getDelayedCalls()


@pytest.mark.parametrize("passed", [0.0, LIMIT - 1, LIMIT])
def test_canceled(passed: float) -> None:
    """One that is canceled is never missed; it can be canceled again, and when it is over."""
    clock, missed = Clock(), []
    deadline = Deadline(clock, LIMIT, lambda: missed.append(True))
    clock.advance(passed)
    before = list(missed)
    deadline.cancel()
    deadline.cancel()
    clock.advance(2 * LIMIT)
    assert missed == before
    assert not clock.getDelayedCalls()


class TurningClock(Clock):
    """Calls as a reactor does: what is due, and what that asks for in the turn after."""

    def turn(self) -> None:
        due = [call for call in self.calls if call.getTime() <= self.seconds()]
        for call in due:
            self.calls.remove(call)
            call.called = 1
            call.func(*call.args, **call.kw)


def test_turnBetween() -> None:
    """Between the end of the time and the verdict lies a turn, in which it can be canceled."""
    clock, missed = TurningClock(), []
    deadline = Deadline(clock, LIMIT, lambda: missed.append(True))
    clock.rightNow += LIMIT
    clock.turn()
    assert not missed
    deadline.cancel()
    clock.turn()
    assert not missed


@pytest.mark.parametrize(("late", "grace"), [(0.25, 0.25), (60, LONGEST_GRACE)])
def test_grace(late: float, grace: float) -> None:
    """A peer gets back for how long the reactor stood still, but not for ever."""
    clock, missed = Clock(), []
    Deadline(clock, LIMIT, lambda: missed.append(clock.seconds()))
    clock.advance(LIMIT + late)
    clock.advance(grace / 2)
    assert not missed
    clock.advance(grace / 2)
    assert missed == [LIMIT + late + grace]
    assert not clock.getDelayedCalls()


def test_lateAgain() -> None:
    """A second look that is late itself was none: the reactor has stood still in between."""
    clock, missed = Clock(), []
    Deadline(clock, LIMIT, lambda: missed.append(True))
    clock.advance(LIMIT + 40)
    clock.advance(40)
    assert not missed
    clock.advance(LONGEST_GRACE)
    assert missed


def test_within() -> None:
    """A result in time passes, and leaves no timer."""
    clock = Clock()
    result: Deferred[str] = Deferred()
    got: list[str] = []
    within(result, LIMIT, clock).addCallback(got.append)
    result.callback("there")
    assert got == ["there"]
    assert not clock.getDelayedCalls()


def failureOf(result: Deferred[str]) -> list[Failure]:
    """Where the failure will be."""
    failures: list[Failure] = []
    result.addErrback(failures.append)
    return failures


def test_tooLate() -> None:
    """One that does not come is canceled, and told to be late."""
    clock, canceled = Clock(), list[Deferred[str]]()
    result: Deferred[str] = Deferred(canceled.append)
    failures = failureOf(within(result, LIMIT, clock))
    clock.advance(LIMIT)
    assert canceled == [result]
    assert failures[0].check(TimeoutError)


def test_otherFailures() -> None:
    """Another failure, and a cancellation by somebody else, stay what they are."""
    clock = Clock()
    failing: Deferred[str] = Deferred()
    failures = failureOf(within(failing, LIMIT, clock))
    failing.errback(ZeroDivisionError())
    assert failures[0].check(ZeroDivisionError)
    canceled: Deferred[str] = Deferred()
    failures = failureOf(within(canceled, LIMIT, clock))
    canceled.cancel()
    assert failures[0].check(CancelledError)
    assert not clock.getDelayedCalls()


@pytest_twisted.ensureDeferred
async def test_peerOfALateReactor() -> None:
    """What came while the reactor stood still counts as in time."""
    from twisted.internet import reactor

    came: Deferred[str] = Deferred()

    class Expecting(Protocol):
        def connectionMade(self) -> None:
            assert self.transport is not None
            self.transport.loseConnection()

        def connectionLost(self, reason: Failure = connectionDone) -> None:
            came.callback("there")

    endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    port = await endpoint.listen(Factory.forProtocol(Expecting))
    made = within(came, 0.01, reactor)
    with socket.create_connection(("127.0.0.1", port.getHost().port)):
        time.sleep(0.05)  # the reactor stands still
        assert await made == "there"
    await port.stopListening()


def test_alreadyThere() -> None:
    """A result is taken if it need not be waited for; a failure stays to be handled."""
    later: Deferred[str] = Deferred()
    failed: Deferred[str] = fail(ValueError())
    chained = succeed("").addCallback(lambda _: later)
    found = [alreadyThere(each) for each in (succeed("there"), later, failed, chained)]
    assert found == ["there", None, None, None]
    assert failureOf(failed)[0].check(ValueError)
