"""
A printer behind a driver, whose calls block as the test says.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor as theReactor
from twisted.internet.task import deferLater

reactor: Any = theReactor


class FakeDevice:
    """
    A printer, and the driver's calls for it.

    @ivar data: what the printer took.
    @ivar most: bytes that it takes at once.
    @ivar faults: what the next writes fail with, in this order; 0: nothing.
    @ivar always: what every write fails with then.
    @ivar gate: no write ends before it is open.
    """

    def __init__(self, most: int) -> None:
        self.data = b""
        self.most = most
        self.faults: list[int] = []
        self.always = 0
        self.gate = threading.Event()
        self.gate.set()
        self.isOpen = False
        self.refusal = 0
        self.largest = 0

    def take(self) -> None:
        if self.refusal or self.isOpen:
            raise OSError(self.refusal or errno.EBUSY, "refused")
        self.isOpen = True

    def write(self, data: bytes) -> int:
        assert self.isOpen
        self.largest = max(self.largest, len(data))
        self.gate.wait(30)
        fault = self.faults.pop(0) if self.faults else self.always
        if fault:
            raise OSError(fault, os.strerror(fault))
        taken = data[: self.most]
        self.data += taken
        return len(taken)

    def close(self) -> None:
        self.isOpen = False


async def until(fact: Callable[[], object]) -> None:
    """Let the reactor turn until something is so."""
    for _ in range(3000):
        if fact():
            return
        await deferLater(reactor, 0.005)
    raise AssertionError("it never was")
