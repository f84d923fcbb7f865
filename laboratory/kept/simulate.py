"""
A spool on a disk in memory that loses, reorders and tears what was not synced; alone, or with the
whole gateway around it.

    python -m laboratory.kept.simulate --seeds 100000 --workers 2
    python -m laboratory.kept.simulate --gateway --seeds 1000
    python -m laboratory.kept.simulate --first 4711 --seeds 1

One seed decides everything.  Each that breaks a rule is named.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice

from .gatewaytrial import GatewayTrial
from .spooltrial import SpoolTrial

STEP = 100


def violations(
    kind: type[SpoolTrial] | type[GatewayTrial], seeds: range
) -> list[tuple[int, list[str]]]:
    """The seeds that broke a rule, and which."""
    found = ((seed, kind(seed).run()) for seed in seeds)
    return [(seed, wrong) for seed, wrong in found if wrong]


def main() -> int:
    """Exit status 1: a rule was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.kept.simulate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=0, help="stop then; 0: when all are done")
    parser.add_argument("--gateway", action="store_true", help="the whole gateway")
    options = parser.parse_args()
    kind = GatewayTrial if options.gateway else SpoolTrial
    end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    done = bad = 0
    with ProcessPoolExecutor(options.workers) as pool:
        parts = _parts(options.first, options.first + options.seeds, end)
        # As many at a time as there are workers, so that the clock is looked at.
        while batch := list(islice(parts, options.workers)):
            for part, found in zip(batch, pool.map(partial(violations, kind), batch), strict=True):
                done, bad = done + len(part), bad + len(found)
                for seed, wrong in found:
                    print(f"seed {seed}: {'; '.join(wrong)}", flush=True)
    print(f"{done} seeds from {options.first}, {bad} with something wrong")
    return 1 if bad else 0


def _parts(first: int, last: int, end: float) -> Iterator[range]:
    for start in range(first, last, STEP):
        if time.monotonic() > end:
            return
        yield range(start, min(start + STEP, last))


if __name__ == "__main__":
    sys.exit(main())
