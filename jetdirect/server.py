"""
A print server: the printing ports of one box, and the jobs that went through them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime

from .errors import JobCanceled, JobTooLarge, ShuttingDown
from .interfaces import IPrinterTransport, IWatcher
from .job import Job, ReplyCode, Sender, unknownCode
from .port import BUSY_TIMEOUT, CONNECT_TIMEOUT, PrintingPort
from .portnames import PortNames
from .record import JobRecord
from .text import printable
from .watchers import Watchers

REMEMBERED_JOBS = 100
"""How many ended jobs are kept for L{PrintServer.jobs}: a screenful or two for an operator."""


class PrintServer:
    """
    The printing ports, in their order, with one job counter.

    Two print servers live in one process without knowing each other.

    @ivar ports: PORT1 first; it is the default port.
    @ivar portNames: their names, in their order.
    """

    def __init__(
        self,
        transports: Sequence[IPrinterTransport],
        clock: IReactorTime,
        busyTimeout: float = BUSY_TIMEOUT,
        connectTimeout: float = CONNECT_TIMEOUT,
        maxJobBytes: int | None = None,
        share: int | None = None,
        wallClock: Callable[[], float] = time.time,
    ) -> None:
        """
        @param transports: at least one; the n-th is behind PORTn.
        @param busyTimeout: seconds a job waits for its printing port; 0: not at all.
        @param connectTimeout: seconds in which a printer must be reached; 0: one attempt.
        @param maxJobBytes: what a longer job has beyond is not printed; L{None}: no limit.
        @param share: jobs that may have a printing port or wait for it; L{None}: any number.
        @param wallClock: seconds since the epoch, for records.
        """
        self._watchers = Watchers(clock, self._running)
        if not transports:
            raise ValueError("a print server needs at least one printer")
        self.ports = tuple(
            PrintingPort(
                f"PORT{n}",
                transport,
                clock,
                busyTimeout,
                connectTimeout,
                share,
                self._portChanged,
                wallClock,
            )
            for n, transport in enumerate(transports, start=1)
        )
        self._byName = {port.name: port for port in self.ports}
        self.portNames = PortNames(self._byName)
        self._clock = clock
        self._wallClock = wallClock
        self._limit = maxJobBytes
        self._count = 0
        self._ended: deque[JobRecord] = deque(maxlen=REMEMBERED_JOBS)
        self._active: dict[int, Job] = {}

    @property
    def jobs(self) -> list[JobRecord]:
        """The last ended jobs and all that are not ended, by their numbers."""
        return sorted([*self._ended, *self._running()], key=lambda job: job.number)

    def watch(self, watcher: IWatcher, progress: bool = False) -> None:
        """
        Tell C{watcher} from now on of every job and every printing port.

        @param progress: also of the bytes that come, and of a printer that takes none, once a
            second.
        """
        self._watchers.add(watcher, progress)

    def unwatch(self, watcher: IWatcher) -> None:
        """Tell it no more."""
        self._watchers.remove(watcher)

    def port(self, name: str) -> PrintingPort | None:
        """The printing port of that name, in upper or lower case."""
        return self._byName.get(self.portNames.find(name) or "")

    def submit(
        self,
        port: PrintingPort,
        name: str,
        sender: Sender,
        size: int | None = None,
        code: ReplyCode = unknownCode,
    ) -> Job:
        """
        Make a job and put it in line at C{port}.

        @param name: what the sender calls it; printable ASCII.
        @param size: the number of bytes that the sender announced, if it did.
        @param code: with which code it is told how its job ended.
        """
        self._count += 1
        job = Job(
            self._count,
            port.name,
            name,
            sender,
            size,
            self._clock,
            self._limit,
            printer=printable(port.description),
            code=code,
            changed=self._jobChanged,
            wallClock=self._wallClock,
        )
        self._active[job.number] = job
        self._watchers.submitted(job.record)
        if self._limit is not None and size is not None and size > self._limit:
            job.cut(JobTooLarge(f"{size} bytes announced, {self._limit} are allowed"))
        else:
            port.submit(job)
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
        return job.ended

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

        return self.whenIdle().addCallback(stopped)

    def _cutAll(self) -> None:
        # The last in line first, or the end of one job would be the turn of the next.
        jobs = [job for port in self.ports for job in reversed(port.jobs)]
        for job in jobs:
            job.hasten()
        for job in jobs:
            job.cut(ShuttingDown("the gateway is shutting down"))

    def whenIdle(self) -> Deferred[Any]:
        """Fires when no printer is held by a job that was under way at this moment."""
        return DeferredList([job.whenReleased() for port in self.ports for job in port.jobs])

    def _running(self) -> list[JobRecord]:
        return [job.record for job in self._active.values()]

    def _jobChanged(self, job: Job) -> None:
        record = job.record
        if record.ended:
            del self._active[job.number]
            self._ended.append(record)
        self._watchers.changed(record)

    def _portChanged(self, port: PrintingPort) -> None:
        self._watchers.portChanged(port.record)
