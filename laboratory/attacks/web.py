"""
The page under attack (A22 to A25), while others print: crowds, slow peers, endless requests, open
pages that nobody reads, and requests that pages of other sites send.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import time
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from random import Random

from jetdirect.record import JobRecord, JobState
from jetdirect.text import printable
from jetdirect.web import frame, rows
from jetdirect.web.events import STREAMS
from jetdirect.web.site import REQUEST_TIME
from laboratory.attacks.figures import Figures
from laboratory.attacks.victim import GATEWAY, MIB, Victim
from tests.support.peer import PATIENCE

WEB = f"tcp:0:interface={GATEWAY}"
_HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"

HELD = 100
"""Connections that the page may hold: written here once more, or the attack would believe it."""

_SLACK = 8
"""Descriptors that come and go with those who print."""


def victim(place: Path, *options: str) -> tuple[Victim, int]:
    """A gateway with a page, and the page's port."""
    found = Victim(place, f"--web={WEB}", *options)
    return found, int(found.gateway.waitFor(r"^\S+ .*Site.* starting on (\d+)")[1])


def _connected(port: int, receive: int | None = None) -> socket.socket:
    wire = socket.socket()
    if receive is not None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    wire.settimeout(PATIENCE)
    wire.connect((GATEWAY, port))
    return wire


def _open(wires: Iterable[socket.socket]) -> int:
    # How many of them are not at their end.
    found = 0
    for wire in wires:
        ready, _, _ = select.select([wire], [], [], 0)
        try:
            found += not ready or wire.recv(1, socket.MSG_PEEK) != b""
        except OSError:
            continue
    return found


def _ended(wires: list[socket.socket], seconds: float) -> float:
    began = time.monotonic()
    while _open(wires) and time.monotonic() - began < seconds:
        time.sleep(0.1)
    assert not _open(wires), f"{_open(wires)} of {len(wires)} are open after {seconds} s"
    return time.monotonic() - began


def crowd(place: Path, count: int) -> Figures:
    """So many connections that say nothing, and so many that say a byte now and then."""
    found, port = victim(place)
    with found:
        found.works()
        before = found.descriptors
        silent = [_connected(port) for _ in range(count)]
        found.works()
        held = found.descriptors - before
        assert held <= HELD + _SLACK, held
        for wire in silent:
            with contextlib.suppress(OSError):
                wire.sendall(_HEAD + b"X: ")
        slow = 0
        end = time.monotonic() + REQUEST_TIME + PATIENCE
        while _open(silent) and time.monotonic() < end:
            for wire in silent:
                with contextlib.suppress(OSError):
                    wire.sendall(b"x")
            slow += 1
            time.sleep(0.5)
        assert not _open(silent)
        for wire in silent:
            wire.close()
        found.works()
        assert found.settle(before + _SLACK) <= before + _SLACK
        with _connected(port) as wire:
            wire.sendall(_HEAD + b"\r\n")
            assert wire.recv(15).startswith(b"HTTP/1.1 200")
    return {"connections": count, "descriptors held at most": held}


def bodies(place: Path, count: int) -> Figures:
    """Requests with so many MiB: announced, in chunks, as a form, as a head, as an address."""
    found, port = victim(place)
    with found:
        found.works()
        found.forgetPeak()
        before = found.memory
        taken = {}
        block = b"a" * 65536
        post = b"POST /ports/PORT1/pause HTTP/1.1\r\nHost: localhost\r\n"
        form = b"Content-Type: application/x-www-form-urlencoded\r\n"
        beginnings = {
            "announced": post + b"Content-Length: %d\r\n\r\n" % (count * MIB),
            "a form": post + form + b"Content-Length: %d\r\n\r\n" % (count * MIB),
            "in chunks": post + b"Transfer-Encoding: chunked\r\n\r\n",
            "a head": _HEAD + b"X: ",
            "an address": b"GET /",
        }
        for name, beginning in beginnings.items():
            sent = 0
            with _connected(port) as wire, contextlib.suppress(OSError):
                wire.sendall(beginning)
                while sent < count * MIB:
                    wire.sendall(b"10000\r\n" + block + b"\r\n" if name == "in chunks" else block)
                    sent += len(block)
            taken[name] = sent
            assert sent < count * MIB, f"{name}: all of it was taken"
            found.works()
        grown = found.peak - before
        assert grown < 16 * MIB, grown
    kib = {name: f"{sent // 1024} KiB" for name, sent in taken.items()}
    return {"MiB": count, "sent until it was cut": kib, "memory": f"{grown / MIB:.1f} MiB"}


def unread(place: Path, count: int) -> Figures:
    """Open pages that nobody reads, while so many jobs are printed."""
    found, port = victim(place)
    with found:
        found.works()
        found.forgetPeak()
        before, memory = found.descriptors, found.memory
        wires = []
        for number in range(STREAMS + 10):
            wire = _connected(port, 2048)
            # Each shows something else: nothing is shared.
            wire.sendall(
                b"GET /events?of=/jobs%%3Fq=%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % number
            )
            wires.append(wire)
        for _ in range(count):
            found.works()
        grown = found.peak - memory
        assert grown < 64 * MIB, grown
        reading = [wire for wire in wires if wire.recv(12).startswith(b"HTTP/1.1 200")]
        assert len(reading) == STREAMS, len(reading)
        for wire in wires:
            wire.close()
        assert found.settle(before + _SLACK) <= before + _SLACK
    return {"open pages": len(wires), "jobs": count, "memory": f"{grown / MIB:.1f} MiB"}


_PROBES: dict[str, str] = {
    "another name": "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "a name that ends like ours": "GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n",
    "no name": "GET / HTTP/1.1\r\n\r\n",
    "two names": "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    "another site's picture": "GET / HTTP/1.1\r\nHost: localhost\r\n"
    "Sec-Fetch-Site: cross-site\r\n\r\n",
    "a neighbour's page": "GET / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-site\r\n\r\n",
    "another origin": "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n",
    "no origin": "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n",
    "a form without a token": "POST /ports/PORT1/pause HTTP/1.1\r\nHost: localhost\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\ntoken=x",
    "a form to the API": "POST /api/ports/PORT1/pause HTTP/1.1\r\nHost: localhost\r\n"
    "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
    "a change by looking": "GET /ports/PORT1/pause HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "the same of the API": "GET /api/ports/PORT1/pause HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a file": "GET /static/../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a quoted file": "GET /static/%2e%2e%2fdesk.py HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a job's bytes": "GET /jobs/1/data HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another method": "OPTIONS /api/ports HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a tunnel": "CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a proxy's address": "GET http://localhost/jobs/9 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no HTTP": "USER anonymous\r\n\r\n",
    "a header in an address": "GET /x%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


def probes(place: Path, count: int) -> Figures:
    """Requests that must change nothing and show nothing, each so many times."""
    found, port = victim(place)
    with found:
        found.works()
        codes = {}
        for name, request in _PROBES.items():
            for _ in range(count):
                answer = b""
                with _connected(port) as wire, contextlib.suppress(ConnectionError):
                    wire.sendall(request.encode("ascii"))
                    while data := wire.recv(65536):
                        answer += data
            head = answer.partition(b"\r\n\r\n")[0]
            code = int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/") else 0
            assert code == 0 or code >= 400, (name, head)
            assert b"root:" not in answer and not re.search(rb"(?i)\nset-cookie: a=b", head), name
            codes[name] = code
        with _connected(port) as wire:
            wire.sendall(b"GET /api/ports HTTP/1.1\r\nHost: localhost\r\n\r\n")
            text = b""
            while data := wire.recv(65536):
                text += data
            assert b'"paused"' not in text
        found.works()
    return {"requests": len(_PROBES) * count, "answers": codes}


_PIECES = (
    *"<>'\"&/=;:!-`{}$%# \t\\",
    "<script>",
    "</script>",
    "<img src=x onerror=alert(1)>",
    " onmouseover=alert(1) ",
    "javascript:alert(1)",
    "</li>",
    "</ul></main>",
    "<!--",
    "-->",
    "]]>",
    "<![CDATA[",
    "&lt;",
    "&#60;",
    "\x00",
    "\x1b[2J",
    "\u202e",
    "\ud83d\ude00",
    "a",
    "x.ps",
)


class _Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """L{HTMLParser}."""
        self.found.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        """L{HTMLParser}."""
        self.said += data


def names(place: Path, count: int) -> Figures:
    """So many hostile names and users on a row: the elements are those of an innocent one."""
    random = Random(22)
    plain = _row("a.ps", "anna")
    for _ in range(count):
        name, user = (
            printable("".join(random.choices(_PIECES, k=random.randint(1, 12)))) for _ in range(2)
        )
        row = _row(name, user)
        assert row.found == plain.found, (name, user, row.found)
        assert row.said.count(name) >= 2 and user in row.said, (name, user)
    return {"names": 2 * count, "elements that came of one": 0}


def _row(name: str, user: str) -> _Elements:
    record = JobRecord(
        number=1,
        port="PORT1",
        name=name,
        user=user,
        host="192.0.2.1",
        printer="Laser",
        bytes=5,
        state=JobState.ABORTED,
        reasons=(),
        delivery=None,
        attempts=1,
        created=0.0,
        started=0.0,
        completed=1.0,
        seconds=1.0,
        blocked=0.0,
        outcome="aborted",
        reply=551,
        printed="part",
        reason=f"{name} was lost",
        heard=True,
    )
    return _Elements(frame.flat(rows.job(record, 10.0).make()).decode())
