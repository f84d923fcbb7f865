"""
The threads of a spool: some at a time, none of the reactor's.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import gatherResults

from jetdirect.spool import threads
from jetdirect.spool.threads import Threads
from tests.support.line import until

reactor: Any = theReactor


@pytest_twisted.ensureDeferred
async def test_bounded() -> None:
    """There are never more than the bound, and all that was asked for is done."""
    pool = Threads(reactor, "test", most=3)
    barrier, names = threading.Barrier(3), set()

    def work() -> int:
        names.add(threading.current_thread().ident)
        return barrier.wait(60)

    done = await gatherResults([pool.do(work) for _ in range(9)])
    assert sorted(done) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert len(names) == 3
    assert threading.get_ident() not in names


@pytest_twisted.ensureDeferred
async def test_failure() -> None:
    """What the work raises is told, and the thread goes on."""
    pool = Threads(reactor, "test", most=1)

    def fails() -> None:
        raise OSError(5, "failed")

    told: list[Any] = []
    await pool.do(fails).addErrback(told.append)
    assert told[0].check(OSError)
    assert await pool.do(lambda: 7) == 7


@pytest_twisted.ensureDeferred
async def test_idle(monkeypatch: Any) -> None:
    """A thread without work ends; the next work has a new one."""
    monkeypatch.setattr(threads, "IDLE", 0.0)
    pool = Threads(reactor, "idle", most=2)
    await pool.do(lambda: None)
    await until(lambda: all(each.name != "idle" for each in threading.enumerate()))
    assert await pool.do(lambda: 1) == 1
