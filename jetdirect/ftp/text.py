"""
The sender's words, made fit to be shown.
"""

from __future__ import annotations

import re

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
    return "".join(each if each.isprintable() else printable(each, 10) for each in text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: a byte that was not UTF-8
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
