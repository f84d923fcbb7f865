"""
The kernel path where the sender or the printer ends, or is lost.
"""

from __future__ import annotations

import select
from typing import Any

import pytest
import pytest_twisted

from jetdirect.errors import (
    DataConnectionLost,
    JobAborted,
    PrinterLost,
)
from jetdirect.interfaces import Delivery
from jetdirect.job import COPIED_FIRST
from jetdirect.language import END_OF_JOB
from tests.support.kernel import (
    BOTH,
    DATA,
    NEEDS_SPLICE,
    Kernel,
    begun,
    blocked,
    delivered,
    resetUnseen,
    something,
)
from tests.support.line import Line, pipes

pytestmark = NEEDS_SPLICE


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
    line = await resetUnseen(options)
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
