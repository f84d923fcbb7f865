"""
Who is told of jobs and printing ports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from .interfaces import IWatcher
from .record import JobRecord, PortRecord

PROGRESS = 1.0
"""Seconds between two looks at the jobs for those who watch their progress (chosen)."""


class Watchers:
    """
    Tells each watcher; one that raises is logged, and hurts nobody.

    Where nobody wants progress, no job is looked at.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, running: Callable[[], Sequence[JobRecord]]) -> None:
        """
        @param running: the jobs that are not ended, as they are now.
        """
        self._clock = clock
        self._running = running
        self._watchers: dict[IWatcher, bool] = {}
        self._look: IDelayedCall | None = None
        self._seen: dict[int, JobRecord] = {}

    def add(self, watcher: IWatcher, progress: bool) -> None:
        """Tell C{watcher} from now on; one that is added again is told once."""
        self._watchers[watcher] = progress
        self._lookLater()

    def remove(self, watcher: IWatcher) -> None:
        """Tell it no more."""
        self._watchers.pop(watcher, None)

    def submitted(self, record: JobRecord) -> None:
        """A job has come."""
        self._tell("jobSubmitted", record)
        self._lookLater()

    def changed(self, record: JobRecord) -> None:
        """A job has changed, or ended."""
        if not record.ended:
            self._tell("jobChanged", record)
            return
        self._seen.pop(record.number, None)
        self._tell("jobEnded", record)
        if self._look is not None and not self._running():
            self._look.cancel()
            self._look = None

    def portChanged(self, record: PortRecord) -> None:
        """A printing port has changed."""
        self._tell("portChanged", record)

    def _tell(self, event: str, record: JobRecord | PortRecord, progress: bool = False) -> None:
        for watcher, wants in [*self._watchers.items()]:
            if progress and not wants:
                continue
            try:
                getattr(watcher, event)(record)
            except Exception:
                self._log.failure(
                    "a watcher failed in {event}: {watcher!r}", event=event, watcher=watcher
                )

    def _lookLater(self) -> None:
        if self._look is None and any(self._watchers.values()) and self._running():
            self._look = self._clock.callLater(PROGRESS, self._lookNow)

    def _lookNow(self) -> None:
        self._look = None
        for record in self._running():
            last, self._seen[record.number] = self._seen.get(record.number), record
            if last is not None and last.state is not record.state:
                self._tell("jobChanged", record)
            elif record.bytes != (0 if last is None else last.bytes):
                self._tell("jobProgressed", record, progress=True)
        self._lookLater()
