"""
Telling systemd how the gateway is, as sd_notify(3) does, without its library.

A message is one datagram of C{NAME=value} lines to the socket that C{NOTIFY_SOCKET} names.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import suppress

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from ..interfaces import IWatcher, unheard
from ..record import JobRecord, PortRecord, PortState
from ..text import presentable

STATUS_GAP = 1.0
"""Seconds from a change to the line of status that tells it, and all others until then (chosen)."""

STATUS_SHARE = 0.01
"""The share of the process's time that the status may take; with thousands of ports it is told less
often."""

STOPPED_WITHIN = 10.0
"""Seconds in which the process ends after its drain time-out: it needs less than 5."""

SEND_TIME = 0.1
"""Seconds that a message may wait for room at systemd, which has it for hundreds (chosen)."""


def status(ports: Sequence[PortRecord]) -> str:
    """How a gateway with these printing ports is, in a line."""
    stopped = sum(port.state is PortState.STOPPED for port in ports)
    queued, held = sum(port.queued for port in ports), sum(port.held for port in ports)
    plural = "" if len(ports) == 1 else "s"
    return f"{len(ports)} port{plural}, {stopped} stopped, {queued} queued" + (
        f", {held} held" if held else ""
    )


@implementer(IWatcher)
class Systemd:
    """
    The service manager that started this process, if it wants to be told.
    """

    def __init__(
        self,
        clock: IReactorTime,
        ports: Callable[[], Sequence[PortRecord]],
        environment: MutableMapping[str, str] = os.environ,
    ) -> None:
        """
        @param ports: the printing ports as they are now.
        @param environment: what is for us in it is taken out, as no child is to speak for us.
        """
        self._clock = clock
        self._ports = ports
        self._beat = _beat(environment)
        self._socket = _connected(environment.pop("NOTIFY_SOCKET", ""))
        self._timers: dict[str, IDelayedCall] = {}
        self._ready = self._stopping = False
        self._note = ""
        self._gap = STATUS_GAP

    @property
    def listens(self) -> bool:
        """Does it want to be told?"""
        return self._socket is not None

    def start(self) -> None:
        """The reactor runs: it is told so again and again, if it wants."""
        if self.listens and self._beat:
            self._alive()

    def ready(self) -> None:
        """The gateway serves."""
        if not self._ready:
            self._ready = True
            self._tell("READY=1", self._status())

    def standingBy(self, why: str) -> None:
        """It has begun, and waits: that is how it is meant to be."""
        self._cancel("ready")
        self._tell("READY=1", f"STATUS={presentable(why)}")

    def reloading(self) -> None:
        """The configuration is read again; L{reloaded} follows."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={microseconds}")

    def reloaded(self, refused: str = "") -> None:
        """
        That is over.

        @param refused: why the gateway goes on with what it had; empty: it does not.
        """
        self._note = f"; the new configuration was refused: {refused}" if refused else ""
        self._tell("READY=1", self._status())

    def stopping(self, drain: float) -> None:
        """
        The gateway ends.

        @param drain: seconds that running jobs have, whatever the unit's C{TimeoutStopSec} is.
        """
        self._stopping = True
        self._cancel("status")
        extended = int((drain + STOPPED_WITHIN) * 1e6)
        told = f"STATUS=Stopping; jobs that print have {drain:g} s"
        self._tell("STOPPING=1", f"EXTEND_TIMEOUT_USEC={extended}", told)

    def stop(self) -> None:
        """Nothing more is told."""
        for name in [*self._timers]:
            self._cancel(name)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # IWatcher: what is told may be another status.

    def jobSubmitted(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        self._changed()

    def jobChanged(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        self._changed()

    jobProgressed = unheard

    def jobEnded(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        self._changed()

    def portChanged(self, record: PortRecord) -> None:
        """L{IWatcher}."""
        self._changed()

    # Inside.

    def _changed(self) -> None:
        if self._ready and not self._stopping and "status" not in self._timers:
            self._later("status", self._gap, self._tellStatus)

    def _tellStatus(self) -> None:
        began = time.perf_counter()
        self._tell(self._status())
        self._gap = max(STATUS_GAP, (time.perf_counter() - began) / STATUS_SHARE)

    def _status(self) -> str:
        return f"STATUS={presentable(status(self._ports()) + self._note)}"

    def _alive(self) -> None:
        self._tell("WATCHDOG=1")
        self._later("alive", self._beat, self._alive)

    def _tell(self, *lines: str) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it has gone, or has no room
                self._socket.send("\n".join(lines).encode())

    def _later(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        def due() -> None:
            del self._timers[name]
            act()

        self._timers[name] = self._clock.callLater(seconds, due)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()


def _beat(environment: MutableMapping[str, str]) -> float:
    """Seconds between two signs of life; 0: none is wanted."""
    interval = environment.pop("WATCHDOG_USEC", "")
    process = environment.pop("WATCHDOG_PID", str(os.getpid()))
    wanted = interval.isascii() and interval.isdigit() and process == str(os.getpid())
    return int(interval) / 1e6 / 2 if wanted else 0.0


def _connected(address: str) -> socket.socket | None:
    # At once: behind chroot and --uid the socket may be out of reach.
    if not address.startswith(("/", "@")):
        return None
    found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    found.settimeout(SEND_TIME)
    try:
        found.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
    except OSError:
        found.close()
        return None
    return found
