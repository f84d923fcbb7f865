"""
What an operator can do with jobs and printing ports: the verbs behind a command, or a page.

Each is on stable storage before it is answered, as far as there is a place for it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, DeferredList
from zope.interface import implementer

from .errors import HistoryFailed, NoSuchJob, NoSuchPort, PrintError, SpoolFailed, WrongState
from .interfaces import IHistory, IOperator, ISpool
from .life import life
from .port import PrintingPort
from .record import ENDS, JobEvent, JobRecord, JobState, PortRecord, Sum
from .server import PrintServer
from .spool.record import BadRecord, JobPlace, SpoolRecord
from .wanted import LISTED, Wanted

if TYPE_CHECKING:  # loaded where there is a spool
    from .spool.queue import Queue


@implementer(IOperator)
class Operator:
    """An operator's side of a print server, and of what it remembers."""

    def __init__(self, server: PrintServer, history: IHistory) -> None:
        self._server = server
        self._history = history

    # To look at.

    def ports(self) -> Sequence[PortRecord]:
        """L{IOperator}."""
        return [*map(self._server.portRecord, self._server.ports), *self._server.removed]

    def port(self, name: str) -> PortRecord:
        """L{IOperator}."""
        if self._server.port(name) is None:
            for each in self._server.removed:
                if each.name.lower() == name.lower():
                    return each
        return self._server.portRecord(self._port(name))

    def jobs(self, wanted: Wanted) -> Deferred[Sequence[JobRecord]]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._jobs(wanted))

    def show(self, number: int) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._show(number))

    def printing(self) -> Sequence[JobRecord]:
        """L{IOperator}."""
        return self._server.printing

    def line(self, port: str, limit: int = LISTED) -> Deferred[Sequence[JobRecord]]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._line(port, limit))

    def events(self, number: int) -> Deferred[Sequence[JobEvent]]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._events(number))

    def sums(self, wanted: Wanted, skip: int = 0) -> Deferred[Sequence[Sum]]:
        """L{IOperator}."""
        return self._history.sums(self._meant(wanted), skip)

    # One job.

    def cancel(self, number: int, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._cancel(number, by))

    def hold(self, number: int, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return self._begin(number, "hold", by, lambda queue: queue.verbs.hold(number, by))

    def release(self, number: int, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return self._begin(number, "release", by, lambda queue: queue.verbs.release(number, by))

    def next(self, number: int, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return self._begin(number, "next", by, lambda queue: queue.verbs.next(number, by))

    def move(self, number: int, to: str, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return self._begin(
            number, "move", by, lambda queue: queue.verbs.moveOut(number, self._target(to), by)
        )

    def reprint(self, number: int, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._reprint(number, by))

    def erase(self, number: int, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._erase(number, by))

    # Many.

    def moveAll(self, port: str, to: str, by: str) -> Deferred[int]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._moveAll(port, to, by))

    def eraseBefore(self, when: float, by: str) -> Deferred[int]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._eraseBefore(when, by))

    # Ports.

    def test(self, port: str, by: str, language: str = "") -> Deferred[JobRecord]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._test(port, by, language))

    def pause(self, port: str, by: str, now: bool = False) -> Deferred[bool]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._pause([port], by, now))

    def resume(self, port: str, by: str) -> Deferred[bool]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._resume([port]))

    def pauseAll(self, by: str, now: bool = False) -> Deferred[bool]:
        """L{IOperator}."""
        names = [port.name for port in self._server.ports]
        return Deferred.fromCoroutine(self._pause(names, by, now))

    def resumeAll(self, by: str) -> Deferred[bool]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._resume([port.name for port in self._server.ports]))

    # Inside.

    def _port(self, name: str) -> PrintingPort:
        port = self._server.port(name)
        if port is None:
            names = self._server.portNames
            near = ", ".join(names.missing(name) or names.misspelt(name) or ())
            meant = f" (did you mean {near}?)" if near else ""
            raise NoSuchPort(f"no printing port is called {name}{meant}")
        return port

    def _queueOf(self, name: str) -> Queue | None:
        # Also of a port that is no more, and of which only kept jobs are left.
        spooling = self._server.spooling
        if spooling is not None and self._server.port(name) is None:
            left = spooling.queues.get(name.lower())
            if left is not None:
                return left
        return self._server.queue(self._port(name))

    def _target(self, name: str) -> Queue:
        port = self._port(name)
        queue = self._server.queue(port)
        if queue is None or queue.removed:
            raise WrongState(f"{port.name} keeps no jobs; choose a port that does")
        return queue

    def _queues(self) -> list[Queue]:
        spooling = self._server.spooling
        return [] if spooling is None else [*spooling.queues.values()]

    async def _queue(self, number: int) -> Queue:
        queue = self._holding(number)
        if queue is None:
            record = await self._show(number)
            if record.ended:
                raise WrongState(f"job {number} has ended, and is not in the spool")
            told = "is not in the spool; it can be canceled, nothing else"
            raise WrongState(f"job {number} {told}")
        return queue

    def _holding(self, number: int) -> Queue | None:
        return next((queue for queue in self._queues() if number in queue.jobs), None)

    def _begin(
        self, number: int, verb: str, by: str, step: Callable[[Queue], Coroutine[Any, Any, None]]
    ) -> Deferred[JobRecord]:
        return Deferred.fromCoroutine(self._act(number, verb, by, step))

    async def _act(
        self, number: int, verb: str, by: str, step: Callable[[Queue], Coroutine[Any, Any, None]]
    ) -> JobRecord:
        queue = await self._queue(number)
        self._checkSpool()
        await step(queue)
        record = await self._show(number)
        await self._note(number, verb, by, f"to {record.port}" if verb == "move" else "")
        return record

    async def _note(self, number: int, verb: str, by: str, text: str = "") -> None:
        now = self._server.wallClock()
        await self._history.note(JobEvent(number, now, verb, by, text))

    def _checkSpool(self) -> None:
        # What cannot be recorded now is refused, and not done some time later.
        spooling = self._server.spooling
        if spooling is not None and spooling.broken is not None:
            raise SpoolFailed(f"{spooling.broken.reason}; try again when it is well")

    async def _show(self, number: int) -> JobRecord:
        queue = self._holding(number)
        if queue is not None and queue.jobs[number] is not JobPlace.DONE:
            return await queue.verbs.show(number)
        for record in self._server.jobs:
            if record.number == number and not record.ended:
                return record
        ended = await self._ended(number)
        if ended is not None:
            return ended
        if queue is None:
            raise NoSuchJob(f"no job {number} is known")
        return await queue.verbs.show(number)

    async def _ended(self, number: int) -> JobRecord | None:
        # With the names that the history was let keep.
        try:
            return await self._history.job(number)
        except HistoryFailed:
            if self._holding(number) is None:
                raise
            return None

    async def _events(self, number: int) -> Sequence[JobEvent]:
        record = await self._show(number)
        return life(record, await self._history.events(number))

    async def _jobs(self, wanted: Wanted) -> Sequence[JobRecord]:
        if wanted.state and wanted.state not in [*JobState]:
            raise WrongState(
                f"{wanted.state} is no state of a job; there are {', '.join(JobState)}"
            )
        meant = self._meant(wanted)
        found = {record.number: record for record in await self._live(meant)}
        if not wanted.state or wanted.state in ENDS:
            found |= {record.number: record for record in await self._history.jobs(meant)}
        if not found and wanted.port:
            self._port(wanted.port)  # there may be jobs of one that is no more
        return [found[number] for number in sorted(found, reverse=True)[: wanted.limit]]

    def _meant(self, wanted: Wanted) -> Wanted:
        port = self._server.port(wanted.port) if wanted.port else None
        return wanted if port is None else replace(wanted, port=port.name)

    async def _live(self, wanted: Wanted) -> Sequence[JobRecord]:
        # Those that come in, stream, or are in the spool.
        here = {record.number: record for record in self._server.jobs if not record.ended}
        kept = {number: queue for queue in self._queues() for number in queue.jobs}
        found: list[JobRecord] = []
        for number in sorted({*here, *kept}, reverse=True):
            if len(found) == wanted.limit:
                break
            if wanted.before is not None and number >= wanted.before:
                continue
            queue = kept.get(number)
            if queue is not None and not _mayBe(number, queue, wanted):
                continue
            try:
                record = here[number] if queue is None else await queue.verbs.show(number)
            except (KeyError, WrongState):
                continue  # it was forgotten, or set aside, meanwhile
            if wanted.has(record):
                found.append(record)
        return found

    async def _line(self, name: str, limit: int) -> Sequence[JobRecord]:
        port, queue = self._server.port(name), self._queueOf(name)
        waiting = [] if port is None else [job.record for job in self._server.jobsAt(port)]
        found = [each for each in waiting if each.state is JobState.PENDING]
        for number in queue.numbers() if queue is not None else ():
            if len(found) >= limit:
                break
            if queue is not None and queue.stateOf(number) in (JobState.PENDING, JobState.HELD):
                found.append(await queue.verbs.show(number))
        return found[:limit]

    async def _cancel(self, number: int, by: str) -> JobRecord:
        if not self._server.cancel(number, f"canceled by {by}"):
            queue = await self._queue(number)
            self._checkSpool()
            await queue.verbs.cancel(number, by)
        record = await self._show(number)
        if record.state is not JobState.CANCELED:
            raise WrongState(f"job {number} was {record.state} before it could be canceled")
        await self._note(number, "cancel", by)
        return record

    async def _reprint(self, number: int, by: str) -> JobRecord:
        queue, spooling = await self._queue(number), self._server.spooling
        assert spooling is not None
        if queue.jobs[number] is not JobPlace.DONE:
            raise WrongState(f"job {number} has not ended; it can be released, or canceled")
        new = spooling.number()
        if queue.removed or new is None:
            raise WrongState(f"{queue.port.name} takes no jobs now")
        old = await spooling.spool.record(number)
        record = SpoolRecord(
            number=new,
            port=queue.port.name,
            uri=queue.port.uri,
            name=old.name,
            user=old.user,
            host=old.host,
            received=spooling.wallClock(),
            committed=spooling.wallClock(),
            heard=True,
            reason=f"reprint of {number}",
            reprintOf=number,
            by=by,
        )
        record = await _copied(spooling.spool, number, record)
        seen = queue.seen(record, JobPlace.QUEUE)
        self._server.submitted(seen)
        queue.take(record, held=False)
        await self._note(number, "reprint", by, f"as job {new}")
        return seen

    async def _moveAll(self, port: str, to: str, by: str) -> int:
        source, target = self._queueOf(port), self._target(to)
        if source is None or source is target:
            raise WrongState(f"{port} has no jobs that could be moved to {to}")
        moved = 0
        for number in source.numbers():
            if source.jobs.get(number) in (JobPlace.QUEUE, JobPlace.HELD):
                try:
                    await source.verbs.moveOut(number, target, by)
                except WrongState:
                    continue  # it prints, or has ended meanwhile
                await self._note(number, "move", by, f"to {target.port.name}")
                moved += 1
        return moved

    async def _erase(self, number: int, by: str) -> JobRecord:
        queue = self._holding(number)
        if queue is not None:
            self._checkSpool()
            await queue.verbs.erase(number, by)
        if not await self._history.erase(number) and queue is None:
            record = await self._show(number)
            raise WrongState(f"job {number} is {record.state}; cancel it first")
        await self._note(number, "erase", by)
        return await self._show(number)

    async def _eraseBefore(self, when: float, by: str) -> int:
        erased = 0
        for queue in self._queues():
            for number in queue.numbers():
                if queue.jobs.get(number) is not JobPlace.DONE:
                    continue
                record = await queue.verbs.show(number)
                if (record.completed or 0) < when and record != record.erased():
                    await self._erase(number, by)
                    erased += 1
        return erased + await self._history.eraseBefore(when, by)

    async def _test(self, name: str, by: str, language: str) -> JobRecord:
        job = self._server.printTestPage(self._port(name), language)
        record = await self._show(job.number)
        if record.ended and record.state is not JobState.COMPLETED:
            raise WrongState(f"{record.port}: {record.reason}")
        return record

    async def _pause(self, names: Sequence[str], by: str, now: bool) -> bool:
        ports = [self._port(name) for name in names]
        durable = await self._server.pause(ports, by)
        if now:
            queues = filter(None, map(self._server.queue, ports))
            await DeferredList([queue.stopPrinting(by) for queue in queues])
        return durable

    async def _resume(self, names: Sequence[str]) -> bool:
        return await self._server.resume([self._port(name) for name in names])


def _mayBe(number: int, queue: Queue, wanted: Wanted) -> bool:
    # As far as it is known without asking the disk.
    return (not wanted.port or queue.port.name.lower() == wanted.port.lower()) and (
        not wanted.state or queue.stateOf(number) == wanted.state
    )


async def _copied(spool: ISpool, number: int, record: SpoolRecord) -> SpoolRecord:
    # The bytes of a job once more, as a job of its own.
    from .spool.kept import PIECE

    try:
        await spool.verify(number)
        data = await spool.data(number)
    except BadRecord as why:
        told = f"job {number} cannot be printed again: {why}; --keep says what is kept"
        raise WrongState(told) from None
    try:
        draft = await spool.begin(record.port, record.number)
        try:
            while piece := await data.read(PIECE):
                await draft.write(piece)
            return await draft.commit(record, JobPlace.QUEUE)
        except PrintError:
            await draft.discard()
            raise
    finally:
        data.close()
