"""One timer of the reactor for all of ours: at the right times, in order, and none too many."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from jetdirect.net.agenda import FEW_CANCELED, Agenda
from tests.conftest import FlushErrors


class Diary:
    """What was called, and when."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.agenda = Agenda(self.clock)
        self.entries: list[tuple[float, str]] = []

    def note(self, word: str) -> Callable[[], None]:
        return lambda: self.entries.append((self.clock.seconds(), word))

    def timers(self) -> int:
        return len(self.clock.getDelayedCalls())


@pytest.fixture
def diary() -> Diary:
    return Diary()


def test_calls_are_made_at_their_times_by_one_timer(diary: Diary) -> None:
    for seconds in (3, 1, 2, 2):
        diary.agenda.callLater(seconds, diary.note(f"after {seconds}"))
    assert diary.timers() == 1
    diary.clock.pump([0.5] * 8)
    assert diary.entries == [(1, "after 1"), (2, "after 2"), (2, "after 2"), (3, "after 3")]
    assert diary.timers() == 0


def test_arguments_are_passed_on(diary: Diary) -> None:
    heard: list[object] = []
    diary.agenda.callLater(1, lambda *words, **more: heard.append((words, more)), 1, 2, three=3)
    diary.clock.advance(1)
    assert heard == [((1, 2), {"three": 3})]


def test_the_next_turn_is_the_reactors_own(diary: Diary) -> None:
    diary.agenda.callLater(0, diary.note("now"))
    diary.clock.advance(0)
    assert diary.entries == [(0, "now")]


def test_what_is_canceled_is_not_called_and_leaves_no_timer(diary: Diary) -> None:
    first = diary.agenda.callLater(1, diary.note("first"))
    second = diary.agenda.callLater(2, diary.note("second"))
    first.cancel()
    diary.clock.advance(1.5)
    assert diary.entries == [] and diary.timers() == 1
    second.cancel()
    assert diary.timers() == 0


def test_what_is_over_cannot_be_changed(diary: Diary) -> None:
    canceled = diary.agenda.callLater(1, diary.note("canceled"))
    called = diary.agenda.callLater(1, diary.note("called"))
    assert verifyObject(IDelayedCall, called) and called.active() and called.getTime() == 1
    canceled.cancel()
    diary.clock.advance(1)
    assert not canceled.active() and not called.active()
    for each, why in ((canceled, AlreadyCancelled), (called, AlreadyCalled)):
        for change in (
            each.cancel,
            lambda each=each: each.reset(1),
            lambda each=each: each.delay(1),
        ):
            with pytest.raises(why):
                change()
    assert diary.entries == [(1, "called")]


@pytest.mark.parametrize(("seconds", "called"), [(1, 2), (4, 5)])
def test_a_call_is_moved(diary: Diary, seconds: float, called: float) -> None:
    moved = diary.agenda.callLater(3, diary.note("moved"))
    diary.clock.advance(1)
    moved.reset(seconds)
    diary.clock.pump([1] * 6)
    assert diary.entries == [(called, "moved")] and diary.timers() == 0


def test_a_call_is_delayed(diary: Diary) -> None:
    diary.agenda.callLater(1, diary.note("delayed")).delay(1)
    diary.clock.pump([1] * 3)
    assert diary.entries == [(2, "delayed")]


def test_whoever_comes_while_others_are_called_hides_nobody(diary: Diary) -> None:
    diary.agenda.callLater(1, lambda: diary.agenda.callLater(9, diary.note("later")))
    diary.agenda.callLater(2, diary.note("soon"))
    diary.clock.pump([1] * 10)
    assert diary.entries == [(2, "soon"), (10, "later")]


def test_the_last_may_be_canceled_by_one_that_is_called(diary: Diary) -> None:
    last = diary.agenda.callLater(2, diary.note("last"))
    diary.agenda.callLater(1, last.cancel)
    diary.clock.advance(1)
    assert diary.timers() == 0
    diary.agenda.callLater(1, diary.note("new"))
    diary.clock.advance(1)
    assert diary.entries == [(2, "new")]


def test_one_that_fails_is_logged_and_hurts_nobody(diary: Diary, flushErrors: FlushErrors) -> None:
    diary.agenda.callLater(1, lambda: 1 / 0)
    diary.agenda.callLater(1, diary.note("next"))
    diary.clock.advance(1)
    assert len(flushErrors(ZeroDivisionError)) == 1 and diary.entries == [(1, "next")]


def test_canceled_calls_do_not_pile_up(diary: Diary) -> None:
    diary.agenda.callLater(1000, diary.note("patient"))
    for _ in range(10 * FEW_CANCELED):
        diary.agenda.callLater(60, diary.note("hasty")).cancel()
    assert len(diary.agenda._queue) <= FEW_CANCELED + 3
    diary.clock.advance(1000)
    assert diary.entries == [(1000, "patient")]
