"""
How much a server grows by when nobody takes what it is sent.
"""

from __future__ import annotations

import contextlib
import ftplib
import socket
import time
from collections.abc import Callable
from functools import partial

from benchmarks import content, measure
from benchmarks.figures.bulk import rows
from benchmarks.lab import Lab, contest
from benchmarks.process import PATIENCE
from benchmarks.servers.ours import Ours
from benchmarks.servers.pyftpdlib import Pyftpdlib
from benchmarks.servers.server import Server
from benchmarks.servers.stock import Stock
from benchmarks.sink import Manners, Sink
from benchmarks.table import Row, atMost

MIB = 1024**2

STALLED = 256 * MIB
"""Bytes offered while the printer stands still; more than all kernels keep."""

FLOOD = 512 * MIB
"""Bytes offered before any STOR."""

SLOW = 1 * MIB
"""Bytes per second of the slow printer."""

SLOW_JOB = 2048 * MIB
"""Bytes of its job, which takes 34 minutes."""

STALL_SECONDS, SLOW_SECONDS = 3.0, 30.0
"""How long these are watched, unless in full length."""

_PEERS: list[type[Server]] = [Stock, Pyftpdlib]


def run(lab: Lab) -> list[Row]:
    """The growth of resident memory, at its peak, in MiB."""
    long = 60.0 if lab.full else STALL_SECONDS
    slow = float("inf") if lab.full else SLOW_SECONDS
    length = "to its end" if lab.full else f"{SLOW_SECONDS:g} s of it"
    return [
        *_grown(
            lab,
            "growth, stalled printer, MiB",
            Manners(stallAfter=MIB),
            lambda server, sink: _stalled(server, sink, long),
        ),
        *_grown(lab, "growth, flood before STOR, MiB", Manners(), lambda server, _: _flood(server)),
        *_slow(lab, f"growth, 2 GiB at 1 MiB/s, {length}, MiB", slow),
    ]


def _grown(
    lab: Lab, figure: str, manners: Manners, ordeal: Callable[[Server, Sink], float]
) -> list[Row]:
    def one(kind: type[Server]) -> float:
        with lab.sink(manners) as sink, contest(lab, sink, [kind]) as servers:
            return ordeal(servers[kind.name], sink)

    lab.say(f"  {figure}")
    kinds: list[type[Server]] = [Ours, *lab.present(_PEERS)]
    results = lab.interleaved({each.name: partial(one, each) for each in kinds})
    return [
        Row(figure, results[Ours.name], target=atMost(1)),
        *rows(figure, results, dict.fromkeys(_PEERS)),
    ]


def _slow(lab: Lab, figure: str, seconds: float) -> list[Row]:
    lab.say(f"  {figure}")
    with (
        lab.sink(Manners(rate=SLOW)) as sink,
        Ours(lab.directory("ours"), sink.ports) as server,
        _Upload(server) as upload,
    ):
        end = time.monotonic() + seconds
        while upload.sent < SLOW_JOB and time.monotonic() < end:
            upload.push(min(SLOW_JOB, upload.sent + MIB), patience=PATIENCE)
        if upload.sent == SLOW_JOB:
            upload.finish()
            _checkArrived(server, sink, SLOW_JOB)
        return [Row(figure, [upload.growth()], target=atMost(1))]


def _stalled(server: Server, sink: Sink, seconds: float) -> float:
    with _Upload(server) as upload:
        upload.push(STALLED)
        if upload.sent == STALLED:
            raise AssertionError(f"{server.name} took {STALLED} bytes for a printer that stalls")
        time.sleep(seconds)
        growth = upload.growth()
        sink.tell("go")
        upload.push(STALLED, patience=PATIENCE)
        upload.finish()
    _checkArrived(server, sink, STALLED)
    return growth


def _checkArrived(server: Server, sink: Sink, size: int) -> None:
    # The small job, then this one; both begin as the first job of a sender does.
    for expected, each in zip([_Upload.WARM, size], sink.report(2), strict=True):
        if each.size != expected:
            raise AssertionError(f"{server.name} took {expected} bytes, the sink got {each.size}")
        if each.digest not in (None, content.digest(0, expected)):
            raise AssertionError(f"{server.name} delivered other bytes than it took")


def _flood(server: Server) -> float:
    with _Upload(server, stor=False) as upload:
        with contextlib.suppress(ConnectionError):  # pyftpdlib hangs up
            upload.push(FLOOD)
        time.sleep(0.5)
        return upload.growth()


class _Upload:
    """One session of the harness itself, after a small job for what the first job ever needs."""

    WARM = 64 * 1024

    def __init__(self, server: Server, stor: bool = True) -> None:
        self.sent = 0
        self._server = server
        name = server.jobName.format(client=1)
        self._session = ftplib.FTP(timeout=PATIENCE)
        self._session.connect("127.0.0.1", server.port)
        self._session.login("anonymous", "tester@example.org")
        self._session.voidcmd("TYPE I")
        with self._session.transfercmd(f"STOR {name}") as wire:
            wire.sendall(content.block()[: self.WARM])
        self._session.voidresp()
        time.sleep(0.2)
        measure.forgetPeak(server.pid)
        self._before = measure.resident(server.pid)
        if stor:
            self._wire = self._session.transfercmd(f"STOR {name}")
        else:
            host, port = self._session.makepasv()
            self._wire = socket.create_connection((host, port))

    def push(self, total: int, patience: float = 1.0) -> None:
        """Send until so much is sent, or nothing more is taken for so many seconds."""
        self._wire.settimeout(patience)
        block = memoryview(content.block())
        while self.sent < total:
            place = self.sent % len(block)
            try:
                self.sent += self._wire.send(block[place : place + min(MIB, total - self.sent)])
            except TimeoutError:
                return

    def growth(self) -> float:
        """By how much the server has grown at most since the small job, in MiB."""
        return (measure.residentPeak(self._server.pid) - self._before) / MIB

    def finish(self) -> None:
        """End the job; it must succeed."""
        self._wire.close()
        self._session.voidresp()

    def __enter__(self) -> _Upload:
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.close()
        self._session.close()
