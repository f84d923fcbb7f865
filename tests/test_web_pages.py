"""
What pages show, and what their forms do: on a gateway in memory that keeps jobs.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest

from jetdirect.errors import PrinterUnreachable
from jetdirect.named import named
from jetdirect.spool.limits import Keep
from jetdirect.web.frame import STATIC
from tests.support.webgateway import WebGateway

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><script>alert(1)</script>",
    "--><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt; &#60;i&#62;",
    "{{7*7}} ${7*7} %s %(x)s {0} {by}",
    "data: x\n\nevent: evil\ndata: y",
    "]]><x>",
    "../../etc/passwd",
    "%3Cscript%3E",
]


class Elements(HTMLParser):
    """All elements of a page, and the attributes of each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def text(page: str) -> str:
    """What can be read of a page."""
    _, _, body = page.partition("<body")
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_empty() -> None:
    """Where nobody has printed, it is said how; the command is one that works."""
    shown = text(WebGateway().page("/"))
    assert "All is well" in shown and "Ready" in shown and "Ward 3" in shown
    assert "curl -T page.ps ftp://localhost:2121/PORT1/" in shown


def test_worstFirst() -> None:
    """A printer in trouble stands on top, and why, and for how long; the title has it, too."""
    web = WebGateway()
    lab = web.machine.printers[1]
    lab.refusals = [PrinterUnreachable("it refused the connection")] * 400
    web.machine.upload(b"x", "PORT2/a")
    web.machine.advance(245)
    page = web.page("/")
    assert "<title>1 in trouble - jetdirect</title>" in page and "/static/bad.svg" in page
    shown = text(page)
    assert "1 of 2 printers is in trouble: PORT2" in shown
    assert "Cannot be reached for 4 min: it refused the connection" in shown
    assert shown.index("Lab") < shown.index("Ward 3")
    assert "Lab" not in text(web.page("/?state=well"))
    assert "Ward 3" not in text(web.page("/?q=lab"))


def test_port() -> None:
    """One printer: its job with how far it is, its line, and its last jobs."""
    web = WebGateway()
    web.machine.upload(b"done", "done.ps")
    web.machine.advance(1)
    web.machine.printer.hesitant = True
    web.machine.upload(b"12345", "now.ps")
    web.machine.upload(b"next", "next.ps")
    web.machine.advance(1)
    shown = text(web.page("/ports/port1"))
    assert "Printing" in shown and "Job 2 now.ps" in shown
    assert "5 B of 5 B (100 %)" in shown.replace("\xa0", " ")
    assert "number 1 in line" in shown and "Job 3 next.ps" in shown
    assert "Job 1 done.ps" in shown


def test_job() -> None:
    """The life of a job."""
    web = WebGateway()
    web.machine.upload(b"a page", "a.ps")
    web.machine.advance(1)
    shown = text(web.page("/jobs/1"))
    for part in ("Job 1 a.ps", "Printed", "Came from", "The printer has every byte", "reply 226"):
        assert part in shown, part
    web.page("/jobs/1")


@pytest.mark.parametrize("address", ["/nothing", "/jobs/99", "/jobs/x", "/ports/ward9", "/log/x"])
def test_noPage(address: str) -> None:
    """What is not there is 404, and leads on."""
    reply = WebGateway().ask("GET", address)
    assert reply.status == 404 and b'href="/"' in reply.content


def test_filters() -> None:
    """Jobs are chosen by what stands in the address, and the form shows what that was."""
    web = WebGateway(keep=Keep(jobs=9))
    for number in range(3):
        web.machine.upload(b"x", f"ward-{number}.ps")
    web.machine.upload(b"x", "PORT2/lab.ps")
    web.machine.advance(1)
    assert "lab.ps" not in text(web.page("/jobs?port=PORT1"))
    found = web.page("/jobs?q=ward-1&port=&state=&user=&host=&since=&until=")
    assert "ward-1.ps" in found and "ward-2.ps" not in found
    assert 'name="q" value="ward-1"' in found
    assert "No job is so" in text(web.page("/jobs?state=aborted"))
    assert "ward-1.ps" in web.page("/jobs?since=1970-01-12")
    assert "ward-1.ps" not in web.page("/jobs?since=1999-01-01")
    assert web.ask("GET", "/jobs?state=drunk").status == 400
    assert web.ask("GET", "/jobs?since=yesterday").status == 400
    assert web.ask("GET", "/jobs?colour=red").status == 400


def test_turning() -> None:
    """More jobs than a page has: the next one goes on below."""
    web = WebGateway(keep=Keep(jobs=99))
    for _ in range(60):
        web.machine.upload(b"x", "a.ps")
    web.machine.advance(1)
    page = web.page("/jobs?port=PORT1")
    found = re.search(r'href="(/jobs\?[^"]*before=11[^"]*)"', page)
    assert found is not None and "Job 11<" in page and "Job 10<" not in page
    older = web.page(html.unescape(found[1]))
    assert "Job 10<" in older and "Job 11<" not in older and "Newest" in older


def test_configAndLog() -> None:
    """What is set, what came of the last reload, and the last lines."""
    web = WebGateway()
    web.said = {
        "file": "/etc/jetdirect/gateway.toml",
        "reloads": True,
        "options": [
            {"name": "port", "topic": "Connections", "value": "21", "where": "gateway.toml:1"},
            {"name": "allow", "topic": "Connections", "value": "all", "where": None},
        ],
        "reloaded": {
            "time": "2026-11-30T10:00:00Z",
            "changes": [],
            "errors": ["x: no such key", "y: too"],
        },
    }
    shown = text(web.page("/config"))
    for part in ("gateway.toml:1", "default", "last reload was refused", "x: no such key"):
        assert part in shown, part
    assert shown.count("x: no such key") == shown.count("y: too") == 1
    web.lines = [(1, "info", "first"), (2, "warn", "then <b>")]
    log = web.page("/log")
    assert text(log).index("warn then <b>") < text(log).rindex("first")
    assert web.ask("POST", "/log").status in (403, 405)


def test_cancel() -> None:
    """A form does what it asks, leads back, and the result is on the row."""
    web = WebGateway()
    web.machine.printer.silent = True
    web.machine.upload(b"x", "a.ps")
    web.machine.advance(1)
    reply = web.form("/jobs/1/cancel", {"back": "/ports/PORT1?x=1"})
    assert reply.status == 303 and reply.heads["Location"] == "/ports/PORT1?x=1#job-1"
    assert "Canceled" in text(web.page("/jobs/1"))
    [job] = web.api("/api/jobs")["jobs"]
    assert (job["state"], job["reason"]) == ("canceled", "canceled by an operator at 127.0.0.1")
    reply = web.form("/jobs/1/hold")
    assert reply.status == 303
    assert "Not done: job 1" in text(web.page("/jobs/1"))
    web.machine.advance(61)
    assert "Not done" not in text(web.page("/jobs/1"))


def test_everyVerb() -> None:
    """All that can be done, by forms."""
    web = WebGateway(keep=Keep(jobs=9))
    web.machine.printer.silent = True
    for number in range(3):
        web.machine.upload(b"%d" % number, f"{number}.ps")
    web.machine.advance(1)
    page = web.page("/ports/PORT1")
    for path in re.findall(r'formaction="([^"]+)"', page):
        assert path.startswith(("/jobs/", "/ports/")), path
    web.form("/jobs/1/hold")
    shown = text(web.page("/jobs/1"))
    assert shown.count("Held by an operator") == 2 and "held by" not in shown
    web.form("/jobs/1/release")
    web.form("/jobs/3/next")
    web.form("/jobs/2/move", {"to": "PORT2"})
    assert "Moved to PORT2" in text(web.page("/jobs/2"))
    web.machine.advance(3)
    assert [job.data for job in web.machine.printers[1].jobs] == [b"1"]
    web.form("/jobs/2/reprint")
    assert "prints it again" in text(web.page("/jobs/2"))
    web.form("/jobs/2/erase")
    assert "1.ps" not in web.page("/jobs/2")
    web.form("/ports/PORT1/pause")
    shown = text(web.page("/"))
    assert "Paused" in shown and "Resume" in shown
    web.form("/ports/PORT1/resume")
    web.form("/ports/PORT2/test")
    assert "is a test page" in text(web.page("/ports/PORT2"))
    web.form("/ports/PORT1/move", {"to": "PORT2"})
    assert "2 moved" in text(web.page("/ports/PORT1"))
    web.form("/config/reload")
    web.reloads = [ValueError("the file is wrong")]
    web.form("/config/reload")
    assert "Not done: the file is wrong" in text(web.page("/config"))


@pytest.mark.parametrize(
    "back",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "/x", "/jobs\r\nX: y", ""],
)
def test_backNowhereElse(back: str) -> None:
    """A form leads back to a page of ours, whatever it says."""
    web = WebGateway()
    reply = web.form("/ports/PORT1/pause", {"back": back})
    assert reply.heads["Location"] == "/#port-port1"


def test_hostileNames() -> None:
    """Names of jobs and users are text: no element and no attribute comes from them."""
    web = WebGateway()
    web.machine.printer.silent = True
    for name in HOSTILE:
        sender = web.machine.sender()
        sender.login(name.replace("\n", " "))
        assert "226" in sender.upload(name.replace("/", "|").replace("\n", " "), b"x"), name
        sender.say("QUIT")
    web.machine.advance(1)
    clean = WebGateway()
    clean.machine.printer.silent = True
    for _ in HOSTILE:
        clean.machine.upload(b"x", "a.ps")
    clean.machine.advance(1)
    for address in ("/", "/jobs", "/ports/PORT1", "/jobs/2", "/jobs?q=%3Cscript%3E"):
        hostile = Elements(web.page(address))
        if "q=" not in address:
            kinds = [tag for tag, _ in Elements(clean.page(address)).found]
            assert [tag for tag, _ in hostile.found] == kinds, address
        for tag, attributes in hostile.found:
            assert tag != "img" and not any(name.startswith("on") for name in attributes)
            href = attributes.get("href") or "/"
            assert href.startswith(("/", "#")), href
    assert html.escape(HOSTILE[0].replace("/", "|"), False) in web.page("/jobs")


def test_removed() -> None:
    """A port that is taken away stays as long as it has jobs, and can only give them away."""
    web = WebGateway()
    web.machine.printers[1].silent = True
    web.machine.upload(b"1", name="PORT2/a")
    web.machine.advance(1)
    web.machine.server.apply(named(web.machine.printers[:1], web.machine.settings))
    row = "Removed it is in the configuration no more; 1 job is held for a person PORT2"
    assert row in text(web.page("/"))
    page = text(web.page("/ports/PORT2"))
    assert "Held port removed" in page and "Print all that waits at PORT2 on another port?" in page
    assert "Pause PORT2" not in page and "Test page PORT2" not in page
    web.form("/ports/PORT2/move", {"to": "PORT1"})
    assert "Removed" not in text(web.page("/"))


def test_script() -> None:
    """One script of less than 10 KiB, one style sheet; both from here, and nothing in the page."""
    assert len(STATIC["script.js"][1]) < 10 * 1024
    web = WebGateway()
    page = web.page("/")
    assert "style=" not in page and "<style" not in page
    assert re.findall(r"<script[^>]*>([^<]*)", page) == [""]
    for found in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert found.startswith(("/", "#")), found
    for name in STATIC:
        reply = web.ask("GET", f"/static/{name}")
        assert reply.status == 200 and reply.content == STATIC[name][1]
    [edition] = {*re.findall(r'"/static/(?:style.css|script.js)\?([0-9a-f]{8})"', page)}
    assert web.ask("GET", f"/static/script.js?{edition}").content == STATIC["script.js"][1]
    for content in (STATIC["script.js"][1], STATIC["style.css"][1]):
        assert b"http:" not in content and b"https:" not in content
    assert web.ask("GET", "/static/../api").status == 404


def test_head() -> None:
    """HEAD is GET without a body; what pages cannot be asked with is refused."""
    web = WebGateway()
    assert web.ask("HEAD", "/").status == 200
    assert web.ask("PUT", "/").status == 405
    assert web.ask("DELETE", "/jobs/1").status == 405
