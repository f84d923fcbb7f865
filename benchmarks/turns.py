"""
Many senders in one process: coroutines that wait for their sockets, with next to nothing between.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from collections.abc import Coroutine, Generator, Iterable

Sender = Coroutine[None, None, None]


class _Turn:
    def __await__(self) -> Generator[None, None, None]:
        yield


_TURN = _Turn()


class Turns:
    """
    Runs coroutines; each is woken when anything happens to a socket of its own.

    A sender alone has blocking sockets, so that its times have no epoll in them.
    """

    def __init__(self, alone: bool) -> None:
        self._alone = alone
        self._epoll = select.epoll()
        self._owners: dict[int, Sender] = {}
        self._current: Sender | None = None
        self._alive = 0

    def run(self, senders: Iterable[Sender]) -> None:
        """Until all have ended."""
        for sender in senders:
            self._alive += 1
            self._step(sender)
        while self._alive:
            for descriptor, _ in self._epoll.poll():
                self._step(self._owners[descriptor])

    def _step(self, sender: Sender) -> None:
        if sender.cr_frame is None:  # type: ignore[attr-defined]
            return  # it has ended; this was a late event
        self._current = sender
        try:
            sender.send(None)
        except StopIteration:
            self._alive -= 1

    async def connect(self, wire: socket.socket, host: str, port: int) -> None:
        """Connect a new socket."""
        assert self._current is not None
        if self._alone:
            wire.connect((host, port))
            return
        wire.setblocking(False)
        self._owners[wire.fileno()] = self._current
        self._epoll.register(wire, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        while (problem := wire.connect_ex((host, port))) not in (0, errno.EISCONN):
            if problem not in (errno.EINPROGRESS, errno.EALREADY):
                raise OSError(problem, os.strerror(problem))
            await _TURN

    async def receive(self, wire: socket.socket) -> bytes:
        """What came; nothing: the end."""
        while True:
            try:
                return wire.recv(65536)
            except BlockingIOError:
                await _TURN

    async def sendFile(self, wire: socket.socket, file: int, start: int, count: int) -> int:
        """Send some of a file; how much, is returned."""
        while True:
            try:
                return os.sendfile(wire.fileno(), file, start, count)
            except BlockingIOError:
                await _TURN
