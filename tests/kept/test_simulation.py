"""
The simulated spool, short: no seed breaks a rule, and each sync that is left out is found.
"""

from __future__ import annotations

import re

import pytest

from laboratory.kept.spooltrial import SpoolTrial

SEEDS = 1000
"""So many at most until a saboteur must be found."""


@pytest.mark.parametrize("part", range(4))
def test_nothingIsLost(part: int) -> None:
    """Whatever is killed, cut or full: what was answered is so."""
    for seed in range(part * 20, part * 20 + 20):
        assert (seed, SpoolTrial(seed).run()) == (seed, [])


@pytest.mark.parametrize(
    ("call", "path"),
    [
        ("sync", r".*/data"),
        ("sync", r".*/job\.json"),
        ("sync", r".*/job\.json\.new"),
        ("sync", r"numbers\.new"),
        ("rename", r"numbers"),
        ("rename", r".*/queue/\d+"),
        ("rename", r".*/active/\d+"),
        ("rename", r".*/held/\d+"),
        ("rename", r".*/done/\d+"),
        ("rename", r".*/job\.json"),
        ("syncDirectory", r""),
        ("syncDirectory", r"ports"),
        ("syncDirectory", r"ports/\w+"),
        ("syncDirectory", r".*/queue"),
        ("syncDirectory", r".*/active"),
        ("syncDirectory", r".*/held"),
        ("syncDirectory", r".*/done"),
        ("syncDirectory", r".*/tmp"),
        ("syncDirectory", r".*/tmp/\d+"),
        ("syncDirectory", r".*/(queue|active|held)/\d+"),
    ],
)
def test_saboteurs(call: str, path: str) -> None:
    """Each sync and each rename is needed: left out, some seed sees the harm."""

    def skipped(name: str, where: str) -> bool:
        return name == call and re.fullmatch(path, where) is not None

    assert any(SpoolTrial(seed, skipped).run() for seed in range(SEEDS))
