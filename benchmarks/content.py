"""
What jobs consist of, so that a sink can tell whether its bytes are the sender's.
"""

from __future__ import annotations

import functools
import hashlib
import os
import random
from collections import Counter
from collections.abc import Iterable

LENGTH = 4 * 1024 * 1024 + 4099
"""Bytes that repeat; no power of two, so that misplaced chunks show (chosen)."""

STEP = 4099
"""Job n begins so many bytes after job n-1, so that no two neighbours are alike."""


@functools.cache
def block() -> bytes:
    """The bytes that repeat."""
    return random.Random(9100).randbytes(LENGTH)


def memory() -> int:
    """A descriptor of them, from which the kernel sends without a copy."""
    descriptor = os.memfd_create("jobs")
    os.write(descriptor, block())
    return descriptor


def start(job: int) -> int:
    """Where in the block a job begins; jobs count from 0."""
    return job * STEP % LENGTH


def digest(job: int, size: int) -> str:
    """SHA-256 of a whole job, in hexadecimal."""
    found = hashlib.sha256()
    data, place = memoryview(block()), start(job)
    while size > 0:
        piece = data[place : place + size]
        found.update(piece)
        size -= len(piece)
        place = 0
    return found.hexdigest()


def check(jobs: int, size: int, received: Iterable[tuple[int, str | None]]) -> None:
    """
    Are these the jobs that were sent?

    @param received: bytes and digest of each connection to a sink; C{None}: it did not hash.
    @raise AssertionError: not all of them, or not only they.
    """
    found = list(received)
    sizes = Counter(each for each, _ in found)
    if sizes != Counter({size: jobs}):
        raise AssertionError(f"{jobs} jobs of {size} bytes were sent, {dict(sizes)} came")
    digests = Counter(each for _, each in found if each is not None)
    if not digests:
        return
    wrong = digests - Counter(digest(job, size) for job in range(jobs))
    if wrong or digests.total() != jobs:
        raise AssertionError(f"{wrong.total()} of {jobs} jobs came with other bytes")
