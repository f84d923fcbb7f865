"""
Gateways that share a database: each port is printed on by one of them, and when that dies another
one goes on.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.behaviours import pausedAfter
from tests.support.fleet import Fleet
from tests.support.postgresql import PostgreSQL
from tests.support.rawprinter import RawPrinter, good

pytestmark = pytest.mark.long

PORTS = 3


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    """A server for all of them."""
    with PostgreSQL() as server:
        yield server


@pytest.fixture
def printers() -> Iterator[list[RawPrinter]]:
    """Printers that are well."""
    made = [RawPrinter() for _ in range(PORTS)]
    yield made
    for each in made:
        each.stop()


@pytest.fixture
def fleet(tmp_path: Path, server: PostgreSQL, printers: list[RawPrinter]) -> Iterator[Fleet]:
    """Two gateways with three ports."""
    made = Fleet(tmp_path, server.fresh(), *(each.uri() for each in printers))
    made.waitForOwners()
    yield made
    made.stop()


def knows(fleet: Fleet, gateway: int, count: int) -> bool:
    """Does a gateway know so many jobs?"""
    return len(fleet.jobs(gateway)) == count


def allPrinted(fleet: Fleet, gateway: int) -> bool:
    """Are all that it knows printed?"""
    return {job["state"] for job in fleet.jobs(gateway).values()} == {"completed"}


def test_anyTakesOnePrints(fleet: Fleet, printers: list[RawPrinter]) -> None:
    """
    Any gateway takes jobs for any port, numbers are given once, and each job is printed once, by
    the gateway whose port it is; all gateways show all.
    """
    numbers = set()
    for gateway in (0, 1):
        for port in range(1, PORTS + 1):
            told = fleet.print(gateway, f"PORT{port}/a.ps", f"{gateway} {port}".encode())
            assert "queued" in told
            numbers.add(told.partition("job ")[2].partition(",")[0])
    assert len(numbers) == 2 * PORTS
    for port, printer in enumerate(printers, start=1):
        printer.waitForJob(2)
        assert sorted(printer.jobs) == [f"0 {port}".encode(), f"1 {port}".encode()]
    for gateway in (0, 1):
        fleet.until(partial(allPrinted, fleet, gateway))
    one, other = fleet.owned.values()
    assert not one & other and len(one | other) == PORTS
    assert "Traceback" not in fleet.log


def test_deadOwner(tmp_path: Path, server: PostgreSQL) -> None:
    """What waits at a dead gateway's port is printed in 5 s; what printed is held in doubt."""
    paper = threading.Event()
    with RawPrinter(pausedAfter(1000, paper), good) as printer:
        fleet = Fleet(tmp_path, server.fresh(), printer.uri())
        with fleet:
            fleet.waitForOwners()
            [owner] = [number for number, owned in fleet.owned.items() if owned]
            other = 1 - owner
            assert "queued" in fleet.print(other, "a.ps", b"x" * 100_000)
            printer.waitForBytes(1, 1000)
            assert "queued" in fleet.print(other, "b.ps", b"second")
            late = fleet.gateways[other].late
            fleet.kill(owner)
            took = fleet.until(lambda: b"second" in printer.jobs)
            took -= fleet.gateways[other].late - late
            print(f"the next job was printed after {took:.1f} s")
            assert took < 5
            paper.set()
            [first, second] = sorted(fleet.jobs(other).values(), key=lambda job: job["number"])
            assert first["state"] == "pending-held" and "interrupted" in first["reason"]
            fleet.until(lambda: fleet.jobs(other)[second["number"]]["state"] == "completed")
            assert "Traceback" not in fleet.log


def test_verbsElsewhere(tmp_path: Path, server: PostgreSQL) -> None:
    """What a person wants of a job is done by the gateway that prints there, whoever is asked."""
    with RawPrinter(on=False) as printer, RawPrinter() as other:
        fleet = Fleet(tmp_path, server.fresh(), printer.uri(), other.uri())
        with fleet:
            fleet.waitForOwners()
            for name in ("a.ps", "b.ps", "c.ps"):
                fleet.print(0, name, name.encode())
            for gateway in (0, 1):
                fleet.until(partial(knows, fleet, gateway, 3))
            first, second, third = sorted(fleet.jobs(0))
            for gateway in (0, 1):
                job = fleet.ask(gateway, f"/api/jobs/{first}/hold", {})
                assert job["state"] == "pending-held"
                job = fleet.ask(1 - gateway, f"/api/jobs/{first}/release", {})
                assert job["state"] == "pending"
            assert fleet.ask(0, f"/api/jobs/{second}/cancel", {})["state"] == "canceled"
            fleet.ask(1, f"/api/jobs/{third}/move", {"to": "PORT2"})
            assert other.waitForJob(1) == b"c.ps"
            fleet.ask(0, "/api/ports/PORT1/pause", {})
            fleet.until(lambda: "paused" in fleet.ask(1, "/api/ports/PORT1")["reasons"])
            printer.switchOn()
            assert not printer.callers
            fleet.ask(1, "/api/ports/PORT1/resume", {})
            fleet.until(lambda: "paused" not in fleet.ask(0, "/api/ports/PORT1")["reasons"])
            assert printer.waitForJob(1) == b"a.ps"
            assert "Traceback" not in fleet.log


def test_silentOwner(tmp_path: Path, server: PostgreSQL) -> None:
    """Of a port whose gateway is stopped the others say which one that is, until it goes on."""
    with (
        RawPrinter() as printer,
        Fleet(tmp_path, server.fresh(), printer.uri()) as fleet,
    ):
        fleet.waitForOwners()
        [owner] = [number for number, owned in fleet.owned.items() if owned]
        other, pid = 1 - owner, fleet.gateways[owner].pid

        def reasons() -> list[str]:
            said: list[str] = fleet.ask(other, "/api/ports/PORT1")["reasons"]
            return said

        assert reasons() == ["printed-elsewhere"]
        os.kill(pid, signal.SIGSTOP)
        try:
            fleet.until(lambda: "gateway-silent" in reasons())
            port = fleet.ask(other, "/api/ports/PORT1")
            assert port["state"] == "stopped" and f"process {pid} owns it" in port["message"]
            page = fleet.page(other)
            assert "Its gateway does not answer" in page and f"process {pid} owns it" in page
        finally:
            os.kill(pid, signal.SIGCONT)
        fleet.until(lambda: reasons() == ["printed-elsewhere"])
