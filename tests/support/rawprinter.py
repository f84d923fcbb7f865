"""
A TCP printer that does what a test tells it.

A behaviour is a function that gets a L{Caller}, one connection, and runs in a thread of its own.
The n-th connection gets the n-th behaviour, all later ones get the last. Without any, the printer
is good; the bad ones are in C{behaviours}.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from tests.support.caller import Caller
from tests.support.peer import PATIENCE, Printer

#: What a printer does with one connection.
Behaviour = Callable[[Caller], None]


def good(caller: Caller) -> None:
    """
    Read everything, then close.
    """
    caller.readAll()


class RawPrinter(Printer):
    """
    A printer that listens on a free port of the loopback interface.

    @ivar callers: the connections so far, in the order in which they came.
    """

    def __init__(
        self,
        *behaviours: Behaviour,
        host: str = "127.0.0.1",
        receiveBuffer: int | None = None,
        keep: bool = True,
        port: int = 0,
        on: bool = True,
    ) -> None:
        """
        @param receiveBuffer: bytes which the kernel may keep before the printer reads them; None
            leaves it to the kernel, which takes megabytes.
        @param keep: whether the bytes are kept, or just counted and digested.
        @param port: the TCP port; 0 means any free one.
        @param on: whether it is switched on at once; until then who connects is refused.
        """
        self.host = host
        self.callers: list[Caller] = []
        self._behaviours = behaviours or (good,)
        self._keep = keep
        self._news = threading.Condition()
        self._off = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receiveBuffer is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receiveBuffer)
        self._listener.bind((host, port))
        self.port = self._listener.getsockname()[1]
        if on:
            self.switchOn()

    def switchOn(self) -> None:
        """
        Take connections from now on.
        """
        self._listener.listen()
        self._start(self._accept)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            caller = Caller(wire, self._news, self._off, self._keep)
            with self._news:
                turn = min(len(self.callers), len(self._behaviours) - 1)
                self.callers.append(caller)
                self._news.notify_all()
            self._start(self._serve, caller, self._behaviours[turn])

    def _serve(self, caller: Caller, behave: Behaviour) -> None:
        try:
            # A gateway that resets the connection is a matter for the test, not for the printer.
            with contextlib.suppress(OSError):
                behave(caller)
        finally:
            caller.close()

    @property
    def jobs(self) -> list[bytes]:
        """What came on each connection so far."""
        with self._news:
            return [bytes(caller.data) for caller in self.callers]

    def _waitUntil(self, fact: Callable[[], bool], what: str, seconds: float) -> None:
        with self._news:
            if not self._news.wait_for(fact, seconds):
                state = [(caller.received, caller.ended) for caller in self.callers]
                raise AssertionError(f"no {what}; (bytes, ended) by connection: {state}")

    def waitForJob(self, number: int, seconds: float = PATIENCE) -> bytes:
        """
        Wait until the job of the n-th connection, counted from 1, is over.

        @return: its bytes.
        """
        self._waitUntil(
            lambda: len(self.callers) >= number and self.callers[number - 1].ended,
            f"end of job {number}",
            seconds,
        )
        return self.jobs[number - 1]

    def waitForBytes(self, number: int, count: int, seconds: float = PATIENCE) -> None:
        """
        Wait until the n-th connection, counted from 1, brought at least so many bytes.
        """
        self._waitUntil(
            lambda: len(self.callers) >= number and self.callers[number - 1].received >= count,
            f"{count} bytes of job {number}",
            seconds,
        )

    def stop(self) -> None:
        """
        Switch the printer off: all connections are closed.
        """
        self._off.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads[:1]:
            thread.join(PATIENCE)
        for caller in self.callers:
            caller.hangUp()
        for thread in self._threads[1:]:
            thread.join(PATIENCE)
