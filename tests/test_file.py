"""
C{file:} printers that are there already: a file gets one job after the other, a named pipe hands
them to a program.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs, formatEvent
from zope.interface.verify import verifyObject

from jetdirect.errors import DataConnectionLost, PrinterLost, PrinterUnreachable
from jetdirect.interfaces import Delivery, IPrinterConnection, IPrinterTransport
from jetdirect.job import Job, Sender
from jetdirect.named import NamedPrinter
from jetdirect.port import PrintingPort
from jetdirect.testing import FakeJob
from jetdirect.transports.build import transportFor
from jetdirect.transports.file import fifo
from jetdirect.transports.file import reader as readers
from jetdirect.transports.file.transport import AppendTransport, FileTransport
from tests.support.answers import hear
from tests.support.device import until
from tests.support.gateway import Gateway
from tests.support.pipe import Reader
from tests.support.session import Session, delivered, lastLine
from tests.support.source import Source
from tests.support.threads import Threads

reactor: Any = theReactor

MORE_THAN_A_PIPE = 300_000


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """A file with something in it."""
    path = tmp_path / "paper.prn"
    path.write_bytes(b"before|")
    path.chmod(0o640)
    return path


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe."""
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o600)
    return path


@pytest.fixture
def reader(pipe: Path) -> Iterator[Reader]:
    program = Reader(pipe)
    yield program
    program.close()


def printer(path: Path) -> IPrinterTransport:
    """The printer that the operator means by this path; a file is named as one."""
    options = "?append=on" if path.is_file() and not path.is_symlink() else ""
    return transportFor(reactor, f"file://{path}{options}")


async def opened(path: Path, job: FakeJob | None = None) -> IPrinterConnection:
    return await printer(path).open(job or FakeJob())


# Which kind it is.


def ofEverybody(path: Path) -> None:
    path.touch()
    path.chmod(0o602)


def pipeOfEverybody(path: Path) -> None:
    os.mkfifo(path)
    path.chmod(0o622)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.symlink_to(path.parent / "other"), "is a symbolic link"),
        (lambda path: socket.socket(socket.AF_UNIX).bind(str(path)), "neither a directory nor a"),
        (ofEverybody, "everybody may write into .*; chmod o-w"),
        (pipeOfEverybody, "everybody may write into .*chmod o-w"),
    ],
    ids=["link", "socket", "file-of-everybody", "pipe-of-everybody"],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_refused(tmp_path: Path, make: Callable[[Path], object], said: str) -> None:
    """What cannot be used safely is refused at the start, with a remedy."""
    (tmp_path / "other").touch()
    make(tmp_path / "printer")

    with pytest.raises(ValueError, match=said):
        printer(tmp_path / "printer")


def test_deviceIsRefused() -> None:
    """A device has a scheme of its own."""
    with pytest.raises(ValueError, match="parallel:/dev/null, usb:/dev/null or serial:/dev/null"):
        printer(Path("/dev/null"))


@pytest.mark.parametrize("kind", ["paper", "pipe"])
def test_noPermission(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this user may not write into is refused at the start."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    with pytest.raises(ValueError, match=r"no permission to write into .*right"):
        printer(request.getfixturevalue(kind))


@pytest.mark.parametrize("options", ["", "?append=off"])
def test_fileWithoutAWord(paper: Path, options: str) -> None:
    """A file that is there may be anybody's: jobs are appended to it only when that was said."""
    with pytest.raises(ValueError, match=r"paper.prn is a file; write file:.*\?append=on if jobs"):
        transportFor(reactor, f"file://{paper}{options}")


@pytest.mark.parametrize("kind", ["directory", "pipe", "missing"])
def test_nothingToAppendTo(tmp_path: Path, pipe: Path, kind: str) -> None:
    """What was meant to be a file, and is none, becomes nothing else."""
    path = {"directory": tmp_path, "pipe": pipe, "missing": tmp_path / "missing"}[kind]
    with pytest.raises(ValueError, match=f"append=on: {path} is no file; make it first"):
        transportFor(reactor, f"file://{path}?append=on")


def test_appendIsAWord(paper: Path) -> None:
    """A word that is none names the option."""
    with pytest.raises(ValueError, match="append=maybe: say on or off"):
        transportFor(reactor, f"file://{paper}?append=maybe")


@pytest.mark.parametrize(
    "path", ["/dev/lp9", "/dev/usb/lp0", "/dev/nothing/of/it", "/dev", "/dev/shm", "/../dev/lp9"]
)
def test_noDirectoryAmongDevices(path: str) -> None:
    """Where a device should be, and is not plugged in, no directory takes its jobs."""
    for text in (f"file://{path}", f"file:{path}"):
        with pytest.raises(ValueError, match="holds devices, and keeps no jobs; write parallel:/"):
            transportFor(reactor, text)


@pytest.mark.parametrize("path", ["/proc/jobs", "/sys/jobs", "/proc", "/sys"])
def test_noDirectoryInTheKernel(path: str) -> None:
    """What looks like files there is the kernel's."""
    with pytest.raises(ValueError, match="is the kernel's, and keeps no jobs; name a directory"):
        transportFor(reactor, f"file://{path}")


def test_noFileAmongDevices() -> None:
    """Nor is the kernel written into."""
    with pytest.raises(ValueError, match="/proc is the kernel's"):
        transportFor(reactor, "file:///proc/sys/kernel/hostname?append=on")


def test_linkToADevice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that only leads there, by a relative path or a link on the way, is there too."""
    monkeypatch.chdir("/dev")
    (tmp_path / "devices").symlink_to("/dev")
    for text in ("file:lp9", f"file:{tmp_path}/devices/lp9"):
        with pytest.raises(ValueError, match="write parallel:/dev/lp9"):
            transportFor(reactor, text)


def test_kinds(tmp_path: Path, paper: Path, pipe: Path) -> None:
    """What is there decides; the delivery level follows from it."""
    found = [printer(path) for path in (tmp_path, tmp_path / "new", paper, pipe)]

    assert [type(it) for it in found] == [
        FileTransport,
        FileTransport,
        AppendTransport,
        fifo.FifoTransport,
    ]
    assert all(verifyObject(IPrinterTransport, it) for it in found)
    assert [it.reaches for it in found] == [Delivery.DELIVERED] * 3 + [Delivery.SENT]
    assert [it.uri for it in found[2:]] == [f"file://{paper}", f"file://{pipe}"]


def _toLink(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to("other")


def _toPipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def _toFile(path: Path) -> None:
    path.unlink()
    path.touch(0o600)


@pytest.mark.parametrize("kind", ["paper", "pipe"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Path.unlink, "No such file|cannot be used"),
        (lambda path: path.chmod(0o666), "everybody may write into it"),
        (_toLink, "Too many levels of symbolic links"),
    ],
    ids=["gone", "everybody", "link"],
)
@pytest_twisted.ensureDeferred
async def test_changedAfterTheStart(
    kind: str, change: Callable[[Path], None], said: str, request: pytest.FixtureRequest
) -> None:
    """What is something else when a job comes takes no byte; it may be put right again."""
    path = request.getfixturevalue(kind)
    here = printer(path)
    reader = Reader(path) if kind == "pipe" else None
    change(path)

    with pytest.raises(PrinterUnreachable, match=said):
        await here.open(FakeJob())

    assert path.exists() == (change is not Path.unlink)  # nothing is made in its place
    if reader is not None:
        reader.close()


@pytest.mark.parametrize(("kind", "change"), [("paper", _toPipe), ("pipe", _toFile)])
@pytest_twisted.ensureDeferred
async def test_anotherKind(
    kind: str, change: Callable[[Path], None], request: pytest.FixtureRequest
) -> None:
    """A file that became a pipe takes no byte, and blocks nobody; nor the other way round."""
    path = request.getfixturevalue(kind)
    here = printer(path)
    change(path)
    reader = Reader(path)

    with pytest.raises(PrinterUnreachable, match="it is something else by now"):
        await here.open(FakeJob())
    reader.close()


@pytest.mark.parametrize("kind", ["paper", "pipe"])
@pytest_twisted.ensureDeferred
async def test_inUse(kind: str, request: pytest.FixtureRequest) -> None:
    """While another program has it locked, or another printing port a job, none can begin."""
    path = request.getfixturevalue(kind)
    reader = Reader(path)
    with open(os.open(path, os.O_RDWR | os.O_NONBLOCK), "r+b", buffering=0) as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        before = os.listdir("/proc/self/fd")
        with pytest.raises(PrinterUnreachable, match="in use"):
            await opened(path)
        assert os.listdir("/proc/self/fd") == before

    first = await opened(path)
    with pytest.raises(PrinterUnreachable, match="in use"):
        await opened(path)
    await first.abort(b"")

    await (await opened(path)).finish()
    reader.close()


# A file.


@pytest_twisted.ensureDeferred
async def test_appended(paper: Path) -> None:
    """Each job comes after what was there, unchanged, also one without a byte."""
    here = printer(paper)
    for job in (b"\x1bE\r\n" * 50_000, b"", b"last"):
        connection = await here.open(FakeJob())
        connection.write(job[:5])
        connection.write(job[5:])
        assert await connection.finish() is Delivery.DELIVERED
        assert connection.sent == len(job)

    assert paper.read_bytes() == b"before|" + b"\x1bE\r\n" * 50_000 + b"last"
    assert stat.S_IMODE(paper.stat().st_mode) == 0o640


class Printing:
    """A file as a printer, and a job that has it, with a thread under control."""

    def __init__(self, paper: Path) -> None:
        self.threads = Threads(held=True)
        self.job = FakeJob()
        reactor: Any = self.threads
        opened = hear(AppendTransport(reactor, str(paper)).open(self.job))
        self.threads.work()
        [self.connection] = opened


def test_onDiskBeforeItIsDelivered(paper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are on the disk before the job is delivered."""
    printing = Printing(paper)
    done: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: done.append("fsync"))
    printing.connection.write(b"%!PS")
    printing.connection.finish().addCallback(lambda _: done.append("delivered"))
    printing.threads.workAll()

    assert done == ["fsync", "delivered"]


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_cutJobIsTakenOut(paper: Path, steps: int) -> None:
    """A cut job leaves the file as it was; what was in it counts as seen, even so."""
    printing = Printing(paper)
    printing.connection.write(b"%!PS")
    printing.connection.write(b"more")
    printing.threads.work(steps)
    assert printing.connection.sent == 8

    aborted = hear(printing.connection.abort(b"\x04"))
    printing.threads.workAll()

    assert aborted == [None]
    assert paper.read_bytes() == b"before|"
    assert printing.job.losses == []


@pytest.mark.parametrize("steps", [0, 1])
def test_cutWhileFinishing(paper: Path, steps: int) -> None:
    """A job that is cut before it is on the disk is taken out."""
    printing = Printing(paper)
    printing.connection.write(b"%!PS")
    finished = hear(printing.connection.finish())
    printing.threads.work(steps)
    hear(printing.connection.abort(b"\x04"))
    printing.threads.workAll()

    assert paper.read_bytes() == b"before|"
    assert finished == []  # abort has told


def test_cutTooLate(paper: Path) -> None:
    """A job that is on the disk when it is cut stays, and others come after it."""
    printing = Printing(paper)
    printing.connection.write(b"%!PS")
    hear(printing.connection.finish())
    printing.threads.work(2)
    hear(printing.connection.abort(b"\x04"))
    printing.threads.workAll()

    assert (paper.read_bytes(), printing.connection.sent) == (b"before|%!PS", 4)
    Printing(paper)  # it is unlocked


@pytest_twisted.ensureDeferred
async def test_cutJobMayHavePrinted(paper: Path) -> None:
    """The sender of a job that was cut in the middle is told to look, not to send again."""
    port = PrintingPort(NamedPrinter("PORT1", printer(paper)), reactor)
    job = Job(7, "PORT1", "page.ps", Sender("ann", "192.0.2.1", 40001), None, reactor)
    port.submit(job)
    await job.whenOpened()
    job.write(b"%!PS")
    job.cut(DataConnectionLost("reset"))
    await job.whenReleased()

    assert job.error is not None and job.error.printed
    assert paper.read_bytes() == b"before|"


def test_fullDisk(paper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a full disk took of a job is taken out again."""
    printing = Printing(paper)
    write = os.write
    room = 3

    def full(descriptor: int, data: Any) -> int:
        nonlocal room
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            if not room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            data, room = data[:room], 0
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    printing.connection.write(b"%!PS")
    printing.threads.workAll()
    assert paper.read_bytes() == b"before|%!P"
    assert [error.reason for error in printing.job.losses] == [
        "the job cannot be kept: No space left on device"
    ]
    hear(printing.connection.abort(b"\x04"))
    printing.threads.workAll()

    assert paper.read_bytes() == b"before|"
    assert printing.connection.sent == 4


def test_notOnDisk(paper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job whose bytes cannot be put on the disk is not delivered."""
    printing = Printing(paper)
    printing.connection.write(b"%!PS")

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    finished = hear(printing.connection.finish())
    printing.threads.workAll()

    assert [type(it) for it in finished] == [PrinterLost]
    hear(printing.connection.abort(b""))
    printing.threads.workAll()
    assert paper.read_bytes() == b"before|"


def _append(path: Path) -> None:
    with path.open("ab") as other:
        other.write(b"foreign")


@pytest.mark.parametrize(
    "meddle",
    [_append, Path.unlink, lambda path: os.truncate(path, 0)],
    ids=["appended", "removed", "emptied"],
)
def test_meddledWith(paper: Path, meddle: Callable[[Path], None]) -> None:
    """A job among whose bytes somebody wrote without asking for the lock was not delivered."""
    printing = Printing(paper)
    printing.connection.write(b"%!PS")
    printing.threads.workAll()
    meddle(paper)
    printing.connection.write(b"more")
    finished = hear(printing.connection.finish())
    printing.threads.workAll()

    [error] = finished
    assert isinstance(error, PrinterLost)
    assert error.reason == "the job cannot be kept: another program changed the file meanwhile"


def test_cutJobThatStays(paper: Path) -> None:
    """Somebody else's bytes are not taken out with a cut job's; the log says what stays."""
    printing = Printing(paper)
    printing.connection.write(b"%!PS")
    printing.threads.workAll()
    _append(paper)
    with capturedLogs() as logged:
        aborted = hear(printing.connection.abort(b"\x04"))
        printing.threads.workAll()

    assert aborted == [None]
    assert paper.read_bytes() == b"before|%!PSforeign"
    assert any(
        f"{paper}: 4 bytes of a cut job stay, from byte 7 on" in str(formatEvent(event))
        for event in logged
    )


# A named pipe.


@pytest_twisted.ensureDeferred
async def test_nobodyReads(pipe: Path) -> None:
    """A pipe without a reader takes no job, and blocks nobody; with one it does."""
    here = printer(pipe)
    with pytest.raises(PrinterUnreachable, match="no program reads from it"):
        await here.open(FakeJob())

    reader = Reader(pipe)
    assert await (await here.open(FakeJob())).finish() is Delivery.SENT
    reader.close()


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_pipeTakesJobs(pipe: Path, reader: Reader) -> None:
    """Every byte of one job after the other, and the sender waits for a slow reader."""

    async def sent(data: bytes) -> None:
        connection, source = await here.open(FakeJob()), Source()
        assert verifyObject(IPrinterConnection, connection)
        connection.registerProducer(source, True)
        connection.write(data)
        assert source.told == ["pause"]
        await until(lambda: connection.sent)
        assert connection.sent < len(data)
        await until(lambda: (reader.read(), source.told == ["pause", "resume"])[1])
        connection.unregisterProducer()
        finished = hear(connection.finish())
        await until(lambda: (reader.read(), finished)[1])
        assert (finished, connection.sent) == ([Delivery.SENT], len(data))

    here = printer(pipe)
    await sent(b"1" * MORE_THAN_A_PIPE)
    await sent(b"2" * MORE_THAN_A_PIPE)

    assert reader.got == b"1" * MORE_THAN_A_PIPE + b"2" * MORE_THAN_A_PIPE


@pytest_twisted.ensureDeferred
async def test_lastByteTaken(pipe: Path, reader: Reader) -> None:
    """The end of a job waits until nothing is left in the pipe, which a reader may forget."""
    connection = await opened(pipe)
    connection.write(b"%!PS")
    await until(lambda: connection.sent == 4)
    finished = hear(connection.finish())
    await deferLater(reactor, 3 * fifo.LOOK_INTERVAL)
    assert finished == []

    assert reader.read() == b"%!PS"
    await until(lambda: finished)
    assert finished == [Delivery.SENT]


@pytest.mark.parametrize("size", [0, 4, MORE_THAN_A_PIPE])
@pytest_twisted.ensureDeferred
async def test_readerLeavesInMidJob(pipe: Path, reader: Reader, size: int) -> None:
    """A reader that leaves is found at once, also when nothing is to be written."""
    job = FakeJob()
    connection = await opened(pipe, job)
    connection.write(bytes(size))
    await until(lambda: connection.sent >= min(size, 4))
    reader.close()
    await until(lambda: job.losses)

    assert [str(error) for error in job.losses] == ["the program that reads the named pipe is gone"]
    assert (connection.sent > 0) == (size > 0)
    connection.registerProducer(Source(), True)  # a job that does not know yet
    connection.write(b"more")
    with pytest.raises(PrinterLost):
        await connection.finish()
    await connection.abort(b"\x04")


@pytest.mark.parametrize("taken", [True, False])
@pytest_twisted.ensureDeferred
async def test_readerLeavesAtTheEnd(pipe: Path, reader: Reader, taken: bool) -> None:
    """A reader that leaves with the last byte has the job; one that leaves it there has not."""
    connection = await opened(pipe)
    connection.write(b"%!PS")
    await until(lambda: connection.sent == 4)
    finished = hear(connection.finish())
    if taken:
        reader.read()
    reader.close()
    await until(lambda: finished)

    assert [type(it) for it in finished] == [Delivery if taken else PrinterLost]


@pytest.mark.parametrize("begun", [True, False])
@pytest_twisted.ensureDeferred
async def test_cutJobInAPipe(pipe: Path, reader: Reader, begun: bool) -> None:
    """What is in the pipe is followed by the end of the job's language; the rest is forgotten."""
    connection = await opened(pipe)
    connection.write(bytes(MORE_THAN_A_PIPE))
    if begun:
        await until(lambda: connection.sent)
    before = connection.sent
    aborted = hear(connection.abort(b"\x04"))
    await until(lambda: (reader.read(), aborted)[1])

    reader.read()
    assert reader.got == bytes(before) + b"\x04"
    await (await opened(pipe)).abort(b"")


@pytest_twisted.ensureDeferred
async def test_cutJobNobodyTakes(
    pipe: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that takes nothing more holds no printing port, during a job or at its end."""
    monkeypatch.setattr(fifo, "ABORT_PATIENCE", 0.1)
    for finishing in (False, True):
        connection = await opened(pipe)
        connection.write(bytes(MORE_THAN_A_PIPE))
        finished = hear(connection.finish()) if finishing else []
        aborted = hear(connection.abort(b"\x04"))
        await until(lambda told=aborted: told)  # type: ignore[misc]
        assert (aborted, finished) == ([None], [])


@pytest_twisted.ensureDeferred
async def test_cutJobNobodyWaitsFor(pipe: Path, reader: Reader) -> None:
    """An abort that is canceled closes the pipe at once, whatever is left in it."""
    connection: Any = await opened(pipe)
    connection.write(bytes(MORE_THAN_A_PIPE))
    aborted = connection.abort(b"\x04")
    told = hear(aborted)
    assert told == []
    aborted.cancel()
    assert told == [None]
    assert connection.fileno() == -1


@pytest_twisted.ensureDeferred
async def test_readerLeavesACutJob(pipe: Path, reader: Reader) -> None:
    """A reader that leaves ends the wait for it."""
    connection = await opened(pipe)
    connection.write(bytes(MORE_THAN_A_PIPE))
    aborted = hear(connection.abort(b"\x04"))
    reader.close()
    await until(lambda: aborted)

    assert aborted == [None]


class Program(threading.Thread):
    """A program that reads as docs/printers/file.rst says: it opens, reads to the end, closes."""

    def __init__(self, pipe: Path, pause: float = 0.0) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._pause = pause
        self.jobs: list[bytes] = []
        self.start()

    def run(self) -> None:
        while not self.jobs or self.jobs[-1] != b"the last":
            with open(self._pipe, "rb", buffering=0) as wire:
                job = b""
                while more := wire.read(65536):
                    job += more
                    time.sleep(self._pause)
            self.jobs.append(job)


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0.0, 0.01])
@pytest_twisted.ensureDeferred
async def test_oneEndForEachJob(pipe: Path, pause: float) -> None:
    """Jobs that follow each other at once are seen one by one, however late the reader reads."""
    program, here = Program(pipe, pause), printer(pipe)
    jobs = [*(b"job %d" % n for n in range(30)), b"the last"]

    async def printed(job: bytes) -> None:
        while True:
            try:
                connection = await here.open(FakeJob())
                break
            except PrinterUnreachable:  # the port tries again
                await deferLater(reactor, 0.001)
        connection.write(job)
        assert await connection.finish() is Delivery.SENT

    for job in jobs:
        await printed(job)
    program.join(30)

    assert program.jobs == jobs


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_readerThatNeverCloses(
    pipe: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for, but not for long, and from the end of the job before."""
    monkeypatch.setattr(readers, "PATIENCE", 0.2)
    here = printer(pipe)
    await (await here.open(FakeJob())).finish()

    began = reactor.seconds()
    opening = here.open(FakeJob())
    assert not opening.called
    await (await opening).finish()
    assert 0.1 < reactor.seconds() - began < 5

    await deferLater(reactor, 0.25)
    opening = here.open(FakeJob())
    assert opening.called
    await (await opening).finish()


@pytest_twisted.ensureDeferred
async def test_readerThatHasLeft(pipe: Path, reader: Reader) -> None:
    """Of one that has left already no end is waited for."""
    here = printer(pipe)
    connection = await here.open(FakeJob())
    reader.close()
    await connection.abort(b"")
    again = Reader(pipe)

    opening = here.open(FakeJob())
    assert opening.called
    await (await opening).finish()
    again.close()


def test_systemThatTellsNothing(pipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no inotify, nothing is waited for."""
    monkeypatch.setattr(readers, "_libc", object())
    reader = readers.Reader(str(pipe))
    here, there = os.pipe()

    reader.ending(there, 0.0)

    assert not reader.reads(0.1)
    os.close(here)
    os.close(there)


# A whole gateway.


@pytest.mark.slow
def test_gateway(tmp_path: Path, paper: Path, pipe: Path) -> None:
    """Senders are told what has become of their jobs."""
    printers = ["--printer", f"file://{paper}?append=on", "--printer", f"file://{pipe}"]
    with (
        Gateway(tmp_path, *printers, "--connect-timeout", "0") as gateway,
        Session(gateway.port) as session,
    ):
        reply = session.send(b"%!PS")
        assert re.search(delivered("PORT1", 4), lastLine(reply)), reply
        assert paper.read_bytes() == b"before|%!PS"

        session.say("PASV")
        assert session.say("STOR port2/page.ps").startswith("450")
        with open(os.open(pipe, os.O_RDWR), "r+b", buffering=0) as reader:
            with session.upload("port2/page.ps") as wire:
                wire.sendall(b"%!PS")
            assert reader.read(4) == b"%!PS"
            reply = session.reply()
            assert re.search(delivered("PORT2", 4, "sent"), lastLine(reply)), reply
