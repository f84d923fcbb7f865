"""
The peers themselves, without a gateway: what a test believes of them must be true.
"""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from tests.support.behaviours import (
    NoPrinter,
    finAfter,
    neverCloses,
    neverReads,
    pausedAfter,
    resetAfter,
    resetAfterEnd,
    slow,
    talking,
)
from tests.support.p910nd import P910nd
from tests.support.pages import PAGES, RENDERED, TRAPS, page, render
from tests.support.peer import PATIENCE, Printer
from tests.support.rawprinter import RawPrinter
from tests.support.session import isQuiet

LOOPBACK = ["127.0.0.1", "::1"]


def call(printer: Printer) -> socket.socket:
    """Connect as a gateway does."""
    return socket.create_connection((printer.host, printer.port), PATIENCE)


def printAll(printer: Printer, data: bytes) -> bytes:
    """
    Print, half-close, and wait for the printer's FIN.

    @return: what it said before.
    """
    with call(printer) as wire:
        wire.sendall(data)
        wire.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: wire.recv(4096), b""))


@pytest.mark.parametrize("host", LOOPBACK)
def test_p910ndPrintsAfterEachOther(host: str) -> None:
    """
    p910nd takes one job after the other and adds nothing to them.
    """
    first, second = page("traps.ps"), page("traps.bin")
    with P910nd(host) as printer:
        assert printAll(printer, first) == b""
        assert printer.waitFor(len(first)) == first
        assert printAll(printer, second) == b""
        assert printer.stop() == first + second


@pytest.mark.parametrize("host", LOOPBACK)
def test_goodPrinterKeepsJobsApart(host: str) -> None:
    """
    A raw printer knows what came on which connection.
    """
    with RawPrinter(host=host) as printer:
        printAll(printer, b"first")
        printAll(printer, TRAPS)
        assert printer.waitForJob(2) == TRAPS
        assert printer.jobs == [b"first", TRAPS]


def test_goodPrinterCounts() -> None:
    """
    A raw printer that keeps nothing still knows how much came.
    """
    with RawPrinter(keep=False) as printer:
        printAll(printer, b"12345")
        assert printer.waitForJob(1) == b""
        assert printer.callers[0].received == 5


@pytest.mark.parametrize("atEnd", [False, True], ids=["afterBytes", "afterEnd"])
def test_resettingPrinterIsHeardAsReset(atEnd: bool) -> None:
    """
    Printers that reset do so with an RST, which the sender sees as an error.
    """
    behave = resetAfterEnd if atEnd else resetAfter(1000)
    with RawPrinter(behave) as printer, call(printer) as wire:
        wire.sendall(bytes(1000))
        if atEnd:
            wire.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionResetError):
            wire.recv(1)
        assert printer.waitForJob(1) == bytes(1000)


def test_finishingPrinterGoesOnReading() -> None:
    """
    A printer that leaves early sends a FIN, and what comes later is still counted.
    """
    with RawPrinter(finAfter(10)) as printer, call(printer) as wire:
        wire.sendall(bytes(10))
        assert wire.recv(1) == b""
        wire.sendall(bytes(10))
        printer.waitForBytes(1, 20)


def test_printerThatNeverCloses() -> None:
    """
    A printer that never closes has the whole job and says nothing.
    """
    with RawPrinter(neverCloses) as printer, call(printer) as wire:
        wire.sendall(b"job")
        wire.shutdown(socket.SHUT_WR)
        assert printer.waitForJob(1) == b"job"
        assert isQuiet(wire, 0.2)


def test_printerThatNeverReads() -> None:
    """
    A printer that never reads blocks its sender once the kernel's buffers are full.
    """
    with RawPrinter(neverReads, receiveBuffer=16384) as printer, call(printer) as wire:
        wire.settimeout(0.3)
        with pytest.raises(TimeoutError):
            wire.sendall(bytes(64 * 1024 * 1024))
        assert printer.callers[0].received == 0


def test_pausedPrinterGoesOn() -> None:
    """
    A paused printer reads no byte more until its gate is opened, and then all.
    """
    gate = threading.Event()
    with RawPrinter(pausedAfter(5, gate)) as printer, call(printer) as wire:
        wire.sendall(b"0123456789")
        printer.waitForBytes(1, 5)
        assert isQuiet(wire, 0.1)
        assert printer.jobs == [b"01234"]
        gate.set()
        wire.shutdown(socket.SHUT_WR)
        assert printer.waitForJob(1) == b"0123456789"


def test_slowAndTalkingPrinters() -> None:
    """
    Slow printers get everything in the end; talking ones are heard.
    """
    with RawPrinter(slow(4, 0.01), talking(b"ready", b"done")) as printer:
        assert printAll(printer, b"0123456789") == b""
        assert printAll(printer, b"abc") == b"readydone"
        assert printer.jobs == [b"0123456789", b"abc"]


def test_nobodyAnswersForNoPrinter() -> None:
    """
    Who calls a printer that is not there is refused.
    """
    with NoPrinter() as printer, pytest.raises(ConnectionRefusedError):
        call(printer)


@pytest.mark.parametrize("name", PAGES)
def test_pagesStayTheSame(name: str) -> None:
    """
    Every page has bytes, and the trapped ones have all traps.
    """
    assert page(name) == page(name) != b""
    if name.startswith("traps"):
        assert TRAPS in page(name)


@pytest.mark.parametrize("name", RENDERED)
def test_renderingIsRepeatable(name: str, tmp_path: Path) -> None:
    """
    The same document gives the same picture each time.
    """
    assert render(page(name), tmp_path) == render(page(name), tmp_path)


@pytest.mark.parametrize(
    ("old", "new"), [(b"\n", b"\r\n"), (b"\r\n", b"\n"), (b"\xff\xff", b"\xff"), (b"\0", b"")]
)
def test_renderingShowsSpoiltBytes(old: bytes, new: bytes, tmp_path: Path) -> None:
    """
    Bytes converted as FTP and Telnet do change the picture of a trapped page, or leave none.
    """
    spoilt = page("traps.ps").replace(old, new)
    try:
        picture = render(spoilt, tmp_path)
    except AssertionError:
        return
    assert picture != render(page("traps.ps"), tmp_path)
