"""
A gateway whose network to the database is cut: with real cables, which are pulled, the server frees
its lock by itself, and never have two gateways one printer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.behaviours import pausedAfter
from tests.support.gateway import IPV4, Gateway
from tests.support.namespaces import Namespaces
from tests.support.postgresql import PostgreSQL
from tests.support.rawprinter import RawPrinter, good
from tests.support.session import Session, lastLine

pytestmark = pytest.mark.long

PAGE = b"x" * 20_000_000
"""More than the kernels between gateway and printer take."""


@pytest.fixture
def net() -> Iterator[Namespaces]:
    """A machine with two cables: the database at one, its printer at the other."""
    with Namespaces(1) as made:
        yield made


@pytest.fixture
def server(net: Namespaces) -> Iterator[PostgreSQL]:
    """A database that is reached over a cable."""
    listen = f"listen_addresses = '127.0.0.1,{net.net}.254'"
    with PostgreSQL(listen, trusted=f"{net.net}.0/24") as made:
        yield made


def said(folder: Path, name: str, printer: str, spool: str) -> str:
    """The option for a file with that printer, by one name for all who know it."""
    file = folder / f"{name}.toml"
    text = f'spool = "{spool}"\n[defaults]\nspool = true\n'
    file.write_text(f'{text}[[printer]]\nname = "ward3"\nuri = "{printer}"\n')
    return f"--config={file}"


def test_pulled(net: Namespaces, server: PostgreSQL, tmp_path: Path) -> None:
    """
    Two seconds after the last answer the gateway resets its printer's connection; after four the
    server lets go of its lock, and another gateway prints what waits.  The job that printed is in
    doubt.
    """
    paper = threading.Event()
    with RawPrinter(pausedAfter(1000, paper), good, host="0.0.0.0") as printer:
        uri = server.fresh().replace("127.0.0.1", f"{net.net}.254")
        far, near = (
            printer.uri().replace("0.0.0.0", host) for host in (net.second(1), "127.0.0.1")
        )
        words = ["--port=tcp:2121", "--drain-timeout=0", said(tmp_path, "far", far, uri)]
        first = Gateway(tmp_path, *words, before=net.inside(1))
        with first:
            server.until("SELECT count(*) FROM jetdirect.ports WHERE owner IS NOT NULL", "1")
            with Session(2121, f"{net.net}.1") as session:
                assert "queued" in lastLine(session.send(PAGE, "a.ps"))
                printer.waitForBytes(1, 1000)
                assert "queued" in lastLine(session.send(b"second", "b.ps"))
            second = Gateway(tmp_path, "--port", IPV4, said(tmp_path, "near", near, uri))
            with second:
                server.until("SELECT count(*) FROM jetdirect.gateways", "2")
                server.until("SELECT owner FROM jetdirect.ports", "1")
                net.plug(1, False)
                pulled, late = time.monotonic(), (first.late, second.late)
                first.waitFor("has not answered for 2 s")
                silent = time.monotonic() - pulled - (first.late - late[0])
                printer.waitForJob(2)
                took = time.monotonic() - pulled - (second.late - late[1])
                print(f"cut after {silent:.1f} s, the next job printed after {took:.1f} s")
                assert silent < 3.5 and took < 8
                assert printer.jobs[1] == b"second"
                second.waitFor("job 1 on ward3 is in doubt: interrupted")
                paper.set()
                net.plug(1, True)
                first.waitFor("the spool is well again")
                assert "Traceback" not in first.log + second.log
