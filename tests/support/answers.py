"""
What Deferreds say that have fired already, or will.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure


def hear(answer: Deferred[Any], told: list[Any] | None = None) -> list[Any]:
    """A list that gets the result of C{answer}, or the exception."""
    into = [] if told is None else told
    answer.addBoth(lambda it: into.append(it.value if isinstance(it, Failure) else it))
    return into


def now(answer: Deferred[Any]) -> Any:
    """The result that is there already; raises what went wrong."""
    [result] = hear(answer)
    if isinstance(result, Exception):
        raise result
    return result
