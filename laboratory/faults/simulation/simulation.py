"""
One seed: a gateway, its senders and printers, what goes wrong, and what is to be judged of it.
"""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from random import Random
from typing import Any

from twisted.application.internet import StreamServerEndpointService
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.python.failure import Failure

from jetdirect.configuration import Configuration
from jetdirect.ftp.factory import PortFactory
from jetdirect.gateway import Gateway
from jetdirect.named import PortSettings
from jetdirect.record import JobRecord

from ..invariants import Upload, Violation, check
from .account import account
from .clockwork import Clockwork
from .device import device
from .dialogue import Command
from .directory import DirectoryPrinter
from .disk import Disk
from .faults import FINISHING, WAITING, Coverage
from .incidents import Incidents
from .judge import judge
from .machine import machine
from .pipes import Calls, Limits
from .plugin import PluginPrinter
from .printer import Printer
from .probe import Probe
from .records import MAX_SESSIONS, Records
from .reloads import Reloads
from .sender import FTP, FTPS, LARGE, Sender
from .strangers import Strangers
from .switches import Dress, Switches

HEALED_WITHIN = 700.0
"""Seconds after the last fault in which every job has come to an end: the finish time-out, the
data connection's and the idle limits of these runs."""

FORGOTTEN_FOR = 4000.0
"""Seconds after which a job that was forgotten by its sender has had its chance: more than an hour
without paper."""

NEXT_JOB_WITHIN = 5.0
"""Seconds for a job on a gateway that is well, printers that hesitate not included."""

STOPPED_WITHIN = 30.0
"""Seconds from stopService to the end of the last connection when the printers are well."""

OURS = 0.8
"""The share of seeds on the gateway's own transports; the others are on Twisted's."""


class Simulation(Clockwork):
    """
    One seed, from what is drawn to what is judged.

    @ivar idles: sessions and data connections that are silent are ended.
    @ivar senderTrouble: how likely an upload is to have a fault of its sender; C{printerTrouble}:
        a job one of its printer.
    @ivar sizes: which of the possible job sizes are used.
    @ivar bulk: all jobs are large, and come in many pieces.
    @ivar hears: a data connection that is silent is ended.
    @ivar calls: what of the kernel's own path was used.
    @ivar shortestSilence: seconds after which somebody silent is sent away, if they are few; or 0.
    @ivar aborts: the ABOR that senders have sent in uploads.
    @ivar incidents: what happens to the gateway; C{reloads}: of its configuration;
        C{strangers}: who else connects.
    """

    def __init__(
        self,
        seed: int,
        coverage: Coverage | None = None,
        traced: bool = False,
        plain: bool = False,
    ) -> None:
        """
        @param plain: only what the first edition of this laboratory had, so that its seeds stay
            what they were.
        """
        super().__init__(seed, traced)
        random = self.random
        self.reactor.habits = habits = Random(f"habits of {seed}")
        if not plain:
            self.reactor.bareHangUps = habits.choice([0.0, 0.3, 1.0])
            self.reactor.ours = Random(f"transports of {seed}").random() < OURS
        self.coverage = coverage or Coverage()
        self.faults: list[str] = []
        self.oddities: list[str] = []
        self.failures: list[str] = []
        self.leftovers: list[str] = []
        self.plain = plain
        self.incidents = Incidents(self)
        self.senderTrouble = random.choice([0.0, 0.3, 0.6, 0.9])
        self.printerTrouble = random.choice([0.0, 0.0, 0.3, 0.7])
        self.sizes = slice(random.choice([5, 8, 12]))
        self._running = 0
        self.aborts: list[tuple[Upload, Command]] = []
        idle = random.choice([900.0, 900.0, 30.0, 5.0, 0.0])
        self.idles = bool(idle)
        self.idleTimeout = idle
        self.switches = switches = Switches() if plain else Switches.draw(random)
        if switches.fireAndForget and random.random() < 0.5:
            self.senderTrouble = self.printerTrouble = 0.0  # it is no trouble there
        dataIdle = idle if switches.dataIdle is None else switches.dataIdle
        self.hears = bool(idle or dataIdle)
        self.patient = idle >= 900.0 and (not dataIdle or dataIdle >= 900.0)
        self.shortestSilence = min((s for s in (idle, dataIdle) if 0 < s < 900.0), default=0.0)
        self.disk = Disk()
        self.disk.trouble = self._diskTrouble
        self.reactor.threads.delay = self._diskTime
        self.reactor.threads.hangs = self._diskHangs
        self.printers = [self._printer(n + 1) for n in range(random.choice([1, 1, 2]))]
        for printer in self.printers:
            if isinstance(printer, Printer):
                self.reactor.names[printer.name] = printer.host.address
                printer.earlyClose = random.random() < 0.1
        self.busyTimeout = random.choice([60.0, 60.0, 2.0, 0.0])
        kernel = Limits(known=False) if plain else Limits.draw(random)
        self.bulk = not plain and random.random() < 0.25
        if self.bulk:
            self.sizes = slice(LARGE, None)
        self.calls = Calls(self.reactor, kernel)
        self.reactor.turned = self.calls.look
        self.machine = partial(machine, self.disk, self.calls, random, self.reactor)
        self.dresses: dict[str, Dress] = {}
        transports = []
        with self.machine():
            for printer in self.printers:
                transport, dress = device(self.reactor, random, printer, plain)
                transports.append(transport)
                self.dresses[printer.name] = dress
        self.connectTimeout = 0.0
        self.gateway = Gateway(
            Configuration(
                transports,
                [],
                switches.settings(idle, MAX_SESSIONS),
                defaults=PortSettings(
                    busyTimeout=self.busyTimeout,
                    connectTimeout=self._connectTimeout(),
                    maxJobBytes=switches.maxJobBytes,
                ),
            ),
            self.reactor,
        )
        self._listen(FTP, self.gateway.factory)
        if switches.tls:
            self._listen(FTPS, PortFactory(self.gateway.factory, tls=True))
        self.records = Records(self)
        self.reactor.connected = self._connected
        self.senders = [Sender(self, n + 1) for n in range(random.choice([1, 1, 2, 2, 3, 5]))]
        if not plain:
            for sender in self.senders:
                sender.host.forgetsAfter = habits.choice([60.0, 60.0, 60.0, 5.0, 20.0, 0.0])
        self.reloads = Reloads(self, seed)
        self.strangers = Strangers(self)

    def _listen(self, port: int, factory: Any) -> None:
        endpoint = TCP4ServerEndpoint(self.reactor, port)
        StreamServerEndpointService(endpoint, factory).setServiceParent(self.gateway)

    def _connectTimeout(self) -> float:
        self.connectTimeout = self.random.choice([30.0, 30.0, 3.0, 0.0])
        return self.connectTimeout

    def _printer(self, number: int) -> Printer | DirectoryPrinter | PluginPrinter:
        if not self.plain and self.random.random() < 0.12:
            return DirectoryPrinter(self, number)
        if not self.plain and self.reactor.habits.random() < 0.06:
            return PluginPrinter(self, number)
        return Printer(self, number)

    def _diskTrouble(self, operation: str, path: str) -> None:
        for printer in self.printers:
            if isinstance(printer, DirectoryPrinter) and path.startswith(printer.directory):
                printer.step(operation, path)

    def _diskTime(self) -> float:
        slow = [each.slow for each in self.printers if isinstance(each, DirectoryPrinter)]
        return max(slow, default=0.0) + self.random.choice([0.0, 0.0001, 0.005])

    def _diskHangs(self, name: str) -> bool:
        disks = [each for each in self.printers if isinstance(each, DirectoryPrinter)]
        return any(each.hangs and each.directory in name for each in disks)

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

    def job(self, number: int) -> JobRecord | None:
        """jetdirect's own record of the job of that number."""
        return next((each for each in self.gateway.server.jobs if each.number == number), None)

    def printerOf(self, number: int) -> Printer | DirectoryPrinter | PluginPrinter | None:
        """The printer of a job."""
        job = self.job(number)
        return None if job is None else self.printers[int(job.port[len("PORT") :]) - 1]

    def tooLong(self, upload: Upload) -> bool:
        """Has it, or was it announced to have, more bytes than a job may have?"""
        return upload.limit is not None and max(upload.sent, upload.announced or 0) > upload.limit

    def printerNumber(self) -> int:
        """Any printer."""
        return self.random.randrange(len(self.printers)) + 1

    def aborted(self, command: Command, upload: Upload | None, running: Command | None) -> None:
        """A sender sends ABOR."""
        if upload is not None and running is not None and not running.answered:
            upload.aborts += 1
            self.aborts.append((upload, command))

    def replyLeaves(self, name: str) -> None:
        """A 226 is on its way; will its sender be there to hear it?"""
        if self.random.random() < self.senderTrouble / 4:
            for sender in self.senders:
                if sender.alive and sender.upload is not None and sender.upload.name == name:
                    self.hit("lost with the reply", FINISHING)
                    sender.leave()

    def _connected(self, wire: Any) -> None:
        if wire.end.port in (FTP, FTPS):
            self.records.session(wire)

    # From the beginning to the end.

    def run(self) -> list[Violation]:
        """Play it, and judge it."""
        with self.records, self.machine():
            try:
                self._play()
            except RuntimeError as problem:
                self.oddities.append(str(problem))
            run = account(self)
            return check(run) + ([] if self.plain else judge(self, run))

    def _play(self) -> None:
        self.gateway.startService()
        for sender in self.senders:
            self.start(sender.run(self.random.choice([1, 1, 2])))
        if self.random.random() < self.incidents.likely:
            self.start(self.incidents.run())
        if not self.plain and self.reloads.any:
            self.start(self.reloads.run())
        while self._running and self.advance(30_000.0):
            pass
        if self.switches.fireAndForget:
            # What a process has left behind is still being sent by its machine, or was not seen yet
            # by a gateway that stands still.
            self.until(lambda: self._quiet(), FORGOTTEN_FOR)
        self._heal()
        self.until(lambda: self._quiet(), HEALED_WITHIN)
        if self.incidents.stopped is None:
            for number in range(len(self.printers)):
                self._tryAgain(number + 1)
        stopped = self.incidents.stop()
        if not self.until(lambda: stopped.called, STOPPED_WITHIN):
            self.leftovers.append(f"stopService has not fired after {STOPPED_WITHIN:g} s")
        self.until(lambda: False, 1.0)
        self.leftovers += self.records.leftovers()

    def _heal(self) -> None:
        self.network.tell("everything is well from here on")
        self.reloads.bringBack()
        self.stalled = 0.0
        self.reactor.exhausted = False
        for printer in self.printers:
            printer.heal()
        for sender in self.senders:
            sender.alive = False
            sender.host.restart()

    def _quiet(self) -> bool:
        ports = self.gateway.server.ports
        over = not any(port.jobs for port in ports) and not self.records.openSessions()
        return over and not self.reactor.threads.busy

    def _tryAgain(self, number: int) -> None:
        began = self.network.now
        probe = Probe(self, number)
        self.start(probe.run())
        self.until(lambda: probe.over, NEXT_JOB_WITHIN)
        if (probe.heard or "").startswith("450") and self.connectTimeout < 1 and not self.plain:
            # One attempt, while the end of the job before was on its way: 450 is right.
            printer = self.printers[number - 1]
            if isinstance(printer, Printer):
                self.until(lambda: printer.idle, HEALED_WITHIN)
            probe = Probe(self, number + len(self.printers))
            self.start(probe.run())
            self.until(lambda: probe.over, NEXT_JOB_WITHIN)
        if probe.said is None:
            self.failures.append(
                f"PORT{number}: a job after the faults was not printed within"
                f" {self.network.now - began:.1f} s: {probe.heard!r}"
            )
