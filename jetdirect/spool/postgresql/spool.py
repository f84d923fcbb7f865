"""
A spool in a PostgreSQL database, asked from the reactor.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorFromThreads
from zope.interface import implementer

from ...errors import SpoolFailed, SpoolFull
from ...interfaces import IDraft, IKeptData, ISharedSpool
from ..asked import AskedDraft, AskedSpool
from ..beat import Beat, Told
from ..record import SpoolRecord
from ..threads import Threads
from .database import Database
from .draft import Draft
from .member import DEAD, Member
from .places import Places
from .table import Table

CLOSED = 2.0
"""Seconds that the database has to hear that a gateway is no more (chosen); it finds out anyway."""

_Result = TypeVar("_Result")


@implementer(ISharedSpool)
class PostgreSQLSpool(AskedSpool):
    """
    A spool in a database.

    L{ISpool.change} fails with L{PortLost<jetdirect.errors.PortLost>}, too.

    @ivar durable: what it keeps survives a power cut of the server: a database that would lose it
        is refused.
    """

    durable = True

    def __init__(
        self, uri: str, reactor: IReactorFromThreads, dead: float = DEAD, alone: bool = False
    ) -> None:
        """
        @param dead: seconds after which a gateway that was killed is dead to this one.
        @param alone: a port that nobody prints on is this gateway's as soon as it is added.
        @raise ValueError: C{uri} is none; the message says what to do.
        """
        self._reactor = reactor
        self._database = Database(uri)
        self._member = Member(self._database, dead)
        self._table = Table(self._database, self._member, alone)
        places = Places(lambda count: self._inThread(lambda: self._table.places(count)))
        super().__init__(self._table, places, Threads(reactor, "spool").do)
        self._beating = Threads(reactor, "fleet", 1).do
        self._paused: Mapping[str, str] = {}
        self._pauses = 0  # begun and done: what a beat says of them may be older
        self._heard: set[int] = set()

    def tryIt(self) -> None:
        """
        Can it be a spool?  Waits for the database.

        @raise ValueError: no; the message says why, and what to do.
        @raise psycopg.Error: it does not answer.
        """
        self._database.connect().close()

    # ISharedSpool

    def join(self) -> Deferred[None]:
        """L{ISharedSpool}."""
        return self._beating(self._member.join)

    def beat(self, told: Told) -> Deferred[Beat]:
        """L{ISharedSpool}."""
        heard, pauses = frozenset(self._heard), self._pauses

        def answered(beat: Beat) -> Beat:
            self._heard -= heard
            if pauses == self._pauses:
                self._paused = beat.paused
            return beat

        return self._beating(lambda: self._member.beat(told, heard)).addCallback(answered)

    def handOver(self, numbers: Collection[int]) -> Deferred[None]:
        """L{ISharedSpool}."""
        return self._inThread(lambda: self._table.handOver(numbers))

    def original(self, record: SpoolRecord, living: bool) -> Deferred[int]:
        """L{ISharedSpool}."""
        heard = frozenset(self._heard)
        return self._inThread(lambda: self._table.original(record, living, heard))

    def suspects(self, record: SpoolRecord) -> Deferred[bool]:
        """L{ISharedSpool}."""
        heard = frozenset(self._heard)
        return self._inThread(lambda: self._table.suspects(record, heard))

    def ask(self, port: str, verb: str, number: int, target: str, by: str) -> Deferred[int]:
        """L{ISharedSpool}."""
        return self._inThread(lambda: self._table.ask(port, verb, number, target, by))

    # ISpool

    def reserve(self, count: int) -> Deferred[int]:
        """L{ISpool}."""
        return self._inThread(lambda: self._table.reserve(count))

    def begin(self, port: str, number: int) -> Deferred[IDraft]:
        """L{ISpool}."""

        def begun() -> IDraft:
            return AskedDraft(self, Draft(self._table, self._database, port, number), port)

        return self._inThread(begun)

    def data(self, number: int) -> Deferred[IKeptData]:
        """L{ISpool}."""

        def found(first: bytes) -> IKeptData:
            return PostgreSQLData(self, number, first)

        return self._forJob(number, lambda: self._table.chunk(number, 0)).addCallback(found)

    def noteHeard(self, number: int) -> Deferred[None]:
        """L{ISpool}: the next beat tells it."""
        self._heard.add(number)
        return succeed(None)

    def wasHeard(self, number: int) -> Deferred[bool]:
        """L{ISpool}."""
        if number in self._heard:
            return succeed(True)
        return super().wasHeard(number)

    def removeData(self, number: int) -> Deferred[None]:
        """L{ISpool}: nobody waits for it; a gigabyte takes the server many seconds."""
        self._hint(number, lambda: self._table.removeData(number))
        return succeed(None)

    def probe(self) -> Deferred[None]:
        """L{ISpool}: well is a database with which this gateway lives."""
        return self._beating(self._member.probe)

    def paused(self) -> Deferred[Mapping[str, str]]:
        """L{ISpool}."""

        def read(found: dict[str, str]) -> Mapping[str, str]:
            self._paused = dict(found)
            return found

        return self._inThread(self._table.paused).addCallback(read)

    def setPaused(self, paused: Mapping[str, str]) -> Deferred[None]:
        """L{ISpool}."""
        now = dict(paused)

        def write() -> None:
            self._table.setPaused(self._paused, now)
            self._paused = now

        def written(result: Any) -> Any:
            self._pauses += 1
            return result

        self._pauses += 1
        return self._jobs.do(0, lambda: self._inThread(write)).addBoth(written)

    def close(self) -> Deferred[None]:
        """L{ISpool}."""

        over: Deferred[None] = Deferred()

        def closed() -> None:
            with suppress(SpoolFailed, SpoolFull):
                if self._heard:
                    self._table.noteHeard(self._heard)
            self._member.retire()
            self._database.close()

        def done(_: object) -> None:
            if not over.called:
                over.callback(None)

        # A database that is silent may hold the thread; it ends with the process.
        timer = threading.Timer(CLOSED, lambda: self._reactor.callFromThread(done, None))
        timer.daemon = True
        timer.start()
        self._beating(closed).addBoth(done)
        return over.addCallback(lambda _: timer.cancel())

    # Inside.

    def _inThread(self, work: Callable[[], _Result]) -> Deferred[_Result]:
        def done() -> _Result:
            if not self._member.me:
                raise SpoolFailed("the database has not answered yet")
            return work()

        return self._do(done)


@implementer(IKeptData)
class PostgreSQLData:
    """The bytes of a kept job in a database, one row of them in memory."""

    def __init__(self, spool: PostgreSQLSpool, number: int, first: bytes) -> None:
        self._spool = spool
        self._number = number
        self._piece = memoryview(first)
        self._part = 1
        self._over = not first

    def read(self, most: int) -> Deferred[bytes]:
        """L{IKeptData}."""
        return Deferred.fromCoroutine(self._read(most))

    async def _read(self, most: int) -> bytes:
        if not self._piece and not self._over:
            part, table = self._part, self._spool._table
            found = await self._spool._inThread(lambda: table.chunk(self._number, part))
            self._piece, self._over, self._part = memoryview(found), not found, part + 1
        piece, self._piece = self._piece[:most], self._piece[most:]
        return bytes(piece)

    def close(self) -> None:
        """L{IKeptData}."""
        self._piece, self._over = memoryview(b""), True
