"""
Long work lets others have their turn, and short work is not held up.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from jetdirect.testing.rules import hear
from jetdirect.watch.pace import SLICE, Pace


def begun(work: Coroutine[Any, Any, None]) -> list[object]:
    """What comes of it, when it comes."""
    return hear(Deferred.fromCoroutine(work))


def test_rest() -> None:
    """It goes on at once within its slice, then in the reactor's next turn, with a new slice."""
    clock = Clock()
    pace = Pace(clock)
    clock.advance(SLICE * 0.9)
    assert begun(pace.rest()) == [None]
    clock.advance(SLICE * 0.2)
    resting = begun(pace.rest())
    assert resting == []
    clock.advance(0)
    assert resting == [None]
    assert begun(pace.rest()) == [None]
