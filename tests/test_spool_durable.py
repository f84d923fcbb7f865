"""
Small files that are the old one or the new one, whenever the power goes and whatever call fails.
"""

from __future__ import annotations

import errno
from random import Random

import pytest

from jetdirect.spool.durable import replaceFile, writeFile
from tests.support.disk import LosingDisk, PowerCut

OLD, NEW = b"old" * 300, b"new" * 400
CALLS = 8
"""More than one replacement needs."""


def disk() -> LosingDisk:
    """One with the old file."""
    made = LosingDisk()
    made.makeDirectory("state")
    made.syncDirectory("")
    replaceFile(made, "state/file", OLD)
    return made


def test_replaced() -> None:
    """When it returns the new one survives every power cut, and nothing else is left."""
    for seed in range(20):
        after = disk()
        replaceFile(after, "state/file", NEW)
        found = after.afterPowerCut(Random(seed))
        assert found.read("state/file") == NEW
        assert found.names("state") == ["file"]


@pytest.mark.parametrize("call", range(1, CALLS))
def test_powerCut(call: int) -> None:
    """Before it returns it is one of the two, whole; and the next one takes its place."""
    found = set()
    for seed in range(20):
        torn = disk()
        last = torn.calls + call

        def fault(number: int, name: str, last: int = last) -> None:
            if number == last:
                raise PowerCut

        torn.fault = fault
        try:
            replaceFile(torn, "state/file", NEW)
        except PowerCut:
            after = torn.afterPowerCut(Random(seed))
            found.add(after.read("state/file"))
            replaceFile(after, "state/file", b"next")
            assert after.read("state/file") == b"next"
    assert found <= {OLD, NEW}


def test_failedSync() -> None:
    """A file that could not be synced does not take the place of the one that was."""
    failing = disk()

    def fault(number: int, name: str) -> None:
        if name == "sync":
            raise OSError(errno.EIO, "failed")

    failing.fault = fault
    with pytest.raises(OSError, match="failed"):
        replaceFile(failing, "state/file", NEW)
    assert failing.read("state/file") == OLD


def test_writeFile() -> None:
    """A new file takes the place of none."""
    with pytest.raises(FileExistsError):
        writeFile(disk(), "state/file", NEW)
