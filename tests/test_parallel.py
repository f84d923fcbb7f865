"""
Printers on a parallel port: a thread writes, the driver says what is wrong, nothing is lost.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import CancelledError
from zope.interface.verify import verifyObject

import jetdirect.transports.parallel as module
from jetdirect.errors import PrinterLost, PrinterUnreachable
from jetdirect.interfaces import Delivery, IPrinterConnection, PrinterStatus
from jetdirect.testing import FakeJob
from jetdirect.transports import threads
from jetdirect.transports.build import transportFor
from jetdirect.transports.parallel import BUFFER, PIECE, ParallelConnection, ParallelTransport
from tests.support.device import PARALLEL_IDLE, ParallelPort, until
from tests.support.source import Source

reactor: Any = theReactor
JOB = bytes(range(256)) * 64
IDLE = PARALLEL_IDLE
EMPTY = PrinterStatus("stopped", ("media-empty",), "Acme")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printers are looked after more often than in life."""
    monkeypatch.setattr(module, "STOPPED_PAUSE", 0.01)
    monkeypatch.setattr(module, "BUSY_PAUSE", 0.001)


@pytest.fixture
def port() -> Iterator[ParallelPort]:
    """A port, which is closed again in the end."""
    port = ParallelPort()
    yield port
    port.gate.set()


class Printing:
    """A transport on a port, and a job that has it."""

    def __init__(self, port: ParallelPort) -> None:
        self.port = port
        self.job = FakeJob()
        fake: Any = port.open
        self.transport = ParallelTransport(reactor, "/dev/lp0", "Labels", fake)

    async def open(self) -> ParallelConnection:
        connection = await self.transport.open(self.job)
        assert isinstance(connection, ParallelConnection)
        return connection


@pytest.mark.parametrize("most", [10 * PIECE, PIECE, 1000, 7])
@pytest.mark.parametrize("job", [JOB, b"", b"x", bytes(PIECE), bytes(PIECE + 1)])
@pytest_twisted.ensureDeferred
async def test_delivered(job: bytes, most: int, port: ParallelPort) -> None:
    """However little the driver takes at once, the printer gets all bytes in their order."""
    port.most = most
    printing = Printing(port)
    connection = await printing.open()
    connection.write(job)
    assert await connection.finish() is Delivery.DELIVERED
    assert verifyObject(IPrinterConnection, connection)
    assert port.data == job
    assert connection.sent == len(job)
    assert port.largest <= PIECE
    assert not port.isOpen
    assert printing.job.losses == []
    assert printing.transport.status.state == "idle"


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO, errno.EBUSY, errno.EAGAIN])
@pytest_twisted.ensureDeferred
async def test_stopped(fault: int, port: ParallelPort) -> None:
    """A printer that wants a person is waited for; nothing is lost, and nothing comes twice."""
    port.most = 1000
    port.faults = [0, 0, fault, fault, 0, fault]
    printing = Printing(port)
    connection = await printing.open()
    connection.write(JOB)
    assert await connection.finish() is Delivery.DELIVERED
    assert port.data == JOB


@pytest.mark.parametrize(
    ("fault", "lines", "reason"),
    [
        (errno.ENOSPC, IDLE, "media-empty"),
        (errno.EIO, IDLE, "offline"),
        (errno.EIO, EMPTY, "media-empty"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_saysWhy(fault: int, lines: PrinterStatus, reason: str, port: ParallelPort) -> None:
    """While it waits, the status tells why; when it goes on, that it does."""
    port.always, port.wire = fault, lines
    printing = Printing(port)
    connection = await printing.open()
    assert printing.transport.status.state == "processing"
    connection.write(JOB)
    await until(lambda: printing.transport.status.state == "stopped")
    assert printing.transport.status.reasons == (reason,)
    port.always = 0
    assert await connection.finish() is Delivery.DELIVERED
    assert port.data == JOB
    assert printing.transport.status == PrinterStatus("idle", (), "")


@pytest.mark.parametrize("fault", [errno.ENODEV, errno.ENXIO])
@pytest_twisted.ensureDeferred
async def test_unplugged(fault: int, port: ParallelPort) -> None:
    """A port that is no more has lost the job."""
    port.faults = [0, fault]
    port.most = 1000
    printing = Printing(port)
    connection = await printing.open()
    connection.write(JOB)
    await until(lambda: printing.job.losses)
    assert isinstance(printing.job.losses[0], PrinterLost)
    assert "no such port" in str(printing.job.losses[0])
    assert connection.sent == 1000
    assert printing.transport.status.reasons == ("offline",)
    await connection.abort(b"tail")
    assert not port.isOpen


@pytest_twisted.ensureDeferred
async def test_unpluggedAtTheEnd(port: ParallelPort) -> None:
    """A job that was complete on our side is lost all the same."""
    port.gate.clear()
    port.faults = [errno.ENODEV]
    printing = Printing(port)
    connection = await printing.open()
    connection.write(JOB)
    finishing = connection.finish()
    port.gate.set()
    with pytest.raises(PrinterLost):
        await finishing
    assert printing.job.losses == []


@pytest_twisted.ensureDeferred
async def test_backPressure(port: ParallelPort) -> None:
    """A sender is paused while more than a buffer waits, and resumed when nothing does."""
    port.gate.clear()
    source = Source()
    connection = await Printing(port).open()
    connection.registerProducer(source, True)
    connection.write(bytes(BUFFER))
    assert source.told == []
    connection.write(b"x")
    assert source.told == ["pause"]
    port.gate.set()
    await source.resumed
    connection.unregisterProducer()
    assert await connection.finish() is Delivery.DELIVERED
    assert source.told == ["pause", "resume"]
    assert len(port.data) == BUFFER + 1


@pytest_twisted.ensureDeferred
async def test_inHandMayBePrinted(port: ParallelPort) -> None:
    """What the driver has in hand counts as sent: nobody knows how much of it is on paper."""
    port.gate.clear()
    printing = Printing(port)
    connection = await printing.open()
    connection.write(b"%!PS")
    await until(lambda: connection.sent == 4)
    port.faults = [errno.ENOSPC]
    port.always = errno.ENOSPC
    port.gate.set()
    await until(lambda: connection.sent == 0)
    await connection.abort(b"")
    assert port.data == b""


@pytest_twisted.ensureDeferred
async def test_abort(port: ParallelPort) -> None:
    """A cut job ends with its tail, behind what the driver took, and the rest is forgotten."""
    port.gate.clear()
    printing = Printing(port)
    connection = await printing.open()
    connection.write(JOB)
    await until(lambda: connection.sent == PIECE)
    aborting = connection.abort(b"\x04")
    port.gate.set()
    await aborting
    assert port.data == JOB[:PIECE] + b"\x04"
    assert not port.isOpen
    assert not printing.job.losses


@pytest_twisted.ensureDeferred
async def test_abortAtOnceBehindHandOver(
    port: ParallelPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was handed over is printed, also if the job is cut before the thread is awake."""
    connection = await Printing(port).open()
    handOver = connection._handOver
    aborting = []

    def handOverAndAbort(count: int) -> None:
        with connection._news:  # the thread cannot wake up in between
            handOver(count)
            aborting.append(connection.abort(b"\x04"))

    monkeypatch.setattr(connection, "_handOver", handOverAndAbort)
    connection.write(JOB)
    await until(lambda: aborting)
    await aborting[0]
    assert port.data == JOB[:PIECE] + b"\x04"
    assert connection.sent == PIECE + 1


@pytest_twisted.ensureDeferred
async def test_abortWithoutPaper(port: ParallelPort, monkeypatch: pytest.MonkeyPatch) -> None:
    """A printer that is out of paper does not get its tail, and is free in a moment."""
    monkeypatch.setattr(module, "ABORT_PATIENCE", 0.05)
    port.always = errno.ENOSPC
    connection = await Printing(port).open()
    connection.write(JOB)
    await connection.abort(b"\x04")
    assert port.data == b""
    assert not port.isOpen


@pytest_twisted.ensureDeferred
async def test_abortWhileFinishing(port: ParallelPort) -> None:
    """A job can be cut while its end is on the way."""
    port.most, port.always = 100, errno.EIO
    port.faults = [0, 0]
    connection = await Printing(port).open()
    connection.write(JOB)
    finishing = connection.finish()
    await connection.abort(b"")
    assert not finishing.called
    assert JOB.startswith(port.data)


@pytest_twisted.ensureDeferred
async def test_driverThatSleeps(port: ParallelPort, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that does not come back does not keep the gateway; the next job hears of it."""
    monkeypatch.setattr(module, "STUCK_AFTER", 0.05)
    port.gate.clear()
    printing = Printing(port)
    connection = await printing.open()
    connection.write(JOB)
    await until(lambda: port.largest > 0)  # the driver has it
    await connection.abort(b"")
    with pytest.raises(PrinterUnreachable, match="has not taken what it got of the job before"):
        await printing.open()
    port.gate.set()
    await until(lambda: printing.transport.connection is None)
    await (await printing.open()).abort(b"")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EBUSY, "in use"),
        (errno.ENXIO, "no such port"),
        (errno.ENOENT, "no such port"),
        (errno.EACCES, "group"),
        (errno.EMFILE, "refused"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_notOpened(number: int, said: str, port: ParallelPort) -> None:
    """A port that cannot be opened may be opened later, and the reason is told."""
    port.refusal = number
    with pytest.raises(PrinterUnreachable, match=said):
        await Printing(port).open()


@pytest_twisted.ensureDeferred
async def test_canceledOpening(port: ParallelPort) -> None:
    """A job that is gone when the port opens leaves it free."""
    printing = Printing(port)
    opening = printing.transport.open(printing.job)
    opening.addErrback(lambda _: None)
    opening.cancel()
    await until(lambda: port.opened == 1 and not port.isOpen)


@pytest_twisted.ensureDeferred
async def test_asked(port: ParallelPort) -> None:
    """An idle printer is looked at; one that prints is left alone; one that is gone is offline."""
    port.wire = EMPTY
    printing = Printing(port)
    await printing.transport.ask()
    assert printing.transport.status.reasons == ("media-empty",)
    connection = await printing.open()
    await printing.transport.ask()
    assert printing.transport.status.state == "processing"
    assert port.opened == 2
    await connection.abort(b"")
    port.refusal = errno.ENXIO
    await printing.transport.ask()
    assert printing.transport.status.reasons == ("offline",)


def test_uri() -> None:
    """The URI names a device file."""
    transport = transportFor(reactor, "/dev/lp7?description=Line+printer")
    assert (transport.uri, transport.description) == ("parallel:/dev/lp7", "Line printer")
    assert transportFor(reactor, "parallel:/dev/lp7").description == "/dev/lp7"
    for wrong in ("parallel:", "parallel://host/dev/lp0", "parallel:lp0"):
        with pytest.raises(ValueError, match="write parallel:/dev/lp0"):
            transportFor(reactor, wrong)


@pytest_twisted.ensureDeferred
async def test_realCalls(tmp_path: Path) -> None:
    """The calls as they are, on a FIFO: no driver, but a kernel."""
    fifo = tmp_path / "lp0"
    os.mkfifo(fifo)
    transport = transportFor(reactor, f"parallel:{fifo}")
    with pytest.raises(PrinterUnreachable, match="no such port"):
        await transport.open(FakeJob())
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    connection = await transport.open(FakeJob())
    connection.write(JOB)
    assert await connection.finish() is Delivery.DELIVERED
    assert os.read(reader, 2 * len(JOB)) == JOB
    os.close(reader)


@pytest_twisted.ensureDeferred
async def test_nothingIsSentOfAJobThatIsToldSo(
    port: ParallelPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that is told to be cut before its first byte is so, whatever the thread does."""
    late, cut = threading.Event(), threading.Event()
    put = ParallelConnection._put

    def slowly(self: ParallelConnection, data: bytes, enough: Any) -> bool:
        def asked() -> bool:
            answer: bool = enough()
            late.set()
            cut.wait(30)
            return answer

        return put(self, data, asked)

    monkeypatch.setattr(ParallelConnection, "_put", slowly)
    connection = await Printing(port).open()
    connection.write(b"%!PS")
    late.wait(30)

    assert connection.sent == 0
    aborted = connection.abort(b"")
    cut.set()
    await aborted

    assert port.data == b""


@pytest_twisted.ensureDeferred
async def test_noThreadToBeHad(port: ParallelPort, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be started the device is closed again, and the next job prints."""
    printing = Printing(port)
    await printing.transport.ask()  # its thread is there
    start = threading.Thread.start

    def refused(_: object) -> None:
        monkeypatch.setattr(threading.Thread, "start", start)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    with pytest.raises(PrinterUnreachable, match="can't start new thread"):
        await printing.open()

    connection = await printing.open()
    connection.write(JOB)
    assert await connection.finish() is Delivery.DELIVERED
    assert port.data == JOB


@pytest_twisted.ensureDeferred
async def test_askedInTheWay(port: ParallelPort, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job does not find the port in use by our own question."""
    asked, answer = threading.Event(), threading.Event()

    def thinking(model: str) -> PrinterStatus:
        asked.set()
        answer.wait(30)
        return IDLE

    monkeypatch.setattr(port, "status", thinking)
    printing = Printing(port)
    asking = printing.transport.ask()
    asked.wait(30)
    opening = printing.transport.open(printing.job)

    answer.set()
    await asking
    connection = await opening
    await connection.abort(b"")


@pytest_twisted.ensureDeferred
async def test_deviceThatIsNeverOpened(port: ParallelPort, monkeypatch: pytest.MonkeyPatch) -> None:
    """An opening that does not come back takes one thread, and the jobs behind it are told so."""
    monkeypatch.setattr(threads, "STUCK_AFTER", 0.02)
    begun, answer = threading.Event(), threading.Event()
    opens: list[str] = []

    def never(path: str) -> Any:
        opens.append(path)
        begun.set()
        answer.wait(30)
        return port.open(path)

    printing = Printing(port)
    printing.transport._openDevice = never
    first = printing.transport.open(printing.job)
    first.addErrback(lambda failure: failure.trap(CancelledError) and None)
    begun.wait(30)
    first.cancel()
    await until(lambda: printing.transport.thread.stuck)
    before = {*threading.enumerate()}

    for _ in range(20):
        with pytest.raises(PrinterUnreachable, match=r"the driver has not answered for \d+ s"):
            await printing.transport.open(printing.job)
        await printing.transport.ask()
    assert printing.transport.status == PrinterStatus("stopped", ("timed-out",), "")
    assert {*threading.enumerate()} <= before  # those of other tests end when they like
    assert len(opens) == 1

    answer.set()
    await until(lambda: not printing.transport.thread.busy)
    assert not port.isOpen  # nobody wanted it any more
    connection = await printing.open()
    await connection.abort(b"")
