"""
HAProxy before several gateways, each with printers of its own: the configuration of the documents.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from laboratory.fleet.shards import KILLED, Told, judged, run
from tests.support.packages import Missing

QUEUED = "226-Ready\n226 Transfer complete (PORT1, job 7, 6 bytes, queued)"
REFUSED = "451 Job 7 not printed: the gateway is shut down"


@pytest.mark.parametrize(
    ("reply", "papers", "held", "shard", "fine"),
    [
        (QUEUED, 1, False, KILLED, True),
        (QUEUED, 0, True, KILLED, True),
        (QUEUED, 0, False, KILLED, False),
        (QUEUED, 2, False, KILLED, False),
        (REFUSED, 0, False, KILLED, True),
        (REFUSED, 1, False, KILLED, False),
        ("", 1, False, KILLED, True),
        ("", 2, False, KILLED, False),
        ("226 Transfer complete (PORT1, job 7, 6 bytes, sent)", 1, False, KILLED, False),
        (QUEUED, 1, False, 1 - KILLED, True),
        (REFUSED, 0, False, 1 - KILLED, False),
        ("", 0, False, 1 - KILLED, False),
    ],
)
def test_judge(reply: str, papers: int, held: bool, shard: int, fine: bool) -> None:
    """What does not agree is said."""
    wrong = judged(Told(b"a page", shard, reply), [b"a page"] * papers, {7} if held else set())
    assert (wrong == []) is fine, wrong


@pytest.mark.long
def test_repliesAgreeWithThePaper(tmp_path: Path) -> None:
    """
    One gateway is killed and comes back while senders send to both: what was 226 is on paper once,
    or held in doubt; what was 4xx is not; the other gateway's senders notice nothing.
    """
    try:
        verdict = run(tmp_path, jobs=200, kills=2)
    except Missing as missing:
        pytest.skip(str(missing))
    print(verdict)
    assert verdict.wrong == [] and verdict.queued > 50
