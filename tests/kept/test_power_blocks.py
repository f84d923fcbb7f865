"""
Bytes that lie where they lay are not read again; all others are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from laboratory.power import blocks
from laboratory.power.blocks import BLOCK, Blocks, Extent, Hashes
from laboratory.power.recording import Write

LAST, SHARED, UNWRITTEN = 0x1, 0x2000, 0x800


class Never(Random):
    """Reads nothing anyway."""

    def random(self) -> float:
        return 1.0


class Always(Random):
    """Reads everything anyway."""

    def random(self) -> float:
        return 0.0


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> list[Extent]:
    """Where the file system says that a file lies: blocks 2 and 3."""
    told = [Extent(0, 2 * BLOCK, 2 * BLOCK, LAST)]

    def extents(file: int) -> Iterator[Extent]:
        return iter(told)

    monkeypatch.setattr(blocks, "extents", extents)
    return told


@pytest.fixture
def disk() -> Blocks:
    """A disk of eight blocks, of which the log filled 2 to 5."""
    made = Blocks(8 * BLOCK)
    made.write(Write(2 * BLOCK, 512, 4 * BLOCK, False))
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of two blocks."""
    (tmp_path / "data").write_bytes(b"x" * 2 * BLOCK)
    return tmp_path / "data"


def test_readOnce(pieces: list[Extent], disk: Blocks, path: Path) -> None:
    """The same blocks are the same bytes."""
    hashes = Hashes(Never())
    assert hashes.of(disk, str(path)) == hashes.of(disk.copy(), str(path))
    assert hashes.read == 1


@pytest.mark.parametrize(
    "write",
    [
        Write(3 * BLOCK, 99999, BLOCK, False),
        Write(3 * BLOCK + 512, 99999, 512, False),
        Write(BLOCK, 99999, BLOCK + 512, False),
    ],
)
def test_written(pieces: list[Extent], disk: Blocks, path: Path, write: Write) -> None:
    """A block that was written since, whole or in part, is read."""
    before = disk.identity(str(path))
    disk.write(write)
    assert disk.identity(str(path)) != before


def test_startWrote(pieces: list[Extent], disk: Blocks, path: Path) -> None:
    """What the start of a file system wrote is read; what it left alone is not."""
    disk.forget([Extent(2 * BLOCK, 0, 2 * BLOCK, SHARED), Extent(4 * BLOCK, 0, BLOCK, 0)])
    assert disk.identity(str(path)) is not None
    disk.forget([Extent(3 * BLOCK, 0, 512, LAST)])
    assert disk.identity(str(path)) is None


@pytest.mark.parametrize(
    "told",
    [
        [],
        [Extent(0, 2 * BLOCK, BLOCK, LAST)],
        [Extent(BLOCK, 3 * BLOCK, BLOCK, LAST)],
        [Extent(0, 2 * BLOCK, 2 * BLOCK, LAST | UNWRITTEN)],
        [Extent(0, 6 * BLOCK, 2 * BLOCK, LAST)],
    ],
)
def test_unclear(pieces: list[Extent], disk: Blocks, path: Path, told: list[Extent]) -> None:
    """Holes, blocks that hold nothing yet, and blocks that nobody was seen to write: read."""
    pieces[:] = told
    assert disk.identity(str(path)) is None


def test_elsewhere(pieces: list[Extent], disk: Blocks, path: Path) -> None:
    """Other blocks, or another size, are other bytes."""
    before = disk.identity(str(path))
    pieces[:] = [Extent(0, 3 * BLOCK, 2 * BLOCK, LAST)]
    moved = disk.identity(str(path))
    path.write_bytes(b"x" * (2 * BLOCK - 1))
    assert len({before, moved, disk.identity(str(path))}) == 3


def test_readAnyway(pieces: list[Extent], disk: Blocks, path: Path) -> None:
    """Some files are read all the same: so a mistake in all this would be told."""
    hashes = Hashes(Always())
    hashes.of(disk, str(path))
    path.write_bytes(b"y" * 2 * BLOCK)
    with pytest.raises(AssertionError, match="the bytes are not"):
        hashes.of(disk, str(path))


def test_notThere(disk: Blocks, path: Path) -> None:
    """A file that is not there has no hash."""
    assert Hashes(Never()).of(disk, f"{path}.not") is None
