"""
The kernel path: it carries what the copying path carries, or steps aside for it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import termios
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.interfaces import IProducer
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs
from zope.interface import implementer

from jetdirect.errors import (
    DataConnectionLost,
    JobTooLarge,
    PrinterLost,
    SizeDiffers,
)
from jetdirect.ftp.data import DataTerms
from jetdirect.ftp.dataports import PassivePort
from jetdirect.interfaces import Delivery, IKernelConsumer
from jetdirect.job import COPIED_FIRST
from jetdirect.language import END_OF_JOB, HEAD_BYTES
from jetdirect.net.facts import factsOf
from jetdirect.net.pipe import PIPE_SIZES
from jetdirect.transports.build import transportFor
from tests.support.kernel import (
    BETWEEN,
    BOTH,
    DATA,
    NEEDS_SPLICE,
    Kernel,
    begun,
    blocked,
    delivered,
    resetUnseen,
    told,
)
from tests.support.line import HOST, NARROW, Line, reactor, until
from tests.support.transfers import poured

pytestmark = NEEDS_SPLICE


# The way.


@pytest.mark.parametrize("size", [COPIED_FIRST + 1, 100_000, len(DATA)])
@pytest_twisted.ensureDeferred
async def test_everyByteOnce(kernel: Kernel, size: int) -> None:
    """The printer gets the job as it is, all but its head through the pipe."""
    line = await begun()

    await line.send(DATA[COPIED_FIRST:size])

    await delivered(line, DATA[:size])
    assert sum(kernel.moved) == 2 * (size - COPIED_FIRST)


@pytest_twisted.ensureDeferred
async def test_theBeginningIsCopied(kernel: Kernel) -> None:
    """Nothing passes unseen before the beginning was seen, to the last byte that is looked at."""
    assert COPIED_FIRST >= HEAD_BYTES
    line = await Line().open()
    await line.send(DATA[: COPIED_FIRST - 1])
    await line.send(DATA[COPIED_FIRST - 1 : COPIED_FIRST])
    assert kernel.asked == []

    await line.send(DATA[COPIED_FIRST : COPIED_FIRST + 1])

    assert kernel.moved == [1, 1]
    await delivered(line, DATA[: COPIED_FIRST + 1])


@pytest_twisted.ensureDeferred
async def test_copiedBytesGoFirst(kernel: Kernel) -> None:
    """As long as copied bytes wait for the reactor, those behind them are copied, too."""
    line = await begun()
    line.connection.transport.write(b"first")
    line.sender.send(b"second")

    assert line.connection.take(line.sender.fileno(), 6) == 0
    await until(lambda: line.job.bytes == COPIED_FIRST + 6)

    await line.read(COPIED_FIRST + 11)
    assert line.printed == DATA[:COPIED_FIRST] + b"firstsecond"
    await line.close()


@pytest_twisted.ensureDeferred
async def test_writtenBehindThePipe(kernel: Kernel) -> None:
    """What is written while bytes are in the pipe goes behind them."""
    line = await blocked()
    taken = line.job.bytes

    line.connection.write(b"behind")
    assert line.connection.take(line.sender.fileno(), 6) == 0

    await line.read(taken + 6)
    assert line.printed == DATA[:taken] + b"behind"
    await line.close()


@pytest_twisted.ensureDeferred
async def test_unixPrinter(kernel: Kernel, tmp_path: Path) -> None:
    """A printer behind a Unix socket is reached by Twisted's transport: its bytes are copied."""
    printer = Line()
    printer._listener.close()
    printer._listener = socket.socket(socket.AF_UNIX)
    printer._listener.bind(str(tmp_path / "printer"))
    printer._listener.listen()
    line = await printer.open(transportFor(reactor, f"endpoint:unix:{tmp_path / 'printer'}"))

    await line.send(DATA[:COPIED_FIRST])
    await line.send(DATA[COPIED_FIRST:])

    await delivered(line, DATA)
    assert kernel.moved == []


# Back-pressure.


@pytest_twisted.ensureDeferred
async def test_backPressure(kernel: Kernel) -> None:
    """A printer that stops reading stops the sender; one that reads on gets all of the job."""
    line = await Line(narrow=True).open()
    await line.send(DATA[:COPIED_FIRST], reading=False)
    left = await line.fill(DATA[COPIED_FIRST:])
    assert line.port.blocked and not line.reading
    assert 0 < line.inPipe <= PIPE_SIZES[0]
    assert line.job.bytes <= BETWEEN < len(DATA)

    await line.send(left)

    await delivered(line, DATA)
    assert max(kernel.moved) <= PIPE_SIZES[0]


@pytest_twisted.ensureDeferred
async def test_pausedUntilThePipeIsEmpty() -> None:
    """The sender is heard again when the last byte has left the pipe, and not before."""
    line = await blocked()
    heard = []

    def read() -> bool:
        line.take(NARROW)
        heard.append((line.inPipe > 0, line.port.blocked, line.reading))
        return not line.port.blocked

    await until(read)

    assert heard[-1] == (False, False, True)
    assert set(heard[:-1]) == {(True, True, False)}
    await line.close()


@pytest_twisted.ensureDeferred
async def test_nobodyToBePaused() -> None:
    """Without a producer the rest in the pipe still leaves it."""
    line = await blocked()
    line.connection.unregisterProducer()
    at = line.job.bytes
    await line.read(at)
    assert line.inPipe == 0

    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * PIPE_SIZES[0])
        behind = here.send(DATA[at : at + PIPE_SIZES[0] // 2])
        taken = 0
        while not line.inPipe:
            taken += line.connection.take(there.fileno(), behind)
            behind += here.send(DATA[at + behind : at + behind + PIPE_SIZES[0] // 2])
        assert line.inPipe

    await line.read(at + taken)
    assert line.printed == DATA[: at + taken]
    await line.close()


@pytest_twisted.ensureDeferred
async def test_unacknowledged() -> None:
    """Bytes in the pipe have not been acknowledged by anybody."""
    line = await blocked()
    transport = line.connection.transport

    assert transport.unwritten == line.inPipe
    unacknowledged = factsOf(transport).unacknowledged()
    assert line.job.bytes - line.unread <= unacknowledged <= line.job.bytes
    await line.close()


# Counts.


@BOTH
@pytest.mark.parametrize("more", [0, 1])
@pytest_twisted.ensureDeferred
async def test_limit(options: str, more: int) -> None:
    """A job may have exactly as many bytes as it is allowed, and not one more."""
    limit = 100_000
    line = await begun(options, limit=limit)
    await line.send(DATA[COPIED_FIRST:limit])
    if not more:
        await delivered(line, DATA[:limit])
        return

    line.sender.send(DATA[limit : limit + 1])
    await line.readAll()
    await line.ended

    assert isinstance(line.outcome, JobTooLarge)
    assert line.outcome.printed
    assert line.job.bytes == limit
    assert line.printed == DATA[:limit] + END_OF_JOB
    await line.close()


@pytest_twisted.ensureDeferred
async def test_limitIsNeverPassed(kernel: Kernel) -> None:
    """The kernel is never asked for more than is allowed, however much there is."""
    limit = 500_000
    line = await begun(limit=limit)
    await line.fill(DATA[COPIED_FIRST:])

    await line.readAll()
    await line.ended

    assert isinstance(line.outcome, JobTooLarge)
    assert line.job.bytes <= limit
    assert line.printed == DATA[: line.job.bytes] + END_OF_JOB
    assert sum(kernel.moved) == 2 * (line.job.bytes - COPIED_FIRST)
    await line.close()


@BOTH
@pytest.mark.parametrize("wrong", [-1, 1])
@pytest_twisted.ensureDeferred
async def test_announcedOtherwise(options: str, wrong: int) -> None:
    """A size that was announced holds on both ways."""
    line = await begun(options, size=100_000 + wrong)
    await line.send(DATA[COPIED_FIRST:100_000])
    line.finish()
    await line.readAll()
    await line.ended
    assert isinstance(line.outcome, SizeDiffers)
    assert line.printed == DATA[:100_000] + END_OF_JOB
    await line.close()


# The data port's part.


@implementer(IKernelConsumer)
class Taker:
    """
    Takes all there is, from the kernel itself.

    @ivar taken: how many bytes.
    @ivar copied: those that were not in the kernel any more.
    """

    def __init__(self) -> None:
        self.taken = 0
        self.copied = b""
        self.producer: Any = None

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        self.producer = producer

    def unregisterProducer(self) -> None:
        pass

    def write(self, data: bytes) -> None:
        self.copied += data

    def take(self, descriptor: int, most: int) -> int:
        with contextlib.suppress(BlockingIOError):
            count = len(os.read(descriptor, most))
            self.taken += count
            return count
        return 0


@pytest_twisted.ensureDeferred
async def test_dataPort() -> None:
    """What is taken counts as activity; and who wants no more is not asked to take it."""
    port = PassivePort(reactor, DataTerms(3600), HOST, HOST)
    consumer = Taker()
    with socket.create_connection((HOST, port.number)) as sender:
        ended = poured(port, consumer)
        await until(lambda: port.begun)
        sender.send(DATA[:10])
        await until(lambda: len(consumer.copied) == 10)  # that it is no ClientHello was looked at
        began = port.lastActive
        sender.send(DATA[:1000])
        await until(lambda: consumer.taken == 1000)
        assert port.lastActive > began

        consumer.producer.stopProducing()
        with pytest.raises(DataConnectionLost):
            await ended
        sender.send(DATA[:1000])
        wire: Any = port._connection
        handle = wire.transport.getHandle()
        await until(lambda: not fcntl.ioctl(handle, termios.FIONREAD, bytes(4)).strip(b"\0"))
        assert (consumer.taken, len(consumer.copied)) == (1000, 10)
    await until(lambda: wire.lost is not None)


# What splice(2) says, and does not mean.


@BOTH
@pytest.mark.parametrize("at", [0, 1, 80_000, 99_999, 100_000])
@pytest.mark.parametrize("apart", [False, True], ids=["at once", "in steps"])
@pytest_twisted.ensureDeferred
async def test_urgentData(options: str, at: int, apart: bool, kernel: Kernel) -> None:
    """The TCP urgent pointer ends no job, and its byte is one of the job's, wherever it stands."""
    line = Line()
    await line.open(line.transport(options))
    for data, flags in (
        (DATA[:at], 0),
        (b"!", socket.MSG_OOB),
        (DATA[at:100_000], 0),
    ):
        while data:
            try:
                data = data[line.sender.send(data, flags) :]
            except BlockingIOError:
                await deferLater(reactor, 0)
        for _ in range(apart * 5):
            await deferLater(reactor, 0)
    line.finish()
    await line.readAll()
    await line.ended
    await line.close()
    assert line.printed == DATA[:at] + b"!" + DATA[at:100_000]
    assert line.outcome is Delivery.DELIVERED


@pytest_twisted.ensureDeferred
async def test_urgentDataGoesOn(kernel: Kernel) -> None:
    """Behind an urgent mark the job goes on at once, and the reactor does not go round in vain."""
    line = await begun()
    line.sender.send(b"!", socket.MSG_OOB)
    line.sender.send(DATA[COPIED_FIRST:100_000])
    tried = len(kernel.asked)
    for _ in range(100):
        await deferLater(reactor, 0)
    tried, taken = len(kernel.asked) - tried, line.job.bytes
    await line.close()
    assert (taken, tried < 20) == (100_001, True)


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM, errno.EINVAL, errno.ENOMEM])
@pytest_twisted.ensureDeferred
async def test_notAllowed(kernel: Kernel, number: int) -> None:
    """Where the system, or a filter of system calls, denies the call, bytes are copied."""
    kernel.fault = OSError(number, os.strerror(number))
    line = await Line().open()
    with capturedLogs() as logged:
        await line.send(DATA[:COPIED_FIRST])
        line.push(DATA[COPIED_FIRST:100_000])
        line.finish()
        await line.readAll()
        await line.ended
    await line.close()
    assert line.outcome is Delivery.DELIVERED
    assert line.printed == DATA[:100_000]
    [text] = told(logged)
    assert os.strerror(number) in text


@pytest_twisted.ensureDeferred
async def test_noBuffers(kernel: Kernel) -> None:
    """A kernel without buffers has them later, as Twisted knows of send(2)."""
    line = await begun()
    kernel.fault = OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
    kernel.struck = lambda source, destination: destination == line.connection.transport.fileno()
    line.push(DATA[COPIED_FIRST:100_000])
    await until(lambda: line.inPipe or line.outcome)
    await deferLater(reactor, 0)
    kernel.fault = None
    line.finish()
    await line.readAll()
    await line.ended
    await line.close()
    assert line.outcome is Delivery.DELIVERED


@pytest_twisted.ensureDeferred
async def test_slowIsNotStopped() -> None:
    """A printer that takes bytes, however few, is not one that has taken nothing for a while."""
    line = await blocked()
    job: Any = line.job
    began, at = job._blocked, line.inPipe
    assert began is not None

    def read() -> bool:
        line.take(NARROW)
        return line.inPipe < at

    await until(read)
    since = job._blocked
    still = line.inPipe > 0
    await line.close()
    assert still
    assert since is None or since > began


@BOTH
@pytest_twisted.ensureDeferred
async def test_resetIsToldOnce(options: str) -> None:
    """The attempt to send that hears of a reset is not the last that does: the job is told so."""
    line = await resetUnseen(options)
    await line.close()
    assert isinstance(line.outcome, PrinterLost)
    assert line.outcome.reason == "the printer reset the connection"


@pytest_twisted.ensureDeferred
async def test_resetBeforeTheEnd() -> None:
    """It is the same with the attempt to end our direction."""
    line = await Line().open()
    await line.send(DATA[:1000])
    await line.read(1000)
    line.connection.unregisterProducer()
    line.resetPrinter()
    finished = line.connection.finish()  # before the reactor sees the reset
    with pytest.raises(PrinterLost) as caught:
        await finished
    await line.close()
    assert caught.value.reason == "the printer reset the connection"
