"""
URIs as CUPS writes them: the table in the documents says what becomes of each, and is right.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactorClock

from jetdirect.transports.build import transportFor

PAGE = Path(__file__).parents[1] / "docs" / "printers" / "index.rst"

BACKENDS = Path("/usr/lib/cups/backend")

OPTIONS = {
    "socket": ("contimeout", "waiteof"),
    "lpd": ("banner", "contimeout", "format", "manual_copies", "mode", "order", "reserve"),
    "ipp": ("contimeout", "waitjob", "waitprinter"),
    "serial": ("baud", "bits", "flow", "parity", "stop"),
    "usb": (),
}
"""Those whose names are words of their own in the programs of CUPS 2.4.2."""

ALSO = {
    "socket": ("snmp",),
    "lpd": ("sanitize_title", "snmp", "timeout"),
    "ipp": ("compression", "encryption", "version"),
    "usb": ("interface", "serial"),
}
"""Those that are parts of other words there; from its sources."""


def table() -> list[tuple[str, str]]:
    """The rows: a URI, and what becomes of it."""
    rows = re.findall(r"^``([a-z]+:\S+)``\s+(\S.*)$", PAGE.read_text(), re.MULTILINE)
    assert len(rows) > 30
    return rows


@pytest.mark.parametrize(("uri", "here"), table(), ids=lambda text: text[:50])
def test_row(uri: str, here: str) -> None:
    """What is taken makes a printer; what is refused says what to write instead."""
    remedy = re.match(r"``(.+?)``", here)
    if remedy is None:
        assert here.startswith("taken")
        transportFor(MemoryReactorClock(), uri)
    else:
        with pytest.raises(ValueError) as caught:
            transportFor(MemoryReactorClock(), uri)
        assert remedy[1] in str(caught.value)


@pytest.mark.parametrize("scheme", OPTIONS)
def test_allOfThem(scheme: str) -> None:
    """The table has each option of each backend."""
    rows = " ".join(uri for uri, _ in table() if uri.startswith(f"{scheme}:"))
    for option in (*OPTIONS[scheme], *ALSO.get(scheme, ())):
        assert re.search(rf"[?&+]{option}=", rows), option


@pytest.mark.parametrize("scheme", [each for each in OPTIONS if OPTIONS[each]])
def test_theyAreCUPSs(scheme: str) -> None:
    """The names are in the programs themselves."""
    program = BACKENDS / scheme
    if not program.exists():
        pytest.skip("CUPS is not installed")
    words = subprocess.run(["strings", program], capture_output=True, text=True, check=True).stdout
    assert set(OPTIONS[scheme]) <= set(words.split())


def test_withASecret() -> None:
    """A user name and password in such a URI are not said again."""
    with pytest.raises(ValueError) as caught:
        transportFor(MemoryReactorClock(), "ipp://ann:s3cret@h/?encryption=always")
    assert "s3cret" not in str(caught.value)
