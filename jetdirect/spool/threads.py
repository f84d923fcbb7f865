"""
The threads of one spool: a bounded number, and none of the reactor's own.

A disk that sleeps for seconds may hold all of them.  Nothing else waits for it then: host names are
looked up, and the process can end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

MOST = 8
"""Threads of a spool at most: as many jobs are read, or end, at a time (chosen)."""

IDLE = 5.0
"""Seconds without work after which a thread ends (chosen)."""

LAST_WRITES = 4.0
"""Seconds that a disk has, when the gateway stops, for the ends of the last jobs (chosen); without
them they are in doubt."""

_Result = TypeVar("_Result")


class Threads:
    """Do work that may sleep, some at a time; what was asked for first begins first."""

    def __init__(self, reactor: IReactorFromThreads, name: str, most: int = MOST) -> None:
        """
        @param name: what the threads are called.
        @param most: how many there are at most.
        """
        self._reactor = reactor
        self._name = name
        self._most = most
        self._lock = threading.Lock()
        # Not a condition: what waits for that takes a lock of its own each time, and hands it on.
        self._waiting: SimpleQueue[tuple[Callable[[], Any], Deferred[Any]]] = SimpleQueue()
        self._undone = 0
        self._running = 0

    def do(self, work: Callable[[], _Result]) -> Deferred[_Result]:
        """
        Do C{work} beside the reactor.

        @return: fires with what it returns, or fails with what it raises.
        """
        done: Deferred[_Result] = Deferred()
        with self._lock:
            self._waiting.put((work, done))
            self._undone += 1
            if self._running >= min(self._undone, self._most):
                return done
            self._running += 1
        try:
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        except RuntimeError:  # there may be no more threads
            with self._lock:
                self._running -= 1
                alone = not self._running
                if alone:
                    self._waiting.get()
                    self._undone -= 1
            if alone:
                done.errback(Failure())
        return done

    # In a thread.

    def _run(self) -> None:
        while (given := self._next()) is not None:
            work, done = given
            tell: Callable[[Any], None]
            told: Any
            try:
                result = work()
            except Exception:
                tell, told = done.errback, Failure()
            else:
                tell, told = done.callback, result
            with self._lock:
                self._undone -= 1
            self._reactor.callFromThread(tell, told)
            del given, work, done, tell, told

    def _next(self) -> tuple[Callable[[], Any], Deferred[Any]] | None:
        while True:
            try:
                return self._waiting.get(timeout=IDLE)
            except Empty:
                with self._lock:
                    if self._waiting.empty():
                        self._running -= 1
                        return None
