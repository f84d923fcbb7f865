"""
The bytes of the line printer daemon protocol.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.transports.lpd.rfc1179 import (
    LONGEST_REFUSAL,
    controlFile,
    controlFileHeader,
    dataFileHeader,
    receiveJob,
    refusal,
)


def test_commands() -> None:
    """Sections 5.2, 6.2 and 6.3."""
    assert receiveJob("laser") == b"\x02laser\n"
    assert controlFileHeader(75, 7, "gate") == b"\x0275 cfA007gate\n"
    assert dataFileHeader(2**33, 7, "gate") == b"\x038589934592 dfA007gate\n"


def test_controlFile() -> None:
    """The file is printed as it is (l), once, and forgotten (U)."""
    assert controlFile(31, "gate", "ann", "page.ps") == (
        b"Hgate\nPann\nJpage.ps\nldfA031gate\nUdfA031gate\nNpage.ps\n"
    )


def test_nobodyAndNothing() -> None:
    """H and P must be there (sections 7.2 and 7.7); the others need a name."""
    assert controlFile(31, "gate", "", "") == b"Hgate\nPanonymous\nldfA031gate\nUdfA031gate\n"


def test_numbers() -> None:
    """The names of the files have three digits of the number (section 6.2)."""
    assert dataFileHeader(1, 12345, "gate") == b"\x031 dfA345gate\n"


@given(st.text(), st.text(), st.text())
def test_noLineIsMadeTwo(host: str, user: str, name: str) -> None:
    """Whatever the words are, each is one line of ASCII, and not longer than it may be."""
    file = controlFile(1, host, user, name)
    lines = file.split(b"\n")
    assert lines.pop() == b""
    limits = {b"H": 31, b"P": 31, b"J": 99, b"N": 131, b"l": 37, b"U": 37}
    expected = b"HPJlUN" if name else b"HPlU"
    assert b"".join(line[:1] for line in lines) == expected
    for line in lines:
        assert all(0x20 <= octet <= 0x7E for octet in line)
        assert len(line) - 1 <= limits[line[:1]]


def test_wishes() -> None:
    """A banner is asked for in the user's name (L), another format by its letter (section 7)."""
    assert controlFile(31, "gate", "ann", "", "o", banner=True) == (
        b"Hgate\nPann\nLann\nodfA031gate\nUdfA031gate\n"
    )


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b"\x01", " (code 1)"),
        (b"\xff", " (code 255)"),
        (b"\x01lpd: queue: unknown printer\n", " (code 1): lpd: queue: unknown printer"),
        (b"lpd: host is not allowed\n", ": lpd: host is not allowed"),
        (b"\x02\x00\x07", " (code 2)"),
        (b"no\r\n\x1b[31mway\xc3\xbc", ": no [31mway"),
        (b"x" * 1000, f": {'x' * LONGEST_REFUSAL}"),
    ],
)
def test_refusal(said: bytes, shown: str) -> None:
    """The server's own words are shown, as far as they can be printed."""
    assert refusal(said) == shown
