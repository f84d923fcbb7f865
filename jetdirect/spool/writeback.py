"""
What was written goes to its disk early, so the sync that counts finds little left to do.
"""

from __future__ import annotations

import ctypes
from typing import Any

_WRITE = 2
"""SYNC_FILE_RANGE_WRITE: begin, and wait for nothing but a disk that has too much to do."""

_begin: Any = getattr(ctypes.CDLL(None), "sync_file_range", None)
if _begin is not None:
    _begin.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)


def begin(descriptor: int, start: int, size: int) -> None:
    """
    Have the kernel begin with a part of a file, where it can.

    What fails is told by the sync: this takes no error away from it (mm/filemap.c).
    """
    if _begin is not None:
        _begin(descriptor, start, size, _WRITE)
