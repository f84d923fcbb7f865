"""
Telling the watchers of jobs and printing ports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from .interfaces import IWatcher, unheard
from .record import JobRecord, PortRecord

PROGRESS = 1.0
"""Seconds between two looks at the jobs for those who watch their progress (chosen)."""


class _Wish(NamedTuple):
    """Which of these methods of L{IWatcher} are called."""

    jobChanged: bool
    jobProgressed: bool


_Tell = Callable[[Any], None]
"""A method of a watcher."""

_EVENTS = ("jobSubmitted", "jobChanged", "jobProgressed", "jobEnded", "portChanged")


class Watchers:
    """
    Tells each watcher; one that raises is logged, and hurts nobody.

    Where nobody wants changes no records of them are made, and where nobody wants progress no job
    is looked at.

    @ivar wantChanges: somebody asks what becomes of jobs before they end.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, running: Callable[[], Sequence[JobRecord]]) -> None:
        """
        @param running: the jobs that are not ended, as they are now.
        """
        self._clock = clock
        self._running = running
        self._watchers: dict[IWatcher, _Wish] = {}
        self._asList()
        self._timer: IDelayedCall | None = None
        self._seen: dict[int, JobRecord] = {}

    def add(self, watcher: IWatcher, progress: bool, changes: bool) -> None:
        """Tell C{watcher} from now on; one that is added again is told once."""
        self._watchers[watcher] = _Wish(changes or progress, progress)
        self._asList()
        self._tellProgressLater()

    def remove(self, watcher: IWatcher) -> None:
        """Tell it no more."""
        self._watchers.pop(watcher, None)
        self._asList()

    def submitted(self, record: JobRecord) -> None:
        """A job has come."""
        self._tell(self._told["jobSubmitted"], record)
        self._tellProgressLater()

    def changed(self, record: JobRecord) -> None:
        """A job has changed, and is not ended."""
        self._tell(self._told["jobChanged"], record)

    def kept(self, record: JobRecord) -> None:
        """A job in the spool has changed, and is not ended: that is told to everybody."""
        self._tell(self._told["kept"], record)

    def ended(self, record: JobRecord) -> None:
        """A job has ended."""
        self._seen.pop(record.number, None)
        self._tell(self._told["jobEnded"], record)
        if self._timer is not None and not self._running():
            self._timer.cancel()
            self._timer = None

    def portChanged(self, record: PortRecord) -> None:
        """A printing port has changed."""
        self._tell(self._told["portChanged"], record)

    def _asList(self) -> None:
        # Made when somebody comes or goes, as each job is told of several times; and made anew, as
        # a watcher may go while it is told.
        self._told: dict[str, list[_Tell]] = {
            event: _heard(
                getattr(each, event)
                for each, wish in self._watchers.items()
                if getattr(wish, event, True)
            )
            for event in _EVENTS
        }
        self._told["kept"] = _heard(each.jobChanged for each in self._watchers)
        self.wantChanges = bool(self._told["jobChanged"])

    def _tell(self, told: Sequence[_Tell], record: JobRecord | PortRecord) -> None:
        for tell in told:
            try:
                tell(record)
            except Exception:
                self._log.failure("a watcher failed: {tell!r}", tell=tell)

    def _tellProgressLater(self) -> None:
        if self._timer is None and self._told["jobProgressed"] and self._running():
            self._timer = self._clock.callLater(PROGRESS, self._tellProgress)

    def _tellProgress(self) -> None:
        self._timer = None
        for record in self._running():
            last, self._seen[record.number] = self._seen.get(record.number), record
            if last is not None and last.state is not record.state:
                self._tell(self._told["jobChanged"], record)
            elif record.bytes != (0 if last is None else last.bytes):
                self._tell(self._told["jobProgressed"], record)
        self._tellProgressLater()


def _heard(told: Iterable[_Tell]) -> list[_Tell]:
    return [each for each in told if getattr(each, "__func__", None) is not unheard]
