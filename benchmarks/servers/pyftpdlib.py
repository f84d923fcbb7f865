"""
pyftpdlib, whose files are printers: blocking sockets.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import ClassVar

from benchmarks.process import module
from benchmarks.servers.server import Server, freePort


class Pyftpdlib(Server):
    """L{benchmarks.servers.pyftpdserver} in a process of its own."""

    name = "pyftpdlib"
    settings = (
        "FTPServer, its own log, file object = blocking socket (does not wait for the printer)"
    )
    packages = "pip install pyftpdlib"
    words: ClassVar[Sequence[str]] = ()

    def __init__(self, place: Path, sinks: Sequence[int]) -> None:
        port = freePort()
        words = [str(port), str(sinks[0]), str(place), *self.words]
        super().__init__(module("benchmarks.servers.pyftpdserver", *words), place, port)

    @classmethod
    def version(cls) -> str | None:
        try:
            return metadata.version("pyftpdlib")
        except metadata.PackageNotFoundError:
            return None


class WaitingPyftpdlib(Pyftpdlib):
    """The same with ours' promise: its 226 waits until the printer has closed, and blocks all."""

    name = "pyftpdlib that waits"
    settings = "the same, but the 226 waits for the printer's end of the connection (blocking)"
    words = ("wait",)
