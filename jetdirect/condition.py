"""
Whether a printer works: a change is told when it stops, and one when it is back.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from .interfaces import PrinterStatus

PATIENCE = 3.0
"""Seconds in which a printer may refuse because it is not done with its last job yet (chosen)."""

AWAY = "connecting-to-device"
"""Why a printer is stopped that cannot be reached (RFC 8011, section 5.4.12)."""


class Condition:
    """
    What is known of one printer: whether it can be reached, and whether it works.

    The two are apart: a printer without paper can be reached.

    @ivar message: what was last found out, for people; in part the printer's own words.
    """

    def __init__(self, clock: IReactorTime, changed: Callable[[], None]) -> None:
        """
        @param changed: told when C{message} is another one.
        """
        self.message = ""
        self._changed = changed
        self._clock = clock
        self._awaySince: float | None = None
        self._away = False
        self._stoppedSince: float | None = None
        self._reasons: tuple[str, ...] = ()

    @property
    def bad(self) -> bool:
        """Is it known that the printer does not print?"""
        return self._away or self._stoppedSince is not None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not, in the words of RFC 8011, section 5.4.12."""
        stopped = () if self._stoppedSince is None else self._reasons
        return ((AWAY,) if self._away else ()) + stopped

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
            self._say(f"cannot be reached: {reason}")

    def reached(self) -> None:
        """The printer was reached."""
        if self._away and self._awaySince is not None:
            self._away = False
            self._say(f"is reached again, {self._after(self._awaySince)}")
        self._awaySince = None

    def said(self, status: PrinterStatus) -> None:
        """The printer was asked how it is."""
        stopped = status.state == "stopped"
        if stopped and (self._stoppedSince is None or status.reasons != self._reasons):
            if self._stoppedSince is None:
                self._stoppedSince = self._clock.seconds()
            self._reasons = status.reasons
            self._say(f"stopped: {', '.join(status.reasons) or 'it does not say why'}")
        elif status.state and not stopped and self._stoppedSince is not None:
            after = self._after(self._stoppedSince)
            self._stoppedSince = None
            self._say(f"works again, {after}")

    def _after(self, since: float) -> str:
        return f"after {self._clock.seconds() - since:.0f} s"

    def _say(self, message: str) -> None:
        self.message = message
        self._changed()
