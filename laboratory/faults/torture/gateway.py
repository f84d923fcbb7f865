"""
A gateway process with the options of its gateway, and what the kernel says of it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.gateway import IPV4, IPV6, Gateway
from tests.support.modes import hasIPv6

from .case import LIMIT
from .cells import MORTAL, NARROW, PATIENT, STRICT
from .conversation import FINISH_TIMEOUT
from .journal import Journal
from .printer import TorturePrinter

MANY = "500"
"""Sessions: more than there are."""

PASSIVE_PORTS = 6
"""Of the narrow gateway."""

MAX_SESSIONS = 8
"""Of the narrow gateway."""

DRAIN, SHORT_DRAIN = 20.0, 0.4
"""Seconds that running jobs have at a shutdown."""

_LONG = ("--max-sessions", MANY, "--busy-timeout", "30", "--connect-timeout", "15")
_SHORT = ("--max-sessions", MANY, "--busy-timeout", "1", "--connect-timeout", "1")

OPTIONS = {
    PATIENT: _LONG,
    STRICT: (
        *(*_SHORT, "--idle-timeout", "3", "--data-idle-timeout", "1"),
        *("--max-job-bytes", str(LIMIT)),
    ),
    NARROW: ("--max-sessions", str(MAX_SESSIONS)),
    MORTAL: _LONG,
}
"""What makes each gateway what it is."""


def freeRange(count: int) -> tuple[int, int]:
    """TCP ports in a row of which all are free now; below those that the kernel gives away."""
    for low in range(21000 + os.getpid() % 997 * count, 32000, count):
        with contextlib.ExitStack() as held:
            try:
                for number in range(low, low + count):
                    each = held.enter_context(socket.socket())
                    each.bind(("127.0.0.1", number))
            except OSError:
                continue
            return low, low + count - 1
    raise OSError("no free ports")


class TortureGateway(Gateway):
    """
    @ivar v6: it has a port on IPv6, too.
    @ivar journal: its log.
    @ivar passive: the range of its passive ports, if it is limited.
    """

    def __init__(
        self,
        directory: Path,
        name: str,
        printers: Sequence[TorturePrinter],
        certificate: Path | None = None,
        copying: bool = False,
        drain: float = DRAIN,
    ) -> None:
        self.name = name
        self.v6 = hasIPv6()
        self.passive: tuple[int, int] | None = None
        options = ["--port", IPV4, *(["--port", IPV6] if self.v6 else [])]
        for each in printers:
            way = ["splice=off"] if copying else []
            options += ["--printer", each.uri(f"finish-timeout={FINISH_TIMEOUT}", *way)]
        options += [*OPTIONS[name], "--drain-timeout", str(drain)]
        if certificate is not None:
            options += ["--tls-certificate", str(certificate)]
        if name == NARROW:
            self.passive = freeRange(PASSIVE_PORTS)
            options += ["--passive-ports", "{}-{}".format(*self.passive)]
        directory.mkdir(exist_ok=True)
        super().__init__(directory, *options)
        self.journal = Journal(self)

    def address(self, v6: bool) -> tuple[str, int]:
        """Where senders connect."""
        return ("::1", self.ports[1]) if v6 and self.v6 else ("127.0.0.1", self.ports[0])

    def descriptors(self) -> list[str]:
        """What its open files are."""
        told = []
        for each in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                told.append(os.readlink(each))
        return sorted(told)

    def settles(self, count: int, seconds: float) -> bool:
        """Wait until no more than so many files are open."""
        deadline = time.monotonic() + seconds
        while len(self.descriptors()) > count:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True
