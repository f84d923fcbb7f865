"""
pyftpdlib, whose files are printers: blocking sockets.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from benchmarks.process import module
from benchmarks.servers.server import Server, freePort


class Pyftpdlib(Server):
    """L{benchmarks.servers.pyftpdserver} in a process of its own."""

    name = "pyftpdlib"
    settings = (
        "FTPServer, its own log, file object = blocking socket (does not wait for the printer)"
    )
    packages = "pip install pyftpdlib"

    def __init__(self, place: Path, sinks: Sequence[int]) -> None:
        port = freePort()
        command = module("benchmarks.servers.pyftpdserver", str(port), str(sinks[0]), str(place))
        super().__init__(command, place, port)

    @classmethod
    def version(cls) -> str | None:
        try:
            return metadata.version("pyftpdlib")
        except metadata.PackageNotFoundError:
            return None
