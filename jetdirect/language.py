"""
What language is a job in, and what ends it when it was cut?  Pure functions on its first bytes.

A printer cut off in mid job waits for the rest, and takes the next job for it.  PJL and PCL are
left by the Universal Exit Language sequence (HP, PJL Technical Reference Manual), PostScript by
control-D, its end of file on serial channels.  What a tail does on real printers is unverified:
none was at hand.  Nothing is ever added to a complete job.
"""

from __future__ import annotations

import re

HEAD_BYTES = 4096
"""How much of a job's beginning is kept: C{@PJL JOB} is expected among the first lines, and this is
room for some fifty of them (chosen, not measured)."""

UEL = b"\x1b%-12345X"
END_OF_JOB = b"\x04"

# Some systems send NULs, blanks or empty lines before everything; printers skip them.
_BEFORE = bytes(set(range(0x21)) - set(UEL))


def _command(words: bytes) -> re.Pattern[bytes]:
    return re.compile(
        rb"^[\x00-\x09\x0b-\x20]*@PJL\s+" + words + rb"\b", re.MULTILINE | re.IGNORECASE
    )


_PJL_JOB, _PJL_EOJ = _command(b"JOB"), _command(b"EOJ")
_PJL_ENTER = _command(rb"ENTER\s+LANGUAGE")


def tailFor(head: bytes) -> bytes:
    """
    What to send after a job that was cut, so that the next job begins afresh.

    @param head: the first bytes of the job, at least L{HEAD_BYTES} if it has so many.
    @return: C{b""} when the language is not known: a guess could end up on paper.
    """
    head = head.lstrip(_BEFORE)
    if head.startswith(b"%!"):
        return END_OF_JOB
    if head.startswith(UEL):
        header = _PJL_ENTER.split(head.replace(UEL, b"\n").replace(b"\r", b"\n"), maxsplit=1)[0]
        if _PJL_JOB.search(header) and not _PJL_EOJ.search(header):
            return UEL + b"@PJL EOJ\r\n" + UEL
        return UEL
    if head.startswith(b"\x1b"):
        return UEL
    return b""
