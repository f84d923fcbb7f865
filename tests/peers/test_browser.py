"""
The page in a real browser: a gateway, printers and senders with real sockets, and Chromium.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.support.browser import NARROW, WIDE, Browser, Page
from tests.support.gateway import IPV4, Gateway
from tests.support.peer import PATIENCE
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session
from tests.support.started import freePort

pytestmark = pytest.mark.long

PIECE = b"x" * 250_000
LIVE = "document.getElementById('live').textContent === 'Live'"


class Running:
    """A gateway with a printer that streams, one that is off, and one that keeps its jobs."""

    def __init__(self, folder: Path) -> None:
        self.laser, self.off, self.labels = RawPrinter(), RawPrinter(on=False), RawPrinter()
        file = folder / "gateway.toml"
        self.web = freePort()
        file.write_text(
            f'web = "tcp:{self.web}:interface=127.0.0.1"\nspool = "spool"\nkeep = 5\n'
            'default-port = "laser"\n'
            f'[[printer]]\nname = "laser"\nuri = "{self.laser.uri()}"\n'
            'description = "Ward 3, second floor"\nlocation = "Room 12"\n'
            f'[[printer]]\nname = "off"\nuri = "{self.off.uri()}"\nspool = true\n'
            f'[[printer]]\nname = "labels"\nuri = "{self.labels.uri()}"\nspool = true\n'
        )
        self._words = folder, "--port", IPV4, f"--config={file}"
        self.start()

    def start(self) -> None:
        """Begin, and wait until what was kept is known."""
        self.gateway = Gateway(*self._words)
        self.gateway.waitFor(r"^\S+ .*Site.* starting on ")
        end = time.monotonic() + PATIENCE
        while not self.ready():  # the gateway itself says when its spool is open
            assert time.monotonic() < end

    def ready(self) -> bool:
        """Are jobs taken?"""
        try:
            with urlopen(self.url("/readyz")) as answer:
                return bool(answer.status == 200)
        except HTTPError:
            return False

    def url(self, path: str = "/") -> str:
        """Where a page is."""
        return f"http://127.0.0.1:{self.web}{path}"

    def sender(self) -> Session:
        """Somebody who has logged in."""
        return Session(self.gateway.ports[0])

    def kill(self) -> None:
        """The process is gone at once, and another one begins."""
        os.kill(self.gateway.pid, signal.SIGKILL)
        self.gateway.stop()
        self.start()

    def stop(self) -> None:
        """The end."""
        self.gateway.stop()
        for each in (self.laser, self.off, self.labels):
            each.stop()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One for all tests: it takes seconds to start."""
    with Browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def running(tmp_path: Path, browser: Browser) -> Iterator[Running]:
    """A gateway; its pages are closed with it."""
    found = Running(tmp_path)
    yield found
    browser.closePages()
    found.stop()


def live(browser: Browser, running: Running, path: str) -> Page:
    """A page that is told what is new."""
    page = browser.page()
    page.go(running.url(path))
    page.until(LIVE)
    return page


def test_bytesMove(browser: Browser, running: Running) -> None:
    """A job's bytes move on an open page; canceled there at half, its sender hears 551."""
    page, one = live(browser, running, "/"), live(browser, running, "/ports/laser")
    with running.sender() as sender:
        sender.say("TYPE I")
        sender.say(f"ALLO {4 * len(PIECE)}")
        with sender.upload("letter.ps") as wire:
            wire.sendall(PIECE)
            page.until("document.getElementById('port-laser').innerText.includes('25\\u00a0%')")
            wire.sendall(PIECE)
            page.until("document.getElementById('port-laser').innerText.includes('50\\u00a0%')")
            assert "500 kB of 1.0 MB" in page.text.replace("\xa0", " ")
            one.until("document.querySelector('#now progress').value === 50")
            one.click("#now summary")
            assert "Its sender is told 551" in one.text
            one.click("#now details[open] button")
            assert sender.reply().startswith("551")
    one.until("document.querySelector('#ended [id^=job-]') !== null")
    row = one.run("document.querySelector('#ended [id^=job-]').innerText")
    assert "Canceled\nby an operator at 127.0.0.1" in row
    page.until("document.getElementById('port-laser').innerText.includes('No jobs')")
    assert page.complaints == one.complaints == []


def test_jobEnds(browser: Browser, running: Running) -> None:
    """On an open page of its printer a job goes from the line to the printer, and to the ended."""
    page = live(browser, running, "/ports/laser")
    with running.sender() as first, running.sender() as second:
        with first.upload("one.ps") as wire:
            page.until("document.querySelector('#now #job-1') !== null")
            second.say("TYPE I")
            second.putcmd("EPSV")
            port = int(second.reply().split("|")[3])
            with socket.create_connection(("127.0.0.1", port)) as other:
                second.putcmd("STOR two.ps")
                page.until("document.querySelector('#waiting #job-2') !== null")
                wire.close()
                assert first.reply().startswith("226")
                page.until("document.querySelector('#ended #job-1') !== null")
                assert second.reply().startswith("150")
                page.until("document.querySelector('#now #job-2') !== null")
                other.sendall(b"x")
            assert second.reply().startswith("226")
        page.until("document.querySelector('#ended #job-2') !== null")
    assert page.run("[...document.querySelectorAll('#ended li')].map(e => e.id).join()") == (
        "job-2,job-1"
    )
    assert page.complaints == []


def test_filters(browser: Browser, running: Running) -> None:
    """What is chosen stands in the address: reload and back keep it."""
    with running.sender() as sender:
        for name in ("one.ps", "two.ps"):
            assert sender.send(b"x", name).startswith("226")
    page = live(browser, running, "/jobs")
    page.run("document.querySelector('input[name=q]').value = 'two'")
    page.click("form[role=search] button")
    page.until("location.search.includes('q=two') && document.readyState === 'complete'")
    assert "one.ps" not in page.text and "two.ps" in page.text
    page.call("Page.reload")
    page.until(LIVE)
    assert "one.ps" not in page.text and "two.ps" in page.text
    page.click("ul.box a")
    page.until("location.pathname.startsWith('/jobs/')")
    page.run("history.back()")
    page.until("location.search.includes('q=two') && document.readyState === 'complete'")
    page.until(LIVE)
    assert page.run("document.querySelector('input[name=q]').value") == "two"
    assert "one.ps" not in page.text


def reached(page: Page, text: str) -> None:
    """Press Tab until something has the focus."""
    for _ in range(60):
        page.key("Tab")
        if text in str(page.run("document.activeElement.textContent")):
            return
    raise AssertionError(f"no Tab leads to {text}")


def test_keyboard(browser: Browser, running: Running) -> None:
    """All without a mouse: the question opens, is taken back, is said yes to; the focus stays."""
    page = live(browser, running, "/")
    reached(page, "Pause laser")
    page.key("Enter")
    page.until("document.activeElement.parentElement.open")
    page.key("Escape")
    page.until("!document.activeElement.parentElement.open")
    page.key("Enter", "Tab")
    assert page.run("document.activeElement.innerText") == "Yes, pause"
    page.key("Enter")
    page.until("document.getElementById('port-laser').innerText.includes('Paused')")
    row = page.run("document.activeElement.innerText")
    assert "Paused" in row and "laser" in row
    assert "until the gateway ends" not in row
    assert page.run("document.title") == "1 waiting for a person - jetdirect"
    assert page.complaints == []


def test_focusStays(browser: Browser, running: Running) -> None:
    """News move rows, and do not take the focus, or a question that somebody reads."""
    page = live(browser, running, "/")
    reached(page, "Pause labels")
    page.key("Enter")
    with running.sender() as sender:
        assert sender.send(b"x", "off/a.ps").startswith("226")
        page.until("document.querySelector('#ports .row').id === 'port-off'")
    assert page.run("document.querySelector('#port-labels details').open")
    assert "labels" in page.run("document.activeElement.innerText")


def test_scriptOff(browser: Browser, running: Running) -> None:
    """Without scripts each action works, asks once, and shows its result on the row."""
    with running.sender() as sender:
        for name in ("off/one.ps", "off/two.ps"):
            assert sender.send(b"x", name).startswith("226")
    page = browser.page(script=False)
    page.go(running.url("/ports/off"))
    first = "#waiting .row"
    assert "As of" in page.text
    page.click(f"{first} details:nth-of-type(2) summary")
    assert "Let it wait for a person?" in page.text
    page.click(f"{first} details[open] button")
    page.until("document.body.innerText.includes('Held\\nby an operator')")
    page.until("location.hash.startsWith('#job-')")
    assert "Held" in page.run(f"document.querySelector('{first} .note').innerText")
    page.click(f"{first} details:nth-of-type(1) summary")
    page.click(f"{first} details[open] button")
    page.until("document.querySelector('.note').innerText.includes('Released')")
    number = page.run("document.querySelector('#waiting .row a').innerText.slice(4)")
    page.go(running.url(f"/jobs/{number}"))
    page.run(
        "[...document.querySelectorAll('summary')].find(e=>e.innerText.includes('Move')).id='m'"
    )
    page.click("#m")
    page.run("document.querySelector('details[open] select').value = 'labels'")
    page.click("details[open] button")
    running.labels.waitForJob(1)
    page.until("document.querySelector('.note').innerText.includes('Moved to labels')")
    assert running.labels.jobs == [b"x"]
    assert page.complaints == []


def test_killed(browser: Browser, running: Running) -> None:
    """What a page has answered holds, though the gateway is killed the moment it is shown."""
    page = browser.page(script=False)

    def act(path: str, where: str, verb: str, result: str) -> None:
        page.go(running.url(path))
        first = f"[...document.querySelectorAll('{where} summary')]"
        page.run(f"{first}.find(e => e.innerText.startsWith('{verb}')).id = 'verb'")
        page.click("#verb")
        page.click(f"{where} details[open] button")
        page.until(f"document.querySelector('{where} .note')?.innerText.includes('{result}')")
        running.kill()
        page.go(running.url(path))

    with running.sender() as sender:
        for name in "ab":
            assert "queued" in sender.send(b"x", f"off/{name}.ps")
    act("/ports/off", "#waiting .row", "Hold", "Held")
    assert "Held\nby an operator" in page.text
    held = page.run("document.querySelector('#waiting .row.warn a').innerText")
    act(f"/jobs/{held[4:]}", ".row", "Release", "Released")
    assert "Waits\nreleased by an operator" in page.text
    act(f"/jobs/{held[4:]}", ".row", "Cancel", "Canceled")
    assert "Canceled\nby an operator" in page.text
    act("/", "#port-labels", "Pause", "Paused")
    assert "Paused" in page.run("document.getElementById('port-labels').innerText")
    assert "Paused" not in page.run("document.getElementById('port-off').innerText")
    act("/", "#port-labels", "Resume", "Resumed")
    assert "Ready" in page.run("document.getElementById('port-labels').innerText")


def test_hostile(browser: Browser, running: Running) -> None:
    """What a sender calls its job is text: no script of its runs, and nothing is asked for it."""
    names = [
        "<img src=x onerror=alert(1)>.ps",
        "'><svg onload=alert(1)>.ps",
        "<script>alert(1)<|script>.ps",
    ]
    page = live(browser, running, "/jobs")
    with running.sender() as sender:
        for name in names:
            assert sender.send(b"x", f"off/{name}").startswith("226")
    for name in names:
        page.until(f"document.getElementById('jobs').innerText.includes({json.dumps(name)})")
    for path in ("/", "/jobs?q=%3Cscript%3Ealert(1)%3C/script%3E", "/ports/off", "/log"):
        page.go(running.url(path))
        page.until(LIVE)
        assert page.run("document.querySelectorAll('img,svg,script:not([src])').length") == 0
    assert page.complaints == []


def test_gatewayGone(browser: Browser, running: Running) -> None:
    """Where the gateway is gone the page says that what it shows is old; in the title, too."""
    page = live(browser, running, "/")
    running.gateway.stop()
    page.until("document.getElementById('live').textContent.startsWith('Not connected')")
    assert page.run("document.title").startswith("Not connected - ")


def test_leftOpen(browser: Browser, running: Running) -> None:
    """A page that was open over a restart is live again, and says why it can change nothing."""
    page = live(browser, running, "/")
    running.kill()
    page.until("document.getElementById('live').textContent.startsWith('Not connected')")
    page.until(LIVE)
    reached(page, "Pause laser")
    page.key("Enter", "Tab", "Enter")
    page.until("document.querySelector('h1').innerText.includes('This page is too old')")
    page.click("main a")
    page.until("document.getElementById('port-laser')?.innerText.includes('Ready')")


def axe() -> str:
    """The program that knows the rules for those who do not see a page as others do."""
    file = os.environ.get("AXE")
    if file:
        return Path(file).read_text()
    found = find_spec("axe_core_python")
    if found is None or not found.submodule_search_locations:
        pytest.skip("axe-core is missing: pip install axe-core-python, or name a file in $AXE")
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text()


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe(browser: Browser, running: Running, width: int, dark: bool) -> None:
    """No page breaks a rule of WCAG that a program can judge; none is wider than its window."""
    rules, page = axe(), browser.page(width, dark)
    page.call("Page.setBypassCSP", enabled=True)
    with running.sender() as sender:
        assert sender.send(b"x", "a.ps").startswith("226")
        assert sender.send(b"x", "off/b.ps").startswith("226")
        with sender.upload("now.ps") as wire:
            wire.sendall(PIECE)
            page.go(running.url("/"))
            page.until("document.body.innerText.includes('Cannot be reached')")
            for path in ("/", "/ports/laser", "/ports/off", "/jobs", "/jobs/1", "/config", "/log"):
                page.go(running.url(path))
                page.until(LIVE)
                page.run("document.querySelectorAll('details').forEach(e => { e.open = true })")
                page.run(f"{rules};0")
                told = page.run(
                    "axe.run().then(r => r.violations.map(v => v.id + ': ' + v.help + ': ' +"
                    " v.nodes.map(n => n.html).join(' | ')))"
                )
                assert told == [], path
                wide = page.run("document.documentElement.scrollWidth")
                assert wide <= width, (path, wide)
