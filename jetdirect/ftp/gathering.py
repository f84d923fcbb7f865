"""
Bytes that come quickly may gather in the kernel before the reactor is woken for them.

At a gigabit per second a wake-up brings few segments and costs more than the bytes it brings.
SO_RCVLOWAT makes it bring more, and would hold back the last ones for ever: so it is raised only
while they come in a stream, and lowered a moment after that falters.
"""

from __future__ import annotations

import socket

from twisted.internet.interfaces import IDelayedCall, IReactorTime

GATHERED = 65_536
"""Bytes that the kernel gathers; half the processor time of single segments (measured)."""

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
        self._pieces = 0
        self._since = 0.0
        self._came = False
        self._tick: IDelayedCall | None = None

    def read(self, size: int, now: float) -> None:
        """A piece of C{size} bytes was read."""
        self._came = True
        if self._tick is not None:
            return
        if size >= GATHERED or now - self._since > TICK:
            self._pieces, self._since = 0, now
        self._pieces += 1
        if self._pieces >= QUICK:
            self._raise()

    def stop(self) -> None:
        """The stream is over."""
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None

    # Inside.

    def _raise(self) -> None:
        self._set(GATHERED)
        self._tick = self._clock.callLater(TICK, self._look)

    def _look(self) -> None:
        self._tick = None
        if self._came:
            self._came = False
            self._tick = self._clock.callLater(TICK, self._look)
        else:
            self._pieces = 0
            self._set(1)  # the kernel tells at once of what is there

    def _set(self, size: int) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
