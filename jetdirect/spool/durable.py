"""
Small files that are either the old one or the new one, whenever the power goes.
"""

from __future__ import annotations

from contextlib import suppress

from .disk import Disk

UNFINISHED = ".new"
"""The end of the name of a file that is not in its place yet; after a crash it is worth nothing."""


def writeFile(disk: Disk, path: str, data: bytes) -> None:
    """
    Write a new file and sync it; its name is durable only when its directory is synced.

    @raise OSError: it is not written; a part of it may be there.
    """
    file = disk.create(path)
    try:
        file.write(data)
        file.sync()
    finally:
        file.close()


def replaceFile(disk: Disk, path: str, data: bytes) -> None:
    """
    Write a file in the place of another, durable when this returns.

    @raise OSError: it is not known which of the two a crash would leave; both are whole.
    """
    unfinished = path + UNFINISHED
    with suppress(FileNotFoundError):
        disk.remove(unfinished)
    writeFile(disk, unfinished, data)
    disk.rename(unfinished, path)
    disk.syncDirectory(path.rpartition("/")[0])
