"""
A power cut at every moment: C{python -m laboratory.power --subject store --filesystem ext4}.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from random import Random

from ..kept.rules import Event
from . import kernel
from .cups import Cups
from .cuts import cuts, prepared
from .judge import Rebuilder, Verdict, judge
from .naive import Naive
from .ours import NoChange, NoData, NoRename, OurStore, UnsyncedDisk
from .recording import MARK, entries, recording
from .subject import LARGEST, Draw, Subject

SUBJECTS: dict[str, Subject] = {
    "store": OurStore(),
    "unsynced": OurStore(UnsyncedDisk),
    "no-data": OurStore(NoData),
    "no-rename": OurStore(NoRename),
    "no-change": OurStore(NoChange),
    "naive": Naive(),
    "cups": Cups(),
}
SIZE = 512 << 20
"""Bytes of the file system: mkfs.xfs makes none below 300 MiB."""

NEEDED = {
    "qemu-storage-daemon": "qemu-system-common",
    "fusermount3": "fuse3",
    "mkfs.xfs": "xfsprogs",
    "mkfs.ext4": "e2fsprogs",
    "losetup": "mount",
    "setpriv": "util-linux",
}
"""Programs, and the Debian packages that have them."""

_INSIDE = "LABORATORY_POWER_INSIDE"


def lacking(subject: str) -> str:
    """What this machine lacks, in words; empty: nothing."""
    needed = dict(NEEDED)
    if subject == "cups":
        needed |= {"cupsd": "cups", "lp": "cups-client"}
    missing = [package for program, package in needed.items() if shutil.which(program) is None]
    if missing:
        return f"not installed: {' '.join(missing)}"
    if os.getuid():
        return "root is needed, to mount"
    if not (os.path.exists("/dev/fuse") and os.path.exists("/dev/loop-control")):
        return "/dev/fuse and /dev/loop-control are needed"
    try:
        kernel.run("unshare", "--mount", "true")
    except RuntimeError as why:
        return f"mounts of its own are needed: {why}"
    return ""


def makeExt4(device: str) -> str:
    """Make the file system that most Linux machines have."""
    kernel.run("mkfs.ext4", "-q", "-F", "-b", "4096", device, f"{SIZE // 1024}k")
    return "ext4"


def makeXfs(device: str) -> str:
    """Make the other one."""
    kernel.run("mkfs.xfs", "-q", "-f", "-K", "-d", f"size={SIZE}", device)
    return "xfs"


FILESYSTEMS = {"ext4": makeExt4, "xfs": makeXfs}


def run(work: str, options: argparse.Namespace) -> Verdict:
    """Record a run in a directory that is empty, and judge it."""
    subject, make = SUBJECTS[options.subject], FILESYSTEMS[options.filesystem]
    with kernel.mounted("tmpfs", f"{work}/memory", "tmpfs", "size=90%,mode=700") as memory:
        began = time.monotonic()
        with recording(memory, make, SIZE) as recorder:
            subject.prepare(recorder.mounted)
            draw = Draw(options.largest)
            subject.work(recorder.mounted, recorder.note, draw, options.seed, options.jobs)
            kernel.run("sync", "-f", recorder.mounted)
        events = recorder.events
        os.unlink(f"{memory}/disk")
        print(
            f"{options.jobs} jobs, {len(events)} events, {os.stat(f'{memory}/log').st_blocks >> 11}"
            f" MiB of writes in {time.monotonic() - began:.1f} s",
            flush=True,
        )
        with open(f"{memory}/copies", "wb") as file:
            file.truncate(options.workers * 4 * SIZE)
        kernel.run("mkfs.xfs", "-q", "-f", "-K", f"{memory}/copies")
        with (
            kernel.loop(f"{memory}/copies") as device,
            kernel.mounted(device, f"{memory}/shared", "xfs") as shared,
            ProcessPoolExecutor(options.workers, get_context("fork")) as pool,
        ):
            verdict = Verdict()
            look = partial(_look, shared, f"{memory}/log", events, options)
            for each in pool.map(look, range(options.workers)):
                verdict.join(each)
            return verdict


def _look(
    shared: str, path: str, events: list[Event], options: argparse.Namespace, worker: int
) -> Verdict:
    # Mounting is mostly waiting: several at a time look at every n-th power cut each.
    chance = Random(f"{options.seed}/{worker}")
    rebuilder = Rebuilder(f"{shared}/{worker}", path, SIZE + MARK, options.filesystem, chance)
    try:
        log = entries(path, SIZE)
        rebuilder.flushed(prepared(log))
        moments = cuts(log, Random(options.seed), options.subsets, not options.flushes_only)
        look = SUBJECTS[options.subject].look

        def mine(number: int) -> bool:
            return bool(number % options.workers == worker and chance.random() < options.share)

        return judge(rebuilder, moments, events, look, mine)
    finally:
        rebuilder.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m laboratory.power", description=__doc__)
    parser.add_argument("--subject", choices=SUBJECTS, default="store")
    parser.add_argument("--filesystem", choices=FILESYSTEMS, default="ext4")
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--largest", type=int, default=LARGEST, help="bytes of a job")
    parser.add_argument("--subsets", type=int, default=20, help="of the writes before each flush")
    parser.add_argument("--flushes-only", action="store_true", help="no cut behind each write")
    parser.add_argument("--share", type=float, default=1.0, help="of the cuts, drawn by the seed")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if reason := lacking(options.subject):
        print(reason, file=sys.stderr)
        return 2
    if _INSIDE not in os.environ:
        # Whatever is mounted is gone with this process, however it ends.
        os.environ[_INSIDE] = "yes"
        words = ["unshare", "--mount", "--propagation", "private", sys.executable]
        os.execvp("unshare", [*words, "-m", "laboratory.power", *sys.argv[1:]])
    # What is mounted must go before QEMU does, which is below it: else nobody can sync any more.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="power-") as work:
        verdict = run(work, options)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(verdict.cuts.items()))
    print(f"{verdict.cuts.total()} of {verdict.moments} power cuts: {kinds}")
    for number, example in verdict.examples:
        print(f"cut {number}: {example}")
    for rule, count in verdict.broken.items():
        print(f"{rule}: broken at {count} cuts")
    print("nothing is wrong" if not verdict.broken else "FAILED")
    return bool(verdict.broken)


if __name__ == "__main__":
    sys.exit(main())
