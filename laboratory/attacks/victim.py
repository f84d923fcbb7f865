"""
What is attacked: a gateway in a process of its own, and a printer behind it.
"""

from __future__ import annotations

import hashlib
import os
import resource
import time
from pathlib import Path
from types import TracebackType

from laboratory.attacks.watch import Watch
from tests.support.gateway import Gateway
from tests.support.peer import PATIENCE, Peer
from tests.support.rawprinter import Behaviour, RawPrinter
from tests.support.session import Session

KIB = 1024
MIB = 1024 * KIB

#: Hosts of this machine: nothing has to be configured for them.
GATEWAY, OWNER, HOSTILE, HONEST = "127.0.0.1", "127.0.0.5", "127.0.0.2", "127.0.0.3"


class Victim(Peer):
    """
    One gateway whose PORT1 is a printer that does what it is told.

    Leaving it looks for what an attack must never leave in the log, and at what it has cost.
    """

    def __init__(
        self, directory: Path, *options: str, printer: Behaviour | None = None, keep: bool = True
    ) -> None:
        """
        @param keep: whether the printer keeps what it gets, or only counts and digests it.
        """
        behaviours = () if printer is None else (printer,)
        self.printer = RawPrinter(*behaviours, keep=keep)
        self.watch = Watch(directory)
        try:
            self.gateway = Gateway(directory, "--printer", self.printer.uri(), *options)
        except BaseException:
            self.printer.stop()
            raise
        self.port = self.gateway.port
        self.watch.start(self.gateway)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        costs = self.watch.stop()
        self.stop()
        if kind is None:
            assert "Traceback" not in self.gateway.log, self.gateway.log
            assert not costs.tooHigh, costs.tooHigh

    def stop(self) -> None:
        """L{Peer}."""
        self.watch.stop()
        self.gateway.stop()
        self.printer.stop()

    @property
    def memory(self) -> int:
        """Its resident set now, in bytes; the kernel's socket buffers are no part of it."""
        return self.gateway.memory()

    @property
    def descriptors(self) -> int:
        """How many descriptors it has open now."""
        return len(os.listdir(f"/proc/{self.gateway._process.pid}/fd"))

    def forgetPeak(self) -> None:
        """From now on L{peak} counts anew (proc(5), clear_refs)."""
        Path(f"/proc/{self.gateway._process.pid}/clear_refs").write_text("5")

    @property
    def peak(self) -> int:
        """The most that was resident since, in bytes."""
        return self.gateway.memory("VmHWM")

    def limitDescriptors(self, most: int) -> None:
        """It may have so many from now on."""
        resource.prlimit(self.gateway._process.pid, resource.RLIMIT_NOFILE, (most, most))

    def settle(self, descriptors: int, seconds: float = PATIENCE) -> int:
        """
        Wait until no more than so many descriptors are open.

        @return: how many there are then, or when the time is over.
        """
        end = time.monotonic() + seconds
        while (now := self.descriptors) > descriptors and time.monotonic() < end:
            time.sleep(0.01)
        return now

    def works(self, job: bytes = b"%!PS\nshowpage\n", source: str = OWNER) -> None:
        """An innocent sender logs in and prints, and the printer has just that."""
        before = len(self.printer.callers)
        with Innocent(self.port, source) as session:
            reply = session.send(job)
        assert reply.startswith("226"), reply
        printed = [each.digest for each in self.printer.callers[before:] if each.received]
        assert printed[-1:] == [hashlib.sha256(job).hexdigest()], (reply, printed)


class Innocent(Session):
    """A sender with an address of its own, which its data connections have too."""

    def __init__(self, port: int, source: str = OWNER, login: bool = True) -> None:
        self._source = source
        super().__init__(port, login=login)

    def connect(self, host: str = "", port: int = 0, timeout: float = PATIENCE, *_: object) -> str:
        """C{ftplib} takes the address here only."""
        return super().connect(host, port, timeout, (self._source, 0))
