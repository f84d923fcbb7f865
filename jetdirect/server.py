"""
A print server: the printing ports of one box, and the jobs that went through them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.internet.interfaces import IReactorTime

from .errors import (
    JobCanceled,
    JobTooLarge,
    PortFailed,
    PortRemoved,
    PrinterBusy,
    PrintError,
    SenderNotAllowed,
    ShuttingDown,
)
from .interfaces import IHistory, IKeptJob, IReadingTransport, ISpool, IState, IWatcher
from .job import Job, ReplyCode, Sender, UploadedJob, unknownCode
from .named import (
    NamedPrinter,
    PortSettings,
    Printers,
    checkNames,
    defaultOf,
    differences,
    named,
)
from .port import PrintingPort
from .portnames import PortNames
from .portrecords import PortRecords
from .record import JobRecord, JobState, PortRecord, PortState
from .spool.intake import Intake
from .testpage import languageOf, testPage
from .text import printable
from .watchers import Watchers

if TYPE_CHECKING:  # loaded where there is a spool
    from .spool.queue import Queue
    from .spool.spooling import Spooling

REMEMBERED_JOBS = 100
"""How many ended jobs are kept for L{PrintServer.jobs}: a screenful or two for an operator."""


OPERATOR = Sender("operator", "", 0)
"""The sender of the gateway's own jobs; no port refuses them for where they come from."""


class PrintServer:
    """
    The printing ports by name, with one job counter.

    Two print servers live in one process without knowing each other.

    @ivar ports: those of the configuration, in its order.
    @ivar default: where a job prints whose sender names no port.
    @ivar portNames: what leads to a port.
    @ivar spooling: the kept jobs; L{None}: there is no spool.
    @ivar wallClock: seconds since the epoch, for records.
    """

    ports: tuple[PrintingPort, ...] = ()
    default: PrintingPort

    def __init__(
        self,
        printers: Printers,
        clock: IReactorTime,
        settings: PortSettings | None = None,
        default: str = "",
        wallClock: Callable[[], float] = time.time,
    ) -> None:
        """
        @param printers: at least one.
        @param settings: of the printing ports of bare transports.
        @param default: the name of the default port; empty: PORT1, or the only one.
        @param wallClock: seconds since the epoch, for records.
        """
        self.spooling: Spooling | None = None
        self._watchers = Watchers(clock, self._running)
        self._byName: dict[str, PrintingPort] = {}
        self._stopped: set[PrintingPort] = set()
        self._paused: dict[str, str] = {}
        self._state: IState | None = None
        self._removed: dict[str, PrintingPort] = {}
        self._owners: dict[str, str] = {}  # of each name and number there ever was
        self._led: dict[str, str] = {}  # each word there ever was, with the name that it led to
        self.portNames = PortNames([])
        self._clock = clock
        self.wallClock = wallClock
        self._records = PortRecords(lambda: self.wallClock())
        self._count = 0
        self._numbers: Callable[[], int | None] = lambda: None
        self._ended: deque[JobRecord] = deque(maxlen=REMEMBERED_JOBS)
        self._active: dict[int, Job | Intake] = {}
        self.apply(named(printers, settings or PortSettings()), default)

    def check(self, printers: Sequence[NamedPrinter], default: str = "") -> None:
        """
        Could it have these printing ports?

        @raise ValueError: the names are not clear, or one that was a port's name or number would
            lead to another port.
        """
        checkNames(printers, default)
        for printer in printers:
            for word in map(str.upper, printer.words):
                # A sender that prints by a name or number wants the printer that it had yesterday.
                owner = self._owners.get(word, printer.name)
                if owner.upper() != printer.name.upper():
                    remedy = f"change the URI of {owner}, or restart"
                    raise ValueError(f"{word} of {printer.name} was {owner}'s; {remedy}")

    def apply(self, printers: Sequence[NamedPrinter], default: str = "") -> list[str]:
        """
        Have these printing ports, and no others.

        A port is known by its name, whatever its place: it keeps its jobs.  One that is not there
        any more prints those that it has, and refuses others for good.  A word that has led to a
        port and leads nowhere now is refused, too: it is no job's name.

        @param default: the name of the default port; empty: PORT1, or the only one.
        @return: what has changed, a line each.
        @raise ValueError: L{check} says why not; nothing has changed.
        """
        self.check(printers, default)
        for printer in printers:
            for word in replace(printer, aliases=()).words:
                self._owners[word.upper()] = printer.name
        before, self._byName = self._byName, {}
        told = []
        for printer in printers:
            key = printer.name.upper()
            port = before.pop(key, None) or self._removed.pop(key, None)
            if port is None:
                port = PrintingPort(
                    printer, self._clock, self._portChanged, self.wallClock, self._portWorked
                )
                told.append(f"{printer.name} is new")
            else:
                told += self._applyPrinter(port, printer)
            self._byName[key] = port
        for key, port in before.items():
            self._removed[key] = port
            told.append(f"{port.name} is removed{self._drains(port)}")
            port.become(port.printer, accepting=False)
        self.ports = tuple(self._byName.values())
        self._applySpool()
        self.default = self._byName[defaultOf(printers, default).name.upper()]
        gone = {word.upper(): p.name for p in self._removed.values() for word in p.printer.words}
        led = {word.upper(): p.name for p in self.ports for word in p.printer.words}
        lost = {word: name for word, name in self._led.items() if word not in led}
        self._led |= led
        self.portNames.replace([port.name for port in self.ports], {**gone, **led}, lost)
        return told

    def _drains(self, port: PrintingPort) -> str:
        queue = self.queue(port)
        kept = [job for job in port.jobs if IKeptJob.providedBy(job)]
        printing, held = len(port.jobs) - len(kept), 0
        if queue is not None:
            printing += queue.printing is not None
            held = queue.queued + queue.held - (queue.printing is not None)
        said = f", {printing} of its jobs print" if printing else ""
        return said + (f", {held} of its kept jobs are held until it is back" if held else "")

    def numberBy(self, numbers: Callable[[], int | None], first: int) -> None:
        """
        Have numbers for jobs, as long as there is no spool that has its own.

        @param numbers: the next one; L{None}: there is none now.
        @param first: no lower one is given, by whatever spool.
        """
        self._numbers = numbers
        self._count = first - 1

    def remember(self, state: IState, paused: Mapping[str, str]) -> None:
        """
        Have a place for what is to be known after a restart, as long as there is no spool.

        @param paused: the paused printing ports, in lower case, each with the person who did it.
        """
        self._state, self._paused = state, dict(paused)

    def spoolTo(
        self,
        spool: ISpool,
        guards: bool = True,
        history: IHistory | None = None,
        state: IState | None = None,
    ) -> None:
        """
        Have a spool for those printing ports that are to keep jobs.

        @param guards: look for jobs that come again.
        @param history: what is to know the jobs that have ended, before the spool forgets them.
        @param state: what remembers the rest; L{None}: the spool does.
        """
        from .spool.spooling import Spooling

        self.spooling = Spooling(
            spool,
            self._clock,
            self._keptChanged,
            self._queueChanged,
            lambda name: self._byName.get(name.upper()),
            self.wallClock,
            guards=guards,
            history=history,
            above=self._count,
            state=state,
        )
        self._applySpool()

    def begin(self) -> Deferred[None]:
        """Open the spool, if there is one.  Fires when all that was kept is known."""
        begun = succeed(None) if self.spooling is None else self.spooling.begin()
        return begun.addCallback(self._recordPorts)

    def _recordPorts(self, _: None) -> None:
        # Those that were paused before the start are so since then.
        for port in self.ports:
            self.portRecord(port)

    def _applySpool(self) -> None:
        # A port that keeps jobs no longer prints those that it has.
        if self.spooling is None:
            return
        for port in self.ports:
            if port.settings.spool or port.name.lower() in self.spooling.queues:
                self.spooling.queue(port)
        for port in self._removed.values():
            self.spooling.remove(port.name)

    def queue(self, port: PrintingPort) -> Queue | None:
        """The kept jobs of a printing port; L{None}: it keeps none, and never did."""
        return None if self.spooling is None else self.spooling.queues.get(port.name.lower())

    def portRecord(self, port: PrintingPort) -> PortRecord:
        """A printing port as others see it, with its queue."""
        return self._records.of(port, self.queue(port), self.pausedBy(port), self.spooling)

    @property
    def removed(self) -> list[PortRecord]:
        """Printing ports that are no more, as long as there are jobs of theirs."""
        found = [self.portRecord(port) for port in self._removed.values()]
        queues = {} if self.spooling is None else self.spooling.queues
        known = {*self._byName, *self._removed}
        found += [
            self._records.left(queue) for name, queue in queues.items() if name.upper() not in known
        ]
        return [each for each in found if each.job is not None or each.queued or each.held]

    def waitAt(self, port: PrintingPort) -> float:
        """For how many seconds the oldest job waits at a printing port; 0: none does."""
        waiting = [job.record for job in self.jobsAt(port) if job is not port.jobs[0]]
        came = [record.created for record in waiting if record.state is JobState.PENDING]
        queue = self.queue(port)
        if queue is not None and queue.oldest is not None:
            came.append(queue.oldest)
        return max(self.wallClock() - min(came), 0.0) if came else 0.0

    @property
    def spoolBytes(self) -> int:
        """Bytes of all jobs that the spool has."""
        queues = () if self.spooling is None else self.spooling.queues.values()
        return sum(queue.stored for queue in queues)

    @property
    def jobs(self) -> list[JobRecord]:
        """
        The last ended jobs, and those that come in or stream, by their numbers; not those that wait
        in the spool.
        """
        return sorted([*self._ended, *self._running()], key=lambda job: job.number)

    @property
    def printing(self) -> list[JobRecord]:
        """The jobs that have a printer."""
        streaming = (JobState.PROCESSING, JobState.STOPPED)
        found = [job.record for job in self._active.values() if job.state in streaming]
        queues = () if self.spooling is None else self.spooling.queues.values()
        return found + [
            queue.seen(queue.printing.record) for queue in queues if queue.printing is not None
        ]

    def watch(self, watcher: IWatcher, progress: bool = False, changes: bool = True) -> None:
        """
        Tell C{watcher} from now on of every job and every printing port.

        @param progress: also of the bytes that come, and of a printer that takes none, once a
            second.
        @param changes: also of what becomes of a job between its beginning and its end, and of a
            port that only has work now, or none any more; a small job takes less time where nobody
            asks.  Where there is a spool, or a port is paused, everybody is told.
        """
        self._watchers.add(watcher, progress, changes)

    def unwatch(self, watcher: IWatcher) -> None:
        """Tell it no more."""
        self._watchers.remove(watcher)

    def port(self, name: str) -> PrintingPort | None:
        """The printing port that C{name} leads to; it may be one that was removed."""
        key = (self.portNames.find(name) or "").upper()
        return self._byName.get(key) or self._removed.get(key)

    def jobsAt(self, port: PrintingPort) -> list[Job]:
        """The uploads at C{port}: the one that has the printer, then those that wait."""
        return [job for job in port.jobs if isinstance(job, Job)]

    def upload(
        self,
        port: PrintingPort,
        name: str,
        sender: Sender,
        size: int | None = None,
        code: ReplyCode = unknownCode,
    ) -> UploadedJob:
        """
        Take a job from a sender: into the spool, if the port keeps jobs, or to its printer.

        @param name: what the sender calls it; printable ASCII.
        @param size: the number of bytes that the sender announced, if it did.
        @param code: with which code it is told how its job ended.
        """
        queue = self.queue(port) if port.settings.spool else None
        if queue is None:
            return self.submit(port, name, sender, size, code)
        reading = IReadingTransport(port.transport, None)
        reserved = self._reserved()
        job = Intake(
            self._number(reserved),
            port.name,
            name,
            sender,
            size,
            self._clock,
            queue,
            None if reading is None else reading.reading,
            port.settings.maxJobBytes,
            printer=printable(port.description),
            uri=port.uri,
            code=code,
            changed=self._jobChanged,
            wallClock=self.wallClock,
        )
        if self._admit(job, port):
            if reserved is None:
                job.cut(PortFailed("the spool has no number for a job yet; try again"))
            else:
                job.begin()
        return job

    def submit(
        self,
        port: PrintingPort,
        name: str,
        sender: Sender,
        size: int | None = None,
        code: ReplyCode = unknownCode,
    ) -> Job:
        """
        Make a job whose sender waits for the printer, and put it in line at C{port}.

        @param name: what the sender calls it; printable ASCII.
        @param size: the number of bytes that the sender announced, if it did.
        @param code: with which code it is told how its job ended.
        """
        job = Job(
            self._number(self._reserved()),
            port.name,
            name,
            sender,
            size,
            self._clock,
            port.settings.maxJobBytes,
            printer=printable(port.description),
            code=code,
            changed=self._jobChanged,
            wallClock=self.wallClock,
        )
        if self._admit(job, port):
            port.submit(job)
        return job

    def _admit(self, job: Job | Intake, port: PrintingPort) -> bool:
        # Or it is known at once that it cannot be printed.
        self._active[job.number] = job
        self._watchers.submitted(job.record)
        limit, size = port.settings.maxJobBytes, job.size
        if not port.accepting:
            job.cut(PortRemoved(f"{port.name} was removed; print on another port"))
        elif job.sender is not OPERATOR and not port.settings.admits(job.host):
            job.cut(SenderNotAllowed(f"{job.host} may not print on {port.name}"))
        elif isinstance(job, Job) and (by := self.pausedBy(port)):
            job.cut(PrinterBusy(f"{port.name} is paused by {by}"))
        elif limit is not None and size is not None and size > limit:
            job.cut(JobTooLarge(f"{size} bytes announced, {limit} are allowed"))
        else:
            return True
        return False

    def pausedBy(self, port: PrintingPort) -> str:
        """The name of the person who paused a printing port; empty: it is not paused."""
        paused = self._paused if self.spooling is None else self.spooling.paused
        return paused.get(port.name.lower(), "") if paused else ""

    async def pause(self, ports: Sequence[PrintingPort], by: str) -> bool:
        """
        Let printing ports print nothing after the jobs that they have.

        @return: is that durable?  Without a spool and a state it is not.
        """
        if self.spooling is not None:
            await self.spooling.pauseAll([port.name for port in ports], by)
            return True
        for port in ports:
            self._paused[port.name.lower()] = by
        return await self._pausedChanged(ports)

    async def resume(self, ports: Sequence[PrintingPort]) -> bool:
        """Let them print again.  @return: is that durable?"""
        if self.spooling is not None:
            await self.spooling.resumeAll([port.name for port in ports])
            return True
        for port in ports:
            self._paused.pop(port.name.lower(), None)
        return await self._pausedChanged(ports)

    async def _pausedChanged(self, ports: Sequence[PrintingPort]) -> bool:
        for port in ports:
            self._watchers.portChanged(self.portRecord(port))
        if self._state is None:
            return False
        await self._state.setPaused(self._paused)
        return self._state.durable

    def submitted(self, record: JobRecord) -> None:
        """A job has come that no sender has sent."""
        self._watchers.submitted(record)

    def stateOf(self, job: UploadedJob) -> JobState:
        """The state of a job, also after the spool has taken it over."""
        if not isinstance(job, Intake) or not job.kept or self.spooling is None:
            return job.state
        return self.spooling.stateOf(job.number) or job.state

    def _reserved(self) -> int | None:
        # One that no job of this spool ever had, or of this process.
        numbers = self._numbers if self.spooling is None else self.spooling.number
        given = numbers()
        while given is not None and given <= self._count:
            given = numbers()
        return given

    def _number(self, reserved: int | None) -> int:
        # Without a spool, or as long as its disk gives none, not twice in the life of the process;
        # such a job is never kept.
        self._count = self._count + 1 if reserved is None else reserved
        return self._count

    def printTestPage(self, port: PrintingPort, language: str = "") -> UploadedJob:
        """
        Let the operator see that a port prints: a page as one more job.

        @param language: one of L{LANGUAGES<jetdirect.testpage.LANGUAGES>}; by default what the
            printer last said that it knows.
        @return: the job; it goes on by itself.
        @raise ValueError: there is no such language.
        """
        now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.wallClock()))
        known = port.status.languages
        page = testPage(
            language or languageOf(known),
            [
                "jetdirect test page",
                f"{', '.join(port.printer.words)}: {port.description}",
                port.transport.uri,
                port.settings.location,
                now,
            ],
        )
        job = self.upload(port, "test page", OPERATOR, len(page))
        Deferred.fromCoroutine(_write(job, page))
        return job

    def cancel(self, number: int, reason: str = "canceled by the operator") -> bool:
        """
        Cancel a job that is not ended yet; its sender is told not to send it again.

        @return: C{False} when there is no such job.
        """
        job = self._active.get(number)
        if job is None:
            return False
        job.cut(JobCanceled(reason))
        return job.error is not None

    def stop(self, drain: float) -> Deferred[Any]:
        """
        The gateway stops: jobs have their time to finish, are cut then, and printers let go.

        @param drain: seconds that running jobs have to finish.
        @return: fires when no printer is held by a job any more; at the latest when C{drain},
            L{STOP_TIMEOUT<jetdirect.guard.STOP_TIMEOUT>} and L{CANCEL_TIMEOUT
            <jetdirect.guard.CANCEL_TIMEOUT>} are over.
        """
        end = self._clock.callLater(drain, self._cutAll)

        def stopped(result: object) -> None:
            if end.active():
                end.cancel()

        idle = [self.whenIdle().addCallback(stopped)]
        if self.spooling is not None:
            idle.append(self.spooling.stop(drain))
        return DeferredList(idle)

    def _cutAll(self) -> None:
        # The last in line first, or the end of one job would be the turn of the next.
        jobs = [job for port in self._all() for job in reversed(self.jobsAt(port))]
        for job in jobs:
            job.hasten()
        for job in jobs:
            job.cut(ShuttingDown("the gateway is shutting down"))

    def whenIdle(self) -> Deferred[Any]:
        """Fires when no printer is held by a job that was under way at this moment."""
        return DeferredList(
            [job.whenReleased() for port in self._all() for job in self.jobsAt(port)]
        )

    def _applyPrinter(self, port: PrintingPort, printer: NamedPrinter) -> list[str]:
        old = port.printer
        if printer.source is not None and printer.source == old.source:
            printer = replace(printer, transport=old.transport)
        told = [] if port.accepting else [f"{printer.name} is back"]
        told += differences(old, printer)
        if told or printer != old:
            port.become(printer)
        return told

    def askNoMore(self) -> None:
        """The gateway stops; no printer's answer is awaited any longer."""
        for port in self._all():
            port.askNoMore()

    def _all(self) -> list[PrintingPort]:
        return [*self._byName.values(), *self._removed.values()]

    def _running(self) -> list[JobRecord]:
        return [job.record for job in self._active.values()]

    def _jobChanged(self, job: Job | Intake) -> None:
        if isinstance(job, Intake) and job.kept:
            del self._active[job.number]
            self._watchers.kept(job.record)
        elif job.ended and (record := job.record).ended:
            del self._active[job.number]
            self._jobEnded(record)
        elif self._watchers.wantChanges:
            self._watchers.changed(job.record)

    def _keptChanged(self, record: JobRecord) -> None:
        if record.ended:
            self._jobEnded(record)
        else:
            self._watchers.kept(record)

    def _jobEnded(self, record: JobRecord) -> None:
        self._ended.append(record)
        self._watchers.ended(record)

    def _portChanged(self, port: PrintingPort) -> None:
        queue, stopped = self.queue(port), port.state is PortState.STOPPED
        if stopped:
            self._stopped.add(port)
        elif port in self._stopped:
            self._stopped.discard(port)
            if queue is not None:
                queue.wake()
        self._watchers.portChanged(self.portRecord(port))

    def _portWorked(self, port: PrintingPort) -> None:
        # Others know it by the job.  Of a port that is paused or removed the time is kept since it
        # looks so.
        apart = self.pausedBy(port) or port in self._records.otherwise or not port.accepting
        if apart or self.queue(port) is not None or self._watchers.wantChanges:
            self._portChanged(port)

    def _queueChanged(self, name: str) -> None:
        port = self.port(name)
        if port is not None:
            self._watchers.portChanged(self.portRecord(port))


async def _write(job: UploadedJob, page: bytes) -> None:
    with suppress(PrintError):  # the job knows, and has told its watchers
        await job.whenOpened()
        job.write(page)
        await job.finish()
        job.replied()
        job.complete()
