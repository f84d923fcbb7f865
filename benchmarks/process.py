"""
Child processes that end when we do.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]
"""The checkout."""

PATIENCE = 60.0
"""Seconds within which a process begins to listen, or answers."""

LAST_WORDS = 10.0
"""Seconds which a process gets to end by itself once it was asked to."""

_LOOK = 0.001  # seconds between two looks

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _mortal() -> None:
    # prctl(2): the kernel ends the child when its parent is gone, however that went.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """
    A program that runs until its C{with} statement ends.

    @ivar log: what it writes.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        directory: Path = ROOT,
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=directory,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                preexec_fn=_mortal,
            )
        self._heard = b""

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def running(self) -> bool:
        """Has it not ended?"""
        return self._process.poll() is None

    def tell(self, line: str) -> None:
        """Write a line to its input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def hear(self, patience: float = PATIENCE) -> Any:
        """
        Read one line of JSON from its output.

        @raise RuntimeError: it ended, or said nothing for so long.
        """
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        pieces = [self._heard]
        end = time.monotonic() + patience
        while b"\n" not in pieces[-1]:
            if not select.select([output], [], [], max(0.0, end - time.monotonic()))[0]:
                raise RuntimeError(f"{self._process.args!r} said nothing for {patience:g} s")
            piece = os.read(output, 1 << 20)
            if not piece:
                raise RuntimeError(f"{self._process.args!r} ended:\n{self.lastWords()}")
            pieces.append(piece)
        line, _, self._heard = b"".join(pieces).partition(b"\n")
        return json.loads(line)

    def lastWords(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="backslashreplace")[-2000:]

    def waitForPort(self, port: int, patience: float = PATIENCE) -> None:
        """
        Wait until somebody listens on a port of 127.0.0.1; no connection is made.

        @raise RuntimeError: nobody does.
        """
        end = time.monotonic() + patience
        while self.running() and time.monotonic() < end:
            if listening(port):
                return
            time.sleep(_LOOK)
        raise RuntimeError(f"{self._process.args!r} does not listen:\n{self.lastWords()}")

    def stop(self) -> None:
        """End it."""
        if self.running():
            self._process.terminate()
            try:
                self._process.wait(LAST_WORDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def module(name: str, *words: str) -> list[str]:
    """The command line of one of our own modules."""
    return [sys.executable, "-m", name, *words]


def freePort() -> int:
    """A TCP port of 127.0.0.1 on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listening(port: int) -> bool:
    """Does anybody listen on this port of 127.0.0.1 or of all addresses (proc(5), net/tcp)?"""
    places = (f" 0100007F:{port:04X} 00000000:0000 0A", f" 00000000:{port:04X} 00000000:0000 0A")
    text = Path("/proc/net/tcp").read_text()
    return any(place in text for place in places)
