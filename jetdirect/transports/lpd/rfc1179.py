"""
The line printer daemon protocol (RFC 1179) in bytes: commands, and the control file.  No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LPD_PORT = 515
"""RFC 1179, section 3.1."""

ACKNOWLEDGED = b"\0"
"""The only octet that says yes (section 3.1); cups-lpd and others say no with 1 or more."""

END_OF_FILE = b"\0"
"""Ends a file whose octets were all sent (section 6.2)."""

_LONGEST_HOST, _LONGEST_USER, _LONGEST_JOB, _LONGEST_NAME = 31, 31, 99, 131
"""Octets of the operands of H, P, J and N (section 7)."""


LONGEST_REFUSAL = 200
"""Letters of a refusal that are shown (chosen)."""

FORMATS = "cdfglnoprtv"
"""What a data file may be said to be (section 7.17 and on); l: print it as it is."""

RESERVED, RFC1179_PORTS = range(512, 1024), range(721, 732)
"""Source ports of those who have rights: on BSD, and in section 3.1."""


def formatOf(text: str) -> str:
    """
    A letter for what a data file is said to be.

    @raise ValueError: it is none.
    """
    if len(text) != 1 or text not in FORMATS:
        raise ValueError(f"give one of the letters {FORMATS}")
    return text


def sourcePorts(text: str) -> Sequence[int]:
    """
    Which ports to connect from, in CUPS's words; empty: any.

    @raise ValueError: there is no such word.
    """
    words: dict[str, Sequence[int]] = {
        **dict.fromkeys(("on", "yes", "true", "rfc1179"), RFC1179_PORTS),
        **dict.fromkeys(("off", "no", "false", "none"), ()),
        "any": RESERVED,
    }
    if text not in words:
        raise ValueError("say off, any (512 to 1023), or rfc1179 (721 to 731; also on)")
    return words[text]


def receiveJob(queue: str) -> bytes:
    """Section 5.2: a job follows."""
    return b"\x02" + queue.encode("utf-8", "surrogateescape") + b"\n"


def controlFileHeader(size: int, number: int, host: str) -> bytes:
    """Section 6.2: a control file of so many octets follows."""
    return b"\x02%d cf%s\n" % (size, _file(number, host))


def dataFileHeader(size: int, number: int, host: str) -> bytes:
    """Section 6.3: a data file of so many octets follows."""
    return b"\x03%d df%s\n" % (size, _file(number, host))


def controlFile(
    number: int, host: str, user: str, name: str, format: str = "l", banner: bool = False
) -> bytes:
    """
    What is to be done with the data file: print it, once (section 7).

    @param user: and C{name}: printable ASCII, as L{IPrintJob<jetdirect.interfaces.IPrintJob>} has
        them; an empty name is left out.
    @param format: one of L{FORMATS}.
    @param banner: with a page before it that has the user's name.
    """
    data = b"df" + _file(number, host)
    person = _cut(user or "anonymous", _LONGEST_USER)
    lines = [b"H" + _cut(host, _LONGEST_HOST), b"P" + person]
    if name:
        lines.append(b"J" + _cut(name, _LONGEST_JOB))
    if banner:
        lines.append(b"L" + person)
    lines += [format.encode("ascii") + data, b"U" + data]
    if name:
        lines.append(b"N" + _cut(name, _LONGEST_NAME))
    return b"".join(line + b"\n" for line in lines)


def refusal(said: bytes) -> str:
    """
    What a server says instead of yes, to be put behind what it refuses.

    A code is all that RFC 1179 has for it; many write a sentence behind it, or nothing else.
    """
    number = f" (code {said[0]})" if not 0x20 <= said[0] <= 0x7E else ""
    text = re.sub(rb"[^\x20-\x7e]+", b" ", said[1:] if number else said)
    words = text.decode("ascii").strip()[:LONGEST_REFUSAL]
    return f"{number}: {words}" if words else number


def _file(number: int, host: str) -> bytes:
    return b"A%03d%s" % (number % 1000, _cut(host, _LONGEST_HOST))


def _cut(text: str, longest: int) -> bytes:
    # No line of ours is ever made two by what somebody else has said.
    return re.sub(r"[^\x20-\x7e]", "?", text).encode("ascii")[:longest]
