"""
Where the figures come from.
"""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

from benchmarks import network
from benchmarks.process import ROOT


def described() -> list[str]:
    """One line each: when, what, on which machine."""
    day = datetime.datetime.now(datetime.UTC).strftime("%d %B %Y, %H:%M UTC")
    return [
        f"{day}, commit {_commit()}, load {os.getloadavg()[0]:.1f} when it began",
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}; {network.described()}",
    ]


def _commit() -> str:
    ask = [
        "git",
        "-c",
        f"safe.directory={ROOT}",
        "-C",
        str(ROOT),
        "describe",
        "--always",
        "--dirty",
    ]
    try:
        return subprocess.run(ask, capture_output=True, text=True).stdout.strip() or "unknown"
    except OSError:
        return "unknown"


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()
