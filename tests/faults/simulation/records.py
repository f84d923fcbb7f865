"""
What the gateway itself says and keeps: its log, its timers, its connections.
"""

from __future__ import annotations

import re
from types import TracebackType
from typing import TYPE_CHECKING, Any

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

from ..invariants import Record
from .wire import Wire

if TYPE_CHECKING:
    from .world import World

_PRINTED = re.compile(rb"226 Transfer complete \(PORT\d+, job (\d+),")

MAX_SESSIONS = 3


@implementer(ILogObserver)
class Records:
    """
    @ivar errors: what the log calls an error, in words.
    @ivar against: by upload, what the gateway knew when it wrote a 226 in spite of it.
    @ivar canceled: the uploads that the operator canceled.
    """

    def __init__(self, world: World) -> None:
        self.errors: list[str] = []
        self.against: dict[str, list[str]] = {}
        self.canceled: set[str] = set()
        self._world = world
        self._records: dict[int, Record] = {}
        self._sessions: list[Wire] = []
        self._replies: dict[int, tuple[Wire, int]] = {}

    def __enter__(self) -> Records:
        globalLogPublisher.addObserver(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: object, where: TracebackType | None
    ) -> None:
        globalLogPublisher.removeObserver(self)

    def all(self) -> list[Record]:
        """One for each job."""
        return list(self._records.values())

    def openSessions(self) -> list[Wire]:
        """The control connections that the gateway has."""
        return [wire for wire in self._sessions if wire.end.closed is None]

    def session(self, wire: Wire) -> None:
        """A new control connection."""
        self._sessions.append(wire)
        written = 0

        def count(data: bytes) -> None:
            nonlocal written
            written += len(data)
            if b"sessions are in use" in data and len(self.openSessions()) <= MAX_SESSIONS:
                self.errors.append("a session was refused, and there was a place")
            for found in _PRINTED.finditer(data):
                self._printed(int(found[1]), wire, written)

        wire.written = count

    def _printed(self, number: int, wire: Wire, offset: int) -> None:
        record = self._records.get(number)
        if record is None:
            return
        self._replies[number] = wire, offset
        if wire.end.finArrived is not None or wire.end.failed is not None:
            self.against.setdefault(record.upload, []).append(
                "the control connection was lost before the reply was written"
            )
        for printer in self._world.printers:
            for each in printer.conversations:
                if each.job == record.upload and each.end.peer.unacknowledged():
                    self.against.setdefault(record.upload, []).append(
                        f"{printer.name} had not acknowledged everything when it was written"
                    )
        self._world.replyLeaves(record.upload)

    def __call__(self, event: LogEvent) -> None:
        """L{ILogObserver}."""
        level = event.get("log_level")
        if "log_failure" in event or event.get("isError") or level is LogLevel.critical:
            failure = event.get("log_failure")
            trace = "" if failure is None else f": {failure.getTraceback()}"
            self.errors.append(f"logged: {formatEvent(event)}{trace}")
        if event.get("log_namespace") == "jetdirect.job.Job" and "job" in event:
            self._job(event)

    def _job(self, event: LogEvent) -> None:
        number: int = event["job"]
        if "state" not in event:
            if number in self._records:
                self._records[number].starts += 1
            else:
                self._records[number] = Record(event["name"], number)
            return
        record = self._records.setdefault(number, Record(event["name"], number, starts=0))
        record.ends.append(event["state"])
        record.bytes, record.delivery = event["bytes"], event["delivery"]
        record.heard = "sender lost" not in event["reason"]
        if number in self._replies:
            wire, offset = self._replies[number]
            record.acknowledged = wire.end.acknowledged >= offset
            if record.acknowledged and wire.end.failed is not None:
                record.acknowledged = None  # a reset: its kernel had it, perhaps nobody read it
        self._world.network.tell(f"LOG {formatEvent(event)}")

    def leftovers(self) -> list[str]:
        """What is there when nothing should be."""
        reactor = self._world.reactor
        left = [f"a timer: {call}" for call in reactor.getDelayedCalls()]
        wires: dict[Any, None] = dict.fromkeys([*reactor.getReaders(), *reactor.getWriters()])
        left += [f"a connection: {wire.end.label}" for wire in wires]
        left += [f"a listening port: {port.getHost()}" for port in reactor.listeners.values()]
        left += [f"a job: {job.number}" for job in self._world.gateway.server.jobs if not job.ended]
        for host in self._world.network.hosts.values():
            left += [
                f"a socket: {end.label}" for end in host.ends if end.used and end.closed is None
            ]
        return sorted(set(left))
