"""
A machine in memory with a spool on which things happen, until it is killed or its power goes.

One seed decides everything: what comes, what is done, which of several threads gets on, when and
how the disk fails, and what is left of what was not synced.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from jetdirect.errors import SpoolFailed, SpoolFull, SpoolSilent, TakenBack
from jetdirect.interfaces import IDraft, ISpool
from jetdirect.spool.files import FileSpool
from jetdirect.spool.record import JobPlace, SpoolRecord
from jetdirect.spool.store import Store
from tests.support.disk import LosingDisk, PowerCut
from tests.support.spooled import Work

from .rules import Event, Found, Ledger, Standing, Where, wrong

PORTS = ("ward3", "lab")
LIVES = 6
SENDERS = 3

PLACES = {
    JobPlace.QUEUE: Where.WAITING,
    JobPlace.ACTIVE: Where.PRINTING,
    JobPlace.HELD: Where.HELD,
    JobPlace.DONE: Where.ENDED,
}
"""What the rules call the places of a spool."""

Skipped = Callable[[str, str], bool]
"""Which calls of the disk lie, by name and path: they return and have done nothing."""

_RECORD = SpoolRecord(number=0, port="", name="a.ps", user="anna", host="192.0.2.7", received=1.0)
_FAILED = (SpoolFailed, SpoolFull)


class SpoolTrial:
    """
    The machine.

    @ivar wrong: what broke a rule.
    """

    def __init__(self, seed: int, skipped: Skipped | None = None) -> None:
        self.wrong: list[str] = []
        self._dice = Random(seed)
        self._disk = LosingDisk()
        self._skipped = skipped or (lambda name, path: False)
        self._ledger = Ledger()
        self._given = 0

    def run(self) -> list[str]:
        """Live several times; what went wrong."""
        try:
            for _ in range(LIVES):
                self._live()
            self._disk.fault = lambda number, name: None
            self._look(Store(self._disk))
        except ValueError as why:
            self.wrong.append(f"the spool is refused: {why}")
        return self.wrong

    def _live(self) -> None:
        life = _Life(self._dice, self._disk, self._ledger)
        self._disk.skipped = self._skipped
        try:
            store = Store(self._disk)
            self._look(store)
            life.work(store)
        except (PowerCut, OSError):
            pass
        # In a kill what was written stays; when the power goes, what was synced.
        if self._dice.random() < 0.3:
            self._disk.fault = lambda number, name: None
        else:
            self._disk = self._disk.afterPowerCut(self._dice)

    def _look(self, store: Store) -> None:
        found = Found()
        for port in PORTS:
            there = store.addPort(port)
            found.complaints += there.complaints
            for place, jobs in there.jobs.items():
                for job in jobs:
                    found.jobs.append(self._standing(store, place, job.number))
        found.following = store.reserve("number", 1)
        self.wrong += wrong(self._ledger, found)
        self._settle(found)

    def _standing(self, store: Store, place: JobPlace, number: int) -> Standing:
        try:
            data = self._disk.read(store.dataPath(number))
            digest = hashlib.sha256(data).hexdigest()
        except FileNotFoundError:
            digest = None
        return Standing(number, PLACES[place], digest, store.record(number).attempts)

    def _settle(self, found: Found) -> None:
        # From now on each job must stay where it was found.
        there = {each.number: each for each in found.jobs}
        for number in self._ledger.jobs:
            assert isinstance(number, int)
            changes: dict[str, Any] = {"sure": frozenset({Where.GONE})}
            if number in there:
                changes["sure"] = frozenset({there[number].where})
                # A record that nobody was told of may be the one before again.
                may = self._ledger.jobs[number].attempts or frozenset({0})
                changes["attempts"] = may | {there[number].attempts}
            self._ledger.add(Event(number, changes))


class _Life:
    """One process, between two starts."""

    def __init__(self, dice: Random, disk: LosingDisk, ledger: Ledger) -> None:
        self._dice = dice
        self._disk = disk
        self._ledger = ledger
        self._work = Work()
        self._free: set[int] = set()
        self._off = False
        self._bug: Failure | None = None
        disk.fault = self._fault()

    def work(self, store: Store) -> None:
        """Work until the end of this life."""
        self._work.hold()
        self._spool: ISpool = FileSpool(store, self._work.do)
        self._free = {
            number
            for number, job in self._ledger.jobs.items()
            if isinstance(number, int) and job.sure and job.sure <= {*PLACES.values()}
        }
        running: list[Deferred[Any]] = []
        while not self._off:
            if self._bug is not None:
                self._bug.raiseException()
            running = [each for each in running if not each.called]
            if len(running) < SENDERS:
                running.append(Deferred.fromCoroutine(self._something()))
                running[-1].addErrback(self._over)
            if self._work.held:
                self._work.one(self._dice.randrange(len(self._work.held)))
        for each in running:
            each.addErrback(lambda _: None)

    def _over(self, failure: Failure) -> None:
        if not failure.check(PowerCut, *_FAILED, SpoolSilent):
            self._bug = failure

    def _fault(self) -> Callable[[int, str], None]:
        end, first = self._dice.randint(1, 250), self._dice.randint(1, 400)
        code = self._dice.choice([errno.EIO, errno.ENOSPC])
        failures = self._dice.choice([0, 0, 1, 1, 3, 1000])
        reading = {"read", "open", "size", "names", "isMarked", "room"}

        def fault(number: int, name: str) -> None:
            nonlocal end
            if self._off or number - began >= end:
                self._off = True
                raise PowerCut
            if first <= number - began < first + failures and name not in reading:
                raise OSError(code, "failed")

        began = self._disk.calls
        return fault

    # What happens

    def _something(self) -> Coroutine[Any, Any, None]:
        if not self._free or self._dice.random() < 0.4:
            return self._send()
        number = self._dice.choice(sorted(self._free))
        self._free.discard(number)
        return self._step(number)

    def _know(self, which: int, **changes: Any) -> None:
        self._ledger.add(Event(which, changes))

    async def _send(self) -> None:
        number = await self._spool.reserve(1)
        data = self._dice.randbytes(self._dice.choice([0, 1, 700, 3000]))
        data = b"%d " % number + data
        digest = hashlib.sha256(data).hexdigest()
        self._know(number, number=number, sha256=digest, sure=frozenset({Where.GONE}))
        try:
            draft = await self._spool.begin(self._dice.choice(PORTS), number)
        except _FAILED:
            self._know(number, refused=True)
            raise
        await self._pour(number, draft, data)

    async def _pour(self, number: int, draft: IDraft, data: bytes) -> None:
        try:
            for start in range(0, len(data), 1000):
                await draft.write(data[start : start + 1000])
        except _FAILED:
            self._know(number, refused=True)
            await draft.discard()
            raise
        self._know(number, sure=frozenset({Where.GONE, Where.WAITING}))
        committed = draft.commit(_RECORD, JobPlace.QUEUE)
        if self._dice.random() < 0.15 and draft.cut():
            # Its sender is told before the disk has noticed.
            self._know(number, refused=True, sure=frozenset({Where.GONE}))
        try:
            await committed
        except SpoolSilent:  # its sender is told nothing
            raise
        except (TakenBack, *_FAILED):
            self._know(number, refused=True, sure=frozenset({Where.GONE}))
            await draft.discard()
            return
        if (
            self._dice.random() < 0.1
        ):  # the sender has gone: the job is taken back, and then it hears
            await self._spool.remove(number)
            self._know(number, refused=True, sure=frozenset({Where.GONE}))
            return
        self._know(number, taken=True, sure=frozenset({Where.WAITING}))
        self._free.add(number)

    async def _step(self, number: int) -> None:
        job = self._ledger.jobs[number]
        assert job.sure is not None
        [where] = job.sure
        record = await self._spool.record(number)
        if where is Where.WAITING:
            to = self._dice.choice([JobPlace.ACTIVE, JobPlace.ACTIVE, JobPlace.HELD, JobPlace.DONE])
            record = record.but(port=self._dice.choice(PORTS))
            given = to is JobPlace.DONE
            await self._put(record, where, to, given=given or job.given)
        elif where is Where.PRINTING:
            if not job.printed and self._dice.random() < 0.8:
                # Another life may have begun this one, and ended in the midst.
                if job.papers < job.allowed:
                    self._know(number, papers=job.papers + 1)
                await self._spool.note(number, 1)
            if self._ledger.jobs[number].papers and self._dice.random() < 0.7:
                self._know(number, printed=True)
            done = self._ledger.jobs[number].printed
            await self._put(record, where, JobPlace.DONE if done else JobPlace.HELD)
        elif where is Where.HELD:
            if self._dice.random() < 0.5:
                await self._put(record, where, JobPlace.QUEUE, allowed=job.papers + 1)
            else:
                await self._put(record, where, JobPlace.DONE, given=True)
        elif where is Where.ENDED:
            await self._spool.removeData(number)
            self._know(number, sure=frozenset({Where.ENDED, Where.GONE}))
            await self._spool.remove(number)
            self._know(number, sure=frozenset({Where.GONE}))
            return
        self._free.add(number)

    async def _put(self, record: SpoolRecord, where: Where, to: JobPlace, **known: Any) -> None:
        number, attempts = record.number, record.attempts + 1
        either = (self._ledger.jobs[number].attempts or frozenset()) | {record.attempts, attempts}
        self._know(number, sure=frozenset({where, PLACES[to]}), attempts=either, **known)
        await self._spool.change(record.but(attempts=attempts), to)
        self._know(number, sure=frozenset({PLACES[to]}), attempts=frozenset({attempts}))
