"""
A job on the kernel path: its bytes, its line, and what splice(2) is asked.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from twisted.logger import LogEvent, formatEvent

from jetdirect.interfaces import Delivery
from jetdirect.job import COPIED_FIRST
from jetdirect.net.pipe import PIPE_SIZES
from tests.support.line import NARROW, Line

NEEDS_SPLICE = pytest.mark.skipif(not hasattr(os, "splice"), reason="splice(2) is Linux's alone")

DATA = b"%!PS" + bytes(n * n % 251 for n in range(251)) * 16_000
"""More than all that stands between a sender and a narrow printer can hold."""

BETWEEN = PIPE_SIZES[0] + 16 * NARROW
"""Bytes that may be under way to a narrow printer: the pipe, and what the kernel makes of the small
buffers that were asked for (bookkeeping included)."""

BOTH = pytest.mark.parametrize("options", ["", "?splice=off"], ids=["kernel", "copying"])


class Kernel:
    """
    C{os.splice}, watched.

    @ivar asked: the byte count of each call; C{moved}: those that were moved.
    @ivar fault: raised instead, where C{struck} says so of the source and the destination.
    """

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.moved: list[int] = []
        self.fault: OSError | None = None
        self.struck: Callable[[int, int], bool] = lambda source, destination: True
        self._splice = os.splice

    def __call__(self, source: int, destination: int, count: int, **more: Any) -> int:
        self.asked.append(count)
        if self.fault is not None and self.struck(source, destination):
            raise self.fault
        moved = self._splice(source, destination, count, **more)
        self.moved.append(moved)
        return moved


async def begun(options: str = "", **terms: Any) -> Line:
    """A line on which the part of a job is that is copied in any case."""
    line = Line()
    await line.open(line.transport(options), **terms)
    await line.send(DATA[:COPIED_FIRST])
    return line


async def blocked(data: bytes = DATA) -> Line:
    """A line whose printer reads nothing, and which is full; the head was copied."""
    line = await Line(narrow=True).open()
    await line.send(data[:COPIED_FIRST], reading=False)
    await line.fill(data[COPIED_FIRST:])
    assert line.inPipe
    return line


async def resetUnseen(options: str) -> Line:
    """A line whose printer reset the connection, as an attempt to send found before the reactor."""
    line = await begun(options)
    await line.read(COPIED_FIRST)
    line.resetPrinter()
    line.sender.send(DATA[COPIED_FIRST:90_000])
    wire: Any = line.port._connection
    wire.transport.happened(select.EPOLLIN)
    await line.ended
    return line


async def delivered(line: Line, data: bytes) -> None:
    """The sender ends its file, the printer reads on and closes, and all is well."""
    line.finish()
    await line.readAll()
    await line.ended
    assert line.outcome is Delivery.DELIVERED
    assert line.printed == data
    assert line.job.bytes == line.connection.sent == len(data)
    await line.close()


def told(logged: Sequence[LogEvent]) -> list[str]:
    """What the log says of copying."""
    texts = [str(formatEvent(event)) for event in logged]
    return [text for text in texts if "copied" in text]


@contextlib.contextmanager
def something() -> Iterator[int]:
    """A descriptor with 1000 bytes to be read."""
    here, there = socket.socketpair()
    with here, there:
        here.send(DATA[:1000])
        yield there.fileno()
