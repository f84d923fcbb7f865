"""
The virtual printer: a job is a whole file on the disk, or nothing.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IPullProducer
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from zope.interface import implementer

from jetdirect.errors import PrinterLost, PrintError, PrinterUnreachable
from jetdirect.interfaces import Delivery, IPrinterConnection, IPrintJob
from jetdirect.job import Job, Sender
from jetdirect.named import NamedPrinter
from jetdirect.port import PrintingPort
from jetdirect.testing import FakeJob
from jetdirect.transports.file.transport import BUFFER, FileConnection, FileTransport, PartFile
from tests.conftest import FlushErrors
from tests.support.answers import hear
from tests.support.source import Source
from tests.support.threads import Threads

reactor: Any = theReactor

NAME = re.compile(r"\d{8}T\d{6}Z-000007-[0-9a-f]{16}\.prn")


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def content(directory: Path) -> bytes:
    """The only file's bytes."""
    [name] = files(directory)
    return (directory / name).read_bytes()


class Printing:
    """A directory as a printer, and a job that has it, with a thread under control."""

    def __init__(self, directory: Path) -> None:
        self.threads = Threads(held=True)
        self.job = FakeJob("../../page.ps")
        self.directory = directory
        reactor: Any = self.threads
        self.printer = FileTransport(reactor, str(directory))
        [self.connection] = self._open()

    def _open(self) -> list[IPrinterConnection]:
        opened = hear(self.printer.open(self.job))
        self.threads.work()
        return opened

    def parts(self) -> list[str]:
        return [name for name in files(self.directory) if name.startswith(".")]


async def opened(directory: Path, job: IPrintJob | None = None) -> IPrinterConnection:
    return await FileTransport(reactor, str(directory)).open(job or FakeJob("../../page.ps"))


# Where jobs go.


def test_resolvedAtTheStart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative directory counts from where the gateway was started."""
    (tmp_path / "jobs").mkdir()
    monkeypatch.chdir(tmp_path)

    printer = FileTransport(reactor, "jobs")
    monkeypatch.chdir("/")

    assert printer.directory == str(tmp_path / "jobs")
    assert printer.uri == f"file://{tmp_path}/jobs"
    assert printer.description == "virtual printer"


def test_linkOnTheWay(tmp_path: Path) -> None:
    """A link on the way is followed once, at the start: who changes it later moves no job."""
    for name in ("there", "elsewhere"):
        (tmp_path / name / "jobs").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to("there")

    printer = FileTransport(reactor, str(link / "jobs"))
    link.unlink()
    link.symlink_to("elsewhere")

    assert printer.directory == str(tmp_path / "there" / "jobs")


@pytest.mark.parametrize("exists", [True, False])
def test_linkToTheDirectory(tmp_path: Path, exists: bool) -> None:
    """A directory that is a link is somebody's to lead elsewhere, and refused."""
    (tmp_path / "link").symlink_to(tmp_path if exists else "nowhere")

    with pytest.raises(ValueError, match="link is a symbolic link; name the directory"):
        FileTransport(reactor, str(tmp_path / "link"))


@pytest_twisted.ensureDeferred
async def test_linkInItsPlace(tmp_path: Path) -> None:
    """A directory in whose place somebody puts a link takes no job."""
    wanted, there = tmp_path / "jobs", tmp_path / "there"
    there.mkdir()
    printer = FileTransport(reactor, str(wanted))
    wanted.symlink_to(there)

    with pytest.raises(PrinterUnreachable, match="the job cannot be kept"):
        await printer.open(FakeJob("../../page.ps"))
    assert files(there) == []


@pytest_twisted.ensureDeferred
async def test_directoryMovedInMidJob(tmp_path: Path) -> None:
    """A job stays in the directory where it began, whatever bears its name meanwhile."""
    wanted = tmp_path / "jobs"
    wanted.mkdir()
    connection = await FileTransport(reactor, str(wanted)).open(FakeJob("../../page.ps"))
    connection.write(b"%!PS")
    wanted.rename(tmp_path / "moved")
    wanted.mkdir()

    assert await connection.finish() is Delivery.DELIVERED
    assert files(wanted) == []
    assert content(tmp_path / "moved") == b"%!PS"


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o702])
def test_directoryOfEverybody(tmp_path: Path, mode: int) -> None:
    """A directory in which everybody may write is refused, with a remedy."""
    wanted = tmp_path / "jobs"
    wanted.mkdir()
    wanted.chmod(mode)

    with pytest.raises(ValueError, match=r"everybody may write in .*/jobs; chmod o-w"):
        FileTransport(reactor, str(wanted))


def test_notMadeBeforeAJob(tmp_path: Path) -> None:
    """Looking at a command line makes no directory."""
    FileTransport(reactor, str(tmp_path / "jobs"))

    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("page", "page is not a directory; name one"),
        ("page/jobs", "page is not an existing directory; make it first"),
        ("a/b", "a is not an existing directory; make it first"),
    ],
)
def test_unusableDirectory(tmp_path: Path, name: str, said: str) -> None:
    """What cannot be used is refused at the start, with a remedy."""
    (tmp_path / "page").touch()

    with pytest.raises(ValueError) as caught:
        FileTransport(reactor, str(tmp_path / name))

    assert said in str(caught.value)


@pytest.mark.parametrize("exists", [True, False])
def test_noPermission(tmp_path: Path, exists: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that this user cannot write in is refused at the start."""
    wanted = tmp_path if exists else tmp_path / "jobs"
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    with pytest.raises(ValueError, match=f"no permission to write in {tmp_path}; .*right"):
        FileTransport(reactor, str(wanted))


@pytest_twisted.ensureDeferred
async def test_directoryIsMade(tmp_path: Path) -> None:
    """A directory below an existing one is made for the first job, for this user alone."""
    directory = tmp_path / "jobs"
    old = os.umask(0)
    try:
        connection = await opened(directory)
    finally:
        os.umask(old)

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    await connection.abort(b"")


@pytest_twisted.ensureDeferred
async def test_directoryOfTheOperator(tmp_path: Path) -> None:
    """A directory that exists keeps its rights."""
    tmp_path.chmod(0o775)

    await (await opened(tmp_path)).abort(b"")

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o775


# A whole job.


@pytest_twisted.ensureDeferred
async def test_wholeJob(tmp_path: Path) -> None:
    """A complete job is one file with its bytes as they came, for this user's eyes only."""
    data = [b"\x1bE\r\n", b"", b"\x00\xff" * 70_000, b"\n"]
    old = os.umask(0)
    try:
        connection = await opened(tmp_path)
    finally:
        os.umask(old)
    for chunk in data:
        connection.write(chunk)
    assert connection.sent == 0

    assert await connection.finish() is Delivery.DELIVERED

    [name] = files(tmp_path)
    path = tmp_path / name
    assert NAME.fullmatch(name)
    assert path.read_bytes() == b"".join(data)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert connection.sent == path.stat().st_size


@pytest_twisted.ensureDeferred
async def test_emptyJob(tmp_path: Path) -> None:
    """A job without a byte is an empty file."""
    connection = await opened(tmp_path)

    await connection.finish()

    assert content(tmp_path) == b""


def test_hiddenUntilItIsWhole(tmp_path: Path) -> None:
    """Until a job is on the disk, its file begins with a dot."""
    printing = Printing(tmp_path)
    [part] = files(tmp_path)
    assert re.fullmatch(rf"\.{NAME.pattern}\.part", part)

    printing.connection.write(b"%!PS")
    finished = hear(printing.connection.finish())
    printing.threads.work(2)  # written, synchronised
    assert (files(tmp_path), finished) == ([part], [])
    printing.threads.work()

    assert files(tmp_path) == [part[1 : -len(".part")]]
    assert finished == [Delivery.DELIVERED]


def test_oneStepAtATime(tmp_path: Path) -> None:
    """However many threads there are, the steps of a job follow each other."""
    printing = Printing(tmp_path)
    for _ in range(3):
        printing.connection.write(b"%!PS")
    finished = hear(printing.connection.finish())

    steps = 0
    while printing.threads.waiting:
        assert len(printing.threads.waiting) == 1
        printing.threads.work()
        steps += 1

    assert steps == 5  # three pieces, the bytes to the disk, the name
    assert finished == [Delivery.DELIVERED]


def test_onDiskBeforeItAppears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are on the disk before the name is, and the name before the job is delivered."""
    done: list[str] = []
    fsync, rename = os.fsync, os.rename

    def notedSync(descriptor: int) -> None:
        kind = "directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        done.append(f"fsync {kind}")
        fsync(descriptor)

    def notedRename(old: str, new: str, **where: int) -> None:
        done.append("rename")
        rename(old, new, **where)

    printing = Printing(tmp_path)
    monkeypatch.setattr(os, "fsync", notedSync)
    monkeypatch.setattr(os, "rename", notedRename)
    printing.connection.finish().addCallback(lambda _: done.append("delivered"))
    printing.threads.workAll()

    assert done == ["fsync file", "rename", "fsync directory", "delivered"]


def test_newDirectoryOnDisk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of a directory that was made for a job is on the disk as well."""
    synced: set[int] = set()
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    printing = Printing(tmp_path / "jobs")
    hear(printing.connection.finish())
    printing.threads.workAll()

    assert tmp_path.stat().st_ino in synced


@pytest_twisted.ensureDeferred
async def test_nothingIsOverwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two jobs with one number in one second are two files."""
    monkeypatch.setattr("time.strftime", lambda *_: "20261122T000000Z")

    for data in (b"one", b"two"):
        connection = await opened(tmp_path)
        connection.write(data)
        await connection.finish()

    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"one", b"two"}


def test_nameThatIsTaken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a part that somebody else left there is written into."""
    monkeypatch.setattr("secrets.token_hex", lambda size: "0" * 2 * size)
    monkeypatch.setattr("time.strftime", lambda *_: "20261122T000000Z")
    taken = tmp_path / ".20261122T000000Z-000007-0000000000000000.prn.part"
    taken.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FileExistsError):
        PartFile.create(str(tmp_path), 7)

    assert not (tmp_path / "elsewhere").exists()


@pytest_twisted.ensureDeferred
async def test_sendersWordsAreNoPath(tmp_path: Path) -> None:
    """What the sender called its job is nowhere on the disk."""
    port = PrintingPort(
        NamedPrinter("PORT1", FileTransport(reactor, str(tmp_path / "jobs"))), reactor
    )
    sender = Sender("../root", "192.0.2.1", 40001)
    job = Job(7, "PORT1", "../../etc/passwd", sender, None, reactor)
    port.submit(job)
    await job.whenOpened()
    job.write(b"%!PS")
    await job.finish()

    assert files(tmp_path) == ["jobs"]
    [name] = files(tmp_path / "jobs")
    assert NAME.fullmatch(name)


def test_diskThatTakesLittleAtATime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that takes a part of the bytes only is followed by another."""
    printing = Printing(tmp_path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))

    printing.connection.write(b"ten bytes!")
    hear(printing.connection.finish())
    printing.threads.workAll()

    assert content(tmp_path) == b"ten bytes!"


# Back-pressure.


def test_backPressure(tmp_path: Path) -> None:
    """What waits for a slow disk is bounded: the sender is paused, and resumed when all is out."""
    printing, source = Printing(tmp_path), Source()
    printing.connection.registerProducer(source, True)

    printing.connection.write(bytes(BUFFER))
    assert source.told == []
    printing.connection.write(b"!")
    assert source.told == ["pause"]
    printing.threads.work()
    assert source.told == ["pause"]
    printing.threads.work()

    assert source.told == ["pause", "resume"]


def test_nobodyToPause(tmp_path: Path) -> None:
    """Without a producer everything that is written is kept, and written."""
    printing, source = Printing(tmp_path), Source()
    printing.connection.registerProducer(source, True)
    printing.connection.unregisterProducer()

    for _ in range(3):
        printing.connection.write(bytes(BUFFER))
    hear(printing.connection.finish())
    printing.threads.workAll()

    assert source.told == []
    assert len(content(tmp_path)) == 3 * BUFFER


def test_resumedOnlyIfPaused(tmp_path: Path) -> None:
    """A producer that was not paused is not told to resume."""
    printing, source = Printing(tmp_path), Source()
    printing.connection.registerProducer(source, True)

    for _ in range(3):
        printing.connection.write(b"a little")
        printing.threads.work()

    assert source.told == []


@implementer(IPullProducer)
class Pulled:
    """A producer that gives a piece whenever it is asked."""

    def __init__(self, printing: Printing, *pieces: bytes) -> None:
        self._consumer = printing.connection
        self._pieces = list(pieces)

    def resumeProducing(self) -> None:
        if self._pieces:
            self._consumer.write(self._pieces.pop(0))

    def stopProducing(self) -> None:
        self._pieces = []


def test_pullProducer(tmp_path: Path) -> None:
    """A producer that must be asked is asked for a piece when the one before is written."""
    printing = Printing(tmp_path)

    printing.connection.registerProducer(Pulled(printing, b"one", b"two", b"three"), False)
    assert len(printing.threads.waiting) == 1
    printing.threads.workAll()
    printing.connection.unregisterProducer()
    hear(printing.connection.finish())
    printing.threads.workAll()

    assert content(tmp_path) == b"onetwothree"


def test_pullProducerOfMuch(tmp_path: Path) -> None:
    """A producer that must be asked cannot be paused, however much it gives at once."""
    printing = Printing(tmp_path)

    printing.connection.registerProducer(Pulled(printing, bytes(BUFFER + 1), b"!"), False)
    printing.threads.workAll()
    hear(printing.connection.finish())
    printing.threads.workAll()

    assert len(content(tmp_path)) == BUFFER + 2


# A job that is cut.


@pytest.mark.parametrize("data", [b"", b"%!PS"])
@pytest_twisted.ensureDeferred
async def test_abort(tmp_path: Path, data: bytes) -> None:
    """Nothing is left of a cut job, and nothing of it counts as printed."""
    connection = await opened(tmp_path)
    connection.write(data)

    await connection.abort(b"\x04")

    assert files(tmp_path) == []
    assert connection.sent == 0


def test_abortWhileWriting(tmp_path: Path) -> None:
    """A write that is under way is ended before the part vanishes."""
    printing = Printing(tmp_path)
    printing.connection.write(b"%!PS")
    printing.connection.write(b"more")

    aborted = hear(printing.connection.abort(b"\x04"))
    printing.threads.work()
    assert (len(printing.parts()), aborted) == (1, [])
    printing.threads.workAll()

    assert (files(tmp_path), aborted) == ([], [None])
    assert printing.job.losses == []


def test_writeThatFailsAfterTheAbort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the disk is full is no news for a job that was cut."""
    printing = Printing(tmp_path)
    printing.connection.write(b"%!PS")
    fullDisk(monkeypatch)

    aborted = hear(printing.connection.abort(b""))
    printing.threads.workAll()

    assert (files(tmp_path), aborted, printing.job.losses) == ([], [None], [])


@pytest.mark.parametrize("steps", [0, 1])
def test_abortWhileFinishing(tmp_path: Path, steps: int) -> None:
    """A job that is cut before it is published never appears."""
    printing = Printing(tmp_path)
    printing.connection.write(b"%!PS")
    finished = hear(printing.connection.finish())
    printing.threads.work(steps)

    aborted = hear(printing.connection.abort(b"\x04"))
    printing.threads.workAll()

    assert files(tmp_path) == []
    assert aborted == [None]
    assert finished == []  # abort has told
    assert printing.connection.sent == 0


def test_abortTooLate(tmp_path: Path) -> None:
    """A job that is being published when it is cut counts as printed."""
    printing = Printing(tmp_path)
    printing.connection.write(b"%!PS")
    hear(printing.connection.finish())
    printing.threads.work(2)
    assert printing.connection.sent == 4

    aborted = hear(printing.connection.abort(b"\x04"))
    printing.threads.workAll()

    assert aborted == [None]
    assert content(tmp_path) == b"%!PS"


def test_cancelWhileOpening(tmp_path: Path) -> None:
    """An opening that is canceled fails at once; what the thread makes meanwhile vanishes."""
    threads: Any = Threads(held=True)
    opening = FileTransport(threads, str(tmp_path)).open(FakeJob("../../page.ps"))
    told = hear(opening)

    opening.cancel()
    assert [type(it) for it in told] == [CancelledError]
    threads.work()
    assert len(files(tmp_path)) == 1
    threads.work()

    assert files(tmp_path) == []
    assert len(told) == 1


def test_cancelBeforeItFails(tmp_path: Path) -> None:
    """An opening that would have failed was canceled all the same."""
    threads: Any = Threads(held=True)
    directory = tmp_path / "jobs"
    opening = FileTransport(threads, str(directory)).open(FakeJob("../../page.ps"))
    told = hear(opening)

    opening.cancel()
    directory.touch()
    threads.workAll()

    assert [type(it) for it in told] == [CancelledError]


def test_diskThatHangs(tmp_path: Path) -> None:
    """One job's work is out at a time; the others are told at once, and begin nothing."""
    threads: Any = Threads(held=True)
    printer = FileTransport(threads, str(tmp_path))
    first = hear(opening := printer.open(FakeJob("../../page.ps")))
    opening.cancel()

    threads.advance(4)
    waits = printer.open(FakeJob("../../page.ps"))
    assert [type(it) for it in hear(waits)] == []
    waits.cancel()
    threads.advance(56)
    for _ in range(20):
        [why] = hear(printer.open(FakeJob("../../page.ps")))
        assert (type(why), why.reason) == (
            PrinterUnreachable,
            "the disk has not answered for 60 s",
        )
    assert len(threads.waiting) == 1

    threads.workAll()
    assert [type(it) for it in first] == [CancelledError]
    assert files(tmp_path) == []
    last = hear(printer.open(FakeJob("../../page.ps")))
    threads.workAll()
    assert isinstance(last[0], FileConnection)


def test_discardThatIsNotWaitedFor(tmp_path: Path) -> None:
    """A caller that gives up waiting for a hung disk still finds nothing of the job there later."""
    printing = Printing(tmp_path)
    printing.connection.write(b"%!PS")
    aborting = printing.connection.abort(b"")
    told = hear(aborting)

    aborting.cancel()
    assert told == [None]
    printing.threads.workAll()

    assert files(tmp_path) == []


# A disk that fails.


def fullDisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on no file takes a byte."""
    write = os.write

    def full(descriptor: int, data: Any) -> int:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)


@pytest_twisted.ensureDeferred
async def test_fullDisk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full in mid job is a lost printer; not a byte counts as printed."""
    lost: Deferred[PrintError] = Deferred()
    job: Any = FakeJob("../../page.ps")
    job.printerLost = lost.callback
    connection = await opened(tmp_path, job)
    fullDisk(monkeypatch)

    connection.write(b"%!PS")

    error = await lost
    assert isinstance(error, PrinterLost)
    assert error.reason == "the job cannot be kept: No space left on device"
    assert connection.sent == 0
    await connection.abort(b"\x04")
    assert files(tmp_path) == []


def test_fullDiskIsToldOnce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many writes fail, the job hears of one loss."""
    printing = Printing(tmp_path)
    fullDisk(monkeypatch)

    for _ in range(3):
        printing.connection.write(b"%!PS")
    printing.threads.workAll()

    assert len(printing.job.losses) == 1


def test_fullDiskWhileFinishing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After C{finish} was called, its answer alone tells of a loss."""
    printing = Printing(tmp_path)
    printing.connection.write(b"%!PS")
    fullDisk(monkeypatch)

    finished = hear(printing.connection.finish())
    printing.threads.workAll()

    assert [type(it) for it in finished] == [PrinterLost]
    assert printing.job.losses == []


def failing(monkeypatch: pytest.MonkeyPatch, name: str, kind: Callable[[int], bool]) -> None:
    """Let C{os.fsync} or C{os.close} fail for files of some kind."""
    work = getattr(os, name)

    def fail(descriptor: int) -> None:
        wanted = kind(os.fstat(descriptor).st_mode)
        if name == "close" or not wanted:
            work(descriptor)
        if wanted:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, name, fail)


@pytest_twisted.ensureDeferred
async def test_fileNotOnDisk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job whose bytes cannot be put on the disk does not appear."""
    connection = await opened(tmp_path)
    connection.write(b"%!PS")
    failing(monkeypatch, "fsync", stat.S_ISREG)

    with pytest.raises(PrinterLost, match="Input/output error"):
        await connection.finish()
    assert connection.sent == 0
    await connection.abort(b"\x04")

    assert files(tmp_path) == []


@pytest_twisted.ensureDeferred
async def test_nameNotOnDisk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job whose name may not be on the disk is not delivered, and may be printed."""
    connection = await opened(tmp_path)
    connection.write(b"%!PS")
    failing(monkeypatch, "fsync", stat.S_ISDIR)

    with pytest.raises(PrinterLost, match="Input/output error"):
        await connection.finish()
    await connection.abort(b"\x04")

    assert connection.sent == 4
    assert content(tmp_path) == b"%!PS"


@pytest.mark.parametrize("step", ["rename", "close"])
def test_partOfAFailedEndVanishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A job that cannot be published leaves nothing behind."""
    printing = Printing(tmp_path)
    finished = hear(printing.connection.finish())
    printing.threads.work()
    if step == "close":
        failing(monkeypatch, "close", stat.S_ISREG)
    else:

        def fail(old: str, new: str, **where: int) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "rename", fail)
    printing.threads.workAll()
    hear(printing.connection.abort(b""))
    printing.threads.workAll()

    assert [type(it) for it in finished] == [PrinterLost]
    assert files(tmp_path) == []


@pytest.mark.parametrize("how", ["gone", "close"])
def test_abortNeverFails(tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with the part, C{abort} fires when the directory is free of it."""
    printing = Printing(tmp_path)
    if how == "gone":
        (tmp_path / printing.parts()[0]).unlink()
    else:
        failing(monkeypatch, "close", stat.S_ISREG)

    aborted = hear(printing.connection.abort(b""))
    printing.threads.workAll()

    assert aborted == [None]
    assert files(tmp_path) == []


def test_canceledOpeningIsQuiet(tmp_path: Path, flushErrors: FlushErrors) -> None:
    """A part that vanished by itself is no error of anybody's."""
    threads: Any = Threads(held=True)
    opening = FileTransport(threads, str(tmp_path)).open(FakeJob("../../page.ps"))
    hear(opening)
    opening.cancel()
    threads.work()

    (tmp_path / files(tmp_path)[0]).unlink()
    threads.work()

    assert flushErrors() == []


def test_partThatStays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that cannot be removed is named in the log, for the operator to remove."""
    printing = Printing(tmp_path)

    def fail(path: str, **where: int) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "unlink", fail)
    with capturedLogs() as logged:
        hear(printing.connection.abort(b""))
        printing.threads.workAll()

    [part] = files(tmp_path)
    assert any(part in str(formatEvent(event)) for event in logged)


@pytest_twisted.ensureDeferred
async def test_directoryThatIsNoMore(tmp_path: Path) -> None:
    """A directory that cannot take a job now may take one later: its opening can be repeated."""
    directory = tmp_path / "jobs"
    printer = FileTransport(reactor, str(directory))
    directory.touch()

    with pytest.raises(PrinterUnreachable) as caught:
        await printer.open(FakeJob("../../page.ps"))
    assert caught.value.reason == "the job cannot be kept: File exists"
    directory.unlink()

    await (await printer.open(FakeJob("../../page.ps"))).abort(b"")
    assert files(directory) == []


def test_reasonWithoutSystem(tmp_path: Path) -> None:
    """What goes wrong outside the system is told as it is."""
    printer = FileTransport(reactor, str(tmp_path))

    assert printer.said(Failure(ValueError("a bug"))) == "the job cannot be kept: a bug"
