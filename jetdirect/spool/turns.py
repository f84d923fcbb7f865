"""
Things that are done one after the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Hashable, Sequence
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred, ensureDeferred, maybeDeferred
from twisted.python.failure import Failure

RESERVED_NUMBERS = 100
"""Job numbers that are taken at a time: a crash skips up to so many (chosen)."""

_Result = TypeVar("_Result")
_Item = TypeVar("_Item")


class Turns:
    """For each key one thing at a time, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, deque[tuple[Callable[[], Any], Deferred[Any]]]] = {}

    def do(self, key: Hashable, work: Callable[[], Deferred[_Result]]) -> Deferred[_Result]:
        """
        Do C{work} when all that was asked for before is done.

        @return: fires with what it fires with.
        """
        done: Deferred[_Result] = Deferred()
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.append((work, done))
        else:
            self._waiting[key] = deque()
            self._begin(key, work, done)
        return done

    def _begin(self, key: Hashable, work: Callable[[], Any], done: Deferred[Any]) -> None:
        def over(result: Any) -> None:
            (done.errback if isinstance(result, Failure) else done.callback)(result)
            waiting = self._waiting[key]
            if waiting:
                self._begin(key, *waiting.popleft())
            else:
                del self._waiting[key]

        maybeDeferred(work).addBoth(over)


class Together(Generic[_Item]):
    """Work that is done for many at a time: for all who came while it was done for others."""

    def __init__(
        self,
        work: Callable[[Sequence[_Item]], Coroutine[Deferred[Any], Any, object]],
        most: int,
        times: int = 1,
        soon: Callable[[Callable[[], None]], object] = lambda call: call(),
    ) -> None:
        """
        @param work: does it.
        @param most: for so many.
        @param times: so often at a time.
        @param soon: calls when all that is there now has been asked for.
        """
        self._work = work
        self._most = most
        self._times = times
        self._waiting: deque[tuple[_Item, Deferred[_Item]]] = deque()
        self._busy = 0
        self._soon = soon
        self._called = False

    def give(self, item: _Item, hurry: bool = True) -> Deferred[_Item]:
        """
        Have it done for C{item}, too.

        @param hurry: C{False}: it waits for what is done for others.
        @return: fires with C{item} when that is done; fails as the work does for all of them.
        """
        done: Deferred[_Item] = Deferred()
        self._waiting.append((item, done))
        if not self._called and (hurry or not self._busy) and self._busy < self._times:
            self._called = True
            self._soon(self._now)
        return done

    def _now(self) -> None:
        self._called = False
        self._begin()

    def _begin(self) -> None:
        if not self._waiting or self._busy >= self._times:
            return
        many = min(len(self._waiting), self._most)
        taken = [self._waiting.popleft() for _ in range(many)]

        def over(result: Any) -> None:
            self._busy -= 1
            self._begin()  # the disk does not wait for those who hear of it now
            for item, done in taken:
                if isinstance(result, Failure):
                    done.errback(result)
                else:
                    done.callback(item)

        self._busy += 1
        ensureDeferred(self._work([item for item, _ in taken])).addBoth(over)


class InOrder:
    """Answers that are given in the order of the questions, whichever is ready first."""

    def __init__(self) -> None:
        self._waiting: deque[list[Any]] = deque()

    def give(self, answer: Deferred[_Result]) -> Deferred[_Result]:
        """
        @return: fires as C{answer} does, when all that were given before have fired.
        """
        given: Deferred[_Result] = Deferred()
        entry: list[Any] = [given]
        self._waiting.append(entry)

        def ready(result: Any) -> None:
            entry.append(result)
            while self._waiting and len(self._waiting[0]) > 1:
                first, what = self._waiting.popleft()
                (first.errback if isinstance(what, Failure) else first.callback)(what)

        answer.addBoth(ready)
        return given


class Reserved:
    """
    Numbers that were reserved in a store, given out one by one without waiting, as a rule.

    A store is asked for more before they are used up.
    """

    def __init__(
        self, reserve: Callable[[int], Deferred[int]], step: int, most: int | None = None
    ) -> None:
        """
        @param reserve: takes so many from the store, and fires with the first of them.
        @param step: how many are taken the first time; then always twice as many as before, but
            C{most} at most; by default as many as the first time.
        """
        self._reserve = reserve
        self._step = step
        self._most = most or step
        self._numbers: deque[int] = deque()
        self._waiting: deque[Deferred[int]] = deque()
        self._asking = False

    @property
    def lowest(self) -> int:
        """The next one; 0: there is none."""
        return self._numbers[0] if self._numbers else 0

    def have(self, first: int) -> None:
        """These were taken from the store before: a first step's many."""
        self._add(first, self._step)

    def _add(self, first: int, many: int) -> None:
        self._numbers.extend(range(first, first + many))

    def next(self) -> Deferred[int]:
        """The next one.  @return: fails as the store does, if there is none left."""
        given: Deferred[int] = Deferred()
        self._waiting.append(given)
        self._give()
        return given

    def _give(self) -> None:
        while self._numbers and self._waiting:
            self._waiting.popleft().callback(self._numbers.popleft())
        self._askForMore()

    def take(self) -> int | None:
        """The next one, if one is left."""
        if len(self._numbers) > self._step // 2 and not self._waiting:  # as a rule
            return self._numbers.popleft()
        if not self._numbers or self._waiting:
            self._askForMore()
            return None
        number = self._numbers.popleft()
        self._askForMore()
        return number

    def fill(self) -> Deferred[None]:
        """Have some."""
        self._asking = True
        many, self._step = self._step, min(2 * self._step, self._most)
        return self._reserve(many).addCallback(self._add, many).addBoth(self._numbersCame)

    def _numbersCame(self, result: Any) -> Any:
        self._asking = False
        if isinstance(result, Failure):
            waiting, self._waiting = self._waiting, deque()
            for each in waiting:
                each.errback(result)
        else:
            self._give()
        return result

    def _askForMore(self) -> None:
        if not self._asking and len(self._numbers) < self._step // 2:
            self.fill().addErrback(lambda _: None)
