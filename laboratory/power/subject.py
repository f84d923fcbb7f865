"""
The programs whose word is tested, and with which jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from ..kept.rules import Found


class Note(Protocol):
    """L{laboratory.power.recording.Recorder.note}."""

    def __call__(self, job: object, **changes: Any) -> None:
        """Something happens."""


LARGEST = 20 << 20
_SIZES = [0] * 4 + [1] * 4 + [65536] * 11 + [LARGEST]


Digest = Callable[[str], str | None]
"""The sha256 of a file, in hexadecimal; C{None}: there is no such file."""


class Draw:
    """
    Draws jobs.

    @ivar largest: bytes that a job has at most.
    """

    def __init__(self, largest: int) -> None:
        self.largest = largest

    def __call__(self, dice: Random) -> bytes:
        """A job."""
        return dice.randbytes(min(self.largest, dice.choice(_SIZES)))


class Subject(Protocol):
    """A spool whose word is tested."""

    def prepare(self, directory: str) -> None:
        """Start for the first time; no job comes before this returns."""

    def work(self, directory: str, note: Note, draw: Draw, seed: int, jobs: int) -> None:
        """Take jobs, print some, and note what everybody is told."""

    def look(self, directory: str, digest: Digest) -> Found:
        """Start again after a crash, and say what is there; no bytes of a job are written."""
