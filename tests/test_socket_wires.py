"""
Printers on TCP port 9100 on real sockets: how a job ends, and how it is aborted.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.task import deferLater

import jetdirect.transports.socket as module
from jetdirect.errors import PrinterLost, PrinterUnreachable
from jetdirect.interfaces import Delivery
from jetdirect.net import pulse
from jetdirect.net.facts import factsOf
from jetdirect.net.tuning import KEEPALIVE
from jetdirect.testing import FakeJob
from jetdirect.transports.build import transportFor
from tests.support.line import until
from tests.support.printing import HalfClosingPrinter, Printing

reactor: Any = theReactor


async def opened(host: str = "127.0.0.1", options: str = "") -> Printing:
    """A job that has such a printer; it closes when the test says so."""
    listener = TCP4ServerEndpoint(reactor, 0, interface=host)
    place = f"[{host}]" if ":" in host else host
    return await Printing(HalfClosingPrinter(), listener).open(
        f"socket://{place}:{{port}}{options}"
    )


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real time is short."""
    monkeypatch.setattr(module, "WATCH_INTERVAL", 0.01)
    monkeypatch.setattr(module, "ABORT_PATIENCE", 0.1)
    monkeypatch.setattr(pulse, "DEAD_AFTER_PROBES", 1)
    monkeypatch.setattr(pulse, "DEAD_AFTER_SECONDS", 0.1)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest_twisted.ensureDeferred
async def test_realDelivery(host: str) -> None:
    """Over IPv4 and IPv6 a printer that reads to the end and closes has the job, byte for byte."""
    printing = await opened(host)
    data = bytes(range(256)) * 4096

    printing.connection.write(data)
    delivery = printing.connection.finish()
    await printing.printer.ended
    assert not delivery.called
    printing.printer.transport.loseConnection()

    assert await delivery is Delivery.DELIVERED
    assert printing.printer.data == data
    await printing.close()


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_realKeepAlive() -> None:
    """The probes of a connection that lasts are set on the real socket."""
    printing = await opened()
    transport: Any = printing.connection.transport  # type: ignore[attr-defined]
    handle = transport.getHandle()
    await until(lambda: handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    assert handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == KEEPALIVE[0]

    await printing.connection.abort(b"")
    await printing.close()


@pytest_twisted.ensureDeferred
async def test_realResetAtTheEnd() -> None:
    """A printer that reads everything and then resets the connection has lost the job."""
    printing = await opened()

    printing.connection.write(b"%!PS")
    delivery = printing.connection.finish()
    await printing.printer.ended
    printing.printer.transport.abortConnection()

    with pytest.raises(PrinterLost, match="reset"):
        await delivery
    assert printing.printer.data == b"%!PS"
    await printing.close()


@pytest_twisted.ensureDeferred
async def test_realEarlyClose() -> None:
    """A printer that closes in mid job loses it."""
    printing = await opened()
    printing.connection.write(b"%!PS")

    printing.printer.transport.loseWriteConnection()
    await printing.printer.lost

    assert "before the end of the job" in printing.job.losses[0].reason
    await printing.connection.abort(b"")
    await printing.close()


@pytest_twisted.ensureDeferred
async def test_realCloseRightBeforeOurs() -> None:
    """A printer that closes while our own end is on its way to the kernel has not seen it."""
    printing = await opened()
    connection: Any = printing.connection
    connection.write(b"%!PS")
    printing.printer.transport.getHandle().shutdown(socket.SHUT_WR)
    while not factsOf(connection.transport).closedByPeer():
        pass  # loopback: a moment, and the reactor must not see it first

    delivery = connection.finish()

    with pytest.raises(PrinterLost, match="before the end of the job"):
        await delivery
    await printing.close()


@pytest_twisted.ensureDeferred
async def test_realPrinterThatNeverCloses(hasty: None) -> None:
    """A printer that reads everything and does not close leaves the job unconfirmed."""
    printing = await opened(options="?finish-timeout=0.1")

    printing.connection.write(b"%!PS")

    assert await printing.connection.finish() is Delivery.SENT
    await printing.printer.ended
    assert printing.printer.data == b"%!PS"
    await printing.close()


@pytest_twisted.ensureDeferred
async def test_realAbortOfAStalledPrinter(hasty: None) -> None:
    """The rest of an aborted job that the printer does not take is thrown away."""
    printing = await opened()
    printing.printer.transport.pauseProducing()

    printing.connection.write(bytes(64 * 1024 * 1024))
    await printing.connection.abort(b"\x04")

    printing.printer.transport.resumeProducing()
    await printing.close()


@pytest_twisted.ensureDeferred
async def test_realAbortThatIsCanceled() -> None:
    """A printer that is not to be waited for any longer sees a reset, and no end of a job."""
    printing = await opened()
    printing.printer.transport.pauseProducing()
    printing.connection.write(bytes(64 * 1024 * 1024))
    aborting = printing.connection.abort(b"\x04")

    aborting.cancel()
    aborting.addErrback(lambda _: None)
    await deferLater(reactor, 0)
    printing.printer.transport.resumeProducing()

    await printing.printer.lost
    assert not printing.printer.ended.called
    await printing.close()


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_realUnpluggedPrinter(hasty: None) -> None:
    """A printer whose cable is pulled is found to be gone though nothing resets the connection."""
    printing = await opened()
    drop = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0), 8)  # BPF: "return 0"
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(drop))
    handle = printing.printer.transport.getHandle()
    handle.setsockopt(socket.SOL_SOCKET, 26, program)  # SO_ATTACH_FILTER

    printing.connection.write(b"%!PS")

    with pytest.raises(PrinterLost, match="has not answered"):
        await printing.connection.finish()
    await printing.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
@pytest_twisted.ensureDeferred
async def test_realRefusal(host: str) -> None:
    """Where nobody listens, the connection is refused, and nothing reached the printer."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as nobody:
        nobody.bind((host.strip("[]"), 0))  # bound, so that nobody else can listen there
        port = nobody.getsockname()[1]

        with pytest.raises(PrinterUnreachable) as caught:
            await transportFor(reactor, f"socket://{host}:{port}").open(FakeJob())

    assert (
        caught.value.reason == f"socket://{host}:{port}: the connection was refused (busy or off)"
    )
