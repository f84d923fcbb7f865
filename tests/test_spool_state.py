"""
What is known after a restart beside jobs: paused ports and the counter, in their own directory.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from random import Random
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from zope.interface.verify import verifyObject

from jetdirect.errors import SpoolFailed, SpoolFull
from jetdirect.interfaces import IState
from jetdirect.spool.spooling import Spooling
from jetdirect.spool.state import FileState, openState
from tests.support.answers import now
from tests.support.disk import LosingDisk
from tests.support.spooled import Work, spooled


def state(disk: Any = None) -> FileState:
    """A state in memory."""
    return FileState(disk or LosingDisk(), Work().do)


def test_interface() -> None:
    """What is said to be provided is."""
    assert verifyObject(IState, state())


def test_powerCut() -> None:
    """What was answered survives a power cut: paused ports, and numbers never come twice."""
    disk = LosingDisk()
    first = state(disk)
    assert first.start(0, 100) == ({}, 1)
    now(first.setPaused({"ward3": "anna"}))
    highest = now(first.reserve(100)) + 99
    for seed in range(5):
        later = state(disk.afterPowerCut(Random(seed)))
        assert now(later.paused()) == {"ward3": "anna"}
        assert now(later.reserve(1)) > highest


def test_above() -> None:
    """No number that somebody else knows."""
    assert state().start(5000, 100) == ({}, 5001)


def test_damaged() -> None:
    """A list of paused ports that cannot be read is told; a counter is refused."""
    disk = LosingDisk()
    now(state(disk).setPaused({"a": "b"}))
    disk.remove("paused.json")
    file = disk.create("paused.json")
    file.write(b"{")
    file.close()
    assert state(disk).start(0, 1)[0] == {}
    disk.remove("numbers")
    file = disk.create("numbers")
    file.write(b"{")
    file.close()
    with pytest.raises(ValueError, match="numbers: it is no JSON; restore it, or remove it"):
        state(disk)


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, SpoolFull), (errno.EIO, SpoolFailed)])
def test_diskFails(monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]) -> None:
    """A change that is not written is told so."""
    disk = LosingDisk()
    failing = state(disk)

    def create(path: str) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disk, "create", create)
    with pytest.raises(kind, match="the state directory"):
        now(failing.setPaused({"a": "b"}))


def test_unfit(tmp_path: Path) -> None:
    """What cannot be one says why."""
    reactor: Any = MemoryReactorClock()
    (tmp_path / "numbers").write_text("{")
    with pytest.raises(ValueError, match="numbers: it is no JSON"):
        openState(str(tmp_path), reactor)
    (tmp_path / "numbers").unlink()
    (tmp_path / "numbers").mkdir()
    with pytest.raises(ValueError, match="mend the disk first"):
        openState(str(tmp_path), reactor)
    (tmp_path / "numbers").rmdir()
    now(openState(str(tmp_path), reactor).close())


def test_besideASpool() -> None:
    """With a spool the state has counter and pauses; what the spool has of both counts at first."""
    spool, _ = spooled()
    now(spool.setPaused({"port1": "anna"}))
    last = now(spool.reserve(500)) + 499
    kept = state()
    for _ in range(2):
        spooling = Spooling(spool, Clock(), lambda record: None, lambda name: None, state=kept)
        now(spooling.begin())
        given = spooling.number()
        assert given is not None and given > last
        last = given
        assert spooling.paused == {"port1": "anna"}
        assert now(kept.paused()) == {"port1": "anna"} and now(spool.paused()) == {}
    now(spooling.resume("port1"))
    assert now(kept.paused()) == {}
