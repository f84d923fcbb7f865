"""
What all that are measured have in common.
"""

from __future__ import annotations

import shutil
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from benchmarks import measure
from benchmarks.process import PATIENCE, ROOT, Process, freePort

_SETTLE = 0.05
"""Seconds after which a server is said to have done what a job leaves to be done (chosen)."""

_SYSTEM_PATHS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


class Server(Process):
    """
    One that takes jobs at a port of 127.0.0.1 and hands them to sinks.

    @cvar name: what the table calls it.
    @cvar settings: how it is run, for the table.
    @cvar packages: what to install to have it.
    @cvar ftp: it speaks FTP; else it is a relay.
    @cvar jobName: what uploads are called.
    @cvar under: the program that it runs under, for a look at it; C{{place}} is its directory.
    @cvar patience: seconds within which it begins to listen.
    @ivar listened: when it was seen to listen, in seconds of the monotonic clock.
    """

    name: ClassVar[str]
    settings: ClassVar[str]
    packages: ClassVar[str] = ""
    ftp: ClassVar[bool] = True
    jobName: ClassVar[str] = "job.prn"
    under: ClassVar[Sequence[str]] = ()
    patience: ClassVar[float] = PATIENCE

    def __init__(
        self,
        command: Sequence[str],
        place: Path,
        port: int,
        environment: Mapping[str, str] | None = None,
        directory: Path = ROOT,
    ) -> None:
        """
        @param place: a directory of its own, for its files and its log.
        """
        self.port = port
        tool = [word.format(place=place) for word in self.under]
        super().__init__([*tool, *command], place / "log", environment, directory)
        try:
            self.waitForPort(port, self.patience)
            self.listened = time.monotonic()
            self._family = set(measure.family(self.pid))
        except BaseException:
            self.stop()
            raise

    @classmethod
    @abstractmethod
    def version(cls) -> str | None:
        """Its version; C{None}: it is not installed here."""

    def cpu(self) -> float:
        """
        Seconds of processor time that it and its children used so far.

        Children of a session are waited for first: one that ends just now would be counted nowhere.
        """
        time.sleep(_SETTLE)
        end = time.monotonic() + PATIENCE
        while not self._family.issuperset(measure.family(self.pid)):
            if time.monotonic() > end:
                raise RuntimeError(f"the sessions of {self.name} do not end")
            time.sleep(_SETTLE)
        return measure.cpuSeconds(self.pid)

    def afterUpload(self) -> tuple[float, int]:
        """
        Do what a hook does when an upload is there.

        @return: the seconds of processor time that this took, and when it was done, in nanoseconds
            of the monotonic clock (0: there is no hook).
        """
        return 0.0, 0


def program(name: str) -> str | None:
    """The whole path of a program, also of a daemon's."""
    for place in (None, *_SYSTEM_PATHS):
        found = shutil.which(name, path=place)
        if found is not None:
            return found
    return None


__all__ = ["Server", "freePort", "program"]
