"""
The jobs that ended last, in memory.
"""

from __future__ import annotations

from zope.interface import implementer

from ..interfaces import IWatcher
from ..record import JobRecord, PortRecord

KEPT = 1000
"""Ended jobs that are known: a day of a busy ward, in about a megabyte (chosen)."""


@implementer(IWatcher)
class History:
    """Keeps the last L{KEPT} jobs that ended."""

    def __init__(self) -> None:
        self._ended: dict[int, JobRecord] = {}

    def jobs(self, port: str = "", state: str = "", before: int | None = None) -> list[JobRecord]:
        """
        Those that ended, the newest number first.

        @param port: only those of the printing port of this name; C{state}: in this state;
            C{before}: with a lower number.
        """
        return [
            record
            for number, record in sorted(self._ended.items(), reverse=True)
            if (before is None or number < before)
            and (not port or record.port.lower() == port.lower())
            and (not state or record.state == state)
        ]

    def job(self, number: int) -> JobRecord | None:
        """One of them."""
        return self._ended.get(number)

    def forget(self, number: int) -> None:
        """Know nothing of a job any more."""
        self._ended.pop(number, None)

    def jobSubmitted(self, record: JobRecord) -> None:
        """L{IWatcher}."""

    def jobChanged(self, record: JobRecord) -> None:
        """L{IWatcher}."""

    def jobProgressed(self, record: JobRecord) -> None:
        """L{IWatcher}."""

    def jobEnded(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        self._ended[record.number] = record
        if len(self._ended) > KEPT:
            del self._ended[next(iter(self._ended))]

    def portChanged(self, record: PortRecord) -> None:
        """L{IWatcher}."""
