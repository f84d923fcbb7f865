"""
What a session can hold: docs/evidence/bounds.rst says what the code says, and each bound is met and
kept.
"""

from __future__ import annotations

import importlib
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

import jetdirect
from jetdirect.configuration import Configuration
from jetdirect.errors import LONGEST_REASON, PrinterLost
from jetdirect.ftp.commands.access import FAILED_LOGINS
from jetdirect.ftp.control import READ_SIZE
from jetdirect.ftp.names import REMEMBERED_BYTES, REMEMBERED_NAMES
from jetdirect.ftp.paths import DEEPEST_PATH, LONGEST_PATH
from jetdirect.ftp.replies import LONGEST_FIELD, Reply
from jetdirect.ftp.settings import LOGIN_TIMEOUT, SessionSettings
from jetdirect.ftp.shell import LISTED_JOBS
from jetdirect.gateway import Gateway
from jetdirect.server import REMEMBERED_JOBS
from jetdirect.testing import FakePrinter, FakeSender
from jetdirect.watch.recent import LINES, LONGEST, Recent
from jetdirect.web.notes import KEPT as NOTES
from jetdirect.web.notes import Notes
from jetdirect.web.rows import Note

_TESTS = Path(__file__).parent
_PAGE = _TESTS.parent / "docs" / "evidence" / "bounds.rst"
_ROW = re.compile(r"^(\S.*?) +([\d,]+) +``([\w.]+)`` +``([\w/.]+)::(\w+)``$", re.MULTILINE)

ROWS = [found.groups() for found in _ROW.finditer(_PAGE.read_text())]


def gateway(**options: Any) -> Gateway:
    """A gateway in memory with one printer."""
    return Gateway(Configuration([FakePrinter()], [], **options), MemoryReactorClock())


def user(made: Gateway) -> FakeSender:
    """Somebody who has logged in."""
    sender = FakeSender(made.factory)
    sender.login()
    return sender


def test_pageHasRows() -> None:
    """Every row of the page is read here."""
    lines = [line for line in _PAGE.read_text().splitlines() if "``" in line and "::" in line]
    assert len(ROWS) == len(lines) > 15


@pytest.mark.parametrize(("what", "number", "constant", "file", "test"), ROWS)
def test_row(what: str, number: str, constant: str, file: str, test: str) -> None:
    """The page has the number of the code, and the test that fills it is there."""
    module, _, name = constant.rpartition(".")
    value = getattr(importlib.import_module(f"jetdirect.{module}"), name)
    highest = max(value) if isinstance(value, tuple) else value
    assert highest == int(number.replace(",", "")), what
    assert re.search(rf"^(async )?def {test}\(", (_TESTS / file).read_text(), re.MULTILINE), test


NO_BOUNDS = {
    "configfile.LARGEST_FILE": "an operator writes it",
    "ftp.announced.REMEMBERED": "seconds that an answer is believed",
    "net.events.MOST": "of one turn of the reactor",
    "net.tuning.LONGEST_RETRY": "the kernel's",
    "options.LARGEST_SIZE": "an operator writes it",
    "options.LONGEST_GREETING": "an operator writes it",
    "options.LONGEST_NAME": "an operator writes it",
    "options.LONGEST_TIME": "an operator writes it",
    "options.MOST": "an operator writes it",
    "spool.doubt.MOST_STARTS": "how often a job is begun",
    "transports.build.LONGEST_SECRET": "an operator writes it",
    "transports.ipp.rfc8011.LONGEST_NAME": "of what is sent to a printer",
    "transports.pjl.codes.LONGEST_MODEL": "of what LONGEST_ANSWER lets in",
    "transports.pjl.talk.LONGEST_NAME": "of what LONGEST_MESSAGE lets in",
    "transports.snmp.transport.LONGEST_ANSWER": "of one datagram, which nobody keeps",
    "watch.settings.LONGEST_ADDRESS": "an operator writes it",
    "watch.settings.LONGEST_SECRET": "an operator writes it",
    "watch.wording.LONGEST_NAME": "of the subject of a mail",
}
"""What sounds like a bound of what others send, and is none, or a part of one."""


def test_noBoundIsMissing() -> None:
    """Each constant that sounds like a bound is on the page, or is known to be none."""
    sounds = re.compile(
        r"^((?:LONGEST|LARGEST|DEEPEST|MOST|REMEMBERED|WAITING|LISTED_|KEPT|MAX_)\w*"
        r"|BUFFER|STREAMS|FIELDS|CONNECTIONS|LISTENED)(?:: .*)? = \d",
        re.MULTILINE,
    )
    package = Path(jetdirect.__file__).parent
    found = {
        f"{file.relative_to(package).with_suffix('').as_posix().replace('/', '.')}.{name}"
        for file in package.glob("**/*.py")
        for name in sounds.findall(file.read_text())
        if "testing" not in file.parts
    }
    assert len(found) > 40
    assert found - {constant for _, _, constant, _, _ in ROWS} == NO_BOUNDS.keys()


def test_login() -> None:
    """Who does not log in has the time that is said, and no more, whatever is sent meanwhile."""
    sender = FakeSender(gateway().factory)
    for _ in range(int(LOGIN_TIMEOUT)):
        sender.say("NOOP")
        assert not sender.wire.halfClosed
        sender.reactor.advance(1)
    assert sender.wire.halfClosed
    sender.wire.rst()


def test_reason() -> None:
    """Whatever a printer says why, a reason stays short."""
    assert len(PrinterLost("x" * 10**6).reason) <= LONGEST_REASON


def test_notes() -> None:
    """However many actions there were, so many results are known."""
    notes = Notes(Clock())
    for number in range(NOTES + 100):
        notes.add(str(number), Note("done", True))
    assert sum(notes.of(str(number)) is not None for number in range(NOTES + 100)) == NOTES


def test_lines() -> None:
    """However long the log is, so many lines of it are in memory, and shown to so many letters."""
    recent = Recent()
    for number in range(LINES + 100):
        recent({"log_format": "{text}", "text": "x" * 10_000, "log_time": float(number)})
    shown = [text for _, _, text in recent.lines()]
    assert len(shown) == LINES
    assert {len(text) for text in shown} == {LONGEST + len("...")}


def test_unreadReplies() -> None:
    """As long as replies are not taken no more are made, and nothing more is read."""
    sender = FakeSender(gateway().factory)
    control = sender.control
    control.pauseProducing()  # as Twisted does beyond its buffer's size
    assert sender.wire.bufferSize == READ_SIZE  # type: ignore[attr-defined]
    for _ in range(100):
        sender.wire.receive(b"HELP\n" * 1000)
    assert (sender.hear(), sender.wire.producerState) == ("", "paused")
    control.resumeProducing()
    assert "214 End of help" in sender.hear()
    sender.wire.rst()


def test_field() -> None:
    """Whatever a field is, a reply stays short."""
    assert len(Reply(500, "{what}")(what="x" * 10**6).wire) <= LONGEST_FIELD + len("500 \r\n")


def test_path() -> None:
    """A path of the longest, in segments as many as there may be, and not one more of either."""
    sender = user(gateway())
    segment = "x" * (LONGEST_PATH // DEEPEST_PATH - 1)
    half = "/".join([segment] * (DEEPEST_PATH // 2))
    assert sender.say(f"MKD {half}")[:3] == "257"
    assert sender.say(f"CWD {half}")[:3] == "250"
    assert sender.say(f"MKD {half}x")[:3] in ("550", "553")
    assert sender.say(f"MKD {half}/x")[:3] in ("550", "553")
    made = sender.say(f"MKD {half}")
    assert made[:3] == "257"
    assert len(made.partition('"')[2].partition('"')[0].encode()) == LONGEST_PATH


def test_names() -> None:
    """However many names are stored, and how long they are, so many stay, in so much memory."""
    sender = user(gateway())
    names = sender.session.shell.names  # type: ignore[attr-defined]
    for number in range(3 * REMEMBERED_NAMES):
        sender.say(f"MKD short{number}")
    kept = sum(names.entry((f"short{n}",)) is not None for n in range(3 * REMEMBERED_NAMES))
    assert kept == REMEMBERED_NAMES
    tracemalloc.start()
    for number in range(3 * REMEMBERED_NAMES):
        sender.say(f"MKD {number}{'y' * 2000}")
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown <= REMEMBERED_BYTES * 1.5


def test_jobs() -> None:
    """Of ended jobs a session lists its last ones, and the gateway remembers some."""
    made = gateway()
    sender = user(made)
    for number in range(REMEMBERED_JOBS + 2 * LISTED_JOBS):
        sender.upload(f"PORT1/job{number}", b"page")
        sender.settle()
    assert len(made.server.jobs) == REMEMBERED_JOBS
    assert len(sender.session.shell._jobs) == LISTED_JOBS  # type: ignore[attr-defined]
    sender.wire.rst()


def test_guesses() -> None:
    """A session ends with its last wrong password."""
    checkers = [InMemoryUsernamePasswordDatabaseDontUse(alice=b"right")]
    made = gateway(sessions=SessionSettings(), checkers=checkers)
    sender = FakeSender(made.factory)
    for number in range(FAILED_LOGINS):
        assert not sender.wire.halfClosed
        sender.login("alice", "wrong")
        sender.reactor.advance(number + 1)
    assert sender.hear().endswith("421 Service not available, too many failed logins")
    assert sender.wire.halfClosed
    sender.wire.rst()
