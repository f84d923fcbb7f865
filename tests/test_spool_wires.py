"""
A spool on a real disk, a printer on a real socket: bytes, back-pressure, and a disk that sleeps.
"""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from zope.interface.verify import verifyObject

from jetdirect.interfaces import IKernelData
from jetdirect.job import Sender, unknownCode
from jetdirect.named import PortSettings
from jetdirect.server import PrintServer
from jetdirect.spool import disk as module
from jetdirect.spool.files import FileSpool, KernelData, openSpool
from jetdirect.spool.record import JobPlace
from jetdirect.transports.build import transportFor
from jetdirect.verbs import Operator
from jetdirect.watch.history import History
from tests.support.line import descriptors, pipes, until
from tests.support.spooled import RECORD

reactor: Any = theReactor

HOST = "127.0.0.1"


class Printer(Protocol):
    """Reads a job to its end; stops reading for a while if it is told to."""

    factory: Printers

    def connectionMade(self) -> None:
        self.factory.jobs.append(b"")
        if self.factory.slow:
            self.transport.pauseProducing()  # type: ignore[union-attr]
            reactor.callLater(0.2, self.transport.resumeProducing)  # type: ignore[union-attr]

    def dataReceived(self, data: bytes) -> None:
        self.factory.jobs[-1] += data


class Printers(Factory):
    slow = False

    def __init__(self) -> None:
        self.jobs: list[bytes] = []

    def buildProtocol(self, addr: object) -> Any:
        made = Printer()
        made.factory = self
        return made


@asynccontextmanager
async def context(tmp_path: Path, slow: bool = False) -> AsyncIterator[tuple[Any, Any]]:
    """A print server with a spool and one printer."""
    printers = Printers()
    printers.slow = slow
    listener = reactor.listenTCP(0, printers, interface=HOST)
    uri = f"socket://{HOST}:{listener.getHost().port}"
    server = PrintServer([transportFor(reactor, uri)], reactor, PortSettings(spool=True))
    spool = openSpool(str(tmp_path / "spool"), reactor)
    server.spoolTo(spool)
    await server.begin()
    try:
        yield server, printers
    finally:
        await server.stop(0)
        await spool.close()
        await listener.stopListening()


async def upload(server: PrintServer, data: bytes) -> Any:
    """A job from a sender that hears its 226."""
    job = server.upload(server.default, "a.bin", Sender("ann", HOST, 1), None, unknownCode)
    await job.whenOpened()
    for at in range(0, len(data), 65536):
        job.write(data[at : at + 65536])
    level = await job.finish()
    job.replied()
    job.complete()
    return level


@pytest.mark.parametrize("splices", [True, False])
@pytest.mark.parametrize("size", [0, 1, 4096, 5_000_000])
@pytest_twisted.ensureDeferred
async def test_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, splices: bool
) -> None:
    """What was sent is printed, byte for byte, inside the kernel or not; nothing stays open."""
    if not splices:
        monkeypatch.delattr(os, "splice")
    data = random.Random(size).randbytes(size)
    kept = str(tmp_path / "spool" / "ports")
    async with context(tmp_path, slow=True) as (server, printers):
        before = pipes()
        assert (await upload(server, data)).value == "queued"
        await until(lambda: server.jobs and server.jobs[-1].ended)
        assert server.jobs[-1].delivery == "delivered"
        await until(lambda: len(printers.jobs) == 1 and len(printers.jobs[0]) == size)
        assert hashlib.sha256(printers.jobs[0]).digest() == hashlib.sha256(data).digest()
        await until(lambda: pipes() <= before)  # an earlier test's may end meanwhile
        await until(lambda: not [one for one in descriptors() if one.startswith(kept)])


@pytest_twisted.ensureDeferred
async def test_inKernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the beginning of a large job goes to the printer inside the kernel, once it is known
    to be what was kept."""
    read = 0
    original = module.RealReader.read

    def counted(self: module.RealReader, most: int) -> bytes:
        nonlocal read
        data = original(self, most)
        read += len(data)
        return data

    monkeypatch.setattr(module.RealReader, "read", counted)
    async with context(tmp_path) as (server, printers):
        await upload(server, bytes(3_000_000))
        await until(lambda: server.jobs and server.jobs[-1].ended)
        assert len(printers.jobs[0]) == 3_000_000
        assert read == 3_000_000 + 4096


@pytest_twisted.ensureDeferred
async def test_noSplice(tmp_path: Path) -> None:
    """Where the file system has no splice, the bytes are read."""
    async with context(tmp_path) as (server, printers):
        spool = server.spooling.spool

        def fails(self: Any) -> Deferred[int]:
            failed: Deferred[int] = Deferred()
            failed.errback(OSError(22, "Invalid argument"))
            return failed

        before, KernelData.fill = KernelData.fill, fails  # type: ignore[method-assign]
        try:
            await upload(server, b"x" * 100_000)
            await until(lambda: server.jobs and server.jobs[-1].ended)
        finally:
            KernelData.fill = before  # type: ignore[method-assign]
        assert printers.jobs == [b"x" * 100_000]
        assert isinstance(spool, FileSpool)


@pytest_twisted.ensureDeferred
async def test_provided(tmp_path: Path) -> None:
    """What is said to be provided is."""
    spool = openSpool(str(tmp_path / "spool"), reactor)
    await spool.addPort("lab")
    draft = await spool.begin("lab", await spool.reserve(1))
    await draft.write(b"x" * 10)
    await draft.commit(RECORD, JobPlace.QUEUE)
    data: Any = await spool.data(draft.number)
    assert await data.fill() == 10
    assert verifyObject(IKernelData, data)
    assert os.read(data.descriptor, 99) == b"x" * 10
    assert await data.fill() == 0
    data.close()
    await spool.close()


@pytest_twisted.ensureDeferred
async def test_neverInTheReactor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No call that can wait for the disk is made in the reactor's thread."""
    here: list[str] = []
    elsewhere: set[str] = set()

    def watched(kind: type, name: str) -> None:
        original = getattr(kind, name)

        def call(*arguments: Any) -> Any:
            if threading.current_thread() is threading.main_thread():
                here.append(f"{kind.__name__}.{name}")
            else:
                elsewhere.add(name)
            return original(*arguments)

        monkeypatch.setattr(kind, name, call)

    async with context(tmp_path) as (server, printers):
        for kind in (module.RealDisk, module._RealFile, module.RealReader):
            for name in vars(kind):
                if not name.startswith("_") and name != "path" and callable(getattr(kind, name)):
                    watched(kind, name)
        await upload(server, bytes(300_000))
        await until(lambda: server.jobs and server.jobs[-1].ended)
        operator = Operator(server, History())
        await operator.show(1)
        await operator.erase(1, "ann")
        await operator.pause("PORT1", "ann")
        await upload(server, b"x")
        await operator.cancel(2, "ann")
        assert len(printers.jobs[0]) == 300_000
    assert {"create", "write", "syncAll", "rename", "syncDirectory", "remove", "read"} <= elsewhere
    assert set(here) <= {"RealReader.close"}
