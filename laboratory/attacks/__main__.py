"""
The attacks with their whole counts.

    python -m laboratory.attacks --full            all of them, about half an hour
    python -m laboratory.attacks theft siege       these
    python -m laboratory.attacks --count 99 theft  with another count
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from laboratory.attacks import (
    bounce,
    crumbs,
    floods,
    fusion,
    hoarding,
    injection,
    names,
    overflow,
    patience,
    shortlines,
    starvation,
    theft,
    web,
)
from laboratory.attacks.figures import Figures

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Attack:
    """
    One attack as C{docs/evidence/attacks.rst} reports it.

    @ivar count: of what it counts.
    """

    run: Callable[[Path, int], Figures]
    count: int


ATTACKS = {
    "bounce": Attack(bounce.strings, 10_000),
    "bounce-ipv6": Attack(partial(bounce.strings, own="::1"), 10_000),
    "before-150": Attack(bounce.notBefore150, 200),
    "theft": Attack(theft.races, 1000),
    "arguments": Attack(overflow.arguments, len(overflow.LENGTHS)),
    "endless-line": Attack(overflow.endlessLine, 200),
    "unwanted-data": Attack(overflow.unwantedData, 300),
    "unread-replies": Attack(overflow.unreadReplies, 100),
    "slow-control": Attack(patience.slowControl, 300),
    "slow-data": Attack(starvation.slowData, 20),
    "slow-dial": Attack(patience.slowDial, 100),
    "refusals": Attack(starvation.refusals, 1000),
    "siege": Attack(starvation.siege, 100),
    "floods": Attack(floods.everything, 10),
    "hoarding": Attack(hoarding.hoarding, 100),
    "injection": Attack(injection.injections, 1400),
    "back-channel": Attack(fusion.backChannel, 2),
    "interleaving": Attack(fusion.interleaving, 10_000),
    "crumbs": Attack(crumbs.crumbs, 100),
    "short-lines": Attack(shortlines.shortLines, 100),
    "names": Attack(names.inMemory, 50_000),
    "names-process": Attack(names.inTheProcess, 3000),
    "names-disk": Attack(names.onDisk, 1000),
    "web-crowd": Attack(web.crowd, 1000),
    "web-bodies": Attack(web.bodies, 64),
    "web-unread": Attack(web.unread, 200),
    "web-names": Attack(web.names, 10_000),
    "web-probes": Attack(web.probes, 50),
    "memory": Attack(patience.memoryOf, 100_000),
    "connections": Attack(starvation.connections, 1_000_000),
}
"""By name; the long one comes last."""


def main(words: list[str] | None = None) -> int:
    """Exit status 1 if one of them succeeds."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.attacks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ATTACKS))
    parser.add_argument("--full", action="store_true", help="all of them")
    parser.add_argument("--count", type=int, help="instead of the attack's own count")
    options = parser.parse_args(words)
    chosen = list(ATTACKS) if options.full else options.names
    if not chosen or not set(chosen) <= set(ATTACKS):
        parser.print_help()
        return 2
    print(_where(), flush=True)
    failed = [name for name in chosen if not _attack(name, options.count)]
    print(f"\nsucceeded against the gateway: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def _attack(name: str, count: int | None) -> bool:
    attack = ATTACKS[name]
    print(f"\n{name}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="jetdirect-attacks-") as place:
        try:
            figures = attack.run(Path(place), count or attack.count)
        except AssertionError as why:
            print(f"    FAILED: {str(why)[:2000]}")
            return False
    for title, figure in figures.items():
        print(f"    {title}: {figure}")
    print(f"    ({time.monotonic() - began:.0f} s)", flush=True)
    return True


def _where() -> str:
    ask = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(ask, capture_output=True, text=True).stdout.strip()
    except OSError:
        commit = ""
    day = datetime.datetime.now(datetime.UTC).date()
    machine = f"{platform.system()} {platform.release()}, {os.cpu_count()} cores"
    return f"{day}, commit {commit or 'unknown'}, {machine}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
