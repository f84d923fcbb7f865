"""
Bytes of the control connection into command lines.  No I/O.

Lines end with LF, a CR before it belongs to the end (PLCs send LF alone).  Telnet commands (RFC
854; RFC 959 section 3.2.1: C{IAC IP IAC DM} around ABOR) are taken out, and so is NUL: it means
nothing there (RFC 854, page 11), and PLCs send the one that ends their strings.
"""

from __future__ import annotations

LONGEST_LINE = 4096
"""Bytes of a command line; Linux's PATH_MAX, longer than any path a client can mean."""

LONGEST_FLOOD = 64 * 1024
"""Bytes without a line end after which the peer is taken for no FTP client at all."""

NOISE = b" \t\r\x0b\x0c\x04\x1a"
"""What scripts leave around a command: blanks, a second CR, the end of a file (^D, ^Z)."""

_IAC = 0xFF
_FIRST_COMMAND = 0xF0  # SE; below it a lone IAC is a stray byte (RFC 854, page 14)
_WITH_OPTION = range(0xFB, 0xFF)  # WILL, WONT, DO, DONT: a third byte follows


class LineTooLong(Exception):
    """A line of more than L{LONGEST_LINE} bytes was dropped; the next one is fine again."""


class NoLineEnd(Exception):
    """More than L{LONGEST_FLOOD} bytes came without a line end."""


class LineDecoder:
    """
    Feed it what was received, in pieces of any size, and take the lines.

    What is not taken waits here: feed it no more for so long.  Beside that, memory is bounded by
    one line.

    @ivar waiting: what was not looked at is the end of this; empty: there is nothing.
    """

    __slots__ = ("_at", "_length", "_line", "_telnet", "waiting")

    def __init__(self) -> None:
        self.waiting = b""
        self._at = 0
        self._line = b""
        self._length = 0
        self._telnet = b""

    @property
    def unfinished(self) -> bool:
        """Has a line begun whose end has not come yet?"""
        return self._length > 0

    def feed(self, data: bytes) -> None:
        """Something came."""
        if self._telnet or _IAC in data:
            data = self._withoutTelnet(data)
        if 0 in data:
            data = data.translate(None, b"\0")
        if self.waiting:
            data = self.waiting[self._at :] + data
        self.waiting, self._at = data, 0

    def next(self) -> bytes | LineTooLong | None:
        """
        The next complete line, without its end; a L{LineTooLong} stands in the place of such a
        line.

        @return: L{None}: there is none yet.
        @raise NoLineEnd: after the lines before the flood.
        """
        waiting, at = self.waiting, self._at
        if not waiting:
            return None
        end = waiting.find(b"\n", at)
        if end < 0:
            self.waiting, self._at = b"", 0
            self._extend(waiting[at:])
            return None
        piece = waiting[at:end]
        if end + 1 == len(waiting):
            self.waiting, self._at = b"", 0
        else:
            self._at = end + 1
        if not self._length and end - at <= LONGEST_LINE:  # as nearly all are
            return piece.removesuffix(b"\r")
        self._extend(piece)
        return self._takeLine()

    def _extend(self, piece: bytes) -> None:
        self._length += len(piece)
        if self._length > LONGEST_FLOOD:
            raise NoLineEnd
        self._line += piece[: LONGEST_LINE + 1 - len(self._line)]

    def _takeLine(self) -> bytes | LineTooLong:
        line = self._line.removesuffix(b"\r")
        tooLong = self._length - (len(self._line) - len(line)) > LONGEST_LINE
        self._line, self._length = b"", 0
        return LineTooLong() if tooLong else line

    def _withoutTelnet(self, data: bytes) -> bytes:
        data, self._telnet = self._telnet + data, b""
        kept = bytearray()
        at = 0
        while (found := data.find(_IAC, at)) >= 0:
            kept += data[at:found]
            command = data[found + 1] if found + 1 < len(data) else None
            if command is None or (command in _WITH_OPTION and found + 2 >= len(data)):
                self._telnet = data[found:]
                return bytes(kept)
            if command == _IAC:  # doubled: the byte itself
                kept.append(_IAC)
                at = found + 2
            elif command in _WITH_OPTION:
                at = found + 3
            elif command >= _FIRST_COMMAND:
                at = found + 2
            else:
                at = found + 1
        kept += data[at:]
        return bytes(kept)


def isLast(words: bytes) -> bool:
    """
    Is the last of these lines, if it is whole, a QUIT?

    @param words: the end of what a peer has said.
    """
    said = words.rstrip(NOISE + b"\0\n")
    ended = b"\n" in words[len(said) :]
    return ended and said.rpartition(b"\n")[2].strip(NOISE + b"\0").upper() == b"QUIT"
