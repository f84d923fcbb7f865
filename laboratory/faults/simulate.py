"""
Play many seeds: C{python -m laboratory.faults.simulate --seeds 100000 --workers 2}, or one:
C{--seed N --trace}.
"""

from __future__ import annotations

import argparse
import functools
import gc
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from twisted.logger import LogPublisher, globalLogBeginner

from .known import isKnown
from .simulation.faults import Coverage
from .simulation.simulation import Simulation

CHUNK = 50
"""Seeds that a worker plays between two words."""


@dataclass
class Tally:
    """
    What came of some seeds.

    @ivar failed: the seeds in which something was violated, and what.
    @ivar known: violations, by rule, that test_found.py knows already and that do not count.
    @ivar uploads: their final replies.
    @ivar kernel: how much of the bytes stayed in the kernel.
    """

    played: int = 0
    failed: dict[int, list[str]] = field(default_factory=dict)
    rules: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    uploads: Counter[str] = field(default_factory=Counter)
    coverage: Coverage = field(default_factory=Coverage)
    kernel: Counter[str] = field(default_factory=Counter)

    def play(self, seed: int, forgiving: bool) -> None:
        """
        Play one.

        @param forgiving: what is known does not count.
        """
        simulation = Simulation(seed, self.coverage)
        violations = simulation.run()
        if forgiving:
            self.known.update(each.rule for each in violations if isKnown(each))
            violations = [each for each in violations if not isKnown(each)]
        self.played += 1
        for sender in simulation.senders:
            self.uploads.update(
                str(upload.finals[0].code) if upload.finals else "no reply"
                for upload in sender.uploads
            )
        calls = simulation.calls
        self.kernel["jobs"] += sum(bool(u.sent) for s in simulation.senders for u in s.uploads)
        self.kernel["jobs through a pipe"] += len(calls.jobs)
        self.kernel["bytes through it"] += calls.bytes
        self.kernel["waits in it"] += calls.waited
        self.kernel["refusals"] += calls.refused
        self.kernel["gatherings"] += simulation.network.gathered
        self.rules.update(violation.rule for violation in violations)
        if violations:
            self.failed[seed] = [str(each) for each in violations]

    def add(self, other: Tally) -> None:
        """Add what came of others."""
        self.played += other.played
        self.failed.update(other.failed)
        self.rules += other.rules
        self.known += other.known
        self.uploads += other.uploads
        self.kernel += other.kernel
        self.coverage.hits += other.coverage.hits

    def summary(self) -> str:
        """The table, and what follows from it."""
        lines = [self.coverage.table()]
        lines.append(f"replies to uploads: {dict(sorted(self.uploads.items()))}")
        lines.append(f"the kernel path: {dict(self.kernel)}")
        lines.append(f"empty cells: {self.coverage.missing or 'none'}")
        lines.append(f"violations by rule: {dict(self.rules) or 'none'}")
        if self.known:
            lines.append(f"known and not counted: {dict(self.known)}")
        return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Exit status 1 if anything was violated."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.faults.simulate", description=__doc__
    )
    parser.add_argument("--seeds", type=int, default=1000, help="how many; default 1000")
    parser.add_argument("--first", type=int, default=0, help="the first one; default 0")
    parser.add_argument("--workers", type=int, default=1, help="how many processes; default 1")
    parser.add_argument("--seed", type=int, help="this one only")
    parser.add_argument("--trace", action="store_true", help="show everything that happens")
    parser.add_argument("--plain", action="store_true", help="with --seed: as its first edition")
    parser.add_argument(
        "--known", action="store_true", help="do not count what test_found.py knows already"
    )
    parser.add_argument("--seconds", type=float, help="stop after so many seconds")
    parser.add_argument("--failures", type=int, default=20, help="stop after so many; default 20")
    options = parser.parse_args(arguments)
    if options.seed is not None:
        return _one(options)
    return _many(options)


@functools.cache
def _prepare() -> None:
    # A simulation is quick only if what is there is not looked at again and again; and what is
    # critical would be printed by a process that has no log yet.
    gc.freeze()
    globalLogBeginner.beginLoggingTo([LogPublisher()], True, redirectStandardIO=False)


def _one(options: argparse.Namespace) -> int:
    _prepare()
    simulation = Simulation(options.seed, traced=options.trace, plain=options.plain)
    violations = simulation.run()
    print("\n".join(simulation.network.trace or []))
    for violation in violations:
        print(f"seed {options.seed}: {violation}")
    print(f"seed {options.seed}: {len(violations)} violations")
    return 1 if violations else 0


def _many(options: argparse.Namespace) -> int:
    total = Tally()
    began = said = time.monotonic()
    for some in _played(options):
        total.add(some)
        for seed, violations in some.failed.items():
            for violation in violations[:3]:
                print(f"seed {seed}: {violation}", flush=True)
        now = time.monotonic()
        if now - said > 10:
            said = now
            print(f"{total.played} seeds, {total.played / (now - began):.0f}/s", flush=True)
        if len(total.failed) >= options.failures:
            break
        if options.seconds is not None and now - began > options.seconds:
            break
    seconds = time.monotonic() - began
    print(total.summary())
    print(
        f"{total.played} seeds from {options.first} in {seconds:.1f} s at {_commit()},"
        f" {len(total.failed)} failed: {sorted(total.failed)}"
    )
    return 1 if total.failed else 0


def _played(options: argparse.Namespace) -> Iterator[Tally]:
    # The results come as they are ready; whoever has enough stops asking.
    last = options.first + options.seeds
    chunks = (range(n, min(n + CHUNK, last)) for n in range(options.first, last, CHUNK))
    if options.workers <= 1:
        _prepare()
        for seeds in chunks:
            yield _chunk(seeds, options.known)
        return
    # Not by fork: a worker is to be as any process that replays one of its seeds.
    with ProcessPoolExecutor(options.workers, get_context("spawn"), _prepare) as pool:
        running: set[Future[Tally]] = set()
        try:
            for seeds in chunks:
                running.add(pool.submit(_chunk, seeds, options.known))
                if len(running) > options.workers:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (each.result() for each in done)
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (each.result() for each in done)
        finally:
            pool.shutdown(cancel_futures=True)


def _chunk(seeds: range, forgiving: bool) -> Tally:
    tally = Tally()
    for seed in seeds:
        tally.play(seed, forgiving)
    return tally


def _commit() -> str:
    here = Path(__file__).parent

    def git(*words: str) -> str:
        answer = subprocess.run(
            ["git", *words], cwd=here, capture_output=True, text=True, check=False
        )
        return answer.stdout.strip() if answer.returncode == 0 else ""

    try:
        commit, changed = git("rev-parse", "--short", "HEAD"), git("status", "--porcelain")
    except OSError:
        commit = changed = ""
    return f"commit {commit or 'unknown'}{', changed' if changed else ''}"


if __name__ == "__main__":
    sys.exit(main())
