"""
A spool whose store may sleep, asked from the reactor: what all such spools have in common.

What concerns one job is done one thing after the other, and the commits of a port are told in the
order in which they were asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from zope.interface import implementer

from ..interfaces import IDraft
from .record import Found, JobPlace, Room, SpoolRecord
from .turns import InOrder, Turns

_Result = TypeVar("_Result")


class SleepingDraft(Protocol):
    """A job that comes; L{IDraft}, but each method may sleep."""

    number: int

    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    def write(self, data: bytes) -> None: ...
    def commit(self, record: SpoolRecord, to: JobPlace) -> SpoolRecord: ...
    def cut(self) -> bool: ...
    def discard(self) -> None: ...


class SleepingStore(Protocol):
    """Kept jobs; L{ISpool<jetdirect.interfaces.ISpool>}, but each method may sleep."""

    def addPort(self, name: str) -> Found: ...
    def portNames(self) -> Sequence[str]: ...
    def record(self, number: int) -> SpoolRecord: ...
    def change(self, record: SpoolRecord, place: JobPlace) -> None: ...
    def verify(self, number: int) -> None: ...
    def setAside(self, number: int) -> None: ...
    def note(self, number: int, sent: int) -> None: ...
    def noted(self, number: int) -> int: ...
    def wasHeard(self, number: int) -> bool: ...
    def remove(self, number: int) -> None: ...
    def room(self) -> Room: ...


class Worker(Protocol):
    """Does work that may sleep: L{Threads.do<jetdirect.spool.threads.Threads.do>}."""

    def __call__(self, work: Callable[[], _Result]) -> Deferred[_Result]: ...


class Places(Protocol):
    """Places in the order of jobs."""

    def next(self) -> Deferred[int]: ...
    def take(self) -> int | None:
        """The next one, if it is there at once."""


class AskedSpool(ABC):
    """Those methods of L{ISpool<jetdirect.interfaces.ISpool>} that do nothing but ask."""

    def __init__(self, store: SleepingStore, places: Places, do: Worker) -> None:
        self._store = store
        self._do = do
        self._places = places
        self._jobs = Turns()
        self._commits: dict[str, InOrder] = {}

    @abstractmethod
    def _inThread(self, work: Callable[[], _Result]) -> Deferred[_Result]:
        """Do what may sleep; its errors are those of a job."""

    def addPort(self, name: str) -> Deferred[Found]:
        """L{ISpool}."""
        return self._inThread(lambda: self._store.addPort(name))

    def portNames(self) -> Deferred[Sequence[str]]:
        """L{ISpool}."""
        return self._inThread(self._store.portNames)

    def nextPlace(self) -> Deferred[int]:
        """L{ISpool}."""
        return self._places.next()

    def record(self, number: int) -> Deferred[SpoolRecord]:
        """L{ISpool}."""
        return self._forJob(number, lambda: self._store.record(number))

    def change(self, record: SpoolRecord, to: JobPlace) -> Deferred[None]:
        """L{ISpool}."""
        return self._forJob(record.number, lambda: self._store.change(record, to))

    def verify(self, number: int) -> Deferred[None]:
        """L{ISpool}."""
        return self._forJob(number, lambda: self._store.verify(number))

    def setAside(self, number: int) -> Deferred[None]:
        """L{ISpool}."""
        return self._forJob(number, lambda: self._store.setAside(number))

    def note(self, number: int, sent: int) -> Deferred[None]:
        """L{ISpool}."""
        return self._hint(number, lambda: self._store.note(number, sent))

    def noted(self, number: int) -> Deferred[int]:
        """L{ISpool}."""
        return self._forJob(number, lambda: self._store.noted(number))

    def wasHeard(self, number: int) -> Deferred[bool]:
        """L{ISpool}."""
        return self._forJob(number, lambda: self._store.wasHeard(number))

    def remove(self, number: int) -> Deferred[None]:
        """L{ISpool}."""
        return self._forJob(number, lambda: self._store.remove(number))

    def room(self) -> Deferred[Room]:
        """L{ISpool}."""
        return self._inThread(self._store.room)

    # Inside.

    def _forJob(self, number: int, work: Callable[[], _Result]) -> Deferred[_Result]:
        return self._jobs.do(number, lambda: self._inThread(work))

    def _hint(self, number: int, work: Callable[[], None]) -> Deferred[None]:
        return self._forJob(number, work).addErrback(lambda _: None)

    def _commit(
        self, draft: SleepingDraft, port: str, record: SpoolRecord, to: JobPlace
    ) -> Deferred[SpoolRecord]:
        def placed(place: int) -> Deferred[SpoolRecord]:
            return self._keep(draft, record.but(place=place), to)

        place = self._places.take()
        committed = self._places.next().addCallback(placed) if place is None else placed(place)
        return self._commits.setdefault(port.lower(), InOrder()).give(committed)

    def _keep(
        self, draft: SleepingDraft, record: SpoolRecord, to: JobPlace
    ) -> Deferred[SpoolRecord]:
        return self._inThread(lambda: draft.commit(record, to))


@implementer(IDraft)
class AskedDraft:
    """A job that comes into such a spool."""

    def __init__(self, spool: AskedSpool, draft: SleepingDraft, port: str) -> None:
        self.number = draft.number
        self._spool = spool
        self._draft = draft
        self._port = port

    @property
    def size(self) -> int:
        """L{IDraft}."""
        return self._draft.size

    @property
    def sha256(self) -> str:
        """L{IDraft}."""
        return self._draft.sha256

    def write(self, data: bytes) -> Deferred[None]:
        """L{IDraft}."""
        return self._spool._inThread(lambda: self._draft.write(data))

    def commit(self, record: SpoolRecord, to: JobPlace = JobPlace.QUEUE) -> Deferred[SpoolRecord]:
        """L{IDraft}."""
        return self._spool._commit(self._draft, self._port, record, to)

    def cut(self) -> bool:
        """L{IDraft}."""
        return self._draft.cut()

    def discard(self) -> Deferred[None]:
        """L{IDraft}: what stays, the next start removes."""
        return self._spool._do(self._draft.discard).addErrback(lambda _: None)
