"""
Daemons that are started on a port of their own and are ready when they listen there.
"""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.support.peer import PATIENCE, Peer, mortal

#: Not those of Hypothesis, which fall alike in every process.
_DICE = random.SystemRandom()


def freePort(count: int = 1) -> int:
    """
    The first of so many TCP ports of the loopback interface that were free a moment ago.

    They are none of those that the kernel gives: some connection of the many tests that run at the
    same time would have them before long.
    """
    [given, _] = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    while True:
        low = _DICE.randrange(given // 2, given - count)
        with ExitStack() as taken, suppress(OSError):
            for number in range(low, low + count):
                taken.enter_context(socket.socket()).bind(("127.0.0.1", number))
            return low


def borrowed(name: str, package: str, places: str = "") -> str:
    """
    The whole path of a program of a Debian package; or skip the test that asks.

    @param places: where it is, if not where daemons usually are.
    """
    for place in (None, "/usr/local/sbin:/usr/sbin:/sbin", places):
        found = shutil.which(name, path=place)
        if found is not None:
            return found
    pytest.skip(f"{name} is missing: apt-get install {package}")


class Daemon(Peer):
    """
    A process that runs until it is stopped, with its words in a file.
    """

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                mortal(*command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment,
            )

    def waitForPort(self, port: int, patience: float = PATIENCE) -> None:
        """
        Wait until it listens, for so many seconds.
        """
        listens = partial(_connects, ("127.0.0.1", port))
        self._waitFor(listens, f"listener on port {port}", patience)

    def waitForPath(self, path: Path) -> None:
        """
        Wait until it has made this file or socket.
        """
        self._waitFor(path.exists, str(path))

    def _waitFor(self, fact: object, what: str, patience: float = PATIENCE) -> None:
        assert callable(fact)
        deadline = time.monotonic() + patience
        while not fact():
            ended = self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                said = self._log.read_text(errors="replace")
                self.stop()
                raise AssertionError(f"no {what}; {self._process.args!r} said:\n{said}")
            time.sleep(0.02)

    def stop(self) -> None:
        """
        End it.
        """
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _connects(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, 1.0).close()
    except OSError:
        return False
    return True
