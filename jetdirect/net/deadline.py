"""
A limit of time that holds although the reactor may be late.

While the reactor is busy with something else, what peers send waits in the kernel.  Timers come
first when it goes on: a plain timer would give up on a peer that has done its part long ago.  And
what the reactor should have said to a peer goes out late, too: the peer gets that time back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

_T = TypeVar("_T")

#: How much of the time for which the reactor stood still a peer gets back, in seconds: enough for
#: an answer from any other place on earth, and no second limit for a peer that says nothing.
LONGEST_GRACE = 1.0


def _nothing() -> None:
    pass


class Deadline:
    """
    Call C{missed} when the time is over, and the reactor has looked once more at what has come: as
    long after it as the reactor was late, L{LONGEST_GRACE} at most.  A second look that is later
    than that is none: the reactor stood still again, and saw nothing meanwhile.

    For every limit of time that speaks against a peer: cancel it when the peer has done its part.
    """

    def __init__(self, clock: IReactorTime, seconds: float, missed: Callable[[], object]) -> None:
        self._clock = clock
        self._missed = missed
        self._looked = False
        self._call: IDelayedCall = clock.callLater(seconds, self._over)

    def cancel(self) -> None:
        """There is no limit any more; harmless when it is over, or was canceled."""
        if self._call.active():
            self._call.cancel()
        self._missed = _nothing  # what has the limit need not wait for the collector of garbage

    def _over(self) -> None:
        late = self._clock.seconds() - self._call.getTime()
        if self._looked and late < LONGEST_GRACE:
            self._missed()
            return
        # Due calls are called first, then descriptors are served: so in the next turn, or later.
        self._looked = True
        self._call = self._clock.callLater(min(max(0.0, late), LONGEST_GRACE), self._over)


def hasFired(result: Deferred[Any]) -> bool:
    """Is there nothing to be awaited, or given up?"""
    return result.called and not result.paused


def alreadyThere(result: Deferred[_T]) -> _T | None:
    """What need not be awaited, and is no failure; L{None}: there is nothing yet, or a failure."""
    found: Any = result.result if hasFired(result) else None
    return None if isinstance(found, Failure) else found


def within(result: Deferred[_T], seconds: float, clock: IReactorTime) -> Deferred[_T]:
    """
    Cancel C{result} unless it fires within so many seconds: C{addTimeout} with a L{Deadline}.

    @return: C{result}, which then fails with L{TimeoutError
        <twisted.internet.defer.TimeoutError>}.
    """
    if hasFired(result):
        return result
    missed = False

    def cancel() -> None:
        nonlocal missed
        missed = True
        result.cancel()

    deadline = Deadline(clock, seconds, cancel)

    def told(outcome: _T | Failure) -> _T | Failure:
        deadline.cancel()
        if missed and isinstance(outcome, Failure):
            raise TimeoutError(seconds, "Deferred")
        return outcome

    result.addBoth(told)
    return result
