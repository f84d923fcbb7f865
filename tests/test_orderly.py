"""
A FIN is the end of a file, a reset is not, whatever Twisted takes them for: in every mode.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import error
from twisted.internet import reactor as _theReactor
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure

from jetdirect.certificate import ServerCertificate
from jetdirect.errors import DataConnectionLost
from jetdirect.ftp.data import DataPort, DataTerms
from jetdirect.ftp.dataports import ActivePort, PassivePort
from jetdirect.net.facts import endsInOrder, realTransport
from jetdirect.net.stream import Stream
from jetdirect.testing import MemoryWire
from tests.support.certificate import selfSigned
from tests.support.line import HOST, reactor, until
from tests.support.transfers import sent
from tests.test_data import GOING_ON, Sink, Watched, pour, turn

theReactor: Any = _theReactor

PAGE = b"%!PS a page"
MODES = [
    f"{how}{tls}{whose}"
    for whose in ("", " on Twisted's transports")
    for tls in ("", " TLS", " lenient")
    for how in ("passive", "active")
]


def reset(client: socket.socket) -> None:
    """Close with a RST."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def end(client: socket.socket) -> None:
    """Close with a FIN."""
    client.close()


def forgotten(client: socket.socket) -> None:
    """A FIN, and a RST behind it."""
    client.shutdown(socket.SHUT_WR)
    reset(client)


ENDS = pytest.mark.parametrize(
    ("finish", "orderly"), [(end, True), (forgotten, True), (reset, False)]
)


# What the kernel says.


@ENDS
@pytest.mark.parametrize("unread", [b"", PAGE], ids=["empty", "unread"])
def test_endsInOrder(finish: Callable[[socket.socket], None], orderly: bool, unread: bytes) -> None:
    """A FIN is told from a reset, also with a reset behind it, when all before it is read."""
    with socket.create_server((HOST, 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        with listener.accept()[0] as ours:
            client.sendall(unread)
            finish(client)
            ours.setblocking(False)
            if unread:
                assert ours.recv(1000) == unread
            assert endsInOrder(Connection(ours, Protocol(), theReactor)) is orderly


def test_noEnd() -> None:
    """While there is something to read, or to wait for, there is no end."""
    with (
        socket.create_server((HOST, 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
        listener.accept()[0] as ours,
    ):
        ours.setblocking(False)
        transport = Connection(ours, Protocol(), theReactor)
        assert not endsInOrder(transport)
        client.sendall(PAGE)
        assert not endsInOrder(transport)
        assert ours.recv(1000) == PAGE


def test_memory() -> None:
    """A connection in memory is believed."""
    assert endsInOrder(MemoryWire(Protocol()))


# What data connections make of it.


class Client:
    """A sender's end of a data connection, which shakes hands if it is to."""

    def __init__(self, wire: socket.socket, trusted: Path | None) -> None:
        self.wire = wire
        self.wire.setblocking(False)
        self._tls: ssl.SSLObject | None = None
        if trusted is not None:
            self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
            context = ssl.create_default_context(cafile=str(trusted))
            self._tls = context.wrap_bio(self._in, self._out, server_hostname=HOST)

    async def send(self, data: bytes) -> None:
        """Send it; under TLS the handshake comes first."""
        if self._tls is None:
            self.wire.sendall(data)
            return
        while True:
            try:
                self._tls.write(data)
            except ssl.SSLWantReadError:
                self.wire.sendall(self._out.read())
                await turn()
                try:
                    self._in.write(self.wire.recv(65536))
                except BlockingIOError:
                    continue
            else:
                self.wire.sendall(self._out.read())
                return

    def closeNotify(self) -> None:
        """Say that this is the end."""
        if self._tls is not None:
            try:
                self._tls.unwrap()
            except ssl.SSLWantReadError:
                self.wire.sendall(self._out.read())


async def begun(mode: str, directory: Path, sink: Sink) -> tuple[DataPort, Watched, Client]:
    """A transfer, and the sender's end of its data connection."""
    trusted, certificate = None, None
    if "TLS" in mode or "lenient" in mode:
        trusted = selfSigned(directory)
        certificate = ServerCertificate(str(trusted), str(trusted))
    terms = DataTerms(60.0, certificate, lenient="lenient" in mode)
    whose = theReactor if "Twisted" in mode else reactor
    with socket.create_server((HOST, 0)) as listener:
        port: DataPort
        if "passive" in mode:
            port = PassivePort(whose, terms, HOST, HOST)
            transfer = pour(port, sink)
            wire = socket.create_connection((HOST, port.number))
        else:
            number = listener.getsockname()[1]
            port = ActivePort(whose, terms, HOST, HOST, number)
            transfer = pour(port, sink)
            await turn()
            wire = listener.accept()[0]
    return port, transfer, Client(wire, trusted)


def believe(port: DataPort) -> None:
    """
    Tell the gateway's end of a hang-up, and Twisted's transport of a FIN, as its reactor does.

    That sees a hang-up without something to read, and that is what a reset looks like when it comes
    between two of the kernel's looks at the connection.
    """
    assert port._connection is not None
    real = realTransport(port._connection.transport)
    if isinstance(real, Stream):
        real.happened(select.EPOLLHUP)
        return
    theReactor.removeReader(real)
    real.readConnectionLost(Failure(error.ConnectionDone()))


@pytest.mark.parametrize("mode", MODES)
@pytest_twisted.ensureDeferred
async def test_resetThatLooksLikeAFIN(mode: str, tmp_path: Path) -> None:
    """A reset that the reactor takes for a FIN is a loss."""
    sink = Sink()
    port, transfer, client = await begun(mode, tmp_path, sink)
    await client.send(PAGE)
    await until(lambda: sink.data == PAGE)
    reset(client.wire)
    believe(port)
    await until(lambda: transfer.result != GOING_ON)
    port.close()
    assert transfer.failed(DataConnectionLost) == "the data connection was reset"


@ENDS
@pytest.mark.parametrize("mode", MODES)
@pytest_twisted.ensureDeferred
async def test_ends(
    mode: str, finish: Callable[[socket.socket], None], orderly: bool, tmp_path: Path
) -> None:
    """A file ends with a FIN, under TLS after a close_notify, whatever comes behind it."""
    sink = Sink()
    port, transfer, client = await begun(mode, tmp_path, sink)
    await client.send(PAGE)
    await until(lambda: sink.data == PAGE)
    if orderly:
        client.closeNotify()
    finish(client.wire)
    await until(lambda: transfer.result != GOING_ON)
    port.close()
    if orderly:
        assert transfer.result is None
    else:
        transfer.failed(DataConnectionLost)


@pytest.mark.parametrize("mode", MODES)
@pytest_twisted.ensureDeferred
async def test_slowPrinter(mode: str, tmp_path: Path) -> None:
    """
    A sender that has closed and forgets the connection, before its last bytes are read, is whole.

    That is what keepalive probes find who come while a printer takes nothing for a minute or two.
    """
    sink = Sink()
    port, transfer, client = await begun(mode, tmp_path, sink)
    await client.send(PAGE)
    await until(lambda: sink.data == PAGE)
    port.pauseProducing()
    await client.send(PAGE)
    client.closeNotify()
    forgotten(client.wire)
    await turn()
    port.resumeProducing()
    await until(lambda: transfer.result != GOING_ON)
    port.close()
    assert (transfer.result, sink.data) == (None, 2 * PAGE)


@pytest.mark.parametrize("mode", ["passive", "active"])
@pytest_twisted.ensureDeferred
async def test_listingAfterAHalfClose(mode: str, tmp_path: Path) -> None:
    """A sender that ends its own direction at once gets a listing all the same."""
    listing = b"PORT1\r\n" * 100_000
    with socket.create_server((HOST, 0)) as listener:
        port: DataPort
        if mode == "passive":
            port = PassivePort(reactor, DataTerms(60.0), HOST, HOST)
            sending = Watched(sent(port, listing))
            wire = socket.create_connection((HOST, port.number))
        else:
            port = ActivePort(reactor, DataTerms(60.0), HOST, HOST, listener.getsockname()[1])
            sending = Watched(sent(port, listing))
            await turn()
            wire = listener.accept()[0]
    with wire:
        wire.shutdown(socket.SHUT_WR)
        wire.setblocking(False)
        got = bytearray()
        while True:
            await turn()
            try:
                data = wire.recv(65536)
            except BlockingIOError:
                continue
            if not data:
                break
            got += data
    port.release()
    assert (sending.result, bytes(got)) == (None, listing)
