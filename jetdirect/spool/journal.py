"""
Has the file system a journal?  Without one a power cut may leave directories that nobody can read.
"""

from __future__ import annotations

import os


def deviceWithoutJournal(path: str, sysfs: str = "/sys") -> str:
    """
    The device of an ext4 that has no journal (Linux 5.1 and later say so); empty: it is none, or
    that is not known.

    @param path: a file or directory on it.
    @param sysfs: where the kernel shows its devices.
    """
    found = os.stat(path).st_dev
    device = os.path.realpath(f"{sysfs}/dev/block/{os.major(found)}:{os.minor(found)}")
    name = os.path.basename(device)
    try:
        with open(f"{sysfs}/fs/ext4/{name}/journal_task") as file:
            return "" if file.read().strip() != "<none>" else f"/dev/{name.replace('!', '/')}"
    except OSError:
        return ""
