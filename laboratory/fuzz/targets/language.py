"""
The language of a job: the tail is one of four, the beginning decides, and the job that was ended
so needs no such end again.
"""

from __future__ import annotations

from jetdirect.language import END_OF_JOB, UEL, tailFor

TOKENS = (UEL, b"@PJL JOB\r\n", b"@PJL EOJ\r\n", b"@PJL ENTER LANGUAGE=PCL\r\n", b"%!PS\n", b"\x04")

_BLANKS = bytes(set(range(0x21)) - {0x1B})

_ENDING_A_JOB = UEL + b"@PJL EOJ\r\n" + UEL


def check(data: bytes) -> None:
    """C{data} is the head of a job."""
    tail = tailFor(data)
    first = data.lstrip(_BLANKS)
    if first[:2] == b"%!":
        assert tail == END_OF_JOB, tail
    elif first[:1] == b"\x1b":
        assert tail in (UEL, _ENDING_A_JOB), tail
        assert tail == UEL or (first[: len(UEL)] == UEL and b"@PJL" in data), tail
    else:
        assert tail == b"", tail
    if len(first) >= len(UEL):
        assert (tailFor(data + data) == b"") is (tail == b"")
        assert (tailFor(data + _ENDING_A_JOB) == END_OF_JOB) is (tail == END_OF_JOB)
    if tail == _ENDING_A_JOB and b"ENTER" not in data.upper():
        assert tailFor(data + tail) == UEL
