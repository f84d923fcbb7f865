"""
What a gateway's log says of each job, and what it should not say at all.
"""

from __future__ import annotations

import re
import threading
import time

from tests.support.gateway import Gateway

from ..invariants import Record

_START = re.compile(r"job (\d+) on PORT\d+: '([^']*)' from '[^']*' at \S+$")
_END = re.compile(
    r"job (\d+) on PORT\d+: (aborted|canceled|completed): (\d+) bytes in [\d.]+ s"
    r"(?:, (sent|delivered|confirmed))?, printed (yes|no|part), reply (\d{3}|none)(?:: (.*))?"
    r" \('([^']*)' from '[^']*' at \S+, printer .*\)$"
)
_ERROR = re.compile(r"Traceback|Unhandled|[#:]critical\]|[#:]error\]|Exception ignored")


class Journal:
    """
    The log of one gateway process, read as it grows.

    @ivar errors: lines that tell of a mistake in the gateway, with those behind.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.errors: list[str] = []
        self._gateway = gateway
        self._records: dict[str, Record] = {}
        self._read = 0
        self._lock = threading.Lock()

    def _update(self) -> None:
        lines = self._gateway.lines
        while self._read < len(lines):
            line = lines[self._read]
            if _ERROR.search(line):
                self.errors.append("\n".join(lines[self._read : self._read + 30]))
            elif found := _START.search(line):
                record = self._records.get(found[2])
                if record is None:
                    self._records[found[2]] = Record(found[2], int(found[1]))
                else:
                    record.starts += 1
            elif found := _END.search(line):
                name = found[8]
                record = self._records.setdefault(name, Record(name, int(found[1]), starts=0))
                record.ends.append(found[2])
                record.bytes = int(found[3])
                record.delivery = found[4] or "-"
                record.printed, record.reply = found[5], found[6]
                record.heard = "sender lost" not in (found[7] or "")
            self._read += 1

    def record(self, name: str) -> Record | None:
        """The record of an upload, if there is one by now."""
        with self._lock:
            self._update()
            return self._records.get(name)

    def take(self, name: str) -> Record | None:
        """The same, and forget it."""
        with self._lock:
            self._update()
            return self._records.pop(name, None)

    def began(self, name: str, seconds: float) -> bool:
        """Wait for the start of a job."""
        return self._wait(name, seconds, False)

    def ended(self, name: str, seconds: float) -> bool:
        """Wait for the end of a job."""
        return self._wait(name, seconds, True)

    def _wait(self, name: str, seconds: float, end: bool) -> bool:
        deadline = time.monotonic() + seconds
        while True:
            record = self.record(name)
            if record is not None and (record.ends or not end):
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.003)
