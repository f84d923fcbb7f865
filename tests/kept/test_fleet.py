"""
Several gateways that share a database, and what happens to them: a short run of the laboratory.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.packages import Missing, program
from tests.support.postgresql import binary

pytestmark = pytest.mark.long


def test_shortRun() -> None:
    """Nothing is lost, nothing is printed twice, no printer has two gateways."""
    pytest.importorskip("psycopg")
    binary("postgres")
    try:
        program("haproxy")
    except Missing as missing:
        pytest.skip(str(missing))
    done = subprocess.run(
        [sys.executable, "-m", "laboratory.fleet", "--kills=8", "--jobs=60", "--seed=3"],
        capture_output=True,
        text=True,
        timeout=280,
    )
    *_, verdict = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 lost, 0 twice, 0 with two gateways" in verdict
