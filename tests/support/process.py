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


def scheduled(pid: int) -> tuple[float, float]:
    """
    The seconds for which the process's first thread has run, and for which it has waited for a
    processor (Linux, Documentation/scheduler/sched-stats).
    """
    ran, waited, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(ran) / 1e9, int(waited) / 1e9


@contextlib.contextmanager
def calm(pid: int, seconds: float = 0.6) -> Iterator[None]:
    """
    Do something, wait until so much time has passed in all, and see that the process had not spent
    half of it at work.  On a busy machine only the time counts in which it could have worked: one
    that spins would seem calm there, and one that does little would not in the little it has.
    """
    began, (ran, waited) = time.monotonic(), scheduled(pid)
    yield
    while True:
        nowRan, nowWaited = scheduled(pid)
        able = time.monotonic() - began - (nowWaited - waited)
        if able >= seconds:
            break
        time.sleep(seconds - able)
    share = (nowRan - ran) / able
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
