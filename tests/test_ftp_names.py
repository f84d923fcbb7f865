"""
The names that a session stored: what is found, what is renamed, what is forgotten.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from sys import getsizeof
from types import FrameType

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from jetdirect.ftp import names as module
from jetdirect.ftp.listing import Entry
from jetdirect.ftp.names import REMEMBERED_BYTES, REMEMBERED_NAMES, StoredNames
from jetdirect.ftp.paths import DEEPEST_PATH, LONGEST_PATH, Path, written

OWNERS = {"PORT1": "HP LaserJet", "PORT2": "Labels"}


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """What time it is."""
    return Clock()


@pytest.fixture
def names(clock: Clock) -> StoredNames:
    """Of a session that has stored nothing yet."""
    return StoredNames(OWNERS, OWNERS.__getitem__, clock)


def test_fresh(names: StoredNames) -> None:
    """A session begins with the printing ports, and nothing in them."""
    assert names.children(()) == [
        Entry("PORT1", True, 0, 1000.0, "HP LaserJet"),
        Entry("PORT2", True, 0, 1000.0, "Labels"),
    ]
    assert names.children(("PORT1",)) == []
    assert names.entry(()) == Entry("/", True, 0, 1000.0, "-")
    assert names.entry(("job.ps",)) is None
    assert names.file(("PORT1",)) is None
    assert names.isDirectory(())
    assert names.isDirectory(("PORT1",))
    assert not names.isDirectory(("port1",))
    assert not names.isDirectory(("PORT1", "PORT2"))


def test_store(names: StoredNames, clock: Clock) -> None:
    """What was stored is a file of that size, where it was stored."""
    clock.now = 2000.0
    names.store(("PORT2", "job.ps"), 42)
    entry = Entry("job.ps", False, 42, 2000.0, "-")
    assert names.entry(("PORT2", "job.ps")) == entry
    assert names.file(("PORT2", "job.ps")) == entry
    assert names.children(("PORT2",)) == [entry]
    assert [each.name for each in names.children(())] == ["PORT1", "PORT2"]
    assert not names.isDirectory(("PORT2", "job.ps"))


def test_storeAgain(names: StoredNames) -> None:
    """The last one counts, and comes last."""
    names.store(("a",), 1)
    names.store(("b",), 2)
    names.store(("a",), 3)
    assert [(each.name, each.size) for each in names.children(())[2:]] == [("b", 2), ("a", 3)]


def test_emptyFile(names: StoredNames) -> None:
    """A file without bytes is a file."""
    names.store(("a",), 0)
    assert names.file(("a",)) == Entry("a", False, 0, 1000.0, "-")
    assert names.touch(("a",), 5.0)


def test_storeOnADirectory(names: StoredNames) -> None:
    """A job that was named like a directory is no file of that name."""
    assert names.makeDirectory(("d",))
    for path in ((), ("PORT1",), ("d",)):
        names.store(path, 42)
        assert names.file(path) is None
        assert names.isDirectory(path)


def test_makeDirectory(names: StoredNames) -> None:
    """Once, and not where something is; printing ports are there already."""
    names.store(("job.ps",), 42)
    assert names.makeDirectory(("d",))
    assert names.makeDirectory(("d", "e"))
    assert names.makeDirectory(("PORT1", "d"))
    for path in ((), ("PORT1",), ("d",), ("job.ps",)):
        assert not names.makeDirectory(path)
    assert names.isDirectory(("d", "e"))
    assert names.entry(("d",)) == Entry("d", True, 0, 1000.0, "-")
    assert [each.name for each in names.children(("d",))] == ["e"]


def test_remove(names: StoredNames) -> None:
    """Files by DELE, directories that the session made by RMD; nothing else."""
    names.store(("a",), 1)
    names.makeDirectory(("d",))
    assert not names.remove(("a",), directory=True)
    assert not names.remove(("d",), directory=False)
    assert not names.remove(("PORT1",), directory=True)
    assert not names.remove((), directory=True)
    assert not names.remove(("x",), directory=False)
    assert names.remove(("a",), directory=False)
    assert names.remove(("d",), directory=True)
    assert names.entry(("a",)) is names.entry(("d",)) is None
    assert not names.remove(("a",), directory=False)


def test_rename(names: StoredNames, clock: Clock) -> None:
    """The file keeps its size and time under the new name, also elsewhere."""
    names.store(("a.part",), 42)
    clock.now = 2000.0
    assert names.rename(("a.part",), ("PORT1", "a"))
    assert names.entry(("a.part",)) is None
    assert names.file(("PORT1", "a")) == Entry("a", False, 42, 1000.0, "-")
    assert names.rename(("PORT1", "a"), ("PORT1", "a"))
    assert names.file(("PORT1", "a")) is not None


def test_renameOntoAnother(names: StoredNames) -> None:
    """An older file of the new name gives way."""
    names.store(("a",), 1)
    names.store(("a.part",), 2)
    assert names.rename(("a.part",), ("a",))
    assert [(each.name, each.size) for each in names.children(())[2:]] == [("a", 2)]


def test_renameDirectory(names: StoredNames) -> None:
    """What is in a directory comes along; what only begins like it does not."""
    names.makeDirectory(("d",))
    names.store(("d", "a"), 1)
    names.store(("d", "e", "b"), 2)
    names.store(("dd",), 3)
    assert names.rename(("d",), ("f",))
    assert not names.isDirectory(("d",))
    assert [each.name for each in names.children(("f",))] == ["a"]
    assert names.file(("f", "e", "b")) is not None
    assert names.file(("dd",)) is not None
    assert names.entry(("d", "a")) is None


def test_renameInVain(names: StoredNames) -> None:
    """Nothing is renamed that is not the session's, and no directory is replaced."""
    names.store(("a",), 1)
    names.makeDirectory(("d",))
    for old, new in [
        (("x",), ("y",)),
        (("PORT1",), ("y",)),
        ((), ("y",)),
        (("a",), ("d",)),
        (("a",), ("PORT2",)),
        (("a",), ()),
    ]:
        assert not names.rename(old, new)
    assert [each.name for each in names.children(())[2:]] == ["a", "d"]


def test_renameIntoItself(names: StoredNames) -> None:
    """A directory does not go into itself."""
    names.makeDirectory(("d",))
    assert not names.rename(("d",), ("d", "e"))
    assert names.isDirectory(("d",))


def test_touch(names: StoredNames) -> None:
    """Files have the time that they were given; directories keep theirs."""
    names.store(("a",), 1)
    names.makeDirectory(("d",))
    assert names.touch(("a",), 77.0)
    assert names.file(("a",)) == Entry("a", False, 1, 77.0, "-")
    for path in ((), ("PORT1",), ("d",), ("x",)):
        assert not names.touch(path, 77.0)


def test_onlyTheLastNames(names: StoredNames) -> None:
    """A session that lives for months remembers the last names only."""
    for number in range(REMEMBERED_NAMES + 5):
        names.store((f"job{number}",), number)
    assert names.file(("job4",)) is None
    assert names.file(("job5",)) is not None
    assert len(names.children(())) == 2 + REMEMBERED_NAMES
    names.store(("job5",), 1)
    names.makeDirectory(("d",))
    assert names.file(("job6",)) is None
    assert names.file(("job5",)) is not None
    assert len(names.children(())) == 2 + REMEMBERED_NAMES


# Bounds


def size(names: StoredNames) -> int:
    """Bytes of memory, counted anew from what can be found."""
    found, waiting = 0, [names._root]
    while waiting:
        node = waiting.pop()
        below = [*(node.inside or {}).values()]
        waiting += below
        found += sum(getsizeof(each.name) + module.NODE_BYTES for each in below)
    return found


@pytest.mark.parametrize(
    "path",
    [
        lambda number: (f"{number:04}" + "x" * 4000,),
        lambda number: (f"{number:04}" + "\U0001f5a8" * 900,),
        lambda number: tuple(f"{number:04}{place:03}" for place in range(DEEPEST_PATH)),
        lambda number: ("d" * 2000, f"{number:04}"),
    ],
    ids=["long", "wide", "deep", "in one"],
)
@pytest.mark.parametrize("directories", [False, True])
def test_bytesAreBounded(
    names: StoredNames, path: Callable[[int], Path], directories: bool
) -> None:
    """However long or deep the names are, what a session remembers has a bound in bytes."""
    for number in range(REMEMBERED_NAMES + 10):
        if directories:
            assert names.makeDirectory(path(number))
        else:
            names.store(path(number), 1)
        assert names.bytes <= REMEMBERED_BYTES
    assert names.bytes == size(names) > 0
    assert names.entry(path(REMEMBERED_NAMES + 9)) is not None


def test_boundIsMeasured() -> None:
    """What is counted for a name is no less than the memory that it takes."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    names = StoredNames(OWNERS, OWNERS.__getitem__, lambda: 0.25 + 1e9)
    for number in range(700):
        names.store((f"directory {number:04}", f"name {number:04}"), number)
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len([*names.children(("directory 0699",))]) == 1
    assert taken <= names.bytes + 4096


def test_renameOutOfBounds(names: StoredNames) -> None:
    """A directory is not renamed to where the paths of what is in it would be too long."""
    inside = ("e",) * 10
    names.makeDirectory(("d",))
    names.store(("d", *inside), 1)
    deep = tuple("x" * (DEEPEST_PATH - 10))
    assert not names.rename(("d",), (*deep, "f"))
    long = ("x" * (LONGEST_PATH - 21),)
    assert len(written((*long, *inside))) == LONGEST_PATH
    assert not names.rename(("d",), (long[0] + "y",))
    assert names.rename(("d",), long)
    assert names.rename(long, deep)
    assert names.file((*deep, *inside)) is not None
    assert names.bytes == size(names)


def test_renameOntoNames(names: StoredNames) -> None:
    """Names below that were stored where no directory is made stay where they are."""
    names.store(("f", "a"), 1)
    names.store(("b",), 2)
    names.makeDirectory(("d",))
    names.store(("d", "a"), 3)
    assert not names.rename(("d",), ("f",))
    assert names.rename(("b",), ("f",))
    assert [names.entry(path) is not None for path in (("f",), ("f", "a"), ("b",))] == [1, 1, 0]
    assert names.bytes == size(names)


class NamesMachine(RuleBasedStateMachine):
    """Names beside a plain table of paths, which was slow and could not be wrong."""

    paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(tuple)

    def __init__(self) -> None:
        super().__init__()
        self.names = StoredNames({"PORT1": ""}, str, lambda: 1.0)
        self.table: dict[Path, int | None] = {}

    @rule(path=paths)
    def store(self, path: Path) -> None:
        """Not where a directory is."""
        self.names.store(path, 7)
        if self.table.get(path, 0) is not None:
            self.table.pop(path, None)
            self.table[path] = 7

    @rule(path=paths)
    def make(self, path: Path) -> None:
        """Not where something is."""
        assert self.names.makeDirectory(path) is (path not in self.table)
        self.table.setdefault(path, None)

    @rule(path=paths, directory=st.booleans())
    def remove(self, path: Path, directory: bool) -> None:
        """Not where something is inside."""
        able = (
            path in self.table
            and (self.table[path] is None) is directory
            and not any(each[:-1] == path for each in self.table)
        )
        assert self.names.remove(path, directory) is able
        if able:
            del self.table[path]

    @rule(old=paths, new=paths)
    def rename(self, old: Path, new: Path) -> None:
        """With all that is inside, and not into itself."""

        def inside(path: Path) -> list[Path]:
            return [each for each in self.table if each[: len(path)] == path and each != path]

        able = old in self.table and self.table.get(new, 0) is not None
        if able and new[: len(old)] == old:
            able = old == new
        elif able:
            able = not (inside(old) and inside(new)) or old[: len(new)] == new
            if old[: len(new)] == new:
                able = not inside(old)
        assert self.names.rename(old, new) is able
        if able and old != new:
            for each in [old, *inside(old)]:
                self.table[new + each[len(old) :]] = self.table.pop(each)

    @invariant()
    def same(self) -> None:
        """The same is there, in the same directories; and the bytes are counted right."""
        for path in {(), *self.table, *(each[:-1] for each in self.table)}:
            expected = {each[-1] for each in self.table if each[:-1] == path}
            ports = set() if path else {"PORT1"}
            assert {each.name for each in self.names.children(path)} == expected | ports
        for path, known in self.table.items():
            assert self.names.isDirectory(path) is (known is None)
        assert self.names.bytes == size(self.names)


TestNamesMachine = NamesMachine.TestCase
TestNamesMachine.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


def test_costs(names: StoredNames) -> None:
    """
    A command about one name looks at that one: it takes as many steps with a thousand names in the
    session, in its directory or below it, as with ten.
    """

    def steps(count: int) -> int:
        few = StoredNames(OWNERS, OWNERS.__getitem__, lambda: 0.0)
        few.makeDirectory(("d",))
        for number in range(count):
            few.store(("d", f"{number}"), 1)
        taken = 0

        def traced(frame: FrameType, event: str, argument: object) -> object:
            nonlocal taken
            # Not what the garbage of other tests does when it is collected.
            taken += event == "line" and frame.f_code.co_filename == module.__file__
            return traced

        before = sys.gettrace()  # of a run that measures what the tests reach
        sys.settrace(traced)  # type: ignore[arg-type]
        try:
            few.remove(("d",), directory=True)
            few.makeDirectory(("e",))
            few.rename(("e",), ("f",))
            few.remove(("f",), directory=True)
            few.store(("d", "0"), 1)
            few.rename(("d", "0"), ("x",))
            few.remove(("x",), directory=False)
            few.entry(("d", "1"))
        finally:
            sys.settrace(before)
        return taken

    assert steps(990) == steps(10)
