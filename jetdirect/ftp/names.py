"""
The names that a session stored: no files, only what a sender expects to find after an upload.  No
I/O.

Clients upload under a temporary name and rename it, ask for the size of what they sent, or make a
directory first.  All that must succeed, and no paper must come of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from sys import getsizeof

from .listing import Entry
from .paths import DEEPEST_PATH, LONGEST_PATH, Path
from .text import encoded

REMEMBERED_NAMES = 1000
"""The last so many names of a session are known; a spooler's session may live for months."""

REMEMBERED_BYTES = 512 * 1024
"""Bytes of memory that a session's names may take, directories counted: a thousand names of 200
letters.  The oldest are forgotten first."""

NODE_BYTES = 256
"""Bytes of memory for a name beside its letters (254 measured with Python 3.13, each name alone in
its directory; 165 in a large one)."""


class _Node:
    """
    A name, or only a part of the paths of names below it.

    @ivar size: the bytes of a stored name; L{None}: a directory.
    @ivar modified: seconds since the epoch; L{None}: nothing of this name was stored or made.
    """

    __slots__ = ("above", "inside", "modified", "name", "size")

    def __init__(self, name: str, above: _Node | None) -> None:
        self.name = name
        self.above = above
        self.inside: dict[str, _Node] | None = None
        self.size: int | None = None
        self.modified: float | None = None

    def below(self, name: str) -> _Node | None:
        return None if self.inside is None else self.inside.get(name)

    def put(self, node: _Node, name: str) -> None:
        # As the last of what is inside.
        if self.inside is None:
            self.inside = {}
        self.inside[name] = node
        node.name, node.above = name, self

    def take(self, node: _Node) -> None:
        assert self.inside is not None
        del self.inside[node.name]
        if not self.inside:
            self.inside = None


class StoredNames:
    """
    What was stored and made in one session, below the printing ports and beside them.

    Each command costs as much as its path is deep, however many names there are; but for RNTO,
    which goes through what is in the directory that it renames.
    """

    __slots__ = ("_began", "_bytes", "_now", "_order", "_owner", "_ports", "_root")

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
        self._root = _Node("/", None)
        self._order: dict[_Node, None] = {}
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """Bytes of memory that the names take."""
        return self._bytes

    def store(self, path: Path, size: int, when: float | None = None) -> None:
        """
        A job of C{size} bytes was printed under this name.

        @param when: seconds since the epoch; by default now.
        """
        if not self.isDirectory(path):
            self._remember(path, size, self._now() if when is None else when)

    def isDirectory(self, path: Path) -> bool:
        """Is it the root, a printing port, or a directory that the session made?"""
        if len(path) < 2 and (not path or path[0] in self._ports):
            return True
        known = self._known(path)
        return known is not None and known.size is None

    def entry(self, path: Path) -> Entry | None:
        """What is known of a path, or L{None}."""
        known = self._known(path)
        if known is not None:
            return self._entry(known)
        if self.isDirectory(path):
            return self._standing(path[0]) if path else Entry("/", True, 0, self._began, "-")
        return None

    def file(self, path: Path) -> Entry | None:
        """What is known of a stored name, or L{None}."""
        entry = self.entry(path)
        return None if entry is None or entry.directory else entry

    def children(self, path: Path) -> list[Entry]:
        """What is in a directory: the printing ports first, then in the order it came."""
        ports = [] if path else [self._standing(port) for port in self._ports]
        node = self._find(path)
        inside = () if node is None or node.inside is None else node.inside.values()
        return ports + [self._entry(each) for each in inside if each.modified is not None]

    def makeDirectory(self, path: Path) -> bool:
        """@return: C{False} if there is something of that name."""
        if self.isDirectory(path) or self._known(path) is not None:
            return False
        self._remember(path, None, self._now())
        return True

    def remove(self, path: Path, directory: bool) -> bool:
        """
        Forget a stored name, or a directory that the session made.

        @return: C{False} if there is none, or something is in it.
        """
        known = self._known(path)
        if known is None or (known.size is None) is not directory:
            return False
        if any(each.modified is not None for each in (known.inside or {}).values()):
            return False
        self._forget(known)
        return True

    def rename(self, old: Path, new: Path) -> bool:
        """
        @return: C{False} if C{old} was not stored or made, if C{new} is a directory or has names
            below it already, or if what is in C{old} would have too long a path.
        """
        node = self._known(old)
        if node is None or self.isDirectory(new):
            return False
        if new[: len(old)] == old:
            return new == old  # nothing moves into itself
        there = self._find(new)
        if node.inside and (not _fits(node, new) or (there is not None and there.inside)):
            return False
        assert node.above is not None
        above = node.above
        above.take(node)
        self._count(node, -1)
        self._prune(above)
        place = self._make(new[:-1])
        replaced = place.below(new[-1])
        if replaced is not None:
            self._order.pop(replaced, None)
            self._count(replaced, -1)
            place.take(replaced)
            for name, each in (replaced.inside or {}).items():
                node.put(each, name)
        place.put(node, new[-1])
        self._count(node, 1)
        self._limit()
        return True

    def touch(self, path: Path, modified: float) -> bool:
        """@return: C{False} if there is no stored file of that name."""
        known = self._known(path)
        if known is None or known.size is None:
            return False
        known.modified = modified
        return True

    # Inside.

    def _find(self, path: Path) -> _Node | None:
        node: _Node | None = self._root
        for name in path:
            if node is None:
                break
            node = node.below(name)
        return node

    def _known(self, path: Path) -> _Node | None:
        node = self._find(path)
        return None if node is None or node.modified is None else node

    def _make(self, path: Path) -> _Node:
        node = self._root
        for name in path:
            further = node.below(name)
            if further is None:
                further = _Node(name, node)
                node.put(further, name)
                self._count(further, 1)
            node = further
        return node

    def _entry(self, node: _Node) -> Entry:
        assert node.modified is not None
        return Entry(node.name, node.size is None, node.size or 0, node.modified, "-")

    def _standing(self, port: str) -> Entry:
        return Entry(port, True, 0, self._began, self._owner(port))

    def _remember(self, path: Path, size: int | None, when: float) -> None:
        node = self._make(path)
        node.size, node.modified = size, when
        self._order.pop(node, None)
        self._order[node] = None
        if node.above is not None:
            node.above.take(node)
            node.above.put(node, node.name)
        self._limit()

    def _limit(self) -> None:
        while len(self._order) > REMEMBERED_NAMES or self._bytes > REMEMBERED_BYTES:
            self._forget(next(iter(self._order)))

    def _forget(self, node: _Node) -> None:
        node.size = node.modified = None
        del self._order[node]
        self._prune(node)

    def _prune(self, node: _Node) -> None:
        # Nothing of that name, nothing below it: it goes, and what was there only because of it.
        while node.above is not None and node.modified is None and not node.inside:
            node.above.take(node)
            self._count(node, -1)
            node = node.above

    def _count(self, node: _Node, sign: int) -> None:
        self._bytes += sign * (getsizeof(node.name) + NODE_BYTES)


def _fits(node: _Node, path: Path) -> bool:
    # With the names below it, is it within the limits of a path under its new name?
    start = sum(len(encoded(name)) + 1 for name in path)
    waiting = [(node, len(path), start)]
    while waiting:
        each, depth, length = waiting.pop()
        if depth > DEEPEST_PATH or length > LONGEST_PATH:
            return False
        waiting += [
            (below, depth + 1, length + 1 + len(encoded(name)))
            for name, below in (each.inside or {}).items()
        ]
    return True
