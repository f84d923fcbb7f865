"""
C{file:} with a directory: every job becomes a file.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from laboratory.printers.stands.stand import Kind, Stand, until

#: Bytes that fit on the full disk: fewer than any job of a fault has.
DISK = 100_000


class DirectoryStand(Stand):
    """
    A directory; "paper out" is a full disk, "refused" a directory that cannot be made.
    """

    def __init__(self, fault: str, place: Path, host: str) -> None:
        super().__init__()
        self.fault = fault
        self._jobs = place / "gone" / "jobs" if fault == "refused" else place / "jobs"
        self._jobs.parent.mkdir(exist_ok=True)
        self.uri = f"file://{self._jobs}"

    def ready(self) -> None:
        if self.fault == "refused":
            shutil.rmtree(self._jobs.parent)  # with what the start has made

    def got(self) -> bytes:
        """What others see; a job that is being written they do not."""
        files = sorted(self._jobs.glob("[!.]*"))
        return b"".join(file.read_bytes() for file in files)

    def waitForBytes(self, count: int) -> None:
        """Until they are on the disk, where nobody sees them."""
        until(lambda: sum(map(_size, self._jobs.glob(".*.part"))) >= count, "part of a job")

    def unplug(self) -> None:
        """The directory goes in mid-job."""
        shutil.rmtree(self._jobs)

    def settle(self) -> None:
        """Nothing to wait for: the reply comes after the file."""

    def stop(self) -> None:
        pass


def _size(file: Path) -> int:
    # One that is gone meanwhile is empty.
    with contextlib.suppress(FileNotFoundError):
        return file.stat().st_size
    return 0


_DISK = "a disk takes the bytes or it does not"

DIRECTORY = Kind(
    "file, a directory",
    DirectoryStand,
    {
        "busy": "each job gets a file of its own",
        "slow": "no disk was made slow; a thread waits for it, not the reactor",
        "stalled": "no disk was made to hang",
        **dict.fromkeys(("closed early", "reset early", "reset late", "never closed"), _DISK),
    },
    {"paper out": ["prlimit", f"--fsize={DISK}"]},
)
