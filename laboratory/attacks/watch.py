"""
What no attack may cost, whatever else it is about: looked at in every run of every attack.

The longest turn of the gateway's reactor is measured inside its process, by a plugin that asks to
be called every 20 ms, in seconds of processor time: how busy the machine is besides hardly counts.
Descriptors and memory are looked at from outside all the time, the log at the end.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.gateway import Gateway

LONGEST_TURN = 0.15
"""Seconds of processor time from one look at the clock to the next at most: a slice of commands is
2 ms, and what must be one turn (a handshake, a directory of 1,000 names) some 30."""

MOST_DESCRIPTORS = 400
"""Open at a time; refused connections that their peers do not end are the most, some 120."""

MOST_MEMORY = 48 * 1024 * 1024
"""Bytes by which the resident set may grow."""

LOG_AT_ONCE, LOG_A_SECOND = 128 * 1024, 4096
"""Bytes of the log, lines about jobs aside: so many, and so many more each second.  What one
session does is worth a line, and not one each time."""

_INTERVAL = 0.05

_PLUGIN = """
import os
import time

from twisted.internet import reactor
from twisted.internet.task import LoopingCall

worst, last = 0.0, None


def tick():
    global worst, last
    if last is None and not os.path.exists(begun):
        return  # the start itself is no turn
    now = time.thread_time()
    if last is not None:
        worst = max(worst, now - last)
    last = now
    place.seek(0)
    place.write(f"{worst:.6f}\\n")
    place.flush()


begun = %r
place = open(%r, "w")
reactor.callWhenRunning(LoopingCall(tick).start, 0.02)
"""

_ABOUT_JOBS = re.compile(r"\bjob \d+\b")


@dataclass
class Costs:
    """
    The most so far.

    @ivar turn: seconds.
    @ivar grown: bytes.
    @ivar log: bytes that are not about jobs.
    """

    turn: float = 0.0
    descriptors: int = 0
    grown: int = 0
    log: int = 0
    seconds: float = 0.0

    @property
    def tooHigh(self) -> list[str]:
        """In words."""
        found = []
        if self.turn > LONGEST_TURN:
            found.append(f"one turn of the reactor took {self.turn:.2f} s of processor time")
        if self.descriptors > MOST_DESCRIPTORS:
            found.append(f"{self.descriptors} descriptors were open")
        if self.grown > MOST_MEMORY:
            found.append(f"memory grew by {self.grown >> 20} MiB")
        if self.log > LOG_AT_ONCE + LOG_A_SECOND * self.seconds:
            found.append(f"{self.log >> 10} KiB were logged in {self.seconds:.0f} s")
        return found


class Watch:
    """
    Looks at one gateway until it is stopped.

    Make it before the gateway: C{prepare} puts the plugin where twistd looks for it.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / "longest-turn"
        self._costs = Costs()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        plugins = directory / "twisted" / "plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        self._begun = directory / "has-started"
        (plugins / "watched.py").write_text(_PLUGIN % (str(self._begun), str(self._file)))

    def start(self, gateway: Gateway) -> None:
        """The gateway is there."""
        self._began = time.monotonic()
        self._gateway = gateway
        self._before = gateway.memory()
        self._begun.touch()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> Costs:
        """
        Before the gateway ends.

        @return: what there was.
        """
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._sample()
            costs = self._costs
            costs.seconds = time.monotonic() - self._began
            costs.log = bytesOf(self._gateway.lines)
            text = self._file.read_text() if self._file.exists() else ""
            costs.turn = float(text.split("\n")[0] or 0.0)
            self._thread = None
        return self._costs

    def _look(self) -> None:
        while not self._over.wait(_INTERVAL):
            self._sample()

    def _sample(self) -> None:
        try:
            files = len(os.listdir(f"/proc/{self._gateway.pid}/fd"))
            grown = self._gateway.memory() - self._before
        except (OSError, AssertionError):
            return  # it has ended
        self._costs.descriptors = max(self._costs.descriptors, files)
        self._costs.grown = max(self._costs.grown, grown)


def bytesOf(lines: Sequence[str]) -> int:
    """How long these lines of a log are, those about jobs left out."""
    return sum(len(line) + 1 for line in lines if not _ABOUT_JOBS.search(line))
