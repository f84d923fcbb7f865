"""
Bytes that come quickly may gather in the kernel before the reactor is woken for them.

At a gigabit per second a wake-up brings few segments and costs more than the bytes it brings.
SO_RCVLOWAT makes it bring more, and would hold back the last ones for ever: so it is raised only
while they come in a stream, and lowered a moment after that falters.
"""

from __future__ import annotations

import socket

from twisted.internet.interfaces import IDelayedCall, IReactorTime

GATHERED, MOST_GATHERED = 65_536, 524_288
"""Bytes that the kernel gathers, at least and at most: half of what the last C{TICK} brought, so
that a stream which falters a little is not held back.  The least takes half the processor time of
single segments; at a gigabit per second half of a tick's takes 0.7 of that (measured)."""

TICK = 0.008
"""Seconds between two looks at the stream: what gathers waits for two of them at most, and a person
or a program that asks a printer something does not notice 20 ms."""

QUICK = 16
"""Wake-ups within one C{TICK}, each with less than L{GATHERED}, that make a stream (chosen)."""


class Gathering:
    """One stream of bytes, read in pieces."""

    def __init__(self, sock: socket.socket, clock: IReactorTime) -> None:
        self._socket = sock
        self._clock = clock
        self._gathered = 1
        self._pieces = 0
        self._since = 0.0
        self._came = 0
        self._tick: IDelayedCall | None = None

    def read(self, size: int, now: float) -> None:
        """A piece of C{size} bytes was read."""
        if self._tick is not None:
            self._came += size
            return
        if size >= GATHERED or now - self._since > TICK:
            self._pieces, self._since = 0, now
        self._pieces += 1
        if self._pieces >= QUICK:
            self._came = size
            self._gather(GATHERED)
            self._adaptLater()

    def stop(self) -> None:
        """The stream is over."""
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None

    # Inside.

    def _adaptLater(self) -> None:
        self._tick = self._clock.callLater(TICK, self._adapt)

    def _adapt(self) -> None:
        self._tick = None
        came, self._came = self._came, 0
        if came:
            half = 1 << (came // 2).bit_length() >> 1  # a power of two: it seldom changes
            self._gather(min(max(half, GATHERED), MOST_GATHERED))
            self._adaptLater()
        else:
            self._pieces = 0
            self._gather(1)  # the kernel tells at once of what is there

    def _gather(self, size: int) -> None:
        if size != self._gathered:
            self._gathered = size
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
