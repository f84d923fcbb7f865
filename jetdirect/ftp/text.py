"""
The sender's words, made fit to be shown.
"""

from __future__ import annotations

import re
from unicodedata import category

SHOWN = 255
"""Characters of a name that are shown: the longest file name of common file systems (NAME_MAX)."""

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def decoded(name: bytes) -> str:
    """A name as the sender means it, if it is UTF-8; other bytes survive the way back."""
    return name.decode("utf-8", "surrogateescape")


def encoded(name: str) -> bytes:
    """The way back."""
    return name.encode("utf-8", "surrogateescape")


def printable(text: str, limit: int = SHOWN) -> str:
    """
    C{text} in printable ASCII, at most C{limit} characters: safe in replies, logs and on pages.
    """
    shown = _UNPRINTABLE.sub(_escape, text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def presentable(text: str) -> str:
    """
    C{text} as it is in any script, without what controls a terminal or the order of letters.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _numbered(each) for each in text)


def legible(text: str) -> str:
    """
    A name as listings have it, to be sent back by the client: like L{presentable}, but with the
    blanks of all scripts, and with the bytes of other encodings than UTF-8 that control nothing.

    What is legible already stays as it is.
    """
    if text.isprintable():
        return text
    return "".join(each if _harmless(each) else _numbered(each) for each in text)


def _harmless(letter: str) -> bool:
    foreign = "\udca0" <= letter <= "\udcff"  # surrogateescape: 0xa0 to 0xff, no control codes
    return foreign or letter.isprintable() or category(letter) == "Zs"


def _escape(found: re.Match[str]) -> str:
    return _numbered(found[0])


def _numbered(letter: str) -> str:
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: a byte that was not UTF-8
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
