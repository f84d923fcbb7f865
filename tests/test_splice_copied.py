"""
Where the kernel path cannot be used: the bytes are copied, and the job is whole.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs

from jetdirect.certificate import ServerCertificate
from jetdirect.interfaces import Delivery, IKernelConsumer
from jetdirect.job import COPIED_FIRST
from jetdirect.net.pipe import PIPE_SIZES
from jetdirect.testing import FakeJob
from jetdirect.transports.build import transportFor
from jetdirect.transports.policy import PJLPolicy, policed
from tests.support import certificate as certificates
from tests.support.certificate import selfSigned
from tests.support.kernel import (
    DATA,
    NEEDS_SPLICE,
    Kernel,
    begun,
    delivered,
    something,
    told,
)
from tests.support.line import HOST, Line, pipes, reactor, until, unwritten

pytestmark = NEEDS_SPLICE


async def copied(line: Line, kernel: Kernel | None = None) -> None:
    """The job is whole, and went through this process."""
    before = [] if kernel is None else list(kernel.moved)
    await line.send(DATA[:COPIED_FIRST])
    await line.send(DATA[COPIED_FIRST:])
    if kernel is not None:
        assert kernel.moved == before
    await delivered(line, DATA)


@pytest_twisted.ensureDeferred
async def test_switchedOff(kernel: Kernel) -> None:
    """The operator can have all bytes copied."""
    line = Line()
    await line.open(line.transport("?splice=off"))
    await copied(line, kernel)


@pytest_twisted.ensureDeferred
async def test_notLinux(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no such call, bytes are copied, and nothing is said of it."""
    monkeypatch.delattr(os, "splice")
    with capturedLogs() as logged:
        await copied(await Line().open())
    assert told(logged) == []


@pytest_twisted.ensureDeferred
async def test_noDescriptorForAPipe(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may open nothing more copies, says so once, and does not try again."""
    tried = []

    def pipe2(flags: int) -> tuple[int, int]:
        tried.append(flags)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "pipe2", pipe2)
    line = await Line().open()
    with capturedLogs() as logged:
        await copied(line, kernel)
    assert tried == [os.O_NONBLOCK | os.O_CLOEXEC]
    [text] = told(logged)
    assert text.endswith(os.strerror(errno.EMFILE))


class Quota:
    """
    C{fcntl.fcntl} of a user who may not have larger pipes.

    @ivar granted: the largest.
    @ivar own: bytes that a pipe has at the beginning; L{None}: as usual.
    """

    def __init__(self, granted: int, own: int | None = None) -> None:
        self.granted = granted
        self.own = own
        self.asked: list[int] = []
        self._fcntl = fcntl.fcntl

    def __call__(self, descriptor: int, command: int, argument: int = 0) -> Any:
        if command == fcntl.F_SETPIPE_SZ:
            self.asked.append(argument)
            if argument > self.granted:
                if self.own is not None:
                    self._fcntl(descriptor, command, self.own)
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        return self._fcntl(descriptor, command, argument)


@pytest.mark.parametrize(
    ("granted", "size"), [(1 << 20, 1 << 20), (1 << 18, 1 << 18), (1 << 16, 1 << 16), (0, 1 << 16)]
)
@pytest_twisted.ensureDeferred
async def test_smallerPipe(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, granted: int, size: int
) -> None:
    """Of a pipe that may not be as large as it should, no more is asked than it has."""
    monkeypatch.setattr(fcntl, "fcntl", Quota(granted))
    line = await Line(narrow=True).open()
    await line.send(DATA[:COPIED_FIRST], reading=False)
    left = await line.fill(DATA[COPIED_FIRST:])
    assert kernel.asked[0] == size
    assert 0 < line.inPipe <= size
    await line.send(left)
    await delivered(line, DATA)


@pytest.mark.parametrize("own", [4096, 8192])
@pytest_twisted.ensureDeferred
async def test_tinyPipe(kernel: Kernel, monkeypatch: pytest.MonkeyPatch, own: int) -> None:
    """
    A user with too many pipes gets those of a page or two (pipe(7)): not worth it.
    """
    quota = Quota(0, own)
    monkeypatch.setattr(fcntl, "fcntl", quota)
    before = pipes()
    line = await Line().open()
    with capturedLogs() as logged:
        await line.send(DATA[:COPIED_FIRST])
        await line.send(DATA[COPIED_FIRST:80_000])
        assert pipes() == before
        await line.send(DATA[80_000:100_000])
    assert kernel.asked == []
    assert quota.asked == list(PIPE_SIZES)
    [text] = told(logged)
    assert str(own) in text
    await delivered(line, DATA[:100_000])


@pytest_twisted.ensureDeferred
async def test_encryptedSender(kernel: Kernel, tmp_path: Path) -> None:
    """What comes encrypted is copied: the kernel has not the job's bytes."""
    import ssl

    pair = selfSigned(tmp_path)
    line = await Line().open(tls=ServerCertificate(str(pair), str(pair)))
    context = ssl.create_default_context(cafile=str(pair))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")

    async def exchange(step: Callable[[], object]) -> None:
        while True:
            try:
                step()
            except ssl.SSLWantReadError:
                done = False
            else:
                done = True
            while outgoing.pending:
                await send(outgoing.read())
            if done:
                return
            await until(receive)

    async def send(data: bytes) -> None:
        while data:
            data = data[line.push(data) :]
            line.take()
            await deferLater(reactor, 0)

    def receive() -> bool:
        try:
            incoming.write(line.sender.recv(65536))
        except BlockingIOError:
            return False
        return True

    await exchange(tls.do_handshake)
    await exchange(lambda: tls.write(DATA[:500_000]))
    with contextlib.suppress(ssl.SSLError):
        await exchange(tls.unwrap)
    line.finish()
    await line.readAll()
    await line.ended
    assert line.outcome is Delivery.DELIVERED
    assert line.printed == DATA[:500_000]
    assert kernel.asked == []
    await line.close()


@pytest_twisted.ensureDeferred
async def test_encryptedPrinter(kernel: Kernel, tmp_path: Path) -> None:
    """To a printer behind TLS bytes are copied."""
    pair = selfSigned(tmp_path)
    listening = await certificates.endpoint(pair, HOST).listen(Factory.forProtocol(Protocol))
    trust = tmp_path / "trust"
    trust.mkdir()
    (trust / "ca.pem").write_bytes(pair.read_bytes().partition(b"-----BEGIN RSA")[0])
    where = f"tcp\\:{HOST}\\:{listening.getHost().port}"
    uri = f"endpoint:tls:localhost:9100:endpoint={where}:trustRoots={trust}"
    connection: Any = await transportFor(reactor, uri).open(FakeJob())
    await until(lambda: not unwritten(connection.transport))
    with something() as descriptor:
        assert connection.take(descriptor, 1000) == 0
    assert kernel.asked == []
    connection.transport.abortConnection()
    await connection.abort(b"")
    await listening.stopListening()


CHANGED = ["pjl=on", "prolog=%1b", "epilog=%0c", "form-feed=on", "newlines=crlf"]


@pytest.mark.parametrize("options", CHANGED)
@pytest_twisted.ensureDeferred
async def test_whatIsReadOrChangedIsCopied(kernel: Kernel, options: str) -> None:
    """Options that look at bytes or change them see every one."""
    line = Line()
    printer = line.transport(f"?{options}")
    await _refuses(line, printer)


@pytest.mark.parametrize("policy", [PJLPolicy.LOG, PJLPolicy.REFUSE])
@pytest_twisted.ensureDeferred
async def test_whatIsPolicedIsCopied(kernel: Kernel, policy: PJLPolicy) -> None:
    """So does the policy for PJL."""
    line = Line()
    await _refuses(line, policed(line.transport(), policy))


async def _refuses(line: Line, printer: Any) -> None:
    connection: Any = await printer.open(FakeJob())
    assert not IKernelConsumer.providedBy(connection)
    line.connection = connection
    await line.accept()
    line.printer.close()
    await connection.abort(b"")
    line._listener.close()


@pytest_twisted.ensureDeferred
async def test_askedBySNMP(kernel: Kernel) -> None:
    """A printer that is asked beside its jobs is none that reads them."""
    line = await begun("?snmp=on")
    await line.send(DATA[COPIED_FIRST:])
    await delivered(line, DATA)
    assert sum(kernel.moved) == 2 * (len(DATA) - COPIED_FIRST)
