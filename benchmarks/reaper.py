"""
Run a server whose sessions outlive their parents, and inherit them.

    python -m benchmarks.reaper PROGRAM WORD ...

vsftpd's sessions are grandchildren that nobody waits for: their processor time would go to init.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from types import FrameType

_PR_SET_CHILD_SUBREAPER = 36


def main(command: list[str]) -> None:
    """Wait for whoever is orphaned below us, until SIGTERM, which is passed on."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    server = subprocess.Popen(command)

    def end(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(server.pid, number)

    signal.signal(signal.SIGTERM, end)
    with contextlib.suppress(ChildProcessError):
        while os.wait()[0] != server.pid:
            pass


if __name__ == "__main__":
    main(sys.argv[1:])
