"""
Warnings that a peer can cause as often as it likes, written now and then.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

EVERY = 60.0
"""Seconds for which one host has one line of a kind: a flood would fill the disk with 2 MB a second
(measured)."""

MOST_HOSTS = 1000
"""Lines of different hosts and kinds within that time; more of them are a flood, too."""


class Seldom:
    """A line of a kind is written once a minute for a host; the next one says how many were not."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def warn(self, log: Logger, about: str, format: str, **fields: object) -> None:
        """
        Log a warning, or count it.

        @param about: the host that is to blame.
        """
        now, kind = self._clock.seconds(), (about, format)
        if kind in self._told:
            since, unsaid = self._told[kind]
            if now - since < EVERY:
                self._told[kind] = since, unsaid + 1
                return
            del self._told[kind]  # its place is at the end, where the youngest are
            if unsaid:
                format += ", and {unsaid} times since the last such line"
                fields["unsaid"] = unsaid
        while self._told and now - next(iter(self._told.values()))[0] >= EVERY:
            del self._told[next(iter(self._told))]
        if len(self._told) < MOST_HOSTS:
            self._told[kind] = now, 0
            log.warn(format, **fields)
