"""
The sender's names, as text and as the bytes that they came in.
"""

from __future__ import annotations

from unicodedata import category

from ..text import escaped


def decoded(name: bytes) -> str:
    """A name as the sender means it, if it is UTF-8; other bytes survive the way back."""
    return name.decode("utf-8", "surrogateescape")


def encoded(name: str) -> bytes:
    """The way back."""
    return name.encode("utf-8", "surrogateescape")


def legible(text: str) -> str:
    """
    A name as listings have it, to be sent back by the client: like L{presentable}, but with the
    blanks of all scripts, and with the bytes of other encodings than UTF-8 that control nothing.

    What is legible already stays as it is.
    """
    if text.isprintable():
        return text
    return "".join(each if _harmless(each) else escaped(each) for each in text)


def _harmless(letter: str) -> bool:
    foreign = "\udca0" <= letter <= "\udcff"  # surrogateescape: 0xa0 to 0xff, no control codes
    return foreign or letter.isprintable() or category(letter) == "Zs"
