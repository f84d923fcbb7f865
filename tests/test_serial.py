"""
Printers on a serial line: a pseudo terminal plays the line, and the test the printer behind it.
"""

from __future__ import annotations

import errno
import os
import select
import termios
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
import serial
from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred
from twisted.internet.main import CONNECTION_LOST
from zope.interface.verify import verifyObject

import jetdirect.transports.serial as module
from jetdirect.errors import PrinterLost, PrinterUnreachable
from jetdirect.interfaces import Delivery, IPrinterConnection, PrinterStatus
from jetdirect.testing import FakeJob
from jetdirect.transports import threads
from jetdirect.transports.build import transportFor
from jetdirect.transports.serial import SerialConnection, SerialTransport
from tests.support.device import until
from tests.support.serialline import SerialPrinter
from tests.support.source import Source

reactor: Any = theReactor
JOB = bytes(range(256)) * 64
XON, XOFF = b"\x11", b"\x13"


@pytest.fixture
def printer() -> Iterator[SerialPrinter]:
    """A printer, which is unplugged in the end."""
    printer = SerialPrinter()
    yield printer
    printer.unplug()


async def turn(seconds: float = 0.005) -> None:
    """Let the reactor work."""
    turned: Deferred[None] = Deferred()
    reactor.callLater(seconds, turned.callback, None)
    await turned


async def finished(printer: SerialPrinter, connection: Any) -> Any:
    """The end of a job, with a printer that reads."""
    finishing = connection.finish()
    outcome: list[Any] = []
    finishing.addBoth(outcome.append)
    await until(lambda: printer.read() is not None and outcome)
    return outcome[0]


async def opened(printer: SerialPrinter, query: str = "", job: FakeJob | None = None) -> Any:
    """A job that has the line, which a thread may be closing for the one before."""
    transport = transportFor(reactor, f"serial:{printer.path}{query}")
    while True:
        try:
            connection = await transport.open(job or FakeJob())
            break
        except PrinterUnreachable as why:  # the port tries again, too
            assert "in use" in why.reason
            await turn()
    assert isinstance(connection, SerialConnection)
    return connection


def hold(printer: SerialPrinter, connection: Any) -> None:
    """The printer says XOFF, and the line hears it: a worker of the kernel brings it, or a poll."""
    printer.say(XOFF)
    select.select([connection.fileno()], [], [], 0)


@pytest.mark.parametrize("job", [JOB, b"", b"x", JOB * 30])
@pytest_twisted.ensureDeferred
async def test_sent(job: bytes, printer: SerialPrinter) -> None:
    """All bytes of all values go over the line as they are; better than sent cannot be known."""
    connection = await opened(printer)
    connection.write(job)
    assert await finished(printer, connection) is Delivery.SENT
    assert verifyObject(IPrinterConnection, connection)
    assert printer.read() == job
    assert connection.sent == len(job)
    again = await opened(printer)
    await again.abort(b"")


@pytest_twisted.ensureDeferred
async def test_backPressure(printer: SerialPrinter) -> None:
    """A printer that does not read pauses the sender, and nothing is lost."""
    source, connection = Source(), await opened(printer)
    connection.registerProducer(source, True)
    connection.write(JOB * 16)
    await turn(0.05)
    assert source.told == ["pause"]
    await until(lambda: len(printer.read()) == 16 * len(JOB))
    await until(lambda: source.told[1:])
    assert source.told == ["pause", "resume"]
    connection.unregisterProducer()
    await finished(printer, connection)


@pytest_twisted.ensureDeferred
async def test_held(printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A printer that says XOFF holds the line, the status tells, and XON lets it go on."""
    monkeypatch.setattr(module, "HELD_AFTER", 0.05)
    transport = transportFor(reactor, f"serial:{printer.path}?flow=soft")
    connection: Any = await transport.open(FakeJob())
    hold(printer, connection)
    connection.write(JOB.replace(XON, b"").replace(XOFF, b""))
    await until(lambda: connection.held)
    await transport.ask()
    assert transport.status == PrinterStatus("stopped", ("held-by-flow-control",))
    assert printer.read() == b""
    assert connection.sent == 0
    printer.say(XON)
    assert await finished(printer, connection) is Delivery.SENT
    assert printer.read() == JOB.replace(XON, b"").replace(XOFF, b"")
    await transport.ask()
    assert transport.status == PrinterStatus()


@pytest_twisted.ensureDeferred
async def test_heldAtTheEnd(printer: SerialPrinter) -> None:
    """At its end a job waits for the line only so long: closing it would lose the rest."""
    connection = await opened(printer, "?flow=soft&finish-timeout=0.1")
    hold(printer, connection)
    connection.write(b"%!PS")
    with pytest.raises(PrinterLost, match=r"held the line for 0\.1 s"):
        await connection.finish()
    await connection.abort(b"")
    await (await opened(printer)).abort(b"")


@pytest_twisted.ensureDeferred
async def test_driversQueue(printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the driver has not sent yet is waited for; a pseudo terminal never has any."""
    queue = [900, 900, 400, 0]
    monkeypatch.setattr(
        SerialConnection, "_queued", lambda self: queue.pop(0) if len(queue) > 1 else queue[0]
    )
    connection = await opened(printer)
    connection.write(b"%!PS")
    assert await finished(printer, connection) is Delivery.SENT
    assert queue == [0]


@pytest_twisted.ensureDeferred
async def test_abort(printer: SerialPrinter) -> None:
    """A cut job ends with its tail, behind what the driver took, and the rest is forgotten."""
    connection = await opened(printer)
    connection.write(JOB * 30)
    await until(lambda: connection.sent)
    taken = connection.sent
    aborting = connection.abort(b"\x04")
    await until(lambda: printer.read() and aborting.called)
    assert printer.read() == (JOB * 30)[:taken] + b"\x04"


@pytest_twisted.ensureDeferred
async def test_abortOfAHeldLine(printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is held does not keep an aborted job for long."""
    monkeypatch.setattr(module, "ABORT_PATIENCE", 0.1)
    connection = await opened(printer, "?flow=soft")
    hold(printer, connection)
    connection.write(JOB)
    await connection.abort(b"\x04")
    assert printer.read() == b""


@pytest_twisted.ensureDeferred
async def test_abortNobodyWaitsFor(printer: SerialPrinter) -> None:
    """An abort that is canceled lets the line go at once, whatever the driver still has."""
    connection = await opened(printer)
    connection.write(JOB * 16)
    await turn(0.05)
    aborted = connection.abort(b"\x04")
    assert not aborted.called
    aborted.cancel()
    await aborted
    assert connection.disconnected
    await (await opened(printer)).abort(b"")


@pytest_twisted.ensureDeferred
async def test_abortWhileFinishing(printer: SerialPrinter) -> None:
    """A job can be cut while its end is on the way."""
    connection = await opened(printer)
    connection.write(JOB * 30)
    finishing = connection.finish()
    aborting = connection.abort(b"\x04")
    await until(lambda: printer.read() is not None and aborting.called)
    assert not finishing.called
    assert printer.read().endswith(b"\x04")


@pytest_twisted.ensureDeferred
async def test_abortWhileDraining(printer: SerialPrinter) -> None:
    """A tail that comes when all was sent still goes out."""
    connection = await opened(printer)
    connection.write(b"%!PS")
    await until(printer.read)
    connection.finish()
    aborting = connection.abort(b"\x04")
    await aborting
    assert printer.read() == b"%!PS\x04"


@pytest_twisted.ensureDeferred
async def test_unplugged(printer: SerialPrinter) -> None:
    """A line that goes away has lost the job, and its printer is free."""
    job = FakeJob()
    connection = await opened(printer, job=job)
    connection.write(JOB * 30)
    await until(lambda: connection.sent)
    printer.unplug()
    await until(lambda: job.losses)
    assert "line is gone" in str(job.losses[0])
    await connection.abort(b"\x04")


@pytest_twisted.ensureDeferred
async def test_unpluggedAtTheEnd(printer: SerialPrinter) -> None:
    """Also while the end of a job is on the way."""
    connection = await opened(printer)
    connection.write(JOB * 30)
    finishing = connection.finish()
    printer.unplug()
    with pytest.raises(PrinterLost):
        await finishing


@pytest_twisted.ensureDeferred
async def test_backChannel(printer: SerialPrinter) -> None:
    """What the printer says disturbs nothing."""
    job = FakeJob()
    connection = await opened(printer, job=job)
    printer.say(b"ready\r\n" * 100)
    await turn(0.02)
    connection.write(JOB)
    assert await finished(printer, connection) is Delivery.SENT
    assert not job.losses


@pytest_twisted.ensureDeferred
async def test_exclusive(printer: SerialPrinter) -> None:
    """One job at a time has the line, whoever else would like it."""
    connection = await opened(printer)
    with pytest.raises(PrinterUnreachable, match="in use"):
        await transportFor(reactor, f"serial:{printer.path}").open(FakeJob())
    await connection.abort(b"")
    await (await opened(printer)).abort(b"")


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (serial.SerialException(errno.ENOENT, "no"), "no such line"),
        (serial.SerialException(errno.EACCES, "no"), "dialout"),
        (PermissionError(errno.EACCES, "no"), "dialout"),
        (OSError(errno.EBUSY, "no"), "in use"),
        (ValueError("an odd rate"), "an odd rate"),
        (termios.error(errno.EINVAL, "Invalid argument"), "Invalid argument"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_notOpened(why: Exception, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that cannot be opened may be opened later, and the reason is told."""

    def refuse(*arguments: Any, **line: Any) -> None:
        raise why

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(PrinterUnreachable, match=said):
        await transportFor(reactor, "serial:/dev/ttyS0").open(FakeJob())


@pytest_twisted.ensureDeferred
async def test_anotherProgramReads(printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another program has read from the line is no end of it; a hang-up is."""
    job = FakeJob()
    connection = await opened(printer, job=job)
    with monkeypatch.context() as patch:
        patch.setattr(os, "read", lambda *_: b"")
        assert connection.doRead() is None
        printer.unplug()
        assert connection.doRead() is CONNECTION_LOST
    await until(lambda: job.losses)


@pytest.mark.parametrize("cut", [False, True])
@pytest_twisted.ensureDeferred
async def test_driverThatDrainsForEver(
    cut: bool, printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A driver may wait without an end for its chip: the job is lost, or aborted, after its time; the
    next one is told; and when the driver has come back, all is well.
    """
    monkeypatch.setattr(module, "ABORT_PATIENCE", 0.1)
    monkeypatch.setattr(threads, "STUCK_AFTER", 0.1)
    begun, gate = threading.Event(), threading.Event()
    drain = termios.tcdrain

    def never(descriptor: int) -> None:
        begun.set()
        gate.wait(30)
        drain(descriptor)

    monkeypatch.setattr(termios, "tcdrain", never)
    transport = transportFor(reactor, f"serial:{printer.path}?finish-timeout={60 if cut else 0.1}")
    connection = await transport.open(FakeJob())
    connection.write(b"%!PS")
    await until(lambda: printer.read() == b"%!PS")
    finishing = connection.finish()
    await until(begun.is_set)
    if cut:
        await connection.abort(b"")
    else:
        with pytest.raises(PrinterLost, match=r"held the line for 0\.1 s"):
            await finishing
    with pytest.raises(PrinterUnreachable, match="the driver has not answered for"):
        await transport.open(FakeJob())

    gate.set()
    await until(lambda: not transport.thread.busy)  # type: ignore[attr-defined]
    again: Any = await transport.open(FakeJob())
    again.write(b"next")
    assert await finished(printer, again) is Delivery.SENT
    assert printer.read() == b"%!PSnext"


@pytest_twisted.ensureDeferred
async def test_openThatSleeps(printer: SerialPrinter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that sleeps when the line is opened or closed holds up its own jobs only."""
    gate = threading.Event()
    close = serial.Serial.close

    def slowly(line: Any) -> None:
        gate.wait(30)
        close(line)

    monkeypatch.setattr(serial.Serial, "close", slowly)
    connection = await opened(printer)
    aborted = connection.abort(b"")
    await aborted
    opening = connection._printer.open(FakeJob())
    await turn()
    assert not opening.called

    gate.set()
    await (await opening).abort(b"")


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("", {"baudrate": 9600, "bytesize": 8, "parity": "N", "stopbits": 1}),
        ("?baud=115200", {"baudrate": 115200}),
        (
            "?baud=1200+bits=7+parity=even+flow=soft",
            {"bytesize": 7, "parity": "E", "xonxoff": True},
        ),
        ("?parity=odd&stop=2&flow=hard", {"parity": "O", "stopbits": 2, "rtscts": True}),
        ("?flow=rtscts", {"rtscts": True}),
        ("?parity=mark", {"parity": "M"}),
        ("?flow=none", {}),
    ],
)
@pytest_twisted.ensureDeferred
async def test_line(query: str, line: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The options set the line."""
    asked: dict[str, Any] = {}

    def note(path: str, **line: Any) -> None:
        asked.update(line)
        raise OSError(errno.ENOENT, "no")

    transport = transportFor(reactor, f"serial:/dev/ttyS0{query}")
    monkeypatch.setattr(serial, "Serial", note)
    with pytest.raises(PrinterUnreachable):
        await transport.open(FakeJob())
    assert line.items() <= asked.items()
    assert asked["exclusive"] and asked["timeout"] == asked["write_timeout"] == 0
    assert ("xonxoff" in asked) == ("soft" in query)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("baud=0", "baud=0: give a whole number"),
        ("baud=12345", "baud=12345"),
        ("baud=fast", "baud=fast"),
        ("bits=9", "bits=9: choose one of 7, 8"),
        ("parity=maybe", "choose one of none, even, odd, space, mark"),
        ("stop=3", "stop=3"),
        ("flow=dtrdsr", "flow=dtrdsr is CUPS.s; wire the printer.s DTR to CTS and write flow=hard"),
        ("speed=9600", "unknown option 'speed'"),
    ],
)
def test_badOptions(query: str, said: str) -> None:
    """What a line cannot be set to is refused by name."""
    with pytest.raises(ValueError, match=said):
        transportFor(reactor, f"serial:/dev/ttyS0?{query}")


def test_uri() -> None:
    """The URI names a device file."""
    transport = transportFor(reactor, "/dev/ttyS7?baud=9600+description=Line+printer")
    assert isinstance(transport, SerialTransport)
    assert (transport.uri, transport.description) == ("serial:/dev/ttyS7", "Line printer")
    for wrong in ("serial:", "serial://host/dev/ttyS0", "serial:ttyS0"):
        with pytest.raises(ValueError, match="write serial:/dev/ttyS0"):
            transportFor(reactor, wrong)
