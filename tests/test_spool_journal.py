"""
An ext4 without a journal is told.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent

from jetdirect.spool import files
from jetdirect.spool.journal import deviceWithoutJournal


@pytest.mark.parametrize(
    ("name", "task", "device"),
    [
        ("sda1", "<none>\n", "/dev/sda1"),
        ("sda1", "311\n", ""),
        ("cciss!c0d0", "<none>\n", "/dev/cciss/c0d0"),
        ("dm-0", None, ""),
    ],
)
def test_device(tmp_path: Path, name: str, task: str | None, device: str) -> None:
    """As the kernel says; another file system, or an older kernel, says nothing."""
    found = os.stat(tmp_path).st_dev
    block = tmp_path / "dev" / "block"
    block.mkdir(parents=True)
    (tmp_path / "devices" / name).mkdir(parents=True)
    (block / f"{os.major(found)}:{os.minor(found)}").symlink_to(f"../../devices/{name}")
    if task is not None:
        (tmp_path / "fs" / "ext4" / name).mkdir(parents=True)
        (tmp_path / "fs" / "ext4" / name / "journal_task").write_text(task)
    assert deviceWithoutJournal(str(tmp_path), str(tmp_path)) == device


def test_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log says what it means, and what to do; of one that has a journal it says nothing."""
    reactor: Any = MemoryReactorClock()
    for device, told in (("/dev/sda1", ["tune2fs -O has_journal /dev/sda1"]), ("", [])):
        monkeypatch.setattr(files, "deviceWithoutJournal", lambda path, found=device: found)
        with capturedLogs() as logged:
            files.openSpool(str(tmp_path), reactor).close()
        said = [formatEvent(each) for each in logged]
        assert [line.rpartition("(")[2].rstrip(")") for line in said] == told
