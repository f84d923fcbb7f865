"""
Faults of the printer: the reply says what the sender may do, and the next job prints.

450: not a byte reached the printer. 551: some may have. 226: it has them all.
"""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest

from tests.support.behaviours import (
    NoPrinter,
    finAfter,
    leavesAfter,
    neverCloses,
    neverReads,
    pausedAfter,
    resetAfter,
    resetAfterEnd,
    slow,
    talking,
)
from tests.support.gateway import Gateway
from tests.support.pages import page
from tests.support.rawprinter import Behaviour, RawPrinter, good
from tests.support.session import (
    MUCH,
    Session,
    delivered,
    isQuiet,
    lastLine,
    push,
    streamDigest,
)

#: What a printer's kernel may take before the printer reads.
SMALL_BUFFER = 16384


def assertNextPrints(session: Session, printer: RawPrinter) -> None:
    """The gateway and its printer are as good as new."""
    job = page("traps.ps")
    assert re.search(delivered("PORT1", len(job)), lastLine(session.send(job)))
    assert printer.jobs[-1] == job


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_refusingPrinterIs450(seconds: float, tmp_path: Path) -> None:
    """
    A printer that refuses for the whole connect time-out gets no 150; the job may be sent again.
    """
    with NoPrinter() as printer:
        options = ["--printer", printer.uri(), "--connect-timeout", str(seconds)]
        with Gateway(tmp_path, *options) as gateway, Session(gateway.port) as session:
            session.say("PASV")
            asked = time.monotonic()
            reply = session.say("STOR page.ps")
            waited = time.monotonic() - asked
            assert reply.startswith("450"), reply
            assert waited < seconds + 5
            assert gateway.jobEnd(1).startswith("aborted: 0 bytes")
            assert session.say("NOOP").startswith("200")


@pytest.mark.parametrize("behave", [resetAfter(1000), finAfter(1000)], ids=["reset", "fin"])
def test_printerThatLeavesInMidJobIs551(behave: Behaviour, tmp_path: Path) -> None:
    """
    A printer that ends the connection while the job still comes has lost it, at once.
    """
    with (
        RawPrinter(behave, good) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            wire.sendall(bytes(1000))
            reply = session.reply()  # the upload has not ended yet
            assert reply.startswith("551"), reply
        assert gateway.jobEnd(1).startswith("aborted: 1000 bytes")
        assertNextPrints(session, printer)


@pytest.mark.parametrize(
    ("behave", "size"),
    [
        (resetAfter(1000), 20_000),
        (resetAfter(1000), MUCH),
        # Less than the kernels' buffers take would all be sent before the FIN is seen.
        (leavesAfter(1000), MUCH),
    ],
    ids=["reset-20000", "reset-much", "fin-much"],
)
def test_printerThatLeavesAWholeJobIs551(behave: Behaviour, size: int, tmp_path: Path) -> None:
    """
    A printer that has read the first 1000 bytes and leaves is never said to have the job.
    """
    with (
        RawPrinter(behave, good, receiveBuffer=SMALL_BUFFER) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        reply = session.send(bytes(size))
        assert reply.startswith("551"), reply
        assert gateway.jobEnd(1).startswith("aborted: ")
        assertNextPrints(session, printer)


@pytest.mark.parametrize("size", [1, 20_000, 300_000])
@pytest.mark.parametrize("atEnd", [True, False], ids=["afterEnd", "afterLastByte"])
def test_resetAfterTheLastByteIs551(size: int, atEnd: bool, tmp_path: Path) -> None:
    """
    A printer that has read everything and then resets did not print it for certain.
    """
    behave = resetAfterEnd if atEnd else resetAfter(size)
    with (
        RawPrinter(behave, good) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        reply = session.send(bytes(size))
        assert reply.startswith("551"), reply
        assert printer.waitForJob(1) == bytes(size)
        assertNextPrints(session, printer)


def test_printerThatNeverClosesIsUnconfirmed(tmp_path: Path) -> None:
    """
    A printer that took everything and does not close gets its time, then a 226 that says so.
    """
    with (
        RawPrinter(neverCloses, good) as printer,
        Gateway(tmp_path, "--printer", printer.uri("finish-timeout=1")) as gateway,
        Session(gateway.port) as session,
    ):
        job = page("traps.pcl")
        with session.upload() as wire:
            wire.sendall(job)
        ended = time.monotonic()
        reply = session.reply()
        assert re.search(delivered("PORT1", len(job), "sent, unconfirmed"), lastLine(reply)), reply
        assert time.monotonic() - ended > 0.9
        assert printer.waitForJob(1) == job
        gateway.waitFor("finish-timeout=")
        assertNextPrints(session, printer)


def test_printerThatNeverReadsGetsNo226(tmp_path: Path) -> None:
    """
    A job that our own kernel took whole, but not the printer's, has no 226 after the time-out.
    """
    with (
        RawPrinter(neverReads, receiveBuffer=SMALL_BUFFER) as printer,
        Gateway(tmp_path, "--printer", printer.uri("finish-timeout=0.2")) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            wire.sendall(bytes(200_000))
        assert session.sock is not None
        assert isQuiet(session.sock, 2.0) or session.reply().startswith("551")
        assert printer.callers[0].received == 0
        session.close()


def test_pausedPrinterHoldsTheClientBack(tmp_path: Path) -> None:
    """
    While the printer is out of paper the client waits, and is answered; then the job comes whole.
    """
    gate = threading.Event()
    with (
        RawPrinter(pausedAfter(100_000, gate), receiveBuffer=SMALL_BUFFER, keep=False) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            sent = push(wire, MUCH)
            assert 100_000 < sent < MUCH
            printer.waitForBytes(1, 100_000)
            assert printer.callers[0].received == 100_000
            assert session.say("NOOP").startswith("200")
            assert re.match("21[123]", session.say("STAT"))
            gate.set()
            assert push(wire, MUCH, sent, patience=20) == MUCH
        reply = session.reply()
        assert re.search(delivered("PORT1", MUCH), lastLine(reply)), reply
        assert printer.callers[0].digest == streamDigest(MUCH)


def test_waitingForPaperIsNotIdle(tmp_path: Path) -> None:
    """
    Time in which the printer takes nothing counts for no idle time-out; the job ends well.
    """
    gate = threading.Event()
    timeouts = ["--idle-timeout", "1", "--data-idle-timeout", "1"]
    with (
        RawPrinter(pausedAfter(1000, gate), receiveBuffer=SMALL_BUFFER, keep=False) as printer,
        Gateway(tmp_path, "--printer", printer.uri(), *timeouts) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            sent = push(wire, MUCH)
            assert sent < MUCH
            assert session.sock is not None
            assert isQuiet(session.sock, 2.5)
            gate.set()
            assert push(wire, MUCH, sent, patience=20) == MUCH
        reply = session.reply()
        assert re.search(delivered("PORT1", MUCH), lastLine(reply)), reply


def test_slowPrinterGetsEverything(tmp_path: Path) -> None:
    """
    A printer that reads little at a time gets every byte, once.
    """
    job = page("traps.bin")
    with (
        RawPrinter(slow(4096, 0.005), receiveBuffer=SMALL_BUFFER) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        assert re.search(delivered("PORT1", len(job)), lastLine(session.send(job)))
        assert printer.jobs == [job]


def test_talkingPrinterIsNoFault(tmp_path: Path) -> None:
    """
    Status text from the printer does no harm, and no sender gets to see it.
    """
    status = b"@PJL USTATUS DEVICE\r\nCODE=10001\r\n\x0c" * 2000
    job = page("traps.pcl")
    with (
        RawPrinter(talking(status, status)) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        reply = session.send(job)
        assert re.search(delivered("PORT1", len(job)), lastLine(reply)), reply
        assert "USTATUS" not in reply
        assert printer.jobs == [job]
