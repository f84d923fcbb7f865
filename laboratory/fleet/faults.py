"""
What happens to a fleet: one thing at a time, each of which ends again.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from random import Random

from .site import Site

SILENT = 4.0
"""Seconds after which a server that hears nothing ends a session (its C{tcp_user_timeout}): what
the cable of this laboratory does in its place."""


class Faults:
    """
    One run's.

    @ivar counts: how often each kind was done.
    @ivar takeovers: seconds from each end of a gateway to the moment at which its ports were
        others'.
    """

    def __init__(
        self, site: Site, seed: int, owned: Callable[[int], int], lives: Callable[[int], int]
    ) -> None:
        """
        @param owned: on how many ports a process prints, by what the database says.
        @param lives: has it its lock?
        """
        self.counts: dict[str, int] = {}
        self.takeovers: list[float] = []
        self._site = site
        self._dice = Random(f"faults {seed}")
        self._owned = owned
        self._lives = lives
        self._kinds: list[tuple[str, Callable[[int], None]]] = [
            ("killed", self._kill),
            ("stopped", self._stop),
            ("stopped and killed", self._stopAndKill),
            ("reset", self._reset),
            ("silent", self._silence),
            ("database restarted", self._restart),
            ("failed over", self._failOver),
        ]
        self._deck: list[tuple[str, Callable[[int], None]]] = []

    def one(self) -> None:
        """Let something happen, and let it be over."""
        time.sleep(self._dice.expovariate(1 / 0.7))
        if not self._deck:  # all kinds alike, in any order
            self._deck = self._dice.sample(self._kinds, len(self._kinds))
        name, act = self._deck.pop()
        self.counts[name] = self.counts.get(name, 0) + 1
        act(self._dice.randrange(len(self._site.cables)))

    def _pause(self, least: float, most: float) -> None:
        time.sleep(self._dice.uniform(least, most))

    def _kill(self, number: int) -> None:
        self._await(self._site.kill(number))
        self._site.start(number)

    def _await(self, pid: int) -> None:
        began = time.monotonic()
        while self._owned(pid) and time.monotonic() - began < 60:
            time.sleep(0.05)
        self.takeovers.append(time.monotonic() - began)

    def _stop(self, number: int) -> None:
        pid = self._site.gateways[number].pid
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.2)  # for what it had asked for yet
        before, lives = self._owned(pid), self._lives(pid)
        self._pause(0.5, 6)
        if lives and self._owned(pid) < before:
            raise AssertionError(f"process {pid} was stopped, and its ports were taken")
        os.kill(pid, signal.SIGCONT)

    def _stopAndKill(self, number: int) -> None:
        os.kill(self._site.gateways[number].pid, signal.SIGSTOP)
        self._pause(0.5, 3)
        self._kill(number)

    def _reset(self, number: int) -> None:
        # Somebody between them has lost its state.
        for cable in self._site.cables[number]:
            cable.reset()
        self._pause(0, 2)

    def _silence(self, number: int) -> None:
        cables, pid = self._site.cables[number], self._site.gateways[number].pid
        for cable in cables:
            cable.pull()
        began = time.monotonic()
        time.sleep(self._dice.choice([0.3, 1.5, 2.5, SILENT]))
        if time.monotonic() - began >= SILENT:
            for cable in cables:
                cable.reset()
            self._await(pid)
            self._pause(0, 3)
        for cable in cables:
            cable.plug()

    def _restart(self, number: int) -> None:
        server = self._site.database.primary
        server.halt(self._dice.choice(["INT", "QUIT"]))
        self._pause(0, 5)
        server.start()

    def _failOver(self, number: int) -> None:
        self._site.database.failOver(self._dice.choice(["INT", "QUIT"]), self._dice.uniform(0, 3))
