"""
A TOML document, and the line on which each of its keys stands: the standard library's parser
forgets it, and an error without a line is no help in a file of six thousand printers.  No I/O.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

Path = tuple[str | int, ...]
"""The way to a value: names of keys, and places in arrays of tables from 0 on."""

_TOKEN = re.compile(
    r"""
      (?P<string>"{3}(?:\\.|[^\\])*?"{3,5} | '{3}.*?'{3,5} | "(?:\\.|[^"\\])*" | '[^']*')
    | (?P<comment>\#[^\n]*)
    | (?P<mark>\[\[|\]\]|[\[\]{}=.,\n])
    | (?P<word>[^\s"'#\[\]{}=.,]+)
    """,
    re.VERBOSE | re.DOTALL,
)

_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)\Z")

_OPENS, _CLOSES = {"[": 1, "[[": 2, "{": 1}, {"]": 1, "]]": 2, "}": 1}


class Broken(ValueError):
    """
    It is no TOML.

    @ivar line: where, from 1 on.
    """

    def __init__(self, why: str, line: int) -> None:
        super().__init__(why)
        self.line = line


class Document:
    """
    @ivar table: what the document says.
    """

    def __init__(self, text: str) -> None:
        """@raise Broken: it is no TOML."""
        self._text = text.replace("\r\n", "\n")
        try:
            self.table: Mapping[str, Any] = tomllib.loads(self._text)
        except RecursionError:
            raise Broken("too many brackets inside each other", 1) from None
        except ValueError as error:  # also of a number with too many digits
            where = _WHERE.search(str(error))
            if where is None:
                raise Broken("a number has thousands of digits", 1) from None
            line = int(where[1]) if where[1] else self._text.count("\n") + 1
            raise Broken(_WHERE.sub("", str(error)), line) from None

    def line(self, path: Path) -> int:
        """
        Where a key or a table stands, from 1 on; of what is inside a value, where its key stands.
        """
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return 1

    @cached_property
    def _lines(self) -> dict[Path, int]:
        # Only what is said of a document needs them, and most documents are in order.
        lines: dict[Path, int] = {}
        tables: dict[Path, int] = {}  # how many each array of tables has by now
        here: Path = ()
        tokens = _Tokens(self._text)
        for piece in tokens:
            if piece == "\n":
                continue
            line = tokens.line
            if piece in ("[", "[["):
                here = _inside(tokens.key("]", "]]"), tables)
                if piece == "[[":
                    tables[here] = tables.get(here, -1) + 1
                    here = (*here, tables[here])
            else:
                lines.setdefault(here + tokens.key("=", first=piece), line)
                tokens.skipValue()
                continue
            lines.setdefault(here, line)
            lines.setdefault(here[:-1] if piece == "[[" else here, line)
        return lines


def _inside(key: Path, tables: Mapping[Path, int]) -> Path:
    # A name in a header means the last table of an array by then.
    found: Path = ()
    for place, name in enumerate(key):
        found = (*found, name)
        if place < len(key) - 1 and found in tables:
            found = (*found, tables[found])
    return found


class _Tokens(Iterator[str]):
    """
    The pieces of a document that is known to be in order; comments are passed over.

    @ivar line: where the last one began.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._found = _TOKEN.finditer(text)
        self._counted = 0
        self.line = 1

    def __next__(self) -> str:
        found = next(self._found)
        while found.lastgroup == "comment":
            found = next(self._found)
        self.line += self._text.count("\n", self._counted, found.start())
        self._counted = found.start()
        return found[0]

    def key(self, *ends: str, first: str = "") -> Path:
        """The key in front of C{ends}, whose first piece may have been taken already."""
        parts: list[str] = [_plain(first)] if first else []
        for piece in self:
            if piece in ends:
                break
            if piece != ".":
                parts.append(_plain(piece))
        return tuple(parts)

    def skipValue(self) -> None:
        """Go on to the next line that is outside of all brackets."""
        depth = 0
        for piece in self:
            depth += _OPENS.get(piece, 0) - _CLOSES.get(piece, 0)
            if piece == "\n" and not depth:
                break


def _plain(piece: str) -> str:
    if piece[0] not in "\"'":
        return piece
    return str(tomllib.loads(f"key = {piece}")["key"])
