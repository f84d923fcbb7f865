"""
One after the other: work on one job, answers of one port, numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from jetdirect.spool.turns import InOrder, Reserved, Together, Turns
from tests.support.answers import hear


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


class Asked:
    """Work for many, which ends when a test says."""

    def __init__(self) -> None:
        self.begun: list[list[int]] = []
        self.ends: list[Deferred[None]] = []

    async def work(self, items: Sequence[int]) -> None:
        """L{Together}."""
        self.begun.append([*items])
        end: Deferred[None] = Deferred()
        self.ends.append(end)
        await end


def test_together() -> None:
    """Those who come while others have their turn have the next one together, so many at most."""
    asked, told = Asked(), list[int]()
    together = Together[int](asked.work, 3)
    for number in range(6):
        together.give(number).addCallback(told.append)
    assert (asked.begun, told) == ([[0]], [])
    asked.ends[0].callback(None)
    assert (asked.begun[1:], told) == ([[1, 2, 3]], [0])
    asked.ends[1].callback(None)
    assert (asked.begun[2:], told) == ([[4, 5]], [0, 1, 2, 3])
    asked.ends[2].callback(None)
    assert told == [*range(6)]
    together.give(6)
    assert asked.begun[3:] == [[6]]


def test_twiceAtATime() -> None:
    """So often at a time, and not once more."""
    asked, told = Asked(), list[int]()
    together = Together[int](asked.work, 9, times=2)
    for number in range(5):
        together.give(number).addCallback(told.append)
    assert asked.begun == [[0], [1]]
    asked.ends[1].callback(None)
    assert (asked.begun[2:], told) == ([[2, 3, 4]], [1])
    together.give(5)
    assert len(asked.begun) == 3
    asked.ends[0].callback(None)
    assert (asked.begun[3:], told) == ([[5]], [1, 0])


def test_atTheEndOfATurn() -> None:
    """Those who come in one turn have their turn together; nobody is called twice."""
    asked, calls = Asked(), list[Callable[[], None]]()
    together = Together[int](asked.work, 9, soon=calls.append)
    together.give(1)
    together.give(2)
    assert asked.begun == [] and len(calls) == 1
    calls.pop()()
    assert asked.begun == [[1, 2]]
    together.give(3)
    asked.ends[0].callback(None)
    assert asked.begun[1:] == [[3]] and calls == []


def test_hint() -> None:
    """What is in no hurry is done with what comes, or at once if nothing is under way."""
    asked = Asked()
    together = Together[int](asked.work, 9, times=2)
    together.give(1, hurry=False)
    together.give(2, hurry=False)
    assert asked.begun == [[1]]
    together.give(3)
    assert asked.begun == [[1], [2, 3]]


def test_togetherForNothing() -> None:
    """When the work fails, all are told; the next ones try again."""
    asked = Asked()
    together = Together[int](asked.work, 3)
    first, second, third = (hear(together.give(number)) for number in range(3))
    asked.ends[0].callback(None)
    asked.ends[1].errback(OSError())
    assert (first, type(second[0]), type(third[0])) == ([0], OSError, OSError)
    fourth = hear(together.give(3))
    asked.ends[2].callback(None)
    assert fourth == [3]


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
