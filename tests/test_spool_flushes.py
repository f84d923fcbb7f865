"""
One flush serves all who have made their change before it begins, and nobody who comes later.
"""

from __future__ import annotations

import errno
import time
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from jetdirect.spool.flushes import Flushes
from tests.support.peer import PATIENCE


class Slow(Flushes):
    """
    A disk whose flushes end when a test says so.

    @ivar began: a path for each flush that begins.
    @ivar ends: how each ends.
    """

    def __init__(self) -> None:
        super().__init__(self._takeTime)
        self.began: SimpleQueue[str] = SimpleQueue()
        self.ends: SimpleQueue[OSError | None] = SimpleQueue()
        self.threads = ThreadPoolExecutor(5)

    def _takeTime(self, path: str) -> None:
        self.began.put(path)
        error = self.ends.get(timeout=PATIENCE)
        if error is not None:
            raise error

    def ask(self, path: str) -> Future[None]:
        """One more thread waits for it."""
        before = self.waiting(path)
        asked = self.threads.submit(self.flush, path)
        end = time.monotonic() + PATIENCE
        while self.waiting(path) == before:
            assert time.monotonic() < end
            time.sleep(0)
        return asked


def test_shared() -> None:
    """Who comes while one is under way is not served by it; all those share the next one."""
    disk = Slow()
    first = disk.ask("queue")
    assert disk.began.get(timeout=PATIENCE) == "queue"
    others = [disk.ask("queue") for _ in range(4)]
    disk.ends.put(None)
    first.result(PATIENCE)
    assert disk.began.get(timeout=PATIENCE) == "queue"
    assert not any(each.done() for each in others)
    disk.ends.put(None)
    for each in others:
        each.result(PATIENCE)
    assert disk.began.empty()
    assert disk.waiting("queue") == 0


def test_failed() -> None:
    """Its failure is that of all who shared it, and of nobody else."""
    disk = Slow()
    first = disk.ask("queue")
    disk.began.get(timeout=PATIENCE)
    others = [disk.ask("queue") for _ in range(2)]
    disk.ends.put(None)
    disk.ends.put(OSError(errno.EIO, "failed"))
    first.result(PATIENCE)
    for each in others:
        with pytest.raises(OSError, match="failed"):
            each.result(PATIENCE)
    disk.ends.put(None)
    disk.flush("queue")


def test_paths() -> None:
    """Other paths do not wait."""
    disk = Slow()
    first, other = disk.ask("queue"), disk.ask("tmp")
    assert {disk.began.get(timeout=PATIENCE) for _ in range(2)} == {"queue", "tmp"}
    disk.ends.put(None)
    disk.ends.put(None)
    first.result(PATIENCE)
    other.result(PATIENCE)
