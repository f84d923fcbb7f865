"""
The power-cut laboratory, short: no word is broken, and a spool that does not sync is found out.
"""

from __future__ import annotations

import subprocess
import sys
from random import Random

import pytest

from laboratory.power.__main__ import lacking
from laboratory.power.cuts import Cut, Flushed, cuts
from laboratory.power.recording import Write


def laboratory(*words: str, subject: str) -> subprocess.CompletedProcess[str]:
    """Its short run."""
    if reason := lacking(subject):
        pytest.skip(reason)
    command = [sys.executable, "-m", "laboratory.power", "--subject", subject, "--jobs", "8"]
    command += ["--largest", "65536", "--subsets", "4", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


@pytest.mark.long
@pytest.mark.parametrize("filesystem", ["ext4", "xfs"])
def test_nothingIsLost(filesystem: str) -> None:
    """After each power cut all is there that was acknowledged, whole and once."""
    done = laboratory("--filesystem", filesystem, subject="store")
    assert (done.returncode, done.stdout[-17:]) == (0, "nothing is wrong\n"), done.stdout


@pytest.mark.long
@pytest.mark.parametrize("subject", ["unsynced", "no-data", "no-rename", "naive", "cups"])
def test_controls(subject: str) -> None:
    """A spool that does not sync loses jobs that it acknowledged: else the laboratory is blind."""
    done = laboratory(subject=subject)
    assert "missing: broken at" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1


def test_cuts() -> None:
    """There is a cut behind each write, at each flush with parts of what came before."""
    log = [
        Write(0, 0, 4096, False),
        Write(0, 0, 0, False, event=0),
        Write(8192, 0, 8192, False),
        Write(0, 0, 0, True),
        Write(0, 0, 0, False, event=1),
        Write(0, 0, 0, True),
    ]
    moments = list(cuts(log, Random(1), 100))
    whole = tuple(each for each in log if each.size)
    assert [each for each in moments if isinstance(each, Flushed)] == [Flushed(whole), Flushed(())]
    told = [each for each in moments if isinstance(each, Cut)]
    assert told[:2] == [Cut(whole[:1], 0, "write"), Cut(whole, 1, "write")]
    parts = {each.kept for each in told if each.kind == "subset"}
    assert len(parts) == 7  # of three pieces, and never all of them
    assert told[-2:] == [Cut((), 2, "flush"), Cut((), 2, "end")]
