"""
A handshake of TLS is known by its first bytes, and no print job is taken for one.
"""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.ftp.hello import beginsTLS


def hello(context: ssl.SSLContext) -> bytes:
    """What a client says first."""
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ours, theirs, server_hostname="gateway.example").do_handshake()
    return theirs.read()


def oldHello(version: bytes = b"\x03\x01", ciphers: int = 9, session: int = 0) -> bytes:
    """In the form of SSL 2.0 (RFC 5246, appendix E.2)."""
    body = b"\x01" + version + bytes([0, ciphers, 0, session, 0, 16])
    body += bytes(ciphers + session + 16)
    return (0x8000 | len(body)).to_bytes(2, "big") + body


HELLOS = [
    hello(ssl.create_default_context()),
    b"\x16\x03\x00\x00\x30\x01\x00\x00\x2c\x03\x00" + bytes(32),
    b"\x16\x03\x04\x40\x00\x01",
    oldHello(),
    oldHello(b"\x00\x02"),
    oldHello(b"\x03\x00", 255, 16),
    oldHello(ciphers=0),
]

JOBS = [
    b"%!PS-Adobe-3.0\n",
    b"%-12345X@PJL\r\n",
    b"\x1b%-12345X@PJL JOB\r\n",
    b"\x1bE\x1b&l0O",
    b"\xef\xbb\xbfwith a byte order mark",
    b"\xff\xd8\xff\xe0\x00\x10JFIF",
    b"\x89PNG\r\n\x1a\n",
    b"\x80\x01\x01\x00\x00\x00a segment of a PFB font",
    b"\x82\x00\x01\x03\x01 and then it is no hello at all",
    b"\x16 SYN begins no record",
    b"\x16\x03 neither does this",
    b"\x16\x03\x01\x02\x00\x02 a ServerHello is nobody's first word",
    b"RaS2PwgR",
    bytes(100),
]


@pytest.mark.parametrize("data", HELLOS)
def test_hello(data: bytes) -> None:
    """Whole, or in pieces: no piece is taken for something else, and the whole is known."""
    for size in range(min(len(data), 20)):
        assert beginsTLS(data[:size]) is not False
    assert beginsTLS(data) is True


@pytest.mark.parametrize("data", JOBS)
def test_job(data: bytes) -> None:
    """A job is none, and is none for any more that may come."""
    assert beginsTLS(data) is False


@pytest.mark.parametrize("data", [b"", b"\x16", b"\x16\x03\x01\x02\x00", b"\x80\x2e\x01\x03\x01"])
def test_tooFew(data: bytes) -> None:
    """Of some beginnings it cannot be said."""
    assert beginsTLS(data) is None


@given(st.binary(max_size=30))
def test_onceKnownForEver(data: bytes) -> None:
    """More bytes never change an answer, and eleven are always enough for one."""
    answers = [beginsTLS(data[:size]) for size in range(len(data) + 1)]
    known = [answer for answer in answers if answer is not None]
    assert answers[: len(answers) - len(known)] == [None] * (len(answers) - len(known))
    assert len(set(known)) <= 1
    assert len(data) < 11 or known


@given(
    st.sampled_from(b"%\x1b@<{&*0123456789ABCabc \r\n\t\f\x04").flatmap(
        lambda first: st.binary(max_size=30).map(lambda rest: bytes([first]) + rest)
    )
)
def test_pageDescription(data: bytes) -> None:
    """What begins as every page description language does is known by its first byte."""
    assert beginsTLS(data) is False
