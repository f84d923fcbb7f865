"""
The machine's TCP ports, which a laboratory must not use up.

A connection that was ended in order keeps a port for a minute (TIME_WAIT, RFC 9293).  At 200 jobs a
second there is none left after that time, and whoever binds one is refused: gateways that dial at
PORT tell it with a true 425, senders cannot listen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def _spare() -> bool:
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    words = Path("/proc/net/sockstat").read_text().split()
    return int(words[words.index("tw") + 1]) < (high - low) / 2


def awaitPorts(given: Callable[[], bool]) -> None:
    """
    Wait until half of the ports that the kernel gives away are free.

    @param given: says C{True} when there is no use in waiting.
    """
    while not (_spare() or given()):
        time.sleep(0.2)
