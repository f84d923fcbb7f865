"""
Printers on a raw port under TLS: whose certificate is believed is known before a job begins.
"""

from __future__ import annotations

import socket as module_socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs

from jetdirect.errors import PrinterLost, PrinterUnreachable
from jetdirect.interfaces import Delivery
from jetdirect.testing import FakeJob
from jetdirect.transports import socket as module
from jetdirect.transports.build import transportFor
from jetdirect.transports.socket import SocketTransport
from tests.support import certificate as certificates
from tests.support.certificate import selfSigned
from tests.support.gateway import Gateway
from tests.support.session import Session, lastLine

pytest.importorskip("OpenSSL", reason="TLS is missing: pip install 'jetdirect[tls]'")

reactor: Any = theReactor
JOB = bytes(range(256)) * 2000


class Keeper(Protocol):
    """Reads to the end of a job."""

    def __init__(self) -> None:
        self.data = b""

    def dataReceived(self, data: bytes) -> None:
        self.data += data


class Printer:
    """
    A printer that listens; by default under TLS, with a certificate that it made itself.

    @ivar uri: where it is.
    @ivar keepers: its connections.
    """

    def __init__(self, directory: Path, name: str = "printer") -> None:
        self.certificate = selfSigned(directory, name)
        self.keepers: list[Any] = []
        self._make: Callable[[], Any] = Keeper

    async def listen(self, endpoint: str = "", make: Callable[[], Any] = Keeper) -> Printer:
        self._make = make
        secure = certificates.endpoint(self.certificate)
        listening = serverFromString(reactor, endpoint) if endpoint else secure
        self.port = await listening.listen(Factory.forProtocol(self._built))
        self.uri = f"socket+tls://127.0.0.1:{self.port.getHost().port}"
        return self

    def _built(self) -> Any:
        self.keepers.append(self._make())
        return self.keepers[-1]

    async def refusal(self, options: str = "") -> str:
        """What is said of a job that is not opened; nothing is logged but that."""
        with capturedLogs() as events, pytest.raises(PrinterUnreachable) as caught:
            await transportFor(reactor, f"{self.uri}{options}").open(FakeJob())
        assert not [each for each in events if "log_failure" in each]
        await self.port.stopListening()
        return caught.value.reason.removeprefix(f"{self.uri}: ")


@pytest.mark.parametrize("options", ["?tls=any", "?tls-ca={certificate}"])
@pytest_twisted.ensureDeferred
async def test_prints(tmp_path: Path, options: str) -> None:
    """A printer that is believed gets every byte, and its close is the answer to ours."""
    printer = await Printer(tmp_path).listen()
    uri = printer.uri + options.format(certificate=printer.certificate)
    job = FakeJob()
    connection = await transportFor(reactor, uri).open(job)
    assert connection.sent == 0
    connection.write(JOB)
    assert await connection.finish() is Delivery.DELIVERED
    assert [each.data for each in printer.keepers] == [JOB]
    assert job.losses == []
    await printer.port.stopListening()


@pytest_twisted.ensureDeferred
async def test_selfSigned(tmp_path: Path) -> None:
    """A certificate that nobody known has signed is refused, with the remedy in words."""
    printer = await Printer(tmp_path).listen()
    said = await printer.refusal()
    assert said == (
        "its certificate is not trusted; name it, or the one that signed it, with tls-ca=FILE, or"
        " write tls=any"
    )


@pytest_twisted.ensureDeferred
async def test_anothersCertificate(tmp_path: Path) -> None:
    """Nor is one that somebody else than those in the file has signed."""
    other = selfSigned(tmp_path, "other")
    printer = await Printer(tmp_path).listen()
    assert "not trusted; name" in await printer.refusal(f"?tls-ca={other}")


@pytest_twisted.ensureDeferred
async def test_anothersName(tmp_path: Path) -> None:
    """One for another name is not this printer's."""
    printer = await Printer(tmp_path).listen("")
    printer.uri = printer.uri.replace("127.0.0.1", "127.0.0.2")
    number = printer.port.getHost().port
    await printer.port.stopListening()
    listening = certificates.endpoint(printer.certificate, "127.0.0.2", number)
    printer.port = await listening.listen(Factory.forProtocol(Keeper))
    said = await printer.refusal(f"?tls-ca={printer.certificate}")
    assert "not trusted: it is for another name" in said


@pytest_twisted.ensureDeferred
async def test_askedHowItIs(tmp_path: Path) -> None:
    """A printer that is not trusted is not asked by PJL either, and that is no failure."""
    printer = await Printer(tmp_path).listen()
    transport = transportFor(reactor, f"{printer.uri}?pjl=on")
    with capturedLogs() as events:
        await transport.ask()
    assert not [each for each in events if "log_failure" in each]
    assert transport.status.state == ""
    assert b"".join(each.data for each in printer.keepers) == b""
    await printer.port.stopListening()


class Plain(Protocol):
    """Says something that is no TLS."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(b"@PJL INFO STATUS\r\n" * 20)  # type: ignore[union-attr]


class Leaving(Protocol):
    """Leaves at the first word."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.loseConnection()  # type: ignore[union-attr]


@pytest_twisted.ensureDeferred
async def test_noTLS(tmp_path: Path) -> None:
    """A printer that answers otherwise is told of as such."""
    printer = await Printer(tmp_path).listen("tcp:0:interface=127.0.0.1", Plain)
    assert "does not speak TLS" in await printer.refusal("?tls=any")


@pytest_twisted.ensureDeferred
async def test_leaves(tmp_path: Path) -> None:
    """So is one that leaves."""
    printer = await Printer(tmp_path).listen("tcp:0:interface=127.0.0.1", Leaving)
    assert await printer.refusal() == "the printer closed the connection before TLS began"


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that says nothing is not waited for without an end."""
    monkeypatch.setattr(module, "HANDSHAKE_TIMEOUT", 0.5)
    printer = await Printer(tmp_path).listen("tcp:0:interface=127.0.0.1", Keeper)
    assert await printer.refusal() == "the printer does not speak TLS"


@pytest_twisted.ensureDeferred
async def test_canceled(tmp_path: Path) -> None:
    """Opening may be given up while hands are shaken: no connection stays, and no job is told."""
    gone: Deferred[None] = Deferred()
    came: Deferred[None] = Deferred()

    class Silent(Protocol):
        def connectionMade(self) -> None:
            came.callback(None)

        def connectionLost(self, reason: object = None) -> None:
            gone.callback(None)

    printer = await Printer(tmp_path).listen("tcp:0:interface=127.0.0.1", Silent)
    job = FakeJob()
    opening = transportFor(reactor, printer.uri).open(job)
    await came
    opening.cancel()
    with pytest.raises(CancelledError):
        await opening
    await gone
    assert job.losses == []
    await printer.port.stopListening()


def test_uri(tmp_path: Path) -> None:
    """It has a socket's options and port 9143; only believing has options of its own."""
    clock = MemoryReactorClock()
    transport = transportFor(clock, "socket+tls://printer?finish-timeout=5")
    assert isinstance(transport, SocketTransport)
    assert (transport.uri, transport.finishTimeout) == ("socket+tls://printer:9143", 5.0)
    for uri, said in (
        (
            "socket+tls://",
            r"a host is missing; write socket\+tls://HOST or socket\+tls://HOST:9143",
        ),
        ("socket+tls://printer?tls=perhaps", "tls=perhaps: choose one of verify, any"),
        (f"socket+tls://printer?tls-ca={tmp_path}/none", "none: No such file"),
        ("socket+tls://printer?tls-ca=", "tls-ca=FILE: expected a PEM file"),
        (f"socket+tls://printer?tls=any&tls-ca={tmp_path}", "contradict each other"),
        ("socket://printer?tls=any", "unknown option 'tls'"),
    ):
        with pytest.raises(ValueError, match=said):
            transportFor(clock, uri)


def test_withoutOpenSSL(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing for TLS is said, and how to get it."""
    monkeypatch.setattr("jetdirect.transports.tls.available", lambda: False)
    for uri in ("socket+tls://printer", "ipps://printer"):
        with pytest.raises(ValueError, match=r"pip install 'jetdirect\[tls\]'"):
            transportFor(MemoryReactorClock(), uri)


class Rude:
    """
    A printer in a thread: it reads to the end of the job, and closes as it was told to.

    @ivar got: the jobs that it has read.
    """

    def __init__(self, certificate: Path, close: Callable[[ssl.SSLSocket], object]) -> None:
        self.got: list[bytes] = []
        self._close = close
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._server = module_socket.create_server(("127.0.0.1", 0))
        self.uri = f"socket+tls://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown(module_socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._server.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(plain, server_side=True) as wire:
                    data = b""
                    while piece := wire.recv(65536):
                        data += piece
                    self.got.append(data)
                    self._close(wire)
            except OSError:
                pass


def _reset(wire: ssl.SSLSocket) -> None:
    wire.setsockopt(module_socket.SOL_SOCKET, module_socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()


@pytest.mark.parametrize(
    ("close", "delivered"),
    [(ssl.SSLSocket.unwrap, True), (ssl.SSLSocket.close, True), (_reset, False)],
    ids=["close_notify", "FIN", "reset"],
)
@pytest_twisted.ensureDeferred
async def test_ends(
    tmp_path: Path, close: Callable[[ssl.SSLSocket], object], delivered: bool
) -> None:
    """A printer's FIN behind our close_notify is an answer to it, as on a plain connection."""
    printer = Rude(selfSigned(tmp_path), close)
    connection = await transportFor(reactor, f"{printer.uri}?tls=any").open(FakeJob())
    connection.write(JOB)
    try:
        if delivered:
            assert await connection.finish() is Delivery.DELIVERED
        else:
            with pytest.raises(PrinterLost):
                await connection.finish()
    finally:
        await deferToThread(printer.stop)
    assert printer.got == [JOB]


@pytest.mark.slow
def test_gateway(tmp_path: Path) -> None:
    """A sender is told before its job begins: 450, and no traceback in the log."""
    certificate = selfSigned(tmp_path)
    printer = Rude(certificate, ssl.SSLSocket.unwrap)
    printers = ["--printer", printer.uri, "--printer", f"{printer.uri}?tls-ca={certificate}"]
    with (
        Gateway(tmp_path, *printers, "--connect-timeout", "0") as gateway,
        Session(gateway.port) as session,
    ):
        session.say("PASV")
        reply = session.say("STOR page.ps")
        assert reply.startswith("450") and "its certificate is not trusted" in reply, reply
        reply = lastLine(session.send(JOB, "port2/page.ps"))
        assert reply.startswith("226") and "delivered" in reply, reply
        assert "Traceback" not in gateway.log
    printer.stop()
    assert printer.got == [JOB]
