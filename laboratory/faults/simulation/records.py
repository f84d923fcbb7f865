"""
What the gateway itself says and keeps: its log, its timers, its connections.
"""

from __future__ import annotations

import re
from types import TracebackType
from typing import TYPE_CHECKING, Any

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

from jetdirect.interfaces import Delivery, IPrintJob

from ..invariants import Record
from .evidence import Evidence
from .faults import FLOWING, LOGGED_IN, PHASES
from .judge import MOMENT, SOON, Times
from .kernel import End
from .plugin import Mistake, PluginPrinter
from .printer import Printer
from .stream import Stream
from .wire import Wire

if TYPE_CHECKING:
    from .directory import DirectoryPrinter
    from .simulation import Simulation

_PRINTED = re.compile(rb"226 Transfer complete \(PORT\d+, job (\d+),")

_REPLY = re.compile(rb"^\d{3} ", re.MULTILINE)

MAX_SESSIONS = 3

AT_ONCE = 100
"""Replies to one session in one turn of the reactor; 32 commands may wait behind a job, 32 ABOR
during it, and what a turn reads is answered a slice at a time."""


@implementer(ILogObserver)
class Records:
    """
    @ivar errors: what the log calls an error, in words.
    @ivar against: by upload, what the gateway knew when it wrote a 226 in spite of it.
    @ivar canceled: the uploads that the operator canceled.
    @ivar replied: the uploads whose 226 was written.
    @ivar times: of each job, by its upload.
    @ivar control: the gateway's end of the control connection of an upload; C{data}: of its data
        connection.
    """

    def __init__(self, simulation: Simulation) -> None:
        self.errors: list[str] = []
        self.against: dict[str, list[str]] = {}
        self.canceled: set[str] = set()
        self.replied: set[str] = set()
        self.times: dict[str, Times] = {}
        self.control: dict[str, End] = {}
        self.data: dict[str, End] = {}
        self._simulation = simulation
        self._records: dict[int, Record] = {}
        self._sessions: list[Wire | Stream] = []
        self._replies: dict[int, tuple[Wire | Stream, int]] = {}
        self._blamed = False

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

    def openSessions(self) -> list[Wire | Stream]:
        """The control connections that the gateway has."""
        return [wire for wire in self._sessions if wire.end.closed is None]

    def _places(self) -> int:
        # Jobs whose sender has left them have its place, also those of a port that was removed.
        server = self._simulation.gateway.server
        ends = [self.control.get(job.name) for port in server._all() for job in server.jobsAt(port)]
        left = sum(1 for end in ends if end is not None and end.closed is not None)
        return len(self.openSessions()) + left

    def session(self, wire: Wire | Stream) -> None:
        """A new control connection."""
        self._sessions.append(wire)
        written, unfinished = 0, b""
        turn, replies = -1, 0

        def count(data: bytes) -> None:
            # A reply may go in two parts: what the kernel takes at once, and the rest.
            nonlocal written, unfinished, turn, replies
            lines, end, unfinished = (unfinished + data).rpartition(b"\n")
            data = lines + end
            written += len(data)
            now = self._simulation.reactor.turns
            turn, replies = now, (replies if now == turn else 0) + len(_REPLY.findall(data))
            if replies > AT_ONCE:
                self.errors.append(f"more than {AT_ONCE} replies to one session in one turn")
                replies = 0
            if b"sessions are in use" in data and self._places() <= MAX_SESSIONS:
                self.errors.append("a session was refused, and there was a place")
            if b"no free port" in data:
                self._noPort()
            if b"421 Service not available, idle" in data:
                self._idle(wire)
            for found in _PRINTED.finditer(data):
                self._printed(int(found[1]), wire, written)

        wire.written = count

    def _printed(self, number: int, wire: Wire | Stream, offset: int) -> None:
        record = self._records.get(number)
        if record is None:
            return
        self.replied.add(record.upload)
        if not getattr(wire, "TLS", False):  # what it makes of a reply has another length
            self._replies[number] = wire, offset
        if self._simulation.switches.fireAndForget:
            pass
        elif wire.end.lostAt is not None:
            self.against.setdefault(record.upload, []).append(
                "the control connection was lost before the reply was written"
            )
        printer = self._simulation.printerOf(number)
        if printer is not None:
            self._tooEarly(printer, record)
        self._simulation.replyLeaves(record.upload)

    def _tooEarly(
        self, printer: Printer | DirectoryPrinter | PluginPrinter, record: Record
    ) -> None:
        job = self._simulation.job(record.number)
        # A job without bytes sends nothing, and a directory has a file of it all the same.
        why = printer.against(record.upload)
        if why is not None:
            self.against.setdefault(record.upload, []).append(why)
        end = printer.endFor(record.upload) if isinstance(printer, Printer) else None
        unconfirmed = job is not None and job.delivery == Delivery.SENT.value
        if end is not None and unconfirmed and printer.finishTimeout is not None:
            waited = self._simulation.network.now - end.settledAt
            if waited < printer.finishTimeout - MOMENT:
                self.errors.append(
                    f"{record.upload}: unconfirmed after {waited:.3f} s, {printer.name} has"
                    f" {printer.finishTimeout:g} s to close"
                )

    def _noPort(self) -> None:
        simulation = self._simulation
        reactor, range_ = simulation.reactor, simulation.switches.passivePorts
        full = bool(range_) and all(number in reactor.listeners for number in range_)
        if full:
            simulation.hit("passive range exhausted", LOGGED_IN)
        elif not reactor.exhausted and reactor.freePorts > len(reactor.listeners):
            self.errors.append("no passive port was to be had, and there are some")

    def _idle(self, wire: Wire | Stream) -> None:
        simulation = self._simulation
        idle, end = simulation.idleTimeout, wire.end
        if not idle:
            self.errors.append("an idle session was ended, and idle sessions may stay")
            return
        # A handshake that takes its time is no word of anybody's.
        arrived = None if getattr(wire, "TLS", False) else end.arrivedAt
        heard = 0.0 if arrived is None else simulation.network.now - arrived
        deaf = "ABOR flood" in simulation.faults  # what comes behind it is not listened to
        if SOON < heard < idle - MOMENT and not deaf:  # what came just now, nobody can have read
            what = "has bytes unread" if end.received else "had bytes"
            self.errors.append(f"idle for {idle:g} s? {end.label} {what} {heard:.3f} s ago")

    def turnOf(self, job: IPrintJob) -> None:
        """A job's printing port begins to open the printer."""
        times = self.times.get(job.name)
        if times is not None and times.turn is None:
            times.turn = self._simulation.network.now

    def openedFor(self, job: IPrintJob) -> None:
        """It is open."""
        times = self.times.get(job.name)
        if times is not None:
            times.opened = self._simulation.network.now

    def __call__(self, event: LogEvent) -> None:
        """L{ILogObserver}."""
        level = event.get("log_level")
        if "log_failure" in event or event.get("isError") or level is LogLevel.critical:
            failure = event.get("log_failure")
            where = event.get("log_namespace", "")
            mistake = failure is not None and failure.check(Mistake) is not None
            if where.startswith("jetdirect.guard" if not mistake else "jetdirect.") and (
                mistake or self._mistakes()
            ):
                self._blamed = True
                return
            trace = "" if failure is None else f": {failure.getTraceback()}"
            self.errors.append(f"logged: {formatEvent(event)}{trace}")
        if event.get("log_namespace") == "jetdirect.job.Job" and "job" in event:
            self._job(event)

    def _mistakes(self) -> int:
        return sum(e.mistakes for e in self._simulation.printers if isinstance(e, PluginPrinter))

    def _job(self, event: LogEvent) -> None:
        number: int = event["job"]
        if "state" not in event:
            if number in self._records:
                self._records[number].starts += 1
            else:
                self._records[number] = Record(event["name"], number)
                self.times[event["name"]] = Times(self._simulation.network.now, event["port"])
            return
        record = self._records.setdefault(number, Record(event["name"], number, starts=0))
        record.ends.append(event["state"])
        self._ended(event["name"], number, event["reason"])
        record.bytes, record.delivery = event["bytes"], event["delivery"]
        record.reply, record.printed = str(event["reply"]), event["printed"]
        record.heard = event["heard"]
        if number in self._replies:
            wire, offset = self._replies[number]
            record.acknowledged = wire.end.acknowledged >= offset
            if record.acknowledged and wire.end.failed is not None:
                record.acknowledged = None  # a reset: its kernel had it, perhaps nobody read it
        self._simulation.network.tell(f"LOG {formatEvent(event)}")

    def _ended(self, name: str, number: int, reason: str) -> None:
        simulation, times = self._simulation, self.times.get(name)
        if times is None:
            return
        now = times.ended = simulation.network.now
        times.reason = reason
        times.lies += Evidence(simulation, name, simulation.job(number)).lies(reason)
        phase = simulation.phaseOf(name)
        phase = phase if phase in PHASES[2:5] else FLOWING
        if "bytes announced" in reason or reason.startswith("more than"):
            simulation.hit("job too long", phase)
        drain, stopped = simulation.switches.drain, simulation.incidents.stoppedAt
        expired = "shutting down" in reason and stopped is not None and drain > 0
        if expired and stopped is not None and now >= stopped + drain - MOMENT:
            simulation.hit("drain expires", phase)

    def leftovers(self) -> list[str]:
        """What is there when nothing should be."""
        reactor = self._simulation.reactor
        left = [f"a timer: {call}" for call in reactor.getDelayedCalls()]
        if self._mistakes() and not self._blamed:
            left.append("a mistake of a plugin of which the log knows nothing")
        wires: dict[Any, None] = dict.fromkeys([*reactor.getReaders(), *reactor.getWriters()])
        left += [f"a connection: {wire.end.label}" for wire in wires]
        left += [f"a listening port: {port.getHost()}" for port in reactor.listeners.values()]
        left += [each for printer in self._simulation.printers for each in printer.leftovers()]
        if self._simulation.disk.descriptors:
            left.append(f"{self._simulation.disk.descriptors} open files")
        if self._simulation.calls.pipes:
            left.append(f"{self._simulation.calls.pipes} ends of pipes")
        left += [
            f"a job: {job.number}" for job in self._simulation.gateway.server.jobs if not job.ended
        ]
        for host in self._simulation.network.hosts.values():
            left += [
                f"a socket: {end.label}" for end in host.ends if end.used and end.closed is None
            ]
        return sorted(set(left))
