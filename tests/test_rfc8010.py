"""
The bytes of IPP, and messages that are none.
"""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.transports.ipp.rfc8010 import (
    BOOLEAN,
    ENUM,
    INTEGER,
    KEYWORD,
    NAME,
    TEXT,
    Attribute,
    request,
    response,
)

BEGIN = struct.pack(">BBHI", 2, 0, 0x0001, 7)


def value(tag: int, name: bytes, content: bytes) -> bytes:
    """One value as it is written."""
    sizes = struct.pack(">H", len(name)), struct.pack(">H", len(content))
    return bytes([tag]) + sizes[0] + name + sizes[1] + content


def test_request() -> None:
    """As in RFC 8010, appendix A: version, operation, number, group, values, end."""
    sides = Attribute(KEYWORD, "requested-attributes", ["a", "bc"])
    last = Attribute(BOOLEAN, "last-document", [True])
    job = Attribute(INTEGER, "job-id", [-2])
    assert request(0x000B, 7, [sides, last, job]) == (
        b"\x01\x01\x00\x0b\x00\x00\x00\x07\x01"
        b"\x47\x00\x12attributes-charset\x00\x05utf-8"
        b"\x48\x00\x1battributes-natural-language\x00\x02en"
        b"\x44\x00\x14requested-attributes\x00\x01a"
        b"\x44\x00\x00\x00\x02bc"
        b"\x22\x00\x0dlast-document\x00\x01\x01"
        b"\x21\x00\x06job-id\x00\x04\xff\xff\xff\xfe"
        b"\x03"
    )


def test_response() -> None:
    """Values of all groups, by name; those of other kinds stay as they are."""
    data = (
        BEGIN
        + b"\x01"
        + value(TEXT, b"status-message", "grün".encode())
        + b"\x02"
        + value(ENUM, b"job-state", b"\0\0\0\x09")
        + value(KEYWORD, b"reasons", b"none")
        + value(KEYWORD, b"", b"other")
        + value(BOOLEAN, b"accepting", b"\0")
        + value(0x31, b"when", bytes(11))
        + value(0x35, b"model", b"\0\x02en\0\x04Acme")
        + value(INTEGER, b"short", b"\0\0")
        + value(0x13, b"nothing", b"")
        + b"\x03ignored"
    )
    heard = response(data, 7)
    assert heard.status == 1
    assert heard.good
    assert heard.text("status-message") == "grün"
    assert heard.number("job-state") == 9
    assert heard.words("reasons") == ["none", "other"]
    assert heard.attributes["accepting"] == [False]
    assert heard.attributes["when"] == [bytes(11)]
    assert heard.text("model") == "Acme"
    assert heard.number("short") is None
    assert heard.text("absent") == ""
    assert heard.number("absent") is None


@pytest.mark.parametrize(
    ("status", "good"), [(0, True), (0xFF, True), (0x0400, False), (0x0507, False)]
)
def test_good(status: int, good: bool) -> None:
    """Appendix B.1: 0x0000 to 0x00ff."""
    assert response(struct.pack(">BBHIB", 1, 1, status, 1, 3), 1).good is good


def test_severalGroups() -> None:
    """Of two jobs the second counts, and has no values of the first."""
    job = b"\x02" + value(KEYWORD, b"reasons", b"a") + value(KEYWORD, b"", b"b")
    other = b"\x02" + value(KEYWORD, b"reasons", b"c")
    assert response(BEGIN + job + other + b"\x03", 7).words("reasons") == ["c"]


WHOLE = BEGIN + b"\x01" + value(TEXT, b"status-message", b"fine") + b"\x03"


@pytest.mark.parametrize("size", range(len(WHOLE)))
def test_cut(size: int) -> None:
    """At whatever place it is cut, it is no answer."""
    with pytest.raises(ValueError):
        response(WHOLE[:size], 7)
    assert response(WHOLE, 7).good


@pytest.mark.parametrize(
    "data",
    [
        b"<html>an error</html>",
        BEGIN + b"\x01" + value(TEXT, b"", b"no name") + b"\x03",
        BEGIN + b"\x01" + value(TEXT, b"a", b"b") + b"\x02" + value(TEXT, b"", b"c") + b"\x03",
        BEGIN + value(0x35, b"model", b"\0\x02en\0\x04Acm") + b"\x03",
        BEGIN + value(0x36, b"model", b"") + b"\x03",
    ],
)
def test_malformed(data: bytes) -> None:
    """What contradicts itself is no answer."""
    with pytest.raises(ValueError):
        response(data, 7)


def test_anotherAnswer() -> None:
    """An answer to another request is none to this one."""
    with pytest.raises(ValueError, match="request 7"):
        response(WHOLE, 8)


@given(st.binary(max_size=300))
def test_anyBytes(data: bytes) -> None:
    """Nothing else comes of it, whatever comes."""
    for head in (b"", BEGIN, BEGIN + b"\x01"):
        with contextlib.suppress(ValueError):
            response(head + data, 7)


@given(st.text(max_size=100), st.integers(-(2**31), 2**31 - 1), st.booleans())
def test_back(text: str, number: int, flag: bool) -> None:
    """What we write can be read, since both have one form."""
    said = [
        Attribute(NAME, "job-name", [text]),
        Attribute(INTEGER, "job-id", [number, number]),
        Attribute(BOOLEAN, "last", [flag]),
    ]
    read = response(request(5, 9, said), 9)
    assert read.text("job-name") == text.encode("utf-8", "replace").decode()
    assert read.attributes["job-id"] == [number, number]
    assert read.attributes["last"] == [flag]
