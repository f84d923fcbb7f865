"""
One thread for each printer: what comes back, what does not, and what is not held up by it.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from jetdirect.errors import PrinterUnreachable
from jetdirect.transports import threads as module
from jetdirect.transports.threads import STUCK_AFTER, PrinterThread
from tests.conftest import FlushErrors
from tests.support.answers import hear

reactor: Any = theReactor


class Hand(Clock):
    """A clock, and a thread that works when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Callable[[], None]] = []

    def printerThread(self, name: str) -> Hand:
        return self

    def callFromThread(self, call: Callable[..., None], *arguments: object) -> None:
        call(*arguments)

    def callInThreadWithCallback(
        self, tell: Callable[[bool, Any], None], work: Callable[[], Any]
    ) -> None:
        self.waiting.append(lambda: tell(True, work()))

    def work(self) -> None:
        self.waiting.pop(0)()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a call sleeps for; it is opened in the end."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest_twisted.ensureDeferred
async def test_resultAndError() -> None:
    """The work's result comes back to the reactor's thread, and so does what it raises."""
    thread = PrinterThread(reactor, "printer")

    assert await thread.do(lambda: 17) == 17
    assert await thread.do(threading.current_thread) is not threading.current_thread()
    with pytest.raises(ZeroDivisionError):
        await thread.do(lambda: 1 // 0)
    assert not thread.busy


@pytest_twisted.ensureDeferred
async def test_oneAfterTheOther() -> None:
    """All work of one printer is done in its order, by one thread that none of the pool's is."""
    thread = PrinterThread(reactor, "printer")
    seen: list[tuple[int, str]] = []

    def work(number: int) -> None:
        seen.append((number, threading.current_thread().name))

    for number in range(50):
        done = thread.do(lambda number=number: work(number))  # type: ignore[misc]
    await done

    assert seen == [(number, "printer") for number in range(50)]


@pytest_twisted.ensureDeferred
async def test_endsWithoutWork(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that has nothing to do is gone after a while, and there again when it has."""
    monkeypatch.setattr(module, "IDLE", 0.01)
    thread = PrinterThread(reactor, "printer")

    for _ in range(3):
        running = await thread.do(threading.current_thread)
        running.join(10)
        assert not running.is_alive()


@pytest_twisted.ensureDeferred
async def test_noThreadToBeHad(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be started the work fails, and the next one may be luckier."""
    thread = PrinterThread(reactor, "printer")

    def refused(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError, match="can't start"):
            await thread.do(lambda: 17)

    assert await thread.do(lambda: 17) == 17


def test_stuck() -> None:
    """Work that has not come back for some seconds is not waited for by the next job."""
    hand: Any = Hand()
    thread = PrinterThread(hand, "printer")
    thread.check("the disk")
    thread.do(lambda: None)

    hand.advance(STUCK_AFTER - 1)
    thread.check("the disk")
    assert (thread.busy, thread.stuck) == (True, 0)
    hand.advance(8)

    with pytest.raises(PrinterUnreachable, match=r"the disk has not answered for 12 s"):
        thread.check("the disk")
    hand.work()
    thread.check("the disk")
    assert not thread.busy


def test_givenUpBeforeItBegan() -> None:
    """What is canceled in line is never begun: attempts behind a stuck one do not pile up."""
    hand: Any = Hand()
    thread = PrinterThread(hand, "printer")
    done: list[str] = []
    thread.do(lambda: done.append("stuck"))

    for _ in range(100):
        attempt = thread.begin(lambda: done.append("attempt"), lambda _: done.append("late"))
        attempt.addErrback(lambda failure: failure.trap(CancelledError) and None)
        attempt.cancel()
    last = hear(thread.do(lambda: done.append("last")))
    while hand.waiting:
        hand.work()

    assert done == ["stuck", "last"]
    assert last == [None]


def test_givenUpTooLate() -> None:
    """What was begun goes on, and what it made is put away when it comes."""
    hand: Any = Hand()
    thread = PrinterThread(hand, "printer")
    late: list[str] = []
    attempt = thread.begin(lambda: "a file", late.append)
    attempt.addErrback(lambda failure: failure.trap(CancelledError) and None)

    attempt.cancel()
    assert thread.busy
    hand.work()

    assert late == ["a file"]
    assert not thread.busy


def test_doneAllTheSame() -> None:
    """A caller that stops waiting for the end of a job does not stop what ends it."""
    hand: Any = Hand()
    thread = PrinterThread(hand, "printer")
    done: list[str] = []
    thread.do(lambda: None)
    discarded: Deferred[None] = thread.do(lambda: done.append("discarded"))
    discarded.addErrback(lambda failure: failure.trap(CancelledError) and None)

    discarded.cancel()
    hand.work()
    hand.work()

    assert done == ["discarded"]


@pytest_twisted.ensureDeferred
async def test_nobodyElseIsHeldUp(gate: threading.Event, flushErrors: FlushErrors) -> None:
    """However many printers have a call that does not come back, the reactor's pool is free."""
    stuck = [PrinterThread(reactor, f"printer {n}").do(lambda: gate.wait(60)) for n in range(20)]

    resolved = await reactor.resolve("localhost")

    assert resolved in ("127.0.0.1", "::1")
    assert not any(each.called for each in stuck)
    gate.set()
    for each in stuck:
        await each


@pytest.mark.slow
def test_theProcessEnds() -> None:
    """A call that never comes back does not keep the process."""
    script = """
import threading
from twisted.internet import reactor
from jetdirect.transports.threads import PrinterThread

begun = threading.Event()
def never():
    begun.set()
    threading.Event().wait()
def run():
    PrinterThread(reactor, "stuck").do(never)
    begun.wait()
    reactor.stop()
reactor.callWhenRunning(run)
reactor.run()
print("ended")
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30
    )
    assert ended.stdout == "ended\n", ended.stderr
