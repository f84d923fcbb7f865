"""
A large job's bytes go to the disk before they are synced.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jetdirect.spool import writeback
from jetdirect.spool.disk import EARLY, RealDisk


def test_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part is begun with once, and none of a small job."""
    begun: list[tuple[int, int]] = []
    monkeypatch.setattr(writeback, "begin", lambda file, start, size: begun.append((start, size)))
    disk, piece = RealDisk(str(tmp_path)), bytes(EARLY // 8 * 3)
    file = disk.create("data")
    for _ in range(2):
        file.write(piece)
    assert begun == []
    for _ in range(4):
        file.write(piece)
    file.close()
    assert begun == [(0, 3 * len(piece)), (3 * len(piece), 3 * len(piece))]
    assert disk.size("data") == 6 * len(piece)


def test_onlyAHint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be begun with is no error, nor is a system that cannot."""
    with open(tmp_path / "file", "wb") as file:
        file.write(b"x")
        writeback.begin(file.fileno(), 0, 1)
    reading, writing = os.pipe()
    writeback.begin(writing, 0, 1)
    os.close(reading)
    os.close(writing)
    monkeypatch.setattr(writeback, "_begin", None)
    writeback.begin(writing, 0, 1)
