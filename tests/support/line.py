"""
A sender, a job and a printer on real sockets: the two ends do what a test says, and nothing else.

What is between them is the gateway's own: a data port, a job, a printer connection.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import struct
import termios
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from jetdirect.certificate import ServerCertificate
from jetdirect.errors import DataConnectionLost, PrintError
from jetdirect.ftp.data import DataTerms
from jetdirect.ftp.dataports import PassivePort
from jetdirect.interfaces import Delivery, IPrinterConnection, IPrinterTransport
from jetdirect.job import Job, Sender
from jetdirect.net import facts
from jetdirect.net.events import IN
from jetdirect.net.facts import realTransport
from jetdirect.net.listener import Listener
from jetdirect.net.network import networkOf
from jetdirect.net.stream import Stream
from jetdirect.transports.build import transportFor
from tests.support.peer import PATIENCE
from tests.support.transfers import poured

reactor: Any = networkOf(theReactor)

HOST = "127.0.0.1"

NARROW = 65536
"""Bytes that the kernel is asked to keep before the printer (it takes some more)."""

STILL = 30
"""Turns of the reactor without a byte moved after which nothing moves (chosen; 3 would do)."""


async def until(fact: Callable[[], object]) -> None:
    """Let the reactor turn until something is so."""
    deadline = reactor.seconds() + PATIENCE
    while not fact():
        assert reactor.seconds() < deadline, "it never came"
        await deferLater(reactor, 0)


def descriptors() -> list[str]:
    """What the open files of this process are."""
    found = []
    for each in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # that of the listing itself
            found.append(os.readlink(f"/proc/self/fd/{each}"))
    return sorted(found)


def pipes() -> int:
    """How many ends of pipes are open in this process."""
    return len([each for each in descriptors() if each.startswith("pipe:")])


def listeningAt(factory: object) -> list[int]:
    """The TCP ports at which a factory listens, on transports of ours."""
    waiting = list(reactor._events._all.values())
    listening = [each for each in waiting if isinstance(each, Listener)]
    return [each.getHost().port for each in listening if each.factory is factory]


def unwritten(transport: Any) -> int:
    """Bytes that wait in this process, before a transport of ours or of Twisted's."""
    real = realTransport(transport)
    return real.unwritten if isinstance(real, Stream) else facts.unwritten(real)


class Line:
    """
    One job on its way.

    @ivar sent: what the sender's kernel took.
    @ivar printed: what the printer has read.
    @ivar over: the printer has read to the end; C{broken}: to a reset.
    @ivar outcome: how far the job came, or why it did not.
    """

    job: Job
    connection: Any
    port: PassivePort
    sender: socket.socket
    printer: socket.socket

    def __init__(self, narrow: bool = False) -> None:
        """@param narrow: the kernel keeps little for a printer that does not read."""
        self.sent = b""
        self.printed = b""
        self.over = self.broken = False
        self.outcome: Delivery | PrintError | None = None
        self._narrow = narrow
        self._listener = socket.socket()
        if narrow:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * NARROW)
        self._listener.bind((HOST, 0))
        self._listener.listen()
        self.number = self._listener.getsockname()[1]

    def transport(self, options: str = "") -> IPrinterTransport:
        """The printer, as the command line has it."""
        return transportFor(reactor, f"socket://{HOST}:{self.number}{options}")

    async def open(
        self,
        printer: IPrinterTransport | None = None,
        size: int | None = None,
        limit: int | None = None,
        tls: ServerCertificate | None = None,
    ) -> Line:
        """The job has its printer, and the sender its data connection."""
        self.job = Job(1, "PORT1", "page.ps", Sender("ann", HOST, 40001), size, reactor, limit)
        self.connection = await (printer or self.transport()).open(self.job)
        await self._begin(self.connection, tls)
        return self

    async def _begin(self, connection: IPrinterConnection, tls: ServerCertificate | None) -> None:
        await self.accept()
        self.released = self.job.printOn(connection)
        await self.job.whenOpened()
        self.port = PassivePort(reactor, DataTerms(0, tls), HOST, HOST)
        self.sender = socket.create_connection((HOST, self.port.number))
        self.sender.setblocking(False)
        self.ended = Deferred.fromCoroutine(self._upload())

    async def accept(self) -> None:
        """The printer answers."""
        await until(lambda: select.select([self._listener], [], [], 0)[0])
        self.printer, _ = self._listener.accept()
        self.printer.setblocking(False)
        if self._narrow and hasattr(self.connection, "transport"):
            wire = self.connection.transport.getHandle()
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, NARROW)

    async def _upload(self) -> None:
        # As jetdirect.ftp.upload does it.
        try:
            await poured(self.port, self.job)
        except DataConnectionLost as error:
            self.job.cut(error)
        try:
            self.outcome = await self.job.finish()
        except PrintError as error:
            self.outcome = error
        self.job.complete()
        self.port.release()

    # The sender.

    def push(self, data: bytes) -> int:
        """Send what the kernel takes at this moment."""
        try:
            count = self.sender.send(data)
        except BlockingIOError:
            count = 0
        self.sent += data[:count]
        return count

    async def send(self, data: bytes, reading: bool = True) -> None:
        """
        Send all of it, and see the job have it, and the kernel.

        @param reading: the printer reads meanwhile.
        """

        def sent() -> bool:
            nonlocal data
            data = data[self.push(data) :] if data else data
            if reading:
                self.take()
            arrived = not data and self.job.bytes == len(self.sent)
            return arrived and not unwritten(self.connection.transport)

        await until(sent)

    async def fill(self, data: bytes) -> bytes:
        """
        Send until nothing moves any more.

        @return: what is left.
        """
        still = 0
        while still < STILL:
            before = self.job.bytes
            count = self.push(data) if data else 0
            data = data[count:]
            await deferLater(reactor, 0)
            still = 0 if count or self.job.bytes != before else still + 1
        return data

    def finish(self) -> None:
        """The end of the file."""
        self.sender.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """The sender dies."""
        _reset(self.sender)

    async def hangUp(self) -> None:
        """The sender is heard out, and gone."""
        self.sender.close()
        await until(lambda: not self.reading)

    # The printer.

    def take(self, most: int = 1 << 20) -> int:
        """Read what is there at this moment."""
        before = len(self.printed)
        try:
            data = self.printer.recv(most)
        except BlockingIOError:
            return 0
        except OSError:
            self.broken = self.over = True
            return 0
        self.over = not data
        self.printed += data
        return len(self.printed) - before

    async def read(self, count: int) -> None:
        """Read until so many bytes have come in all."""

        def read() -> bool:
            left = count - len(self.printed)
            return not left or self.take(left) == left

        await until(read)

    async def readAll(self) -> None:
        """Read to the end, and close."""

        await until(lambda: self.over or (not self.take() and self.over))
        self.printer.close()

    def resetPrinter(self) -> None:
        """The printer is switched off."""
        _reset(self.printer)

    # The gateway's side, as it is now.

    @property
    def inPipe(self) -> int:
        """Bytes in the pipe."""
        pipe = getattr(self.connection.transport, "_pipe", None)
        return 0 if pipe is None else int(pipe.inside)

    @property
    def unread(self) -> int:
        """Bytes that the printer's kernel has, and the printer has not."""
        answer = fcntl.ioctl(self.printer, termios.FIONREAD, bytes(4))
        return int(struct.unpack("i", answer)[0])

    @property
    def reading(self) -> bool:
        """Is the sender read from?"""
        wire: Any = self.port._connection
        return bool(realTransport(wire.transport)._mask & IN)

    async def close(self) -> None:
        """Let go of everything."""
        self.port.close()
        for each in (self.sender, self.printer, self._listener):
            each.close()
        await self.ended
        await self.job.whenReleased()


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
