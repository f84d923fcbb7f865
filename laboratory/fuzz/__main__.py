"""
Feed one target: C{python -m laboratory.fuzz TARGET --runs 1000000}; exit status 1 if something is
found.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from importlib import import_module
from itertools import islice
from pathlib import Path

from .corpus import ROOT, inputs
from .mutation import LONGEST, mutations

SLOW = 10
"""Seconds after which one input is a finding, too (the bar is 1 s on a machine of one's own)."""

Check = Callable[[bytes], None]


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and do it."""
    targets = sorted(path.name for path in ROOT.iterdir())
    parser = argparse.ArgumentParser(prog="python -m laboratory.fuzz", description=__doc__)
    parser.add_argument("target", choices=targets)
    parser.add_argument("--runs", type=int, default=100_000, help="how many; default 100000")
    parser.add_argument("--seed", type=int, default=1, help="default 1; atheris: 0 means by time")
    parser.add_argument("--unguided", action="store_true", help="mutate only, even with atheris")
    parser.add_argument("--found", type=Path, default=Path(), help="where findings are written")
    options = parser.parse_args(arguments)
    where = options.found.resolve()
    with tempfile.TemporaryDirectory() as elsewhere:
        os.chdir(elsewhere)  # a target may make files where it is
        if importlib.util.find_spec("atheris") is None or options.unguided:
            return _unguided(options.target, options.runs, options.seed, where)
        return _guided(options.target, options.runs, options.seed, where)


def _unguided(target: str, runs: int, seed: int, found: Path) -> int:
    module = import_module(f"laboratory.fuzz.targets.{target}")
    known = list(inputs(target).values())
    began = time.monotonic()
    for number, data in enumerate(islice(mutations(seed, known, module.TOKENS), runs)):
        try:
            module.check(data)
        except BaseException:
            _keep(found / f"{target}-seed{seed}-{number}", data)
            raise
    seconds = time.monotonic() - began
    print(f"{target}: {runs} runs of seed {seed} in {seconds:.1f} s, nothing found")
    return 0


def _keep(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    print(f"found, input kept in {file}: {data!r}", flush=True)


def _guided(target: str, runs: int, seed: int, found: Path) -> int:
    atheris = import_module("atheris")  # it has no types
    with atheris.instrument_imports(include=["jetdirect"]):
        module = import_module(f"laboratory.fuzz.targets.{target}")
    Path("new").mkdir()
    words = ("".join(f"\\x{byte:02x}" for byte in token) for token in module.TOKENS)
    Path("tokens").write_text("".join(f'"{word}"\n' for word in words))
    flags = [
        f"-runs={runs}",
        f"-seed={seed}",
        f"-max_len={LONGEST}",
        f"-timeout={SLOW}",
        f"-artifact_prefix={found}/{target}-",
        "-dict=tokens",
        "-print_final_stats=1",
    ]

    def check(data: bytes) -> None:
        try:
            module.check(data)
        except BaseException:
            _keep(found / f"{target}-{sha256(data).hexdigest()[:16]}", data)
            raise

    # New inputs go to the first folder, never into the checkout.
    atheris.Setup([sys.argv[0], *flags, "new", str(ROOT / target)], check)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
