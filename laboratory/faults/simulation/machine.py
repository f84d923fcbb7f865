"""
What of the machine itself the gateway sees: files, chance, and Twisted's idea of the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from unittest.mock import patch

from twisted.protocols import tls

from jetdirect import job
from jetdirect.ftp import dataports
from jetdirect.net import pipe
from jetdirect.transports.file import transport as file

from .disk import Disk
from .pipes import Calls
from .reactor import SimulatedReactor


class Chance:
    """Stands for the module L{secrets}."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def randbelow(self, limit: int) -> int:
        """As L{secrets.randbelow}."""
        return self._random.randrange(limit) if limit > 1 else 0


@contextmanager
def machine(disk: Disk, calls: Calls, random: Random, reactor: SimulatedReactor) -> Iterator[None]:
    """Four modules ask the machine; meanwhile they ask these."""
    with (
        patch.object(file, "os", disk),
        patch.object(pipe, "os", calls),
        patch.object(pipe, "fcntl", calls),
        patch.object(job, "COPIED_FIRST", calls.limits.copiedFirst),
        patch.object(dataports, "secrets", Chance(random)),
        patch.object(tls, "_get_default_clock", lambda: reactor),
    ):
        yield
