"""
The comparison on bad printers: the gateway never reports success for a job that is lost.

``python -m laboratory.peers.compare`` has the whole table, with the printers for which CUPS waits
long.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from laboratory.peers.compare import CASES, SIZE, Verdict, cups, ours
from tests.support.behaviours import neverReads
from tests.support.cupssocket import backend
from tests.support.rawprinter import good

WELL = ["good", "slow", "talks all the time"]


@pytest.mark.long
def test_weNeverLie(tmp_path: Path) -> None:
    """Success on the printers that are well, and on no other but for what is true there."""
    said = dict(zip([case.words for case in CASES], ours(CASES, tmp_path), strict=True))

    assert {words: it for words, it in said.items() if it.lie} == {}
    assert [it for words, it in said.items() if words in WELL and not it.confirmed] == []
    # What a printer that ended the connection had of a job without its end is never success.
    assert [it for it in said.values() if it.success and not it.whole and not it.held] == []
    assert said["resets after 1,000 bytes"].said == "551"
    assert said["reads all to the end, then resets"].said == "551"
    assert said["refuses the connection"].said == "450"


def test_backendPrints(tmp_path: Path) -> None:
    """CUPS's backend prints on a good printer here, so its failures are the printers'."""
    backend()
    [verdict] = cups([case for case in CASES if case.printer is good], tmp_path)

    assert (verdict.said, verdict.whole, verdict.got) == ("success", True, SIZE)


def test_backendThatWaits(tmp_path: Path) -> None:
    """A backend that gives no answer is stopped, and was not successful."""
    backend()
    waiting = [case for case in CASES if case.printer is neverReads][:1]
    [verdict] = cups(waiting, tmp_path, 0.5)

    assert (verdict.said, verdict.success) == ("waits (for more than 0.5 s)", False)


@pytest.mark.parametrize(
    ("success", "confirmed", "whole", "held", "lie"),
    [
        (True, True, True, False, False),
        (True, True, False, False, True),
        (True, True, False, True, True),
        (True, False, False, True, False),
        (True, False, False, False, True),
        (False, False, False, False, False),
    ],
)
def test_lie(success: bool, confirmed: bool, whole: bool, held: bool, lie: bool) -> None:
    """Success is a lie unless the printer has the job, or holds what is called unconfirmed."""
    assert Verdict("226", success, confirmed, 0, whole, held).lie is lie
