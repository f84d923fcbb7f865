"""
Which printing ports an operator has paused, over restarts.
"""

from __future__ import annotations

from random import Random

import pytest

from jetdirect.spool.paused import PAUSED, readPaused, writePaused
from jetdirect.spool.record import BadRecord
from tests.support.disk import LosingDisk


def test_paused() -> None:
    """What was written survives a power cut, whatever letters a name has."""
    disk = LosingDisk()
    assert readPaused(disk) == {}
    paused = {"ward3": "b\u00f6b", "lab": "job 7, which is in doubt"}
    writePaused(disk, paused)
    assert readPaused(disk.afterPowerCut(Random(1))) == paused


def test_resumed() -> None:
    """When none is paused any more the file says so."""
    disk = LosingDisk()
    writePaused(disk, {"ward3": "bob"})
    writePaused(disk, {})
    assert readPaused(disk) == {}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b"[]", "holds no names"),
        (b'{"ward3": null}', "holds no names"),
    ],
)
def test_damaged(content: bytes, told: str) -> None:
    """A damaged file is told: a port that a person has paused must not print by itself."""
    disk = LosingDisk()
    disk.create(PAUSED).write(content)
    with pytest.raises(BadRecord, match=told):
        readPaused(disk)
