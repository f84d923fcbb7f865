"""
C{python -m laboratory.guest}: print on the real drivers, in an emulated machine.
"""

from __future__ import annotations

import argparse
import datetime
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from laboratory.guest import initramfs, machine, packages

_ROOT = Path(__file__).resolve().parents[2]
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jetdirect-guest"


def main() -> int:
    """Run the machine and show its results; 0 if all is well."""
    parser = argparse.ArgumentParser(prog="python -m laboratory.guest", description=__doc__)
    parser.add_argument("--packages", type=Path, default=_CACHE, help="keeps kernel and busybox")
    parser.add_argument("--run", default="laboratory.guest.checks", help="the module to run inside")
    parser.add_argument(
        "--rows", type=Path, help="measure faults, and write rows for python -m laboratory.printers"
    )
    parser.add_argument("--seconds", type=float, default=600, help="until it is switched off")
    parser.add_argument("--console", action="store_true", help="show what the kernel said, too")
    options = parser.parse_args()
    lacking = packages.missing()
    if lacking:
        print("missing: apt-get install --no-install-recommends", *lacking, file=sys.stderr)
        return 2
    root = packages.unpacked(options.packages)
    kernel = next((root / "boot").glob("vmlinuz-*"))
    with tempfile.TemporaryDirectory(prefix="guest-") as place:
        directory = Path(place)
        scratch = directory / "scratch"
        scratch.mkdir()
        settings = {
            "SCRATCH": str(scratch),
            "CHECKOUT": str(_ROOT),
            "PYTHON": sys.executable,
            "MODULE": "laboratory.guest.rows" if options.rows else options.run,
        }
        ended = machine.run(kernel, initramfs.build(root, settings), directory, options.seconds)
        print(_occasion())
        results = (directory / "results").read_text(errors="replace").replace("\r", "")
        lines = results.splitlines(keepends=True)
        if options.rows:
            options.rows.write_text("".join(line for line in lines if line.startswith("{")))
        print("".join(line for line in lines if not line.startswith("{")), end="")
        if options.console or not ended:
            print((directory / "console").read_text(errors="replace").replace("\r", ""))
    if not ended:
        print(f"switched off after {options.seconds:g} s", file=sys.stderr)
    return 0 if ended and results.endswith("all is well\n") else 1


def _occasion() -> str:
    """The day, and what is tested."""
    git = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty=, and changes to it"]
    try:
        commit = subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = "unknown"
    return f"{datetime.date.today()}, commit {commit}"


if __name__ == "__main__":
    sys.exit(main())
