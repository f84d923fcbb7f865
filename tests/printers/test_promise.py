"""
The judge of the table is not blind: cells that are made wrong by hand, and a printer that loses
what it took.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from laboratory.printers.promise import broken
from laboratory.printers.row import Row
from laboratory.printers.stands.tcp import SOCKET, TCPStand
from laboratory.printers.table import lie
from laboratory.printers.trials import SMALL
from laboratory.printers.tries import Tries, Try, noise
from tests.support.caller import Caller
from tests.support.rawprinter import RawPrinter

GOOD = Row("socket", "good", "226 Transfer complete (...)", "delivered", "whole")


@pytest.mark.parametrize(
    "row",
    [
        GOOD,
        replace(GOOD, reply="450 Job 2 not printed", level="", reached="nothing"),
        replace(GOOD, reply="551 Job 2 failed", level="", reached="nothing"),
        replace(GOOD, reply="551 Job 2 failed", level="", reached="a part (1 of 2)"),
        replace(GOOD, reply="551 Job 2 failed", level="", reached="whole"),
        replace(GOOD, reply="426 Job 2 aborted", level="", reached="a part (1 of 2)"),
        replace(GOOD, reply="waits (for more than 9 s)", level="", reached="a part (1 of 2)"),
    ],
)
def test_kept(row: Row) -> None:
    """What may be said."""
    assert broken(row) == []


@pytest.mark.parametrize(
    "row",
    [
        replace(GOOD, reached="a part (199999 of 200000)"),
        replace(GOOD, reached="nothing"),
        replace(GOOD, level=""),
        replace(GOOD, reply="451 Job 2 not printed", level="", reached="a part (1 of 2)"),
        replace(GOOD, reply="450 Job 2 not printed", level="", reached="whole"),
    ],
)
def test_broken(row: Row) -> None:
    """What may not."""
    assert broken(row)


def test_printerThatLoses(tmp_path: Path) -> None:
    """
    A printer takes a job to its end in perfect order, and has lost a byte of it: nobody can know,
    but here it must show.
    """

    def loses(caller: Caller) -> None:
        caller.readAll()
        del caller.data[1000]

    def make(fault: str, place: Path, host: str) -> TCPStand:
        stand = TCPStand(fault, place, host)
        assert isinstance(stand.printer, RawPrinter)
        stand.printer.stop()
        stand.printer = RawPrinter(loses)
        stand.uri = stand.printer.uri()
        return stand

    with Tries(replace(SOCKET, make=make), [Try("good", noise(SMALL))], tmp_path) as tried:
        row = tried.run(0)
    assert row.reply.startswith("226")
    assert row.reached == f"a part (1000 of {SMALL})"
    assert broken(row)
    assert lie(row)
