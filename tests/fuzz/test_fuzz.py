"""
The fuzz targets without a fuzzer: every committed input, and some thousand mutations of them.
"""

from __future__ import annotations

from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from laboratory.fuzz.corpus import ROOT, inputs
from laboratory.fuzz.mutation import mutations

TARGETS = sorted(path.name for path in ROOT.iterdir())

SEED = 1
RUNS = 800

SMALL = 100 * 1024
"""Bytes of all committed inputs together."""


def target(name: str) -> Any:
    """The module of a target."""
    return import_module(f"laboratory.fuzz.targets.{name}")


def cases() -> list[Any]:
    """Every committed input."""
    return [
        pytest.param(name, data, id=f"{name}-{file}")
        for name in TARGETS
        for file, data in inputs(name).items()
    ]


@pytest.mark.parametrize(("name", "data"), cases())
def test_committed(name: str, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No committed input breaks its target."""
    monkeypatch.chdir(tmp_path)
    target(name).check(data)


@pytest.mark.parametrize("name", TARGETS)
def test_mutated(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does what becomes of them by chance."""
    monkeypatch.chdir(tmp_path)
    module = target(name)
    for data in islice(mutations(SEED, list(inputs(name).values()), module.TOKENS), RUNS):
        try:
            module.check(data)
        except Exception as broken:
            raise AssertionError(f"{name} is broken by {data!r}") from broken


def test_small() -> None:
    """The committed inputs stay small enough to be read."""
    sizes = [len(data) for name in TARGETS for data in inputs(name).values()]
    assert 0 < sum(sizes) < SMALL


def test_targetsHaveInputs() -> None:
    """Each target has inputs, and there are none for a target that is gone."""
    modules = {path.stem for path in (ROOT.parent / "targets").glob("[a-z]*.py")}
    assert modules == set(TARGETS)


def test_reproducible() -> None:
    """One seed, one sequence."""
    first, again, other = (
        list(islice(mutations(seed, [b"USER a\n"], [b"x"]), 50)) for seed in (1, 1, 2)
    )
    assert first == again != other
