"""
The watch over every attack can fail.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from laboratory.attacks.victim import Victim
from laboratory.attacks.watch import (
    LOG_A_SECOND,
    LOG_AT_ONCE,
    LONGEST_TURN,
    MOST_DESCRIPTORS,
    MOST_MEMORY,
    Costs,
    bytesOf,
)

_BUSY = """
import time

from twisted.internet import reactor


def work():
    began = time.thread_time()
    while time.thread_time() - began < %g:
        pass
    print("was busy")


reactor.callWhenRunning(reactor.callLater, 0.2, work)
"""


def test_longTurn(tmp_path: Path) -> None:
    """A gateway that does nothing else for a moment is found out, in any attack."""
    plugins = tmp_path / "twisted" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "busy.py").write_text(_BUSY % (2 * LONGEST_TURN))
    with (
        pytest.raises(AssertionError, match="one turn of the reactor took"),
        Victim(tmp_path) as victim,
    ):
        victim.gateway.waitFor("was busy")
        victim.works()


def test_quiet(tmp_path: Path) -> None:
    """One that does its work costs less than any attack may."""
    with Victim(tmp_path) as victim:
        for _ in range(3):
            victim.works()
        costs = victim.watch.stop()
    assert costs.tooHigh == [] and costs.turn < LONGEST_TURN and costs.descriptors > 3


@pytest.mark.parametrize(
    "costs",
    [
        Costs(turn=LONGEST_TURN + 0.01),
        Costs(descriptors=MOST_DESCRIPTORS + 1),
        Costs(grown=MOST_MEMORY + 1),
        Costs(log=LOG_AT_ONCE + 10 * LOG_A_SECOND + 1, seconds=10),
    ],
)
def test_each(costs: Costs) -> None:
    """Each limit is one."""
    assert len(costs.tooHigh) == 1


def test_linesAboutJobs() -> None:
    """They are as many as the jobs are."""
    assert bytesOf(["job 1 on PORT1: from x", "data connection refused"]) == 24
