"""
This gateway as one of the servers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import jetdirect
from laboratory.controls.server import End, Record, Server
from tests.support.behaviours import neverReads, resetAfterEnd
from tests.support.gateway import Gateway
from tests.support.rawprinter import Behaviour, RawPrinter, good

_ENDED = re.compile(
    r"job \d+ on PORT\d+: (?P<state>aborted|canceled|completed): (?P<bytes>\d+) bytes in [^:]*?"
    r", reply (?:\d{3}|none)(?P<why>: .*)? \('(?P<name>[^']*)' from "
)

#: What a printer's kernel takes before the printer reads.
SMALL_BUFFER = 16384


class Ours(Server):
    """
    The gateway before a good printer and, if no others are named, two that can never be believed.

    @ivar printers: PORT1 first.
    @ivar ends: how often each job is recorded to have ended.
    """

    def __init__(
        self,
        directory: Path,
        *options: str,
        printers: Sequence[Behaviour] = (good, neverReads, resetAfterEnd),
        keep: bool = True,
    ) -> None:
        self.title = f"jetdirect {jetdirect.__version__}"
        self._read = 0
        self._records: dict[str, Record] = {}
        self.ends: Counter[str] = Counter()
        self.printers = [
            RawPrinter(behave, receiveBuffer=None if behave is good else SMALL_BUFFER, keep=keep)
            for behave in printers
        ]
        if neverReads in printers:
            self.silentPrinters = [f"PORT{number}" for number in range(2, len(printers) + 1)]
        words = [
            f"--printer={printer.uri(*['finish-timeout=1'] * (behave is neverReads))}"
            for behave, printer in zip(printers, self.printers, strict=True)
        ]
        try:
            self.gateway = Gateway(directory, *words, "--max-sessions=100", *options)
        except BaseException:
            self._off()
            raise
        self.port = self.gateway.port

    def _off(self) -> None:
        for printer in self.printers:
            printer.stop()

    @property
    def log(self) -> str:
        """L{Server}."""
        return self.gateway.log

    def records(self) -> Mapping[str, Record]:
        """L{Server}: the line with which each job ends."""
        lines = self.gateway.lines[self._read :]
        self._read += len(lines)
        for line in lines:
            if found := _ENDED.search(line):
                self.ends[found["name"]] += 1
                self._records[found["name"]] = Record(_end(found), int(found["bytes"]))
        return self._records

    def kept(self) -> Sequence[bytes]:
        """L{Server}: what was printed."""
        return [job for printer in self.printers for job in printer.jobs]

    def memory(self) -> int:
        """L{Server}."""
        return self.gateway.memory()

    def askToEnd(self) -> None:
        """L{Server}."""
        self.gateway.askToEnd()

    def stop(self) -> None:
        """L{Server}."""
        self.gateway.stop()
        self._off()


def _end(found: re.Match[str]) -> End:
    if found["state"] != "completed":
        return End.CUT
    # A job that is complete and heard of has no reason.
    return End.UNHEARD if found["why"] else End.COMPLETE
