"""
HTTP/1.1 (RFC 9112) in bytes, as much as IPP needs of it: the head of a request, chunks, and an
answer that is read with suspicion.  No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST_HEAD = 64 * 1024
"""Bytes of an answer before its content, interim answers (1xx) included."""

LONGEST_CONTENT = 2**20
"""Bytes of its content; what IPP is asked for here has some kilobytes."""

CHUNK_END, LAST_CHUNK = b"\r\n", b"0\r\n\r\n"
"""What ends a chunk, and all of them (section 7.1)."""

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9]\d\d)(?: [^\r\n]*)?")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")
_LONGEST_LINE = 1024


def postHead(path: str, host: str, headers: Mapping[str, str]) -> bytes:
    """
    The head of a request, after which the connection is to be closed.

    @param path: percent-encoded.
    @param host: as in the URI, with its port.
    """
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def chunkHead(size: int) -> bytes:
    """So many bytes follow of a content whose length is not known; 0 would be its end."""
    return b"%x\r\n" % size


class AnswerReader:
    """
    An answer, as it comes.

    @ivar code: the status code, or 0.
    @ivar content: so far.
    @ivar whole: is that all?
    """

    def __init__(self) -> None:
        self.code = 0
        self.content = b""
        self.whole = False
        self._rest = b""
        self._heads = 0
        self._left: int | None = None
        self._chunked = False
        self._trailer = False

    def feed(self, data: bytes) -> None:
        """
        More of it.

        @raise ValueError: that is no HTTP, or too much.
        """
        self._rest += data
        while not self.whole and self._step():
            pass

    def end(self) -> None:
        """The connection has ended in order: so has an answer without a length (section 6.3)."""
        if self.code and not self._chunked and self._left is None:
            self.whole = True

    def _step(self) -> bool:
        # Is there something that could be taken?
        if not self.code:
            return self._head()
        if self._trailer:
            line = self._line()
            self.whole = line == b""
            return line is not None
        if self._chunked and not self._left:
            return self._chunk()
        return self._take()

    def _head(self) -> bool:
        head, end, rest = self._rest.partition(b"\r\n\r\n")
        if self._heads + len(head) > LONGEST_HEAD:
            raise ValueError("its head has no end")
        if not end:
            if not b"HTTP/1.".startswith(head[:7]):
                raise ValueError("no HTTP")
            return False
        self._heads += len(head)
        self._rest = rest
        first, *lines = head.split(b"\r\n")
        status = _STATUS.fullmatch(first)
        if status is None:
            raise ValueError("no HTTP")
        code = int(status[1])
        if code >= 200:
            self.code = code
            self._frame(_fields(lines))
        return True

    def _frame(self, fields: Mapping[bytes, bytes]) -> None:
        # Section 6.3.
        coding = fields.get(b"transfer-encoding", b"").lower()
        length = fields.get(b"content-length")
        if coding not in (b"", b"chunked"):
            raise ValueError("an unknown transfer coding")
        self._chunked = bool(coding)
        if self.code in (204, 304):
            self._left = 0
        elif not coding and length is not None:
            if not re.fullmatch(rb"\d{1,15}", length):
                raise ValueError("its length is no number")
            self._left = int(length)
        self.whole = self._left == 0 and not self._chunked

    def _chunk(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if self._left == 0 and not line:  # what ends the chunk before
            self._left = None
            return True
        size = _SIZE.fullmatch(line)
        if size is None or self._left is not None:
            raise ValueError("no chunk")
        self._left = int(size[1], 16)
        self._trailer = self._left == 0
        return True

    def _line(self) -> bytes | None:
        line, end, rest = self._rest.partition(b"\r\n")
        if len(line) > _LONGEST_LINE:
            raise ValueError("a line has no end")
        if not end:
            return None
        self._rest = rest
        return line

    def _take(self) -> bool:
        taken = self._rest if self._left is None else self._rest[: self._left]
        self._rest = self._rest[len(taken) :]
        self.content += taken
        if len(self.content) > LONGEST_CONTENT:
            raise ValueError("it has no end")
        if self._left is not None:
            self._left -= len(taken)
            self.whole = not self._left and not self._chunked
        return bool(taken)


def _fields(lines: list[bytes]) -> Mapping[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        name, value = name.lower(), value.strip()
        if not colon or not name or name != name.strip():
            raise ValueError("a header that is none")
        if name in (b"content-length", b"transfer-encoding") and fields.get(name, value) != value:
            raise ValueError("two lengths")
        fields[name] = value
    return fields
