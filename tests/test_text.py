"""
What a sender wrote can be shown anywhere, and is not lost on the way.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.ftp.text import decoded, legible
from jetdirect.text import SHOWN, presentable, printable


@given(st.text(max_size=3 * SHOWN) | st.binary(max_size=3 * SHOWN).map(decoded))
def test_printable(text: str) -> None:
    """Whatever comes in, printable ASCII of a bounded length comes out."""
    shown = printable(text)
    assert re.fullmatch(r"[\x20-\x7e]*", shown)
    assert len(shown) <= SHOWN


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=SHOWN))
def test_plainTextStays(text: str) -> None:
    """Printable ASCII is shown as it is."""
    assert printable(text) == text


@given(st.binary())
def test_bytesSurvive(name: bytes) -> None:
    """A name in no known encoding keeps its bytes."""
    assert decoded(name).encode("utf-8", "surrogateescape") == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"caf\xc3\xa9", r"caf\xe9"),
        (b"caf\xe9", r"caf\xe9"),
        (b"a\r\n230 b", r"a\x0d\x0a230 b"),
        (b"\x1b[31m\x00\x7f", r"\x1b[31m\x00\x7f"),
        ("€".encode(), r"\u20ac"),
        ("🖨".encode(), r"\U0001f5a8"),
        (b"%s{0}\\n", r"%s{0}\n"),
    ],
)
def test_escapes(name: bytes, shown: str) -> None:
    """What is not printable is shown by its number."""
    assert printable(decoded(name)) == shown


@pytest.mark.parametrize("length", [SHOWN - 1, SHOWN, SHOWN + 1, 100_000])
def test_longName(length: int) -> None:
    """Three dots stand for the rest of a long name, and only then."""
    shown = printable("x" * length)
    assert shown == ("x" * length if length <= SHOWN else "x" * (SHOWN - 3) + "...")


def test_limit() -> None:
    """The limit counts the characters shown, not those meant."""
    assert printable("\0\0\0", 12) == r"\x00\x00\x00"
    assert printable("\0\0\0\0", 12) == r"\x00\x00\..."


def test_presentable() -> None:
    """A name keeps its script; what controls terminals or turns letters round is escaped."""
    assert presentable("Übersicht 日本 \x1b[31m\u202e\r\n\udcff") == (
        "Übersicht 日本 \\x1b[31m\\u202e\\x0d\\x0a\\xff"
    )


def test_legible() -> None:
    """A listed name keeps script, blanks and foreign bytes; what controls anything is escaped."""
    assert legible("\u3000Übersicht 日本\xa0\x1b\u202e\u2028\x9b\udc9b\udce9") == (
        "\u3000Übersicht 日本\xa0\\x1b\\u202e\\u2028\\x9b\\x9b\udce9"
    )


@given(st.text() | st.binary().map(decoded))
def test_legibleStays(name: str) -> None:
    """What was listed is found under that name again."""
    assert legible(legible(name)) == legible(name)
