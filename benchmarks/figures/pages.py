"""
The page of four thousand printing ports and a hundred thousand jobs, and what open pages cost.
"""

from __future__ import annotations

import ftplib
import io
import shutil
import socket
import statistics
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks.figures.fleet import CUPSD_PATIENCE, Fleet, queues
from benchmarks.figures.history import KNOWN, jobs
from benchmarks.lab import Lab
from benchmarks.process import PATIENCE
from benchmarks.servers.server import freePort
from benchmarks.table import Row, atMost
from jetdirect.watch.database import Database
from tests.support.browser import Browser
from tests.support.cups import PrintServer

PRINTERS = 4000
OPEN = 50
"""Pages that are open at a time."""

WATCHED = 20.0
"""Seconds of which the processor time is taken; a job comes each second."""

_ASKED = 21
"""Times each page is asked for."""

_PAGES: Mapping[str, str] = {
    "/": "/",
    "/ports/NAME": "/ports/p7",
    "/jobs": "/jobs",
    "/jobs, failed ones of one user": "/jobs?state=aborted&user=user50",
    "/jobs/N": "/jobs/4711",
}


_PAINTED = ("/", "/jobs")

_PAINT = "performance.getEntriesByName('first-contentful-paint')"


class Paged(Fleet):
    """A gateway with a page, a history, and one printer that takes jobs."""

    def __init__(self, place: Path, printers: int, history: Path, jobs: Path) -> None:
        self.web = freePort()
        self.jobs = jobs
        self.history = history
        super().__init__(place, printers)

    def write(self, printers: int, turn: int = 0) -> None:
        """The file."""
        super().write(printers, turn)
        text = self.file.read_text()
        web = f'web = "tcp:{self.web}:interface=127.0.0.1"'
        more = f'{web}\nhistory = "{self.history}"\nhistory-days = 100000\n'
        sink = f'\n[[printer]]\nname = "sink"\nuri = "file://{self.jobs}"\n'
        self.file.write_text(more + text + sink)

    def first(self, path: str) -> tuple[float, int]:
        """Milliseconds to the first byte of a page, and its bytes."""
        return _first(self.web, path)

    def watch(self, path: str) -> socket.socket:
        """One more open page, which is told what is new."""
        wire = socket.create_connection(("127.0.0.1", self.web), PATIENCE)
        of = f"/events?of={path}"
        wire.sendall(f"GET {of} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert wire.recv(65536).startswith(b"HTTP/1.1 200")
        wire.setblocking(False)
        return wire


def _first(port: int, path: str) -> tuple[float, int]:
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as wire:
        began = time.monotonic()
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        wire.sendall(head.encode())
        data = wire.recv(65536)
        taken = (time.monotonic() - began) * 1000
        assert data.startswith(b"HTTP/1.1 200"), data[:200]
        size = len(data)
        while data := wire.recv(65536):
            size += len(data)
    return taken, size


def run(lab: Lab) -> list[Row]:
    """First bytes, sizes, and the processor time of open pages."""
    printers, known = lab.scaled(PRINTERS), lab.scaled(KNOWN)
    history = lab.directory("history") / "history.sqlite"
    database = Database(str(history))
    database.write(jobs(known))
    database.close()
    rows = []
    with Paged(lab.directory("pages"), printers, history, lab.disk / "jobs") as gateway:
        for what, path in _PAGES.items():
            before = gateway.cpu()
            found = [gateway.first(path) for _ in range(_ASKED)]
            cost = (gateway.cpu() - before) / _ASKED * 1000
            name = f"{printers:,} ports, {known:,} jobs: {what}"
            taken = [statistics.median(each for each, _ in found)]
            rows.append(Row(f"{name}: first byte, ms", taken, target=atMost(100)))
            rows.append(Row(f"{name}: processor time, ms", [cost]))
            rows.append(Row(f"{name}: KiB", [found[0][1] / 1024], target=atMost(60)))
        for what, times in _paints(lab, gateway.web):
            target = atMost(300) if what in _PAINTED else None
            name = f"{printers:,} ports, {known:,} jobs: {what}: first paint in Chromium, ms"
            rows.append(Row(name, times, target=target))
        quiet = _costs(gateway, lab, 0)
        busy = _costs(gateway, lab, OPEN)
        rows.append(Row("a job a second, no page open, % of a core", [quiet]))
        rows.append(
            Row(f"the same, {OPEN} pages open: % of a core more", [busy - quiet], target=atMost(5))
        )
    title = f"{printers:,} ports: first byte of the page of printers, ms"
    rows.append(Row(title, rows[0].ours, "cupsd", _cups(printers)))
    return rows


def _paints(lab: Lab, port: int) -> list[tuple[str, list[float]]]:
    # From the address to the first text on the screen, with nothing of the page known before; and
    # that of a file of one line, which is the browser's own part. In turn, as a machine is busy.
    if shutil.which("chromium") is None:
        lab.say("    no first paint: apt-get install chromium")
        return []
    line = lab.directory("line") / "line.html"
    line.write_text("<h1>One line</h1>")
    places = {each: f"http://127.0.0.1:{port}{each}" for each in _PAINTED}
    places["a file of one line"] = f"file://{line}"
    found: dict[str, list[float]] = {each: [] for each in places}
    browser = Browser(lab.directory("chromium"))
    try:
        for _ in range(_ASKED):
            for name, url in places.items():
                found[name].append(_paint(browser, url))
    finally:
        browser.stop()
    return [*found.items()]


def _paint(browser: Browser, url: str) -> float:
    page = browser.page()
    page.call("Network.enable")
    page.call("Network.setCacheDisabled", cacheDisabled=True)
    page.go(url)
    page.until(f"{_PAINT}.length > 0")
    found = page.run(f"{_PAINT}[0].startTime")
    browser.closePages()
    return float(found)


def _costs(gateway: Paged, lab: Lab, pages: int) -> float:
    # Half of them show all printers, the others one of them, and jobs.
    with ExitStack() as stack:
        wires = [gateway.watch(("/", "/ports/sink", "/", "/jobs")[n % 4]) for n in range(pages)]
        for wire in wires:
            stack.enter_context(wire)
        seconds = max(5.0, WATCHED * min(1, lab.scale))
        end = time.monotonic() + seconds
        before = gateway.cpu()
        while time.monotonic() < end:
            with ftplib.FTP(timeout=PATIENCE) as session:
                session.connect("127.0.0.1", gateway.port)
                session.login("anonymous", "tester@example.org")
                session.storbinary("STOR sink/a.ps", io.BytesIO(b"x" * 1024))
            for wire in wires:
                try:
                    while wire.recv(65536):
                        pass
                except BlockingIOError:
                    continue
            time.sleep(1)
        return (gateway.cpu() - before) / seconds * 100


def _cups(printers: int) -> list[float]:
    # Its page, too, shows some queues of many; to find out which, it reads them all.
    if shutil.which("cupsd", path="/usr/sbin:/sbin:/usr/bin") is None:
        return []
    server = PrintServer("socket://192.0.2.1:9100", queues(printers), CUPSD_PATIENCE, web=True)
    try:
        found = [_first(server.port, "/printers/") for _ in range(3)]
    finally:
        server.stop()
    return [statistics.median(each for each, _ in found)]
