"""
Print many good jobs with several kinds of clients at once, and count those that anybody takes for
anything but good:

    python -m laboratory.controls.good --jobs 10000

Every job has to get its 226, to be recorded as plainly completed, and to come out byte for byte,
once.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from laboratory.controls.ours import Ours
from laboratory.controls.scripted import MOST_FILES, scripted
from laboratory.controls.server import End, until
from laboratory.controls.table import place
from tests.support.clients import CLIENTS, Address, Client
from tests.support.debian import PACKAGES, program
from tests.support.rawprinter import good

#: The kinds of clients; each has a session open all the time.
KINDS: dict[str, Client] = {**CLIENTS, "script": scripted}

#: Files in one session.
BATCH = MOST_FILES

_LARGEST = 1024 * 1024
_NOISE = Random(515).randbytes(2 * _LARGEST)


@dataclass
class Run:
    """
    What became of the jobs.

    @ivar sent: digests of all jobs by their names.
    @ivar bytes: of all jobs.
    @ivar kinds: how many jobs each kind of client sent.
    @ivar absent: kinds that are not installed, and how to get them.
    @ivar alarms: a line for each false alarm.
    """

    seconds: float = 0.0
    sent: dict[str, str] = field(default_factory=dict)
    bytes: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    absent: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    def report(self) -> str:
        """A text about it."""
        jobs = len(self.sent)
        lines = [
            f"{jobs} jobs, {self.bytes / 1e6:.0f} MB in {self.seconds:.0f} s,"
            f" {jobs / self.seconds:.0f} jobs/s"
        ]
        lines += [f"    {kind}: {count}" for kind, count in sorted(self.kinds.items())]
        lines += [f"absent: {each}" for each in self.absent]
        lines += [f"false alarm: {each}" for each in self.alarms]
        lines.append(f"false alarms: {len(self.alarms)}")
        return "\n".join(lines)


def sizes(rng: Random) -> Iterator[int]:
    """
    Of print jobs: nothing, labels, pages, pictures; 0 to 1 MiB.
    """
    while True:
        yield rng.choice([0, 1, rng.randrange(4096), round(4096 * 256 ** rng.random()), _LARGEST])


def payload(name: str, size: int) -> bytes:
    """A job that no other is like, if it is long enough to have a name."""
    start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % _LARGEST
    return (f"{name}\n".encode() + _NOISE[start : start + size])[:size]


def printAll(
    server: Ours,
    jobs: int,
    seed: int,
    batch: int = BATCH,
    lengths: Callable[[Random], Iterator[int]] = sizes,
) -> Run:
    """
    Print so many jobs with every kind of client that is here, all at the same time.

    @param batch: files in one session.
    @param lengths: draws how many bytes they have.
    """
    run = Run()
    numbers = itertools.count()
    lock = threading.Lock()
    began = time.monotonic()

    def work(kind: str) -> None:
        rng = Random(f"{kind} {seed}")
        with tempfile.TemporaryDirectory() as directory:
            while True:
                with lock:
                    taken = [n for n in itertools.islice(numbers, batch) if n < jobs]
                if not taken:
                    return
                files = [Path(directory, f"{kind}-{number}.prn") for number in taken]
                for file, size in zip(files, lengths(rng), strict=False):
                    data = payload(file.name, size)
                    file.write_bytes(data)
                    run.sent[file.name] = hashlib.sha256(data).hexdigest()
                    run.bytes += size
                _send(server, kind, files, run)
                for file in files:
                    file.unlink()

    kinds = _present(run)
    with ThreadPoolExecutor(len(kinds)) as pool:
        list(pool.map(work, kinds))
    run.seconds = time.monotonic() - began
    compare(server, run)
    return run


def _present(run: Run) -> list[str]:
    kinds = []
    for kind in KINDS:
        try:
            if kind in PACKAGES:
                program(kind)
        except pytest.skip.Exception as why:
            run.absent.append(str(why))
        else:
            kinds.append(kind)
    return kinds


def _send(server: Ours, kind: str, files: Sequence[Path], run: Run) -> None:
    try:
        result = KINDS[kind](Address(server.port), files)
    except Exception as problem:
        run.alarms.append(f"{kind}: {problem!r}")
        return
    run.kinds[kind] += len(files)
    heard = len(re.findall(r"\b226 Transfer complete \(PORT1, job \d+, ", result.output))
    if result.code or heard != len(files):
        run.alarms.append(
            f"{kind}: exit status {result.code}, {heard} of {len(files)} replies 226:\n"
            + result.output
        )


def compare(server: Ours, run: Run) -> None:
    """Hold the records and what was printed against what was sent."""
    # A record is written when the reply is acknowledged, which may be a moment later.
    until(lambda: len(server.records()) >= len(run.sent))
    records = server.records()
    for name in run.sent:
        record = records.get(name)
        if record is None or record.end is not End.COMPLETE:
            run.alarms.append(f"{name}: recorded as {record}")
    others = server.ends - Counter(run.sent.keys())
    run.alarms += [f"{name}: {server.ends[name]} records" for name in others]
    [printer] = server.printers
    printed = Counter(caller.digest for caller in printer.callers)
    wanted = Counter(run.sent.values())
    for digest in (wanted - printed) + (printed - wanted):
        names = [name for name, known in run.sent.items() if known == digest] or ["?"]
        run.alarms.append(
            f"{names[0]}: sent {wanted[digest]} times, printed {printed[digest]} times"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 1 if there was a false alarm."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.controls.good",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--jobs", type=int, default=100, help="default 100")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as directory,
        Ours(Path(directory), printers=[good], keep=False) as server,
    ):
        print(f"{server.title}, seed {options.seed}. {place()}", flush=True)
        run = printAll(server, options.jobs, options.seed)
    print(run.report())
    return int(bool(run.alarms))


if __name__ == "__main__":
    sys.exit(main())
