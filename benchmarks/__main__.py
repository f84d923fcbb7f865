"""
How fast it is, and what it costs, beside the peers that are installed here.

    python -m benchmarks                        all of them, about a quarter of an hour
    python -m benchmarks bulk sessions          these
    python -m benchmarks --table docs/evidence/speed.rst and write the table there
    python -m benchmarks --hash bulk            prove that the bytes arrive

It installs nothing; where a peer is missing it says what would bring it.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from benchmarks import machine, network
from benchmarks.figures import (
    bulk,
    counts,
    database,
    fleet,
    history,
    idle,
    jobs,
    latency,
    memory,
    paced,
    pages,
    ports,
    relay,
    sessions,
    spool,
    start,
    streams,
    watching,
)
from benchmarks.lab import Lab
from benchmarks.page import page
from benchmarks.table import Row, written

FIGURES: dict[str, Callable[[Lab], list[Row]]] = {
    "bulk": bulk.run,
    "relay": relay.run,
    "paced": paced.run,
    "sessions": sessions.run,
    "counts": counts.run,
    "latency": latency.run,
    "memory": memory.run,
    "idle": idle.run,
    "streams": streams.run,
    "start": start.run,
    "ports": ports.run,
    "fleet": fleet.run,
    "jobs": jobs.run,
    "spool": spool.run,
    "waiting": spool.waiting,
    "database": database.run,
    "history": history.run,
    "watching": watching.run,
    "page": pages.run,
}

_SHARED_MEMORY = Path("/dev/shm")

_PLACE = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else Path(tempfile.gettempdir())
"""A tmpfs: what vsftpd stores, and everybody logs, costs no disk."""

_DISK = Path("/var/tmp")
"""As a rule on a disk, and not in memory."""


def main(words: list[str] | None = None) -> int:
    """Exit status 1 if a target was missed, or a figure could not be had."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument(
        "--rounds", type=int, default=5, help="interleaved rounds (%(default)s; more of some)"
    )
    parser.add_argument("--hash", action="store_true", help="the sinks check every byte")
    parser.add_argument("--full", action="store_true", help="the long figures in full length")
    parser.add_argument("--scale", type=float, default=1.0, help="of sizes and counts, to try")
    parser.add_argument(
        "--peers", default="", help="only these (stock,pyftpdlib); others count as absent"
    )
    parser.add_argument(
        "--place", type=Path, default=_PLACE, help="for logs and stored jobs (%(default)s)"
    )
    parser.add_argument(
        "--disk", type=Path, default=_DISK, help="on a disk, for kept jobs (%(default)s)"
    )
    parser.add_argument("--table", type=Path, metavar="FILE", help="write the table there, too")
    options = parser.parse_args(words)
    if not set(options.names) <= set(FIGURES):
        parser.print_help()
        return 2
    signal.signal(signal.SIGTERM, _exit)
    _raiseLimits()
    network.isolated()
    with (
        tempfile.TemporaryDirectory(prefix="jetdirect-", dir=options.place) as directory,
        tempfile.TemporaryDirectory(prefix="jetdirect-", dir=options.disk) as disk,
    ):
        os.chmod(disk, 0o755)  # cupsd's programs are another user's
        _keepBytecode(Path(directory))
        lab = Lab(
            Path(directory),
            Path(disk),
            rounds=options.rounds,
            hash=options.hash,
            full=options.full,
            scale=options.scale,
            peers=[each for each in options.peers.lower().split(",") if each],
        )
        where = machine.described()
        rows: list[Row] = []
        failed = []
        for name in options.names or FIGURES:
            began = time.monotonic()
            lab.say(name)
            try:
                measured = FIGURES[name](lab)
                lab.say(written(measured))
                rows += measured
            except (AssertionError, OSError, RuntimeError) as why:
                failed.append(f"{name}: {why}")
            lab.say(f"    ({time.monotonic() - began:.0f} s)")
    command = shlex.join(
        ["python", "-m", "benchmarks", *(sys.argv[1:] if words is None else words)]
    )
    text = page(command, where, rows, failed)
    print(text)
    if options.table:
        options.table.write_text(text)
    return 1 if failed or any(row.met is False for row in rows) else 0


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _keepBytecode(place: Path) -> None:
    # As an installed package has it: the warm-up round compiles, wherever the sources are.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(place / "bytecode")


def _raiseLimits() -> None:
    # Children inherit it; thousands of sessions need thousands of descriptors.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
