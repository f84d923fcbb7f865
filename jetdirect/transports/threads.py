"""
Work on a device or a disk, which may sleep in the kernel for long, or for ever.

Each printer has one thread for it, and the reactor's own are not used: ten pieces of work that
never come back would take all of those.  Then no host name could be looked up, and the process
would wait for them at its end.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..errors import PrinterUnreachable
from ..net.reactor import IDeviceReactor

STUCK_AFTER = 5.0
"""Seconds after which the next job does not wait for what the thread is at (chosen: the longest
call that is known to be well takes as long, USB's question for the status)."""

IDLE = 5.0
"""Seconds without work after which the thread ends (chosen)."""

_Result = TypeVar("_Result")


class _Work(NamedTuple):
    do: Callable[[], Any]
    done: Deferred[Any]
    late: Callable[[Any], object]


class PrinterThread:
    """
    One printer's thread, which does one piece of work after the other.

    A reactor may bring its own kind (C{printerThread}), as those of tests do.
    """

    def __init__(self, reactor: IDeviceReactor, name: str) -> None:
        """@param name: what the thread is called."""
        self._reactor = reactor
        own = getattr(reactor, "printerThread", None)
        self._thread = Daemon(name) if own is None else own(name)
        self._waiting: deque[_Work] = deque()
        self._at: _Work | None = None
        self._since = 0.0

    @property
    def busy(self) -> bool:
        """Is there work that has not come back?"""
        return self._at is not None

    @property
    def stuck(self) -> float:
        """For how many seconds work has not come back; 0 as long as that is not too long."""
        silent = self._reactor.seconds() - self._since if self.busy else 0.0
        return silent if silent >= STUCK_AFTER else 0.0

    def do(self, work: Callable[[], _Result]) -> Deferred[_Result]:
        """
        Do C{work} when all before is done.

        @return: fires with what it returns, or fails with what it raises.  If it is canceled the
            work is done all the same.
        """
        return self._put(_Work(work, Deferred(), lambda _: None))

    def begin(
        self, work: Callable[[], _Result], late: Callable[[_Result], object]
    ) -> Deferred[_Result]:
        """
        The same, for work that nobody wants if it is canceled before it has begun.

        @param late: is given what it returned when it was canceled later.
        """
        return self._put(_Work(work, Deferred(self._drop), late))

    def check(self, what: str) -> None:
        """
        To be called before a job begins with something: not behind work that does not come back.

        @param what: does it, such as C{"the disk"}.
        @raise PrinterUnreachable: there is some.
        """
        if self.stuck:
            raise PrinterUnreachable(f"{what} has not answered for {self.stuck:.0f} s")

    def _put(self, work: _Work) -> Deferred[Any]:
        self._waiting.append(work)
        self._next()
        return work.done

    def _drop(self, done: Deferred[Any]) -> None:
        self._waiting = deque(work for work in self._waiting if work.done is not done)

    def _next(self) -> None:
        if self._at is None and self._waiting:
            self._at = self._waiting.popleft()
            self._since = self._reactor.seconds()
            self._thread.callInThreadWithCallback(self._tell, self._at.do)

    def _tell(self, well: bool, result: Any) -> None:
        # In the thread.
        self._reactor.callFromThread(self._did, well, result)

    def _did(self, well: bool, result: Any) -> None:
        work, self._at = self._at, None
        assert work is not None
        if not work.done.called:
            (work.done.callback if well else work.done.errback)(result)
        elif well:
            work.late(result)
        self._next()


class Daemon:
    """A thread that holds up nothing: not the reactor, nor the end of the process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._news = threading.Condition()
        self._waiting: deque[tuple[Callable[[bool, Any], None], Callable[[], Any]]] = deque()
        self._runs = False

    def callInThreadWithCallback(
        self, tell: Callable[[bool, Any], None], work: Callable[[], Any]
    ) -> None:
        """As a L{ThreadPool<twisted.python.threadpool.ThreadPool>} does."""
        with self._news:
            self._waiting.append((tell, work))
            self._news.notify()
            if self._runs:
                return
            self._runs = True
        try:
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        except RuntimeError:  # there may be no more threads
            with self._news:
                self._runs = False
                self._waiting.clear()
            tell(False, Failure())

    def _run(self) -> None:
        while True:
            with self._news:
                if not self._news.wait_for(lambda: self._waiting, IDLE):
                    self._runs = False
                    return
                tell, work = self._waiting.popleft()
            try:
                result = work()
            except Exception:
                tell(False, Failure())
            else:
                tell(True, result)
            del tell, work
