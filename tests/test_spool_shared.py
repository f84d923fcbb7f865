"""
A gateway among others: when it may print, what it gives up, whom it asks, and who sends again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock, deferLater

from jetdirect.errors import PrintError, SpoolFailed, WrongState
from jetdirect.spool.beat import Asked, Beat, Changed, Silent, Told
from jetdirect.spool.record import JobPlace, Kept, SpoolRecord
from jetdirect.spool.shared import ANSWERED, BEAT, LEASE, TOLD_WITHIN, Following, SharedDuplicates
from jetdirect.testing.rules import hear

NOTHING = Beat(frozenset(), frozenset(), (), {}, (), {}, {})
RECORD = SpoolRecord(number=9, port="lab", name="", user="", host="192.0.2.1", received=1.0)


class Queue:
    """One port's, as far as it is asked here."""

    removed = mine = False
    printing = False
    name = "Lab"

    def __init__(self) -> None:
        self.port = self
        self.cuts: list[PrintError] = []
        self.verbs = self

    def cut(self, error: PrintError) -> None:
        self.cuts.append(error)

    def leave(self) -> bool:
        if not self.printing:
            self.mine = False
        return not self.printing

    async def reopen(self, mine: bool) -> None:
        self.mine = mine

    def learn(self, changed: object) -> None:
        """Nothing."""

    async def cancel(self, number: int, by: str) -> None:
        if number != 7:
            raise WrongState(f"job {number} has ended already")


class ScriptedSpool:
    """A spool that answers as a test says, and the queues of one gateway."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.queues: dict[str, Any] = {"lab": Queue()}
        self.paused: dict[str, str] = {}
        self.pauses = 0
        self.broken: PrintError | None = None
        self.history: Any = None
        self.stopping = False
        self.told: list[Told] = []
        self.changed: list[str] = []
        self.portChanged = self.changed.append
        self.beat_: Callable[[], Deferred[Beat]] = lambda: succeed(NOTHING)
        self.suspected = 0
        here: Any = self
        self.following = Following(here, here)
        self.following.begin()

    @property
    def lab(self) -> Queue:
        """The queue of its one port."""
        queue: Queue = self.queues["lab"]
        return queue

    def failed(self, error: PrintError) -> None:
        self.broken = error

    def well(self) -> None:
        self.broken = None

    def pausedElsewhere(self, paused: Mapping[str, str]) -> None:
        self.paused = dict(paused)

    def hears(self, **what: Any) -> None:
        """What all beats say from now on; one passes."""
        self.beat_ = lambda: succeed(NOTHING._replace(**what))
        self.clock.advance(BEAT)

    # ISharedSpool

    def beat(self, told: Told) -> Deferred[Beat]:
        self.told.append(told)
        return self.beat_()

    def ask(self, *what: object) -> Deferred[int]:
        return succeed(5)

    def suspects(self, record: SpoolRecord) -> Deferred[bool]:
        return succeed(self.suspected > 0)

    def original(self, record: SpoolRecord, living: bool) -> Deferred[int]:
        return succeed(self.suspected if living else 0)


def test_lease() -> None:
    """Who is not answered for two seconds after a question prints no more."""
    scripted = ScriptedSpool()
    scripted.hears(mine=frozenset({"lab"}))
    assert scripted.lab.mine
    scripted.beat_ = Deferred
    scripted.clock.pump([0.1] * 19)
    assert scripted.lab.cuts == [] and scripted.broken is None
    scripted.clock.advance(0.2)
    assert "has not answered for 2 s" in str(scripted.lab.cuts[0]) and scripted.broken is not None


def test_slowAnswer() -> None:
    """The time counts from the question, not from its answer."""
    scripted = ScriptedSpool()
    scripted.hears(mine=frozenset({"lab"}))
    slow: Deferred[Beat] = Deferred()
    scripted.beat_ = lambda: slow
    scripted.clock.advance(BEAT)
    scripted.clock.advance(1.4)
    slow.callback(NOTHING._replace(mine=frozenset({"lab"})))
    scripted.beat_ = Deferred
    scripted.clock.advance(LEASE - 1.4 - 0.01)
    assert scripted.lab.cuts == []
    scripted.clock.advance(0.02)
    assert len(scripted.lab.cuts) == 1


def test_isWellAgain() -> None:
    """A beat that fails is tried again, and says all again; then jobs are taken."""
    scripted = ScriptedSpool()
    scripted.beat_ = lambda: fail(SpoolFailed("the database failed"))
    scripted.clock.advance(BEAT)
    assert scripted.broken is not None
    scripted.hears()
    assert scripted.broken is None


def test_givesUp() -> None:
    """A port that another one should have is given up when nothing is printed there."""
    scripted = ScriptedSpool()
    scripted.hears(mine=frozenset({"lab"}))
    scripted.lab.printing = True
    scripted.hears(mine=frozenset({"lab"}), spare=frozenset({"lab"}))
    scripted.clock.advance(BEAT)
    assert scripted.lab.mine and not scripted.told[-1].given
    scripted.lab.printing = False
    scripted.clock.pump([BEAT, BEAT])
    assert not scripted.lab.mine and scripted.told[-1].given == {"lab"}
    scripted.hears()
    scripted.clock.advance(BEAT)
    assert not scripted.told[-1].given


def test_stops() -> None:
    """A gateway that stops gives up what it does not print, and offers no port."""
    scripted = ScriptedSpool()
    scripted.hears(mine=frozenset({"lab"}))
    scripted.stopping = True
    scripted.clock.pump([BEAT, BEAT])
    assert scripted.told[-1].given == {"lab"} and not scripted.told[-1].ports
    scripted.following.stop()
    assert not scripted.clock.getDelayedCalls()


def test_pauses() -> None:
    """What another gateway was told of pauses counts here, but not over what is under way here."""
    scripted = ScriptedSpool()
    scripted.hears(paused={"lab": "anna"})
    assert scripted.paused == {"lab": "anna"}
    beat: Deferred[Beat] = Deferred()
    scripted.beat_ = lambda: beat
    scripted.clock.advance(BEAT)
    scripted.pauses += 1
    beat.callback(NOTHING)
    assert scripted.paused == {"lab": "anna"}


def test_isAsked() -> None:
    """What it is asked it does, and says what came of it."""
    scripted = ScriptedSpool()
    scripted.hears(mine=frozenset({"lab"}))
    asked = [Asked(1, "lab", "cancel", 7, "", "anna"), Asked(2, "lab", "cancel", 8, "", "anna")]
    scripted.hears(mine=frozenset({"lab"}), asked=asked)
    scripted.hears(mine=frozenset({"lab"}))
    assert scripted.told[-1].answers == {1: "", 2: "job 8 has ended already"}
    scripted.clock.advance(BEAT)
    assert scripted.told[-1].answers == {}


def test_silent() -> None:
    """A port whose gateway falls silent is seen otherwise, once, and once more when it speaks."""
    scripted = ScriptedSpool()
    for seconds in (3.0, 3.5):
        scripted.hears(
            silent={"lab": Silent("a machine", seconds), "no port here": Silent("", 3.0)}
        )
    assert scripted.changed == ["Lab"] and scripted.following.silent["lab"].seconds == 3.5
    scripted.hears()
    assert scripted.changed == ["Lab", "Lab"] and not scripted.following.silent


@pytest.mark.parametrize("answer", ["", "job 7 has ended already", None])
def test_asks(answer: str | None) -> None:
    """Whoever asks hears what came of it, or that nobody has answered."""
    scripted = ScriptedSpool()
    told = hear(Deferred.fromCoroutine(scripted.following.ask("lab", "cancel", 7, "", "anna")))
    if answer is None:
        scripted.clock.pump([BEAT] * int(ANSWERED / BEAT))
        assert "has not answered" in str(told[0])
    else:
        scripted.hears(answers={5: answer})
        assert [str(each or "") for each in told] == [answer]


def test_comesAgain() -> None:
    """
    A job that may be one once more waits until it is known whether the sender of that has heard;
    the first of that kind, and every other, does not wait.
    """
    scripted = ScriptedSpool()
    spool: Any = scripted
    duplicates = SharedDuplicates(spool, scripted.clock)
    assert hear(duplicates.original(RECORD)) == [0]
    scripted.suspected = 4
    told = hear(duplicates.original(RECORD))
    scripted.clock.pump([BEAT] * 2)
    assert told == []
    scripted.suspected = 0
    scripted.clock.advance(BEAT)
    assert told == [0]
    scripted.suspected = 4
    told = hear(duplicates.original(RECORD))
    scripted.clock.pump([BEAT] * int(TOLD_WITHIN / BEAT))
    assert told == [4]


class Erasing:
    """A history that only erases."""

    def __init__(self) -> None:
        self.erased: list[int] = []

    def erase(self, number: int) -> Deferred[bool]:
        """L{IHistory}."""
        self.erased.append(number)
        return succeed(True)


def test_erases() -> None:
    """The names of a job that was erased, by whichever gateway, this one remembers no more."""
    scripted = ScriptedSpool()
    scripted.history = Erasing()
    kept = Kept(1, 7, 10)
    ended = Changed("lab", kept, JobPlace.DONE, "", "completed", False)
    scripted.hears(changed=[ended])
    assert scripted.history.erased == []
    scripted.hears(changed=[ended._replace(reason="erased")])
    assert scripted.history.erased == [7]


def test_farAway() -> None:
    """Beats begin at equal times, also where an answer takes nearly half the time that counts."""
    scripted = ScriptedSpool()
    scripted.hears(mine=frozenset({"lab"}))
    told = NOTHING._replace(mine=frozenset({"lab"}))
    scripted.beat_ = lambda: deferLater(scripted.clock, 0.45 * LEASE, lambda: told)
    scripted.clock.pump([0.1] * 100)
    assert scripted.lab.cuts == [] and scripted.lab.mine
    scripted.following.stop()
