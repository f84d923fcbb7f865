"""
The names that a session stored: what is found, what is renamed, what is forgotten.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.ftp.listing import Entry
from jetdirect.ftp.names import REMEMBERED_NAMES, Path, StoredNames

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


@pytest.mark.parametrize(
    ("directory", "path", "wanted"),
    [
        ([], "", ()),
        ([], "/", ()),
        ([], ".", ()),
        ([], "..", ()),
        ([], "/../..", ()),
        ([], "job.ps", ("job.ps",)),
        ([], "/job.ps", ("job.ps",)),
        ([], "//job.ps", ("job.ps",)),
        ([], "a//b/./c", ("a", "b", "c")),
        ([], "a/../b", ("b",)),
        ([], "port2", ("PORT2",)),
        ([], "pOrT2/Job.ps", ("PORT2", "Job.ps")),
        ([], "a/port2", ("a", "port2")),
        ([], r"d:\temp\job.ps", (r"d:\temp\job.ps",)),
        ([], "-job.ps", ("-job.ps",)),
        ([], " ", (" ",)),
        (["PORT2"], "", ("PORT2",)),
        (["PORT2"], "job.ps", ("PORT2", "job.ps")),
        (["PORT2"], "/job.ps", ("job.ps",)),
        (["PORT2"], "port1/job.ps", ("PORT1", "job.ps")),
        (["PORT2"], "..", ()),
        (["PORT2"], "../x", ("x",)),
        (["a", "b"], "../c", ("a", "c")),
        (["a"], "../port1/x", ("PORT1", "x")),
    ],
)
def test_resolve(names: StoredNames, directory: list[str], path: str, wanted: Path) -> None:
    """Absolute, whatever was said; a printing port at the beginning means that one."""
    assert names.resolve(directory, path) == wanted


@given(st.lists(st.sampled_from(["a", "PORT1"])), st.text("ab./\\ port1"))
def test_neverOutside(directory: list[str], path: str) -> None:
    """No path leaves the root, and none has a segment that would."""
    names = StoredNames(["PORT1"], str, lambda: 0.0)
    found = names.resolve(directory, path)
    assert not {"", ".", ".."} & set(found)
    assert names.resolve([], "/" + "/".join(found)) == found


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
