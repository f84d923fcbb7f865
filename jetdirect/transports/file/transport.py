"""
C{file:///directory}: a virtual printer that keeps every job as one file;
C{file:///file?append=on}: one that appends it to a file.

In a directory the file appears, whole and on disk, when the job is complete; until then its name
begins with a dot.  The sender's words are never part of a path.  Disks are slow at times, so a
thread does all the work, one step after the other.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn, Protocol

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ...errors import PrinterLost, PrinterUnreachable
from ...interfaces import (
    Complaint,
    Delivery,
    ICheckedTransport,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)
from ...net.reactor import IDeviceReactor
from ...uri import DeviceURI
from ..backpressure import BackPressure
from ..ending import Ending, State
from ..threads import PrinterThread
from .appended import AppendedFile
from .existing import check, kindOf
from .fifo import FifoTransport

BUFFER = 256 * 1024
"""Bytes that may wait for the disk before the sender is paused."""

_REAL_DIRECTORY = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Keeping(Protocol):
    """
    One unfinished job on the disk.  All methods block; one thread at a time.

    @ivar visible: whether others see the job's bytes before C{publish}.
    """

    visible: bool

    def write(self, data: bytes) -> None:
        """@raise OSError: the bytes cannot be kept."""

    def sync(self) -> None:
        """@raise OSError: the bytes are not on the disk, and will not be."""

    def publish(self) -> None:
        """@raise OSError: it is not known whether the job is there for others."""

    def discard(self) -> None:
        """Leave nothing behind, or say in the log what stays; too late for a published job."""


class _DiskTransport:
    """
    Keeps jobs on a disk.

    @ivar path: where, from the root on.
    @ivar thread: does all the work on it.
    """

    reaches = Delivery.DELIVERED
    status = PrinterStatus("idle")

    def __init__(self, reactor: IDeviceReactor, path: str, description: str = "") -> None:
        self.path = path
        self.uri = f"file://{path}"
        self.description = description or "virtual printer"
        self.thread = PrinterThread(reactor, self.uri)

    def begin(self, number: int) -> Keeping:
        """
        Called in a thread when the job of this number comes.

        @raise OSError: it cannot be kept.
        """
        raise NotImplementedError

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}."""
        try:
            self.thread.check("the disk")
        except PrinterUnreachable:
            return fail()

        def failed(failure: Failure) -> NoReturn:
            if failure.check(CancelledError):
                failure.raiseException()
            raise PrinterUnreachable(self.said(failure))

        begun = self.thread.begin(
            lambda: self.begin(job.number), lambda part: self.thread.do(part.discard)
        )
        return begun.addCallbacks(lambda part: FileConnection(self, job, part), failed)

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}: a disk has nothing to say before a job comes."""
        return succeed(None)

    def said(self, failure: Failure) -> str:
        """What the system says is wrong here."""
        return f"the job cannot be kept: {getattr(failure.value, 'strerror', failure.value)}"

    def check(self) -> Sequence[Complaint]:
        """L{ICheckedTransport}: what a job needs is made, and tried."""
        try:
            self.tried()
        except OSError as why:
            later = why.errno in (errno.ENOSPC, errno.EDQUOT, errno.EBUSY)
            told = "its jobs get 450 or 451 as long as that is so" if later else "mend that first"
            return [Complaint(f"{self.uri}: no job can be kept: {why.strerror}; {told}", not later)]
        return []

    def tried(self) -> None:
        """
        Do what a job would do there, and leave no trace of it.

        @raise OSError: a job could not be kept.
        """
        raise NotImplementedError


@implementer(IPrinterTransport, ICheckedTransport)
class FileTransport(_DiskTransport):
    """
    A directory that takes jobs.

    @ivar directory: its absolute path.
    """

    def __init__(self, reactor: IDeviceReactor, directory: str, description: str = "") -> None:
        """
        @param directory: exists, or is made (mode 0700) in an existing one: by C{check}, or when a
            job comes.
        @raise ValueError: it can be neither used nor made, or others could put their hands on jobs.
        """
        self.directory = _resolved(directory)
        _checkDirectory(self.directory)
        super().__init__(reactor, self.directory, description)

    def begin(self, number: int) -> PartFile:
        """A file of its own for each job."""
        return PartFile.create(self.directory, number)

    def tried(self) -> None:
        """A file that is on the disk, and then is not there any more."""
        part = self.begin(0)
        try:
            part.write(b"\n")
            part.sync()
        finally:
            part.discard()
        _syncDirectory(self.directory)


@implementer(IPrinterTransport, ICheckedTransport)
class AppendTransport(_DiskTransport):
    """A file that exists, and gets one job after the other."""

    def begin(self, number: int) -> AppendedFile:
        """The end of the file for each job."""
        return AppendedFile(self.path)

    def tried(self) -> None:
        """The file is had for a moment, and nothing is written into it."""
        part = self.begin(0)
        try:
            part.sync()
        finally:
            part.publish()


def _resolved(path: str) -> str:
    # Links on the way are followed once, at the start.
    place, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(place), name)


def _checkPlace(path: str) -> None:
    # A device that is not plugged in leaves room for its name, and that for a directory of jobs.
    top = f"/{path.split('/')[1]}"
    if top == "/dev":
        remedy = f"write parallel:{path}, usb:{path} or serial:{path}, as it is one of these"
        raise ValueError(f"/dev holds devices, and keeps no jobs; {remedy}")
    if top in ("/proc", "/sys"):
        raise ValueError(f"{top} is the kernel's, and keeps no jobs; name a directory elsewhere")


def _checkDirectory(directory: str) -> None:
    _checkPlace(directory)
    if os.path.islink(directory):
        raise ValueError(f"{directory} is a symbolic link; name the directory that it leads to")
    if os.path.isdir(directory):
        if os.stat(directory).st_mode & stat.S_IWOTH:
            remedy = f"chmod o-w {directory}, or name one of your own"
            raise ValueError(f"everybody may write in {directory}; {remedy}")
        wanted, remedy = directory, "give this user the right to write there"
    elif os.path.lexists(directory):
        raise ValueError(f"{directory} is not a directory; name one, or what is to become one")
    else:
        wanted = os.path.dirname(directory)
        remedy = "make it first, and give this user the right to write there"
        if not os.path.isdir(wanted):
            raise ValueError(f"{wanted} is not an existing directory; {remedy}")
    if not os.access(wanted, os.W_OK | os.X_OK):
        raise ValueError(f"no permission to write in {wanted}; {remedy}")


class PartFile:
    """
    One unfinished file.  All methods block; one thread at a time.

    The directory stays open meanwhile: nobody can put another in its place.
    """

    visible = False
    _log = Logger()

    def __init__(self, directory: int, path: str, name: str) -> None:
        """@raise OSError: the directory does not take it."""
        self._path = path
        self._name = name
        self._part = f".{name}.part"
        self._directory = directory
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self._part, flags, 0o600, dir_fd=directory)
        self._closed = False
        self._settled = False

    @classmethod
    def create(cls, directory: str, job: int) -> PartFile:
        """
        A new file that nobody else has.

        @raise OSError: the directory does not take it.
        """
        if not os.path.isdir(directory):
            os.mkdir(directory, 0o700)
            _syncDirectory(os.path.dirname(directory))
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        name = f"{now}-{job:06d}-{secrets.token_hex(8)}.prn"
        descriptor = os.open(directory, os.O_RDONLY | _REAL_DIRECTORY)
        try:
            return cls(descriptor, directory, name)
        except BaseException:
            os.close(descriptor)
            raise

    def write(self, data: bytes) -> None:
        """@raise OSError: the disk is full, or worse."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def sync(self) -> None:
        """@raise OSError: the bytes are not on the disk, and will not be."""
        os.fsync(self._descriptor)

    def publish(self) -> None:
        """@raise OSError: it is not known whether the name is on the disk."""
        self._close()
        os.rename(self._part, self._name, src_dir_fd=self._directory, dst_dir_fd=self._directory)
        self._settled = True
        try:
            os.fsync(self._directory)
        finally:
            os.close(self._directory)

    def discard(self) -> None:
        """Leave nothing behind; too late for a file that was published."""
        if self._settled:
            return
        self._settled = True
        with suppress(OSError):
            self._close()
        try:
            os.unlink(self._part, dir_fd=self._directory)
        except FileNotFoundError:
            pass
        except OSError as why:
            part = os.path.join(self._path, self._part)
            self._log.error("{part} stays: {why}", part=part, why=why.strerror)
        os.close(self._directory)

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            os.close(self._descriptor)


def _syncDirectory(path: str) -> None:
    directory = os.open(path, os.O_RDONLY | _REAL_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@implementer(IPrinterConnection)
class FileConnection(BackPressure):
    """The place on the disk, while one job has it."""

    def __init__(self, printer: _DiskTransport, job: IPrintJob, part: Keeping) -> None:
        # What nobody sees before it is published vanishes, and is not printed.  What was seen may
        # have been read (tail -f), though it is taken out again.
        self.sent = 0
        self._printer = printer
        self._ending = Ending(job)
        self._part = part
        self._written = 0
        self._waiting = 0

    def write(self, data: bytes) -> None:
        """L{IConsumer}."""
        self._waiting += len(data)
        if self._part.visible:
            self.sent += len(data)
        self._step(self._part.write, data).addCallbacks(self._wrote, self._failed, (len(data),))
        if self._waiting > BUFFER:
            self.full()

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}."""
        return self._ending.finishBy(self._publish)

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}: the job vanishes, whatever would end it in its language."""
        return self._ending.abortBy(self._discard)

    async def _discard(self) -> None:
        await self._step(self._part.discard)

    async def _publish(self) -> Delivery:
        try:
            await self._step(self._part.sync)
            if self._ending.state is not State.FINISHING:
                raise PrinterLost("not everything was kept")  # the job knows
            self.sent = self._written
            await self._step(self._part.publish)
        except OSError:
            raise PrinterLost(self._printer.said(Failure())) from None
        return Delivery.DELIVERED

    def _step(self, work: Callable[..., None], *arguments: object) -> Deferred[None]:
        # Each step begins when the one before it has ended.
        return self._printer.thread.do(lambda: work(*arguments))

    def _wrote(self, _: None, size: int) -> None:
        self._written += size
        self._waiting -= size
        if not self._waiting:
            self.empty()

    def _failed(self, failure: Failure) -> None:
        self._ending.lost(PrinterLost(self._printer.said(failure)))


def fromURI(
    reactor: IDeviceReactor, uri: DeviceURI
) -> FileTransport | AppendTransport | FifoTransport:
    """
    The transport for C{file:///path}, by what is there: a directory, or what may become one, a
    file with C{append=on}, a named pipe.  A relative C{file:path} counts from here and now.

    @raise ValueError: the URI cannot be used; the message says why.
    """
    if uri.host not in ("", "localhost") or uri.port is not None:
        raise ValueError("a file URI has no host; write file:///DIRECTORY with three slashes")
    if not uri.path.strip("/."):
        raise ValueError("a directory is missing; write file:///DIRECTORY")
    path = _resolved(uri.path)
    kind = kindOf(path)
    append = uri.values["append"]
    if append and kind != stat.S_IFREG:
        raise ValueError(f"append=on: {path} is no file; make it first, or leave out append=on")
    if kind in (0, stat.S_IFDIR, stat.S_IFLNK):
        return FileTransport(reactor, path, uri.description)
    if kind == stat.S_IFREG:
        _checkPlace(path)
        if not append:
            remedy = f"write file:{path}?append=on if jobs are to be appended to it"
            raise ValueError(f"{path} is a file; {remedy}")
    check(path)
    if kind == stat.S_IFIFO:
        return FifoTransport(reactor, path, uri.description)
    return AppendTransport(reactor, path, uri.description)
