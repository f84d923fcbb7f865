"""
PJL in a job: found in every split, at its own level only, and judged command by command.
"""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.language import UEL
from jetdirect.pjl import LONGEST_LINE, RISKY, Kind, Piece, Scanner, risk
from tests.support.pieces import split

CLOCK = b'@PJL DMINFO ASCIIHEX="0400040101020D101001153230323631313232313233303435"\r\n'

BLANKS = bytes(set(range(0x21)) - {0x1B})

WORDS = [
    *(b"\x04", b"\x04@", b"\x04 @P", b"\x04@PJL FSINIT\n", b"\x04\n" + b" " * 15),
    *(UEL, UEL[:1], UEL[:5], UEL[5:], b"@PJL", b"@pjl ", b"@PJ", b"L", b"\n", b"\r\n", b"\r"),
    *(b"\0", b" ", b"\t", b"\x1b", b"\x1bE", b"X", b"SET A=B", b"ENTER LANGUAGE=PCL", b"FSINIT"),
]


def taken(pieces: list[bytes], longest: int = LONGEST_LINE) -> list[Piece]:
    """
    What the scanner makes of a job that comes like this; neighbours of body are one, and so are
    blank lines.
    """
    scanner = Scanner(longest)
    found = [each for piece in pieces for each in scanner.feed(piece)] + scanner.flush()
    assert all(data for _, data in found)
    merged: list[Piece] = []
    for (kind, blank), group in itertools.groupby(found, key=lambda p: (p.kind, isBlank(p))):
        if kind is Kind.BODY or blank:
            merged.append(Piece(kind, b"".join(data for _, data in group)))
        else:
            merged += group
    return merged


def isBlank(piece: Piece) -> bool:
    """Is it nothing but blank lines?"""
    return piece.kind is Kind.PJL and piece.data.endswith(b"\n") and not piece.data.strip(BLANKS)


@pytest.mark.parametrize(
    ("job", "parts"),
    [
        (b"", ""),
        (b"%!PS", "B%!PS"),
        (b"@PJL\n", "P@PJL.|"),
        (b"@pjl set\n \t@PJL x\n", "P@pjl set.|P ~@PJL x."),
        (b"@PJL\r\n\r\n@PJL X\nA\n@PJL X\n", "P@PJL..|P..|P@PJL X.|BA.@PJL X."),
        (b"@PJL no end", "P@PJL no end"),
        (b"@PJ", "P@PJ"),
        (b"@PJX\n", "B@PJX."),
        (b" \0\x04@PJL\n", "P ~~@PJL."),
        (b" \n\n@PJL\n", "P ..|P@PJL."),
        (b"%!\x04@PJL A\n", "B%!|P~@PJL A."),
        (b"%!\x04\r\n@pjl A\n%!", "B%!|P~..|P@pjl A.|B%!"),
        (b"%!\x04\x04%!\x04" + b" " * 15 + b"@PJL\n", "B%!~~%!|P~               @PJL."),
        (b"%!\x04" + b" " * 17 + b"@PJL\n", "B%!~                 @PJL."),
        (b"%!\x04@PJ\n", "B%!~@PJ."),
        (b"%!\x04 @PJ", "B%!~ @PJ"),
        (b"%!\x04" + UEL, "B%!~|PU"),
        (b"%!" + UEL.lower() + b"@PJL\n", "B%!^%-12345x@PJL."),
        (UEL, "PU"),
        (UEL + b"@PJL\n", "PU|P@PJL."),
        (UEL + UEL + b"\n@PJL\n", "PU|PU|P.|P@PJL."),
        (UEL + b"@PJL A" + UEL + b"@PJL B\n", "PU|P@PJL A|PU|P@PJL B."),
        (b"\0\0" + UEL + b"@PJL\n", "P~~U|P@PJL."),
        (b"\x1bE" + UEL + b"@PJL\n", "B^E|PU|P@PJL."),
        (b"%!" + UEL + b"%!" + UEL, "B%!|PU|B%!|PU"),
        (b"%!" + UEL[:5], "B%!^%-12"),
        (b"%!" + UEL[:5] + UEL, "B%!^%-12|PU"),
        (UEL + UEL[:5], "PU|P^%-12"),
        (UEL + UEL[:5] + b"@", "PU|B^%-12@"),
        (b"text\n@PJL FSDELETE\n", "Btext.@PJL FSDELETE."),
    ],
)
def test_parts(job: bytes, parts: str) -> None:
    """PJL lines are found at the beginning, after a UEL, and as long as there are no others."""
    shown = []
    for kind, data in taken([job]):
        text = data.replace(UEL, b"U").replace(b"\x1b", b"^").decode("ascii")
        text = text.replace("\r", ".").replace("\n", ".")
        shown.append(kind.value[0].upper() + "".join(c if c >= " " else "~" for c in text))
    assert "|".join(shown) == parts.rstrip("|")


def test_afterEnter() -> None:
    """A language that the printer may not know does not end the level; other bytes do."""
    job = UEL + b"@PJL ENTER LANGUAGE=XYZ\n@PJL FSINIT\n"
    assert [kind for kind, _ in taken([job])] == [Kind.PJL] * 3
    job = UEL + b"@PJL ENTER LANGUAGE=PCL\n\x1bE\n@PJL FSINIT\n"
    assert taken([job])[2:] == [Piece(Kind.BODY, b"\x1bE\n@PJL FSINIT\n")]


JOB = (
    UEL
    + b"@PJL JOB\r\n@pjl SET A=B\r\n@PJL ENTER LANGUAGE=PCL\r\n"
    + b"\x1bE\x1b*b9W\x1b%-1\x1b%-12\n@PJL X\x1b"
    + UEL
    + b"\x1b%-1@PJL\n"
    + UEL
    + b"@PJL EOJ\r\n@PJL"
    + UEL
)


def test_everyTwoSplits() -> None:
    """A UEL is found wherever the job is cut into three."""
    whole = taken([JOB])
    assert "".join(kind.value[0] for kind, _ in whole) == "ppppbpbpppp"
    for first, second in itertools.combinations(range(len(JOB) + 1), 2):
        assert taken([JOB[:first], JOB[first:second], JOB[second:]]) == whole


def test_byteByByte() -> None:
    """However small the pieces."""
    assert taken([bytes([byte]) for byte in JOB]) == taken([JOB])


@given(
    st.one_of(st.lists(st.sampled_from(WORDS)).map(b"".join), st.binary()),
    st.sets(st.integers(0, 200)),
    st.sampled_from([9, 10, 20, LONGEST_LINE]),
)
def test_anySplit(job: bytes, places: set[int], longest: int) -> None:
    """Whatever the job and however it comes: the same parts, and not one byte more or less."""
    whole = taken([job], longest)
    assert b"".join(data for _, data in whole) == job
    assert taken(split(job, places), longest) == whole


@given(st.lists(st.sampled_from(WORDS)).map(b"".join), st.sets(st.integers(0, 200)))
def test_heldBack(job: bytes, places: set[int]) -> None:
    """Of the body not more is kept than may become a UEL, or a command behind a control-D."""
    scanner = Scanner()
    came = b""
    gone = 0
    for piece in split(job, places):
        came += piece
        pieces = scanner.feed(piece)
        gone += sum(len(data) for _, data in pieces)
        if pieces and pieces[-1].kind is Kind.BODY:
            kept = came[gone:]
            end = re.fullmatch(
                rb"\x04[\x00-\x1a\x1c-\x20]{0,16}(@(P(J(L.*)?)?)?)?", kept, re.I | re.S
            )
            assert UEL.startswith(kept) or end


@pytest.mark.parametrize("line", [b"@PJL " + b"x" * 95, b"\0" * 100, b"\0" * 90 + b"@PJL xxxxx"])
def test_longLine(line: bytes) -> None:
    """A line, with its end and the blanks before it, has a bound; what follows is body."""
    assert len(line) == 100
    fits = taken([line + b"\n@PJL\n"], 101)
    assert fits == [Piece(Kind.PJL, line + b"\n"), Piece(Kind.PJL, b"@PJL\n")]
    over = taken([line + b"\n@PJL\n"], 100)
    assert over == [Piece(Kind.OVERLONG, line), Piece(Kind.BODY, b"\n@PJL\n")]
    for place in range(100):
        assert taken([line[:place], line[place:] + b"\n@PJL\n"], 100) == over


def test_boundOfMemory() -> None:
    """The scanner keeps one line of the longest, not more, however small the pieces."""
    scanner = Scanner()
    assert scanner.feed(b"@PJL ") == []
    for _ in range(63):
        assert scanner.feed(b"x" * 1024) == []
    [piece] = scanner.feed(b"x" * 1019)
    assert (piece.kind, len(piece.data)) == (Kind.OVERLONG, LONGEST_LINE)
    assert scanner.flush() == []


@pytest.mark.parametrize("command", sorted(RISKY))
def test_risky(command: str) -> None:
    """Each, alone and with what belongs to it, in upper and lower case."""
    name = command.encode()
    assert risk(b"@PJL " + name) == command
    assert risk(b'@PJL %s NAME="0:\\a" = 1\r\n' % name) == command
    assert risk(b"@pjl\t " + name.lower() + b"\r\n") == command


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"@PJL SET PASSWORD=1\n", "SET PASSWORD"),
        (b"@PJL JOB PASSWORD = 0\n", "JOB PASSWORD"),
        (b'@PJL JOB NAME="x" PASSWORD\t=\t0\n', "JOB PASSWORD"),
        (b'@PJL JOB NAME="x"password=0\n', "JOB PASSWORD"),
        (b'@PJL JOB NAME="x" y" PASSWORD=1 "\n', "JOB PASSWORD"),
        (b'@PJL JOB NAME="x PASSWORD=1\n', "JOB PASSWORD"),
        (b"@PJL SET LPARM:PCL PASSWORD=1\n", "SET PASSWORD"),
        (b"@PJL SET CPLOCK=ON\n", "SET CPLOCK"),
        (b"@PJL SET DISKLOCK=ON\n", "SET DISKLOCK"),
        (b"@PJL SET SERVICEMODE=HPBOISEID\n", "SET SERVICEMODE"),
        (b"@PJL DEFAULT CPLOCK=ON\n", "DEFAULT"),
        (b'@PJL SET "CPLOCK"=ON\n', "SET CPLOCK"),
        (b"@PJL SET 'CPLOCK' = ON\n", "SET CPLOCK"),
        (b'@PJL SET "CPLOCK=ON\n', "SET CPLOCK"),
        (b"@PJL\xa0FSDELETE\n", "FSDELETE"),
        (b"@PJL, FSDELETE\n", "FSDELETE"),
        (b'@PJL "FSDELETE"\n', "FSDELETE"),
        (b"@PJL ENTER LANGUAGE=FWUPDATE2\r\n", "ENTER LANGUAGE=FWUPDATE"),
        (b'@PJL enter language = "fwupdate"', "ENTER LANGUAGE=FWUPDATE"),
        (b"\0@PJL\rFSINIT\n", "FSINIT"),
        (b"@PJLFSINIT\n", "FSINIT"),
        (b'@PJL FSINIT:VOLUME="0:"\n', "FSINIT"),
        (b"@PJL COMMENT x\r@PJL FSINIT\n", "FSINIT"),
        (b"@PJL COMMENT x\r\0 @pjl FSINIT\n", "FSINIT"),
        (b"@PJL SET A=B\rPASSWORD=1\n", "SET PASSWORD"),
        (CLOCK.replace(b"0D", b"0E"), "DMINFO"),
        (CLOCK.replace(b"DMINFO", b"DMCMD"), "DMCMD"),
        (CLOCK.replace(b'"\r', b'30"\r'), "DMINFO"),
        (CLOCK.replace(b"\r\n", b' ASCIIHEX="00"\r\n'), "DMINFO"),
    ],
)
def test_riskyForms(line: bytes, name: str) -> None:
    """Whatever a lenient printer might take for such a command is one."""
    assert risk(line) == name


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\r\n",
        UEL,
        b"@PJL\r\n",
        b"@PJL",
        b"@PJ",
        CLOCK,
        CLOCK.lower(),
        b"@PJL COMMENT @PJL FSDELETE\n",
        b"@PJL COMMENT DEFAULT PASSWORD=1\n",
        b"@PJL ECHO FSINIT\n",
        b"@PJL FSINITIAL\n",
        b"@PJL RESET\n",
        b"@PJL EOJ\n",
        b'@PJL JOB NAME="PASSWORD=1"\n',
        b'@PJL SET JOBNAME = "CPLOCK=ON"\n',
        b"@PJL SET JOBPASSWORD=1234\n",
        b"@PJL SET PASSWORDS=1\n",
        b"@PJL SET RESOLUTION=600\n",
        b'@PJL SET HOLDKEY="1234"\n',
        b'@PJL RDYMSG DISPLAY="FSINIT"\n',
        b"@PJL INQUIRE PASSWORD\n",
        b"@PJL USTATUS DEVICE = ON\n",
        b"@PJL INFO STATUS\n",
        b"@PJL ENTER LANGUAGE=POSTSCRIPT\n",
        b"@PJL ENTER LANGUAGE=PCLXL\n",
    ],
)
def test_dailyBread(line: bytes) -> None:
    """What drivers say with every job, and what only looks like a risk, is none."""
    assert risk(line) == ""


@given(st.binary())
def test_anyLine(rest: bytes) -> None:
    """Of any line only our own words come out."""
    name = risk(b"@PJL " + rest)
    assert name.split(" ")[0] in {"", "SET", "JOB", "ENTER", *RISKY}
    assert name.isprintable()
    assert name.isascii()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("line", [b"\n", b"\r\n", b" \n", b"\0\r\n"])
def test_manyBlankLines(line: bytes) -> None:
    """Blank lines without an end come together, and are no work for seconds."""
    scanner = Scanner()
    pieces = [each for _ in range(96) for each in scanner.feed(line * (65536 // len(line)))]
    assert len(pieces) <= 2 * 96
    assert [risk(each.data) for each in pieces] == [""] * len(pieces)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("noise", [b"\x04", b"\x04 ", b"\x04@PJ", b"\x1b%-", b"@PJL", b" " * 17])
def test_muchNoise(noise: bytes) -> None:
    """A body full of what nearly is PJL is no work for seconds either."""
    scanner = Scanner()
    assert scanner.feed(b"%!") == [Piece(Kind.BODY, b"%!")]
    for _ in range(32):
        assert {each.kind for each in scanner.feed(noise * (65536 // len(noise)))} == {Kind.BODY}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "line", [b"\r", b"\0", b'="', b'"', b"= ", b"@PJL", b"\r@PJL", b"PASSWORD ", b"PASSWORD=\r "]
)
def test_longestLines(line: bytes) -> None:
    """No line of the longest is work for minutes."""
    many = line * (LONGEST_LINE // len(line))
    for beginning in (b"", b"@PJL SET ", b"@PJL COMMENT "):
        risk(beginning + many)
