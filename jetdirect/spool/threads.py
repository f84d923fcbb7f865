"""
The threads of one spool: a bounded number, and none of the reactor's own.

A disk that sleeps for seconds may hold all of them.  Nothing else waits for it then: host names are
looked up, and the process can end.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

MOST = 8
"""Threads of a spool at most: as many jobs are read, or end, at a time (chosen)."""

IDLE = 5.0
"""Seconds without work after which a thread ends (chosen)."""

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
        self._news = threading.Condition()
        self._waiting: deque[tuple[Callable[[], Any], Deferred[Any]]] = deque()
        self._running = 0
        self._idle = 0

    def do(self, work: Callable[[], _Result]) -> Deferred[_Result]:
        """
        Do C{work} beside the reactor.

        @return: fires with what it returns, or fails with what it raises.
        """
        done: Deferred[_Result] = Deferred()
        with self._news:
            self._waiting.append((work, done))
            self._news.notify()
            if self._idle >= len(self._waiting) or self._running == self._most:
                return done
            self._running += 1
        try:
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        except RuntimeError:  # there may be no more threads
            with self._news:
                self._running -= 1
                alone = not self._running
                if alone:
                    self._waiting.clear()
            if alone:
                done.errback(Failure())
        return done

    # In a thread.

    def _run(self) -> None:
        while True:
            with self._news:
                self._idle += 1
                found = self._news.wait_for(lambda: self._waiting, IDLE)
                self._idle -= 1
                if not found:
                    self._running -= 1
                    return
                work, done = self._waiting.popleft()
            try:
                result = work()
            except Exception:
                self._reactor.callFromThread(done.errback, Failure())
            else:
                self._reactor.callFromThread(done.callback, result)
            del work, done
