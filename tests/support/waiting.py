"""
Functions that wait for the reactor, and look to their callers as if they did not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import greenlet
from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

reactor: Any = theReactor


def begin(call: Callable[[], object]) -> Deferred[None]:
    """
    Call a function that may C{wait}.

    @return: fires when it returns; fails with what it raises.
    """
    done: Deferred[None] = Deferred()

    def run() -> None:
        # Whoever waits is told by the reactor, and not from here: that would be to leave its loop.
        try:
            call()
        except BaseException:
            reactor.callLater(0, done.errback, Failure())
        else:
            reactor.callLater(0, done.callback, None)

    greenlet.greenlet(run).switch()
    return done


def wait(seconds: float) -> None:
    """Let the reactor turn; only for what C{begin} has called."""
    here = greenlet.getcurrent()
    reactor.callLater(seconds, here.switch)
    here.parent.switch()
