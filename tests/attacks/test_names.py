"""
Names in the log (A18) and on the disk (A19).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from laboratory.attacks import names
from tests.support.gateway import Gateway


def test_events(tmp_path: Path) -> None:
    """A18: each event is one line, as text and as JSON, whatever the names are."""
    names.inMemory(tmp_path, 1500)


def test_log(tmp_path: Path) -> None:
    """A18: so is each line that the process writes; none of them is forged."""
    assert names.inTheProcess(tmp_path, 150)["lines that are no event"] == 0


def test_disk(tmp_path: Path) -> None:
    """A19: no name is a path, and no job takes the place of another."""
    names.onDisk(tmp_path, 100)


@pytest.mark.parametrize("trap", ["link", "dangling", "everybody"])
def test_ledAway(trap: str, tmp_path: Path) -> None:
    """A19: a gateway whose directory is somebody else's to lead does not start."""
    jobs = tmp_path / "print-jobs"
    if trap == "everybody":
        jobs.mkdir()
        jobs.chmod(0o777)
    else:
        jobs.symlink_to(tmp_path if trap == "link" else "nowhere")
    with pytest.raises(AssertionError, match=r"symbolic link|everybody|writ"):
        Gateway(tmp_path).stop()
