"""
A TCP printer whose every connection can go wrong, and that can be away altogether.
"""

from __future__ import annotations

import contextlib
import queue
import select
import socket
import threading
import time
from collections.abc import Callable

from tests.support.peer import PATIENCE, Printer
from tests.support.rawprinter import Behaviour, good

from .conversation import Conversation


class TorturePrinter(Printer):
    """
    It behaves as a L{RawPrinter<tests.support.rawprinter.RawPrinter>}.  What that has not: its
    listener can be away and come back at the same port, and each conversation is written down.

    @ivar behave: what happens to connections from now on.
    @ivar conversations: those since the last L{forget}.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.behave: Behaviour = good
        self.conversations: list[Conversation] = []
        self.news = threading.Condition()
        self._fillers: list[socket.socket] = []
        self._strangers: set[int] = set()
        self._orders: queue.Queue[tuple[Callable[[], None], threading.Event]] = queue.Queue()
        self._wake, self._woken = socket.socketpair()
        self._stopped = False
        self._listening = True
        self._listener = self._bound()
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _bound(self) -> socket.socket:
        # By its number, or the kernel would give the port away while the printer is switched off.
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as free:
            free.bind((self.host, 0))
            number = free.getsockname()[1]
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, number))
        listener.listen()
        listener.setblocking(False)
        return listener

    def _run(self) -> None:
        while not self._stopped:
            watched = [self._woken, *([self._listener] if self._listening else [])]
            ready = select.select(watched, [], [])[0]
            if self._woken in ready:
                self._woken.recv(100)
                while not self._orders.empty():
                    order, done = self._orders.get()
                    order()
                    done.set()
            elif ready:
                self._accept()

    def _accept(self) -> None:
        try:
            wire, peer = self._listener.accept()
        except OSError:
            return
        if peer[1] in self._strangers:
            self._strangers.discard(peer[1])
            wire.close()
            return
        wire.setblocking(True)
        conversation = Conversation(wire, self.news)
        with self.news:
            self.conversations.append(conversation)
            self.news.notify_all()
        serve = threading.Thread(target=self._serve, args=(conversation, self.behave), daemon=True)
        serve.start()

    def _serve(self, conversation: Conversation, behave: Behaviour) -> None:
        try:
            # A gateway that resets the connection is a matter for the judge, not for the printer.
            with contextlib.suppress(OSError):
                behave(conversation)
        finally:
            conversation.close()

    def _order(self, order: Callable[[], None]) -> None:
        done = threading.Event()
        self._orders.put((order, done))
        self._wake.send(b"!")
        done.wait(PATIENCE)

    # What happens to it as a whole.

    def refuse(self) -> None:
        """Switched off: who connects is refused."""

        def order() -> None:
            self._listening = False
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)

        self._order(order)

    def mute(self) -> None:
        """A connection gets no answer: the backlog is full."""

        def order() -> None:
            self._listening = False
            self._listener.listen(0)
            for _ in range(2):
                filler = socket.socket(self._listener.family)
                filler.setblocking(False)
                filler.connect_ex((self.host, self.port))
                self._strangers.add(filler.getsockname()[1])
                self._fillers.append(filler)

        self._order(order)

    def heal(self) -> None:
        """Everything is well again."""

        def order() -> None:
            self.behave = good
            for filler in self._fillers:
                self._forgetStranger(filler)
                filler.close()
            self._fillers = []
            self._listener.listen(100)
            self._listening = True

        self._order(order)

    def _forgetStranger(self, filler: socket.socket) -> None:
        # One that was never made is never accepted, and a gateway may have its port later.
        try:
            filler.getpeername()
        except OSError:
            self._strangers.discard(filler.getsockname()[1])

    def letGo(self) -> None:
        """All connections that are held come to their end."""
        for each in list(self.conversations):
            each.letGo()

    def resetAll(self) -> None:
        """All connections are broken, as by the mains switch."""
        for each in list(self.conversations):
            if not each.served.is_set():
                each.switchOff()

    def quiet(self, seconds: float) -> bool:
        """Wait until all connections are over."""
        deadline = time.monotonic() + seconds
        return all(
            each.served.wait(max(0.0, deadline - time.monotonic()))
            for each in list(self.conversations)
        )

    def waitUntil(self, fact: Callable[[], bool], seconds: float = PATIENCE) -> bool:
        """Wait for something that happens on a connection."""
        with self.news:
            return self.news.wait_for(fact, seconds)

    def forget(self) -> None:
        """A new case: what is over is forgotten."""
        with self.news:
            self.conversations = [each for each in self.conversations if not each.served.is_set()]

    def stop(self) -> None:
        """L{Printer}."""
        if not self._stopped:
            self.letGo()
            self._stopped = True
            self._wake.send(b"!")
            self._thread.join(PATIENCE)
            for each in (self._listener, self._wake, self._woken, *self._fillers):
                each.close()
