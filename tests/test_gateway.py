"""
A gateway as a service: several in one process, an honest stop, and over real sockets.
"""

from __future__ import annotations

import ftplib
import io
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.internet.threads import deferToThread
from twisted.logger import LogLevel, capturedLogs, formatEvent
from zope.interface.verify import verifyObject

from jetdirect.configuration import Configuration
from jetdirect.ftp.settings import SessionSettings
from jetdirect.gateway import Gateway
from jetdirect.interfaces import IPrinterConnection, IPrintJob
from jetdirect.named import PortSettings
from jetdirect.net.tuning import BACKLOG
from jetdirect.record import JobState
from jetdirect.testing import FakePrinter, FakePrinterConnection, FakeSender
from tests.support.line import listeningAt

LOOPBACK = "tcp:0:interface=127.0.0.1"
PAGE = b"%!PS\n\xff\xf4\r\n\n\r\x00\x1b%-12345X\x04showpage\n" * 10_000


class TellingConnection(FakePrinterConnection):
    """Tells when it has the first bytes."""

    begun: Deferred[None]

    def write(self, data: bytes) -> None:
        super().write(data)
        if not self.begun.called:
            self.begun.callback(None)


class TellingPrinter(FakePrinter):
    """Tells when the first job has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: Deferred[None] = Deferred()

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        opening = super().open(job)
        connection: Any = self.jobs[-1]
        connection.__class__ = TellingConnection
        connection.begun = self.begun
        return opening


def gateway(*printers: FakePrinter, **settings: Any) -> Gateway:
    """A gateway on any port of the loopback interface."""
    from twisted.internet import reactor

    return Gateway(Configuration(printers, [LOOPBACK], SessionSettings(**settings)), reactor)


def portOf(one: Gateway) -> int:
    """Where a started gateway listens."""
    [number] = listeningAt(one.factory)
    return number


def session(port: int) -> ftplib.FTP:
    """A client that has logged in."""
    client = ftplib.FTP(timeout=10)
    client.connect("127.0.0.1", port)
    client.login("bob", "secret")
    return client


def store(port: int, name: str = "a.ps", data: bytes = PAGE) -> str:
    """A whole session; the reply to the upload."""
    with session(port) as client:
        return client.storbinary(f"STOR {name}", io.BytesIO(data))


def test_contract() -> None:
    """A gateway is a service."""
    assert verifyObject(IService, Gateway(Configuration([FakePrinter()], []), MemoryReactorClock()))


@pytest.mark.parametrize(
    ("endpoint", "backlog"),
    [
        ("tcp:2121", BACKLOG),
        ("tcp:2121:interface=127.0.0.1", BACKLOG),
        (r"tcp6:port=2122:interface=\:\:1", BACKLOG),
        ("tcp:2121:backlog=9", 9),
        ("tcp:2121:127.0.0.1:8", 8),
        ("tcp6:2122:7", 7),
        ("haproxy:tcp:2121:interface=127.0.0.1", BACKLOG),
        ("tls:990", BACKLOG),
    ],
)
def test_room(endpoint: str, backlog: int) -> None:
    """As many may wait at each endpoint as at a bare port number, unless it says how many."""
    reactor = MemoryReactorClock()
    gateway = Gateway(Configuration([FakePrinter()], [endpoint]), reactor)
    gateway.startService()
    [(_, _, given, _)] = reactor.tcpServers
    assert given == backlog


def test_listens() -> None:
    """It listens at each of its endpoints when it is started, and not before."""
    reactor: Any = MemoryReactorClock()
    endpoints = ["tcp:2121:interface=127.0.0.1", r"tcp6:2122:interface=\:\:1"]
    one = Gateway(Configuration([FakePrinter()], endpoints), reactor)
    assert not reactor.tcpServers
    one.startService()
    listening = [(port, interface) for port, _, _, interface in reactor.tcpServers]
    assert listening == [(2121, "127.0.0.1"), (2122, "::1")]


def test_privilegedStart() -> None:
    """Ports below 1024 are bound while root's rights are still there."""
    reactor: Any = MemoryReactorClock()
    one = Gateway(Configuration([FakePrinter()]), reactor)
    one.privilegedStartService()
    assert [port for port, *_ in reactor.tcpServers] == [21]


def test_noPrinter() -> None:
    """A gateway without a printer is a mistake that is told at once."""
    with pytest.raises(ValueError, match="printer"):
        Gateway(Configuration([], []), MemoryReactorClock())


def test_startIsLogged() -> None:
    """The log says which printing port prints where."""
    one = Gateway(
        Configuration([FakePrinter("first"), FakePrinter("second")], []), MemoryReactorClock()
    )
    with capturedLogs() as events:
        one.startService()
    told = [formatEvent(event) for event in events]
    assert "PORT1 prints to fake: (first)" in told
    assert "PORT2 prints to fake: (second)" in told


def test_settings() -> None:
    """What an embedder sets arrives; the job's limits too."""
    reactor: Any = MemoryReactorClock()
    printer = FakePrinter()
    settings = SessionSettings(greeting="Hello", maxSessions=2)
    one = Gateway(
        Configuration(
            [printer], [], settings, defaults=PortSettings(busyTimeout=5, connectTimeout=7)
        ),
        reactor,
    )
    first, second = FakeSender(one.factory), FakeSender(one.factory)
    assert first.greeting == "220 Hello"
    assert FakeSender(one.factory).greeting[:3] == "421"
    for sender in (first, second):
        sender.login()
        sender.begin("a.ps")
    second.hear()
    reactor.advance(5)
    assert second.hear()[:3] == "450"
    printer.silent = True
    first.say("ABOR")
    second.begin("b.ps")
    reactor.advance(6)
    assert second.hear() == ""
    reactor.advance(1)
    assert second.hear()[:3] == "450"
    for sender in (first, second):
        sender.wire.rst()


def test_twoInMemory() -> None:
    """Two gateways have their own ports, job numbers and limits."""
    reactor: Any = MemoryReactorClock()
    printers = [FakePrinter(), FakePrinter()]
    ones = [
        Gateway(Configuration([printer], [], SessionSettings(maxSessions=1)), reactor)
        for printer in printers
    ]
    for n, one in enumerate(ones):
        sender = FakeSender(one.factory)
        sender.login()
        assert "job 1," in sender.upload("a.ps", b"page %d" % n)
        sender.wire.fin()
        assert not ones[1].server.jobs or n == 1
    assert [printer.jobs[0].data for printer in printers] == [b"page 0", b"page 1"]


@pytest_twisted.ensureDeferred
async def test_twoInOneProcess() -> None:
    """Two gateways in one MultiService print on their own printers; one stops, the other not."""
    printers = [FakePrinter("first"), FakePrinter("second")]
    ones = [gateway(printers[0], greeting="One"), gateway(printers[1], greeting="Two")]
    application = MultiService()
    for one in ones:
        one.setServiceParent(application)
    application.privilegedStartService()
    application.startService()
    ports = [portOf(one) for one in ones]

    def both() -> list[str]:
        greetings = []
        for n, port in enumerate(ports):
            with session(port) as client:
                greetings.append(client.getwelcome())
            assert store(port, data=b"page %d" % n)[:3] == "226"
        return greetings

    assert await deferToThread(both) == ["220 One", "220 Two"]
    assert [[job.data for job in printer.jobs] for printer in printers] == [
        [b"page 0"],
        [b"page 1"],
    ]
    await ones[0].disownServiceParent()
    with pytest.raises(ConnectionRefusedError):
        await deferToThread(store, ports[0])
    assert (await deferToThread(store, ports[1]))[:3] == "226"
    await application.stopService()


@pytest_twisted.ensureDeferred
async def test_record() -> None:
    """Over real sockets a job ends as completed and heard, once its client has the reply."""
    printer = FakePrinter()
    one = gateway(printer)
    one.startService()
    for path in ("a.ps", "PORT1/b.ps"):
        reply = await deferToThread(store, portOf(one), path)
        assert reply.endswith(f"{len(PAGE)} bytes, delivered)")
    await one.stopService()
    assert [(job.data, job.ended) for job in printer.jobs] == [(PAGE, "finished")] * 2
    assert [(job.state, job.heard) for job in one.server.jobs] == [(JobState.COMPLETED, True)] * 2


@pytest_twisted.ensureDeferred
async def test_unixSocket(tmp_path: Path) -> None:
    """On a Unix socket one can log in, and learns that data connections need TCP."""
    from twisted.internet import reactor

    one = Gateway(Configuration([FakePrinter()], [f"unix:{tmp_path}/ftp"]), reactor)
    one.startService()

    def converse() -> bytes:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(10)
            wire.connect(f"{tmp_path}/ftp")
            wire.sendall(b"USER a\r\nPASS b\r\nEPSV\r\nQUIT\r\n")
            return b"".join(iter(lambda: wire.recv(65536), b""))

    heard = await deferToThread(converse)
    await one.stopService()
    assert re.findall(rb"^(\d{3}) ", heard, re.MULTILINE) == [
        b"220",
        b"331",
        b"230",
        b"425",
        b"221",
    ]


def upload(port: int, half: bytes, end: threading.Event | None = None) -> list[str]:
    """
    Half a job, the end of it when there is to be one, and all that the gateway says until it closes
    the connection cleanly.
    """
    client = session(port)
    wire = client.transfercmd("STOR a.ps")
    wire.sendall(half)
    if end is not None:
        end.wait(10)
        wire.close()
    heard = []
    while True:
        try:
            heard.append(client.getmultiline())
        except EOFError:
            break
    client.close()
    wire.close()
    return heard


@pytest_twisted.ensureDeferred
async def test_stopInMidJob() -> None:
    """A stop in mid-job: the client hears 551 for the job, then 421; the printer is set right."""
    printer = TellingPrinter()
    one = gateway(printer, drainTimeout=0)
    one.startService()
    heard = deferToThread(upload, portOf(one), PAGE)
    await printer.begun
    await one.stopService()
    assert [reply[:3] for reply in await heard] == ["551", "421"]
    assert (printer.jobs[0].ended, printer.jobs[0].tail) == ("aborted", b"\x04")
    assert [job.state for job in one.server.jobs] == [JobState.ABORTED]


@pytest_twisted.ensureDeferred
async def test_stopLetsARunningJobFinish() -> None:
    """A job that runs when the gateway is stopped is printed: 226, then the session's 421."""
    printer = TellingPrinter()
    one = gateway(printer)
    one.startService()
    end = threading.Event()
    heard = deferToThread(upload, portOf(one), PAGE, end)
    await printer.begun
    stopped = one.stopService()
    end.set()
    await stopped
    assert [reply[:3] for reply in await heard] == ["226", "421"]
    assert [job.state for job in one.server.jobs] == [JobState.COMPLETED]


@pytest_twisted.ensureDeferred
async def test_stopWaitsForThePrinter() -> None:
    """The stop is done when the printer is free of the job that was cut."""
    printer = TellingPrinter()
    one = gateway(printer, drainTimeout=0)
    one.startService()
    heard = deferToThread(upload, portOf(one), PAGE)
    await printer.begun
    printer.hesitant = True
    stopped = one.stopService()
    assert [reply[:3] for reply in await heard] == ["551", "421"]
    await one.factory.stopSessions()
    assert not one.factory.sessions
    assert not stopped.called
    printer.jobs[0].answer()
    await stopped


def test_startAgain() -> None:
    """A gateway that was stopped can be started again."""
    one = Gateway(Configuration([FakePrinter()], []), MemoryReactorClock())
    one.startService()
    one.stopService()
    one.startService()
    assert FakeSender(one.factory).greeting[:3] == "220"


def urgent(port: int, abort: Callable[[socket.socket], None]) -> list[str]:
    """ABOR in mid-job, as C{abort} sends it."""
    client = session(port)
    wire = client.transfercmd("STOR a.ps")
    wire.sendall(PAGE)
    assert client.sock is not None
    abort(client.sock)
    heard = [client.getmultiline(), client.getmultiline(), client.sendcmd("NOOP")]
    client.close()
    wire.close()
    return heard


def likeLftp(wire: socket.socket) -> None:
    """Interrupt Process, then a data mark as urgent data, then the command."""
    wire.sendall(b"\xff\xf4\xff")
    wire.send(b"\xf2", socket.MSG_OOB)
    wire.sendall(b"ABOR\r\n")


def likeYafc(wire: socket.socket) -> None:
    """The urgent mark is on the byte before."""
    wire.sendall(b"\xff\xf4")
    wire.send(b"\xff", socket.MSG_OOB)
    wire.sendall(b"\xf2ABOR\r\n")


def plainly(wire: socket.socket) -> None:
    """Without Telnet."""
    wire.sendall(b"ABOR\r\n")


def talkUrgently(port: int) -> str:
    """A command with a byte of it sent as urgent data; its reply."""
    with session(port) as client:
        assert client.sock is not None
        client.sock.sendall(b"NOO")
        client.sock.send(b"P", socket.MSG_OOB)
        client.sock.sendall(b"\r\n")
        return client.getmultiline()


@pytest_twisted.ensureDeferred
async def test_urgentDataIsInLine() -> None:
    """No byte is lost because it was sent as urgent data."""
    one = gateway(FakePrinter())
    one.startService()
    reply = await deferToThread(talkUrgently, portOf(one))
    await one.stopService()
    assert reply[:3] == "200"


@pytest.mark.parametrize("abort", [likeLftp, likeYafc, plainly])
@pytest_twisted.ensureDeferred
async def test_urgentData(abort: Callable[[socket.socket], None]) -> None:
    """ABOR is heard over a real socket in each way that clients send it, urgent data included."""
    printer = TellingPrinter()
    one = gateway(printer)
    one.startService()
    heard = await deferToThread(urgent, portOf(one), abort)
    await one.stopService()
    assert [reply[:3] for reply in heard] == ["426", "226", "200"]
    assert printer.jobs[0].ended == "aborted"


def started(printer: FakePrinter, **settings: Any) -> list[tuple[LogLevel, str]]:
    """The lines of a start, each behind its level."""
    one = Gateway(Configuration([printer], [], SessionSettings(**settings)), MemoryReactorClock())
    with capturedLogs() as events:
        one.startService()
    return [(event["log_level"], formatEvent(event) or "") for event in events]


def test_descriptionIsPresentable() -> None:
    """What the operator calls a printer does not write into the terminal of who reads the log."""
    lines = [text for _, text in started(FakePrinter("Ward\n\x1b[31m3 \u202e"))]
    assert all(line.isprintable() for line in lines)
    assert any("Ward" in line for line in lines)


def test_warnings() -> None:
    """What lets others than by default send what is printed is warned of at the start."""
    assert [level for level, _ in started(FakePrinter())] == [LogLevel.info] * 2
    assert not list(SessionSettings().warnings())
    warned = [
        text for level, text in started(FakePrinter(), lenientClose=True) if level is LogLevel.warn
    ]
    assert warned == list(SessionSettings(lenientClose=True).warnings())
    assert len(warned) == 1 and "--tls-lenient-close" in warned[0]
