"""
A gateway with a history in a file: what it knows after a restart, and what the spool keeps for it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

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
from tests.support.answers import hear
from tests.support.site import Site
from tests.support.spooled import spooled


def told(answer: Any) -> Any:
    """What is answered at once; a refusal is raised."""
    [result] = hear(answer)
    if isinstance(result, Exception):
        raise result
    return result


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Two printers and a history."""
    return Site([FakePrinter(), FakePrinter()], history=str(tmp_path / "history.sqlite"))


def names(site: Site) -> list[tuple[int, str, str]]:
    """What is known of jobs: number, state and name."""
    jobs = told(site.gateway.operator.jobs(Wanted()))
    return [(each.number, each.state.value, each.name) for each in jobs]


def test_restart(site: Site) -> None:
    """Ended jobs are known after a restart, and what people did; numbers go on."""
    site.upload(b"a page", "a.ps")
    site.advance(1)
    site.printer.silent = True
    site.upload(b"a page", "b.ps")
    told(site.gateway.operator.cancel(2, "bob"))
    site.advance(2)
    told(site.gateway.stopService())
    site.restart()
    assert names(site) == [(2, "canceled", "b.ps"), (1, "completed", "a.ps")]
    assert "cancel" in [each.what for each in told(site.gateway.operator.events(2))]
    site.advance(2 * WINDOW)
    assert site.files("done") == [] and len(names(site)) == 2


def test_killed(site: Site) -> None:
    """A job that ended right before a kill is told again by the spool: none is missing."""
    site.upload(b"a page", "a.ps")
    site.advance(WITHIN / 2)
    assert site.files("done") == [1]
    before = names(site)
    site.restart(seed=1)
    assert told(site.gateway.history.jobs(Wanted())) == []
    site.advance(2)
    assert site.gateway.history.recorded(1)
    assert names(site) == before


def test_staysUntilRecorded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record of an ended job stays in the spool until the history has it."""

    def write(*_: object) -> None:
        raise OSError("no space left")

    database = site.gateway.history._database  # type: ignore[attr-defined]
    monkeypatch.setattr(database, "write", write)
    site.upload(b"a page", "a.ps")
    site.advance(2 * WINDOW, step=30)
    assert site.files("done") == [1] and site.files("queue") == []
    monkeypatch.undo()
    site.advance(120, step=30)
    assert site.files("done") == []
    assert names(site) == [(1, "completed", "a.ps")]


def test_erased(site: Site) -> None:
    """Erased in one step is erased in both, also when a kill came in between."""
    site = Site(history=site._file, keep=Keep(jobs=5))
    site.upload(b"a page", "smith.ps")
    site.advance(2)
    record = told(site.gateway.history.job(1))
    told(site.gateway.operator.erase(1, "bob"))
    assert names(site) == [(1, "completed", "")]
    # The spool had done it, the history had not.
    site.gateway.history.jobEnded(record)
    site.advance(2)
    site.restart()
    site.advance(2)
    assert names(site) == [(1, "completed", "")]


@pytest.mark.parametrize("above", [0, 1, 99, 100, 5000])
def test_numbersAbove(above: int) -> None:
    """A new spool gives no number that the history knows."""
    spool, _ = spooled()
    spooling = Spooling(spool, Clock(), lambda record: None, lambda name: None, above=above)
    told(spooling.begin())
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
