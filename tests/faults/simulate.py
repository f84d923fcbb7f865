"""
Play many seeds: C{python -m tests.faults.simulate --seeds 100000}, or one: C{--seed N --trace}.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections import Counter

from .known import isKnown
from .simulation.faults import Coverage
from .simulation.world import World


def main(arguments: list[str] | None = None) -> int:
    """Exit status 1 if anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many; default 1000")
    parser.add_argument("--first", type=int, default=0, help="the first one; default 0")
    parser.add_argument("--seed", type=int, help="this one only")
    parser.add_argument("--trace", action="store_true", help="show everything that happens")
    parser.add_argument(
        "--known", action="store_true", help="do not count what test_found.py knows already"
    )
    parser.add_argument("--seconds", type=float, help="stop after so many seconds")
    parser.add_argument("--failures", type=int, default=20, help="stop after so many; default 20")
    options = parser.parse_args(arguments)
    if options.seed is not None:
        return _one(options.seed, options.trace)
    return _many(options)


def _one(seed: int, traced: bool) -> int:
    world = World(seed, traced=traced)
    violations = world.run()
    print("\n".join(world.network.trace or []))
    for violation in violations:
        print(f"seed {seed}: {violation}")
    print(f"seed {seed}: {len(violations)} violations")
    return 1 if violations else 0


def _many(options: argparse.Namespace) -> int:
    coverage = Coverage()
    failed: list[int] = []
    rules: Counter[str] = Counter()
    known: Counter[str] = Counter()
    uploads: Counter[str] = Counter()
    began = said = time.monotonic()
    gc.freeze()
    played = 0
    for seed in range(options.first, options.first + options.seeds):
        world = World(seed, coverage)
        violations = world.run()
        if options.known:
            known.update(each.rule for each in violations if isKnown(each))
            violations = [each for each in violations if not isKnown(each)]
        played += 1
        for sender in world.senders:
            uploads.update(
                str(upload.finals[0].code) if upload.finals else "no reply"
                for upload in sender.uploads
            )
        if violations:
            failed.append(seed)
            rules.update(violation.rule for violation in violations)
            for violation in violations[:3]:
                print(f"seed {seed}: {violation}", flush=True)
        now = time.monotonic()
        if now - said > 10:
            said = now
            print(f"{played} seeds, {played / (now - began):.0f}/s", flush=True)
        if len(failed) >= options.failures:
            break
        if options.seconds is not None and now - began > options.seconds:
            break
    seconds = time.monotonic() - began
    print(coverage.table())
    print("replies to uploads:", dict(sorted(uploads.items())))
    print("empty cells:", coverage.missing or "none")
    print("violations by rule:", dict(rules) or "none")
    if options.known:
        print("known and not counted:", dict(known) or "none")
    print(f"{played} seeds from {options.first} in {seconds:.1f} s, {len(failed)} failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
