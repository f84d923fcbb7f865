"""
One turn of a reactor in memory.
"""

from __future__ import annotations

from twisted.internet.base import DelayedCall
from twisted.internet.task import Clock


def turn(clock: Clock) -> bool:
    """
    Make the calls that are due, and not those that they ask for, as a real reactor does.

    L{Clock.advance} goes on until no call is due.

    @return: whether there was one.
    """
    calls: list[DelayedCall] = clock.calls
    due = [call for call in calls if call.getTime() <= clock.seconds()]
    for call in due:
        if call.active():
            calls.remove(call)
            call.called = 1
            call.func(*call.args, **call.kw)
    return bool(due)
