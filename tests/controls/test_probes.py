"""
The probes, in short: this gateway is safe, and each probe is failed by somebody.

The rows in which the others fail are those that are documented for them; a server that is not
installed is skipped and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from laboratory.controls.probes import SERVERS, judged, probes
from laboratory.controls.server import Server
from laboratory.controls.table import Column, page
from laboratory.controls.transfers import MIB
from laboratory.controls.verdict import Probe, Verdict
from tests.support.packages import Missing

pytestmark = pytest.mark.long

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "evidence" / "probes.rst"

PROBES = {probe.name: probe for probe in probes()}

#: What each of the others fails, every time.
FAILED = {
    "twisted": [
        "dataReset",
        "controlLost",
        "killedSenders",
        "stopped",
        "otherHost",
        "thirdHost",
        "privilegedPort",
        "hostName",
        "dialsEarly",
        "flood",
        "aborted",
        "textUnchanged",
        "forgedReply",
        "httpTalk",
        "otherTalk",
    ],
    "pyftpdlib": ["dataReset", "dialsEarly", "forgedLog", "httpTalk", "longLine"],
    "vsftpd": ["controlLost", "killedSenders", "aborted", "httpTalk"],
    "proftpd": ["otherHost", "aborted", "forgedLog"],
}

#: What nobody fails who is here; tests of their own show that these can be failed.
UNFAILED = {"unprinted", "endlessLine"}

PAIRS = [("ours", name) for name in PROBES]
PAIRS += [(server, name) for server, names in FAILED.items() for name in names]

Start = Callable[[str], Server]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """The servers by their names, started when they are first asked for."""
    servers: dict[str, Server] = {}

    def start(name: str) -> Server:
        if name not in servers:
            servers[name] = stack.enter_context(fresh(name, tmp_path_factory.mktemp(name)))
        return servers[name]

    with ExitStack() as stack:
        yield start


def fresh(name: str, directory: Path) -> Server:
    """Start a server, or skip."""
    try:
        return SERVERS[name](directory)
    except Missing as why:
        pytest.skip(str(why))


@pytest.mark.parametrize(("server", "name"), PAIRS)
def test_verdict(server: str, name: str, running: Start, tmp_path: Path) -> None:
    """
    Ours is safe, and the others fail what they are known to fail.
    """
    probe = PROBES[name]
    with ExitStack() as stack:
        alive = not probe.last
        one = running(server) if alive else stack.enter_context(fresh(server, tmp_path))
        verdict = probe.run(one)
    assert verdict.safe is (server == "ours"), verdict.seen


def test_everyProbeIsFailedBySomebody() -> None:
    """
    No probe is one that nobody can fail.
    """
    assert {name for names in FAILED.values() for name in names} | UNFAILED == set(PROBES)


def test_anAnswerForASilentPrinterIsUnsafe(running: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A server that says 226 for a printer that has nothing fails.
    """
    one = running("twisted")
    monkeypatch.setattr(one, "silentPrinters", ["."])
    assert PROBES["unprinted"].run(one).safe is False


def test_growingByALineIsUnsafe(running: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A server that has more memory after an endless line than before fails.
    """
    one = running("twisted")
    monkeypatch.setattr(one, "memory", iter([0, 20 * MIB]).__next__)
    assert PROBES["endlessLine"].run(one).safe is False


def test_probeThatCannotBeEndedIsNotSafe() -> None:
    """
    A probe that breaks has no verdict, and none is made up.
    """

    def broken(server: Server) -> Verdict:
        raise AssertionError("it does not answer")

    verdict = judged(None, Probe("broken", "never", broken))  # type: ignore[arg-type]
    assert verdict.safe is None
    assert verdict.word == "?"


def test_pageSaysWhatWasSeen() -> None:
    """
    The page has a word for each verdict and what it is founded on.
    """
    rows = [Probe("first thing", "nothing", lambda _: Verdict(True, ""))]
    columns = [
        Column("a", "server A", [Verdict(True, "550 no")]),
        Column("b", "server B", [Verdict(False, "226 yes")]),
        Column("c", "server C", [Verdict(None, "it has none")]),
    ]
    text = page(rows, columns)
    assert "first thing safe   UNSAFE n/a" in text
    assert "- server B: UNSAFE; ``226 yes``" in text
    assert max(map(len, text.splitlines())) <= 100


def test_pageIsOfTheseProbes() -> None:
    """
    C{docs/evidence/probes.rst} was made with the probes that there are, and we are safe in all of
    them.
    """
    text = _PAGE.read_text()
    for probe in probes():
        assert any(line.startswith(f"{probe.title} ") for line in text.splitlines()), probe.title
        found = text.partition(f"**{probe.title}**")[2].partition("\n- jetdirect")[2]
        assert found.partition(": ")[2].startswith("safe; "), probe.title
