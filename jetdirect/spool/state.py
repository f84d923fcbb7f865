"""
What a gateway remembers that keeps no jobs: which printing ports are paused, and how far jobs are
counted.  A directory::

    lock         held by the process that has it
    numbers      the counter
    paused.json  the printing ports that an operator has paused
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..interfaces import IState
from .asked import Worker
from .directory import SpoolDirectory
from .disk import Disk, RealDisk
from .files import whatFailed
from .numbers import Numbers
from .paused import readPaused, writePaused
from .record import BadRecord
from .threads import Threads

NUMBERS, NUMBER = "numbers", "number"

_Result = TypeVar("_Result")


def openState(path: str, reactor: IReactorFromThreads) -> FileState:
    """
    The state in a directory, which this process has for itself from now on.

    @raise ValueError: it cannot be one; the message says why, and what to do.
    """
    directory = SpoolDirectory(path, what="state directory")
    try:
        disk, do = RealDisk(directory.path), Threads(reactor, "state", 1).do
        return FileState(disk, do, directory.durable, directory.release)
    except OSError as error:
        directory.release()
        raise ValueError(f"{error.strerror}: {error.filename}; mend the disk first") from None
    except ValueError:
        directory.release()
        raise


@implementer(IState)
class FileState:
    """
    Files in a directory.

    @ivar durable: what it keeps survives a power cut.
    """

    _log = Logger()

    def __init__(
        self,
        disk: Disk,
        do: Worker,
        durable: bool = True,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        """
        @param do: does work that may sleep, one thing at a time.
        @param release: lets another process have the directory.
        @raise ValueError: what is there cannot be used.
        @raise OSError: the disk fails.
        """
        self.durable = durable
        self._disk = disk
        self._do = do
        self._release = release
        try:
            self._numbers = Numbers(disk, NUMBERS, (NUMBER,))
        except ValueError as why:
            raise ValueError(f"{NUMBERS}: {why}; restore it, or remove it") from None

    def start(self, above: int, count: int) -> tuple[dict[str, str], int]:
        """
        What the last process has left; to be called before the reactor runs, as it may sleep.

        @param above: the highest number that somebody else knows.
        @param count: reserve so many.
        @return: the printing ports that are paused, and the first number that is reserved.
        @raise OSError: the disk fails.
        """
        self._numbers.beyond(NUMBER, above)
        first = self._numbers.next(NUMBER, count)
        try:
            return readPaused(self._disk), first
        except BadRecord as why:
            self._log.error("which ports are paused is not known: {why}", why=str(why))
            return {}, first

    def reserve(self, count: int) -> Deferred[int]:
        """L{IState}."""
        return self._inThread(lambda: self._numbers.next(NUMBER, count))

    def paused(self) -> Deferred[Mapping[str, str]]:
        """L{IState}."""
        return self._inThread(lambda: readPaused(self._disk))

    def setPaused(self, paused: Mapping[str, str]) -> Deferred[None]:
        """L{IState}."""
        written = dict(paused)
        return self._inThread(lambda: writePaused(self._disk, written))

    def close(self) -> Deferred[None]:
        """L{IState}."""
        self._release()
        return succeed(None)

    def _inThread(self, work: Callable[[], _Result]) -> Deferred[_Result]:
        return self._do(work).addErrback(_failed)


def _failed(failure: Failure) -> Failure:
    if isinstance(failure.value, OSError):
        raise whatFailed(failure.value, "the state directory") from failure.value
    return failure
