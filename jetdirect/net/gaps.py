"""
What Twisted has no hook for: here, and nowhere else, a method of one of its objects is replaced.

C{tests/test_gaps.py} has a test that fails when there is one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet.base import ReactorBase
from twisted.internet.error import ReactorNotRunning

from .network import networkOf

LAST_MOMENT = 0.1
"""Seconds for each thread of the pool to end with the process (chosen; there are ten)."""


def whenProxied(transport: Any, came: Callable[[], object]) -> None:
    """
    Call C{came} when the PROXY header is there, for each piece that comes behind it.

    Twisted passes on what follows the header, and tells nobody of the header itself; a client of
    FTP says nothing before it is greeted.

    @param transport: what a listener at C{haproxy:} gives its protocols.
    """
    received = transport.dataReceived

    def dataReceived(data: bytes) -> None:
        received(data)
        if transport._proxyInfo is not None:
            came()

    transport.dataReceived = dataReceived


# Of the reactor of a command, which nobody else uses.  Its type is Any, as its attributes are
# replaced, which no interface allows.


def tellTimeSteadily(reactor: Any) -> None:
    """
    Let the reactor tell time that is not set.

    Twisted's reactors tell the wall clock's time, which is set now and then: idle sessions would
    end, and printers be waited for for ever.
    """
    if _isNew(reactor):
        network: Any = networkOf(reactor)
        reactor.seconds = network.seconds = time.monotonic


def stopOnce(reactor: Any) -> None:
    """
    Let the reactor be asked to stop again while it has not begun to: two signals at once are an
    error to Twisted, with a traceback.
    """
    if _isNew(reactor):
        stop = reactor.stop

        def unlessStopped() -> None:
            with suppress(ReactorNotRunning):
                stop()

        reactor.stop = unlessStopped


class _PoolThread(threading.Thread):
    """One that looks up names: at the end nobody waits for a name server that is silent."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more, daemon=True)

    def join(self, timeout: float | None = None) -> None:
        """Twisted joins all ten threads of the pool, one after the other."""
        super().join(LAST_MOMENT if timeout is None else timeout)


def endWithoutLookups(reactor: Any) -> None:
    """Let the reactor's thread pool, which looks up names, not hold up the end of the process."""
    if _isNew(reactor):
        reactor.getThreadPool().threadFactory = _PoolThread


def _isNew(reactor: Any) -> bool:
    # One in memory is a test's, and one that runs a program's.
    return isinstance(reactor, ReactorBase) and not reactor.running
