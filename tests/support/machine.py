"""
A gateway with a spool, all in memory, that can be killed, cut off its power, and started again.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

from jetdirect.configuration import Configuration
from jetdirect.ftp.settings import SessionSettings
from jetdirect.gateway import Gateway
from jetdirect.interfaces import IWatcher
from jetdirect.named import PortSettings
from jetdirect.record import JobRecord, PortRecord
from jetdirect.spool.files import FileSpool
from jetdirect.spool.queue import Queue
from jetdirect.spool.spooling import Spooling
from jetdirect.spool.store import Store
from jetdirect.testing import FakePrinter, FakeSender
from jetdirect.watch.database import Database
from jetdirect.watch.filehistory import FileHistory
from jetdirect.watch.retention import Retention
from tests.support.disk import LosingDisk
from tests.support.spooled import Work

START = 1_000_000.0
"""The wall clock's first moment."""


@implementer(IWatcher)
class Watcher:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.ended: list[JobRecord] = []
        self.states: list[tuple[int, str]] = []
        self.ports: list[PortRecord] = []

    def jobSubmitted(self, record: JobRecord) -> None:
        """Nothing."""

    def jobChanged(self, record: JobRecord) -> None:
        self.states.append((record.number, record.state.value))

    def jobProgressed(self, record: JobRecord) -> None:
        """Nothing."""

    def jobEnded(self, record: JobRecord) -> None:
        self.ended.append(record)

    def portChanged(self, record: PortRecord) -> None:
        self.ports.append(record)


class Machine:
    """
    One machine.

    @ivar printers: its printers, which survive everything.
    @ivar work: what the threads of the running process do.
    """

    gateway: Gateway
    reactor: MemoryReactorClock
    work: Work

    def __init__(
        self,
        printers: Sequence[Any] = (),
        sessions: SessionSettings | None = None,
        durable: bool = True,
        history: str = "",
        **settings: Any,
    ) -> None:
        """
        @param history: the file; power cuts do not touch it.
        @param settings: of the printing ports, which spool.
        """
        self._file = history
        self.disk = LosingDisk()
        self.printers = list(printers) or [FakePrinter()]
        self.now = START
        self._sessions = sessions or SessionSettings()
        self._durable = durable
        self.settings = PortSettings(spool=True, **settings)
        self.start()

    @property
    def printer(self) -> Any:
        """The first printer."""
        return self.printers[0]

    def start(self, held: bool = False) -> None:
        """
        Begin a process over what is on the disk.

        @param held: the disk does nothing yet.
        """
        self.reactor = MemoryReactorClock()
        self.work = Work()
        self.spool = FileSpool(Store(self.disk), self.work.do, self._durable)
        said = Configuration(
            self.printers, [], self._sessions, self.settings, spool="/var/spool/jetdirect"
        )
        self.gateway = Gateway(said, self.reactor, self.spool, self._history())
        self.server = self.gateway.server
        self.spooling.wallClock = self.server.wallClock = lambda: self.now
        self.watcher = Watcher()
        self.server.watch(self.watcher)
        if held:
            self.work.hold()
        self.gateway.startService()
        self.advance(0)

    def _history(self) -> FileHistory | None:
        if not self._file:
            return None
        return FileHistory(
            Database(self._file), self.work.do, self.reactor, Retention(), lambda: self.now
        )

    def kill(self) -> None:
        """The process is killed; what it wrote is there."""
        for call in self.reactor.getDelayedCalls():
            call.cancel()
        self.work.kill()

    def cut(self, seed: int = 0) -> None:
        """The power goes, and comes back."""
        self.kill()
        self.disk = self.disk.afterPowerCut(Random(seed))

    def restart(self, seed: int | None = None) -> None:
        """The process is killed, or the power goes; and all begins again."""
        if seed is None:
            self.kill()
        else:
            self.cut(seed)
        self.start()

    @property
    def spooling(self) -> Spooling:
        """The kept jobs."""
        assert self.server.spooling is not None
        return self.server.spooling

    def queue(self, port: str = "PORT1") -> Queue:
        """Those of one port."""
        return self.spooling.queues[port.lower()]

    def advance(self, seconds: float, step: float = 0.5) -> None:
        """Let time pass."""
        for _ in range(4):
            self.reactor.advance(0)
        while seconds > 0:
            piece = min(step, seconds)
            self.now += piece
            self.reactor.advance(piece)
            self.reactor.advance(0)
            seconds -= piece

    def sender(self, host: str = "192.0.2.1") -> FakeSender:
        """Somebody who has logged in."""
        sender = FakeSender(self.gateway.factory, host)
        sender.login()
        return sender

    def upload(self, data: bytes = b"a page", name: str = "a.ps", host: str = "192.0.2.1") -> str:
        """A whole upload in a session of its own: the last line of its replies."""
        sender = self.sender(host)
        replies = sender.upload(name, data)
        sender.say("QUIT")
        return replies.rpartition("\n")[2]

    def files(self, place: str, port: str = "port1") -> list[int]:
        """The numbers of the jobs in a place."""
        return sorted(int(name) for name in self.disk.inodes(f"ports/{port}/{place}"))

    def reason(self, number: int, place: str = "held", port: str = "port1") -> str:
        """What is written about a job."""
        record = self.spool._store.record(number)
        assert number in self.files(place, port), (number, place)
        return record.reason

    @property
    def printed(self) -> list[bytes]:
        """What the first printer has got, job by job."""
        return [job.data for job in self.printer.jobs]


def printing(data: bytes = b"x" * 100, **settings: Any) -> Machine:
    """A job that the printer has, and whose end it does not answer."""
    machine = Machine(**settings)
    machine.printer.hesitant = True
    assert "queued" in machine.upload(data)
    machine.advance(1)
    assert machine.files("active") == [1]
    return machine
