"""
Messages of IPP: nothing but L{ValueError} is raised, and what a printer says can be shown.
"""

from __future__ import annotations

from jetdirect.transports.ipp.rfc8010 import response
from jetdirect.transports.ipp.rfc8011 import because, refusal, shown, statusOfPrinter

TOKENS = (
    b"\x01\x01\x00\x00\x00\x00\x00\x01",
    b"\x44\x00\x15printer-state-reasons\x00\x04none",
    b"\x23\x00\x0dprinter-state\x00\x04\x00\x00\x00\x03",
    b"\x41\x00\x0estatus-message\x00\x02\x1b[",
    b"\x35\x00\x01a\x00\x08\x00\x02en\x00\x02ab",
    b"\x04",
    b"\x03",
)


def check(data: bytes) -> None:
    """C{data} is the answer to request 1."""
    try:
        said = response(data, 1)
    except ValueError as why:
        assert str(why).isprintable()
        return
    reasons = statusOfPrinter(said).reasons
    formats = shown(", ".join(said.words("document-format-supported")))
    for words in (refusal(said), because(said.words("job-state-reasons")), formats, *reasons):
        assert words.isascii()
        assert words == "" or words.isprintable()
        assert len(words) < 2000
