"""
What the queues of one spool share, and what each knows of its printing port.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from random import Random
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ..errors import PrintError
from ..interfaces import IHistory, IQueuedJob, ISpool
from ..named import PortSettings
from ..record import JobRecord
from .dialling import Dialling
from .record import Kept, Room, SpoolRecord


class Port(Protocol):
    """A printing port, as its queue knows it."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> PortSettings: ...

    @property
    def uri(self) -> str:
        """Where it prints; without secrets."""

    @property
    def description(self) -> str: ...

    @property
    def positional(self) -> bool:
        """Is it known by its place on the command line only?"""

    def submit(self, job: IQueuedJob) -> None:
        """Put a job in line."""

    def answers(self) -> Deferred[bool] | None:
        """Ask whether its printer works; L{None}: only a job finds out."""


class GonePort:
    """A printing port of which only kept jobs are left."""

    settings = PortSettings()
    positional = False
    description = uri = ""

    def __init__(self, name: str) -> None:
        self.name = name

    def submit(self, job: IQueuedJob) -> None:
        """L{Port}: not called."""

    def answers(self) -> Deferred[bool] | None:
        """L{Port}: there is no printer."""
        return None


class Duplicates(Protocol):
    """Jobs whose senders cannot have heard that they are kept."""

    def found(self, jobs: Iterable[Kept]) -> None:
        """These were there at the start."""

    def neverTold(self, record: SpoolRecord) -> None:
        """The sender of this one was lost before its reply was written."""

    def original(self, record: SpoolRecord) -> Deferred[int]:
        """The number of the job of which this is the same again; 0: of none.  Each counts once."""


class Neighbours(Protocol):
    """Other gateways, with which this one shares the spool."""

    def replied(self, number: int) -> None:
        """The sender of a job has had the reply: the gateway that has its port may print it."""

    def ask(
        self, port: str, verb: str, number: int, target: str, by: str
    ) -> Coroutine[Any, Any, None]:
        """Have the one that prints on a port do something."""

    def duplicates(self) -> Duplicates:
        """The duplicates on one port, also of jobs that other gateways took."""


class QueueContext(Protocol):
    """
    What the queues of a spool share.

    @ivar dialling: a moment for each attempt to reach a printer that has not answered before.
    @ivar asking: a moment for each question to a printer that is away.
    @ivar dice: by how much a pause is longer.
    @ivar first: numbers from here on are of jobs that came to this process.
    @ivar broken: why the spool takes nothing; L{None}: it is well.
    @ivar paused: ports that wait for a person, in lower case, each with the person who paused it.
    @ivar shared: other gateways; L{None}: this one has the spool for itself.
    @ivar told: is given each change of a job.
    @ivar portChanged: is told when a queue's port is seen otherwise.
    @ivar history: what is to know the jobs that have ended; L{None}: nothing is.
    """

    spool: ISpool
    clock: IReactorTime
    wallClock: Callable[[], float]
    dialling: Dialling
    asking: Dialling
    dice: Random
    first: int
    broken: PrintError | None
    paused: dict[str, str]

    @property
    def shared(self) -> Neighbours | None: ...

    told: Callable[[JobRecord], None]
    portChanged: Callable[[str], None]
    history: IHistory | None

    def room(self) -> Deferred[Room]:
        """What the spool can take, as it was a moment ago."""

    def failed(self, error: PrintError) -> None:
        """The spool has failed: nothing is taken and printed until it is well."""

    def whenWell(self) -> Deferred[None]:
        """Fires when it is well."""

    def pause(self, port: str, by: str) -> Deferred[None]:
        """Let a port wait for a person."""

    def resume(self, port: str) -> Deferred[None]:
        """Let it print again."""
