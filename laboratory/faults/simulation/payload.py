"""
What is printed: jobs in several languages, no two alike, with all that trips naive code.
"""

from __future__ import annotations

from random import Random

UEL = b"\x1b%-12345X"

_TRAPS = [
    b"\xff",
    b"\xff\xf4\xff\xf2ABOR\r\n",
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b"\x04",
    b"\xff\xff",
    UEL,
    b"226 Transfer complete\r\n",
]

_HEADS = {
    "PostScript": b"%!PS-Adobe-3.0\n",
    "PCL": b"\x1bE\x1b&l0O",
    "PJL": UEL + b"@PJL SET COPIES=1\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE",
    "PJL job": UEL + b'@PJL JOB NAME="x"\r\n@PJL ENTER LANGUAGE=POSTSCRIPT\r\n%!PS\n',
    "text": b"Dear reader,\r\n",
    "binary": b"\x00\x01\x02",
}

LANGUAGES = tuple(_HEADS)


def payload(random: Random, size: int, language: str, name: str) -> bytes:
    """
    A job of C{size} bytes.

    @param name: is in it, if there is room.
    """
    body = bytearray(_HEADS[language] + f"<{name}>".encode())
    block = random.randbytes(min(size, 4096)) + name.encode()
    while len(body) < size:
        body += random.choice(_TRAPS) + len(body).to_bytes(4, "big") + block
    return bytes(body[:size])


def tail(language: str, cut: bytes) -> bytes:
    """What ends a job of that language that was cut to C{cut}; no code shared with jetdirect."""
    if language == "PostScript":
        return b"\x04" if len(cut) >= 2 else b""
    if language == "PJL job" and len(cut) >= len(UEL + b"@PJL JOB"):
        return UEL + b"@PJL EOJ\r\n" + UEL
    if language in ("PCL", "PJL", "PJL job"):
        return UEL if cut else b""
    return b""
