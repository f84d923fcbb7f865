"""
How long a busy machine has kept the laboratory, and a gateway, from what they wanted to do.

A limit of some seconds is judged by the time that both had; all else is judged as ever.
"""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

_INTERVAL = 0.02

MUCH = 0.5
"""Seconds of it that make a limit of one second mean nothing."""


class Standstill:
    """
    Counts by how much a thread comes late that sleeps again and again.

    @ivar seconds: so far, all together.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Count no more."""
        self._over.set()
        self._thread.join()

    def _count(self) -> None:
        due = time.monotonic() + _INTERVAL
        while not self._over.wait(max(0.0, due - time.monotonic())):
            now = time.monotonic()
            self.seconds += max(0.0, now - due)
            due = now + _INTERVAL


def waited(pid: int) -> float:
    """
    Seconds in which a process wanted to run and had no processor (proc(5), schedstat).

    @return: of its first thread, which has the reactor; 0 if there is no such process any more.
    """
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    return 0.0
