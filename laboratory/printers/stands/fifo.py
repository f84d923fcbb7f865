"""
C{file:} with a named pipe: another program reads the jobs.
"""

from __future__ import annotations

import os
from pathlib import Path

from laboratory.printers.faults import EARLY, stream
from laboratory.printers.stands.line import LineStand
from laboratory.printers.stands.stand import Kind
from tests.support.caller import Caller
from tests.support.rawprinter import Behaviour


class FIFOStand(LineStand):
    """
    A program that reads one job from a named pipe; refused: there is none.
    """

    def __init__(self, fault: str, place: Path, host: str) -> None:
        super().__init__(fault)
        self._path = place / "printer.fifo"
        os.mkfifo(self._path)
        self.uri = f"file://{self._path}"
        if fault != "refused":
            # Without blocking: it is there at once, though nobody writes yet.
            self._reading = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
            self.begin()

    def opened(self) -> int:
        return self._reading

    def behaviour(self) -> Behaviour:
        return self._leaves if self.fault == "closed early" else stream(self.fault, self.paper)

    def _leaves(self, caller: Caller) -> None:
        # Closes the pipe in mid-job.
        caller.readUntil(EARLY)
        caller.waitFor(self.paper)


FIFO = Kind(
    "file, a named pipe",
    FIFOStand,
    {
        "busy": "a pipe takes any number of writers",
        "reset early": "a pipe is closed or not",
        "reset late": "a pipe is closed or not",
        "never closed": "the reader's close is not awaited, but that the pipe is empty",
        "unplugged": "a pipe has no cable; a reader that dies closes it",
    },
)
