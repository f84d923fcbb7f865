"""
A process beside the gateway that writes kept jobs while many come.

Each file of a small job is some system calls of microseconds.  A thread gives the interpreter away
for each, and waits to have it again while the reactor has it: with hundreds of jobs a second that
costs more than the calls do (measured: docs/evidence/spool.rst).  A process has an interpreter of
its own.

It reads requests and writes answers over a connection, one at a time, and ends when the gateway
does.  It holds the lock of the spool: a gateway that is started anew waits for the steps of the one
before.
"""

from __future__ import annotations

import marshal
import signal
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, BinaryIO

from .disk import RealDisk
from .record import SpoolRecord
from .steps import Here, Move, Whole

_LENGTH = struct.Struct("=Q")

Told = tuple[int, str, str] | None
"""An error: its number, what it says, and the path; L{None}: there was none."""


def packed(what: Any) -> bytes:
    """Tuples, lists, numbers, text and bytes for the other process."""
    body = marshal.dumps(what)
    return _LENGTH.pack(len(body)) + body


def unpacked(came: bytes | bytearray) -> tuple[Any] | None:
    """What L{packed} packed; L{None}: a part of it is missing."""
    if len(came) < _LENGTH.size:
        return None
    [length] = _LENGTH.unpack_from(came)
    if len(came) < _LENGTH.size + length:
        return None
    return (marshal.loads(memoryview(came)[_LENGTH.size :]),)  # noqa: S302 - it is our own process


def serve(asked: BinaryIO, told: BinaryIO, steps: Here) -> None:
    """Take the steps that are asked for, until nobody asks any more."""
    answer: object = None
    while True:
        told.write(packed(answer))
        head = asked.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return
        request = unpacked(head + asked.read(_LENGTH.unpack(head)[0]))
        if request is None:
            return
        answer = _answer(steps, *request[0])


def _answer(steps: Here, step: str, what: Sequence[Any], marks: Sequence[str]) -> object:
    if step == "write":
        jobs = [Whole(path, data, SpoolRecord(*record)) for path, data, record in what]
        return [_told(each) for each in steps.write(jobs, marks)]
    moved = steps.move([Move(*each) for each in what])
    return [(each.there, _told(each.error)) for each in moved]


def _told(error: Exception | None) -> Told:
    if error is None:
        return None
    if isinstance(error, OSError):
        return error.errno or 0, error.strerror or str(error), str(error.filename or "")
    return 0, f"{type(error).__name__}: {error}", ""


def main() -> None:
    """C{python -m jetdirect.spool.keeper DIRECTORY}; its standard input is the connection."""
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(each, signal.SIG_IGN)
    with (
        open(0, "rb", closefd=False) as asked,
        open(0, "wb", buffering=0, closefd=False) as told,
        suppress(ConnectionError),  # nobody waits for an answer any more
    ):
        serve(asked, told, Here(RealDisk(sys.argv[1])))


if __name__ == "__main__":
    main()
