"""
Counters that never give a number twice, whenever the power goes.
"""

from __future__ import annotations

import errno
from random import Random

import pytest

from jetdirect.spool.numbers import STEP, Numbers
from tests.support.disk import LosingDisk

NAMES = ("number", "place")


def test_next() -> None:
    """They begin at 1, each for itself; several are taken in one piece."""
    numbers = Numbers(LosingDisk(), "numbers", NAMES)
    assert numbers.unused
    assert [numbers.next("number"), numbers.next("number"), numbers.next("place")] == [1, 2, 1]
    assert numbers.next("number", 10) == 3
    assert numbers.next("number") == 13
    assert not numbers.unused


def test_seldomWritten() -> None:
    """Most numbers cost no call of the disk."""
    disk = LosingDisk()
    numbers = Numbers(disk, "numbers", NAMES)
    numbers.next("number")
    calls = disk.calls
    for _ in range(STEP - 1):
        numbers.next("number")
    assert disk.calls == calls
    assert numbers.next("number") == STEP + 1
    assert disk.calls > calls


@pytest.mark.parametrize("seed", range(40))
def test_neverTwice(seed: int) -> None:
    """The power may go at any moment, and each start gives higher numbers only."""
    dice, disk, last = Random(seed), LosingDisk(), 0
    for _ in range(4):
        numbers = Numbers(disk, "numbers", NAMES)
        for _ in range(dice.randrange(1, 30)):
            if dice.random() < 0.2:
                last += dice.randrange(2 * STEP)
                numbers.beyond("number", last)
            count = dice.choice([1, 1, 7, 3 * STEP])
            first = numbers.next("number", count)
            assert first > last
            last = first + count - 1
        disk = disk.afterPowerCut(dice)


def test_beyond() -> None:
    """Numbers that were given elsewhere are passed over; lower ones change nothing."""
    numbers = Numbers(LosingDisk(), "numbers", NAMES)
    numbers.beyond("number", 7)
    assert numbers.next("number") == 8
    numbers.beyond("number", 3)
    assert numbers.next("number") == 9


def test_diskFails() -> None:
    """A number that could not be put beyond doubt is not given; the next try gives it."""
    disk = LosingDisk()
    numbers = Numbers(disk, "numbers", NAMES)
    numbers.next("number", STEP)

    def fault(number: int, name: str) -> None:
        if name == "sync":
            raise OSError(errno.EIO, "failed")

    disk.fault = fault
    for _ in range(2):
        with pytest.raises(OSError, match="failed"):
            numbers.next("number")
    disk.fault = lambda number, name: None
    assert numbers.next("number") == STEP + 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is no JSON"),
        (b"[1]", "it does not hold the counters number, place"),
        (b'{"number": 1}', "it does not hold the counters number, place"),
        (b'{"number": 1, "place": -1}', "its counter place is -1"),
        (b'{"number": true, "place": 1}', "its counter number is True"),
        (b'{"number": 1.5, "place": 1}', "its counter number is 1.5"),
    ],
)
def test_damaged(content: bytes, told: str) -> None:
    """A file that does not hold them is not used: numbers could come twice."""
    disk = LosingDisk()
    disk.create("numbers").write(content)
    with pytest.raises(ValueError, match=told):
        Numbers(disk, "numbers", NAMES)
