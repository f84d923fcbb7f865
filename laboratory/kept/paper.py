"""
Printers that remember whose bytes they got, and jobs that can be told by their first bytes.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from random import Random

HEAD = 16
"""Bytes by which a job is known."""

SIZES = [HEAD, 1000, 1000, 10_000, 10_000, 100_000, 2_000_000]


_ESTABLISHED = 1  # TCP_ESTABLISHED, linux/tcp_states.h


class Pages:
    """All jobs of a run, made from one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._sizes: dict[bytes, int] = {}

    def make(self, number: int) -> bytes:
        """A job like no other."""
        head = b"JOB %011d\n" % number
        self._sizes[head] = Random(f"{self._seed}/{number}").choice(SIZES)
        return self.data(head)

    def data(self, head: bytes) -> bytes:
        """The bytes of a job; none: nobody made it."""
        size = self._sizes.get(head)
        if size is None:
            return b""
        rest = size - HEAD
        return head + (head[4:] * (rest // (HEAD - 4) + 1))[:rest]


@dataclass
class Sheet:
    """
    A connection to a printer.

    @ivar head: whose.
    @ivar count: bytes that came.
    @ivar whole: they are the job.
    @ivar came: when the first byte did, in seconds of the monotonic clock.
    @ivar wrong: bytes came that are no beginning of it.
    """

    printer: int
    head: bytes = b""
    count: int = 0
    whole: bool = False
    came: float = 0.0
    wrong: bool = False


class PrinterHall:
    """
    Printers on TCP ports of this machine: they read to the end, and close.

    @ivar ports: theirs; the last one is switched off.
    @ivar sheets: in the order in which they came.
    @ivar overlaps: when a printer got bytes while another sender had not let go of it yet.
    """

    def __init__(self, count: int, pages: Pages, seed: int) -> None:
        self.sheets: list[Sheet] = []
        self.overlaps: list[str] = []
        self._open: dict[int, list[socket.socket]] = {}
        self._pages = pages
        self._listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count - 1)]
        off = socket.socket()  # bound, so that nobody else gets its port, and refuses
        off.bind(("127.0.0.1", 0))
        self._listeners.append(off)
        self.ports = [int(each.getsockname()[1]) for each in self._listeners]
        self._dice = Random(seed)
        self._lock = threading.Lock()
        self._busy = 0
        for number, listener in enumerate(self._listeners[:-1]):
            threading.Thread(target=self._accept, args=(number, listener), daemon=True).start()

    def close(self) -> None:
        """Switch them off."""
        for each in self._listeners:
            each.close()

    @property
    def busy(self) -> int:
        """Connections that are open."""
        return self._busy

    def _accept(self, number: int, listener: socket.socket) -> None:
        while True:
            try:
                wire, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._busy += 1
            slow = self._dice.random() < 0.3
            threading.Thread(target=self._serve, args=(number, wire, slow), daemon=True).start()

    def _begin(self, number: int, wire: socket.socket, head: bytes) -> None:
        others = self._open.setdefault(number, [])
        if any(_held(each) for each in others):
            self.overlaps.append(f"printer {number} got {head!r} while another one had it")
        others.append(wire)

    def _serve(self, number: int, wire: socket.socket, slow: bool) -> None:
        sheet, data = Sheet(number), bytearray()
        with wire:
            try:
                while piece := wire.recv(65536):
                    if not data:
                        sheet.came = time.monotonic()
                        with self._lock:
                            self.sheets.append(sheet)
                            self._begin(number, wire, piece[:HEAD])
                    data += piece
                    sheet.head, sheet.count = bytes(data[:HEAD]), len(data)
                    if slow:
                        time.sleep(0.005)
            except OSError:
                pass
            with self._lock, suppress(KeyError, ValueError):
                self._open[number].remove(wire)
        wanted = self._pages.data(sheet.head)
        sheet.whole = bool(data) and bytes(data) == wanted
        sheet.wrong = len(data) >= HEAD and not wanted.startswith(data)
        with self._lock:
            self._busy -= 1


def _held(wire: socket.socket) -> bool:
    """Has the other end neither closed nor reset it?"""
    try:
        state: int = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    except OSError:
        return False
    return state == _ESTABLISHED


@dataclass
class Sent:
    """
    A job from its sender's side.

    @ivar began: when its last upload did, in seconds of the monotonic clock.
    @ivar replied: when the reply to that came.
    @ivar level: how far the reply said that it had come.
    @ivar odd: a reply that must not be.
    """

    head: bytes
    port: int
    began: float = 0.0
    replied: float = 0.0
    number: int | None = None
    taken: bool = False
    refused: bool = False
    resent: bool = False
    level: str = ""
    odd: str = ""
