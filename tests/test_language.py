"""
The language of a job: what ends it when it was cut, whatever it is and wherever it was cut.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.language import END_OF_JOB, HEAD_BYTES, UEL, tailFor

PJL_END = UEL + b"@PJL EOJ\r\n" + UEL

JOBS = {
    "PostScript": b"%!PS-Adobe-3.0\n%%Pages: 1\nshowpage\n\x04",
    "PostScript after a control-D": b"\x04\x04%!PS\n",
    "PCL": b"\x1bE\x1b&l0O@PJL JOB\x1bE",
    "PJL": UEL + b"@PJL SET DUPLEX=ON\r\n@PJL ENTER LANGUAGE=POSTSCRIPT\r\n%!PS\n" + UEL,
    "PJL job": UEL + b'@PJL JOB NAME="a"\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE' + UEL,
    "text": b"A page.\r\n\x0c",
    "PDF": b"%PDF-1.4\n",
}


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (JOBS["PostScript"], END_OF_JOB),
        (JOBS["PostScript after a control-D"], END_OF_JOB),
        (b"%!", END_OF_JOB),
        (JOBS["PCL"], UEL),
        (b"\x1b", UEL),
        (JOBS["PJL"], UEL),
        (UEL, UEL),
        (JOBS["PJL job"], PJL_END),
        (UEL + b"@PJL  JOB\n", PJL_END),
        (UEL + UEL + b"@PJL JOB\r\n", PJL_END),
        (UEL + b"@PJL COMMENT @PJL JOB\r\n", UEL),
        (UEL + b"@PJL JOBATTR\r\n", UEL),
        (UEL + b"@PJL JOB\r\n@PJL EOJ\r\n" + UEL, UEL),
        (UEL + b"@PJL\r\n@PJL ENTER LANGUAGE=PCL\r\n@PJL JOB\r\n", UEL),
        (UEL + b"@PJL\r\n@pjl enter language=pcl\r\n@PJL JOB\r\n", UEL),
        (UEL + b"@PJL JOB\r\n@PJL ENTER LANGUAGE=PCL\r\n@PJL EOJ\r\n", PJL_END),
        (b"@PJL JOB\r\n", b""),
        (JOBS["text"], b""),
        (JOBS["PDF"], b""),
        (b" %!PS", END_OF_JOB),
        (b"\0\0%!PS", END_OF_JOB),
        (b"\r\n\x04\n%!PS", END_OF_JOB),
        (b"\0" + UEL + b"@PJL\r\n", UEL),
        (b"\r\n" + UEL + b"@PJL JOB\r\n", PJL_END),
        (b"\n\x1bE", UEL),
        (UEL + b"@pjl job\r\n", PJL_END),
        (UEL + b"@pjl Job name=a\r\n@pjl eoj\r\n", UEL),
        (UEL + b"\0 @PJL\tJOB\r\n", PJL_END),
        (UEL + b"@PJL COMMENT x\r@PJL JOB\r\n", PJL_END),
        (b" \n", b""),
        (b"\x04", b""),
        (b"", b""),
    ],
)
def test_tail(head: bytes, tail: bytes) -> None:
    """A job is ended in its own language, and with nothing where that is not known."""
    assert tailFor(head) == tail


@given(st.binary(max_size=HEAD_BYTES))
def test_anyBeginning(head: bytes) -> None:
    """Whatever a job begins with, it is ended by one of four texts."""
    assert tailFor(head) in (b"", END_OF_JOB, UEL, PJL_END)


@pytest.mark.parametrize("job", JOBS.values(), ids=list(JOBS))
def test_everyPrefix(job: bytes) -> None:
    """Wherever a job is cut, its end is nothing or one that fits its language."""
    whole = tailFor(job)
    for length in range(len(job)):
        assert tailFor(job[:length]) in {b"", whole, UEL if whole.startswith(UEL) else whole}


@given(
    st.lists(
        st.sampled_from(
            [UEL, b"@PJL JOB", b"@PJL EOJ", b"@PJL ENTER LANGUAGE=PCL", b"%!", b"\r\n", b"\x04"]
        )
    ),
    st.integers(0, 100),
)
def test_everyPrefixOfAnyWords(words: list[bytes], length: int) -> None:
    """A cut in the middle of a word is a cut like any other."""
    job = b"".join(words)[:length]
    assert tailFor(job) in (b"", END_OF_JOB, UEL, PJL_END)


@given(st.binary(max_size=200))
def test_endIsAnEnd(rest: bytes) -> None:
    """What ends a PJL or PCL job leaves the printer where every job begins."""
    for beginning in (UEL, b"\x1b"):
        tail = tailFor(beginning + rest)
        assert tail.startswith(UEL)
        assert tail.endswith(UEL)


def test_enterInTheFirstLine() -> None:
    """What follows the change of language is data, also if that was the first thing said."""
    assert tailFor(UEL + b"@PJL ENTER LANGUAGE=PCL\r\n@PJL JOB\r\n") == UEL


def test_controlDBeforePJL() -> None:
    """A control-D, which some drivers send before everything, hides no language."""
    assert tailFor(b"\x04" + UEL + b"@PJL SET COPIES=1\r\n") == UEL
