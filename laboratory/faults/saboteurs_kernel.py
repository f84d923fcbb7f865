"""
Gateways that are broken on purpose on the kernel path, and in what they send at once.
"""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest
from twisted.internet import main

from jetdirect import job as jobs
from jetdirect.ftp import control, data, dataconnection
from jetdirect.ftp.gathering import Gathering
from jetdirect.job import Job
from jetdirect.language import HEAD_BYTES
from jetdirect.net import facts, gaps, splice
from jetdirect.net.splice import Splice
from jetdirect.transports import socket

from .saboteurs_switches import Saboteur, badSenders
from .simulation.world import World


def aHangUpIsTheEnd(patch: pytest.MonkeyPatch) -> None:
    """What Twisted takes for a FIN is one."""
    patch.setattr(dataconnection, "believeOnlyFIN", lambda transport: None)


def urgentBytesAreDropped(patch: pytest.MonkeyPatch) -> None:
    """Urgent data are not read where they stand."""
    patch.setattr(dataconnection, "takeUrgentInLine", lambda transport: None)


def theRestIsForgotten(patch: pytest.MonkeyPatch) -> None:
    """What a printer did not take at once stays in the pipe."""

    def doWrite(self: Any) -> Any:
        self._push()
        self._transport.inPipe = 0
        return self._write()

    patch.setattr(Splice, "_doWrite", doWrite)


def bytesAreOvertaken(patch: pytest.MonkeyPatch) -> None:
    """Bytes are taken while others wait before them."""
    patch.setattr(splice, "unwritten", lambda transport: 0)


def printerIsNotWaitedFor(patch: pytest.MonkeyPatch) -> None:
    """A pipe that is full is nobody's business."""
    patch.setattr(Splice, "_wait", lambda self: None)


def producerIsNotPaused(patch: pytest.MonkeyPatch) -> None:
    """A pipe that is full is no reason not to read on."""
    patch.setattr(Splice, "_wait", lambda self: self._transport.startWriting())


def pipeIsKept(patch: pytest.MonkeyPatch) -> None:
    """The next job gets the pipe of the last one, and what is in it."""
    kept: list[tuple[int, int]] = []
    lay, network = Splice._lay, object()

    def close(self: Any) -> None:
        nonlocal network
        if self._pipe is not None:
            network = self._transport.reactor.network
            kept.append(self._pipe)
        self._pipe = None
        self._usable = False

    def layKept(self: Any) -> bool:
        here = self._transport.reactor.network is network
        if not kept or not here:
            kept.clear()
            return lay(self)
        self._pipe = kept.pop()
        self._size = splice.PIPE_SIZES[-1]
        self._transport.inPipe = 0
        self._write, self._transport.doWrite = self._transport.doWrite, self._doWrite
        return True

    patch.setattr(Splice, "close", close)
    patch.setattr(Splice, "_lay", layKept)


def pipeIsNotClosed(patch: pytest.MonkeyPatch) -> None:
    """Two descriptors for each large job, until there are no more."""
    patch.setattr(Splice, "close", lambda self: None)


def anEndOfSpliceIsAnEnd(patch: pytest.MonkeyPatch) -> None:
    """splice(2) says 0 before an urgent mark, too."""

    class _End(OSError):
        pass

    original = Splice.take

    def take(self: Any, descriptor: int, most: int) -> int:
        calls = vars(splice)["os"]

        class _Calls:
            def __getattr__(self, name: str) -> Any:
                return getattr(calls, name)

            def splice(self, source: int, *rest: int, flags: int) -> int:
                taken: int = calls.splice(source, *rest, flags=flags)
                if not taken and source == descriptor:
                    raise _End
                return taken

        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(splice, "os", _Calls())
            return original(self, descriptor, most)

    def readInKernel(transport: Any, take: Any) -> None:
        read = transport.doRead

        def doRead() -> Any:
            try:
                taken = take(transport.fileno())
            except _End:
                return main.CONNECTION_DONE
            except OSError:
                return main.CONNECTION_LOST
            return None if taken else read()

        transport.doRead = doRead

    patch.setattr(Splice, "take", take)
    patch.setattr(data, "readInKernel", readInKernel)


def anErrorOfSpliceIsNothing(patch: pytest.MonkeyPatch) -> None:
    """A reset that splice(2) was told of is not told again: recv(2) says that it was the end."""

    def readInKernel(transport: Any, take: Any) -> None:
        read = transport.doRead

        def doRead() -> Any:
            try:
                taken = take(transport.fileno())
            except OSError:
                taken = 0
            return None if taken else read()

        transport.doRead = doRead

    patch.setattr(data, "readInKernel", readInKernel)


def aResetWhileSendingIsNothing(patch: pytest.MonkeyPatch) -> None:
    """The same of a printer: it "closed the connection", and it did not."""
    original = Splice._push

    def push(self: Any) -> None:
        original(self)

    patch.setattr(Splice, "_push", push)


def _sendNow(transport: Any, data: bytes) -> None:
    if facts.isPlain(transport) and transport.connected and not facts.unwritten(transport):
        sent = transport.writeSomeData(data)
        data = data[sent:] if isinstance(sent, int) else data
    transport.write(data)


def aResetWhileWritingIsNothing(patch: pytest.MonkeyPatch) -> None:
    """The same of what is copied."""
    patch.setattr(socket, "sendNow", _sendNow)


def sentTwice(patch: pytest.MonkeyPatch) -> None:
    """What the kernel took at once is sent again if there is more."""

    def sendNow(transport: Any, data: bytes) -> None:
        ready = facts.isPlain(transport) and transport.connected and not facts.unwritten(transport)
        if not ready or transport.writeSomeData(data) != len(data):
            transport.write(data)

    patch.setattr(socket, "sendNow", sendNow)


def theLastIsFirst(patch: pytest.MonkeyPatch) -> None:
    """What is sent at once overtakes what waits."""

    def sendNow(transport: Any, data: bytes) -> None:
        if facts.isPlain(transport) and transport.connected:
            sent = transport.writeSomeData(data)
            data = data[sent:] if isinstance(sent, int) else data
        transport.write(data)

    patch.setattr(socket, "sendNow", sendNow)
    patch.setattr(control, "sendNow", sendNow)


def waterStaysHigh(patch: pytest.MonkeyPatch) -> None:
    """The low-water mark is never lowered again."""
    original = Gathering._gather

    def gather(self: Any, size: int) -> None:
        if size > 1:
            original(self, size)

    patch.setattr(Gathering, "_gather", gather)


def nobodyLooksAtTheWater(patch: pytest.MonkeyPatch) -> None:
    """It is lowered when the stream is over."""

    def stop(self: Any) -> None:
        if self._tick is not None:
            self._tick.cancel()
        self._tick = None

    def adaptLater(self: Any) -> None:
        self._tick = self._clock.callLater(3600, self._adapt)

    patch.setattr(Gathering, "stop", stop)
    patch.setattr(Gathering, "_adaptLater", adaptLater)


def thePipeIsNotCounted(patch: pytest.MonkeyPatch) -> None:
    """What is in the pipe is forgotten by those who ask what is not written yet."""
    original = facts.unwritten

    def unwritten(transport: Any) -> int:
        return original(transport) - int(getattr(transport, "inPipe", 0))

    patch.setattr(facts, "unwritten", unwritten)
    patch.setattr(gaps, "unwritten", unwritten)
    patch.setattr(splice, "unwritten", unwritten)


def theBeginningIsNotLookedAt(patch: pytest.MonkeyPatch) -> None:
    """Not even the first bytes are seen, so that nothing ends the language of a cut job."""

    def take(self: Any, descriptor: int, most: int) -> int:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(jobs, "COPIED_FIRST", 0)
            return original(self, descriptor, most)

    def write(self: Any, data: bytes) -> None:
        written(self, data)
        self._head = type(self._head)()

    original, written = Job.take, Job.write
    patch.setattr(Job, "take", take)
    patch.setattr(Job, "write", write)


def noLimitInTheKernel(patch: pytest.MonkeyPatch) -> None:
    """What nobody sees is not counted against --max-job-bytes."""

    def take(self: Any, descriptor: int, most: int) -> int:
        limit, self._limit = self._limit, None
        try:
            return original(self, descriptor, most)
        finally:
            self._limit = limit

    original = Job.take
    patch.setattr(Job, "take", take)


def aRefusalIsAReset(patch: pytest.MonkeyPatch) -> None:
    """A kernel that has no splice(2) for these sockets has reset the connection."""
    patch.setattr(splice, "_IMPOSSIBLE", set())


def noDescriptorsNoJob(patch: pytest.MonkeyPatch) -> None:
    """Without a pipe there is nothing."""

    def take(self: Any, descriptor: int, most: int) -> int:
        taken = original(self, descriptor, most)
        if not self._usable:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return taken

    original = Splice.take
    patch.setattr(Splice, "take", take)


def pipes(world: World) -> bool:
    """Where large jobs are soon given to the kernel, which can do it."""
    limits = world.calls.limits
    able = limits.known and not (limits.refuses or limits.scarce) and limits.fresh >= 1 << 16
    dressed = any(dress.query for dress in world.dresses.values())
    plain = not (world.switches.tls or dressed)
    return world.bulk and able and plain and limits.copiedFirst == HEAD_BYTES


def through(world: World) -> bool:
    """Of these, where a job may be as large as it likes."""
    return pipes(world) and world.switches.maxJobBytes is None


def limitedThrough(world: World) -> bool:
    """Of these, where it may not."""
    return pipes(world) and world.switches.maxJobBytes is not None


def toBadPrinters(world: World) -> bool:
    """Where no printer is well; much is made to happen in one turn of the reactor."""
    world.lag, world.printerTrouble = 0.02, 1.0
    return through(world) and world.senderTrouble < 0.5


def fromBadSenders(world: World) -> bool:
    """Where senders are at their worst; much is made to happen in one turn of the reactor."""
    world.lag, world.reactor.bareHangUps = 0.02, 0.0
    return through(world) and world.senderTrouble > 0.5


def oneAfterTheOther(world: World) -> bool:
    """Where several senders wait for one bad printer."""
    crowd = len(world.senders) > 2 and len(world.printers) == 1
    return through(world) and world.printerTrouble > 0.5 and crowd


def refused(world: World) -> bool:
    """Where the kernel refuses each splice(2)."""
    limits = world.calls.limits
    return world.bulk and bool(limits.known and limits.refuses and limits.fresh >= 1 << 16)


KERNEL: list[Saboteur] = [
    (aHangUpIsTheEnd, "226 in spite", 400, badSenders),
    (urgentBytesAreDropped, "I2", 150, badSenders),
    (theRestIsForgotten, "I1", 20, through),
    (bytesAreOvertaken, "I2", 20, through),
    (printerIsNotWaitedFor, "nobody waits", 20, through),
    (producerIsNotPaused, "more is read", 20, through),
    (pipeIsKept, "I2", 110, oneAfterTheOther),
    (pipeIsNotClosed, "I7", 20, through),
    (anEndOfSpliceIsAnEnd, "reasons are true", 140, fromBadSenders),
    (anErrorOfSpliceIsNothing, "226 in spite", 400, fromBadSenders),
    (aResetWhileSendingIsNothing, "and it did not", 220, toBadPrinters),
    (aResetWhileWritingIsNothing, "and it did not", 190, toBadPrinters),
    (sentTwice, "I1", 30, through),
    (theLastIsFirst, "I2", 190, through),
    (waterStaysHigh, "gathering", 90, through),
    (nobodyLooksAtTheWater, "gathering", 90, through),
    (thePipeIsNotCounted, "not counted", 20, through),
    (theBeginningIsNotLookedAt, "tail of a cut job", 130, through),
    (noLimitInTheKernel, "limit", 70, limitedThrough),
    (aRefusalIsAReset, "reasons are true", 20, refused),
    (noDescriptorsNoJob, "reasons are true", 20, lambda world: world.bulk),
]
"""All of them."""
