"""
The kernel path: it carries what the copying path carries, or steps aside for it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import socket
import termios
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProducer
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.logger import LogEvent, capturedLogs, formatEvent
from zope.interface import implementer

from jetdirect.certificate import ServerCertificate
from jetdirect.errors import (
    DataConnectionLost,
    JobAborted,
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
from jetdirect.testing import FakeJob
from jetdirect.transports.build import transportFor
from jetdirect.transports.policy import PJLPolicy, policed
from tests.support import certificate as certificates
from tests.support.certificate import selfSigned
from tests.support.line import HOST, NARROW, Line, pipes, reactor, until, unwritten

pytestmark = pytest.mark.skipif(not hasattr(os, "splice"), reason="splice(2) is Linux's alone")

DATA = b"%!PS" + bytes(n * n % 251 for n in range(4_000_000))
"""More than all that stands between a sender and a narrow printer can hold."""

BETWEEN = PIPE_SIZES[0] + 16 * NARROW
"""Bytes that may be under way to a narrow printer: the pipe, and what the kernel makes of the small
buffers that were asked for (bookkeeping included)."""

BOTH = pytest.mark.parametrize("options", ["", "?splice=off"], ids=["kernel", "copying"])


class Kernel:
    """
    C{os.splice}, watched.

    @ivar asked: the byte count of each call; C{moved}: those that were moved.
    @ivar fault: raised instead, where C{struck} says so of the source and the destination.
    """

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.moved: list[int] = []
        self.fault: OSError | None = None
        self.struck: Callable[[int, int], bool] = lambda source, destination: True
        self._splice = os.splice

    def __call__(self, source: int, destination: int, count: int, **more: Any) -> int:
        self.asked.append(count)
        if self.fault is not None and self.struck(source, destination):
            raise self.fault
        moved = self._splice(source, destination, count, **more)
        self.moved.append(moved)
        return moved


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """Watch C{os.splice}."""
    watched = Kernel()
    monkeypatch.setattr(os, "splice", watched)
    return watched


async def begun(options: str = "", **terms: Any) -> Line:
    """A line on which the part of a job is that is copied in any case."""
    line = Line()
    await line.open(line.transport(options), **terms)
    await line.send(DATA[:COPIED_FIRST])
    return line


async def blocked(data: bytes = DATA) -> Line:
    """A line whose printer reads nothing, and which is full; the head was copied."""
    line = await Line(narrow=True).open()
    await line.send(data[:COPIED_FIRST], reading=False)
    await line.fill(data[COPIED_FIRST:])
    assert line.inPipe
    return line


async def delivered(line: Line, data: bytes) -> None:
    """The sender ends its file, the printer reads on and closes, and all is well."""
    line.finish()
    await line.readAll()
    await line.ended
    assert line.outcome is Delivery.DELIVERED
    assert line.printed == data
    assert line.job.bytes == line.connection.sent == len(data)
    await line.close()


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


# The sender's end.


@pytest_twisted.ensureDeferred
async def test_endWhilePaused() -> None:
    """The end of a file that came while the sender was paused is seen behind its last byte."""
    line = await blocked()
    line.finish()

    await line.readAll()
    await line.ended

    assert line.outcome is Delivery.DELIVERED
    assert line.printed == line.sent
    await line.close()


@BOTH
@pytest_twisted.ensureDeferred
async def test_senderReset(options: str) -> None:
    """A reset is no end of a file, on either way; the job's own language ends it."""
    line = await begun(options)
    await line.send(DATA[COPIED_FIRST:100_000])
    line.reset()
    await line.readAll()
    await line.ended
    assert isinstance(line.outcome, DataConnectionLost)
    assert line.outcome.reason == "the data connection was reset"
    assert line.printed == DATA[:100_000] + END_OF_JOB
    await line.close()


@pytest_twisted.ensureDeferred
async def test_senderResetWhilePaused() -> None:
    """A reset that came while the sender was paused is found when it is heard again."""
    line = await blocked()
    line.reset()

    await line.readAll()
    await line.ended

    assert isinstance(line.outcome, DataConnectionLost)
    assert line.printed == DATA[: line.job.bytes] + END_OF_JOB
    await line.close()


@pytest_twisted.ensureDeferred
async def test_endThatIsNone() -> None:
    """Nothing to be read is no end, and no loss."""
    line = await begun()
    wire: Any = line.port._connection

    wire.transport.happened(select.EPOLLIN)

    await delivered(line, DATA[:COPIED_FIRST])


# The printer's end.


@pytest_twisted.ensureDeferred
async def test_finishWithAFullPipe() -> None:
    """Our FIN goes behind the last byte in the pipe."""
    line = await blocked()
    line.connection.unregisterProducer()
    finished = line.connection.finish()

    await line.readAll()

    assert await finished is Delivery.DELIVERED
    assert line.printed == DATA[: line.job.bytes]
    await line.close()


@pytest_twisted.ensureDeferred
async def test_abortWithAFullPipe() -> None:
    """What is in the pipe is thrown away, and the pipe; then what ends the job, then our FIN."""
    before = pipes()
    line = await blocked()
    kept = line.connection.transport.unwritten
    assert kept
    line.job.cut(JobAborted("aborted by the sender"))
    line.port.close()
    assert not line.inPipe
    assert pipes() == before

    await line.readAll()
    await line.ended

    assert isinstance(line.outcome, JobAborted)
    assert line.printed == DATA[: line.job.bytes - kept] + END_OF_JOB
    await line.close()


@pytest_twisted.ensureDeferred
async def test_printerResetWithAFullPipe() -> None:
    """The job is lost, its pipe is closed, and of what was in it nothing reaches the next job."""
    before = pipes()
    line = await blocked()
    assert pipes() == before + 2
    line.resetPrinter()
    await line.ended
    assert isinstance(line.outcome, PrinterLost)
    assert line.outcome.printed
    await line.job.whenReleased()
    assert pipes() == before
    await line.hangUp()

    line.printed = line.sent = b""
    await line.open(line.transport())
    await line.send(DATA[2_000_000:2_100_000])
    await line.send(DATA[2_100_000:2_200_000])
    await delivered(line, DATA[2_000_000:2_200_000])
    assert pipes() == before


@pytest_twisted.ensureDeferred
async def test_attemptsInVain() -> None:
    """An attempt to empty the pipe finds no room, and that is all; or no printer any more."""
    line = await blocked()
    transport = line.connection.transport
    transport.happened(select.EPOLLOUT)
    assert transport.connected

    line.resetPrinter()
    transport.happened(select.EPOLLOUT)

    assert not transport.connected
    await line.ended
    assert isinstance(line.outcome, PrinterLost)
    await line.close()


@pytest.mark.parametrize("options", ["", "?early-close=ok"])
@pytest_twisted.ensureDeferred
async def test_printerResetMeanwhile(kernel: Kernel, options: str) -> None:
    """
    A printer that is found reset by the very attempt to send is lost, and so is the job.

    The kernel tells of a reset but once, and what comes after looks like a FIN.
    """
    line = await begun(options)
    await line.read(COPIED_FIRST)
    line.resetPrinter()
    line.sender.send(DATA[COPIED_FIRST:90_000])
    wire: Any = line.port._connection

    wire.transport.happened(select.EPOLLIN)  # before the reactor sees the reset
    await line.ended

    assert isinstance(line.outcome, PrinterLost)
    assert len(kernel.asked) > len(kernel.moved)
    await line.close()


@pytest_twisted.ensureDeferred
async def test_nothingIsTakenForALostPrinter() -> None:
    """A connection that is lost takes no byte, and lays no pipe."""
    before = pipes()
    line = await begun()
    await line.send(DATA[COPIED_FIRST:80_000])
    pipe = line.connection._stream._pipe
    assert pipe._ends is not None
    line.resetPrinter()
    await line.ended
    await line.job.whenReleased()

    assert line.connection.take(line.sender.fileno(), 100) == 0
    assert pipe.fill(line.sender.fileno(), 100) == 0
    assert pipes() == before
    pipe.close()  # once more does no harm
    await line.close()


@contextlib.contextmanager
def something() -> Iterator[int]:
    """A descriptor with 1000 bytes to be read."""
    here, there = socket.socketpair()
    with here, there:
        here.send(DATA[:1000])
        yield there.fileno()


@pytest_twisted.ensureDeferred
async def test_nothingIsTakenAfterTheEnd(kernel: Kernel) -> None:
    """A job that was cut takes nothing more, even though its printer would."""
    line = await Line().open()
    await line.send(DATA[4:][:COPIED_FIRST])  # of no language, so that nothing is to end it
    line.job.cut(JobAborted("aborted by the sender"))

    with something() as descriptor:
        assert line.job.take(descriptor, 1000) == 0

    assert kernel.asked == []
    await line.close()


@pytest_twisted.ensureDeferred
async def test_nothingIsTakenWhileALostPrinterIsLetGo(kernel: Kernel) -> None:
    """A printer that has left takes nothing, though its connection is there for another turn."""
    line = await begun()
    line.connection._lost(PrinterLost("it has left"))

    with something() as descriptor:
        assert line.connection.take(descriptor, 1000) == 0

    assert kernel.asked == []
    await line.ended
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
        ended = Deferred.fromCoroutine(port.pourInto(consumer))
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


# Where it cannot be done.


def told(logged: Sequence[LogEvent]) -> list[str]:
    """What the log says of copying."""
    texts = [str(formatEvent(event)) for event in logged]
    return [text for text in texts if "copied" in text]


async def copied(line: Line, kernel: Kernel | None = None) -> None:
    """The job is whole, and went through this process."""
    before = [] if kernel is None else list(kernel.moved)
    await line.send(DATA[:COPIED_FIRST])
    await line.send(DATA[COPIED_FIRST:])
    if kernel is not None:
        assert kernel.moved == before
    await delivered(line, DATA)


@pytest_twisted.ensureDeferred
async def test_switchedOff(kernel: Kernel) -> None:
    """The operator can have all bytes copied."""
    line = Line()
    await line.open(line.transport("?splice=off"))
    await copied(line, kernel)


@pytest_twisted.ensureDeferred
async def test_notLinux(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no such call, bytes are copied, and nothing is said of it."""
    monkeypatch.delattr(os, "splice")
    with capturedLogs() as logged:
        await copied(await Line().open())
    assert told(logged) == []


@pytest_twisted.ensureDeferred
async def test_noDescriptorForAPipe(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may open nothing more copies, says so once, and does not try again."""
    tried = []

    def pipe2(flags: int) -> tuple[int, int]:
        tried.append(flags)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "pipe2", pipe2)
    line = await Line().open()
    with capturedLogs() as logged:
        await copied(line, kernel)
    assert tried == [os.O_NONBLOCK | os.O_CLOEXEC]
    [text] = told(logged)
    assert text.endswith(os.strerror(errno.EMFILE))


class Quota:
    """
    C{fcntl.fcntl} of a user who may not have larger pipes.

    @ivar granted: the largest.
    @ivar own: bytes that a pipe has at the beginning; L{None}: as usual.
    """

    def __init__(self, granted: int, own: int | None = None) -> None:
        self.granted = granted
        self.own = own
        self.asked: list[int] = []
        self._fcntl = fcntl.fcntl

    def __call__(self, descriptor: int, command: int, argument: int = 0) -> Any:
        if command == fcntl.F_SETPIPE_SZ:
            self.asked.append(argument)
            if argument > self.granted:
                if self.own is not None:
                    self._fcntl(descriptor, command, self.own)
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        return self._fcntl(descriptor, command, argument)


@pytest.mark.parametrize(
    ("granted", "size"), [(1 << 20, 1 << 20), (1 << 18, 1 << 18), (1 << 16, 1 << 16), (0, 1 << 16)]
)
@pytest_twisted.ensureDeferred
async def test_smallerPipe(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, granted: int, size: int
) -> None:
    """Of a pipe that may not be as large as it should, no more is asked than it has."""
    monkeypatch.setattr(fcntl, "fcntl", Quota(granted))
    line = await Line(narrow=True).open()
    await line.send(DATA[:COPIED_FIRST], reading=False)
    left = await line.fill(DATA[COPIED_FIRST:])
    assert kernel.asked[0] == size
    assert 0 < line.inPipe <= size
    await line.send(left)
    await delivered(line, DATA)


@pytest.mark.parametrize("own", [4096, 8192])
@pytest_twisted.ensureDeferred
async def test_tinyPipe(kernel: Kernel, monkeypatch: pytest.MonkeyPatch, own: int) -> None:
    """
    A user with too many pipes gets those of a page or two (pipe(7)): not worth it.
    """
    quota = Quota(0, own)
    monkeypatch.setattr(fcntl, "fcntl", quota)
    before = pipes()
    line = await Line().open()
    with capturedLogs() as logged:
        await line.send(DATA[:COPIED_FIRST])
        await line.send(DATA[COPIED_FIRST:80_000])
        assert pipes() == before
        await line.send(DATA[80_000:100_000])
    assert kernel.asked == []
    assert quota.asked == list(PIPE_SIZES)
    [text] = told(logged)
    assert str(own) in text
    await delivered(line, DATA[:100_000])


@pytest_twisted.ensureDeferred
async def test_encryptedSender(kernel: Kernel, tmp_path: Path) -> None:
    """What comes encrypted is copied: the kernel has not the job's bytes."""
    import ssl

    pair = selfSigned(tmp_path)
    line = await Line().open(tls=ServerCertificate(str(pair), str(pair)))
    context = ssl.create_default_context(cafile=str(pair))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")

    async def exchange(step: Callable[[], object]) -> None:
        while True:
            try:
                step()
            except ssl.SSLWantReadError:
                done = False
            else:
                done = True
            while outgoing.pending:
                await send(outgoing.read())
            if done:
                return
            await until(receive)

    async def send(data: bytes) -> None:
        while data:
            data = data[line.push(data) :]
            line.take()
            await deferLater(reactor, 0)

    def receive() -> bool:
        try:
            incoming.write(line.sender.recv(65536))
        except BlockingIOError:
            return False
        return True

    await exchange(tls.do_handshake)
    await exchange(lambda: tls.write(DATA[:500_000]))
    with contextlib.suppress(ssl.SSLError):
        await exchange(tls.unwrap)
    line.finish()
    await line.readAll()
    await line.ended
    assert line.outcome is Delivery.DELIVERED
    assert line.printed == DATA[:500_000]
    assert kernel.asked == []
    await line.close()


@pytest_twisted.ensureDeferred
async def test_encryptedPrinter(kernel: Kernel, tmp_path: Path) -> None:
    """To a printer behind TLS bytes are copied."""
    pair = selfSigned(tmp_path)
    listening = await certificates.endpoint(pair, HOST).listen(Factory.forProtocol(Protocol))
    trust = tmp_path / "trust"
    trust.mkdir()
    (trust / "ca.pem").write_bytes(pair.read_bytes().partition(b"-----BEGIN RSA")[0])
    where = f"tcp\\:{HOST}\\:{listening.getHost().port}"
    uri = f"endpoint:tls:localhost:9100:endpoint={where}:trustRoots={trust}"
    connection: Any = await transportFor(reactor, uri).open(FakeJob())
    await until(lambda: not unwritten(connection.transport))
    with something() as descriptor:
        assert connection.take(descriptor, 1000) == 0
    assert kernel.asked == []
    connection.transport.abortConnection()
    await connection.abort(b"")
    await listening.stopListening()


CHANGED = ["pjl=on", "prolog=%1b", "epilog=%0c", "form-feed=on", "newlines=crlf"]


@pytest.mark.parametrize("options", CHANGED)
@pytest_twisted.ensureDeferred
async def test_whatIsReadOrChangedIsCopied(kernel: Kernel, options: str) -> None:
    """Options that look at bytes or change them see every one."""
    line = Line()
    printer = line.transport(f"?{options}")
    await _refuses(line, printer)


@pytest.mark.parametrize("policy", [PJLPolicy.LOG, PJLPolicy.REFUSE])
@pytest_twisted.ensureDeferred
async def test_whatIsPolicedIsCopied(kernel: Kernel, policy: PJLPolicy) -> None:
    """So does the policy for PJL."""
    line = Line()
    await _refuses(line, policed(line.transport(), policy))


async def _refuses(line: Line, printer: Any) -> None:
    connection: Any = await printer.open(FakeJob())
    assert not IKernelConsumer.providedBy(connection)
    line.connection = connection
    await line.accept()
    line.printer.close()
    await connection.abort(b"")
    line._listener.close()


@pytest_twisted.ensureDeferred
async def test_askedBySNMP(kernel: Kernel) -> None:
    """A printer that is asked beside its jobs is none that reads them."""
    line = await begun("?snmp=on")
    await line.send(DATA[COPIED_FIRST:])
    await delivered(line, DATA)
    assert sum(kernel.moved) == 2 * (len(DATA) - COPIED_FIRST)


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
    line = await begun(options)
    await line.read(COPIED_FIRST)
    line.resetPrinter()
    line.sender.send(DATA[COPIED_FIRST:90_000])
    wire: Any = line.port._connection
    wire.transport.happened(select.EPOLLIN)  # before the reactor sees the reset
    await line.ended
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
