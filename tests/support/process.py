"""
What the system says of a running process and lets be done to it (Linux).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpuSeconds(pid: int) -> float:
    """
    The processor time that the process has used so far, in user and system mode (proc(5)).
    """
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@contextlib.contextmanager
def calm(pid: int, seconds: float = 0.6) -> Iterator[None]:
    """
    Do something, wait until so much time has passed in all, and see that the process had not spent
    half of it at work.
    """
    began, before = time.monotonic(), cpuSeconds(pid)
    yield
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    share = (cpuSeconds(pid) - before) / (time.monotonic() - began)
    assert share < 0.5, f"{share:.0%} of a core"


def descriptors(pid: int) -> set[int]:
    """
    The numbers of the open descriptors.
    """
    return {int(each) for each in os.listdir(f"/proc/{pid}/fd")}


@contextlib.contextmanager
def fewDescriptors(pid: int, spare: int = 0) -> Iterator[None]:
    """
    Let the process open so many descriptors more, and none beyond.
    """
    _, hard = before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    taken = descriptors(pid)
    limit = next(itertools.islice((n for n in itertools.count() if n not in taken), spare, None))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
