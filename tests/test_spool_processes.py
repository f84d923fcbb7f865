"""
The processes that keep jobs: when there is one, and what is done without it.
"""

from __future__ import annotations

import io
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_twisted
from twisted.internet import reactor as installedReactor
from twisted.internet.defer import DeferredList
from twisted.internet.protocol import connectionDone
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from jetdirect.interfaces import ISpool
from jetdirect.net.network import networkOf
from jetdirect.spool.files import openSpool
from jetdirect.spool.keeper import packed, serve
from jetdirect.spool.processes import IDLE, RUSH, InProcesses, canStart
from jetdirect.spool.record import JobPlace
from jetdirect.spool.steps import Here, Move, Moved, Whole
from tests.support.answers import hear
from tests.support.disk import LosingDisk
from tests.support.spooled import RECORD, Work


class Child:
    """
    A process as its protocol knows it.

    @ivar words: with which it was started.
    @ivar ended: its input was closed.
    """

    def __init__(self, words: list[str], here: Here) -> None:
        self.protocol: Any = None
        self.words = words
        self.ended = False
        self._here = here
        self._asked = b""

    def write(self, data: bytes) -> None:
        self._asked += data

    def loseConnection(self) -> None:
        self.ended = True

    def starts(self) -> None:
        """It says that it is there, in two pieces."""
        self.protocol.dataReceived(packed(None)[:5])
        self.protocol.dataReceived(packed(None)[5:])

    def works(self) -> bytes:
        """It does what it was asked.  @return: the answer, which it has not given yet."""
        told = io.BytesIO()
        serve(io.BytesIO(self._asked), told, self._here)
        self._asked = b""
        return told.getvalue()[len(packed(None)) :]

    def answers(self) -> None:
        """It does that, and says so."""
        self.protocol.dataReceived(self.works())

    def dies(self) -> None:
        """It is gone."""
        self.protocol.connectionLost(connectionDone)


class Reactor(Clock):
    """
    One that starts processes.

    @ivar children: all that were started.
    @ivar refuses: C{spawnProcess} raises it.
    """

    def __init__(self, here: Here) -> None:
        super().__init__()
        self.children: list[Child] = []
        self.refuses: Exception | None = None
        self._here = here

    def spawnProcess(
        self, protocol: Any, executable: Any, args: Any, env: Any, childFDs: Any
    ) -> None:
        """L{IReactorProcess}."""
        if self.refuses is not None:
            raise self.refuses
        assert sorted(childFDs) == [0, 2, 3] and childFDs[3] == 7
        self.children.append(Child(args, self._here))

    def adopt(self, sock: socket.socket, protocol: Any) -> None:
        """L{jetdirect.net.network.Network.adopt}: of the child that was started last."""
        sock.close()
        self.children[-1].protocol = protocol
        protocol.makeConnection(self.children[-1])


class Lab:
    """Steps on a disk in memory, at most two processes, and threads that a test lets work."""

    def __init__(self) -> None:
        self.disk = LosingDisk()
        for path in ("tmp", "queue"):
            self.disk.makeDirectory(path)
        here = Here(self.disk)
        self.reactor = Reactor(here)
        self.work = Work()
        self.steps = InProcesses(self.reactor, "/spool", 7, 2, self.work.do, here)

    def rush(self, first: int, many: int = RUSH) -> list[Any]:
        """So many jobs are written at a time."""
        numbers = range(first, first + many)
        return hear(self.steps.write([Whole(f"tmp/{each}", b"page", RECORD) for each in numbers]))

    def started(self) -> Child:
        """A process that is there."""
        self.rush(90)
        [child] = self.reactor.children
        child.starts()
        self.work.hold()
        return child


def test_fewJobs() -> None:
    """They need no process."""
    lab = Lab()
    assert lab.rush(1, RUSH - 1) == [[None] * (RUSH - 1)] and lab.reactor.children == []


def test_rush() -> None:
    """A rush starts a process, which has what comes then; a thread what comes before."""
    lab = Lab()
    assert lab.rush(1) == [[None] * RUSH]
    [child] = lab.reactor.children
    assert child.words[1:] == ["-P", "-m", "jetdirect.spool.keeper", "/spool"]
    child.starts()
    lab.work.hold()
    written = lab.rush(4, 1)
    assert written == []
    child.answers()
    assert written == [[None]]
    moved = hear(lab.steps.move([Move("tmp/4", "queue/4"), Move("tmp/9", "queue/9")]))
    child.answers()
    [[good, bad]] = moved
    assert good == Moved(True, None) and isinstance(bad.error, FileNotFoundError)
    marked = hear(lab.steps.write([], ["queue/4"]))
    child.answers()
    assert marked == [[]] and lab.disk.isMarked("queue/4")
    assert lab.work.held == []


def test_atMostTwo() -> None:
    """While both work a thread has what comes."""
    lab = Lab()
    lab.started()
    lab.work.go()
    lab.rush(1)
    lab.rush(11)
    assert len(lab.reactor.children) == 2
    lab.reactor.children[1].starts()
    lab.rush(21)
    assert lab.rush(31) == [[None] * RUSH]
    assert len(lab.reactor.children) == 2


def test_diesWhileItWrites() -> None:
    """What it left is removed, and the jobs are written by a thread."""
    lab = Lab()
    child = lab.started()
    told = lab.rush(1)
    child.works()
    with capturedLogs() as logged:
        child.dies()
    assert told == []
    lab.work.go()
    assert told == [[None] * RUSH]
    assert ["has died" in str(formatEvent(each)) for each in logged] == [True]
    lab.rush(11)
    assert len(lab.reactor.children) == 2  # there may be one again


def test_diesWhileItMoves() -> None:
    """What it has moved is moved."""
    lab = Lab()
    child = lab.started()
    told = lab.rush(1, 2)
    child.answers()
    moved = hear(lab.steps.move([Move("tmp/1", "queue/1"), Move("tmp/2", "queue/2")]))
    lab.disk.rename("tmp/1", "queue/1")
    child.dies()
    lab.work.go()
    assert (told, moved) == ([[None, None]], [[Moved(True, None)] * 2])
    assert lab.disk.names("queue") == ["1", "2"]


def test_diesWithNothingToDo() -> None:
    """It is not asked any more."""
    lab = Lab()
    lab.started().dies()
    lab.work.go()
    assert lab.rush(1, 1) == [[None]]


@pytest.mark.parametrize("how", ["refused", "ends at once"])
def test_noProcess(how: str) -> None:
    """Where none can be started threads do it, and that is told once."""
    lab = Lab()
    if how == "refused":
        lab.reactor.refuses = OSError("Cannot allocate memory")
    with capturedLogs() as logged:
        assert lab.rush(1) == [[None] * RUSH]
        for child in lab.reactor.children:
            child.dies()
        lab.reactor.refuses = None
        assert lab.rush(11) == [[None] * RUSH]
    assert len(lab.reactor.children) == (how != "refused")
    assert ["no process can be started" in str(formatEvent(each)) for each in logged] == [True]


def test_anotherInterpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is its own interpreter would start itself."""
    network = networkOf(installedReactor)
    assert canStart(network) and not canStart(Clock())
    monkeypatch.setattr(sys, "executable", "/usr/bin/uwsgi")
    assert not canStart(network)


def test_idle() -> None:
    """One that had nothing to do for a while ends; the next rush starts one."""
    lab = Lab()
    child = lab.started()
    lab.reactor.advance(IDLE)
    told = lab.rush(1, 1)
    child.answers()
    lab.reactor.advance(IDLE)
    assert told == [[None]] and not child.ended
    lab.reactor.advance(IDLE)
    assert child.ended
    child.dies()
    assert lab.reactor.getDelayedCalls() == []
    lab.work.go()
    lab.rush(11)
    assert len(lab.reactor.children) == 2


def test_close() -> None:
    """One that does nothing ends at once, one that works behind its work."""
    lab = Lab()
    busy = lab.started()
    told = lab.rush(1)
    lab.rush(11)
    idle = lab.reactor.children[1]
    idle.starts()
    closed = hear(lab.steps.close())
    assert (idle.ended, busy.ended, closed) == (True, False, [])
    idle.dies()
    assert closed == [None]
    busy.answers()
    assert told == [[None] * RUSH] and busy.ended
    with capturedLogs() as logged:
        busy.dies()
    assert logged == [] and lab.reactor.getDelayedCalls() == []


def test_closeWhileOneStarts() -> None:
    """One that was not there yet is not missed."""
    lab = Lab()
    lab.rush(1)
    [child] = lab.reactor.children
    lab.steps.close()
    with capturedLogs() as logged:
        child.dies()
    assert child.ended and logged == []


def test_closeBehindItsBack() -> None:
    """One that the reactor's own end parts from its work has not died."""
    lab = Lab()
    busy = lab.started()
    told = lab.rush(1)
    lab.steps.close()
    with capturedLogs() as logged:
        busy.dies()
    lab.work.go()
    assert told == [[None] * RUSH] and logged == []


def children() -> list[int]:
    """The processes that keep jobs for this one."""
    found = []
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        with suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            words = Path(f"/proc/{pid}/cmdline").read_text()
            if int(stat[1]) == os.getpid() and "jetdirect.spool.keeper" in words:
                found.append(pid)
    return found


async def _kept(spool: ISpool, first: int, many: int) -> list[int]:
    drafts = [await spool.begin("PORT1", number) for number in range(first, first + many)]
    for each in drafts:
        await each.write(b"a page")
    kept = [each.commit(RECORD, JobPlace.QUEUE) for each in drafts]
    return [record.number for _, record in await DeferredList(kept, fireOnOneErrback=True)]


@pytest_twisted.ensureDeferred
async def test_realProcess(tmp_path: Path) -> None:
    """Jobs are kept by one, and when it is killed, and none is left behind."""
    spool = openSpool(str(tmp_path / "spool"), networkOf(installedReactor))
    steps = cast("Any", spool)._steps
    await spool.addPort("PORT1")
    number = 1
    while not steps._free:  # until one has started
        assert await _kept(spool, number, 8) == [*range(number, number + 8)]
        number += 8
    assert await _kept(spool, number, 8) == [*range(number, number + 8)]
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    assert await _kept(spool, number + 8, 8) == [*range(number + 8, number + 16)]
    assert len(os.listdir(tmp_path / "spool/ports/port1/queue")) == number + 15
    assert os.listdir(tmp_path / "spool/ports/port1/tmp") == []
    await spool.close()
