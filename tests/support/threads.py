"""
Threads in memory, whose work is done at once or when a test says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from twisted.python.failure import Failure


class Threads(Clock):
    """
    A clock, and a reactor with one thread for all printers.

    @ivar waiting: the work that was not done yet.
    @ivar held: work waits until C{work} or C{workAll} is called.
    """

    def __init__(self, held: bool = False) -> None:
        super().__init__()
        self.waiting: list[Callable[[], None]] = []
        self.held = held

    def printerThread(self, name: str) -> Threads:
        """As L{PrinterThread<jetdirect.transports.threads.PrinterThread>} asks for it."""
        return self

    def callFromThread(self, call: Callable[..., object], *arguments: object) -> None:
        call(*arguments)

    def callInThreadWithCallback(
        self, tell: Callable[[bool, Any], object], work: Callable[..., object], *arguments: object
    ) -> None:
        def step() -> None:
            try:
                result = work(*arguments)
            except Exception:
                tell(False, Failure())
            else:
                tell(True, result)

        if self.held:
            self.waiting.append(step)
        else:
            step()

    def work(self, steps: int = 1) -> None:
        """Do the next steps."""
        for _ in range(steps):
            self.waiting.pop(0)()

    def workAll(self) -> None:
        """Do all, and what comes of it."""
        while self.waiting:
            self.work()
