"""
The terminal, if there is one.
"""

from __future__ import annotations

import shutil
import sys


def width() -> int | None:
    """Letters of a line on standard output; L{None}: it is no terminal, a line may be long."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
