"""
jetdirect, as a user starts it: C{twistd jetftp}, every safety feature on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from benchmarks.process import ROOT
from benchmarks.servers.server import Server, freePort
from jetdirect.net.tuning import BACKLOG

TWISTD = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()"]
"""The C{twistd} of this interpreter."""


def environment() -> dict[str, str]:
    """The environment in which C{twistd} knows C{jetftp}: as installed, else from this checkout."""
    probe = [sys.executable, "-c", "import jetdirect, twisted.plugins.jetftp"]
    if subprocess.run(probe, cwd="/", capture_output=True).returncode == 0:
        return {}
    return {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}


def twistd(place: Path, *words: str) -> list[str]:
    """A command line of C{twistd} that stays in the foreground, with a log and a pidfile."""
    return [*TWISTD, "-n", f"--logfile={place / 'log'}", f"--pidfile={place / 'pid'}", *words]


class Ours(Server):
    """The gateway, with one printing port for each sink."""

    name = "jetdirect"
    settings = "twistd -n jetftp, logging to a file; --max-sessions as needed, else the defaults"
    jobName = "PORT{client}/job.prn"

    def __init__(
        self, place: Path, sinks: Sequence[int], sessions: int = 3, options: Sequence[str] = ()
    ) -> None:
        """
        @param sinks: a printing port each.
        @param sessions: control connections at a time.
        @param options: more of the command line.
        """
        port = freePort()
        words = [f"--port=tcp:{port}:interface=127.0.0.1:backlog={BACKLOG}"]
        words += [f"--max-sessions={sessions}"]
        words += [f"--printer=socket://127.0.0.1:{sink}" for sink in sinks]
        words += options
        super().__init__(
            twistd(place, "jetftp", *words), place, port, environment(), directory=place
        )

    @classmethod
    def version(cls) -> str | None:
        twisted = metadata.version("Twisted")
        try:
            return f"{metadata.version('jetdirect')} on Twisted {twisted}"
        except metadata.PackageNotFoundError:
            return f"this checkout on Twisted {twisted}"
