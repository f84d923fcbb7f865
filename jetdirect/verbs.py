"""
What an operator can do with jobs and printing ports: the verbs behind a command, or a page.

Each is on stable storage before it is answered, as far as there is a place for it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from .errors import NoSuchJob, NoSuchPort, PrintError, SpoolFailed, WrongState
from .interfaces import IOperator, ISpool
from .port import PrintingPort
from .record import JobRecord, JobState, PortRecord
from .server import PrintServer
from .spool.kept import PIECE
from .spool.queue import Queue
from .spool.record import BadRecord, JobPlace, SpoolRecord

LISTED = 100
"""Jobs in an answer, unless somebody wants more."""


@implementer(IOperator)
class Operator:
    """An operator's side of a print server."""

    def __init__(self, server: PrintServer) -> None:
        self._server = server

    # To look at.

    def ports(self) -> Sequence[PortRecord]:
        """L{IOperator}."""
        return [self._server.portRecord(port) for port in self._server.ports]

    def port(self, name: str) -> PortRecord:
        """L{IOperator}."""
        return self._server.portRecord(self._port(name))

    def jobs(
        self, port: str = "", state: str = "", limit: int = LISTED, before: int | None = None
    ) -> Deferred[Sequence[JobRecord]]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._jobs(port, state, limit, before))

    def show(self, number: int) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._show(number))

    def printing(self) -> Sequence[JobRecord]:
        """L{IOperator}."""
        return self._server.printing

    def line(self, port: str, limit: int = LISTED) -> Deferred[Sequence[JobRecord]]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._line(port, limit))

    # One job.

    def cancel(self, number: int, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._cancel(number, by))

    def hold(self, number: int, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return self._then(number, lambda queue: queue.verbs.hold(number, by))

    def release(self, number: int, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return self._then(number, lambda queue: queue.verbs.release(number, by))

    def next(self, number: int, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return self._then(number, lambda queue: queue.verbs.next(number, by))

    def move(self, number: int, to: str, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return self._then(number, lambda queue: queue.verbs.moveOut(number, self._target(to), by))

    def reprint(self, number: int, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._reprint(number, by))

    def erase(self, number: int, by: str) -> Deferred[JobRecord]:
        """L{IOperator}."""
        return self._then(number, lambda queue: queue.verbs.erase(number, by))

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
        return Deferred.fromCoroutine(self._pause(port, by, now))

    def resume(self, port: str, by: str) -> Deferred[bool]:
        """L{IOperator}."""
        return Deferred.fromCoroutine(self._resume(port, by))

    # Inside.

    def _port(self, name: str) -> PrintingPort:
        port = self._server.port(name)
        if port is None:
            raise NoSuchPort(f"no printing port is called {name}")
        return port

    def _target(self, name: str) -> Queue:
        port = self._port(name)
        queue = self._server.queue(port)
        if queue is None or queue.removed:
            raise WrongState(f"{port.name} keeps no jobs; choose a port that does")
        return queue

    def _queues(self) -> list[Queue]:
        spooling = self._server.spooling
        return [] if spooling is None else [*spooling.queues.values()]

    def _queue(self, number: int) -> Queue:
        for queue in self._queues():
            if number in queue.jobs:
                return queue
        for record in self._server.jobs:
            if record.number == number:
                if record.ended:
                    raise WrongState(f"job {number} has ended, and is not in the spool")
                told = "is not in the spool; it can be canceled, nothing else"
                raise WrongState(f"job {number} {told}")
        raise NoSuchJob(f"no job {number} is known")

    def _then(
        self, number: int, step: Callable[[Queue], Coroutine[Any, Any, None]]
    ) -> Deferred[JobRecord]:
        return Deferred.fromCoroutine(self._done(number, step))

    async def _done(
        self, number: int, step: Callable[[Queue], Coroutine[Any, Any, None]]
    ) -> JobRecord:
        queue = self._queue(number)
        self._checkSpool()
        await step(queue)
        return await self._show(number)

    def _checkSpool(self) -> None:
        # What cannot be recorded now is refused, and not done some time later.
        spooling = self._server.spooling
        if spooling is not None and spooling.broken is not None:
            raise SpoolFailed(f"{spooling.broken.reason}; try again when it is well")

    async def _show(self, number: int) -> JobRecord:
        for queue in self._queues():
            if number in queue.jobs:
                return await queue.verbs.show(number)
        for record in self._server.jobs:
            if record.number == number:
                return record
        raise NoSuchJob(f"no job {number} is known")

    async def _jobs(
        self, port: str, state: str, limit: int, before: int | None
    ) -> Sequence[JobRecord]:
        if state and state not in [*JobState]:
            raise WrongState(f"{state} is no state of a job; there are {', '.join(JobState)}")
        name = self._port(port).name.lower() if port else ""
        here = {record.number: record for record in self._server.jobs}
        kept = {number: queue for queue in self._queues() for number in queue.jobs}
        found: list[JobRecord] = []
        for number in sorted({*here, *kept}, reverse=True):
            if len(found) == limit:
                break
            queue = kept.get(number)
            where = here[number].port if queue is None else queue.port.name
            is_ = here[number].state if queue is None else queue.stateOf(number)
            if (before is not None and number >= before) or (name and where.lower() != name):
                continue
            if not state or is_ == state:
                found.append(here[number] if queue is None else await queue.verbs.show(number))
        return found

    async def _line(self, name: str, limit: int) -> Sequence[JobRecord]:
        port = self._port(name)
        queue = self._server.queue(port)
        waiting = [job.record for job in self._server.jobsAt(port)]
        found = [each for each in waiting if each.state is JobState.PENDING]
        for number in queue.numbers() if queue is not None else ():
            if len(found) >= limit:
                break
            if queue is not None and queue.stateOf(number) in (JobState.PENDING, JobState.HELD):
                found.append(await queue.verbs.show(number))
        return found[:limit]

    async def _cancel(self, number: int, by: str) -> JobRecord:
        if self._server.cancel(number, f"canceled by {by}"):
            return await self._show(number)
        queue = self._queue(number)
        self._checkSpool()
        await queue.verbs.cancel(number, by)
        record = await self._show(number)
        if record.state is not JobState.CANCELED:
            raise WrongState(f"job {number} was {record.state} before it could be canceled")
        return record

    async def _reprint(self, number: int, by: str) -> JobRecord:
        queue, spooling = self._queue(number), self._server.spooling
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
        queue.take(record, held=False)
        seen = queue.seen(record)
        self._server.submitted(seen)
        return seen

    async def _moveAll(self, port: str, to: str, by: str) -> int:
        source, target = self._server.queue(self._port(port)), self._target(to)
        if source is None or source is target:
            raise WrongState(f"{port} has no jobs that could be moved to {to}")
        moved = 0
        for number in source.numbers():
            if source.jobs.get(number) in (JobPlace.QUEUE, JobPlace.HELD):
                try:
                    await source.verbs.moveOut(number, target, by)
                except WrongState:
                    continue  # it prints, or has ended meanwhile
                moved += 1
        return moved

    async def _eraseBefore(self, when: float, by: str) -> int:
        erased = 0
        for queue in self._queues():
            for number in queue.numbers():
                if queue.jobs.get(number) is not JobPlace.DONE:
                    continue
                record = await queue.verbs.show(number)
                if (record.completed or 0) < when:
                    await queue.verbs.erase(number, by)
                    erased += 1
        return erased

    async def _test(self, name: str, by: str, language: str) -> JobRecord:
        job = self._server.printTestPage(self._port(name), language)
        record = await self._show(job.number)
        if record.ended and record.state is not JobState.COMPLETED:
            raise WrongState(f"{record.port}: {record.reason}")
        return record

    async def _pause(self, name: str, by: str, now: bool) -> bool:
        port = self._port(name)
        durable = await self._server.pause(port, by)
        queue = self._server.queue(port)
        if now and queue is not None:
            await queue.stopPrinting(by)
        return durable

    async def _resume(self, name: str, by: str) -> bool:
        return await self._server.resume(self._port(name))


async def _copied(spool: ISpool, number: int, record: SpoolRecord) -> SpoolRecord:
    # The bytes of a job once more, as a job of its own.
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
