"""
The line decoder: lines are those of a decoder that looks at one byte after the other, however the
bytes were cut into segments, and no more than one line is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from unittest.mock import patch

from jetdirect.ftp.lines import LineDecoder, LineTooLong, NoLineEnd

TOKENS = (b"\r\n", b"\xff\xf4\xff\xf2ABOR", b"\xff\xff", b"\xff\xfd\x06", b"x" * 30, b"y" * 200)

LINE = 32
FLOOD = 256
"""The decoder's limits here, so that they are met often."""

KEPT = LINE + 4
"""Bytes that a decoder may keep: a line, its end, and half a Telnet command."""

TOO_LONG = b"(too long)"
NO_END = b"(no end)"


def check(data: bytes) -> None:
    """The first byte says how the rest is cut."""
    size, stream = (data[:1] or b"\0")[0] + 1, data[1:]
    wanted = list(_byteByByte(stream))
    with patch.multiple("jetdirect.ftp.lines", LONGEST_LINE=LINE, LONGEST_FLOOD=FLOOD):
        whole = list(_fed([stream]))
        pieces = list(_fed(stream[at : at + size] for at in range(0, len(stream), size)))
    assert whole == wanted, (whole, wanted)
    assert pieces == wanted, (size, pieces, wanted)


def _fed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    decoder = LineDecoder()
    try:
        for piece in pieces:
            decoder.feed(piece)
            while (line := decoder.next()) is not None:
                if isinstance(line, LineTooLong):
                    yield TOO_LONG
                else:
                    assert len(line) <= LINE and b"\n" not in line, line
                    yield line
            held = [getattr(decoder, name) for name in decoder.__slots__]
            kept = [each for each in held if isinstance(each, bytes | bytearray)]
            assert sum(map(len, kept)) <= KEPT, [len(each) for each in kept]
    except NoLineEnd:
        yield NO_END


def _byteByByte(stream: bytes) -> Iterator[bytes]:
    # RFC 854: what follows 0xFF (IAC), and how many bytes of it are the command.
    line = bytearray()
    command = b""
    for byte in stream:
        if command == b"\xff":
            if byte in range(0xFB, 0xFF):
                command += bytes([byte])
                continue
            command = b""
            if 0xF0 <= byte < 0xFF:
                continue
        elif command:
            command = b""
            continue
        elif byte == 0xFF:
            command = b"\xff"
            continue
        if byte == 0:
            continue  # page 11
        if byte != 0x0A:
            line.append(byte)
            if len(line) > FLOOD:
                yield NO_END
                return
            continue
        ended = bytes(line).removesuffix(b"\r")
        yield TOO_LONG if len(ended) > LINE else ended
        line.clear()
