"""
Hoarding (A10): one host connects at a steady rate and ends no connection, refused or not.

    python -m laboratory.attacks.hoarding PORT RATE

does so until it is stopped; it is a process of its own, to be no slower than what it attacks.
"""

from __future__ import annotations

import contextlib
import ftplib
import resource
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from laboratory.attacks.figures import Figures, spread
from laboratory.attacks.victim import GATEWAY, HONEST, HOSTILE, Victim
from tests.support.gateway import environment
from tests.support.peer import mortal

#: Connections a second.
RATE = 1000

#: The descriptors that a process may usually have (getrlimit(2), a soft limit).
USUAL = 1024

#: Connections that are kept; more are of no use to anybody with L{USUAL} descriptors.
_KEPT = 3000


def hoard(port: int, rate: float) -> None:
    """Connect for ever."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    kept: deque[socket.socket] = deque()
    began, done, told = time.monotonic(), 0, False
    while True:
        while done < (time.monotonic() - began) * rate:
            wire = socket.socket()
            wire.setblocking(False)
            wire.bind((HOSTILE, 0))
            with contextlib.suppress(BlockingIOError):
                wire.connect((GATEWAY, port))
            kept.append(wire)
            done += 1
            if len(kept) > _KEPT:
                kept.popleft().close()
        if done >= rate and not told:
            told = True
            print("a second is over", flush=True)
        time.sleep(0.001)


def hoarding(place: Path, count: int) -> Figures:
    """C{count} tries of an honest host to print, one second into it and later."""
    options = ("--max-sessions=3", "--max-sessions-per-host=2")
    took, failed, most = [], 0, 0
    words = [sys.executable, "-m", "laboratory.attacks.hoarding"]
    root = Path(__file__).resolve().parents[2]
    with Victim(place, *options, keep=False) as victim:
        victim.limitDescriptors(USUAL)
        with subprocess.Popen(
            mortal(*words, str(victim.port), str(RATE)),
            cwd=root,
            env=environment(),
            stdout=subprocess.PIPE,
        ) as hostile:
            try:
                assert hostile.stdout is not None and hostile.stdout.readline()
                for _ in range(count):
                    began = time.perf_counter()
                    try:
                        victim.works(source=HONEST)
                    except (OSError, EOFError, ftplib.Error):
                        failed += 1
                    took.append(time.perf_counter() - began)
                    most = max(most, victim.descriptors)
                    time.sleep(0.05)  # longer than the fastest session, so that it is no single try
            finally:
                hostile.kill()
    figures: Figures = {
        "connections a second": RATE,
        "jobs of the honest host": count,
        "printed": count - failed,
        "login to the end": spread(took),
        "descriptors at most": f"{most} of {USUAL}",
    }
    assert not failed, figures
    return figures


if __name__ == "__main__":
    hoard(int(sys.argv[1]), float(sys.argv[2]))
