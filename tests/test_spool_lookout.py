"""
Whether a printer that was away answers again, where it can be asked without a connection.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from jetdirect.spool.dialling import Dialling
from jetdirect.spool.lookout import ASKED, Lookout


class Printer:
    """
    One that is asked.

    @ivar works: what it answers; L{None}: it cannot be asked.
    @ivar back: how often its queue was told that it works again.
    """

    def __init__(self, works: bool | None = False) -> None:
        self.works = works
        self.asked = self.back = 0
        self.clock = Clock()
        self.lookout = Lookout(self.clock, Dialling(self.clock), self._ask, self._isBack)

    def _ask(self) -> Deferred[bool] | None:
        self.asked += 1
        return None if self.works is None else succeed(self.works)

    def _isBack(self) -> None:
        self.back += 1

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(int(10 * seconds)):
            self.clock.advance(0.1)


def test_back() -> None:
    """One that was silent and answers is told once, and not asked any more."""
    printer = Printer()
    printer.lookout.begin()
    printer.advance(3 * ASKED)
    assert printer.back == 0 and printer.asked in (3, 4)
    printer.works = True
    printer.advance(ASKED + 1)
    asked = printer.asked
    printer.advance(10 * ASKED)
    assert (printer.back, printer.asked) == (1, asked)
    assert printer.clock.getDelayedCalls() == []


def test_answersAllAlong() -> None:
    """An answer is no news of a printer that answered before: it is away for another reason."""
    printer = Printer(works=True)
    printer.lookout.begin()
    printer.advance(10 * ASKED)
    assert printer.back == 0 and printer.asked >= 9


def test_silentBefore() -> None:
    """What it was when its queue last looked counts: it may be back before the first question."""
    printer = Printer()
    printer.lookout.begin()
    printer.advance(1)
    printer.lookout.end()
    printer.works = True
    printer.lookout.begin()
    printer.advance(1)
    assert printer.back == 1


def test_ended() -> None:
    """When its queue has looked itself no question is asked, and nothing waits."""
    printer = Printer()
    printer.lookout.end()
    printer.lookout.begin()
    printer.advance(1)
    printer.lookout.end()
    asked = printer.asked
    printer.works = True
    printer.advance(10 * ASKED)
    assert (printer.back, printer.asked) == (0, asked)
    assert printer.clock.getDelayedCalls() == []


def test_cannotBeAsked() -> None:
    """One that only a job reaches is asked once, and left alone."""
    printer = Printer(works=None)
    printer.lookout.begin()
    printer.advance(10 * ASKED)
    assert (printer.back, printer.asked) == (0, 1)
    assert printer.clock.getDelayedCalls() == []
