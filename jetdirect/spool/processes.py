"""
The processes that keep jobs while many come, as the gateway has them (L{keeper}).
"""

from __future__ import annotations

import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import ProcessProtocol, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..net.network import Network
from . import keeper
from .asked import Worker
from .beside import InThread
from .keeper import Told
from .steps import Here, Move, Moved, Whole

RUSH = 3
"""Jobs at a time from which on a process is worth it (chosen)."""

IDLE = 60.0
"""Seconds without a job after which a process ends (chosen)."""


class InProcesses:
    """
    L{Steps<jetdirect.spool.beside.Steps>}, each taken in a process.

    What there is no process for is done in a thread: when few jobs come, while a process starts,
    where none can be started, and what one that died has left.
    """

    _log = Logger()

    def __init__(
        self, reactor: Any, directory: str, lock: int, most: int, do: Worker, here: Here
    ) -> None:
        """
        @param reactor: a L{Network<jetdirect.net.network.Network>}.
        @param lock: the descriptor by which the directory is this process's.
        @param most: how many processes there are at most.
        """
        self._reactor = reactor
        self._directory = directory
        self._lock = lock
        self._most = most
        self._do = do
        self._here = here
        self._inThread = InThread(do, here)
        self._free: deque[_Process] = deque()
        self._running: list[_Process] = []
        self._closed = False
        self._looking: IDelayedCall | None = None

    def write(
        self, jobs: Sequence[Whole], marks: Sequence[str] = ()
    ) -> Deferred[list[Exception | None]]:
        """L{Steps}."""
        process = self._take(len(jobs))
        if process is None:
            return self._inThread.write(jobs, marks)

        def clear() -> None:
            self._here.clear(jobs)

        def again(_: Failure) -> Deferred[list[Exception | None]]:
            cleared = self._do(clear).addErrback(lambda _: None)
            return cleared.addCallback(lambda _: self._inThread.write(jobs, marks))

        plain = [(path, data, tuple(record)) for path, data, record in jobs]
        return self._ask(process, "write", plain, *marks).addCallbacks(_errors, again)

    def move(self, moves: Sequence[Move]) -> Deferred[list[Moved]]:
        """L{Steps}."""
        process = self._take(len(moves))
        if process is None:
            return self._inThread.move(moves)

        def again(_: Failure) -> Deferred[list[Moved]]:
            return self._inThread.move(moves)

        plain = [tuple(each) for each in moves]
        return self._ask(process, "move", plain).addCallbacks(_moved, again)

    def close(self) -> Deferred[None]:
        """L{Steps}: a process that is at work ends behind that."""
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        ended = [each.end() for each in self._running if not each.asked]
        return DeferredList(ended).addCallback(lambda _: None)

    # Inside.

    def _take(self, many: int) -> _Process | None:
        if self._free:
            return self._free.pop()
        if many >= RUSH and len(self._running) < self._most and not self._closed:
            self._start()
        return None

    def _ask(self, process: _Process, step: str, what: Sequence[Any], *marks: str) -> Deferred[Any]:
        def done(told: Any) -> Any:
            if not isinstance(told, Failure):
                self._isFree(process)
            return told

        return process.ask(step, what, marks).addBoth(done)

    def _start(self) -> None:
        process = _Process(self._isFree, self._isGone)
        paths = os.pathsep.join(filter(None, sys.path))
        try:
            ours, theirs = socket.socketpair()
            with theirs:
                self._reactor.spawnProcess(
                    ProcessProtocol(),
                    sys.executable,
                    [sys.executable, "-P", "-m", keeper.__name__, self._directory],
                    env={**os.environ, "PYTHONPATH": paths},
                    childFDs={0: theirs.fileno(), 2: 2, 3: self._lock},
                )
        except Exception as why:
            self._refused(str(why))
        else:
            self._running.append(process)
            self._reactor.adopt(ours, process)

    def _refused(self, why: str) -> None:
        self._most = 0
        told = "no process can be started to keep jobs, threads do it all: {why}"
        self._log.warn(told, why=why)

    def _isFree(self, process: _Process) -> None:
        if self._closed:
            process.end()
            return
        process.used = True
        self._free.append(process)
        if self._looking is None:
            self._looking = self._reactor.callLater(IDLE, self._look)

    def _look(self) -> None:
        self._looking = None
        for each in [each for each in self._free if not each.used]:
            self._free.remove(each)
            each.end()
        for each in self._free:
            each.used = False
        if self._free:
            self._looking = self._reactor.callLater(IDLE, self._look)

    def _isGone(self, process: _Process) -> None:
        self._running.remove(process)
        if process in self._free:
            self._free.remove(process)
        if process.ending or self._closed:
            return
        if not process.started:
            self._refused("it ended at once")
        else:
            self._log.warn("a process that keeps jobs has died; its jobs are kept all the same")


class _Process(Protocol):
    """
    A process, at the other end of a connection.

    @ivar started: it has said that it is there.
    @ivar ending: it was told to end.
    @ivar used: it had something to do lately.
    @ivar asked: it is to answer; L{None}: it has nothing to do.
    """

    def __init__(self, free: Callable[[_Process], None], gone: Callable[[_Process], None]) -> None:
        self.started = self.ending = self.used = False
        self.asked: Deferred[Any] | None = None
        self._free = free
        self._gone = gone
        self._came = bytearray()
        self._ended: Deferred[None] = Deferred()

    def ask(self, step: str, what: Sequence[Any], marks: Sequence[str]) -> Deferred[Any]:
        """@return: fails when it dies."""
        assert self.transport is not None
        self.asked = Deferred()
        self.transport.write(keeper.packed((step, what, marks)))
        return self.asked

    def end(self) -> Deferred[None]:
        """@return: fires when the connection is closed, at which it ends behind what it does."""
        if not self.ending and self.transport is not None:
            self.ending = True
            self.transport.loseConnection()
        return self._ended

    def dataReceived(self, data: bytes) -> None:
        self._came += data
        told = keeper.unpacked(self._came)
        if told is None:
            return
        self._came.clear()
        asked, self.asked = self.asked, None
        if asked is None:
            self.started = True
            self._free(self)
        else:
            asked.callback(told[0])

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        # The kernel closes its end when nothing of it runs any more.
        self._gone(self)
        asked, self.asked = self.asked, None
        if asked is not None:
            asked.errback(reason)
        self._ended.callback(None)


def canStart(reactor: object) -> bool:
    """
    Can there be such processes?

    @param reactor: has connections of our own, if there can.
    """
    # An embedding program that is its own interpreter would start itself.
    python = "python" in os.path.basename(sys.executable or "").lower()
    return python and not getattr(sys, "frozen", False) and isinstance(reactor, Network)


def _errors(told: Sequence[Told]) -> list[Exception | None]:
    return [*map(_error, told)]


def _moved(told: Sequence[tuple[bool, Told]]) -> list[Moved]:
    return [Moved(there, _error(each)) for there, each in told]


def _error(told: Told) -> Exception | None:
    if told is None:
        return None
    number, text, path = told
    return OSError(number, text, path) if number else RuntimeError(text)
