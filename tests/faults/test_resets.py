"""
No reset of a data connection is told 226, and no end in order otherwise: in short.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from laboratory.faults.resets import MODES, Told, main, run

pytestmark = pytest.mark.long

JOBS = 600


@pytest.mark.parametrize("options", [(), ("splice=off",)], ids=["kernel", "copying"])
def test_resets(tmp_path: Path, options: Sequence[str]) -> None:
    """Some hundred resets in both modes, and ends in order between them."""
    told = run(tmp_path, JOBS, MODES, 1, 4, *options)
    assert told.violations == 0, told
    assert sum(told.replies.values()) == JOBS
    for mode in MODES:
        assert told.of(mode, "reset").get(551), told  # some came as far as their bytes
        assert told.of(mode, "in order").get(226), told
        assert told.of(mode, "aborted").get(426), told


@pytest.mark.parametrize(
    ("end", "code", "wrong"),
    [
        ("reset", 226, True),
        ("reset", 551, False),
        ("reset", 425, False),
        ("in order", 226, False),
        ("in order", 425, True),
        ("in order", 551, True),
        ("forgotten", 226, False),
        ("forgotten", 425, False),
        ("forgotten", 551, True),
        ("aborted", 426, False),
        ("aborted", 226, True),
    ],
)
def test_violations(end: str, code: int, wrong: bool) -> None:
    """What counts as a violation."""
    told = Told()
    told.count("active", end, code)
    assert told.violations == int(wrong)
    assert f"active, {end}: {code}: 1" in str(told)


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints its figures."""
    assert main(["--jobs", "60", "--mode", "active", "--senders", "2"]) == 0
    assert "60 jobs in " in capsys.readouterr().out
