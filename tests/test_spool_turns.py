"""
One after the other: work on one job, answers of one port, numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from jetdirect.spool.turns import InOrder, Reserved, Together, Turns
from tests.support.answers import hear
from tests.support.spooled import Work


def test_oneThingAtATime() -> None:
    """Of one key one thing is done at a time; another key does not wait for it."""
    turns, answers, begun = Turns(), [Deferred[int]() for _ in range(3)], []

    def ask(key: str, which: int) -> list[Any]:
        def work() -> Deferred[int]:
            begun.append(which)
            return answers[which]

        return hear(turns.do(key, work))

    told = [ask(key, which) for which, key in enumerate("aab")]
    assert begun == [0, 2]
    answers[0].errback(ValueError())
    assert begun == [0, 2, 1]
    answers[1].callback(1)
    answers[2].callback(2)
    assert [type(each[0]) for each in told] == [ValueError, int, int]


def test_together() -> None:
    """Those who come while others have their turn have the next one together, so many at most."""
    work, done = Work(), list[list[int]]()
    together = Together[int](work.do, lambda items: done.append([*items]), 3)
    work.hold()
    told: list[int] = []
    for number in range(5):
        together.give(number).addCallback(told.append)
    work.silently(0)
    together.give(5).addCallback(told.append)
    assert (done, told) == ([[0, 1, 2]], [])
    work.tell(0)
    assert told == [0, 1, 2]
    work.go()
    assert (done[1:], told[3:]) == ([[3, 4, 5]], [3, 4, 5])


def test_togetherInTwoThreads() -> None:
    """While one works the other has what comes, and a third stands ready; it may find nothing."""
    work, done = Work(), list[list[int]]()
    together = Together[int](work.do, lambda items: done.append([*items]), 2, threads=2)
    work.hold()
    told: list[int] = []
    for number in range(4):
        together.give(number).addCallback(told.append)
    assert len(work.held or ()) == 3
    for which in (2, 1, 0):
        work.silently(which)
    together.give(4).addCallback(told.append)
    assert (done, told, work.held) == ([[0, 1], [2, 3]], [], [])
    for _ in range(3):
        work.tell(-1)
    assert told == [2, 3, 0, 1]
    together.give(5).addCallback(told.append)
    work.go()
    assert (done[2:], told[4:]) == ([[4, 5]], [4, 5])


def test_hint() -> None:
    """What is in no hurry is done with what comes, or at once if nothing is under way."""
    work, done = Work(), list[list[str]]()
    together = Together[str](work.do, lambda items: done.append([*items]), 9, threads=2)
    work.hold()
    together.give("hint", hurry=False)
    work.silently(0)
    together.give("next hint", hurry=False)
    assert (done, work.held) == ([["hint"]], [])
    together.give("job")
    work.one()
    assert done == [["hint"], ["next hint", "job"]]


def test_togetherWithoutASecondThread() -> None:
    """When there is no thread more, the one that works has all."""
    work, done = Work(), list[list[int]]()
    refused = False

    def do(step: Callable[[], Any]) -> Deferred[Any]:
        return fail(RuntimeError("no thread")) if refused else work.do(step)

    together = Together[int](do, lambda items: done.append([*items]), 9, threads=2)
    work.hold()
    together.give(1)
    work.silently(0)
    refused = True
    told = hear(together.give(2))
    refused = False
    work.tell(0)
    work.one()
    assert (done, told) == ([[1], [2]], [2])


def test_togetherForNothing() -> None:
    """When the work fails, or there is no thread for it, all are told; the next ones try again."""
    refusals = [fail(RuntimeError("no thread"))]

    def fails(items: Sequence[str]) -> None:
        raise OSError(*items)

    work = Work()
    assert isinstance(hear(Together[str](work.do, fails, 3).give("a"))[0], OSError)
    together = Together[str](
        lambda step: refusals.pop() if refusals else work.do(step), lambda items: None, 3
    )
    assert isinstance(hear(together.give("a"))[0], RuntimeError)
    assert hear(together.give("b")) == ["b"]


def test_workThatAsksForMore() -> None:
    """What is asked for when something is done has its turn, too."""
    turns = Turns()
    told: list[Any] = []
    turns.do(1, lambda: succeed(1)).addCallback(
        lambda _: turns.do(1, lambda: succeed(2)).addCallback(told.append)
    )
    assert told == [2]


def test_inOrder() -> None:
    """Answers are given in the order of the questions, failures too; many at once need no stack."""
    order = InOrder()
    answers: list[Deferred[int]] = [Deferred() for _ in range(5000)]
    given: list[Any] = []
    for each in answers:
        order.give(each).addBoth(given.append)
    for number in reversed(range(1, 5000)):
        answers[number].callback(number)
    assert given == []
    answers[0].errback(ValueError())
    assert given[0].check(ValueError)
    assert given[1:] == list(range(1, 5000))


def test_reserved() -> None:
    """Numbers come one by one; more are asked for before they are used up."""
    asked: list[Deferred[int]] = []

    def reserve(count: int) -> Deferred[int]:
        assert count == 4
        asked.append(Deferred())
        return asked[-1]

    numbers = Reserved(reserve, 4)
    assert numbers.take() is None
    first = hear(numbers.next())
    assert first == []
    assert numbers.take() is None  # somebody else waits for it
    asked.pop().callback(11)
    assert first == [11]
    assert [numbers.take(), numbers.take()] == [12, 13]
    [more] = asked
    assert numbers.take() == 14
    assert numbers.take() is None
    more.callback(101)
    assert numbers.take() == 101


def test_moreEachTime() -> None:
    """Who uses them quickly asks seldom: for twice as many each time, up to a bound."""
    asked: list[int] = []

    def reserve(count: int) -> Deferred[int]:
        asked.append(count)
        return succeed(1 + sum(asked[:-1]))

    numbers = Reserved(reserve, 4, 10)
    assert [numbers.next().result for _ in range(60)] == [*range(1, 61)]
    assert asked == [4, 8, 10, 10, 10, 10, 10, 10]


def test_noneReserved() -> None:
    """A caller that waits for a number is told when there is none; the next one asks again."""
    answers = [fail(OSError()), succeed(5)]
    numbers = Reserved(lambda count: answers.pop(0), 4)
    assert [type(each) for each in hear(numbers.next())] == [OSError]
    assert hear(numbers.next()) == [5]


def test_fill() -> None:
    """A start can wait until there are some."""
    numbers = Reserved(lambda count: succeed(1), 4)
    assert hear(numbers.fill()) == [None]
    assert numbers.take() == 1


def test_asksAgain() -> None:
    """When a store that failed is well, there are numbers again for who does not wait."""
    answers = [succeed(1), fail(OSError()), fail(OSError()), succeed(5)]
    numbers = Reserved(lambda count: answers.pop(0), 2)
    numbers.fill()
    assert [numbers.take() for _ in range(4)] == [1, 2, None, None]
    assert numbers.take() == 5
