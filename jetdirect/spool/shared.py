"""
The queues of one gateway whose spool others share: it prints on some ports, and follows the rest.

Twice a second it says that it lives, and hears what others did.  When it has heard nothing for two
seconds it prints nothing more, for from then on others may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import PrinterLost, PrintError, SpoolFailed, SpoolFull, VerbRefused, WrongState
from ..interfaces import IHistory, ISharedSpool
from .beat import Asked, Beat, Changed, Silent, Told
from .context import Duplicates
from .queue import Queue
from .record import ERASED, JobPlace, SpoolRecord
from .turns import Turns

BEAT = 0.5
"""Seconds between two beats (chosen): a job that came to another gateway waits for two of them."""

LEASE = 2.0
"""Seconds after the question that was answered last for which a gateway goes on printing."""

ANSWERED = 10.0
"""Seconds that another gateway has for what a person wants of it."""

TOLD_WITHIN = 3.0
"""Seconds in which it is known whether another gateway's sender has heard of its job: that gateway
says so with its next beat, or is dead by then."""


class Spooling(Protocol):
    """The queues, and what they share; L{jetdirect.spool.spooling.Spooling}."""

    queues: dict[str, Queue]
    clock: IReactorTime
    paused: dict[str, str]
    pauses: int
    broken: PrintError | None
    history: IHistory | None
    stopping: bool
    portChanged: Callable[[str], None]

    def failed(self, error: PrintError) -> None: ...

    def well(self) -> None: ...

    def pausedElsewhere(self, paused: Mapping[str, str]) -> None: ...


class Following:
    """
    One gateway's part.

    @ivar silent: printing ports, in lower case, whose gateway keeps them and says nothing.
    """

    _log = Logger()

    def __init__(self, spool: ISharedSpool, spooling: Spooling) -> None:
        self.silent: Mapping[str, Silent] = {}
        self._spool = spool
        self._spooling = spooling
        self._mine: frozenset[str] = frozenset()
        self._given: set[str] = set()
        self._replied: set[int] = set()
        self._handing = False
        self._answers: dict[int, str] = {}
        self._questions: dict[int, Deferred[str]] = {}
        self._early: dict[int, str] = {}
        self._turns = Turns()
        self._lease: IDelayedCall | None = None
        self._next: IDelayedCall | None = None
        self._began = 0.0
        self._stopped = False

    def join(self) -> Deferred[None]:
        """Live among the others."""
        return self._spool.join()

    def begin(self) -> None:
        """Join has come to its end; the ports that are this gateway's will be told."""
        self._beat()

    def stop(self) -> None:
        """Follow no more."""
        self._stopped = True
        for call in (self._lease, self._next):
            if call is not None and call.active():
                call.cancel()

    # What the queues say and want: L{Neighbours<jetdirect.spool.context.Neighbours>}.

    def duplicates(self) -> Duplicates:
        """L{Neighbours<jetdirect.spool.context.Neighbours>}: the spool itself looks for them."""
        return SharedDuplicates(self._spool, self._spooling.clock)

    def replied(self, number: int) -> None:
        """The sender of a job has had the reply: the gateway that has its port may print it."""
        self._replied.add(number)

    async def ask(self, port: str, verb: str, number: int, target: str, by: str) -> None:
        """
        Have the gateway that prints on a port do something.

        @raise WrongState: it does not, and says why; or says nothing.
        """
        id = await self._spool.ask(port.lower(), verb, number, target, by)
        answered = self._questions[id] = Deferred()
        if id in self._early:
            answered.callback(self._early.pop(id))
        answered.addTimeout(ANSWERED, self._spooling.clock, lambda _, __: _SILENT.format(port=port))
        why = await answered
        self._questions.pop(id, None)
        if why:
            raise WrongState(why)

    # The beats.

    def _beat(self) -> None:
        self._next, self._began = None, self._spooling.clock.seconds()
        Deferred.fromCoroutine(self._beaten()).addErrback(self._fault).addBoth(self._again)

    def _again(self, _: object) -> None:
        # From one beginning to the next: where the database is far away an answer takes long.
        if not self._stopped:
            clock = self._spooling.clock
            pause = max(self._began + BEAT - clock.seconds(), 0)
            self._next = clock.callLater(pause, self._beat)

    def _fault(self, failure: Failure) -> None:
        self._log.failure("what others did cannot be followed", failure)

    async def _beaten(self) -> None:
        spooling = self._spooling
        began, pauses = spooling.clock.seconds(), spooling.pauses
        ports = set()
        if spooling.stopping:
            self._giveUp(self._mine)  # others print what waits
        else:
            ports = {name for name, queue in spooling.queues.items() if not queue.removed}
        self._handOver()
        told = Told(ports, frozenset(self._given), dict(self._answers))
        try:
            beat = await self._spool.beat(told)
        except (SpoolFailed, SpoolFull) as error:
            if not self._stopped:
                spooling.failed(error)
            return
        if self._stopped:
            return
        self._extend(began)
        for id in told.answers:
            del self._answers[id]
        if spooling.broken is not None:
            spooling.well()
        self._hear(beat, samePauses=pauses == spooling.pauses)

    def _handOver(self) -> None:
        # All of half a second in one transaction; again, until it is done.
        if not self._replied or self._handing:
            return
        self._handing, numbers = True, frozenset(self._replied)

        def done(result: object) -> None:
            self._handing = False
            if not isinstance(result, Failure):
                self._replied -= numbers

        self._spool.handOver(numbers).addBoth(done)

    def _extend(self, began: float) -> None:
        clock = self._spooling.clock
        if self._lease is not None and self._lease.active():
            self._lease.cancel()
        self._lease = clock.callLater(max(began + LEASE - clock.seconds(), 0), self._lost)

    def _lost(self) -> None:
        told = f"the database has not answered for {LEASE:g} s"
        self._spooling.failed(SpoolFailed(told))
        for name in self._mine:
            queue = self._spooling.queues.get(name)
            if queue is not None:
                queue.cut(PrinterLost(f"{told}, and another gateway may print"))

    # What is heard.

    def _hear(self, beat: Beat, samePauses: bool) -> None:
        before, self.silent = self.silent, beat.silent
        self._have(beat.mine)
        self._giveUp(beat.spare)
        self._learn(beat.changed)
        for name in (before.keys() ^ beat.silent.keys()) & self._spooling.queues.keys():
            self._spooling.portChanged(self._spooling.queues[name].port.name)
        if samePauses and dict(beat.paused) != self._spooling.paused:
            self._spooling.pausedElsewhere(beat.paused)
        for asked in beat.asked:
            Deferred.fromCoroutine(self._do(asked)).addErrback(self._fault)
        for id, answer in beat.answers.items():
            question = self._questions.get(id)
            if question is None:
                self._early[id] = answer
            elif not question.called:
                question.callback(answer)

    def _have(self, mine: frozenset[str]) -> None:
        before, self._mine = self._mine, mine
        self._given &= mine
        for name in sorted((mine ^ before) & self._spooling.queues.keys()):
            queue, isMine = self._spooling.queues[name], name in mine
            if isMine is not queue.mine:
                self._turns.do(name, partial(_reopen, queue, isMine)).addErrback(self._fault)

    def _giveUp(self, spare: Iterable[str]) -> None:
        for name in spare:
            queue = self._spooling.queues.get(name)
            if queue is not None and queue.mine and queue.leave():
                self._given.add(name)

    def _learn(self, changed: Iterable[Changed]) -> None:
        byPort: dict[str, list[Changed]] = {}
        for each in changed:
            byPort.setdefault(each.port, []).append(each)
            if each.place is JobPlace.DONE and each.reason == ERASED:
                self._erase(each.kept.number)
        for name, queue in self._spooling.queues.items():
            queue.learn(byPort.get(name, ()))
            if len(byPort) > (name in byPort):
                queue.unlearn(each.kept.number for each in changed if each.port != name)

    def _erase(self, number: int) -> Deferred[None]:
        # The names that this gateway remembers, whichever was asked to.
        history = self._spooling.history
        if history is None:
            return succeed(None)
        return history.erase(number).addCallbacks(lambda _: None, self._fault)

    async def _do(self, asked: Asked) -> None:
        queue = self._spooling.queues.get(asked.port)
        try:
            if queue is None or not queue.mine:
                raise WrongState(f"{asked.port} has moved to another gateway; try again")
            await self._step(queue, asked)
        except (VerbRefused, PrintError) as refused:
            self._answers[asked.id] = str(refused)
        except Exception:
            self._answers[asked.id] = "the gateway failed; its log says how"
            raise
        else:
            self._answers[asked.id] = ""

    async def _step(self, queue: Queue, asked: Asked) -> None:
        verbs = queue.verbs
        match asked.verb:
            case "stop":
                await queue.stopPrinting(asked.by)
            case "move":
                to = self._spooling.queues.get(asked.target)
                if to is None or to.removed:
                    raise WrongState(f"{asked.target} keeps no jobs; choose a port that does")
                await verbs.moveOut(asked.number, to, asked.by)
            case "cancel" | "hold" | "release" | "next" | "erase":
                await getattr(verbs, asked.verb)(asked.number, asked.by)
                if asked.verb == "erase":
                    await self._erase(asked.number)
            case _:
                raise WrongState(f"{asked.verb} is not known to this version of the gateway")


_SILENT = "the gateway that prints on {port} has not answered; look again what has become of it"


def _reopen(queue: Queue, mine: bool) -> Deferred[None]:
    return Deferred.fromCoroutine(queue.reopen(mine))


class SharedDuplicates:
    """
    Jobs that come again, to whichever gateway: L{Duplicates<jetdirect.spool.duplicates.Duplicates>}
    where the spool itself knows which senders have heard of their jobs.
    """

    def __init__(self, spool: ISharedSpool, clock: IReactorTime) -> None:
        self._spool = spool
        self._clock = clock

    def found(self, jobs: object) -> None:
        """The spool knows."""

    def neverTold(self, record: SpoolRecord) -> None:
        """The spool knows: nobody has said that its sender has heard."""

    def original(self, record: SpoolRecord) -> Deferred[int]:
        """The number of the job of which this is the same again; 0: of none."""
        return Deferred.fromCoroutine(self._original(record))

    async def _original(self, record: SpoolRecord) -> int:
        # As a rule there is none, at once.  If there may be one, it takes a moment to know.
        end = self._clock.seconds() + TOLD_WITHIN
        while await self._spool.suspects(record):
            late = self._clock.seconds() >= end
            number = await self._spool.original(record, late)
            if number or late:
                return number
            await deferLater(self._clock, BEAT)
        return 0
