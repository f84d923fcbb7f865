"""
The least that a relay can do: a blocking loop of splice(2) in C.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.servers.server import Server, freePort, program

_SOURCE = Path(__file__).with_name("splice.c")


class Splice(Server):
    """A relay; compiled when it is started."""

    name = "C splice loop"
    settings = "splice.c beside this, cc -O2, blocking, a pipe of 1 MiB"
    packages = "apt-get install gcc libc6-dev"
    ftp = False

    def __init__(self, place: Path, sinks: Sequence[int]) -> None:
        port = freePort()
        compiler, relay = program("cc"), place / "splice"
        assert compiler is not None
        subprocess.run([compiler, "-O2", "-Wall", "-o", str(relay), str(_SOURCE)], check=True)
        super().__init__([str(relay), str(port), str(sinks[0])], place, port)

    @classmethod
    def version(cls) -> str | None:
        compiler = program("cc")
        if compiler is None:
            return None
        told = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
        return told.splitlines()[0] if told else "unknown compiler"
