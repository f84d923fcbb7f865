"""
Names that are meant for the log (A18) or for the disk (A19).
"""

from __future__ import annotations

import json
import random
import re
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogEvent, capturedLogs, eventAsJSON, formatEventAsClassicLogText

from jetdirect.configuration import Configuration
from jetdirect.gateway import Gateway
from jetdirect.testing import FakePrinter, FakeSender
from laboratory.attacks.figures import Figures
from laboratory.attacks.theft import dial, passive
from laboratory.attacks.victim import HOSTILE, Victim
from laboratory.attacks.wire import Wire
from tests.support.gateway import Gateway as Process

_PIECES = [
    *(bytes([code]) for code in range(256) if code != 10),
    *(b"\r", b"\x1b[2J", b"\x1b]0;x\x07", b"\x9b1m", b"\x07", b"\0", b"\xff", b"\xff\xff"),
    *(each.encode() for each in "\u202e\u2066\u2028\u2029\x85\u200b\ufeff\U000e0020\xe9\u6f22"),
    *(b"%s", b"%n", b"%d%x", b"{0}", b"{}", b"{name!r}", b"{log_source.__dict__}", b"{", b"}}"),
    *(b"'", b'"', b"\\", b"\\n", b"\\x0a", b"\\u000a", b"#{1}", b"$(id)", b"`id`", b"<script>"),
    *(b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\x8a", b"\xe2\x80", b"../", b"job 1 on PORT1: "),
    b"\r2026-11-22T00:00:00+0000 [jetdirect.job.Job#info] job 1 on PORT1: completed: forged",
]

#: What a line of the log looks like, all of it.
_LINE = re.compile(r"[-+\dT:]{24} \[[\x21-\x7e]+\] [\x20-\x7e]*")

_END = re.compile(r"\S+ \[\S+\] job (\d+) on PORT1: (?:aborted|canceled|completed): ")

_PATHS = [
    b"../../etc/cron.d/x",
    b"/etc/passwd",
    b"..%2f..%2fx",
    b"C:\\windows\\win.ini",
    b"..\\..\\x",
    b"NUL",
    b"con.prn",
    b".",
    b"..",
    b"/",
    b"//",
    b"~root/.ssh/authorized_keys",
    b"-rf",
    b"$(touch owned)",
    b"`touch owned`",
    b"|touch owned",
    b"; touch owned",
    b"PORT1/../../../x",
    b"print-jobs/../x",
    b".bashrc",
    b"a" * 300,
    b"a/" * 300,
    b"x\0.prn",
    b"\xff\xfe",
    b"\r",
]


def hostile(seed: int) -> Iterator[bytes]:
    """Names without end: pieces put together, now and then 10 KiB of them."""
    chance = random.Random(seed)
    while True:
        pieces = chance.choices(_PIECES, k=chance.choice([1, 2, 3, 5, 8, 40]))
        name = b"".join(pieces)
        yield name * (10240 // len(name) + 1) if chance.random() < 0.01 else name


def assertOneLine(event: LogEvent) -> None:
    """As text and as JSON it is one line of printable ASCII, and so is what JSON holds."""
    text = formatEventAsClassicLogText(event)
    assert text is not None and text.endswith("\n") and _LINE.fullmatch(text[:-1]), text
    record = eventAsJSON(event)
    assert re.fullmatch(r"[\x20-\x7e]+", record), record
    for key, value in json.loads(record).items():
        if isinstance(value, str) and not key.startswith("log_"):
            assert re.fullmatch(r"[\x20-\x7e]*", value), (key, value)


def inMemory(place: Path, count: int, seed: int = 1) -> Figures:
    """C{count} names of users and jobs, each in a session of its own; every log event is read."""
    told = 0
    gateways = [
        Gateway(Configuration([FakePrinter()], [], checkers=checkers), MemoryReactorClock())
        for checkers in ((), (InMemoryUsernamePasswordDatabaseDontUse(alice=b"x"),))
    ]
    names = hostile(seed)
    for number in range(count):
        user, name = next(names), next(names)
        gateway = gateways[number % 10 == 9]
        with capturedLogs() as events:
            sender = FakeSender(gateway.factory)
            sender.say(b"USER " + user)
            if sender.say(b"PASS " + name)[:3] == "230":
                sender.passive()
                sender.say((b"STOR ", b"APPE ", b"STOU ")[number % 3] + name)
                if sender.data is not None and number % 4:
                    sender.data.receive(b"page")
                    sender.data.fin()
            else:
                sender.reactor.advance(1)
            sender.wire.rst()
        for event in events:
            assertOneLine(event)
            told += 1
        for each in gateways:
            each.factory.reactor.tcpServers.clear()  # type: ignore[attr-defined]
            each.server.ports[0].transport.jobs.clear()  # type: ignore[attr-defined]
    return {"names": 2 * count, "events, each one printable line as text and as JSON": told}


def inTheProcess(place: Path, count: int, seed: int = 2) -> Figures:
    """C{count} jobs through a real gateway; every line of what it wrote is read."""
    names = hostile(seed)
    with Victim(place, keep=False) as victim:
        for user, name in islice(zip(names, names, strict=True), count):
            with Wire(victim.port, HOSTILE) as wire:
                wire.say(b"USER " + user[:4000])
                if wire.say(b"PASS x")[:3] != b"230":
                    continue
                with dial(passive(wire), HOSTILE):
                    heard = wire.say(b"STOR " + name[:4000])
                if heard[:3] == b"150":
                    wire.reply()
        victim.works()
        jobs = len(victim.printer.callers)
        victim.gateway.jobEnd(jobs)
        lines = list(victim.gateway.lines)
    odd = [line for line in lines if not _LINE.fullmatch(line)]
    ends = [found[1] for line in lines if (found := _END.match(line))]
    assert not odd, odd[:3]
    assert sorted(map(int, ends)) == list(range(1, jobs + 1)), "an end was forged, or is missing"
    return {"jobs": jobs, "lines of the log": len(lines), "lines that are no event": len(odd)}


def onDisk(place: Path, count: int, seed: int = 3) -> Figures:
    """C{count} jobs with names that mean something to a disk, kept by the embedded printer."""
    names = hostile(seed)
    home = place / "a" / "b" / "home"
    home.mkdir(parents=True)
    stored = 0
    with Process(home) as gateway:
        for number in range(count):
            name = _PATHS[number % len(_PATHS)] if number % 2 else next(names)[:4000]
            if number % 5 == 0:
                name = b"always the same.ps"
            with Wire(gateway.port, HOSTILE, login=True) as wire:
                with dial(passive(wire), HOSTILE) as data:
                    heard = wire.say(b"STOR " + name)
                    if heard[:3] == b"150":
                        data.sendall(b"page %d" % number)
                if heard[:3] == b"150":
                    assert wire.reply()[:3] == b"226"
                    stored += 1
    kept = [each for each in place.rglob("*") if not each.is_dir()]
    assert len(kept) == stored > 0, (len(kept), stored)
    for each in kept:
        assert each.parent == home / "print-jobs" and re.fullmatch(r"[-\w]+\.prn", each.name), each
        status = each.lstat()
        assert stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) & 0o077 == 0
    contents = {each.read_bytes() for each in kept}
    assert len(contents) == stored, "a job was overwritten"
    return {"jobs": stored, "files, all of them ours by name and place": len(kept)}
