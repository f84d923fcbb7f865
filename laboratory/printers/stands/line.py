"""
Printers that read from a descriptor instead of a connection.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from abc import abstractmethod
from typing import cast

from laboratory.printers.stands.stand import Stand
from tests.support.caller import Caller
from tests.support.peer import PATIENCE
from tests.support.rawprinter import Behaviour


class Descriptor:
    """
    As much of a socket as a L{Caller} needs, over a descriptor that does not block.

    @ivar over: set when nobody will read from it any more.
    """

    def __init__(self, number: int) -> None:
        self.over = threading.Event()
        self._number = number
        self._begun = False

    def recv(self, limit: int) -> bytes:
        """
        Wait for some bytes.

        @return: none at the end: those who wrote have closed it.
        """
        while True:
            over = self.over.is_set()  # what came before is read first
            chunk: bytes | None = None
            try:
                chunk = os.read(self._number, limit)
            except BlockingIOError:
                pass
            except OSError:  # EIO: a pseudo terminal that nobody has open
                chunk = b""
            self._begun = self._begun or bool(chunk)
            if chunk:
                return chunk
            if over or (chunk is not None and self._begun):
                return b""
            if chunk is None:
                select.select([self._number], [], [], 0.1)
            else:
                time.sleep(0.002)  # nobody has come yet; nothing tells when

    def sendall(self, data: bytes) -> None:
        """Say something to those who write."""
        os.write(self._number, data)

    def shutdown(self, how: int) -> None:
        """Read no more."""
        self.over.set()

    def close(self) -> None:
        """Let go of it."""
        number, self._number = self._number, -1
        if number >= 0:
            os.close(number)


class LineStand(Stand):
    """
    Reads what comes with a thread of its own.

    @ivar fault: what goes wrong.
    """

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        self._off = threading.Event()
        self._caller: Caller | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)

    @abstractmethod
    def behaviour(self) -> Behaviour:
        """What is done with the bytes."""

    @abstractmethod
    def opened(self) -> int:
        """The descriptor."""

    def begin(self) -> None:
        """Take a job from now on."""
        self._thread.start()

    def _work(self) -> None:
        self.wire = Descriptor(self.opened())
        news = threading.Condition()
        self._caller = Caller(cast(socket.socket, self.wire), news, self._off, keep=True)
        try:
            with contextlib.suppress(OSError):
                self.behaviour()(self._caller)
        finally:
            self._caller.close()

    def got(self) -> bytes:
        return b"" if self._caller is None else bytes(self._caller.data)

    def settle(self) -> None:
        """What is on its way is read; then it is over."""
        if self._caller is not None and self.fault not in ("stalled", "closed early"):
            if not self._caller.received:
                self.wire.over.set()
            self._thread.join(PATIENCE)

    def stop(self) -> None:
        self.paper.set()
        self._off.set()
        if self._caller is not None:
            self.wire.over.set()
        if self._thread.ident is not None:
            self._thread.join(PATIENCE)
