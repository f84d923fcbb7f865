"""
PJL in the bytes of a job: where it is, and which of its commands no print job needs.  No I/O.

HP's Printer Job Language is read at its own level only: at the beginning of a job, after each
Universal Exit Language sequence (HP, PJL Technical Reference Manual), and where a command follows
the control-D that ends a PostScript job.  Everywhere else the same
letters are text or part of a picture.  Where a printer might be lenient this is more so: no line
that any printer could take for PJL ends the level.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from .language import UEL

LONGEST_LINE = 65536
"""Bytes of a PJL line with the blanks before it: drivers' lines have some hundred (chosen)."""

_PREFIX = b"@PJL"

# Control characters count as blanks: some systems send NULs or a control-D before everything.
_BLANK = rb"[\x00-\x09\x0b-\x1a\x1c-\x20]"
_BLANKS = re.compile(_BLANK + rb"*")
# Behind the end of a PostScript job (language.py) printers are back where they began.
_AFTER_JOB = rb"\x04(?:" + _BLANK + rb"|\n){0,16}"
_ENTRY = re.compile(re.escape(UEL) + rb"|" + _AFTER_JOB + rb"(?i:@PJL)")
_ENTRY_BEGUN = re.compile(
    rb"\x1b(?:%(?:-(?:1(?:2(?:3(?:4(?:5)?)?)?)?)?)?)?\Z|" + _AFTER_JOB + rb"(?:@(?:PJ?)?)?\Z",
    re.IGNORECASE,
)
_LONGEST_BEGUN = 1 + 16 + len(b"@PJ")
# To the manual CR is nothing, to a printer it may be the end of a line: then another begins here.
_CR = re.compile(rb"\r(?=[\x00-\x09\x0b\x0c\x0e-\x1a\x1c-\x20]*@PJL)", re.IGNORECASE)
# Between the two some printers may skip more than blanks.
_COMMAND = re.compile(_BLANK + rb"*@PJL[^\w\n]*(\w+)", re.IGNORECASE)
_STRING = re.compile(rb"=" + _BLANK + rb'*"[^"]*"')
_LOCK = re.compile(
    rb"(?<![\w.-])(PASSWORD|CPLOCK|DISKLOCK|SERVICEMODE)[\"']?" + _BLANK + rb"*=", re.IGNORECASE
)
_FIRMWARE = re.compile(
    _BLANK + rb"*LANGUAGE" + _BLANK + rb"*=[\x00-\x20\"]*FWUPDATE", re.IGNORECASE
)
# SET of PML object 1.1.2.13, date and time, as 14 digits: headers of HP's own drivers have it.
_CLOCK = re.compile(
    _BLANK
    + rb"*ASCIIHEX"
    + _BLANK
    + rb"*="
    + _BLANK
    + rb'*"0400040101020D10100115(?:3[0-9]){14}"'
    + _BLANK
    + rb"*\n?\Z",
    re.IGNORECASE,
)

RISKY = {
    # the file system
    *("FSAPPEND", "FSDELETE", "FSDIRLIST", "FSDOWNLOAD"),
    *("FSINIT", "FSMKDIR", "FSQUERY", "FSUPLOAD"),
    # what outlives the job: NVRAM and firmware
    *("DEFAULT", "INITIALIZE", "CLEARNVRAM", "NVRAMINIT"),
    *("RNVRAM", "WNVRAM", "SUPERUSER", "UPGRADE"),
    # the Printer Management Language
    *("DMINFO", "DMCMD"),
    # off line until somebody presses a key; a restart, a demonstration page
    *("OPMSG", "STMSG", "EXECUTE"),
}
"""Commands that no print job needs; C{docs/pjl.rst} has the reason for each group."""


class Kind(Enum):
    """What a part of a job is."""

    BODY = "body"
    """Not at the PJL level."""

    PJL = "pjl"
    """A whole line at the PJL level, or a Universal Exit Language sequence."""

    OVERLONG = "overlong"
    """The beginning of a PJL line that is too long to be read; what follows counts as body."""


class Piece(NamedTuple):
    """A part of a job."""

    kind: Kind
    data: bytes


class Scanner:
    """
    Takes one job apart, however it comes in pieces.

    What it gives out, put together, is what it was fed, byte for byte.  It keeps at most one PJL
    line, or the beginning of a Universal Exit Language sequence.
    """

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._blankLines = re.compile(rb"(?:" + _BLANK + rb"{0,%d}+\n)*+" % (longest - 1))
        self._atPJL = True
        self._rest = b""
        # Of the line that is not whole yet: how many blanks begin it, and how far it was searched.
        self._blanks = self._searched = 0

    def feed(self, data: bytes) -> list[Piece]:
        """Take the next bytes of the job; give what can be told apart by now."""
        buffer, at = self._rest + data, 0
        pieces = []
        while True:
            level = self._atPJL
            kind, end = self._line(buffer, at) if level else self._body(buffer, at)
            if end > at:
                pieces.append(Piece(kind, buffer[at:end]))
            elif self._atPJL is level:
                break
            at = end
            self._blanks = self._searched = 0
        self._rest = buffer[at:]
        return pieces

    def flush(self) -> list[Piece]:
        """The job is over: give what is left, a last line without its end perhaps."""
        rest, self._rest = self._rest, b""
        return [Piece(Kind.PJL if self._atPJL else Kind.BODY, rest)] if rest else []

    # Each gives the kind and the end of what begins here; the end is the beginning if it cannot be
    # told yet, or if the level changed.

    def _line(self, buffer: bytes, at: int) -> tuple[Kind, int]:
        # What a line is depends on its first bytes only, so it is the same in all pieces.
        limit = at + self._longest
        blanks = _BLANKS.match(buffer, at + self._blanks, limit)
        start = blanks.end() if blanks else at
        beginning = buffer[start : min(start + len(UEL), limit)]
        if beginning == UEL:
            return Kind.PJL, start + len(UEL)
        if beginning.startswith(b"\n"):
            more = self._blankLines.match(buffer, start + 1)
            return Kind.PJL, more.end() if more else start + 1
        if beginning[: len(_PREFIX)].upper() == _PREFIX:
            unseen = max(start, at + self._searched - len(UEL) + 1)
            newline = buffer.find(b"\n", unseen, limit)
            end = buffer.find(UEL, unseen, limit if newline < 0 else newline)
            if end < 0:
                end = newline + 1
            if end > 0:
                return Kind.PJL, end
        elif not (UEL.startswith(beginning) or _PREFIX.startswith(beginning.upper())):
            self._atPJL = False
            return Kind.BODY, at
        if len(buffer) >= limit:
            self._atPJL = False
            return Kind.OVERLONG, limit
        self._blanks, self._searched = start - at, len(buffer) - at
        return Kind.PJL, at

    def _body(self, buffer: bytes, at: int) -> tuple[Kind, int]:
        entry = _ENTRY.search(buffer, at)
        if entry is not None:
            self._atPJL = True
            return Kind.BODY, entry.start()
        begun = _ENTRY_BEGUN.search(buffer, max(at, len(buffer) - _LONGEST_BEGUN))
        return Kind.BODY, len(buffer) if begun is None else begun.start()


def risk(line: bytes) -> str:
    """
    The name of the first command in a PJL line that no print job needs, or C{""}.

    Only our own words are in it, nothing of the line: that may hold a password.
    """
    return next(filter(None, map(_riskOf, _CR.split(line))), "")


def _riskOf(statement: bytes) -> str:
    found = _COMMAND.match(statement)
    if found is None:
        return ""
    command = found[1].decode("ascii").upper()
    rest = statement[found.end() :]
    if command == "DMINFO" and _CLOCK.match(rest):
        return ""
    if command == "ENTER" and _FIRMWARE.match(rest):
        return "ENTER LANGUAGE=FWUPDATE"
    if command in ("SET", "JOB"):
        option = _LOCK.search(_STRING.sub(b"= ", rest))
        return "" if option is None else f"{command} {option[1].decode('ascii').upper()}"
    return command if command in RISKY else ""
