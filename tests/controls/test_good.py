"""
Good jobs: a short run, and that the false alarms can be anything but zero.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from laboratory.controls.good import BATCH, KINDS, compare, printAll
from laboratory.controls.ours import Ours
from tests.support.behaviours import resetAfterEnd
from tests.support.rawprinter import good

pytestmark = pytest.mark.long


def test_goodJobsRaiseNoAlarm(tmp_path: Path) -> None:
    """
    All kinds of clients at once: each job is 226, plainly completed, and printed once as it was
    sent; and whoever compares would see it if it were not so.
    """
    jobs = BATCH * len(KINDS)
    with Ours(tmp_path, printers=[good], keep=False) as server:
        run = printAll(server, jobs, seed=1)
        assert not run.alarms, run.report()
        assert len(run.sent) == jobs
        assert run.kinds.total() == jobs

        # The same again with one job altered, one never sent and one never printed.
        altered, unsent, *_ = run.sent
        run.sent[altered] = "another digest"
        del run.sent[unsent]
        run.sent["unprinted.prn"] = "a digest"
        compare(server, run)
    told = "\n".join(run.alarms)
    assert f"{altered}: sent 1 times, printed 0 times" in told
    assert f"{unsent}: 1 records" in told
    assert "unprinted.prn: recorded as None" in told
    assert "unprinted.prn: sent 1 times, printed 0 times" in told


def test_printerThatResetsRaisesAlarms(tmp_path: Path) -> None:
    """
    With a printer that loses every job no client's jobs pass for good.
    """
    jobs = len(KINDS)
    with Ours(tmp_path, printers=[resetAfterEnd], keep=False) as server:
        # Not the empty one, of which nothing is printed: some clients send it again.
        run = printAll(server, jobs, seed=1, batch=1, lengths=lambda _: itertools.repeat(1000))
    assert len([name for name in run.sent if f"{name}: recorded as" in run.report()]) == jobs
    assert all(f"{kind}: " in run.report() for kind in run.kinds)
