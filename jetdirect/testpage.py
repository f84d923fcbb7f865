"""
A page by which an operator sees that a printing port prints, in a language that its printer knows.
Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .text import printable

TEXT, PCL, POSTSCRIPT = "text", "pcl", "postscript"

LANGUAGES = (TEXT, PCL, POSTSCRIPT)
"""The languages of a test page."""

_RULER = "".join(map(chr, range(0x21, 0x7F)))
_COLUMNS = 64


def languageOf(words: Iterable[str]) -> str:
    """
    The language for a printer that says what it knows.

    @param words: its command sets (C{CMD} of a device ID, IEEE 1284) or MIME types.
    @return: L{TEXT} if it says nothing that is known here: nearly every printer prints that.
    """
    known = [word.lower().removeprefix("application/") for word in words]
    if any(word in ("pcl", "vnd.hp-pcl") or word.startswith(("pcl3", "pcl5")) for word in known):
        return PCL
    if any(word in ("ps", "postscript") or word.startswith("postscript") for word in known):
        return POSTSCRIPT
    return TEXT


def testPage(language: str, lines: Sequence[str]) -> bytes:
    """
    A page with some lines and all the characters of ASCII.

    @param language: one of L{LANGUAGES}.
    @raise ValueError: it is none; the message is the remedy.
    """
    if language not in LANGUAGES:
        raise ValueError(f"choose one of {', '.join(LANGUAGES)}")
    rulers = [_RULER[start : start + _COLUMNS] for start in range(0, len(_RULER), _COLUMNS)]
    shown = [*(printable(line, _COLUMNS) for line in lines), "", *rulers]
    if language == POSTSCRIPT:
        return _postscript(shown)
    page = b"".join(line.encode("ascii") + b"\r\n" for line in shown) + b"\f"
    reset = b"\x1bE"
    return reset + page + reset if language == PCL else page


def _postscript(lines: Iterable[str]) -> bytes:
    program = ["%!PS-Adobe-3.0", "/Courier findfont 12 scalefont setfont"]
    for n, line in enumerate(lines):
        escaped = line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        program.append(f"72 {720 - 16 * n} moveto ({escaped}) show")
    return "\n".join([*program, "showpage", "%%EOF", ""]).encode("ascii")
