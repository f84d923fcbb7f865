"""
A real gateway with a spool that is killed a few times: nothing is lost, and nothing printed twice.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from laboratory.kept.killed import Laboratory
from laboratory.kept.rules import wrong
from laboratory.kept.witnesses import seen


@pytest.mark.long
def test_killed(tmp_path: Path) -> None:
    """What was acknowledged is printed once, or stands in the spool."""
    laboratory = Laboratory(tmp_path, seed=1)
    laboratory.run(kills=3)
    found = laboratory.found()
    assert (
        wrong(seen(laboratory.senders, laboratory.hall), found) + laboratory.oddities(found) == []
    )
    assert any(job.taken for job in laboratory.senders.jobs)
