"""
A gateway's state and history: what is known after a restart, and whose they are.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.errors import HistoryUnfit, StateUnfit
from jetdirect.gateway import Gateway
from jetdirect.spool.turns import RESERVED_NUMBERS
from jetdirect.testing import FakePrinter, FakeSender
from tests.support.answers import now
from tests.support.spooled import Work


class Process:
    """One run of a gateway that streams, with its files in a directory."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.reactor = MemoryReactorClock()
        said = Configuration([FakePrinter(), FakePrinter()], [], state=str(folder), **more)
        self.gateway = Gateway(said, self.reactor)
        state = self.gateway._stores.state
        assert state is not None
        self.state = state
        self.state._do = Work().do
        self.operator = self.gateway.operator

    def end(self) -> None:
        """Killed: all that it did is in its files, and the lock is free."""
        now(self.state.close())

    def upload(self) -> str:
        """The reply to a job."""
        sender = FakeSender(self.gateway.factory)
        sender.login()
        replies = sender.upload("a.ps", b"page")
        sender.say("QUIT")
        return replies.rpartition("\n")[2]


def test_pauseSurvives(tmp_path: Path) -> None:
    """Without a spool a pause is durable; the next process refuses jobs until it is resumed."""
    first = Process(tmp_path / "state")
    assert now(first.operator.pause("PORT1", "anna")) is True
    first.end()
    second = Process(tmp_path / "state")
    assert "paused" in second.operator.port("PORT1").reasons
    assert second.upload().startswith("450")
    assert now(second.operator.resumeAll("bob")) is True
    assert second.upload().startswith("226")
    second.end()
    third = Process(tmp_path / "state")
    assert third.operator.port("PORT1").reasons == ()
    third.end()


@pytest.mark.parametrize("history", [False, True])
def test_numbersSurvive(tmp_path: Path, history: bool) -> None:
    """No number comes twice, after any kill."""
    seen = []
    more = {"history": str(tmp_path / "h.sqlite")} if history else {}
    for _ in range(3):
        process = Process(tmp_path / "state", **more)
        for _ in range(RESERVED_NUMBERS + 5):
            process.upload()
        seen += [job.number for job in process.gateway.server.jobs]
        process.end()
    assert len({*seen}) == len(seen) and seen == sorted(seen)


def test_taken(tmp_path: Path) -> None:
    """One gateway has it; another one is told so, and leaves it as it is."""
    first = Process(tmp_path / "state")
    with pytest.raises(StateUnfit, match="another gateway has this state directory"):
        Process(tmp_path / "state")
    first.end()
    assert stat.S_IMODE((tmp_path / "state" / "lock").stat().st_mode) == 0o600


def test_released(tmp_path: Path) -> None:
    """A start that fails for its history lets go of the rest."""
    with pytest.raises(HistoryUnfit):
        Process(tmp_path / "state", history=str(tmp_path / "nowhere" / "h.sqlite"))
    Process(tmp_path / "state").end()


def test_reload(tmp_path: Path) -> None:
    """Another place needs a restart."""
    process = Process(tmp_path / "state")
    with pytest.raises(ValueError, match="another state directory needs a restart"):
        process.gateway.apply(Configuration([FakePrinter(), FakePrinter()], []))
    process.end()
