"""
One seed: a gateway, its senders and printers, what goes wrong, and what is to be judged of it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
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
from jetdirect.net.deadline import LONGEST_GRACE
from jetdirect.record import JobRecord

from ..invariants import Run, Upload, Violation, check
from .clockwork import Clockwork
from .device import device
from .dialogue import Command
from .directory import DirectoryPrinter
from .disk import Disk
from .faults import CONNECTED, FINISHING, FLOWING, WAITING, Coverage
from .judge import SOON, judge
from .machine import machine
from .pipes import Calls, Limits
from .plugin import PluginPrinter
from .printer import Printer
from .probe import Probe
from .records import MAX_SESSIONS, Records
from .reloads import Reloads
from .sender import FTP, FTPS, LARGE, Sender
from .switches import Dress, Switches, asItIs
from .talker import Talker

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
"""The share of worlds on the gateway's own transports; the others are on Twisted's."""

HARMLESS = {
    "printer slow",
    "printer talks",
    "printer stops",
    "printer unplugged a moment",
    "out of paper for an hour",
    "reactor stalls",
    "reactor stalls long",
    "sender unplugged a while",
    "STAT and NOOP",
    "hostile lines",
    "data late",
    "thief first",
    "second data connection",
    "printer refuses",
    "printer name unknown",
    "printer does not answer",
    "printer has moved",
    "printer name is slow",
    "disk slow",
    "passive range exhausted",
    "job too long",
    "another STOR",
    "urgent data",
    "RST after FIN",
    "QUIT and FIN",
    "reactor late for the data",
    "reload",
}
"""Faults in spite of which every job prints, or is refused with 450 because the printer is busy or
away."""


class World(Clockwork):
    """
    @ivar idles: sessions and data connections that are silent are ended.
    @ivar senderTrouble: how likely an upload is to have a fault of its sender; C{printerTrouble}:
        a job one of its printer.
    @ivar meddling: how likely it is that something happens to the gateway itself; C{stopping}: that
        it is stopped then.
    @ivar sizes: which of the possible job sizes are used.
    @ivar stopped: the gateway was shut down.
    @ivar stoppedAt: when, in seconds; C{stoppedFor}: when it had come to its end.
    @ivar bulk: all jobs are large, and come in many pieces.
    @ivar hears: a data connection that is silent is ended.
    @ivar calls: what of the kernel's own path was used.
    @ivar shortestSilence: seconds after which somebody silent is sent away, if they are few; or 0.
    @ivar stalls: from when to when the reactor did nothing.
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
        self.meddling, self.stopping = 0.5, 0.25
        self.stopped: Deferred[Any] | None = None
        self.stoppedAt: float | None = None
        self.stoppedFor: float | None = None
        self.stalls: list[tuple[float, float]] = []
        self.senderTrouble = random.choice([0.0, 0.3, 0.6, 0.9])
        self.printerTrouble = random.choice([0.0, 0.0, 0.3, 0.7])
        self.sizes = slice(random.choice([5, 8, 12]))
        self._running = 0
        self._aborts: list[tuple[Upload, Command]] = []
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
        self._thief = self.network.host("thief", "198.51.100.66")
        self._elsewhere = self.network.host("elsewhere", "198.51.100.67")

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

    def late(self, due: float) -> float:
        """When a gateway has done at the latest what is due at that time."""
        for began, over in self.stalls:
            if began - SOON <= due <= over:
                due = over + min(over - due, LONGEST_GRACE)
        return due + SOON

    def printerNumber(self) -> int:
        """Any printer."""
        return self.random.randrange(len(self.printers)) + 1

    def aborted(self, command: Command, upload: Upload | None, running: Command | None) -> None:
        """A sender sends ABOR."""
        if upload is not None and running is not None and not running.answered:
            upload.aborts += 1
            self._aborts.append((upload, command))

    def stallForData(self) -> None:
        """The reactor does nothing for longer than a data connection may take to be made."""
        now = self.network.now
        self.stalled = max(self.stalled, now + 40.0)
        self.stalls.append((now, self.stalled))

    async def steal(self, port: int) -> None:
        """Somebody else connects to a passive port."""
        end = await self.reactor.dialIn(self._thief, port, "the thief")
        if end is not None:
            end.send(b"STOLEN")
            self.start(self._leave(end))

    async def fromElsewhere(self, port: int, upload: Upload) -> None:
        """A sender's data comes from another address than its commands."""
        upload.against.append("its data came from another host")
        end = await self.reactor.dialIn(self._elsewhere, port, "data from elsewhere")
        if end is not None:
            with suppress(OSError):
                end.send(upload.payload[:1000])
            end.close()

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
        if sender.data.peer.finSent is not None:
            return False  # its first was turned away: this one would be taken for its data

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

    def _connected(self, wire: Any) -> None:
        if wire.end.port in (FTP, FTPS):
            self.records.session(wire)

    # What happens to the gateway.

    async def _shutdown(self) -> None:
        self.hit("shutdown", self._anyPhase())
        self._stop()

    async def _meddle(self) -> None:
        random = self.random
        if random.random() < 0.3:
            await self.network.sleep(random.choice([0.05, 1.0, 10.0]) * random.random())
            self._stall("reactor stalls", (0.5, 5.0))
        if random.random() < 0.3:
            await self.network.sleep(random.choice([0.05, 1.0, 10.0]) * random.random())
            self._cancel()
        if random.random() < self.stopping:
            await self.network.sleep(random.choice([0.05, 1.0, 10.0]) * random.random())
            await self._shutdown()
        if self.plain:
            return
        if random.random() < 0.1:
            await self.network.sleep(random.choice([0.05, 1.0, 10.0]) * random.random())
            self._stall("reactor stalls long", (12.0, 40.0, 130.0))
        if random.random() < 0.2:
            await self.network.sleep(random.choice([0.05, 1.0, 10.0]) * random.random())
            self.hit("no descriptors", self._anyPhase())
            self.reactor.exhausted = True
            await self.network.sleep(random.choice([0.01, 0.5, 5.0]))
            self.reactor.exhausted = False

    def _stall(self, kind: str, seconds: tuple[float, ...]) -> None:
        self.hit(kind, self._anyPhase())
        now = self.network.now
        self.stalled = now + self.random.choice(seconds)
        self.stalls.append((now, self.stalled))

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
            self.stoppedAt = self.network.now
            self.stopped = self.gateway.stopService()
            self.stopped.addBoth(self._hasStopped)

    def _hasStopped(self, result: object) -> None:
        self.stoppedFor = self.network.now

    # From the beginning to the end.

    def run(self) -> list[Violation]:
        """Play it, and judge it."""
        with self.records, self.machine():
            try:
                self._play()
            except RuntimeError as problem:
                self.oddities.append(str(problem))
            run = self.told()
            return check(run) + ([] if self.plain else judge(self, run))

    def _play(self) -> None:
        self.gateway.startService()
        for sender in self.senders:
            self.start(sender.run(self.random.choice([1, 1, 2])))
        if self.random.random() < self.meddling:
            self.start(self._meddle())
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
            # 425: in such a run only after EPSV or PASV had found no free port, and to one that is
            # late, or not there, when others wait.
            late = {"data late", "sender unplugged a while"} & {*self.faults}
            busy = any(
                reply.code == 450
                or (reply.code == 425 and (late or "was not made" not in reply.text))
                for reply in upload.replies
            )
            upload.faultless = harmless and not busy and not self.tooLong(upload)
            upload.unheard = self._unheard(upload)
            upload.dressed = self._dressOf(upload.name)
        oddities = [*self.oddities, *self.records.errors, *self.calls.oddities]
        oddities += [odd for s in self.senders for each in s.dialogues for odd in each.oddities]
        oddities += [
            f"a STOR without a data connection got {reply.lastLine!r}"
            for sender in self.senders
            for command in sender.another
            for reply in command.replies
            if reply.code != 425
        ]
        return Run(
            uploads=uploads,
            prints=[
                each
                for printer in self.printers
                for each in printer.prints()
                if not (each.upload or "").startswith("probe")
            ],
            records=[r for r in self.records.all() if not r.upload.startswith("probe")],
            earlyClose={each.name for each in self.printers if each.earlyClose},
            failures=self.failures,
            leftovers=self.leftovers,
            oddities=oddities,
        )

    def _unheard(self, upload: Upload) -> bool:
        # It was forgotten by its sender, as it may be here, and nothing else is wrong with it.
        faults = [fault for fault in self.faults if fault != "fire and forget"]
        harmless = all(fault in HARMLESS for fault in faults) and self.patient
        tooLong = self.tooLong(upload)
        return upload.unheard and self.switches.fireAndForget and harmless and not tooLong

    def _dressOf(self, name: str) -> Callable[[bytes, bool], bytes]:
        for printer in self.printers:
            if any(each.upload == name for each in printer.prints()):
                return self.dresses[printer.name].dressed
        return asItIs
