"""
Whether a printer works: one line in the log when it stops, and one when it is back.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from .interfaces import PrinterStatus
from .text import presentable

PATIENCE = 3.0
"""Seconds in which a printer may refuse because it is not done with its last job yet (chosen)."""


class Condition:
    """
    What the operator was last told of one printer: whether it can be reached, and whether it works.

    The two are apart: a printer without paper can be reached.
    """

    _log = Logger()

    def __init__(self, called: Callable[[], str], clock: IReactorTime) -> None:
        """
        @param called: what the printing port is called in the log.
        """
        self._called = called
        self._clock = clock
        self._awaySince: float | None = None
        self._away = False
        self._stoppedSince: float | None = None
        self._reasons = ""

    def unreachable(self, reason: str, given: bool = False) -> None:
        """
        An attempt to reach the printer failed.

        @param given: it was the last one for its job.
        """
        now = self._clock.seconds()
        if self._awaySince is None:
            self._awaySince = now
        if not self._away and (given or now - self._awaySince >= PATIENCE):
            self._away = True
            self._say(self._log.warn, f"cannot be reached: {reason}")

    def reached(self) -> None:
        """The printer was reached."""
        if self._away and self._awaySince is not None:
            self._say(self._log.info, f"is reached again, {self._after(self._awaySince)}")
        self._away, self._awaySince = False, None

    def said(self, status: PrinterStatus) -> None:
        """The printer was asked how it is."""
        stopped = status.state == "stopped"
        reasons = ", ".join(status.reasons) or "it does not say why"
        if stopped and (self._stoppedSince is None or reasons != self._reasons):
            self._say(self._log.warn, f"stopped: {reasons}")
            self._reasons = reasons
            if self._stoppedSince is None:
                self._stoppedSince = self._clock.seconds()
        elif status.state and not stopped and self._stoppedSince is not None:
            self._say(self._log.info, f"works again, {self._after(self._stoppedSince)}")
            self._stoppedSince = None

    def _after(self, since: float) -> str:
        return f"after {self._clock.seconds() - since:.0f} s"

    def _say(self, say: Callable[..., None], what: str) -> None:
        # Some of it is the printer's own words.
        say("{condition}", condition=presentable(f"{self._called()} {what}"))
