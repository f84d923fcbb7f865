"""
A spool in memory for tests: its disk loses what was not synced, its work is done when a test says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from jetdirect.spool.files import FileSpool
from jetdirect.spool.record import SpoolRecord
from jetdirect.spool.store import Store
from tests.support.disk import LosingDisk, PowerCut

_Result = TypeVar("_Result")

RECORD = SpoolRecord(number=0, port="", name="a.ps", user="anna", host="192.0.2.7", received=1.0)


class Work:
    """
    What would be done in threads: at once, or when a test lets it.

    @ivar held: what was asked for and not done yet; L{None}: all is done at once.
    @ivar untold: what was done, and the reactor has not heard of.
    """

    def __init__(self) -> None:
        self.held: list[tuple[Callable[[], Any], Deferred[Any]]] | None = None
        self.untold: list[tuple[Deferred[Any], Deferred[Any]]] = []

    def do(self, work: Callable[[], _Result]) -> Deferred[_Result]:
        """L{jetdirect.spool.files.Worker}."""
        if self.held is None:
            return _done(work)
        done: Deferred[_Result] = Deferred()
        self.held.append((work, done))
        return done

    def hold(self) -> None:
        """Do nothing from now on."""
        self.held = []

    def one(self, which: int = 0) -> None:
        """Do one thing that is held."""
        self.silently(which)
        self.tell(-1)

    def silently(self, which: int) -> None:
        """Do one thing that is held; as with threads, the reactor hears of it some time later."""
        assert self.held is not None
        work, done = self.held.pop(which)
        self.untold.append((_done(work), done))

    def tell(self, which: int) -> None:
        """Let the reactor hear of one thing that was done."""
        result, done = self.untold.pop(which)
        result.chainDeferred(done)

    def kill(self) -> None:
        """The process is gone: nothing more is done or heard of."""
        for result, _ in self.untold:
            result.addErrback(lambda _: None)
        self.held, self.untold = [], []

    def go(self) -> None:
        """Do all that is held, and from now on all at once."""
        while self.held:
            self.one()
        self.held = None


def _done(work: Callable[[], _Result]) -> Deferred[_Result]:
    def off(failure: Failure) -> Any:
        # Nobody hears any more what a machine was at when its power went.
        return Deferred() if failure.check(PowerCut) else failure

    done: Deferred[_Result] = maybeDeferred(work)
    done.addErrback(off)
    return done


def spooled(disk: LosingDisk | None = None, port: str = "PORT1") -> tuple[FileSpool, Work]:
    """A spool with one printing port."""
    work = Work()
    spool = FileSpool(Store(disk or LosingDisk()), work.do)
    spool.addPort(port)
    return spool, work
