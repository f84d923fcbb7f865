"""
The bytes of HTTP, and answers that are none.
"""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.transports.ipp.http import (
    CHUNK_END,
    LONGEST_CONTENT,
    LONGEST_HEAD,
    AnswerReader,
    chunkHead,
    postHead,
)

OKAY = b"HTTP/1.1 200 OK\r\n"


def fed(data: bytes, piece: int = 0) -> AnswerReader:
    """A reader that got the bytes, in pieces."""
    reader = AnswerReader()
    step = piece or len(data) or 1
    for at in range(0, len(data), step):
        reader.feed(data[at : at + step])
    return reader


def test_head() -> None:
    """One request, one connection."""
    assert postHead("/ipp/print", "printer:631", {"Content-Type": "application/ipp"}) == (
        b"POST /ipp/print HTTP/1.1\r\nHost: printer:631\r\nConnection: close\r\n"
        b"Content-Type: application/ipp\r\n\r\n"
    )


def test_chunkHead() -> None:
    """The size is hexadecimal."""
    assert chunkHead(26) == b"1a\r\n"


def chunk(data: bytes) -> bytes:
    """A whole one."""
    return chunkHead(len(data)) + data + CHUNK_END


@pytest.mark.parametrize("piece", [0, 1, 2, 7])
@pytest.mark.parametrize(
    ("data", "code", "content"),
    [
        (OKAY + b"Content-Length: 4\r\n\r\nabcd", 200, b"abcd"),
        (OKAY + b"content-length:4 \r\n\r\nabcd", 200, b"abcd"),
        (OKAY + b"Content-Length: 4\r\n\r\nabcdefgh", 200, b"abcd"),
        (OKAY + b"Content-Length: 0\r\n\r\n", 200, b""),
        (b"HTTP/1.0 404\r\nContent-Length: 0\r\n\r\n", 404, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (
            OKAY + b"Transfer-Encoding: Chunked\r\n\r\n2\r\nab\r\n2;x=y\r\ncd\r\n0\r\n\r\n",
            200,
            b"abcd",
        ),
        (
            OKAY + b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n000\r\nA: b\r\n\r\n",
            200,
            b"abcd",
        ),
        (OKAY + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, b""),
        (
            OKAY + b"Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n1\r\na\r\n0\r\n\r\n",
            200,
            b"a",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + OKAY + b"Content-Length: 1\r\n\r\nx", 200, b"x"),
    ],
)
def test_answers(data: bytes, code: int, content: bytes, piece: int) -> None:
    """However they are framed, and cut by the network."""
    reader = fed(data, piece)
    assert (reader.whole, reader.code, reader.content) == (True, code, content)


def test_endsWithTheConnection() -> None:
    """An answer without a length is whole when the connection ends, and not before."""
    reader = fed(OKAY + b"\r\nabcd")
    assert not reader.whole
    reader.end()
    assert reader.whole
    assert reader.content == b"abcd"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        OKAY,
        OKAY + b"Content-Length: 4\r\n\r\nabc",
        OKAY + b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n",
        OKAY + b"Transfer-Encoding: chunked\r\n\r\n4\r\nab",
        OKAY + b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
    ],
)
def test_cut(data: bytes) -> None:
    """What says how long it is, and is shorter, is never whole."""
    reader = fed(data)
    reader.end()
    assert not reader.whole


@pytest.mark.parametrize(
    "data",
    [
        b"\x01refused",
        b"FTP",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        OKAY + b"Content-Length: -1\r\n\r\n",
        OKAY + b"Content-Length: 1, 1\r\n\r\n",
        OKAY + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        OKAY + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        OKAY + b"No colon\r\n\r\n",
        OKAY + b"Blank : x\r\n\r\n",
        OKAY + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        OKAY + b"Transfer-Encoding: chunked\r\n\r\n\r\n",
        OKAY + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        OKAY + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n\r\n\r\n",
        OKAY + b"Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
        OKAY + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 2000,
        OKAY + b"X: " + b"x" * LONGEST_HEAD,
        b"HTTP/1.1 100 Continue\r\n\r\n" * LONGEST_HEAD,
        OKAY + b"\r\n" + bytes(LONGEST_CONTENT + 1),
        OKAY + b"Content-Length: 99999999\r\n\r\n" + bytes(LONGEST_CONTENT + 1),
        OKAY + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(bytes(2**19)) * 3,
    ],
)
def test_noAnswer(data: bytes) -> None:
    """What is none, or has no end, is refused."""
    with pytest.raises(ValueError):
        fed(data)


@given(st.binary(max_size=200), st.integers(1, 9))
def test_anyBytes(data: bytes, piece: int) -> None:
    """Nothing else comes of it, whatever comes."""
    for head in (b"", OKAY + b"\r\n", OKAY + b"Transfer-Encoding: chunked\r\n\r\n"):
        with contextlib.suppress(ValueError):
            fed(head + data, piece).end()


@given(st.lists(st.binary(min_size=1, max_size=50)), st.integers(1, 20))
def test_chunksComeBack(pieces: list[bytes], piece: int) -> None:
    """What we frame can be read."""
    framed = b"".join(map(chunk, pieces)) + b"0\r\n\r\n"
    reader = fed(OKAY + b"Transfer-Encoding: chunked\r\n\r\n" + framed, piece)
    assert reader.whole
    assert reader.content == b"".join(pieces)
