"""
One seed: a gateway, its senders and printers, what goes wrong, and what is to be judged of it.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from twisted.application.internet import StreamServerEndpointService
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.python.failure import Failure

from jetdirect.ftp.settings import SessionSettings
from jetdirect.gateway import Gateway
from jetdirect.transports.socket import fromURI
from jetdirect.transports.uri import parse

from ..invariants import Run, Upload, Violation, check
from .clockwork import Clockwork
from .dialogue import Command
from .faults import CONNECTED, FINISHING, FLOWING, WAITING, Coverage
from .printer import Printer, Watched
from .probe import Probe
from .records import MAX_SESSIONS, Records
from .sender import FTP, Sender
from .talker import Talker
from .wire import Wire

HEALED_WITHIN = 700.0
"""Seconds after the last fault in which every job has come to an end: the finish time-out, the
data connection's and the idle limits of these runs."""

NEXT_JOB_WITHIN = 5.0
"""Seconds for a job on a gateway that is well, printers that hesitate not included."""

STOPPED_WITHIN = 30.0
"""Seconds from stopService to the end of the last connection when the printers are well."""

HARMLESS = {
    "printer slow",
    "printer talks",
    "printer stops",
    "printer unplugged a moment",
    "out of paper for an hour",
    "reactor stalls",
    "sender unplugged a while",
    "STAT and NOOP",
    "hostile lines",
    "data late",
    "thief first",
    "second data connection",
    "printer refuses",
    "printer name unknown",
    "printer does not answer",
}
"""Faults in spite of which every job prints, or is refused with 450 because the printer is busy or
away."""


class World(Clockwork):
    """
    @ivar idles: sessions and data connections that are silent are ended.
    @ivar senderTrouble: how likely an upload is to have a fault of its sender; C{printerTrouble}:
        a job one of its printer.
    @ivar sizes: how many of the possible job sizes are used.
    @ivar stopped: the gateway was shut down.
    """

    def __init__(self, seed: int, coverage: Coverage | None = None, traced: bool = False) -> None:
        super().__init__(seed, traced)
        random = self.random
        self.coverage = coverage or Coverage()
        self.faults: list[str] = []
        self.oddities: list[str] = []
        self.failures: list[str] = []
        self.leftovers: list[str] = []
        self.stopped: Deferred[Any] | None = None
        self.senderTrouble = random.choice([0.0, 0.3, 0.6, 0.9])
        self.printerTrouble = random.choice([0.0, 0.0, 0.3, 0.7])
        self.sizes = random.choice([5, 8, 12])
        self._running = 0
        self._aborts: list[tuple[Upload, Command]] = []
        idle = random.choice([900.0, 900.0, 30.0, 5.0, 0.0])
        self.idles = bool(idle)
        self.patient = idle >= 900.0
        self.printers = [Printer(self, n + 1) for n in range(random.choice([1, 1, 2]))]
        for printer in self.printers:
            self.reactor.names[printer.name] = printer.host.address
        self.earlyClose = {p.name for p in self.printers if random.random() < 0.1}
        self.busyTimeout = random.choice([60.0, 60.0, 2.0, 0.0])
        self.gateway = Gateway(
            [Watched(self._transport(printer), printer) for printer in self.printers],
            self.reactor,
            listeners=[],
            settings=SessionSettings(idleTimeout=idle, maxSessions=MAX_SESSIONS),
            busyTimeout=self.busyTimeout,
            connectTimeout=random.choice([30.0, 30.0, 3.0, 0.0]),
        )
        endpoint = TCP4ServerEndpoint(self.reactor, FTP)
        StreamServerEndpointService(endpoint, self.gateway.factory).setServiceParent(self.gateway)
        self.records = Records(self)
        self.reactor.connected = self._connected
        self.senders = [Sender(self, n + 1) for n in range(random.choice([1, 1, 2, 2, 3, 5]))]
        self._thief = self.network.host("thief", "198.51.100.66")

    def _transport(self, printer: Printer) -> Any:
        finish = self.random.choice(["", "?finish-timeout=7"])
        early = ("&" if finish else "?") + "early-close=ok"
        early = early if printer.name in self.earlyClose else ""
        return fromURI(self.reactor, parse(f"socket://{printer.name}{finish}{early}"))

    # What the peers need.

    def start(self, script: Coroutine[Any, Any, None]) -> None:
        """Run a script of a peer."""
        self._running += 1
        Deferred.fromCoroutine(script).addBoth(self._ended)

    def _ended(self, result: object) -> None:
        self._running -= 1
        if isinstance(result, Failure):
            self.oddities.append(f"the simulation itself failed: {result.getTraceback()}")

    def hit(self, kind: str, phase: str) -> None:
        """A fault happened."""
        self.network.tell(f"FAULT {kind} ({phase})")
        self.faults.append(kind)
        self.coverage.hit(kind, phase)

    def phaseOf(self, name: str | None) -> str:
        """The phase of an upload, as its sender sees it."""
        for sender in self.senders:
            if sender.upload is not None and sender.upload.name == name:
                return sender.phase
        return WAITING

    def sizeOf(self, name: str | None) -> int:
        """How many bytes an upload is going to have."""
        for sender in self.senders:
            if sender.upload is not None and sender.upload.name == name:
                return len(sender.upload.payload)
        return 0

    def printerNumber(self) -> int:
        """Any printer."""
        return self.random.randrange(len(self.printers)) + 1

    def aborted(self, command: Command, upload: Upload | None, running: Command | None) -> None:
        """A sender sends ABOR."""
        if upload is not None and running is not None and not running.answered:
            upload.aborts += 1
            self._aborts.append((upload, command))

    async def steal(self, port: int) -> None:
        """Somebody else connects to a passive port."""
        end = await self.reactor.dialIn(self._thief, port, "the thief")
        if end is not None:
            end.send(b"STOLEN")
            self.start(self._leave(end))

    def replyLeaves(self, name: str) -> None:
        """A 226 is on its way; will its sender be there to hear it?"""
        if self.random.random() < self.senderTrouble / 4:
            for sender in self.senders:
                if sender.alive and sender.upload is not None and sender.upload.name == name:
                    self.hit("lost with the reply", FINISHING)
                    sender.leave()

    def secondConnection(self, sender: Talker) -> bool:
        """A sender connects to its passive port once more."""
        if sender.data is None or not sender.port:
            return False

        async def connect() -> None:
            end = await self.reactor.dialIn(sender.host, sender.port, "a second data connection")
            if end is not None:
                end.send(b"SECOND")
                await self._leave(end)

        self.start(connect())
        return True

    async def _leave(self, end: Any) -> None:
        await self.network.sleep(1.0)
        end.close()

    def _connected(self, wire: Wire) -> None:
        if wire.end.port == FTP:
            self.records.session(wire)

    # What happens to the gateway.

    async def _shutdown(self) -> None:
        self.hit("shutdown", self._anyPhase())
        self._stop()

    async def _meddle(self) -> None:
        random = self.random
        if random.random() < 0.3:
            await self.network.sleep(random.choice([0.05, 1.0, 10.0]) * random.random())
            self.hit("reactor stalls", self._anyPhase())
            self.stalled = self.network.now + random.choice([0.5, 5.0])
        if random.random() < 0.3:
            await self.network.sleep(random.choice([0.05, 1.0, 10.0]) * random.random())
            self._cancel()
        if random.random() < 0.25:
            await self.network.sleep(random.choice([0.05, 1.0, 10.0]) * random.random())
            await self._shutdown()

    def _anyPhase(self) -> str:
        phases = [sender.phase for sender in self.senders if sender.alive]
        return self.random.choice(phases) if phases else CONNECTED

    def _cancel(self) -> None:
        jobs = [job for job in self.gateway.server.jobs if not job.ended]
        if not jobs:
            return
        job = self.random.choice(jobs)
        phase = self.phaseOf(job.name)
        if self.gateway.server.cancel(job.number):
            self.records.canceled.add(job.name)
            if phase in (WAITING, FLOWING, FINISHING):
                self.hit("operator cancels", phase)
            else:
                self.faults.append("operator cancels")

    def _stop(self) -> None:
        if self.stopped is None:
            self.stopped = self.gateway.stopService()

    # From the beginning to the end.

    def run(self) -> list[Violation]:
        """Play it, and judge it."""
        with self.records:
            try:
                self._play()
            except RuntimeError as problem:
                self.oddities.append(str(problem))
            return check(self.told())

    def _play(self) -> None:
        self.gateway.startService()
        for sender in self.senders:
            self.start(sender.run(self.random.choice([1, 1, 2])))
        if self.random.random() < 0.5:
            self.start(self._meddle())
        while self._running and self.advance(30_000.0):
            pass
        self._heal()
        self.until(lambda: self._quiet(), HEALED_WITHIN)
        if self.stopped is None:
            for number in range(len(self.printers)):
                self._tryAgain(number + 1)
        self._stop()
        stopped = self.stopped
        assert stopped is not None
        if not self.until(lambda: stopped.called, STOPPED_WITHIN):
            self.leftovers.append(f"stopService has not fired after {STOPPED_WITHIN:g} s")
        self.until(lambda: False, 1.0)
        self.leftovers += self.records.leftovers()

    def _heal(self) -> None:
        self.network.tell("everything is well from here on")
        self.stalled = 0.0
        for printer in self.printers:
            printer.heal()
        for sender in self.senders:
            sender.alive = False
            sender.host.restart()

    def _quiet(self) -> bool:
        ports = self.gateway.server.ports
        return not any(port.jobs for port in ports) and not self.records.openSessions()

    def _tryAgain(self, number: int) -> None:
        began = self.network.now
        probe = Probe(self, number)
        self.start(probe.run())
        self.until(lambda: probe.over, NEXT_JOB_WITHIN)
        if probe.said is None:
            self.failures.append(
                f"PORT{number}: a job after the faults was not printed within"
                f" {self.network.now - began:.1f} s: {probe.heard!r}"
            )

    def told(self) -> Run:
        """What the invariants are judged by."""
        uploads = [upload for sender in self.senders for upload in sender.uploads]
        for upload, command in self._aborts:
            upload.abortReplies += command.replies
            # Not even the goodbye was waited for; if it was, the dialogue itself complains.
            upload.disconnected = upload.disconnected or not command.answered
        harmless = all(fault in HARMLESS for fault in self.faults) and self.patient
        for upload in uploads:
            upload.against += self.records.against.get(upload.name, [])
            upload.canceled = upload.name in self.records.canceled
            busy = any(reply.code == 450 for reply in upload.replies)
            upload.faultless = harmless and not busy
        oddities = [*self.oddities, *self.records.errors]
        oddities += [odd for s in self.senders for each in s.dialogues for odd in each.oddities]
        return Run(
            uploads=uploads,
            prints=[
                conversation.told
                for printer in self.printers
                for conversation in printer.conversations
                if conversation.end.peer.used and not (conversation.job or "").startswith("probe")
            ],
            records=[r for r in self.records.all() if not r.upload.startswith("probe")],
            earlyClose=self.earlyClose,
            failures=self.failures,
            leftovers=self.leftovers,
            oddities=oddities,
        )
