"""
A gateway with a history in a file: what it knows after a restart, and what the spool keeps for it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.gateway import Gateway
from jetdirect.spool.duplicates import WINDOW
from jetdirect.spool.limits import Keep
from jetdirect.spool.spooling import Spooling
from jetdirect.testing import FakePrinter
from jetdirect.wanted import Wanted
from jetdirect.watch.filehistory import WITHIN
from jetdirect.watch.retention import Names, Retention
from tests.support.answers import now
from tests.support.machine import Machine
from tests.support.spooled import spooled


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Two printers and a history."""
    return Machine([FakePrinter(), FakePrinter()], history=str(tmp_path / "history.sqlite"))


def names(machine: Machine) -> list[tuple[int, str, str]]:
    """What is known of jobs: number, state and name."""
    jobs = now(machine.gateway.operator.jobs(Wanted()))
    return [(each.number, each.state.value, each.name) for each in jobs]


def test_restart(machine: Machine) -> None:
    """Ended jobs are known after a restart, and what people did; numbers go on."""
    machine.upload(b"a page", "a.ps")
    machine.advance(1)
    machine.printer.silent = True
    machine.upload(b"a page", "b.ps")
    now(machine.gateway.operator.cancel(2, "bob"))
    machine.advance(2)
    now(machine.gateway.stopService())
    machine.restart()
    assert names(machine) == [(2, "canceled", "b.ps"), (1, "completed", "a.ps")]
    assert "cancel" in [each.what for each in now(machine.gateway.operator.events(2))]
    machine.advance(2 * WINDOW)
    assert machine.files("done") == [] and len(names(machine)) == 2


def test_killed(machine: Machine) -> None:
    """A job that ended right before a kill is told again by the spool: none is missing."""
    machine.upload(b"a page", "a.ps")
    machine.advance(WITHIN / 2)
    assert machine.files("done") == [1]
    before = names(machine)
    machine.restart(seed=1)
    assert now(machine.gateway.history.jobs(Wanted())) == []
    machine.advance(2)
    assert machine.gateway.history.recorded(1)
    assert names(machine) == before


def test_staysUntilRecorded(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record of an ended job stays in the spool until the history has it."""

    def write(*_: object) -> None:
        raise OSError("no space left")

    database = machine.gateway.history._database  # type: ignore[attr-defined]
    monkeypatch.setattr(database, "write", write)
    machine.upload(b"a page", "a.ps")
    machine.advance(2 * WINDOW, step=30)
    assert machine.files("done") == [1] and machine.files("queue") == []
    monkeypatch.undo()
    machine.advance(120, step=30)
    assert machine.files("done") == []
    assert names(machine) == [(1, "completed", "a.ps")]


def test_erased(machine: Machine) -> None:
    """Erased in one step is erased in both, also when a kill came in between."""
    machine = Machine(history=machine._file, keep=Keep(jobs=5))
    machine.upload(b"a page", "smith.ps")
    machine.advance(2)
    record = now(machine.gateway.history.job(1))
    now(machine.gateway.operator.erase(1, "bob"))
    assert names(machine) == [(1, "completed", "")]
    # The spool had done it, the history had not.
    machine.gateway.history.jobEnded(record)
    machine.advance(2)
    machine.restart()
    machine.advance(2)
    assert names(machine) == [(1, "completed", "")]


@pytest.mark.parametrize("above", [0, 1, 99, 100, 5000])
def test_numbersAbove(above: int) -> None:
    """A new spool gives no number that the history knows."""
    spool, _ = spooled()
    spooling = Spooling(spool, Clock(), lambda record: None, lambda name: None, above=above)
    now(spooling.begin())
    given = [spooling.number() for _ in range(150)]
    assert given[0] is not None and above < given[0] <= above + 100
    assert given == [*range(given[0], given[0] + 150)]


def test_reload() -> None:
    """What is kept may change while it runs; where, only at a start."""
    said = Configuration([FakePrinter()], [])
    gateway = Gateway(said, MemoryReactorClock())
    told = gateway.apply(replace(said, retention=Retention(days=3, names=Names.OMIT)))
    assert told == ["history-days is 3, was 365", "names is omit, was keep"]
    assert gateway.history.retention.days == 3
    with pytest.raises(ValueError, match="another history needs a restart"):
        gateway.apply(replace(said, history="/var/lib/history.sqlite"))
