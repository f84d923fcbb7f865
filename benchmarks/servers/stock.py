"""
Twisted's own FTP server, made to print with what its interfaces offer.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from benchmarks.process import module
from benchmarks.servers.server import Server, freePort


class Stock(Server):
    """L{benchmarks.servers.stockserver} in a process of its own."""

    name = "stock Twisted FTP"
    settings = (
        "twisted.protocols.ftp unchanged, IWriteFile into a TCP connection, logging to a file"
    )

    def __init__(self, place: Path, sinks: Sequence[int]) -> None:
        port = freePort()
        command = module("benchmarks.servers.stockserver", str(port), str(sinks[0]))
        super().__init__(command, place, port)

    @classmethod
    def version(cls) -> str | None:
        return metadata.version("Twisted")
