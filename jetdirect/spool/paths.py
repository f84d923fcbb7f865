"""
Where the files of a kept job are, below the spool directory.
"""

from __future__ import annotations

import re

from .record import JobPlace

DATA, RECORD = "data", "job.json"

LEAST_DIGITS = 8
"""Digits of a directory's name at least, with which C{ls} shows the jobs in order."""


_PORT = re.compile(r"[a-z0-9_-]+")


def isPort(name: str) -> bool:
    """Can a printing port's directory be called so?"""
    return _PORT.fullmatch(name) is not None


def portPath(port: str) -> str:
    """The directory of a printing port, by its name in lower case."""
    return f"ports/{port}"


def placePath(port: str, place: JobPlace) -> str:
    """That of those jobs of a printing port that are there."""
    return f"ports/{port}/{place.value}"


def jobPath(port: str, place: JobPlace, number: int) -> str:
    """That of one job."""
    return f"ports/{port}/{place.value}/{number:0{LEAST_DIGITS}d}"


def numberOf(name: str) -> int | None:
    """The number of the job whose directory is called so; L{None}: no job's is."""
    return int(name) if name.isascii() and name.isdigit() and len(name) >= LEAST_DIGITS else None
