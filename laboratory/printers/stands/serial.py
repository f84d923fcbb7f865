"""
C{serial:}: a line that is a pseudo terminal, with the printer at its other end.

A pseudo terminal has no speed and no signals (RTS, CTS); bytes, XON and XOFF and a vanishing line
are as on a real one.
"""

from __future__ import annotations

import os
import tty
from pathlib import Path

import serial

from laboratory.printers.faults import EARLY, stream
from laboratory.printers.stands.line import LineStand
from laboratory.printers.stands.stand import Kind
from laboratory.printers.stands.tcp import FINISH_TIMEOUT
from tests.support.caller import Caller
from tests.support.rawprinter import Behaviour

XON, XOFF = b"\x11", b"\x13"


class SerialStand(LineStand):
    """
    A printer on a serial line.
    """

    def __init__(self, fault: str, place: Path, host: str) -> None:
        super().__init__(fault)
        self._line: serial.Serial | None = None
        if fault == "refused":
            self.uri = f"serial:{place / 'tty'}"
            return
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(slave)
        path = os.ttyname(slave)
        os.close(slave)
        flow = "soft" if fault == "paper out" else "none"
        self.uri = f"serial:{path}?flow={flow}&finish-timeout={FINISH_TIMEOUT}"
        if fault == "busy":
            self._line = serial.Serial(path, exclusive=True)
        self.begin()

    def opened(self) -> int:
        return self._master

    def behaviour(self) -> Behaviour:
        if self.fault == "unplugged":
            return _unplugged
        if self.fault == "paper out":
            return self._holds
        return stream("good" if self.fault == "busy" else self.fault, self.paper)

    def _holds(self, caller: Caller) -> None:
        # Without paper it says XOFF, and goes on reading what is on its way.
        caller.readUntil(EARLY)
        caller.say(XOFF)
        caller.waitFor(self.paper)
        caller.say(XON)
        caller.readAll()

    def stop(self) -> None:
        super().stop()
        if self._line is not None:
            self._line.close()


def _unplugged(caller: Caller) -> None:
    # The other end is closed, and the line hangs up.
    caller.readUntil(EARLY)


_ONE_WAY = "nothing comes back on such a line: it has no connection to close or reset"

SERIAL = Kind(
    "serial",
    SerialStand,
    dict.fromkeys(("closed early", "reset early", "reset late", "never closed"), _ONE_WAY),
)
