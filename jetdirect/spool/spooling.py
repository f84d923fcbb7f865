"""
All queues of one spool, and what they share: numbers, dialling, and a disk that may fail.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from random import Random, SystemRandom
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredList, TimeoutError, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import NoSuchJob, PrintError, SpoolFailed, SpoolFull
from ..interfaces import IHistory, ISharedSpool, ISpool, IState
from ..record import JobRecord, JobState
from .context import GonePort, Port
from .dialling import Dialling
from .queue import Queue
from .record import BadRecord, Room
from .shared import Following
from .threads import LAST_WRITES
from .turns import RESERVED_NUMBERS, Reserved

PROBED = 5.0
"""Seconds between two tries of a disk that has failed: the next job is taken within so many after
it is well (chosen)."""

ROOM_AGE = 0.2
"""Seconds for which it is known how much room the disk has (chosen): many small jobs come in one
of them, and a large one is looked at again while it comes."""

REMINDED = 4 * 3600.0
"""Seconds between two lines of the log that say which jobs are held (chosen): two in a shift."""

NAMED = 5
"""Printing ports that such a line names (chosen)."""

_Result = TypeVar("_Result")


class Spooling:
    """
    The kept jobs of a gateway.

    @ivar queues: by the names of their ports, in lower case.
    @ivar pauses: how often a port was paused or resumed here, begun and done.
    @ivar shared: other gateways with the same spool; L{None}: there are none.
    @ivar stopping: the gateway ends.
    """

    _log = Logger()

    def __init__(
        self,
        spool: ISpool,
        clock: IReactorTime,
        told: Callable[[JobRecord], None],
        portChanged: Callable[[str], None],
        port: Callable[[str], Port | None] = lambda name: None,
        wallClock: Callable[[], float] = time.time,
        dice: Random | None = None,
        guards: bool = True,
        history: IHistory | None = None,
        above: int = 0,
        state: IState | None = None,
    ) -> None:
        """
        @param told: is given each change of a kept job.
        @param portChanged: is told the name of a port that is seen otherwise.
        @param port: finds a printing port by its name in lower case; L{None}: there is none.
        @param guards: look for jobs that come again.
        @param history: what is to know the jobs that have ended.
        @param above: the highest number that somebody else knows; no job gets a lower one.
        @param state: has the numbers, and remembers which ports are paused; L{None}: the spool;
            so does one that several gateways share.
        """
        self.spool = spool
        self.clock = clock
        self.wallClock = wallClock
        self.dialling, self.asking = Dialling(clock), Dialling(clock)
        self.dice = dice or SystemRandom()
        self.broken: PrintError | None = None
        self.paused: dict[str, str] = {}
        self.told = told
        self.portChanged = portChanged
        self.pauses = 0
        self._port = port
        self.shared = Following(spool, self) if ISharedSpool.providedBy(spool) else None
        self.queues: dict[str, Queue] = {}
        self.first = 0
        self._guards = guards
        self.history = history
        self._above = above
        # What several gateways share they count, and pause, together.
        self._state: IState = spool if state is None or self.shared is not None else state
        self._numbers = Reserved(self._state.reserve, RESERVED_NUMBERS)
        self._room: Room | None = None
        self._looked = 0.0
        self._well: list[Deferred[None]] = []
        self._probing: IDelayedCall | None = None
        self._reminding: IDelayedCall | None = None
        self._begun: list[Deferred[None]] | None = []
        self.stopping = False

    # The start

    def begin(self) -> Deferred[None]:
        """
        Open the spool: jobs are taken and printed from now on.

        @return: fires when all that was kept is known.
        """
        return Deferred.fromCoroutine(self._begin())

    async def _begin(self) -> None:
        if self.shared is not None:
            await self._sure(self.shared.join)
        try:
            await self._remember()
        except BadRecord as why:
            self._log.error("which ports are paused is not known: {why}", why=str(why))
        await self._fill()
        # What came to another gateway, this process has not seen.
        self.first = self._numbers.lowest if self.shared is None else sys.maxsize
        self.spool.probe().addErrback(lambda _: None)  # which also lays the ballast
        begun, self._begun = self._begun or [], None
        await DeferredList([self._open(queue) for queue in [*self.queues.values()]])
        for name in await self._sure(self.spool.portNames):
            if name not in self.queues:
                await self._openLeft(name)
        if self.shared is not None:
            self.shared.begin()
        self._remind()
        for each in begun:
            each.callback(None)

    async def _remember(self) -> None:
        paused: Mapping[str, str] = await self._sure(self._state.paused)
        self.paused = dict(paused)
        if self._state is self.spool:
            return
        # There was no such state before, and what was paused then is still to be.
        old = await self._sure(self.spool.paused)
        if old:
            self.paused = {**old, **self.paused}
            await self._sure(lambda: self._state.setPaused(self.paused))
            await self._sure(lambda: self.spool.setPaused({}))

    async def _fill(self) -> None:
        # No number that somebody else knows already.
        if self._state is not self.spool:
            self._above = max(self._above, await self._sure(lambda: self.spool.reserve(1)) - 1)
        await self._sure(self._numbers.fill)
        known = self._above - self._numbers.lowest + 1
        if known >= RESERVED_NUMBERS:
            more = max(known - RESERVED_NUMBERS, 1)
            await self._sure(lambda: self._state.reserve(more))
            self._numbers = Reserved(self._state.reserve, RESERVED_NUMBERS)
            await self._sure(self._numbers.fill)
        while self._numbers.lowest <= self._above:
            self._numbers.take()

    def _remind(self) -> None:
        # Nobody else thinks of a job that waits for a person.
        held = {
            queue.port.name: queue.held
            for queue in self.queues.values()
            if queue.mine and queue.held
        }
        if held:
            many = sum(held.values())
            most = sorted(held, key=lambda name: -held[name])
            ports = [f"{held[name]} on {name}" for name in most[:NAMED]]
            others = [f"{len(most) - NAMED} other ports"] if len(most) > NAMED else []
            self._log.warn(
                "{held} for a person: {ports}",
                held="a job is held" if many == 1 else f"{many} jobs are held",
                ports=", ".join([*ports, *others]),
            )
        if not self.stopping:
            self._reminding = self.clock.callLater(REMINDED, self._remind)

    async def _sure(self, step: Callable[[], Deferred[_Result]]) -> _Result:
        # Nothing goes on without it.
        while True:
            try:
                return await step()
            except (SpoolFailed, SpoolFull) as error:
                self.failed(error)
                await self.whenWell()

    async def _openLeft(self, name: str) -> None:
        # Of a port that is gone, or keeps jobs no longer and prints those that it has.
        port = self._port(name)
        queue = self.queues[name] = Queue(port or GonePort(name), self, self._guards)
        if port is None:
            queue.remove()
        await self._open(queue)
        many = queue.queued + queue.held
        if not many:
            return
        if port is None:
            what = "is no printing port any more; they are held until it is one again, or moved"
        else:
            what = "keeps jobs no longer; it prints those that are not held"
        self._log.warn(
            "the spool has {jobs} of {port}, which {what}",
            jobs="a job" if many == 1 else f"{many} jobs",
            port=name,
            what=what,
        )

    def _open(self, queue: Queue) -> Deferred[None]:
        def failed(failure: Failure) -> None:
            self._log.failure("the jobs of {port} cannot be opened", failure, port=queue.port.name)

        return Deferred.fromCoroutine(queue.open()).addErrback(failed)

    def queue(self, port: Port) -> Queue:
        """The queue of a printing port, from now on; what was kept for its name is in it."""
        key = port.name.lower()
        found = self.queues.get(key)
        if found is None:
            found = self.queues[key] = Queue(port, self, self._guards)
            if self._begun is None:
                self._open(found)
        elif found.port is not port or found.removed:
            found.become(port)
        return found

    def remove(self, name: str) -> None:
        """A printing port is no more: what waits there is held, until it comes back."""
        found = self.queues.get(name.lower())
        if found is not None:
            found.remove()

    # Numbers

    def number(self) -> int | None:
        """The next job's number; L{None}: the spool has none to give."""
        return self._numbers.take()

    # What the queues share

    def room(self) -> Deferred[Room]:
        """L{QueueContext<jetdirect.spool.context.QueueContext>}."""
        if self._room is not None and self.clock.seconds() < self._looked + ROOM_AGE:
            return succeed(self._room)

        def seen(room: Room) -> Room:
            self._room, self._looked = room, self.clock.seconds()
            return room

        return self.spool.room().addCallback(seen)

    def failed(self, error: PrintError) -> None:
        """L{QueueContext<jetdirect.spool.context.QueueContext>}."""
        if self.broken is None:
            self._log.error("{why}; no job is taken or printed until it is well", why=error.reason)
            self.broken = error
            self._portsChanged()
        if self._probing is None and not self.stopping:
            self._probing = self.clock.callLater(PROBED, self._probe)

    def _probe(self) -> None:
        self._probing = None
        self.spool.probe().addCallbacks(lambda _: self.well(), self._isNot)

    def _isNot(self, failure: Failure) -> None:
        if not self.stopping and self._probing is None:
            self._probing = self.clock.callLater(PROBED, self._probe)

    def well(self) -> None:
        """It does what it is asked again."""
        if self.broken is None:
            return
        self.broken = None
        self._log.info("the spool is well again; jobs are taken and printed")
        self._portsChanged()
        well, self._well = self._well, []
        for each in well:
            each.callback(None)
        for queue in [*self.queues.values()]:
            queue.goOn()

    def _portsChanged(self) -> None:
        for queue in self.queues.values():
            self.portChanged(queue.port.name)

    def whenWell(self) -> Deferred[None]:
        """L{QueueContext<jetdirect.spool.context.QueueContext>}."""
        if self.broken is None:
            return succeed(None)
        self._well.append(Deferred())
        return self._well[-1]

    def pause(self, port: str, by: str) -> Deferred[None]:
        """L{QueueContext<jetdirect.spool.context.QueueContext>}: durable when it fires."""
        return self.pauseAll([port], by)

    def pauseAll(self, ports: Sequence[str], by: str) -> Deferred[None]:
        """Let many ports wait, as L{pause} does."""
        self.paused |= {port.lower(): by for port in ports}
        return self._pausedChanged(ports)

    def resume(self, port: str) -> Deferred[None]:
        """L{QueueContext<jetdirect.spool.context.QueueContext>}: likewise."""
        return self.resumeAll([port])

    def resumeAll(self, ports: Sequence[str]) -> Deferred[None]:
        """Let many ports print again."""
        for port in ports:
            self.paused.pop(port.lower(), None)
        changed = self._pausedChanged(ports)
        for port in ports:
            queue = self.queues.get(port.lower())
            if queue is not None:
                queue.wake()
        return changed

    def _pausedChanged(self, ports: Sequence[str]) -> Deferred[None]:
        def written(result: object) -> Any:
            self.pauses += 1
            return result

        self.pauses += 1
        for port in ports:
            self.portChanged(port)
        return self._state.setPaused(self.paused).addBoth(written)

    def pausedElsewhere(self, paused: Mapping[str, str]) -> None:
        """Another gateway was told to pause or resume ports."""
        before, self.paused = self.paused, dict(paused)
        for name in before.keys() ^ self.paused.keys():
            queue = self.queues.get(name)
            if queue is not None:
                self.portChanged(queue.port.name)
                queue.wake()

    # Verbs

    def stateOf(self, number: int) -> JobState | None:
        """The state of a kept job; L{None}: it is not known any more."""
        for queue in self.queues.values():
            state = queue.stateOf(number)
            if state is not None:
                return state
        return None

    def holder(self, number: int) -> Queue:
        """
        The queue that knows a job.

        @raise NoSuchJob: none does.
        """
        for queue in self.queues.values():
            if number in queue.jobs:
                return queue
        raise NoSuchJob(f"no kept job has number {number}")

    # The end

    def stop(self, drain: float) -> Deferred[Any]:
        """
        Begin no more attempts; those that run have their time, and are held then.

        @param drain: seconds.
        @return: fires when their ends are recorded, or nobody can wait any longer.
        """
        self.stopping = True
        for call in filter(None, [self._probing, self._reminding]):
            call.cancel()
        self._probing = self._reminding = None
        idle = DeferredList([queue.stop() for queue in self.queues.values()])
        if not drain:
            self._cut()
            end: IDelayedCall | None = None
        else:
            end = self.clock.callLater(drain, self._cut)
        limit = idle.addTimeout(drain + LAST_WRITES, self.clock)

        def stopped(result: object) -> None:
            if self.shared is not None:
                self.shared.stop()
            if end is not None and end.active():
                end.cancel()
            if isinstance(result, Failure) and result.check(TimeoutError):
                self._log.error("the spool's disk does not answer; the ends of jobs are in doubt")

        return limit.addBoth(stopped)

    def _cut(self) -> None:
        for queue in self.queues.values():
            queue.stop(now=True).addErrback(lambda _: None)
