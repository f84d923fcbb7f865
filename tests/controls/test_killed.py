"""
Clients that are killed: a short run of ours, and that the count can be anything but zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from laboratory.controls.daemons import Twisted
from laboratory.controls.killed import Toll, execute, gateway, judge
from laboratory.controls.killing import Kill, Stage
from laboratory.controls.server import End, Record

pytestmark = pytest.mark.long


@pytest.mark.parametrize(("tls", "jobs"), [(False, 20), (True, 6)], ids=["plain", "TLS"])
def test_killedSendersAreNeverComplete(tls: bool, jobs: int, tmp_path: Path) -> None:
    """
    No upload of a client that was killed in mid-upload is recorded as plainly complete.
    """
    server, certificate = gateway(tmp_path, tls, grace=0)
    with server:
        toll = execute(server, jobs, seed=1, certificate=certificate)
    counted = toll.outcomes[Stage.SENDING]
    assert counted.total() == jobs
    assert not toll.wrong, toll.report()
    assert not toll.anomalies, toll.report()
    # Few are heard of too late (docs/replies.rst).
    assert counted[End.CUT] > jobs / 2, toll.report()


def test_stockTwistedRecordsThemAsComplete() -> None:
    """
    The same clients are complete to a server that does not look: the count can fail.
    """
    with Twisted() as server:
        toll = execute(server, 5, seed=1)
    assert toll.wrong >= 4, toll.report()


class Books:
    """A server that says what it is told."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._records = records

    def record(self, name: str, seconds: float = 0) -> Record | None:
        """What it was told of an upload."""
        return self._records.get(name)


def judged(stage: Stage, record: Record | None, before: Record | None = None) -> Toll:
    """What is said of one client, killed in its second upload of 100 bytes."""
    before = before or Record(End.COMPLETE, 70)
    books: Any = Books({"a-1": before, **({} if record is None else {"a-2": record})})
    toll = Toll(seconds=1)
    judge(books, Kill("a-2", 100, 50, stage, True, 2, {"a-1": 70}), toll)
    return toll


@pytest.mark.parametrize(
    ("stage", "record", "wrong", "anomalies"),
    [
        (Stage.SENDING, Record(End.CUT, 50), 0, 0),
        (Stage.SENDING, Record(End.UNHEARD, 50), 0, 0),
        (Stage.SENDING, Record(End.COMPLETE, 50), 1, 0),
        (Stage.SENDING, Record(End.COMPLETE, 100), 1, 0),
        (Stage.SENDING, None, 0, 1),
        (Stage.ASKING, None, 0, 0),
        (Stage.ASKING, Record(End.COMPLETE, 0), 1, 0),
        (Stage.ENDED, Record(End.COMPLETE, 100), 0, 0),
        (Stage.ENDED, Record(End.COMPLETE, 99), 0, 1),
        (Stage.ENDED, Record(End.UNHEARD, 99), 0, 1),
    ],
)
def test_whatCounts(stage: Stage, record: Record | None, wrong: int, anomalies: int) -> None:
    """
    Complete is wrong before the client's end; a missing record or size is odd.
    """
    toll = judged(stage, record)
    assert (toll.wrong, len(toll.anomalies)) == (wrong, anomalies), toll.report()


@pytest.mark.parametrize("before", [Record(End.CUT, 70), Record(End.COMPLETE, 69)])
def test_answeredUploadsAreComplete(before: Record) -> None:
    """
    An upload that got its 226 and is recorded otherwise is odd, whoever was killed afterwards.
    """
    assert judged(Stage.SENDING, Record(End.CUT), before).anomalies
