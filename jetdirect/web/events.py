"""
Open pages are told what is new, by server-sent events (HTML, section 9.2).

Once a second at most, and only what a page shows; pages that show the same are made once.  A
browser that does not read is told nothing until it does, and all at once then; one that does not
read for long is cut off.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..interfaces import IWatcher
from ..record import JobRecord, PortRecord
from . import frame
from .access import Guest
from .pages import Pages, Query
from .parts import View

STREAMS = 64
"""At a time: fewer than connections, so that somebody can still ask (chosen)."""

EVERY = 1.0
"""Seconds between two looks."""

QUIET = 5.0
"""Seconds between two looks while nothing has happened: words of time go on."""

PING = 15.0
"""Seconds after which something is said at least: proxies cut what is silent for a minute."""

PATIENCE = 30.0
"""Seconds in which a browser has to read what it was sent."""

SHARE = 20.0
"""Pages that take long are made less often: all together have this part of the time, 1/20."""


class Wire(Protocol):
    """What carries one stream."""

    def write(self, data: bytes) -> None:
        """Send something."""

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        """Pause this producer when too much waits."""

    def unregisterProducer(self) -> None:
        """Pause nobody any more."""

    def finish(self) -> None:
        """End the stream."""

    def notifyFinish(self) -> Deferred[Any]:
        """Fires, or fails, when it is over."""


@implementer(IPushProducer)
class Stream:
    """
    One open page.

    @ivar behind: it is told all that it shows, and not only what is new.
    @ivar stuckSince: since when it does not read; L{None}: it does.
    """

    def __init__(self, wire: Wire, cut: Callable[[], object], clock: IReactorTime) -> None:
        """@param cut: ends the connection at once."""
        self.wire = wire
        self.cut = cut
        self.behind = True
        self.stuckSince: float | None = None
        self.lastSaid = clock.seconds()
        self._clock = clock

    def say(self, text: bytes) -> None:
        """Send something."""
        self.lastSaid = self._clock.seconds()
        self.wire.write(text)

    def pauseProducing(self) -> None:
        """L{IPushProducer}."""
        if self.stuckSince is None:
            self.stuckSince = self._clock.seconds()

    def resumeProducing(self) -> None:
        """L{IPushProducer}."""
        self.stuckSince = None

    def stopProducing(self) -> None:
        """L{IPushProducer}: the end is told otherwise."""


@dataclass
class _Sight:
    # What some open pages show, all the same.
    path: Sequence[str]
    query: Query
    guest: Guest
    host: str
    streams: set[Stream] = field(default_factory=set)
    seen: dict[str, Hashable] = field(default_factory=dict)
    boxes: dict[str, list[str]] = field(default_factory=dict)
    head: tuple[str, str] = ("", "")


@implementer(IWatcher)
class Streams:
    """All open pages."""

    _log = Logger()

    def __init__(
        self,
        pages: Pages,
        clock: IReactorTime,
        watch: Callable[[IWatcher], None],
        unwatch: Callable[[IWatcher], None],
    ) -> None:
        """
        @param watch: have a watcher told of everything from now on; C{unwatch}: of nothing more.
        """
        self._pages = pages
        self._clock = clock
        self._watch = watch
        self._unwatch = unwatch
        self._sights: dict[Hashable, _Sight] = {}
        self._timer: IDelayedCall | None = None
        self._looking = False
        self._news = True
        self._lookedAt = 0.0
        self._pause = 0.0

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(len(each.streams) for each in self._sights.values())

    def add(
        self,
        wire: Wire,
        cut: Callable[[], object],
        path: Sequence[str],
        query: Query,
        guest: Guest,
        host: str,
    ) -> bool:
        """
        Tell one more.

        @param path: of the page, and C{query}.
        @return: C{False}: there are too many.
        """
        if self.count >= STREAMS:
            return False
        asked = tuple(sorted((name, tuple(values)) for name, values in query.items()))
        key = (tuple(path), asked, guest.role, host)
        if not self._sights:
            self._watch(self)
        sight = self._sights.setdefault(key, _Sight(path, query, guest, host))
        stream = Stream(wire, cut, self._clock)
        sight.streams.add(stream)
        wire.registerProducer(stream, True)

        def gone(_: object) -> None:
            sight.streams.discard(stream)
            if not sight.streams and self._sights.get(key) is sight:
                del self._sights[key]
            if not self._sights:
                self._unwatch(self)

        wire.notifyFinish().addBoth(gone)
        stream.say(b"retry: 3000\n\n")
        self._news = True
        self._later()
        return True

    def stop(self) -> None:
        """End them all."""
        for sight in [*self._sights.values()]:
            for stream in [*sight.streams]:
                stream.wire.unregisterProducer()
                stream.wire.finish()

    def _later(self) -> None:
        if self._timer is None and not self._looking and self._sights:
            self._timer = self._clock.callLater(max(EVERY, self._pause), self._update)

    def _update(self) -> None:
        self._timer, self._looking = None, True

        def looked(result: object) -> None:
            self._looking = False
            self._later()

        Deferred.fromCoroutine(self._updateAll()).addErrback(self._failed).addCallback(looked)

    def _failed(self, failure: Failure) -> None:
        self._log.failure("open pages cannot be told", failure)

    async def _updateAll(self) -> None:
        now = self._clock.seconds()
        fresh = self._news or now - self._lookedAt >= QUIET
        if fresh:
            self._news, self._lookedAt = False, now
        for sight in [*self._sights.values()]:
            behind = any(each.behind and each.stuckSince is None for each in sight.streams)
            if fresh or behind:
                await self._lookAt(sight)
            self._ping(sight.streams)
        self._pause = SHARE * (self._clock.seconds() - now)

    async def _lookAt(self, sight: _Sight) -> None:
        view = await self._pages.view(sight.path, sight.query, sight.guest, sight.host)
        every = any(each.behind and each.stuckSince is None for each in sight.streams)
        whole = _event(view, None) if every else b""
        news = _event(view, sight)
        sight.seen = {row.key: row.seen for row in frame.rowsOf(view)}
        sight.boxes = frame.boxesOf(view)
        sight.head = frame.title(view), frame.icon(view)
        for stream in [*sight.streams]:
            if stream.stuckSince is not None:
                stream.behind = stream.behind or bool(news)
            elif stream.behind:
                stream.behind = False
                stream.say(whole)
            elif news:
                stream.say(news)

    def _ping(self, streams: Iterable[Stream]) -> None:
        now = self._clock.seconds()
        for stream in [*streams]:
            if stream.stuckSince is not None:
                if now - stream.stuckSince >= PATIENCE:
                    stream.cut()
            elif now - stream.lastSaid >= PING:
                stream.say(b":ping\n\n")

    def jobSubmitted(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        self._news = True

    def jobChanged(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        self._news = True

    def jobProgressed(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        self._news = True

    def jobEnded(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        self._news = True

    def portChanged(self, record: PortRecord) -> None:
        """L{IWatcher}."""
        self._news = True


def _event(view: View, before: _Sight | None) -> bytes:
    # What is new since before; empty: nothing is.
    rows = frame.rowsOf(view)
    if before is not None:
        rows = [row for row in rows if before.seen.get(row.key, row) != row.seen]
    boxes = frame.boxesOf(view)
    if before is not None:
        boxes = {key: keys for key, keys in boxes.items() if before.boxes.get(key) != keys}
    head = frame.title(view), frame.icon(view)
    if before is not None and not rows and not boxes and head == before.head:
        return b""
    said = {
        "title": head[0],
        "icon": head[1],
        "rows": {row.key: frame.flat(row.make()).decode() for row in rows},
        "boxes": boxes,
    }
    return b"data: " + json.dumps(said, separators=(",", ":")).encode("ascii") + b"\n\n"
