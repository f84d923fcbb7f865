"""
Files are flushed many at a time, and each is told of its own failure.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jetdirect.spool import flushes as module
from jetdirect.spool.flushes import AT_A_TIME, Flushes


@pytest.fixture
def written(tmp_path: Path) -> Iterator[list[int]]:
    """More files than are flushed at a time, and their directory."""
    opened = [os.open(tmp_path, os.O_RDONLY)]
    for number in range(AT_A_TIME + 3):
        opened.append(os.open(tmp_path / str(number), os.O_CREAT | os.O_WRONLY))
        os.write(opened[-1], b"x")
    yield opened
    for each in opened:
        os.close(each)


def test_flushed(written: list[int]) -> None:
    """All are, and again."""
    flushes = Flushes()
    for _ in range(2):
        assert flushes.flush(written) == [None] * len(written)
    assert flushes.flush([]) == []


def test_oneIsWrong(written: list[int]) -> None:
    """What cannot be flushed is told alone."""
    reading, writing = os.pipe()
    told = Flushes().flush([written[0], reading, written[1]])
    assert [each and each.errno for each in told] == [None, errno.EINVAL, None]
    os.close(reading)
    os.close(writing)


def test_withoutTheKernel(written: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is forbidden, one comes after the other."""
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    monkeypatch.setattr(module, "_call", lambda *_: -1)
    assert Flushes().flush(written) == [None] * len(written)
    assert flushed == written


def test_failed(written: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel tells of each when it is ready, between signals and in its own order."""
    answers: Iterator[list[tuple[int, int]] | None] = iter(
        [None, [(2, 0)], [(0, -errno.EIO), (1, 0)]]
    )

    def call(number: int, *arguments: Any) -> int:
        if len(arguments) < 5:  # io_setup, or io_submit
            return 3
        came = next(answers)
        if came is None:
            ctypes.set_errno(errno.EINTR)
            return -1
        for at, (which, result) in enumerate(came):
            module._EVENT.pack_into(arguments[3], module._EVENT.size * at, which, 0, result, 0)
        return len(came)

    monkeypatch.setattr(module, "_CALLS", {platform.machine(): (0, 1, 2)})
    monkeypatch.setattr(module, "_call", call)
    told = Flushes().flush(written[:3])
    assert [each and each.errno for each in told] == [errno.EIO, None, None]
