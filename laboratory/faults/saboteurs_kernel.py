"""
Gateways that are broken on purpose in their own transports, and on the kernel path.
"""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from typing import Any

import pytest

from jetdirect import job as jobs
from jetdirect.ftp import data, dataconnection
from jetdirect.ftp.gathering import Gathering
from jetdirect.job import Job
from jetdirect.language import HEAD_BYTES
from jetdirect.net import listener, pipe
from jetdirect.net.pipe import Pipe
from jetdirect.net.stream import Stream

from .saboteurs_switches import Saboteur, badSenders
from .simulation.simulation import Simulation
from .simulation.stream import Loop


def aHangUpIsTheEnd(patch: pytest.MonkeyPatch) -> None:
    """What Twisted takes for a FIN is one."""
    patch.setattr(dataconnection, "endsInOrder", lambda transport: True)


def anErrorIsTheEnd(patch: pytest.MonkeyPatch) -> None:
    """An error is the end of a file, too."""

    def read(self: Any) -> None:
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            pass
        except OSError:
            self._ended()
            return
        original(self)

    original = Stream._read
    patch.setattr(Stream, "_read", read)


def urgentBytesAreDropped(patch: pytest.MonkeyPatch) -> None:
    """Urgent data are not read where they stand."""
    patch.setattr(listener, "urgentInLine", lambda sock: None)
    patch.setattr(dataconnection, "takeUrgentInLine", lambda transport: None)


def toldInTheCall(patch: pytest.MonkeyPatch) -> None:
    """Who closes a connection is told of its end before the call returns."""

    def soon(self: Any, call: Any, *arguments: Any) -> None:
        call(*arguments)

    patch.setattr(Loop, "soon", soon)


def neverTold(patch: pytest.MonkeyPatch) -> None:
    """Who aborts a connection is not told that it is closed."""

    def abort(self: Any) -> None:
        self._loop.soon, before = (lambda *_: None), self._loop.soon
        try:
            original(self)
        finally:
            self._loop.soon = before

    original = Stream.abortConnection
    patch.setattr(Stream, "abortConnection", abort)


def ourEndOvertakes(patch: pytest.MonkeyPatch) -> None:
    """Our FIN goes before what waits to be written."""

    def lose(self: Any) -> None:
        if self.connected and not (self.disconnecting or self._halfClosed):
            self._halfClose()

    patch.setattr(Stream, "loseWriteConnection", lose)


def pausedAndRead(patch: pytest.MonkeyPatch) -> None:
    """Who has had enough gets more."""

    def pause(self: Any) -> None:
        self._held = True

    patch.setattr(Stream, "pauseProducing", pause)


def theRestIsForgotten(patch: pytest.MonkeyPatch) -> None:
    """What a printer did not take at once stays in the pipe."""

    def drain(self: Any, target: int) -> None:
        original(self, target)
        self.inside = 0

    original = Pipe.drain
    patch.setattr(Pipe, "drain", drain)


def bytesAreOvertaken(patch: pytest.MonkeyPatch) -> None:
    """Bytes are taken while others wait before them."""

    def take(self: Any, descriptor: int, most: int) -> int:
        waiting, self._waiting = self._waiting, b""
        taken = original(self, descriptor, most)
        self._waiting = waiting + self._waiting
        return taken

    original = Stream.take
    patch.setattr(Stream, "take", take)


def printerIsNotWaitedFor(patch: pytest.MonkeyPatch) -> None:
    """A connection that is full is nobody's business."""
    patch.setattr(Stream, "_wait", lambda self, full: None)


def producerIsNotPaused(patch: pytest.MonkeyPatch) -> None:
    """A pipe that is full is no reason not to read on."""
    original = Stream._wait
    patch.setattr(Stream, "_wait", lambda self, full: original(self, False))


def pipeIsKept(patch: pytest.MonkeyPatch) -> None:
    """The next job gets the pipe of the last one, and what is in it."""
    kept: list[tuple[int, int]] = []
    lay, kernel = Pipe._makePipe, object()

    def close(self: Any) -> None:
        nonlocal kernel
        if self._ends is not None:
            kernel = vars(pipe)["os"]
            kept.append(self._ends)
        self._ends = None
        self._usable = False
        self.inside = 0

    def layKept(self: Any) -> bool:
        if not kept or vars(pipe)["os"] is not kernel:
            kept.clear()
            laid: bool = lay(self)
            return laid
        self._ends = kept.pop()
        self._size = pipe.PIPE_SIZES[-1]
        return True

    patch.setattr(Pipe, "close", close)
    patch.setattr(Pipe, "_makePipe", layKept)


def pipeIsNotClosed(patch: pytest.MonkeyPatch) -> None:
    """Two descriptors for each large job, until there are no more."""

    def close(self: Any) -> None:
        self.inside = 0

    patch.setattr(Pipe, "close", close)


def anEndOfSpliceIsAnEnd(patch: pytest.MonkeyPatch) -> None:
    """splice(2) says 0 before an urgent mark, too."""

    class _End(BaseException):
        pass

    fill, read = Pipe.fill, Stream._read
    ended: list[int] = []

    def fillOrEnd(self: Any, source: int, most: int) -> int:
        calls = vars(pipe)["os"]

        class _Calls:
            def __getattr__(self, name: str) -> Any:
                return getattr(calls, name)

            def splice(self, giver: int, *rest: int, flags: int) -> int:
                taken: int = calls.splice(giver, *rest, flags=flags)
                if not taken and giver == source:
                    ended.append(source)
                return taken

        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(pipe, "os", _Calls())
            return fill(self, source, most)

    def readOrEnd(self: Any) -> None:
        taker = self.taker

        def takeOrEnd(source: int) -> int:
            taken: int = taker(source)
            if ended:
                ended.clear()
                raise _End
            return taken

        if taker is not None:
            self.taker = takeOrEnd
        try:
            read(self)
        except _End:
            self._ended()
        if self.taker is takeOrEnd:
            self.taker = taker

    patch.setattr(Pipe, "fill", fillOrEnd)
    patch.setattr(Stream, "_read", readOrEnd)


def anErrorOfSpliceIsNothing(patch: pytest.MonkeyPatch) -> None:
    """A reset that splice(2) was told of is not told again: recv(2) says that it was the end."""
    original = data.DataPort._takeIntoPipe

    def take(self: Any, descriptor: int) -> int:
        try:
            return original(self, descriptor)
        except OSError:
            return 0

    patch.setattr(data.DataPort, "_takeIntoPipe", take)


def aResetWhileSendingIsNothing(patch: pytest.MonkeyPatch) -> None:
    """The same of a printer: it "closed the connection", and it did not."""
    original = Pipe.drain

    def drain(self: Any, target: int) -> None:
        with suppress(OSError):
            original(self, target)

    patch.setattr(Pipe, "drain", drain)


def _send(self: Any, data: bytes) -> int:
    try:
        sent: int = self._socket.send(data)
    except OSError:
        return 0
    return sent


def aResetWhileWritingIsNothing(patch: pytest.MonkeyPatch) -> None:
    """The same of what is copied."""

    def broke(self: Any) -> None:
        pass

    patch.setattr(Stream, "_broke", broke)


def sentTwice(patch: pytest.MonkeyPatch) -> None:
    """What the kernel took at once is sent again if there is more."""

    def write(self: Any, data: bytes, below: bool = False) -> None:
        now = self.connected and not (self.unwritten or self._halfClosed or self._halfClosing)
        if now and (below or not self.TLS) and _send(self, data) == len(data):
            return
        original(self, data, below)

    original = Stream.write
    patch.setattr(Stream, "write", write)


def theLastIsFirst(patch: pytest.MonkeyPatch) -> None:
    """What is sent at once overtakes what waits."""

    def write(self: Any, data: bytes, below: bool = False) -> None:
        now = self.connected and not (self._halfClosed or self._halfClosing)
        if now and (below or not self.TLS):
            data = data[_send(self, data) :]
        original(self, data, below)

    original = Stream.write
    patch.setattr(Stream, "write", write)


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
    patch.setattr(Stream, "unwritten", property(lambda self: len(self._waiting)))


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
    patch.setattr(pipe, "_IMPOSSIBLE", set())


def noDescriptorsNoJob(patch: pytest.MonkeyPatch) -> None:
    """Without a pipe there is nothing."""

    def fill(self: Any, source: int, most: int) -> int:
        taken = original(self, source, most)
        if not self._usable:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return taken

    original = Pipe.fill
    patch.setattr(Pipe, "fill", fill)


def onOurs(simulation: Simulation) -> bool:
    """Where transports are the gateway's own."""
    return simulation.reactor.ours


def onTwisteds(simulation: Simulation) -> bool:
    """Where they are Twisted's, and senders at their worst."""
    return badSenders(simulation) and not simulation.reactor.ours


def badSendersOnOurs(simulation: Simulation) -> bool:
    """Where transports are the gateway's own, and senders at their worst."""
    return badSenders(simulation) and onOurs(simulation)


def pipes(simulation: Simulation) -> bool:
    """Where large jobs are soon given to the kernel, which can do it."""
    limits = simulation.calls.limits
    able = limits.known and not (limits.refuses or limits.scarce) and limits.fresh >= 1 << 16
    dressed = any(dress.query for dress in simulation.dresses.values())
    plain = not (simulation.switches.tls or dressed)
    return (
        onOurs(simulation)
        and simulation.bulk
        and able
        and plain
        and limits.copiedFirst == HEAD_BYTES
    )


def through(simulation: Simulation) -> bool:
    """Of these, where a job may be as large as it likes."""
    return pipes(simulation) and simulation.switches.maxJobBytes is None


def limitedThrough(simulation: Simulation) -> bool:
    """Of these, where it may not."""
    return pipes(simulation) and simulation.switches.maxJobBytes is not None


def toBadPrinters(simulation: Simulation) -> bool:
    """Where no printer is well; much is made to happen in one turn of the reactor."""
    simulation.lag, simulation.printerTrouble = 0.02, 1.0
    return through(simulation) and simulation.senderTrouble < 0.5


def fromBadSenders(simulation: Simulation) -> bool:
    """Where senders are at their worst; much is made to happen in one turn of the reactor."""
    simulation.lag, simulation.reactor.bareHangUps = 0.02, 0.0
    return through(simulation) and simulation.senderTrouble > 0.5


def oneAfterTheOther(simulation: Simulation) -> bool:
    """Where several senders wait for one bad printer."""
    crowd = len(simulation.senders) > 2 and len(simulation.printers) == 1
    return through(simulation) and simulation.printerTrouble > 0.5 and crowd


def refused(simulation: Simulation) -> bool:
    """Where the kernel refuses each splice(2)."""
    limits = simulation.calls.limits
    return (
        onOurs(simulation)
        and simulation.bulk
        and bool(limits.known and limits.refuses and limits.fresh >= 1 << 16)
    )


KERNEL: list[Saboteur] = [
    (aHangUpIsTheEnd, "226 in spite", 400, onTwisteds),
    (anErrorIsTheEnd, "226 in spite", 400, badSendersOnOurs),
    (urgentBytesAreDropped, "I2", 150, badSenders),
    (toldInTheCall, "oddity", 60, onOurs),
    (neverTold, "I7", 150, onOurs),
    (ourEndOvertakes, "tail of a cut job", 80, onOurs),
    (pausedAndRead, "more is read", 100, through),
    (theRestIsForgotten, "I1", 20, through),
    (bytesAreOvertaken, "I2", 20, through),
    (printerIsNotWaitedFor, "nobody waits", 20, through),
    (producerIsNotPaused, "more is read", 20, through),
    (pipeIsKept, "I2", 110, oneAfterTheOther),
    (pipeIsNotClosed, "I7", 20, through),
    (anEndOfSpliceIsAnEnd, "I1", 140, fromBadSenders),
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
    (
        noDescriptorsNoJob,
        "reasons are true",
        20,
        lambda simulation: simulation.bulk and onOurs(simulation),
    ),
]
"""All of them."""
