"""
Jobs that are kept in a database, beside those in files, in one run on one disk.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks.figures.spool import JOBS, SENDERS, SMALL
from benchmarks.lab import Lab
from benchmarks.sender import Load, Order, send
from benchmarks.servers.spooled import Spooled, spoolOn
from benchmarks.table import Row, atMost
from tests.support.postgresql import PostgreSQL
from tests.support.process import cpuSeconds

_MILLISECONDS = 1e6


def run(lab: Lab) -> list[Row]:
    """Small jobs by several senders, to one gateway and to three."""
    taken: dict[str, list[_Taken]] = lab.interleaved(
        {
            "files": lambda: _files(lab),
            "one": lambda: _database(lab, 1),
            "three": lambda: _database(lab, 3),
        }
    )
    files, one, three = taken["files"], taken["one"], taken["three"]
    figure = f"queued in PostgreSQL, {SMALL // 1024} KiB, {SENDERS} senders"
    several = f"{figure} for each of 3"
    share, own = "processor of the database, ms a job", "of all gateways"
    return [
        Row(
            f"{figure}: p95 of the 226, ms",
            [each.late for each in one],
            "in files",
            [each.late for each in files],
            atMost(3),
        ),
        Row(
            f"{figure}: jobs/s",
            [each.rate for each in one],
            "in files",
            [each.rate for each in files],
        ),
        Row(
            f"{figure}: {share}",
            [each.database for each in one],
            "of the gateway",
            [each.gateways for each in one],
        ),
        Row(
            f"{several}: jobs/s",
            [each.rate for each in three],
            "one gateway",
            [each.rate for each in one],
        ),
        Row(
            f"{several}: {share}",
            [each.database for each in three],
            own,
            [each.gateways for each in three],
        ),
    ]


class _Taken(NamedTuple):
    """
    One round.

    @ivar rate: jobs a second.
    @ivar late: milliseconds to the 226, of the slowest but 5 in 100.
    @ivar database: milliseconds of a processor for each job; C{gateways}: of all of them.
    """

    rate: float
    late: float
    database: float = 0.0
    gateways: float = 0.0


def _files(lab: Lab) -> _Taken:
    with (
        spoolOn(lab.disk) as spool,
        Spooled(lab.directory("files"), [], spool) as server,
    ):
        return _Taken(*_figures([_sent(lab, server)]))


def _database(lab: Lab, gateways: int) -> _Taken:
    with ExitStack() as stack:
        postgresql = stack.enter_context(PostgreSQL(place=lab.disk))
        uri = postgresql.fresh()
        servers = [
            stack.enter_context(Spooled(lab.directory("database"), [], uri))
            for _ in range(gateways)
        ]
        before = postgresql.cpuSeconds, sum(cpuSeconds(each.pid) for each in servers)
        with ThreadPoolExecutor() as pool:
            loads = [*pool.map(lambda server: _sent(lab, server), servers)]
        jobs = sum(len(load.jobs) for load in loads)
        database = (postgresql.cpuSeconds - before[0]) / jobs * 1e3
        own = (sum(cpuSeconds(each.pid) for each in servers) - before[1]) / jobs * 1e3
        return _Taken(*_figures(loads), database, own)


def _sent(lab: Lab, server: Spooled) -> Load:
    order = Order(
        server.port, clients=SENDERS, jobs=lab.scaled(JOBS), size=SMALL, name=server.jobName
    )
    return send(order)


def _figures(loads: list[Load]) -> tuple[float, float]:
    jobs = [job for load in loads for job in load.jobs]
    late = sorted(job.replied - job.closed for job in jobs)
    took = max(load.ended for load in loads) - min(load.began for load in loads)
    return len(jobs) / (took / 1e9), late[int(len(late) * 0.95)] / _MILLISECONDS
