"""
A real printer daemon, p910nd, that prints on a pipe which the tests read.

p910nd wants its lock file below C{/var/lock}; it gets a mount namespace with an empty one there.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

import pytest

from tests.support.debian import program
from tests.support.peer import PATIENCE, Printer, mortal

#: p910nd can listen on these ports only: its argument is the last digit.
_PORTS = range(9100, 9110)

_START = """
mount -t tmpfs none /var/lock && mkdir /var/lock/p910nd && exec "$@"
"""


def _freePort(host: str) -> tuple[int, IO[bytes]]:
    """A port that is free, and the lock that keeps other test runs from it while it is open."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in _PORTS:
        lock = open(Path(tempfile.gettempdir(), f"jetdirect-tests-{port}.lock"), "wb")  # noqa: SIM115
        with socket.socket(family) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                attempt.bind((host, port))
            except OSError:
                lock.close()
                continue
            return port, lock
    pytest.skip(f"all ports of p910nd, {_PORTS[0]} to {_PORTS[-1]}, are taken")


def listens(port: int) -> bool:
    """Whether a local socket listens on this port; a connection to ask would be a job."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not Path(table).exists():
            continue
        for line in Path(table).read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                return True
    return False


class P910nd(Printer):
    """
    p910nd on one of its ports.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.port, self._lock = _freePort(host)
        self.host = host
        self._printed = bytearray()
        self._news = threading.Condition()
        # Not everybody may mount: a user namespace of our own lets those who may make one.
        for unshare in (["-m"], ["-rm"]):
            enter = [program("unshare"), *unshare]
            if subprocess.run([*enter, "true"], capture_output=True).returncode == 0:
                break
        else:
            pytest.skip("p910nd needs a mount namespace, and unshare -m is refused here")
        reading, writing = os.pipe()
        self._paper = os.fdopen(reading, "rb", buffering=0)
        paper = f"/proc/self/fd/{writing}"
        daemon = mortal(program("p910nd"), "-d", "-i", host, "-f", paper, str(self.port % 10))
        self._process = subprocess.Popen(
            [*enter, "sh", "-c", _START, "sh", *daemon],
            pass_fds=[writing],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        os.close(writing)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._waitForListener()
        except BaseException:
            self.stop()
            raise

    def _waitForListener(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not listens(self.port):
            assert self._process.poll() is None, "p910nd ended at once"
            assert time.monotonic() < deadline, "p910nd does not listen"
            time.sleep(0.01)

    def _read(self) -> None:
        with self._paper:
            while chunk := self._paper.read(65536):
                with self._news:
                    self._printed += chunk
                    self._news.notify_all()

    def waitFor(self, count: int, seconds: float = PATIENCE) -> bytes:
        """
        Wait until so many bytes were printed since the start.

        @return: all that was printed since the start.
        """
        with self._news:
            self._news.wait_for(lambda: len(self._printed) >= count, seconds)
            assert len(self._printed) >= count, f"{len(self._printed)} of {count} bytes"
            return bytes(self._printed)

    def stop(self) -> bytes:
        """
        End the daemon.

        @return: everything that it ever printed.
        """
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(PATIENCE)
        self._lock.close()
        return bytes(self._printed)
