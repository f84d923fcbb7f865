"""
The guest's kernel and its first programs: Debian packages, unpacked, never installed.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_TOOLS = {
    "apt-get": "apt",
    "apt-cache": "apt",
    "dpkg": "dpkg",
    "gs": "ghostscript",
    "qemu-system-x86_64": "qemu-system-x86",
}


def missing() -> list[str]:
    """The Debian packages that the host lacks."""
    return sorted({package for tool, package in _TOOLS.items() if shutil.which(tool) is None})


def unpacked(directory: Path) -> Path:
    """
    Fetch the kernel and a static busybox, unless that was done before.

    @param directory: where they are kept.
    @return: the root of what was unpacked.
    @raise subprocess.CalledProcessError: apt knows of no such packages, or cannot fetch them.
    """
    root = directory / "root"
    if root.exists():
        return root
    new = directory / "root.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for package in (_kernel(), "busybox-static"):
        subprocess.run(["apt-get", "download", package], cwd=new, check=True, capture_output=True)
    for file in new.glob("*.deb"):
        subprocess.run(["dpkg", "-x", file, new], check=True)
        file.unlink()
    return new.rename(root)


def _kernel() -> str:
    """The package of the kernel that C{linux-image-amd64} stands for today."""
    command = ["apt-cache", "depends", "--important", "linux-image-amd64"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return told.partition("Depends: ")[2].split()[0]
