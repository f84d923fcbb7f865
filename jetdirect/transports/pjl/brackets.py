"""
C{@PJL JOB} and C{@PJL EOJ} in the bytes of a job: does it bring its own, and what will a printer
call them when it tells of their end?  No I/O.
"""

from __future__ import annotations

import re

from ...language import HEAD_BYTES, UEL
from ...pjl import Kind, Piece, Scanner
from .talk import LONGEST_NAME

MOST_JOBS = 100
"""PJL jobs in one upload whose ends are awaited; an upload with more is not confirmed (chosen)."""

LOOK = HEAD_BYTES - len(UEL)
"""Bytes in which the upload's own JOB ends, or is none: room for the UEL that may end its line."""

_BRACKET = re.compile(rb"(?:\A|\r)[^\S\r\n]*@PJL[^\S\r\n]+(JOB|EOJ)\b([^\r\n]*)", re.IGNORECASE)
_NAME = re.compile(rb'(?<!\w)NAME\s*=\s*"([^"]*)"', re.IGNORECASE)
_CONTROL = bytes(set(range(0x20)) - set(b"\r\n"))
_BLANKED = bytes.maketrans(_CONTROL, b" " * len(_CONTROL))


class Brackets:
    """
    The @PJL JOB and EOJ pairs of one upload.

    @ivar decided: it is known whether the upload begins with a JOB of its own.
    @ivar own: it does.
    @ivar names: what the JOBs and EOJs so far call themselves, C{""} for one without a name.
    """

    def __init__(self) -> None:
        self.decided = False
        self.own = False
        self.names: set[str] = set()
        self._ended: list[frozenset[str]] = []
        self._count = self._seen = 0
        self._clear = True
        self._open: str | None = None
        self._scanner = Scanner()

    @property
    def none(self) -> bool:
        """There are none at all."""
        return self._clear and not self.names

    @property
    def even(self) -> bool:
        """There are some, each JOB has its EOJ, and none is inside of another."""
        return self._clear and self._open is None and bool(self.names)

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the upload."""
        for piece in self._scanner.feed(data):
            self._readPiece(piece)

    def flush(self) -> None:
        """There are no more: a last line without an end may never be read by the printer."""
        before = len(self.names), self._count
        for piece in self._scanner.flush():
            self._readPiece(piece)
        self._clear = self._clear and before == (len(self.names), self._count)

    def ended(self) -> list[frozenset[str]]:
        """
        The jobs that were ended since the last call.

        @return: for each the names by which a printer may tell of its end.
        """
        ended, self._ended = self._ended, []
        return ended

    def _readPiece(self, piece: Piece) -> None:
        if piece.kind is not Kind.PJL:
            self.decided = True
            self._clear = self._clear and piece.kind is not Kind.OVERLONG
            return
        self._seen += len(piece.data)
        if self._seen > LOOK:
            self.decided = True
        line = piece.data.translate(_BLANKED)
        for command, rest in _BRACKET.findall(line):
            begins = command.upper() == b"JOB"
            if begins and not self.decided:
                self.decided = self.own = True
            found = _NAME.search(rest)
            name = found[1].decode("latin-1")[:LONGEST_NAME] if found else ""
            self._bracket(begins, name)

    def _bracket(self, begins: bool, name: str) -> None:
        if begins is (self._open is not None) or self._count >= MOST_JOBS:
            self._clear = False
            return
        self.names.add(name)
        if begins:
            self._open = name
        else:
            # The end is told under the name that EOJ has (chapter 5); without one it is unclear.
            self._ended.append(frozenset([name] if name else [self._open or "", ""]))
            self._open = None
            self._count += 1
