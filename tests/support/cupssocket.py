"""
CUPS's own way to TCP port 9100, its backend C{socket}, run as its scheduler runs it.
"""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.peer import mortal

BACKEND = Path("/usr/lib/cups/backend/socket")


def backend() -> Path:
    """
    Find the backend, or skip the test that asks.
    """
    if not BACKEND.exists():
        pytest.skip(f"{BACKEND} is missing: apt-get install --no-install-recommends cups")
    return BACKEND


def printFile(host: str, port: int, job: Path, seconds: float) -> int | None:
    """
    Print a file.

    The channels for status and questions (descriptors 3 and 4) are there, as under the scheduler;
    nobody answers.

    @param seconds: when to stop it.
    @return: its exit status: 0 means that the job was printed; L{None} if it had to be stopped.
    """
    ours, its = socket.socketpair()
    script = 'exec "$@" 3>/dev/null 4<&0 0</dev/null'
    words = [str(backend()), "1", "tester", "page", "1", "", str(job)]
    uri = f"socket://{host}:{port}/?snmp=false&contimeout=5"
    with ours, its:
        try:
            return subprocess.run(
                mortal("sh", "-c", script, "sh", *words),
                env={**os.environ, "DEVICE_URI": uri},
                stdin=its.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
            ).returncode
        except subprocess.TimeoutExpired:
            return None
