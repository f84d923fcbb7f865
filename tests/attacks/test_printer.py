"""
The printer behind the gateway (A16, A17, A20, A21).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from laboratory.attacks import crumbs, fusion, shortlines


def test_backChannel(tmp_path: Path) -> None:
    """A16: what a printer answers to a job's questions goes nowhere."""
    # One MiB: a printer that talks without an end is listened to at 160 kB a second.
    figures = fusion.backChannel(tmp_path, 1)
    assert figures["told to the sender"] == 0
    # Nor does a sender whose job makes the printer talk fill the gateway's disk.
    assert int(str(figures["log of it, KiB"])) < 64


def test_interleaving(tmp_path: Path) -> None:
    """A17: 50 senders at a time, and each job comes alone and whole."""
    figures = fusion.interleaving(tmp_path, 500)
    assert (figures["missing"], figures["mixed"]) == (0, 0)
    assert figures["cut jobs"] == 50


@pytest.mark.parametrize("kind", crumbs.CRUMBS)
def test_crumbs(tmp_path: Path, kind: str) -> None:
    """A20: a printer whose answers are crumbs without end does not stop the other printers."""
    busy = crumbs.crumbs(tmp_path, 10, (kind,))[f"processor of {kind}"]
    assert isinstance(busy, float)
    assert busy < 0.5


@pytest.mark.long
@pytest.mark.parametrize("reader", shortlines.READERS)
def test_shortLines(tmp_path: Path, reader: str) -> None:
    """A21: jobs of the shortest lines do not stop the other printers where each is looked at."""
    assert shortlines.shortLines(tmp_path, 5, (reader,))
