"""
How long an innocent host's jobs take while somebody insists.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from laboratory.attacks.victim import Victim
from tests.support.peer import PATIENCE


def beside(victim: Victim, insist: Callable[[threading.Event], object], count: int) -> list[float]:
    """
    Seconds that each of C{count} jobs takes.

    @param insist: called in a thread of its own; it returns soon after the event is set.
    """
    over = threading.Event()
    hostile = threading.Thread(target=insist, args=(over,))
    hostile.start()
    took = []
    try:
        for _ in range(count):
            began = time.perf_counter()
            victim.works()
            took.append(time.perf_counter() - began)
    finally:
        over.set()
        hostile.join(PATIENCE)
    return took
