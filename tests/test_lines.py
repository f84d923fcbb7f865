"""
Command lines come out of the control connection's bytes, however those were cut into segments.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.ftp.lines import (
    LONGEST_FLOOD,
    LONGEST_LINE,
    LineDecoder,
    LineTooLong,
    NoLineEnd,
    isLast,
)

TOO_LONG = b"(too long)"
FLOOD = b"(flood)"

ABORTS = {
    "plain": b"ABOR",
    "IP and Synch": b"\xff\xf4\xff\xf2ABOR",
    "the mark sent as urgent data and lost": b"\xff\xf4\xffABOR",
    "any option asked for before": b"\xff\xfd\x06\xff\xf4\xff\xf2ABOR",
    "in the middle": b"AB\xff\xf4OR",
    "a doubled command": b"\xff\xf4\xff\xf4\xff\xf2ABOR",
    "at the end": b"ABOR\xff\xf2",
}

segments = st.one_of(
    st.binary(max_size=20),
    st.text("\n\rABOR ", max_size=12).map(str.encode),
    st.sampled_from([b"\xff", b"\xff\xff", b"\xff\xf4", b"\xff\xfb", b"\xff\xf2ABOR\r\n", b"\n"]),
    st.sampled_from([LONGEST_LINE - 1, LONGEST_LINE, LONGEST_LINE + 1]).map(lambda n: b"x" * n),
)
streams = st.lists(segments, max_size=12).map(b"".join)


def lines(*pieces: bytes) -> list[bytes]:
    """What the decoder makes of C{pieces}."""
    decoder = LineDecoder()
    found = []
    try:
        for piece in pieces:
            decoder.feed(piece)
            while (line := decoder.next()) is not None:
                found.append(TOO_LONG if isinstance(line, LineTooLong) else line)
    except NoLineEnd:
        found.append(FLOOD)
    return found


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """C{data} in pieces."""
    ends = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


@given(streams, st.lists(st.integers(min_value=0), max_size=20))
def test_segmentsDoNotMatter(data: bytes, places: list[int]) -> None:
    """Whatever the segments, the lines are the same."""
    assert lines(*cut(data, places)) == lines(data)


@pytest.mark.slow
@given(streams)
def test_singleBytes(data: bytes) -> None:
    """Byte by byte the lines are the same as in one segment."""
    assert lines(*cut(data, range(len(data)))) == lines(data)


@given(st.lists(st.binary(max_size=LONGEST_LINE - 1).filter(lambda b: not {0, 10, 255} & {*b})))
def test_linesComeBack(sent: list[bytes]) -> None:
    """What holds neither NUL nor LF nor IAC comes back as it was, but for a CR before the end."""
    wanted = [line.removesuffix(b"\r") for line in sent]
    assert lines(b"".join(line + b"\n" for line in sent)) == wanted


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lineEnds(end: bytes) -> None:
    """LF ends a line with or without a CR before it."""
    assert lines(b"NOOP" + end + b"QUIT" + end) == [b"NOOP", b"QUIT"]


def test_bareCarriageReturn() -> None:
    """A CR elsewhere is a byte of the line, and ends nothing."""
    assert lines(b"NOOP\rQUIT\r\r\n") == [b"NOOP\rQUIT\r"]


def test_unfinishedLine() -> None:
    """What has no end yet is no line."""
    assert lines(b"QUIT\r") == []


def test_eightBit() -> None:
    """Bytes above 127 are passed on; who reads the line judges them."""
    assert lines(b"STOR caf\xc3\xa9\xe9\n") == [b"STOR caf\xc3\xa9\xe9"]


@pytest.mark.parametrize(
    "sent",
    [b"\0NOOP\n", b"NOOP\0\n", b"NO\0OP\r\n", b"NOOP\r\0\n", b"NOOP\r\n\0", b"\0\0NOOP\r\n\0\0"],
)
def test_null(sent: bytes) -> None:
    """NUL is nothing wherever it stands, also the one of a string that a PLC sends whole."""
    for place in range(len(sent)):
        assert lines(sent[:place], sent[place:]) == [b"NOOP"]


def test_nullIsNoLine() -> None:
    """Any number of NULs is no line that has begun, and nothing of them is kept."""
    decoder = LineDecoder()
    decoder.feed(b"\0" * 2 * LONGEST_FLOOD)
    assert decoder.next() is None
    assert not decoder.unfinished


def test_nullAsAnOption() -> None:
    """Telnet's option 0 goes with its command."""
    assert lines(b"\xff\xfd\0NOOP\n") == [b"NOOP"]


@pytest.mark.parametrize("sent", ABORTS.values(), ids=ABORTS.keys())
def test_telnetAroundAbort(sent: bytes) -> None:
    """Telnet's commands are taken out of the line, wherever the segments end."""
    wire = b"NOOP\r\n" + sent + b"\r\nQUIT\r\n"
    for place in range(len(wire)):
        assert lines(wire[:place], wire[place:]) == [b"NOOP", b"ABOR", b"QUIT"], place


def test_markOnTheWrongByte() -> None:
    """A data mark that lost its IAC is a byte like others; the session drops it."""
    assert lines(b"\xff\xf4\xf2ABOR\r\n") == [b"\xf2ABOR"]


def test_doubledByte() -> None:
    """A doubled 0xFF is the byte itself (RFC 854)."""
    assert lines(b"STOR \xff\xff.ps\n") == [b"STOR \xff.ps"]


@pytest.mark.parametrize("option", [0xFB, 0xFC, 0xFD, 0xFE])
def test_options(option: int) -> None:
    """WILL, WONT, DO and DONT go with the option that follows, be it a line feed."""
    assert lines(bytes([0xFF, option, 10]) + b"NOOP\n") == [b"NOOP"]


def test_strayByte() -> None:
    """A 0xFF that begins no command is dropped alone: the line end after it holds."""
    assert lines(b"NOOP\xff\r\nQUIT\r\n") == [b"NOOP", b"QUIT"]


def test_longestLine() -> None:
    """A line of the longest length is a line."""
    assert lines(b"x" * LONGEST_LINE + b"\n") == [b"x" * LONGEST_LINE]


def test_longestLineWithCarriageReturn() -> None:
    """The CR before the LF belongs to the end, and does not make the line too long."""
    assert lines(b"x" * LONGEST_LINE + b"\r\n") == [b"x" * LONGEST_LINE]


@pytest.mark.parametrize("length", [LONGEST_LINE + 1, LONGEST_LINE + 2, LONGEST_FLOOD])
def test_tooLong(length: int) -> None:
    """A line that is too long is told in its place, and the next one is fine."""
    sent = b"NOOP\n" + b"x" * length + b"\nQUIT\n"
    assert lines(sent) == [b"NOOP", TOO_LONG, b"QUIT"]
    assert lines(*cut(sent, range(0, len(sent), 1000))) == [b"NOOP", TOO_LONG, b"QUIT"]


def test_flood() -> None:
    """What goes on without a line end is no FTP; the lines before it are still told."""
    assert lines(b"NOOP\n" + b"x" * LONGEST_FLOOD) == [b"NOOP"]
    assert lines(b"NOOP\n" + b"x" * (LONGEST_FLOOD + 1)) == [b"NOOP", FLOOD]


def test_floodWithLineEnd() -> None:
    """Beyond the limit a line end comes too late, whatever the segments."""
    flood = b"x" * (LONGEST_FLOOD + 1) + b"\nNOOP\n"
    assert lines(flood) == lines(flood[:-6], flood[-6:]) == [FLOOD]


def test_telnetIsNoPartOfTheLine() -> None:
    """Telnet commands count for no limit."""
    assert lines(b"\xff\xf1" * LONGEST_FLOOD + b"NOOP\n") == [b"NOOP"]


@pytest.mark.parametrize("filler", [b"x", b"\xff\xf1", b"\xff\xfb\x01"])
def test_memory(filler: bytes) -> None:
    """Of a flood a few lines' worth is kept at most, however long it goes on."""
    decoder, piece = LineDecoder(), filler * 100
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(LONGEST_FLOOD // len(piece)):
            decoder.feed(piece)
            assert decoder.next() is None
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < LONGEST_FLOOD / 4


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (b"QUIT\r\n", True),
        (b"NOOP\r\nquit \r\r\n\x1a", True),
        (b"\nQUIT\n\r\n\0", True),
        (b"QUIT", False),
        (b"", False),
        (b"\r\n", False),
        (b"QUIT\r\nNOOP\r\n", False),
        (b"QUIT\r\nNO", False),
        (b"HELP QUIT\r\n", False),
    ],
)
def test_isLast(words: bytes, last: bool) -> None:
    """A QUIT says that nothing comes behind it, if it is whole."""
    assert isLast(words) is last
