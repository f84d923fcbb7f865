"""
Jobs that are kept in a database, beside those in files, in one run on one disk.
"""

from __future__ import annotations

from benchmarks.figures.spool import JOBS, SENDERS, SMALL
from benchmarks.lab import Lab
from benchmarks.sender import Load, Order, send
from benchmarks.servers.spooled import Spooled, spoolOn
from benchmarks.table import Row, atMost
from tests.support.postgresql import PostgreSQL
from tests.support.process import cpuSeconds

_MILLISECONDS = 1e6


def run(lab: Lab) -> list[Row]:
    """Small jobs by several senders."""
    shares: list[float] = []
    own: list[float] = []

    def files() -> tuple[float, float]:
        with (
            spoolOn(lab.disk) as spool,
            Spooled(lab.directory("files"), [], spool) as server,
        ):
            return _figures(_taken(lab, server))

    def database() -> tuple[float, float]:
        with (
            PostgreSQL(place=lab.disk) as postgresql,
            Spooled(lab.directory("database"), [], postgresql.fresh()) as server,
        ):
            load = _taken(lab, server)
            shares.append(postgresql.cpuSeconds / len(load.jobs) * 1e3)
            own.append(cpuSeconds(server.pid) / len(load.jobs) * 1e3)
            return _figures(load)

    results = lab.interleaved({"files": files, "database": database})

    def column(name: str, which: int) -> list[float]:
        return [each[which] for each in results[name]]

    figure = f"queued in PostgreSQL, {SMALL // 1024} KiB, {SENDERS} senders"
    late = column("database", 1)
    return [
        Row(f"{figure}: p95 of the 226, ms", late, "in files", column("files", 1), atMost(3)),
        Row(f"{figure}: jobs/s", column("database", 0), "in files", column("files", 0)),
        Row(f"{figure}: processor of the database, ms a job", shares, "of the gateway", own),
    ]


def _taken(lab: Lab, server: Spooled) -> Load:
    order = Order(
        server.port, clients=SENDERS, jobs=lab.scaled(JOBS), size=SMALL, name=server.jobName
    )
    return send(order)


def _figures(load: Load) -> tuple[float, float]:
    late = sorted(job.replied - job.closed for job in load.jobs)
    rate = len(load.jobs) / ((load.ended - load.began) / 1e9)
    return rate, late[int(len(late) * 0.95)] / _MILLISECONDS
