"""
The names that a session stored: no files, only what a sender expects to find after an upload.  No
I/O.

Clients upload under a temporary name and rename it, ask for the size of what they sent, or make a
directory first.  All that must succeed, and no paper must come of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from .listing import Entry

REMEMBERED_NAMES = 1000
"""The last so many names of a session are known; a spooler's session may live for months."""

Path = tuple[str, ...]
"""The segments of an absolute path; the root is empty."""


def written(path: Path) -> str:
    """A path as replies show it."""
    return "/" + "/".join(path)


def quoted(path: Path) -> str:
    """A path as it stands between the quotes of a 257: RFC 959, appendix II, doubles its own."""
    return written(path).replace('"', '""')


@dataclass
class _Name:
    size: int | None  # None: a directory
    modified: float


class StoredNames:
    """
    What was stored and made in one session, below the printing ports and beside them.
    """

    def __init__(
        self, ports: Collection[str], owner: Callable[[str], str], now: Callable[[], float]
    ) -> None:
        """
        @param ports: the printing ports' names, in upper case; they are directories.
        @param owner: who is shown as the owner of one.
        @param now: seconds since the epoch.
        """
        self._ports = ports
        self._owner = owner
        self._now = now
        self._began = now()
        self._names: dict[Path, _Name] = {}

    def resolve(self, directory: Sequence[str], path: str) -> Path:
        """
        The absolute path that is meant; it never leaves the root.

        A path that begins with a printing port means that one, wherever it is said.
        """
        parts = [part for part in path.split("/") if part not in ("", ".")]
        fromRoot = path.startswith("/") or (parts and parts[0].upper() in self._ports)
        segments = [] if fromRoot else list(directory)
        for part in parts:
            if part == "..":
                del segments[-1:]
            else:
                segments.append(part)
        if segments and segments[0].upper() in self._ports:
            segments[0] = segments[0].upper()
        return tuple(segments)

    def store(self, path: Path, size: int) -> None:
        """A job of C{size} bytes was printed under this name."""
        if not self.isDirectory(path):
            self._remember(path, _Name(size, self._now()))

    def isDirectory(self, path: Path) -> bool:
        """Is it the root, a printing port, or a directory that the session made?"""
        if len(path) < 2 and (not path or path[0] in self._ports):
            return True
        return path in self._names and self._names[path].size is None

    def entry(self, path: Path) -> Entry | None:
        """What is known of a path, or L{None}."""
        name = path[-1] if path else "/"
        known = self._names.get(path)
        if known is not None:
            return Entry(name, known.size is None, known.size or 0, known.modified, "-")
        if self.isDirectory(path):
            return Entry(name, True, 0, self._began, self._owner(name) if path else "-")
        return None

    def file(self, path: Path) -> Entry | None:
        """What is known of a stored name, or L{None}."""
        entry = self.entry(path)
        return None if entry is None or entry.directory else entry

    def children(self, path: Path) -> list[Entry]:
        """What is in a directory: the printing ports first, then in the order it came."""
        inside: list[Path] = [(port,) for port in self._ports] if not path else []
        inside += [name for name in self._names if name[:-1] == path]
        return [entry for entry in map(self.entry, inside) if entry is not None]

    def makeDirectory(self, path: Path) -> bool:
        """@return: C{False} if there is something of that name."""
        if self.entry(path) is not None:
            return False
        self._remember(path, _Name(None, self._now()))
        return True

    def remove(self, path: Path, directory: bool) -> bool:
        """
        Forget a stored name, or a directory that the session made.

        @return: C{False} if there is none, or something is in it.
        """
        known = self._names.get(path)
        if known is None or (known.size is None) is not directory or self.children(path):
            return False
        del self._names[path]
        return True

    def rename(self, old: Path, new: Path) -> bool:
        """@return: C{False} if C{old} was not stored or made, or C{new} is a directory."""
        if old not in self._names or self.isDirectory(new):
            return False
        if new[: len(old)] == old:
            return new == old  # nothing moves into itself
        for path in [path for path in self._names if path[: len(old)] == old]:
            self._names[new + path[len(old) :]] = self._names.pop(path)
        return True

    def touch(self, path: Path, modified: float) -> bool:
        """@return: C{False} if there is no stored file of that name."""
        known = self._names.get(path)
        if known is None or known.size is None:
            return False
        known.modified = modified
        return True

    def _remember(self, path: Path, name: _Name) -> None:
        self._names.pop(path, None)
        self._names[path] = name
        if len(self._names) > REMEMBERED_NAMES:
            del self._names[next(iter(self._names))]
