"""
A spool of files: L{Store}, asked from the reactor.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import SpoolFailed, SpoolFull, SpoolSilent
from ..interfaces import IDraft, IKeptData, IKernelData, ISpool
from ..net.pipe import PIPE_SIZES
from .asked import AskedDraft, AskedSpool, SleepingDraft, Worker
from .beside import InThread, Steps
from .directory import SpoolDirectory
from .disk import Reader, RealDisk, RealReader
from .draft import Commit, Draft, keep
from .journal import deviceWithoutJournal
from .processes import InProcesses, canStart
from .record import JobPlace, SpoolRecord
from .store import Store
from .threads import Threads
from .turns import Reserved, Together

RESERVED_PLACES = 1000
"""Places that are taken at a time: a power cut skips up to so many, and nobody sees it (chosen)."""

TOGETHER = 32
"""Jobs that are kept at a time at most (chosen): three files of each are open meanwhile."""

BESIDE = 2
"""How often jobs are kept at a time: while some wait for the disk, others that came meanwhile are
written; the 226 comes sooner than with one, with three it does not (measured)."""

SMALL = 1 << 16
"""Bytes of a job that are in memory before the disk has them: the jobs of most senders have fewer,
and are so written and committed in one go (chosen)."""

_FULL = {errno.ENOSPC, errno.EDQUOT}

_Result = TypeVar("_Result")


def openSpool(path: str, reactor: IReactorFromThreads) -> FileSpool:
    """
    The spool in a directory, which this process has for itself from now on.

    @raise ValueError: it cannot be one; the message says why, and what to do.
    """
    directory = SpoolDirectory(path)
    try:
        store = Store(RealDisk(directory.path))
        strangers = store.strangers()
    except ValueError:
        directory.release()
        raise
    except OSError as error:
        directory.release()
        raise ValueError(f"{error.strerror}: {error.filename}; mend the disk first") from None
    do = Threads(reactor, "spool").do
    steps: Steps = InThread(do, store.here)
    if canStart(reactor):
        steps = InProcesses(reactor, directory.path, directory.lock, BESIDE, do, store.here)
    soon = partial(IReactorTime(reactor).callLater, 0.0)
    spool = FileSpool(store, do, directory.durable, directory.release, steps, soon)
    for stranger in strangers:
        spool._log.warn("{spool}: {stranger}", spool=path, stranger=stranger)
    if device := deviceWithoutJournal(directory.path):
        spool._log.warn(
            "{spool}: the ext4 of {device} has no journal: a power cut can make queued jobs"
            " unreadable; unmount it and give it one (tune2fs -O has_journal {device})",
            spool=path,
            device=device,
        )
    return spool


def whatFailed(error: OSError, what: str = "the spool") -> SpoolFailed | SpoolFull:
    """An error of the disk in the words of a job's."""
    if error.errno in _FULL:
        return SpoolFull(f"{what}'s disk is full")
    return SpoolFailed(f"{what} failed: {error.strerror or error}")


@implementer(ISpool)
class FileSpool(AskedSpool):
    """
    A spool of files.

    @ivar durable: what it keeps survives a power cut.
    """

    _log = Logger()
    _store: Store

    def __init__(
        self,
        store: Store,
        do: Worker,
        durable: bool = True,
        release: Callable[[], None] = lambda: None,
        steps: Steps | None = None,
        soon: Callable[[Callable[[], None]], object] = lambda call: call(),
    ) -> None:
        """
        @param release: lets another process have the directory.
        @param steps: of the commits; L{None}: in a thread.
        @param soon: calls at the end of a turn; jobs that end in one turn are kept together.
        """
        places = Reserved(
            lambda count: self._inThread(lambda: store.reserve("place", count)), RESERVED_PLACES
        )
        super().__init__(store, places, do)
        self._keeping: Together[Commit | int] = Together(self._keepAll, TOGETHER, BESIDE, soon)
        self._steps: Steps = InThread(do, store.here) if steps is None else steps
        self.durable = durable
        self._release = release

    def reserve(self, count: int) -> Deferred[int]:
        """L{ISpool}."""
        return self._inThread(lambda: self._store.reserve("number", count))

    def begin(self, port: str, number: int) -> Deferred[IDraft]:
        """L{ISpool}."""

        return succeed(FileDraft(self, self._store.begin(port, number), port))

    def change(self, record: SpoolRecord, to: JobPlace) -> Deferred[None]:
        """L{ISpool}: on a full disk the ballast makes room for it."""

        def change() -> None:
            try:
                self._store.change(record, to)
            except OSError as why:
                if why.errno not in _FULL:
                    raise
                self._store.dropBallast()
                self._store.change(record, to)

        return self._forJob(record.number, change)

    def data(self, number: int) -> Deferred[IKeptData]:
        """L{ISpool}."""

        def found(reader: Reader) -> IKeptData:
            if isinstance(reader, RealReader) and hasattr(os, "splice"):
                return KernelData(self, reader)
            return FileData(self, reader)

        return self._forJob(number, lambda: self._store.read(number)).addCallback(found)

    def noteHeard(self, number: int) -> Deferred[None]:
        """L{ISpool}."""
        heard = self._jobs.do(number, lambda: self._keeping.give(number, hurry=False))
        return heard.addBoth(lambda _: None)

    def removeData(self, number: int) -> Deferred[None]:
        """L{ISpool}."""
        return self._forJob(number, lambda: self._store.removeData(number))

    def probe(self) -> Deferred[None]:
        """L{ISpool}: afterwards the ballast is there again, if there is room for it."""

        def probe() -> None:
            self._store.probe()
            with suppress(OSError):
                self._store.takeBallast()

        return self._inThread(probe)

    def paused(self) -> Deferred[Mapping[str, str]]:
        """L{ISpool}."""
        return self._inThread(self._store.paused)

    def setPaused(self, paused: Mapping[str, str]) -> Deferred[None]:
        """L{ISpool}."""
        written = dict(paused)
        return self._jobs.do(0, lambda: self._inThread(lambda: self._store.setPaused(written)))

    def close(self) -> Deferred[None]:
        """L{ISpool}: what a thread is at, is at its end with the process."""
        self._release()
        return self._steps.close()

    # Inside.

    def _inThread(self, work: Callable[[], _Result]) -> Deferred[_Result]:
        return self._do(work).addErrback(self._failed)

    def _failed(self, failure: Failure) -> Any:
        error = failure.value
        if not isinstance(error, OSError):
            return failure
        self._log.error("the spool failed: {error}", error=str(error))
        raise whatFailed(error) from error

    def _keep(
        self, draft: SleepingDraft, record: SpoolRecord, to: JobPlace
    ) -> Deferred[SpoolRecord]:
        assert isinstance(draft, Draft)

        commit = Commit(draft, record, to)

        def kept(result: object) -> Any:
            if isinstance(result, Failure):
                return self._failed(result)
            return commit.record if commit.error is None else self._failed(Failure(commit.error))

        if draft.large:  # others do not wait for its bytes
            keeping = self._do(draft.sync).addCallback(lambda _: self._keeping.give(commit))
        else:
            keeping = self._keeping.give(commit)
        return keeping.addBoth(kept)

    async def _keepAll(self, given: Sequence[Commit | int]) -> None:
        # Jobs that come, and the numbers of those whose senders have heard of them.
        commits = [each for each in given if isinstance(each, Commit)]
        heard = []
        for each in given:
            if isinstance(each, int):
                with suppress(KeyError):  # it may be gone already
                    heard.append(self._store.path(each))
        await keep(self._steps, commits, heard)
        for commit in commits:
            if commit.error is not None and commit.draft.kept:
                # It is on the disk, and perhaps for good; what its sender is told depends on this.
                try:
                    await self._do(partial(self._store.remove, commit.draft.number))
                except OSError:
                    commit.error = SpoolSilent(f"the spool failed: {commit.error}")


class FileDraft(AskedDraft):
    """A job that comes into a spool of files; its first bytes are in memory only."""

    _draft: Draft
    _hashing = False

    def write(self, data: bytes) -> Deferred[None]:
        """L{IDraft}; one thread writes, and another one hashes what was written before."""
        if self._draft.take(data) < SMALL:
            return succeed(None)
        writing = self._spool._inThread(self._draft.flush)
        if not self._hashing:
            self._hashing = True
            self._spool._do(self._draft.hash).addBoth(self._hashed)
        return writing

    def _hashed(self, _: object) -> None:
        self._hashing = False


@implementer(IKeptData)
class FileData:
    """The bytes of a kept job in a file."""

    def __init__(self, spool: FileSpool, reader: Reader) -> None:
        self._spool = spool
        self._reader = reader
        self._reading = self._closed = False

    def read(self, most: int) -> Deferred[bytes]:
        """L{IKeptData}."""
        return self._busy(lambda: self._reader.read(most)).addErrback(self._spool._failed)

    def _busy(self, work: Callable[[], _Result]) -> Deferred[_Result]:
        self._reading = True

        def over(result: Any) -> Any:
            self._reading = False
            if self._closed:
                self._closeFiles()
            return result

        return self._spool._do(work).addBoth(over)

    def close(self) -> None:
        """L{IKeptData}."""
        if not self._closed:
            self._closed = True
            if not self._reading:
                self._closeFiles()

    def _closeFiles(self) -> None:
        self._reader.close()


@implementer(IKernelData)
class KernelData(FileData):
    """The same, which can go to the printer inside the kernel: the thread fills a pipe with it."""

    _reader: RealReader
    _pipe: tuple[int, int] | None = None

    @property
    def descriptor(self) -> int:
        """L{IKernelData}."""
        assert self._pipe is not None
        return self._pipe[0]

    def fill(self) -> Deferred[int]:
        """L{IKernelData}."""
        return self._busy(self._fill)

    def _fill(self) -> int:
        # In the thread: this is what waits for the disk.
        if self._pipe is None:
            self._pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            with suppress(OSError):  # more than a user may have in all
                fcntl.fcntl(self._pipe[1], fcntl.F_SETPIPE_SZ, PIPE_SIZES[0])
        return os.splice(self._reader.descriptor, self._pipe[1], PIPE_SIZES[0])

    def _closeFiles(self) -> None:
        super()._closeFiles()
        for end in self._pipe or ():
            os.close(end)
