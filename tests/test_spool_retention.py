"""
What is kept of the ended jobs of a printing port, and for how long.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from jetdirect.errors import SpoolFailed
from jetdirect.named import PortSettings
from jetdirect.spool.duplicates import WINDOW
from jetdirect.spool.limits import Keep
from jetdirect.spool.portjobs import PortJobs
from jetdirect.spool.record import JobPlace, Kept, SpoolRecord
from jetdirect.spool.retention import SWEEP, SpoolRetention
from tests.support.answers import hear
from tests.support.spooled import RECORD


class Ended:
    """
    Ended jobs of one port.

    @ivar done: what was asked of the spool: to remove the bytes of a job, or all of it.
    @ivar known: the jobs that the history has.
    """

    def __init__(self, history: bool = False, **settings: Any) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.done: list[tuple[str, int]] = []
        self.known: set[int] = set()
        self.fails = False
        context: Any = SimpleNamespace(
            shared=None,
            clock=self.clock,
            wallClock=self.clock.seconds,
            spool=self,
            history=SimpleNamespace(recorded=self.known.__contains__) if history else None,
        )
        port: Any = SimpleNamespace(name="ward3", settings=PortSettings(**settings))
        self.jobs = PortJobs(port, context)
        self.retention = SpoolRetention(context, self.jobs)

    def removeData(self, number: int) -> Deferred[None]:
        self.done.append(("bytes", number))
        return fail(SpoolFailed("failed")) if self.fails else succeed(None)

    def remove(self, number: int) -> Deferred[None]:
        self.done.append(("all", number))
        return succeed(None)

    def end(self, *numbers: int, ended: float = 0.0) -> None:
        """These have ended, now unless another time is said."""
        for number in numbers:
            record = self._record(number, ended)
            assert hear(Deferred.fromCoroutine(self.retention.retain(record))) == [None]

    def find(self, number: int, ended: float = 0.0, sha256: str = "0") -> None:
        """This one had ended when the process began."""
        record = self._record(number, ended).but(sha256=sha256)
        assert hear(Deferred.fromCoroutine(self.retention.found(record))) == [None]

    def _record(self, number: int, ended: float) -> SpoolRecord:
        self.jobs.ended(Kept(number, number, 10))
        return RECORD.but(
            number=number, size=10, outcome="canceled", ended=ended or self.clock.seconds()
        )

    def taken(self) -> list[tuple[str, int]]:
        """What was done since it was asked last."""
        done, self.done = self.done, []
        return done

    def later(self, seconds: float) -> list[tuple[str, int]]:
        """Let time pass.  @return: what was done then."""
        self.clock.pump([SWEEP] * int(seconds / SWEEP + 1))
        return self.taken()


def test_nothing() -> None:
    """Without a word the bytes go at once, and the record when nobody can send the job again."""
    ended = Ended()
    ended.end(1)
    assert ended.taken() == [("bytes", 1)] and ended.retention.bytes == 0
    assert ended.later(WINDOW - 2 * SWEEP) == []
    assert ended.jobs.stateOf(1) == "canceled"
    assert ended.later(3 * SWEEP) == [("all", 1)]
    assert ended.jobs.stateOf(1) is None
    assert ended.clock.getDelayedCalls() == []


def test_keep() -> None:
    """Of those that are kept the oldest goes when there is one more."""
    ended = Ended(keep=Keep(jobs=2))
    ended.end(1, 2)
    assert ended.taken() == [] and ended.retention.bytes == 20
    ended.end(3)
    assert ended.taken() == [("bytes", 1)] and ended.retention.bytes == 20


def test_keepTime() -> None:
    """Those that are kept for a time go without another job."""
    ended = Ended(keep=Keep(seconds=3600.0))
    ended.end(1)
    assert ended.later(3600 - SWEEP) == []
    assert ended.later(3 * SWEEP) == [("bytes", 1), ("all", 1)]


def test_history() -> None:
    """The record stays until the history has it; those behind it wait, too."""
    ended = Ended(history=True)
    ended.end(1, 2)
    ended.taken()
    ended.known.add(2)
    assert ended.later(2 * WINDOW) == []
    ended.known.add(1)
    assert ended.later(SWEEP) == [("all", 1), ("all", 2)]


def test_erased() -> None:
    """Whose bytes an operator has removed is not counted, and is forgotten in its time."""
    ended = Ended(keep=Keep(jobs=2))
    ended.end(1, 2)
    ended.retention.erased(1)
    assert ended.retention.bytes == 10
    ended.end(3)
    assert ended.taken() == []
    assert ended.later(WINDOW + 2 * SWEEP) == [("all", 1)]


def test_foundInAnyOrder() -> None:
    """What a start finds is kept by the times of the ends, whichever job came first."""
    ended = Ended(keep=Keep(seconds=3600.0))
    now = ended.clock.seconds()
    ended.find(1, ended=now)
    ended.find(2, ended=now - 7200)
    assert ended.taken()[:1] == [("bytes", 2)]
    assert ended.retention.bytes == 10


def test_foundErased() -> None:
    """Bytes that were erased, and are there after a crash, go however many are kept."""
    ended = Ended(keep=Keep(jobs=2))
    ended.find(1, sha256="")
    assert ended.taken() == [("bytes", 1)] and ended.retention.bytes == 0
    assert ended.jobs.stateOf(1) == "canceled"
    assert ended.later(WINDOW + 2 * SWEEP) == [("all", 1)]


def test_clockSetForward() -> None:
    """A job that ended in the future, by a clock that was wrong, ended now."""
    ended = Ended()
    ended.end(1, ended=ended.clock.seconds() + 10**6)
    ended.taken()
    assert ended.later(WINDOW + 2 * SWEEP) == [("all", 1)]


def test_told() -> None:
    """Its end is known, and that its sender was not told matters no more."""
    ended = Ended(keep=Keep(jobs=1))
    ended.jobs.unheard.add(1)
    ended.end(1)
    assert ended.jobs.places == {1: JobPlace.DONE}
    assert ended.jobs.unheard == set() and ended.jobs.ends == {1: "canceled"}


@pytest.mark.parametrize("numbers", [(1,), (1, 2)])
def test_diskFails(numbers: tuple[int, ...]) -> None:
    """What the disk does not remove the next start removes; the others go on."""
    ended = Ended()
    ended.fails = True
    ended.end(*numbers)
    assert ended.taken() == [("bytes", number) for number in numbers]
    assert ended.later(WINDOW + 2 * SWEEP) == [("all", number) for number in numbers]


def test_stop() -> None:
    """When the gateway stops nothing waits, and what ends then is left to the next start."""
    ended = Ended(keep=Keep(seconds=60.0))
    ended.end(1)
    ended.retention.stop()
    assert ended.clock.getDelayedCalls() == []
    ended.end(2)
    assert ended.clock.getDelayedCalls() == []
