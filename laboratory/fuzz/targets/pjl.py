"""
The PJL scanner: what it gives out is what it was fed, each byte counts for the same however the job
was cut, it keeps one line at most, and a risky command behind a UEL is found whatever came before.
"""

from __future__ import annotations

from collections.abc import Iterable

from jetdirect.language import UEL
from jetdirect.pjl import RISKY, Kind, Scanner, risk

TOKENS = (
    *(UEL, UEL[:4], UEL[4:], b"@PJL ", b"@PJL\r\n", b"\r@PJL ", b"@PJL FSDELETE\r\n", b"\x04"),
    *(b"\x04@PJL ECHO\n", b"\n", b"\r\n", b" \n"),
    *(b"SET PASSWORD=1\n", b'JOB NAME="', b"ENTER LANGUAGE=PCL\n", b"=FWUPDATE", b"\0", b"%!PS\n"),
)

_BLANKS = bytes(set(range(0x21)) - {0x1B})

SHORT = 1024
"""Bytes of a job here, which is fed byte by byte, too."""

LONGEST = 64
"""Bytes of a line here, so that too long ones are frequent."""

_OWN_WORDS = (*RISKY, "ENTER LANGUAGE=FWUPDATE")
_SETTINGS = ("PASSWORD", "CPLOCK", "DISKLOCK", "SERVICEMODE")

_PLANTED = UEL + b"@PJL FSDELETE NAME=a\r\n"


def check(data: bytes) -> None:
    """The first byte says how the rest, a job, is cut."""
    size, job = (data[:1] or b"\0")[0] + 1, data[1:SHORT]
    wanted = _kinds([job])
    for step in (1, size):
        assert _kinds(job[at : at + step] for at in range(0, len(job), step)) == wanted, step
    found = []
    overlong = False
    for kind, piece in _scanned([job + _PLANTED]):
        overlong = overlong or kind is Kind.OVERLONG
        if kind is Kind.PJL:
            found.append(risk(piece))
    assert "FSDELETE" in found or overlong, found
    for name in filter(None, found):
        first, _, option = name.partition(" ")
        assert name in _OWN_WORDS or (first in ("SET", "JOB") and option in _SETTINGS), name


def _kinds(pieces: Iterable[bytes]) -> list[tuple[Kind, int]]:
    # What each byte counts for; a body is one body, and blank lines are some, in however many
    # pieces they are given out.
    kinds: list[tuple[Kind, int]] = []
    many = False
    for kind, piece in _scanned(pieces):
        blank = kind is Kind.PJL and piece.endswith(b"\n") and not piece.strip(_BLANKS)
        if kinds and (kind is Kind.BODY or blank) and (kind, blank) == (kinds[-1][0], many):
            kinds[-1] = (kind, kinds[-1][1] + len(piece))
        else:
            kinds.append((kind, len(piece)))
        many = blank
    return kinds


def _scanned(pieces: Iterable[bytes]) -> list[tuple[Kind, bytes]]:
    scanner = Scanner(LONGEST)
    fed = bytearray()
    given: list[tuple[Kind, bytes]] = []
    for piece in pieces:
        fed += piece
        given += scanner.feed(piece)
        kept = len(fed) - sum(len(data) for _, data in given)
        assert 0 <= kept <= LONGEST, kept
    given += scanner.flush()
    assert b"".join(data for _, data in given) == fed
    assert all(data for _, data in given)
    return given
