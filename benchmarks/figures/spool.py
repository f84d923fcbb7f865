"""
Jobs that are kept on a disk: how soon they are taken, how many, and what waiting ones cost.
"""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks import content, measure
from benchmarks.figures.ports import NOISE
from benchmarks.lab import Lab, deliver
from benchmarks.sender import Load, Order, send
from benchmarks.servers.ours import Ours
from benchmarks.servers.spooled import NOBODY, Spooled, putAside, spoolOn
from benchmarks.sink import Manners
from benchmarks.table import Row, atLeast, atMost

SMALL, SENDERS, JOBS = 10 * 1024, 8, 100
"""Bytes of a job, senders at a time, and jobs of each."""

LARGE = 1024**3
PIECE = 1024**2
"""Bytes of a large job, and how many of them the disk alone is given at a time."""

MANY, WAITING, FEW = 100_000, 10_000, 10
"""Jobs that wait."""

_MILLISECONDS = 1e6


_PATIENCE = 600.0
"""Seconds for thousands of jobs to be printed."""


def run(lab: Lab) -> list[Row]:
    """Jobs that are taken, and a port that streams meanwhile."""
    return [*_small(lab), *_large(lab), *_beside(lab)]


def waiting(lab: Lab) -> list[Row]:
    """What many jobs cost that wait."""
    return [*_waiting(lab), *_restart(lab)]


# Small jobs, and what a site would use.


def _small(lab: Lab) -> list[Row]:
    contenders: dict[str, Callable[[], tuple[float, float]]] = {
        "ours": lambda: _ours(lab),
        "maildir": lambda: _maildir(lab),
    }
    if shutil.which("cupsd", path="/usr/sbin:/sbin:/usr/bin") is not None:
        contenders["lp"] = lambda: _cups(lab, synced=False)
        contenders["lp, sync"] = lambda: _cups(lab, synced=True)
    results = lab.interleaved(contenders)
    ours = [rate for rate, _ in results["ours"]]

    def rates(name: str) -> list[float]:
        return [rate for rate, _ in results.get(name, [])]

    figure = f"queued, {SMALL // 1024} KiB, {SENDERS} senders"
    atMaildir = [late for _, late in results["maildir"]]
    taken = f"{figure}: jobs/s"
    return [
        Row(f"{figure}: p95 of the 226, ms", [late for _, late in results["ours"]], "", (), _P95),
        Row(
            f"{figure}: the same beside a commit alone",
            [late for _, late in results["ours"]],
            "maildir in plain Python",
            atMaildir,
        ),
        Row(taken, ours, "CUPS's lp", rates("lp"), atLeast(3)),
        Row(taken, ours, "lp and a sync after each", rates("lp, sync"), atLeast(3)),
        Row(taken, ours, "maildir in plain Python", rates("maildir")),
    ]


_P95 = atMost(15)


def _ours(lab: Lab) -> tuple[float, float]:
    order = Order(0, clients=SENDERS, jobs=lab.scaled(JOBS), size=SMALL)
    with (
        spoolOn(lab.disk) as spool,
        Spooled(lab.directory("spooled"), [], spool) as server,
    ):
        return _figures(_taken(server, order))


def _taken(server: Spooled, order: Order) -> Load:
    return send(replace(order, port=server.port, name=server.jobName))


def _figures(load: Load) -> tuple[float, float]:
    late = [job.replied - job.closed for job in load.jobs]
    return len(load.jobs) / ((load.ended - load.began) / 1e9), _p95(late) / _MILLISECONDS


def _p95(values: list[int]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def _maildir(lab: Lab) -> tuple[float, float]:
    # What a durable commit takes on this disk: a file, a rename, and a sync of each.
    place = lab.disk / "maildir"
    for name in ("tmp", "new"):
        (place / name).mkdir(parents=True)
    data, jobs = content.block()[:SMALL], lab.scaled(JOBS) * SENDERS

    def commit(number: int) -> int:
        began = time.monotonic_ns()
        with open(place / "tmp" / str(number), "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(place / "tmp" / str(number), place / "new" / str(number))
        _syncDirectory(place / "new")
        return time.monotonic_ns() - began

    try:
        return _timed(jobs, commit)
    finally:
        putAside(place)


def _syncDirectory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _timed(jobs: int, step: Callable[[int], int]) -> tuple[float, float]:
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(SENDERS) as senders:
        late = list(senders.map(step, range(jobs)))
    return jobs / (time.monotonic() - began), _p95(late) / _MILLISECONDS


def _cups(lab: Lab, synced: bool) -> tuple[float, float]:
    from laboratory.power.cups import Cups, running

    place = lab.disk / "lp"
    place.mkdir()
    place.chmod(0o755)
    job = place / "job.prn"
    job.write_bytes(content.block()[:SMALL])
    Cups().prepare(str(place))

    with running(f"{place}/cups") as host:

        def printed(number: int) -> int:
            began = time.monotonic_ns()
            words = ["lp", "-h", host, "-d", "raw", "-o", "raw", str(job)]
            subprocess.run(words, check=True, capture_output=True)
            if synced:
                subprocess.run(["sync", "-f", place], check=True)
            return time.monotonic_ns() - began

        result = _timed(lab.scaled(JOBS), printed)
    putAside(place)
    return result


# A large one, and the disk alone.


def _large(lab: Lab) -> list[Row]:
    size = lab.scaled(LARGE)

    def ours() -> float:
        with (
            spoolOn(lab.disk) as spool,
            Spooled(lab.directory("spooled"), [], spool) as server,
        ):
            load = _taken(server, Order(0, size=size))
            return size / ((load.jobs[0].replied - load.jobs[0].first) / 1e9) / 1e6

    def disk() -> float:
        path, piece = lab.disk / "large", content.block()[:PIECE]
        began = time.monotonic()
        try:
            with open(path, "xb", buffering=0) as file:
                for _ in range(size // PIECE):
                    file.write(piece)
                os.fsync(file.fileno())
            return size / (time.monotonic() - began) / 1e6
        finally:
            path.unlink()

    results = lab.interleaved({"ours": ours, "disk": disk})
    figure = f"queued, {size / 1024**3:.3g} GiB: MB/s"
    return [Row(figure, results["ours"], "the disk, written and synced", results["disk"], _HALF)]


_HALF = atLeast(0.5)


# Many that wait.


def _waiting(lab: Lab) -> list[Row]:
    many = lab.scaled(WAITING)
    order = Order(0, clients=SENDERS, jobs=lab.scaled(JOBS), size=SMALL)

    def taken(waiting: int) -> float:
        with (
            spoolOn(lab.disk, waiting, 1) as spool,
            Spooled(lab.directory("spooled"), [], spool) as server,
        ):
            _taken(server, replace(order, jobs=1))
            before = server.cpu()
            _taken(server, order)
            return (server.cpu() - before) / order.total * 1000

    def printed(waiting: int) -> float:
        first, then = lab.scaled(FEW), lab.scaled(WAITING) // 10
        with (
            lab.sink() as sink,
            spoolOn(lab.disk, waiting, SMALL) as spool,
            Spooled(lab.directory("spooled"), sink.ports, spool) as server,
        ):
            sink.report(first, _PATIENCE)
            before = server.cpu()
            sink.report(then, _PATIENCE)
            return (server.cpu() - before) / then * 1000

    fewer = lab.scaled(FEW) + lab.scaled(WAITING) // 10
    results = lab.interleaved(
        {
            "taken, many": lambda: taken(many),
            "taken, few": lambda: taken(FEW),
            "printed, many": lambda: printed(many),
            "printed, few": lambda: printed(fewer),
        }
    )
    return [
        Row(
            f"CPU ms for a job taken, {many:,} wait",
            results["taken, many"],
            f"jetdirect, {FEW} wait",
            results["taken, few"],
            atMost(NOISE),
        ),
        Row(
            f"CPU ms for a job printed, {many:,} wait",
            results["printed, many"],
            f"jetdirect, {fewer:,} wait",
            results["printed, few"],
            atMost(NOISE),
        ),
    ]


def _restart(lab: Lab) -> list[Row]:
    jobs = lab.scaled(MANY)
    first, memory = [], []
    with spoolOn(lab.disk, jobs, 1) as spool:
        for _ in range(lab.rounds):
            with lab.sink() as sink:
                began = time.monotonic()
                with Spooled(lab.directory("spooled"), sink.ports, spool) as server:
                    [printed] = sink.report(1)
                    first.append(printed.first / 1e9 - began)
                    memory.append(measure.residentPeak(server.pid) / 1024**2)
    figure = f"restart with {jobs:,} queued jobs"
    return [
        Row(f"{figure}: first print, s", first, target=atMost(5)),
        Row(f"{figure}: memory at most until then, MiB", memory, target=atMost(150)),
    ]


# A port that streams beside one that keeps its jobs.


def _beside(lab: Lab) -> list[Row]:
    order = Order(0, clients=SENDERS, jobs=lab.scaled(JOBS) * 5, size=SMALL)
    with (
        lab.sink(Manners(listeners=SENDERS)) as sink,
        spoolOn(lab.disk) as spool,
        Ours(lab.directory("alone"), sink.ports, SENDERS + 8) as alone,
        _Mixed(lab.directory("mixed"), sink.ports, spool) as mixed,
    ):

        def one(server: Ours) -> tuple[float, float]:
            delivery = deliver(server, sink, order)
            return delivery.cpu / order.total * 1000, order.total / delivery.seconds

        results = lab.interleaved(
            {"mixed": lambda: one(mixed), "alone": lambda: one(alone)}, unsteady=True
        )
    mine, theirs = zip(*results["mixed"], strict=True), zip(*results["alone"], strict=True)
    (cpu, rate), (cpuAlone, rateAlone) = tuple(mine), tuple(theirs)
    figure, beside = "streamed beside a port that keeps jobs", "jetdirect without a spool"
    return [
        Row(f"{figure}: CPU ms/job", cpu, beside, cpuAlone, atMost(1.03)),
        Row(f"{figure}: jobs/s", rate, beside, rateAlone, atLeast(0.97)),
    ]


class _Mixed(Ours):
    """The ports of a gateway without a spool, and one that keeps jobs."""

    def __init__(self, place: Path, sinks: list[int], spool: Path) -> None:
        blocks = [f'spool = "{spool}"']
        for number, sink in enumerate([*sinks, NOBODY], 1):
            kept = "spool = true\n" if sink == NOBODY else ""
            words = f'name = "p{number}"\nnumber = {number}\nuri = "socket://127.0.0.1:{sink}"\n'
            blocks.append(f"[[printer]]\n{words}{kept}")
        file = place / "gateway.toml"
        file.write_text("\n".join(blocks))
        super().__init__(place, [], SENDERS + 8, [f"--config={file}"])
