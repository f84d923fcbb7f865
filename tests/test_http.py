"""
The bytes of HTTP, and answers that are none.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Sequence

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.transports.ipp.http import LONGEST_CONTENT, LONGEST_FRAMING, Post

FUZZED, FUZZ_SEED = 2_000, 1179
"""Tried with 30,000 and the seeds 1179, 1, 2 and 3, too: 15 s each."""

OKAY = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OKAY + b"Transfer-Encoding: chunked\r\n\r\n"

PATH, HOST, HEADERS = "/ipp/print", "printer:631", {"Content-Type": "application/ipp"}
HEAD = (
    b"POST /ipp/print HTTP/1.1\r\nHost: printer:631\r\nConnection: close\r\n"
    b"Content-Type: application/ipp\r\n%s\r\n\r\n"
)


def begun(size: int | None = None) -> Post:
    """A request whose head was sent."""
    post = Post()
    post.begin(PATH, HOST, HEADERS, size)
    return post


def fed(data: bytes, piece: int = 0) -> Post:
    """A request whose answer came, in pieces."""
    post = begun()
    step = piece or len(data) or 1
    for at in range(0, len(data), step):
        post.receive(data[at : at + step])
    return post


# The request.


@pytest.mark.parametrize(
    ("size", "field"), [(None, b"Transfer-Encoding: chunked"), (10, b"Content-Length: 10")]
)
def test_head(size: int | None, field: bytes) -> None:
    """One request, one connection; a content whose size is known goes as it is."""
    assert Post().begin(PATH, HOST, HEADERS, size) == HEAD % field


def test_chunks() -> None:
    """Each ends with the beginning of the next one, so what has left is never whole."""
    post = begun()
    assert post.write(b"%!") == b"2\r\n%"
    assert post.write(b"P" * 26) == b"!\r\n1a\r\n" + b"P" * 25
    assert post.write(b"") == b""
    assert post.end() == b"P\r\n0\r\n\r\n"


def test_lengthIsKnown() -> None:
    """Without chunks the last byte waits, too."""
    post = begun(4)
    assert post.write(b"%") == b""
    assert post.write(b"!P") == b"%!"
    assert post.write(b"S") == b"P"
    assert post.end() == b"S"


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1), st.booleans())
def test_neverWholeBeforeItsEnd(pieces: Sequence[bytes], known: bool) -> None:
    """However a content comes, a server reads no end of it before C{end}, and all of it then."""
    post, server = Post(), h11.Connection(h11.SERVER)
    total = sum(map(len, pieces))
    server.receive_data(post.begin(PATH, HOST, HEADERS, total if known else None))
    heard: list[object] = []

    def hear(data: bytes) -> None:
        if data:
            server.receive_data(data)
        while (event := server.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            heard.append(event)
            if isinstance(event, h11.EndOfMessage):
                break

    for piece in pieces:
        hear(post.write(piece))
        assert not any(isinstance(each, h11.EndOfMessage) for each in heard)
    hear(post.end())
    assert isinstance(heard[-1], h11.EndOfMessage)
    content = b"".join(bytes(each.data) for each in heard if isinstance(each, h11.Data))
    assert content == b"".join(pieces)


def test_moreThanAnnounced() -> None:
    """It would be taken for another request."""
    with pytest.raises(ValueError, match="more bytes"):
        begun(4).write(b"%!PS!")


def test_lessThanAnnounced() -> None:
    """The server would wait for the rest."""
    post = begun(4)
    post.write(b"%!P")
    with pytest.raises(ValueError, match="fewer bytes"):
        post.end()


# The answer.


@pytest.mark.parametrize("piece", [0, 1, 2, 7])
@pytest.mark.parametrize(
    ("data", "code", "content"),
    [
        (OKAY + b"Content-Length: 4\r\n\r\nabcd", 200, b"abcd"),
        (OKAY + b"content-length:4 \r\n\r\nabcd", 200, b"abcd"),
        (OKAY + b"Content-Length: 4\r\n\r\nabcdefgh", 200, b"abcd"),
        (OKAY + b"Content-Length: 4, 4\r\n\r\nabcd", 200, b"abcd"),
        (OKAY + b"Content-Length: 0\r\n\r\n", 200, b""),
        (b"HTTP/1.0 200\r\nContent-Length: 4\r\n\r\nabcd", 200, b"abcd"),
        (b"HTTP/1.0 404\r\nContent-Length: 0\r\n\r\n", 404, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (CHUNKED + b"2\r\nab\r\n2;x=y\r\ncd\r\n0\r\n\r\n", 200, b"abcd"),
        (CHUNKED + b"4\r\nabcd\r\n000\r\nA: b\r\n\r\n", 200, b"abcd"),
        (CHUNKED + b"0\r\n\r\n", 200, b""),
        (
            OKAY + b"Transfer-Encoding: Chunked\r\nContent-Length: 9\r\n\r\n1\r\na\r\n0\r\n\r\n",
            200,
            b"a",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + OKAY + b"Content-Length: 1\r\n\r\nx", 200, b"x"),
        (b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + CHUNKED + b"0\r\n\r\n", 200, b""),
    ],
)
def test_answers(data: bytes, code: int, content: bytes, piece: int) -> None:
    """However they are framed, and cut by the network."""
    post = fed(data, piece)
    assert (post.whole, post.code, bytes(post.content)) == (True, code, content)


def test_beforeTheRequest() -> None:
    """A server may have waited long enough before the request begins."""
    post = Post()
    post.receive(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    assert (post.whole, post.code) == (True, 408)


def test_errorsAreNotReadToTheirEnd() -> None:
    """The head says it all; the rest is a page for people, and may never end."""
    post = fed(b"HTTP/1.1 401 Unauthorized\r\nA: b\r\na: c\r\nContent-Length: 9\r\n\r\n")
    assert (post.whole, post.code) == (True, 401)
    assert post.field("A") == ["b", "c"]
    assert post.field("B") == []


def test_endsWithTheConnection() -> None:
    """An answer without a length is whole when the connection ends, and not before."""
    post = fed(OKAY + b"\r\nabcd")
    assert not post.whole
    post.close()
    assert post.whole
    assert post.content == b"abcd"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        OKAY,
        b"HTTP/1.1 100 Continue\r\n\r\n",
        OKAY + b"Content-Length: 4\r\n\r\nabc",
        CHUNKED + b"4\r\nabcd\r\n",
        CHUNKED + b"4\r\nab",
        CHUNKED + b"0\r\n",
    ],
)
def test_cut(data: bytes) -> None:
    """What says how long it is, and is shorter, is never whole."""
    post = fed(data)
    post.close()
    assert not post.whole


@pytest.mark.parametrize("piece", [0, 1000])
@pytest.mark.parametrize(
    "data",
    [
        b"\x01refused",
        b"FTP",
        b"220 ready\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 000 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n220 ready",
        OKAY + b"Content-Length: -1\r\n\r\n",
        OKAY + b"Content-Length: 1, 2\r\n\r\n",
        OKAY + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        OKAY + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
        OKAY + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        OKAY + b"No colon\r\n\r\n",
        OKAY + b"Blank : x\r\n\r\n",
        CHUNKED + b"-1\r\n",
        CHUNKED + b"\r\n",
        CHUNKED + b"1\r\nab\r\n",
        CHUNKED + b"1\r\na\r\n\r\n\r\n",
        CHUNKED + b"f" * 21 + b"\r\n",
        CHUNKED + b"0" * LONGEST_FRAMING,
        CHUNKED + b"1;" + b"x" * LONGEST_FRAMING,
        CHUNKED + b"1\r\nx\r\n" * (LONGEST_FRAMING // 5),
        CHUNKED + b"0\r\n" + b"a: b\r\n" * (LONGEST_FRAMING // 6),
        OKAY + b"X: " + b"x" * LONGEST_FRAMING,
        b"HTTP/1.1 100 Continue\r\n\r\n" * (LONGEST_FRAMING // 25 + 1),
        OKAY + b"\r\n" + bytes(LONGEST_CONTENT + 1),
        OKAY + b"Content-Length: 99999999\r\n\r\n" + bytes(LONGEST_CONTENT + 1),
        CHUNKED + (b"80000\r\n" + bytes(2**19) + b"\r\n") * 3,
    ],
)
def test_noAnswer(data: bytes, piece: int) -> None:
    """What is none, or has no end, is refused, in words that can be shown."""
    with pytest.raises(ValueError) as raised:
        fed(data, piece)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 150
    assert not re.search("byte(s|array)?\\(|b['\"]", str(raised.value))  # Python's own words


@pytest.mark.parametrize("size", [LONGEST_CONTENT, LONGEST_CONTENT + 1])
def test_longestContent(size: int) -> None:
    """So many bytes, and not one more."""
    data = OKAY + b"Content-Length: %d\r\n\r\n" % size + bytes(size)
    if size > LONGEST_CONTENT:
        with pytest.raises(ValueError, match="no end"):
            fed(data)
    else:
        assert fed(data).whole


@pytest.mark.parametrize("piece", [0, 1, 5000])
@pytest.mark.parametrize("more", [0, 1])
def test_longestFraming(more: int, piece: int) -> None:
    """The same of what is around it, wherever the network cuts it."""
    tail = b"\r\nContent-Length: 1\r\n\r\n"
    filler = b"x" * (LONGEST_FRAMING + more - len(OKAY + b"X: " + tail))
    data = OKAY + b"X: " + filler + tail + b"!"
    if more:
        with pytest.raises(ValueError):
            fed(data, piece)
    else:
        assert fed(data + b"trailing" * 1000, piece).whole


@pytest.mark.parametrize(
    "beginning", [CHUNKED + b"1\r\nx\r\n" * 20_000, b"HTTP/1.1 100 C\r\n\r\n" * 9_000]
)
def test_costOfOneTurn(beginning: bytes) -> None:
    """What the reactor reads in one turn, in the smallest pieces: others hardly wait for it."""
    before = time.process_time()
    with pytest.raises(ValueError):
        fed(beginning, 65_536)
    assert time.process_time() - before < 0.15  # 0.025 s were measured


@pytest.mark.parametrize(
    ("head", "size", "unread"),
    [
        (b"HTTP/1.1 411 Length Required", None, True),
        (b"HTTP/1.0 400 Bad Request", None, True),
        (b"HTTP/1.0 400 Bad Request", 4, False),
        (b"HTTP/1.1 400 Bad Request", None, False),
        (b"HTTP/1.1 301 Moved", None, True),
        (b"HTTP/1.1 401 Unauthorized", 4, True),
        (b"HTTP/1.1 501 Not Implemented", None, True),
        (b"HTTP/1.1 408 Request Timeout", None, False),
        (b"HTTP/1.1 413 Content Too Large", None, False),
        (b"HTTP/1.1 500 Error", None, False),
        (b"HTTP/1.1 503 Busy", None, False),
        (b"HTTP/1.1 200 OK", None, False),
    ],
)
def test_unread(head: bytes, size: int | None, unread: bool) -> None:
    """A request that was refused for its head had no content; others may have been read in part."""
    post = begun(size)
    post.receive(head + b"\r\nContent-Length: 0\r\n\r\n")
    assert post.unread is unread


def outcome(data: bytes, cuts: Sequence[int]) -> tuple[object, ...]:
    """What becomes of these bytes, cut there, when the connection ends behind them."""
    post = begun()
    try:
        for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
            if start < stop:
                post.receive(data[start:stop])
        post.close()
    except ValueError:
        return ("none",)
    return post.whole, post.code, bytes(post.content), post.field("a")


_INTERIM = [b"", b"HTTP/1.1 100 Go on\r\n\r\n", b"HTTP/1.1 103\r\na: c\r\n\r\n"]
_STATUS = [OKAY, OKAY, b"HTTP/1.0 200\r\n", b"HTTP/1.1 401 No\r\n", b"HTTP/1.1 204 None\n"]
_FIELDS = [b"a: b\r\n", b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n", b" fold\r\n"]
_CONTENT = [
    b"1\r\nx\r\n",
    b"3;e\r\nabc\r\n",
    b"0\r\n\r\n",
    b"0\r\nA: b\r\n",
    b"abcd",
    b"\r\n",
    b"\0",
]


def answer(chance: random.Random) -> bytes:
    """Something like an answer, often spoilt."""
    pieces = [chance.choice(_INTERIM), chance.choice(_STATUS)]
    pieces += chance.choices(_FIELDS, k=chance.randrange(3))
    pieces.append(b"\r\n")
    pieces += chance.choices(_CONTENT, k=chance.randrange(5))
    data = b"".join(pieces)
    if chance.random() < 0.5:
        at = chance.randrange(len(data))
        data = data[:at] + chance.randbytes(chance.randrange(3)) + data[at + 1 :]
    return data


@pytest.mark.slow
def test_fuzz() -> None:
    """Random answers, whole, in pieces and byte by byte: the same result, and no other error."""
    chance = random.Random(FUZZ_SEED)
    wholes = 0
    for _ in range(FUZZED):
        data = answer(chance)
        expected = outcome(data, [])
        wholes += expected[0] is True
        cuts = sorted(chance.choices(range(len(data) + 1), k=3))
        assert outcome(data, cuts) == expected, data
        assert outcome(data, range(1, len(data))) == expected, data
    assert FUZZED // 4 < wholes < FUZZED * 3 // 4
