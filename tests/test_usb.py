"""
Printers on USB: a thread writes, the driver tells what became of each transfer.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import tty
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from zope.interface.verify import verifyObject

import jetdirect.transports.usb.transport as module
from jetdirect.errors import PrinterLost, PrinterUnreachable
from jetdirect.interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    PrinterStatus,
)
from jetdirect.testing import FakeJob
from jetdirect.transports.build import transportFor
from jetdirect.transports.usb import usblp
from jetdirect.transports.usb.transport import BUFFER, PIECE, USBConnection, USBTransport
from jetdirect.transports.usb.usblp import Place, USBDevice
from tests.support.device import USB_WELL, USBPrinter, until
from tests.support.gateway import Gateway
from tests.support.session import Session, lastLine
from tests.support.source import Source

reactor: Any = theReactor
JOB = bytes(range(256)) * 96
WELL, PAPER_OUT, SWITCHED_OFF = USB_WELL, 0x30, 0x08


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printers are looked after more often than in life."""
    monkeypatch.setattr(module, "LOOK_INTERVAL", 0.01)
    monkeypatch.setattr(module, "STALLED_AFTER", 0.02)


@pytest.fixture
def printer() -> Iterator[USBPrinter]:
    """A printer that ends all its calls in the end."""
    printer = USBPrinter()
    yield printer
    printer.dispose()


class Printing:
    """A transport to a printer, and a job that has it."""

    def __init__(self, printer: USBPrinter, bidirectional: bool = True, delay: float = 0.0) -> None:
        self.printer = printer
        self.job = FakeJob()
        fake: Any = printer.open
        self.transport = USBTransport(
            reactor, "usb:/dev/usb/lp0", Place("/dev/null"), "", bidirectional, delay, fake
        )

    async def open(self) -> USBConnection:
        connection = await self.transport.open(self.job)
        assert isinstance(connection, USBConnection)
        return connection

    @property
    def status(self) -> PrinterStatus:
        return self.transport.status


@pytest.mark.slow
@pytest.mark.parametrize("most", [PIECE, 1000, 7])
@pytest.mark.parametrize("job", [JOB, b"", b"x", bytes(PIECE), bytes(PIECE + 1)])
@pytest_twisted.ensureDeferred
async def test_delivered(job: bytes, most: int, printer: USBPrinter) -> None:
    """However little a transfer takes, the printer gets all bytes in their order."""
    printer.most = most
    printing = Printing(printer)
    connection = await printing.open()
    assert printing.status.state == "processing"
    for at in range(0, len(job), 3000):
        connection.write(job[at : at + 3000])
    assert await connection.finish() is Delivery.DELIVERED
    assert printer.data == job
    assert connection.sent == len(job)
    assert printer.largest <= PIECE
    assert not printer.isOpen
    assert printing.job.losses == []
    assert printing.status.state == "idle"


@pytest_twisted.ensureDeferred
async def test_contracts(printer: USBPrinter) -> None:
    """What the printing port and the job want of a transport is there."""
    printing = Printing(printer)
    connection = await printing.open()
    verifyObject(IPrinterTransport, printing.transport)
    verifyObject(IPrinterConnection, connection)
    await connection.abort(b"")


@pytest_twisted.ensureDeferred
async def test_notBeforeTheLastTransfer(printer: USBPrinter) -> None:
    """The end of a job is the printer's acknowledgement, however long it takes."""
    printer.gate.clear()
    connection = await Printing(printer).open()
    connection.write(b"%!PS")
    finishing = connection.finish()
    await until(lambda: printer.asked > 2)
    assert not finishing.called
    assert printer.isOpen
    printer.gate.set()
    assert await finishing is Delivery.DELIVERED


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (errno.ENODEV, "switched off"),
        (errno.EIO, "a transfer failed"),
        (errno.EINTR, "halted"),
        (errno.EFAULT, "the printer failed"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_lost(fault: int, said: str, printer: USBPrinter) -> None:
    """Whatever the driver says against a transfer, the job is lost, and the device is free."""
    printer.faults = [0, fault]
    printing = Printing(printer)
    connection = await printing.open()
    connection.write(JOB)
    await until(lambda: printing.job.losses)
    assert isinstance(printing.job.losses[0], PrinterLost)
    assert said in str(printing.job.losses[0])
    assert printer.data == JOB[:PIECE]
    assert connection.sent == 2 * PIECE  # nobody knows how much of the second
    assert not printer.isOpen
    assert printing.status.reasons == ("offline",)
    connection.write(JOB)
    await connection.abort(b"tail")
    assert len(printing.job.losses) == 1
    assert printer.data == JOB[:PIECE]
    assert await (await printing.open()).finish() is Delivery.DELIVERED


@pytest_twisted.ensureDeferred
async def test_lostAtTheEnd(printer: USBPrinter) -> None:
    """The last transfer of a job can be lost like any other."""
    printer.gate.clear()
    printer.faults = [0, 0, errno.EIO]
    printing = Printing(printer)
    connection = await printing.open()
    connection.write(JOB)
    finishing = connection.finish()
    printer.gate.set()
    with pytest.raises(PrinterLost, match="a transfer failed"):
        await finishing
    assert printing.job.losses == []


@pytest_twisted.ensureDeferred
async def test_finishOfALostJob(printer: USBPrinter) -> None:
    """A job that was lost a moment before its end is told so once, when the device is free."""
    printer.faults = [errno.EIO]
    printer.parting.clear()
    printing = Printing(printer)
    connection = await printing.open()
    connection.write(b"%!PS")
    await until(lambda: printer.leaving)
    finishing = connection.finish()
    assert not finishing.called
    printer.parting.set()
    with pytest.raises(PrinterLost):
        await finishing
    assert printing.job.losses == []
    with pytest.raises(PrinterLost):
        await connection.finish()


@pytest_twisted.ensureDeferred
async def test_backPressure(printer: USBPrinter) -> None:
    """A sender is paused while more than a buffer waits, and resumed when nothing does."""
    printer.gate.clear()
    source = Source()
    connection = await Printing(printer).open()
    source.resumed.addCallback(lambda _: len(printer.data))
    connection.registerProducer(source, True)
    connection.write(bytes(BUFFER + PIECE))  # one piece is in hand
    assert source.told == []
    connection.write(b"x")
    assert source.told == ["pause"]
    printer.gate.set()
    assert await source.resumed >= BUFFER
    connection.unregisterProducer()
    assert await connection.finish() is Delivery.DELIVERED
    assert source.told == ["pause", "resume"]
    assert len(printer.data) == BUFFER + PIECE + 1


@pytest.mark.parametrize(
    ("lines", "reason"),
    [(PAPER_OUT, "media-empty"), (SWITCHED_OFF, "offline"), (None, "timed-out")],
)
@pytest_twisted.ensureDeferred
async def test_saysWhy(lines: int | None, reason: str, printer: USBPrinter) -> None:
    """A printer that takes nothing is asked why; when it goes on, the status says that too."""
    printer.gate.clear()
    printer.lines = lines
    printing = Printing(printer)
    connection = await printing.open()
    connection.write(JOB)
    assert printing.status.state == "processing"
    await until(lambda: printing.status.state == "stopped")
    assert printing.status.reasons == (reason,)
    await printing.transport.ask()
    assert printing.status.reasons == (reason,)
    printer.gate.set()
    await until(lambda: printing.status.state == "processing")
    assert await connection.finish() is Delivery.DELIVERED
    assert printer.data == JOB


@pytest_twisted.ensureDeferred
async def test_busyIsNotStopped(printer: USBPrinter) -> None:
    """A printer that is slow, and well, is not said to have stopped."""
    printer.gate.clear()
    printing = Printing(printer)
    connection = await printing.open()
    connection.write(JOB)
    await until(lambda: printer.asked > 2)
    assert printing.status.state == "processing"
    printer.gate.set()
    await connection.finish()


@pytest_twisted.ensureDeferred
async def test_leftAlone(printer: USBPrinter) -> None:
    """A printer that takes its time with nothing in hand, or that must not be asked, is not."""
    printing = Printing(printer, bidirectional=False)
    printer.mouth.send(b"unheard")
    await printing.transport.ask()
    assert printing.status == PrinterStatus()
    printer.gate.clear()
    connection = await printing.open()
    connection.write(b"%!PS")
    await sleep(0.05)
    assert printer.opened == [False]
    assert printer.asked == printer.reads == 0
    printer.gate.set()
    await connection.finish()


@pytest_twisted.ensureDeferred
async def test_notAskedAtOnce(printer: USBPrinter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A printer that is busy for a moment is left alone: questions disturb some."""
    monkeypatch.setattr(module, "STALLED_AFTER", 60)
    printer.gate.clear()
    connection = await Printing(printer).open()
    connection.write(b"%!PS")
    await sleep(0.05)
    assert printer.asked == 0
    printer.gate.set()
    await connection.finish()


@pytest_twisted.ensureDeferred
async def test_slowSender(printer: USBPrinter) -> None:
    """While nothing waits for the printer, it has not stalled."""
    connection = await Printing(printer).open()
    connection.write(b"%!PS")
    await until(lambda: not connection._inHand)
    asked = printer.asked
    await sleep(0.05)
    assert printer.asked <= asked + 1
    await connection.finish()


@pytest_twisted.ensureDeferred
async def test_backChannel(printer: USBPrinter) -> None:
    """What the printer says is read, also while it takes nothing, and disturbs nothing."""
    printer.gate.clear()
    printing = Printing(printer)
    connection = await printing.open()
    connection.write(JOB)
    for _ in range(3):
        reads = printer.reads
        printer.mouth.send(b"%%[ status: busy ]%%\r\n")
        await until(lambda known=reads: printer.reads > known)  # type: ignore[misc]
    printer.gate.set()
    assert await connection.finish() is Delivery.DELIVERED
    assert printing.job.losses == []


@pytest_twisted.ensureDeferred
async def test_emptyAnswers(printer: USBPrinter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A printer that always has an answer, an empty one, is not read without a pause."""
    monkeypatch.setattr(module, "LOOK_INTERVAL", 0.05)
    began = reactor.seconds()
    connection = await Printing(printer).open()
    printer.mute = True
    printer.mouth.send(b"x")
    await until(lambda: printer.reads >= 5)  # two at once, and one at each look
    assert reactor.seconds() - began >= 3 * 0.05
    await connection.finish()


@pytest_twisted.ensureDeferred
async def test_emptyEnds(printer: USBPrinter, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty answer that ends a full one (USB has to say so) is no reason for a pause."""
    monkeypatch.setattr(module, "LOOK_INTERVAL", 60)
    connection = await Printing(printer).open()
    for _ in range(5):
        printer.mouth.send(bytes(512))
        printer.mouth.send(b"")
    await until(lambda: printer.reads == 10)
    await connection.finish()


@pytest_twisted.ensureDeferred
async def test_deaf(printer: USBPrinter) -> None:
    """An error while reading is no error of the job."""
    printer.deafness = errno.EIO
    printing = Printing(printer)
    connection = await printing.open()
    printer.mouth.send(b"garbled")
    await until(lambda: printer.reads > 1)
    connection.write(JOB)
    assert await connection.finish() is Delivery.DELIVERED
    assert printing.job.losses == []


@pytest_twisted.ensureDeferred
async def test_unpluggedMeanwhile(printer: USBPrinter) -> None:
    """A printer that is unplugged while its sender is slow is lost at once."""
    printer.deafness = errno.ENODEV
    printing = Printing(printer)
    connection = await printing.open()
    connection.write(b"%!PS")
    await until(lambda: printer.data)
    printer.mouth.send(b"x")
    await until(lambda: printing.job.losses)
    assert "switched off" in str(printing.job.losses[0])
    await connection.abort(b"")


@pytest_twisted.ensureDeferred
async def test_abort(printer: USBPrinter) -> None:
    """A cut job ends with its tail, behind what the driver has, and the rest is forgotten."""
    printer.gate.clear()
    printing = Printing(printer)
    connection = await printing.open()
    connection.write(JOB)
    aborting = connection.abort(b"\x04")
    connection.write(b"more")
    printer.gate.set()
    await aborting
    assert printer.data == JOB[:PIECE] + b"\x04"
    assert not printer.isOpen
    assert not printing.job.losses


@pytest_twisted.ensureDeferred
async def test_abortWhileFinishing(printer: USBPrinter) -> None:
    """A job can be cut while its end is on the way."""
    printer.gate.clear()
    connection = await Printing(printer).open()
    connection.write(JOB)
    finishing = connection.finish()
    aborting = connection.abort(b"")
    printer.gate.set()
    await aborting
    assert not finishing.called
    assert printer.data == JOB[:PIECE]


@pytest_twisted.ensureDeferred
async def test_abortWithoutPaper(printer: USBPrinter, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An abort does not wait for paper.  The next job cannot have the printer until it has taken what
    the driver holds, and the tail, so that the paper shows it begins well.
    """
    monkeypatch.setattr(module, "ABORT_PATIENCE", 0.05)
    printer.gate.clear()
    printer.lines = PAPER_OUT
    printing = Printing(printer)
    connection = await printing.open()
    connection.write(JOB)
    await connection.abort(b"\x04")
    with pytest.raises(PrinterUnreachable, match="job before"):
        await printing.open()
    await until(lambda: printing.status.reasons == ("media-empty",))
    printer.gate.set()
    await until(lambda: printing.transport.connection is None)
    assert printer.data == JOB[:PIECE] + b"\x04"
    await (await printing.open()).finish()
    assert not printing.job.losses


@pytest_twisted.ensureDeferred
async def test_unpluggedAfterAbort(printer: USBPrinter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A printer that is unplugged long after the abort is free as well, and nobody is told."""
    monkeypatch.setattr(module, "ABORT_PATIENCE", 0.05)
    printer.gate.clear()
    printing = Printing(printer)
    connection = await printing.open()
    connection.write(JOB)
    await connection.abort(b"\x04")
    printer.faults = [errno.ENODEV]
    printer.gate.set()
    await until(lambda: printing.transport.connection is None)
    assert not printer.isOpen
    assert not printing.job.losses


@pytest_twisted.ensureDeferred
async def test_closeDelay(printer: USBPrinter) -> None:
    """Some printers want to be left connected for a while; an aborted job does without."""
    printing = Printing(printer, delay=0.1)
    connection = await printing.open()
    connection.write(b"%!PS")
    began = reactor.seconds()
    assert await connection.finish() is Delivery.DELIVERED
    assert reactor.seconds() - began >= 0.1


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EBUSY, "in use"),
        (errno.ENOENT, "no printer is plugged in"),
        (errno.ENODEV, "not plugged in"),
        (errno.EACCES, "group"),
        (errno.EMFILE, "refused"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_notOpened(number: int, said: str, printer: USBPrinter) -> None:
    """A printer that cannot be opened may be opened later, and the reason is told."""
    printer.refusal = number
    with pytest.raises(PrinterUnreachable, match=said):
        await Printing(printer).open()


@pytest_twisted.ensureDeferred
async def test_canceledOpening(printer: USBPrinter) -> None:
    """A job that is gone when the device opens leaves it free."""
    printing = Printing(printer)
    opening = printing.transport.open(printing.job)
    opening.addErrback(lambda _: None)
    opening.cancel()
    await until(lambda: printer.opened and not printer.isOpen)
    assert printing.transport.connection is None


@pytest_twisted.ensureDeferred
async def test_asked(printer: USBPrinter) -> None:
    """An idle printer is asked; if it cannot be, it is offline, or others have it."""
    printer.lines = PAPER_OUT
    printing = Printing(printer)
    await printing.transport.ask()
    assert printing.status == PrinterStatus("stopped", ("media-empty",))
    assert printer.opened == [False]
    assert not printer.isOpen
    for refusal, reason in ((errno.ENODEV, "offline"), (errno.EBUSY, "in-use")):
        printer.refusal = refusal
        await printing.transport.ask()
        assert printing.status.reasons == (reason,)


@pytest_twisted.ensureDeferred
async def test_askedInTheWay(printer: USBPrinter) -> None:
    """A job does not find the printer in use by our own question."""
    printer.thinking.clear()
    printing = Printing(printer)
    asking = printing.transport.ask()
    await until(lambda: printer.asked)
    opening = printing.transport.open(printing.job)
    await sleep(0.05)
    assert not opening.called
    printer.thinking.set()
    await asking
    await (await opening).finish()


@pytest_twisted.ensureDeferred
async def test_undisturbed(printer: USBPrinter) -> None:
    """No signal ends a write whose bytes the driver has already."""
    connection = await Printing(printer).open()
    connection.write(b"%!PS")
    await connection.finish()
    assert {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD} <= printer.blocked


class Sysfs:
    """What the kernel tells of USB printers, in directories of our own."""

    def __init__(self, directory: Path) -> None:
        self.classes = directory / "class"
        self._devices = directory / "devices"
        self.classes.mkdir()

    def plug(self, number: int, deviceID: str, serial: str = "", interface: str = "00") -> None:
        usb = self._devices / f"1-{number + 1}"
        about = usb / "1:1.0"
        about.mkdir(parents=True)
        (about / "ieee1284_id").write_text(deviceID)
        (about / "bInterfaceNumber").write_text(f"{interface}\n")
        if serial:
            (usb / "serial").write_text(f"{serial}\n")
        node = about / "usbmisc" / f"lp{number}"
        node.mkdir(parents=True)
        (node / "device").symlink_to(about)
        (self.classes / f"lp{number}").symlink_to(node)

    def unplug(self, number: int) -> None:
        (self.classes / f"lp{number}").unlink()
        shutil.rmtree(self._devices / f"1-{number + 1}")


@pytest.fixture
def sysfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sysfs:
    """Instead of the system's."""
    sysfs = Sysfs(tmp_path)
    monkeypatch.setattr(usblp, "SYSFS", sysfs.classes)
    return sysfs


ACME = "MFG:Acme;MDL:FakeJet 1;CMD:PJL,PCL;SN:12345;"


def found(uri: str) -> tuple[str, str]:
    """Where the printer of a URI is, and what it calls itself."""
    transport: Any = transportFor(reactor, uri)
    where: tuple[str, str] = transport._place.find()
    return where


@pytest.mark.parametrize(
    ("deviceID", "serial", "uri"),
    [
        (ACME, "", "usb://Acme/FakeJet%201"),
        (ACME, "", "usb://Acme/FakeJet%201?serial=12345"),
        (ACME, "", "usb://acme/fakejet%201?serial=12345&interface=0"),
        ("MFG:Acme;MDL:FakeJet 1;", "X:9/1", "usb://Acme/FakeJet%201?serial=X%3A9%2F1"),
        ("MFG:EPSON;MDL:EPSON LQ-590;", "", "usb://EPSON/LQ-590"),
        ("MFG:Hewlett-Packard;MDL:HP LaserJet 4000;", "", "usb://HP/LaserJet%204000"),
        ("MFG:HP;MDL:LaserJet 4000;", "", "usb://Hewlett-Packard/HP%20LaserJet%204000"),
        ("MFG:Acme;MDL:Size A4/A3;", "", "usb://Acme/Size%20A4%2FA3"),
    ],
)
def test_found(deviceID: str, serial: str, uri: str, sysfs: Sysfs) -> None:
    """A printer is found by what its device ID says, as CUPS writes it, and not opened for it."""
    sysfs.plug(0, "MFG:Acme;MDL:FakeJet 11;SN:12345;")
    sysfs.plug(3, deviceID, serial)
    path, model = found(uri)
    assert path == "/dev/usb/lp3"
    assert transportFor(reactor, uri).description == model != ""


@pytest.mark.parametrize(
    "uri",
    [
        "usb://Acme/FakeJet%202",
        "usb://Other/FakeJet%201",
        "usb://Acme/FakeJet%201?serial=1234",
        "usb://Acme/FakeJet%201?interface=1",
    ],
)
def test_notFound(uri: str, sysfs: Sysfs) -> None:
    """Another printer is not good enough."""
    with pytest.raises(PrinterUnreachable, match="no such printer"):
        found(uri)
    sysfs.plug(0, ACME)
    with pytest.raises(PrinterUnreachable, match="no such printer"):
        found(uri)


def test_twins(sysfs: Sysfs) -> None:
    """Of two printers that are alike none is chosen."""
    sysfs.plug(0, ACME)
    sysfs.plug(1, ACME.replace("12345", "67890"))
    with pytest.raises(PrinterUnreachable, match=r"2 such printers.*add serial="):
        found("usb://Acme/FakeJet%201")
    assert found("usb://Acme/FakeJet%201?serial=67890")[0] == "/dev/usb/lp1"


def test_replugged(sysfs: Sysfs) -> None:
    """It is found again under another number, and before it was ever there."""
    transport: Any = transportFor(reactor, "usb://Acme/FakeJet%201")
    assert transport.description == "Acme FakeJet 1"
    sysfs.plug(0, ACME)
    assert transport._place.find()[0] == "/dev/usb/lp0"
    sysfs.unplug(0)
    sysfs.plug(2, ACME)
    assert transport._place.find()[0] == "/dev/usb/lp2"


def test_modelOfADeviceFile(sysfs: Sysfs, tmp_path: Path) -> None:
    """The device ID names the printer also for a device file, and for a link to one."""
    sysfs.plug(5, ACME)
    assert transportFor(reactor, "usb:/dev/usb/lp5").description == "Acme FakeJet 1"
    (tmp_path / "labels").symlink_to("/dev/usb/lp5")
    assert transportFor(reactor, f"usb:{tmp_path}/labels").description == "Acme FakeJet 1"
    assert transportFor(reactor, "usb:/dev/usb/lp5?description=Labels").description == "Labels"
    assert transportFor(reactor, "usb:/dev/usb/lp6").description == "/dev/usb/lp6"


def test_uri() -> None:
    """The URI names a device file, or maker and model."""
    assert transportFor(reactor, "/dev/usb/lp7").uri == "usb:/dev/usb/lp7"
    whole = "usb://Acme/FakeJet%201?serial=1%2F2"
    assert transportFor(reactor, whole).uri == whole
    for wrong in ("usb:", "usb://Acme", "usb://Acme/", "usb:lp0", "usb://Acme:1/FakeJet"):
        with pytest.raises(ValueError, match="write usb:/dev/usb/lp0 or usb://MAKE/MODEL"):
            transportFor(reactor, wrong)
    for option, said in (
        ("bidir=maybe", "say on or off"),
        ("interface=x", "give its number"),
        ("interface=-1", "give its number"),
        ("close-delay=-1", "give seconds"),
        ("baud=9600", "unknown option"),
        ("serial=1", "leave them out"),
    ):
        with pytest.raises(ValueError, match=said):
            transportFor(reactor, f"usb:/dev/usb/lp0?{option}")


def test_makerOfSeveralWords(sysfs: Sysfs) -> None:
    """CUPS writes makers as they call themselves."""
    sysfs.plug(0, "MFG:Samsung Electronics Co., Ltd.;MDL:ML-2010;")
    assert found("usb://Samsung%20Electronics%20Co.,%20Ltd./ML-2010")[0] == "/dev/usb/lp0"


@pytest_twisted.ensureDeferred
async def test_realCalls() -> None:
    """The calls as they are, on a pseudo terminal: no printer, but a kernel."""
    wire, slave = os.openpty()
    tty.setraw(slave)
    path = os.ttyname(slave)
    os.close(slave)
    os.set_blocking(wire, False)
    transport = transportFor(reactor, f"usb:{path}")
    await transport.ask()
    assert transport.status == PrinterStatus()
    job = FakeJob()
    connection: Any = await transport.open(job)
    os.write(wire, b"ready\r\n")
    connection.write(JOB)
    finishing = connection.finish()
    data = b""

    def whole() -> bool:
        nonlocal data
        with suppress(BlockingIOError):
            data += os.read(wire, 65536)
        return len(data) >= len(JOB)

    await until(whole)
    assert await finishing is Delivery.DELIVERED
    assert data == JOB
    os.close(wire)


@pytest_twisted.ensureDeferred
async def test_callThatSleepsWhenTheDeviceIsClosed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps the device, and nobody: who closes does not wait for it, and it closes late."""
    monkeypatch.setattr(usblp, "CLOSE_PATIENCE", 0.02)
    fifo = tmp_path / "lp0"
    os.mkfifo(fifo)
    device = USBDevice(str(fifo))
    descriptor = device.fileno()
    reading = deferToThread(device.read)  # the FIFO is open for writing here: no end, no bytes
    await until(device._use.locked)

    await deferToThread(device.close)
    assert os.fstat(descriptor)
    os.write(descriptor, b"ready")

    assert await reading == b"ready"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    assert device.read() == b""


@pytest_twisted.ensureDeferred
async def test_writeOnly(tmp_path: Path) -> None:
    """A device that may only be written is, and is not listened to."""
    opened: list[int] = []

    def refuse(path: str, flags: int) -> int:
        opened.append(flags & os.O_ACCMODE)
        if flags & os.O_ACCMODE == os.O_RDWR:
            raise PermissionError(errno.EACCES, "no")
        return realOpen(path, flags)

    realOpen = os.open
    fifo = tmp_path / "lp0"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", refuse)
        device = USBDevice(str(fifo))
    assert opened == [os.O_RDWR, os.O_WRONLY]
    assert not device.bidirectional
    assert device.write(b"%!PS") == 4
    device.close()
    assert device.read() == b""
    assert os.read(reader, 10) == b"%!PS"
    os.close(reader)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "said"),
    [("ENODEV", "switched off"), ("EIO", "a transfer failed"), ("EINTR", "was halted")],
)
def test_kernelErrors(fault: str, said: str, tmp_path: Path) -> None:
    """What the kernel says in mid-job becomes a 551, once, and the bytes are not written again."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is missing: apt-get install strace")
    fifo = tmp_path / "lp0"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    inject = ("-e", "trace=write", "-e", f"inject=write:error={fault}:when=2")
    trace = tmp_path / "trace"
    gateway = Gateway(
        tmp_path,
        *("--printer", f"usb:{fifo}?bidir=off"),
        before=(strace, "-D", "-f", "-qq", "-o", str(trace), "-P", str(fifo), *inject),
    )
    try:
        reply = Session(gateway.port).send(JOB)
        assert lastLine(reply).startswith("551 ")
        assert said in gateway.jobEnd(1)
        assert gateway.jobEnd(1).startswith("aborted")
    finally:
        gateway.stop()
    assert os.read(reader, 2 * len(JOB)) == JOB[:PIECE]
    assert trace.read_text().count("write(") == 2
    os.close(reader)


async def sleep(seconds: float) -> None:
    """Let time pass in which nothing may happen."""
    passed: Deferred[None] = Deferred()
    reactor.callLater(seconds, passed.callback, None)
    await passed
