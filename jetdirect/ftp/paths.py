"""
From what a sender says to the one path that is meant: it decides which printing port prints, and
under which name the job is stored, listed, renamed and forgotten.  No I/O.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..portnames import PortNames
from .text import encoded, legible

Path = tuple[str, ...]
"""The segments of an absolute path; the root is empty, and a printing port is its name in upper
case."""

LONGEST_PATH = 4096
"""Bytes of a path: PATH_MAX of Linux: what a sender has on a disk has a name here."""

DEEPEST_PATH = 64
"""Segments of a path: several times what people make, and quick to go through."""


_SEPARATORS = 4 * DEEPEST_PATH  # in what is said: with what ".." takes back, and doubled ones


class PathRefused(Exception):
    """
    There is no such path, and what is said is no name of a job either.

    @ivar path: as the sender said it.
    @ivar reason: why not.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason


def resolve(ports: PortNames, directory: Sequence[str], path: str) -> Path:
    """
    The absolute path that is meant; it never leaves the root.

    A printing port's name means that port wherever it stands in a path: what is in front of it is
    dropped: C{CWD a} and C{STOR PORT2/b} lead where C{STOR a/PORT2/b} does.  A path from
    the root without one is in the current printing port: senders name C{/tmp/page.ps} after C{CWD
    PORT2}.

    @param directory: the current directory, as this function gave it.
    @raise PathRefused: the path is too long, or can only have been meant to name a printing port
        that does not exist.
    """
    absolute = path.startswith("/")
    segments = [] if absolute else [*directory]
    old = len(segments)  # so many were looked at when they became the current directory
    chosen = False
    for part in _parts(ports, path):
        port = ports.find(part)
        if port is not None:
            segments, old, chosen = [port], 1, True
        elif part != "..":
            segments.append(part)
        elif segments:
            segments.pop()
            old, chosen = min(old, len(segments)), chosen and bool(segments)
        if len(segments) > DEEPEST_PATH:
            raise PathRefused(path, f"more than {DEEPEST_PATH} directories deep")
    for place, segment in enumerate(segments[old:], start=old):
        near = ports.missing(segment)
        if near is None and (place == 0 or (place == old and not chosen)):
            near = ports.misspelt(segment)
        if near is not None:
            raise PathRefused(path, noSuchPort(ports, near))
    if absolute and segments and segments[0] not in ports and directory and directory[0] in ports:
        segments.insert(0, directory[0])
    found = tuple(map(legible, segments))
    if len(found) > DEEPEST_PATH or len(encoded(written(found))) > LONGEST_PATH:
        raise PathRefused(path, f"more than {LONGEST_PATH} bytes or {DEEPEST_PATH} directories")
    return found


def noSuchPort(ports: PortNames, near: Sequence[str]) -> str:
    """Why a printing port is not there, with those that may be meant."""
    if len(ports) == 1:
        return f"no such printing port; there is only {next(iter(ports))}"
    return f"no such printing port; nearest of {len(ports)}: {', '.join(near)}"


def written(path: Path) -> str:
    """A path as replies show it."""
    return "/" + "/".join(path)


def quoted(path: Path) -> str:
    """A path as it stands between the quotes of a 257: RFC 959, appendix II, doubles its own."""
    return written(path).replace('"', '""')


def _parts(ports: PortNames, path: str) -> list[str]:
    # What is between the slashes; and between backslashes, where that leads to a printing port:
    # c:\spool\page.ps is one name, PORT2\page.ps is not.
    if path.count("/") + path.count("\\") > _SEPARATORS:
        raise PathRefused(path, f"more than {_SEPARATORS} separators")
    parts = path.split("/")
    if "\\" in path:
        parts = [piece for part in parts for piece in _pieces(ports, part)]
    return [each for each in parts if each not in ("", ".")]


def _pieces(ports: PortNames, part: str) -> list[str]:
    pieces = part.split("\\")
    foreign = len(pieces) > 1 and any(_isPort(ports, piece) for piece in pieces)
    return pieces if foreign else [part]


def _isPort(ports: PortNames, word: str) -> bool:
    return ports.find(word) is not None or ports.missing(word) is not None
