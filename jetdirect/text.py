"""
Words of others, made fit to be shown: senders', printers', operators'.
"""

from __future__ import annotations

import re
from io import TextIOWrapper
from typing import TextIO

SHOWN = 255
"""Characters of a name that are shown: the longest file name of common file systems (NAME_MAX)."""

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def printable(text: str, limit: int = SHOWN) -> str:
    """
    C{text} in printable ASCII, at most C{limit} characters: safe in replies, logs and on pages.
    """
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    shown = _UNPRINTABLE.sub(_escape, text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def presentable(text: str) -> str:
    """
    C{text} as it is in any script, without what controls a terminal or the order of letters.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else escaped(each) for each in text)


def escaped(letter: str) -> str:
    """A letter by its number."""
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: a byte that was not UTF-8
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _escape(found: re.Match[str]) -> str:
    return escaped(found[0])


def inEscapes(stream: TextIO) -> None:
    """Have a stream show as an escape what its terminal has no letter for, and not fail of it."""
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
