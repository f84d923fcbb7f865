"""
Printers on a stream that end a job otherwise than by answering our half-close, and other streams
than TCP: what the URI's switches and C{endpoint:} do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXServerEndpoint

from jetdirect.errors import PrinterLost
from jetdirect.interfaces import Delivery
from jetdirect.transports.build import transportFor
from jetdirect.transports.socket import SocketTransport
from tests.support.certificate import endpoint, selfSigned
from tests.support.line import until, unwritten
from tests.support.printing import HalfClosingPrinter, Printing, ReadingPrinter

reactor: Any = theReactor
JOB = b"%!PS\n" + bytes(range(256)) * 1000


SOCKET = "socket://127.0.0.1:{port}"


@pytest.mark.slow
@pytest.mark.parametrize("switch", ["off", "false", "no"])
@pytest_twisted.ensureDeferred
async def test_noCloseIsAwaited(switch: str) -> None:
    """With waiteof=off a job is sent as soon as everything is acknowledged; no level is missed."""
    printing = await Printing(HalfClosingPrinter()).open(f"{SOCKET}?waiteof={switch}")
    printing.connection.write(JOB)
    assert await printing.connection.finish() is Delivery.SENT
    await printing.printer.ended
    assert printing.printer.data == JOB
    assert printing.transport.reaches is Delivery.SENT
    await printing.close()


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_noHalfClose() -> None:
    """With half-close=off nothing ends our direction before everything is acknowledged."""
    printing = await Printing(HalfClosingPrinter()).open(f"{SOCKET}?half-close=off")
    printing.printer.transport.pauseProducing()
    printing.connection.write(JOB * 40)
    finishing = printing.connection.finish()
    paused: Deferred[None] = Deferred()
    reactor.callLater(0.1, paused.callback, None)
    await paused
    assert not finishing.called
    printing.printer.transport.resumeProducing()
    assert await finishing is Delivery.SENT
    await until(lambda: len(printing.printer.data) >= len(JOB) * 40)  # its kernel has all
    assert printing.printer.data == JOB * 40
    await printing.close()


@pytest_twisted.ensureDeferred
async def test_noHalfCloseAndReset() -> None:
    """A reset is a loss for such a printer as well."""
    printing = await Printing(HalfClosingPrinter()).open(f"{SOCKET}?half-close=off")
    printing.printer.transport.pauseProducing()
    printing.connection.write(JOB * 40)
    finishing = printing.connection.finish()
    printing.printer.transport.abortConnection()
    with pytest.raises(PrinterLost, match="reset"):
        await finishing
    await printing.close()


@pytest_twisted.ensureDeferred
async def test_noHalfCloseAndAbort() -> None:
    """A cut job gets its tail before the connection is closed as a whole."""
    printing = await Printing(HalfClosingPrinter()).open(f"{SOCKET}?half-close=off")
    printing.connection.write(JOB)
    kept = unwritten(printing.connection.transport)  # type: ignore[attr-defined]
    await printing.connection.abort(b"\x04")
    await printing.printer.ended
    assert printing.printer.data == JOB[: len(JOB) - kept] + b"\x04"
    await printing.close()


@pytest.mark.parametrize("option", ["waiteof=perhaps", "half-close=", "early-close=on"])
def test_badSwitch(option: str) -> None:
    """A value that a switch does not have is refused by name."""
    with pytest.raises(ValueError, match=f"{option}: say o"):
        transportFor(reactor, f"socket://printer?{option}")


# endpoint:


@pytest_twisted.ensureDeferred
async def test_unixSocket(tmp_path: Path) -> None:
    """A printer behind a UNIX socket is one like on TCP."""
    path = tmp_path / "printer"
    listener = UNIXServerEndpoint(reactor, str(path))
    printing = await Printing(HalfClosingPrinter(), listener).open(f"endpoint:unix:{path}")
    printing.connection.write(JOB)
    finishing = printing.connection.finish()
    await printing.printer.ended
    assert not finishing.called
    printing.printer.transport.loseConnection()
    assert await finishing is Delivery.DELIVERED
    assert printing.printer.data == JOB
    assert printing.transport.uri == printing.transport.description == f"endpoint:unix:{path}"
    await printing.close()


@pytest.fixture
def secure(tmp_path: Path) -> tuple[Any, str]:
    """Where a printer listens with TLS, and the URI by which it is found and believed."""
    certificate = selfSigned(tmp_path)
    roots = tmp_path / "roots"
    roots.mkdir()
    (roots / "printer.pem").write_bytes(certificate.read_bytes())
    return endpoint(certificate), f"endpoint:tls:127.0.0.1:{{port}}:trustRoots={roots}"


@pytest_twisted.ensureDeferred
async def test_tls(secure: tuple[Any, str]) -> None:
    """Under TLS the printer's close_notify answers ours, and the job is delivered."""
    listener, uri = secure
    printing = await Printing(ReadingPrinter(JOB), listener).open(uri)
    printing.connection.write(JOB)
    await printing.printer.whole
    assert await printing.connection.finish() is Delivery.DELIVERED
    await printing.close()


@pytest_twisted.ensureDeferred
async def test_tlsCut(secure: tuple[Any, str]) -> None:
    """A connection that is cut under TLS is a loss."""
    listener, uri = secure
    printing = await Printing(ReadingPrinter(JOB), listener).open(uri)
    printing.connection.write(JOB)
    await printing.printer.whole
    printing.printer.transport.abortConnection()
    finishing = printing.connection.finish()
    with pytest.raises(PrinterLost):
        await finishing
    await printing.close()


@pytest_twisted.ensureDeferred
async def test_tlsAbort(secure: tuple[Any, str]) -> None:
    """A cut job has its tail under TLS, too."""
    listener, uri = secure
    printing = await Printing(ReadingPrinter(JOB), listener).open(uri)
    printing.connection.write(JOB)
    await printing.printer.whole
    await printing.connection.abort(b"\x04")
    await printing.printer.lost
    assert printing.printer.data == JOB + b"\x04"
    await printing.port.stopListening()


@pytest_twisted.ensureDeferred
async def test_tlsAbortedAtOnce(secure: tuple[Any, str]) -> None:
    """A job without a byte that is cut leaves nothing at the printer."""
    listener, uri = secure
    printing = await Printing(ReadingPrinter(JOB), listener).open(uri)
    assert printing.connection.sent == 0
    await printing.connection.abort(b"")
    await printing.printer.lost
    assert printing.printer.data == b""
    await printing.port.stopListening()


@pytest_twisted.ensureDeferred
async def test_tlsNothing(secure: tuple[Any, str]) -> None:
    """A job of no bytes is one, too."""
    listener, uri = secure
    printing = await Printing(ReadingPrinter(JOB), listener).open(uri)
    assert await printing.connection.finish() is Delivery.DELIVERED
    assert printing.connection.sent == 0
    await printing.close()


class LeavingPrinter(ReadingPrinter):
    """Says good-bye when it has read something, and reads no more."""

    def dataReceived(self, data: bytes) -> None:
        if not self.data:
            self.data = data
            self.transport.loseConnection()


@pytest_twisted.ensureDeferred
async def test_tlsGoodByeTooEarly(secure: tuple[Any, str]) -> None:
    """The printer's close_notify is no answer to ours as long as it has not everything."""
    listener, uri = secure
    printing = await Printing(LeavingPrinter(), listener).open(uri)
    printing.connection.write(JOB * 40)
    finishing = printing.connection.finish()
    with pytest.raises(PrinterLost):
        await finishing
    await printing.close()


def test_endpointOptions() -> None:
    """An endpoint has the switches of a socket, and a name."""
    uri = "endpoint:tcp:printer:9100?finish-timeout=5&description=Label+printer"
    transport = transportFor(reactor, uri)
    assert isinstance(transport, SocketTransport)
    assert (transport.uri, transport.finishTimeout) == ("endpoint:tcp:printer:9100", 5)
    assert transport.description == "Label printer"
