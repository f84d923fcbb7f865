"""
What an operator is to be told, and when: at both edges, not before it has lasted, and again as long
as it stands.  No I/O, and no clock: the time is said.

What stands is one thing, what a receiver knows of it another.  A receiver that could not be told
knows nothing yet, and is told what still stands when it can be: so nothing piles up for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

MOST = 500
"""Events in one digest; more are counted (chosen: a power cut in a big site)."""

MOST_JOBS = 200
"""Held jobs that are remembered one by one until a receiver is told; of more their ports are named
(chosen)."""


class Kind(NamedTuple):
    """
    @ivar lasts: it is told when it has lasted, and its end likewise; else at once.
    @ivar over: the event of its end; empty: of that nobody is told.
    """

    lasts: bool
    over: str = ""


KINDS: Mapping[str, Kind] = {
    "port.stopped": Kind(True, "port.recovered"),
    "queue.old": Kind(False, "queue.recovered"),
    "job.held": Kind(False),
    "spool.short": Kind(True, "spool.recovered"),
    "spool.failed": Kind(True, "spool.recovered"),
    "config.rejected": Kind(False),
}
"""What can stand."""


@dataclass(frozen=True)
class Event:
    """
    What a receiver is told in one line.

    @ivar id: the same for the same event, also when it is told again because nobody answered.
    @ivar event: one of L{KINDS}, or the event of an end.
    @ivar port: the printing port; empty: the gateway.
    @ivar text: a sentence for people; it may hold words of senders and printers, all printable.
    @ivar since: when it began, in seconds since the epoch.
    @ivar job: the number of the held job, if it is about one.
    @ivar reminder: it was told before, and still stands.
    """

    id: str
    event: str
    port: str
    text: str
    since: float
    job: int | None = None
    reminder: bool = False


@dataclass
class Alarm:
    """
    One thing that stands.

    @ivar text: what is told of it now.
    @ivar since: when it began, in seconds since the epoch.
    @ivar begun: likewise, by a clock that is not set.
    @ivar ended: when it ended, by that clock; L{None}: it stands.
    @ivar lasted: it has stood for long enough to be told.
    """

    event: str
    port: str
    text: str
    since: float
    begun: float
    ended: float | None = None
    lasted: bool = False


class Standing:
    """All that stands now, or has ended so lately that it may begin again."""

    def __init__(self, after: float) -> None:
        """@param after: seconds that a thing has to last, and its end likewise."""
        self.alarms: dict[tuple[str, str], Alarm] = {}
        self._after = after

    def stands(self, event: str, port: str, text: str, begun: float, since: float) -> None:
        """
        Something is so; it may have been so before, and then it began before.

        @param begun: since when, by the clock that is not set.
        @param since: likewise, in seconds since the epoch.
        """
        key = event, port
        alarm = self.alarms.get(key)
        if alarm is None:
            lasted = not KINDS[event].lasts
            alarm = self.alarms[key] = Alarm(event, port, text, since, begun, lasted=lasted)
        alarm.text, alarm.ended = text, None

    def isOver(self, event: str, port: str, text: str, now: float) -> None:
        """
        It is so no more; it may not have been so at all.

        @param text: what is told of that.
        """
        alarm = self.alarms.get((event, port))
        if alarm is None or alarm.ended is not None:
            return
        if alarm.lasted:
            alarm.text, alarm.ended = text, now
        else:
            del self.alarms[event, port]

    def settle(self, now: float) -> None:
        """Time has passed."""
        for key, alarm in [*self.alarms.items()]:
            if alarm.ended is None:
                alarm.lasted = alarm.lasted or now - alarm.begun >= self._after
            elif now - alarm.ended >= self._after or not KINDS[alarm.event].lasts:
                del self.alarms[key]

    def drop(self, port: str) -> None:
        """Forget all alarms of a printing port."""
        for key in [*self.alarms]:
            if key[1] == port:
                del self.alarms[key]

    def keep(self, ports: set[str]) -> None:
        """There are no other printing ports any more; of others nothing stands."""
        for key in [*self.alarms]:
            if key[1] and key[1] not in ports:
                del self.alarms[key]


@dataclass(frozen=True)
class Digest:
    """
    What a receiver is told at a time.

    @ivar id: the same for the same events.
    @ivar more: so many events more were there.
    """

    id: str
    events: tuple[Event, ...]
    more: int = 0


class _Known(NamedTuple):
    """What a receiver knows of an alarm, and when it was last told."""

    alarm: Alarm
    at: float


class Ledger:
    """What one receiver knows, and what it is to be told next."""

    def __init__(self, standing: Standing, remind: float) -> None:
        """@param remind: seconds after which it is told again what still stands; 0: never."""
        self._standing = standing
        self._remind = remind
        self._known: dict[tuple[str, str], _Known] = {}
        self._then: dict[tuple[str, str], _Known] = {}
        self._held: dict[int, Event] = {}

    def held(self, job: int, port: str, text: str, since: float) -> None:
        """A job is held."""
        if job in self._held or len(self._held) < MOST_JOBS:
            self._held[job] = _event("job.held", port, text, since, job)

    def released(self, job: int) -> None:
        """It is not held any more.  A receiver that was not told of it yet will not be."""
        self._held.pop(job, None)

    def digest(self, now: float) -> Digest | None:
        """What it is to be told now; L{None}: nothing.  It knows that when L{told} says so."""
        known = {**self._known}
        events = [
            *self._held.values(),
            *self._standingAlarms(known, now),
            *self._endedAlarms(known),
        ]
        self._then = known
        if not events:
            self._known = known
            return None
        some = tuple(events[:MOST])
        return Digest(_id(*(each.id for each in some)), some, len(events) - len(some))

    def told(self, digest: Digest) -> None:
        """It knows the last digest; of what was only counted it is told no more."""
        self._known = self._then
        for each in digest.events:
            if self._held.get(each.job or 0) == each:
                del self._held[each.job or 0]

    def _standingAlarms(self, known: dict[tuple[str, str], _Known], now: float) -> list[Event]:
        named = {("job.held", each.port) for each in self._held.values()}
        events = []
        for key, alarm in self._standing.alarms.items():
            if not alarm.lasted or alarm.ended is not None:
                continue
            last = known.get(key)
            due = last is not None and self._remind and now - last.at >= self._remind
            if key in named or last is None or due:
                known[key] = _Known(alarm, now)
            else:
                known[key] = _Known(alarm, last.at)
                continue
            if key not in named:
                again = "" if last is None else f"{last.at:.3f}"
                events.append(_event(*key, alarm.text, alarm.since, reminder=again))
        return sorted(events, key=lambda each: each.reminder)

    def _endedAlarms(self, known: dict[tuple[str, str], _Known]) -> list[Event]:
        events = []
        for key, last in [*known.items()]:
            if key in self._standing.alarms:
                continue
            del known[key]
            alarm, over = last.alarm, KINDS[key[0]].over
            if over and alarm.ended is not None:  # else its port is no more
                events.append(_event(over, alarm.port, alarm.text, alarm.since))
        return events


def _event(
    event: str, port: str, text: str, since: float, job: int | None = None, reminder: str = ""
) -> Event:
    known = _id(event, port, f"{since:.3f}", str(job), reminder)
    return Event(known, event, port, text, since, job, bool(reminder))


def _id(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]
