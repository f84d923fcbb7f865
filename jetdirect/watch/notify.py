"""
Telling operators of what stands against printing: at most once a minute, and never in its way.

What a gateway knows is looked at every few seconds; each receiver is brought one digest at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..interfaces import IAlarmReceiver, IWatcher, unheard
from ..net.deadline import within
from ..record import JobRecord, JobState, PortRecord, PortState
from ..text import presentable
from .alarms import Digest, Ledger, Standing
from .pace import Pace
from .settings import NotifySettings
from .wire import NotTold
from .wording import headline, lasted

LOOK = 5.0
"""Seconds between two looks at what stands (chosen)."""

GAP = 60.0
"""Seconds between two digests for one receiver: the issue's one mail a minute."""

TRIES = (0.0, 2.0, 20.0)
"""Seconds before each try to tell a receiver (chosen: a restart, and a longer one)."""

TELLING = 30.0
"""Seconds that a try may take, the lookup of a name included (chosen)."""

AGAIN = 300.0
"""Seconds after which a receiver that could not be told is tried again (chosen): with what stands
then."""

ROOM = 60.0
"""Seconds between two looks at the room in the spool (chosen)."""

NOT_ALARMING = frozenset({"paused", "spool-failed"})
"""Why a port may be stopped without an alarm of its own: a person did it, or all of them are."""


class Seen(NamedTuple):
    """
    A printing port that is looked at.

    @ivar oldest: for how many seconds its oldest job waits.
    """

    name: str
    oldest: float


class Watched(Protocol):
    """What the notifier asks a gateway."""

    def ports(self) -> Iterable[Seen]:
        """All printing ports, in pieces of work: each is made when it is asked for."""

    def printing(self) -> Sequence[JobRecord]:
        """The jobs that have a printer."""

    def broken(self) -> str:
        """Why the spool takes nothing; empty: it does."""

    def short(self) -> Deferred[str]:
        """How the spool is short of space, in a sentence; empty: it is not."""


class Courier:
    """
    Brings one receiver its digests.

    A receiver that is dead or slow costs a connection now and then, and nothing is kept for it but
    what stands.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, receiver: IAlarmReceiver, ledger: Ledger) -> None:
        self.ledger = ledger
        self._clock = clock
        self._receiver = receiver
        self._notBefore = clock.seconds()
        self._failed = False
        self._going: Deferred[None] | None = None

    def look(self, wall: float) -> None:
        """
        Set out, if there is something to tell.

        @param wall: seconds since the epoch.
        """
        now = self._clock.seconds()
        if self._going is not None or now < self._notBefore:
            return
        digest = self.ledger.digest(now)
        if digest is not None:
            self._notBefore = now + GAP
            self._going = Deferred.fromCoroutine(self._bring(digest, wall))
            self._going.addErrback(self._fault).addBoth(self._back)

    def stop(self) -> None:
        """Tell nothing more."""
        if self._going is not None:
            self._going.cancel()

    def _back(self, _: object) -> None:
        self._going = None

    def _fault(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            self._log.failure("{who} cannot be told", failure, who=self._receiver.name)

    async def _bring(self, digest: Digest, wall: float) -> None:
        why = ""
        for pause in TRIES:
            await deferLater(self._clock, pause)
            try:
                await within(self._receiver.tell(digest, wall), TELLING, self._clock)
            except TimeoutError:
                why = f"no answer within {TELLING:.0f} s"
            except NotTold as error:
                why = str(error)
                if error.final:
                    break
            else:
                self._log.info(
                    "{who}: {what}", who=self._receiver.name, what=presentable(headline(digest))
                )
                self._failed = False
                self.ledger.told(digest)
                return
        self._notBefore = self._clock.seconds() + AGAIN
        if not self._failed:
            self._log.error(
                "{who} is not told that {what}: {why}; it is tried every {minutes:.0f} minutes",
                who=self._receiver.name,
                what=presentable(headline(digest)),
                why=presentable(why),
                minutes=AGAIN / 60,
            )
        self._failed = True


@implementer(IWatcher)
class Notifier:
    """Knows what stands, and has each receiver told."""

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        settings: NotifySettings,
        receivers: Sequence[IAlarmReceiver],
        watched: Watched,
        wallClock: Callable[[], float],
        shown: Callable[[JobRecord], JobRecord] = lambda record: record,
    ) -> None:
        """
        @param wallClock: seconds since the epoch.
        @param shown: a job as others may know it: a name may be nobody's business.
        """
        self._clock = clock
        self._settings = settings
        self._watched = watched
        self._wallClock = wallClock
        self._shown = shown
        self._standing = Standing(settings.after)
        self._couriers = [
            Courier(clock, each, Ledger(self._standing, settings.remind)) for each in receivers
        ]
        self._names: set[str] = set()
        self._stopped: dict[str, str] = {}
        self._stuck: dict[str, str] = {}
        self._lookedForRoom: float | None = None
        self._asking = False
        self._looking: Deferred[None] | None = None

    def start(self) -> None:
        """Look from now on."""
        self._looking = Deferred.fromCoroutine(self._checkRegularly())
        self._looking.addErrback(self._fault)

    def stop(self) -> None:
        """Stop looking and telling."""
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
        for each in self._couriers:
            each.stop()

    def keep(self, ports: Iterable[PortRecord]) -> None:
        """There are these printing ports, which are so, and no others any more."""
        known = [*ports]
        self._names = {each.name for each in known}
        self._standing.keep(self._names)
        for each in known:
            self.portChanged(each)

    # What is heard.

    def rejected(self, sentences: Sequence[str]) -> None:
        """
        A configuration was refused, and the one before goes on.

        @param sentences: what is wrong; none: another one was taken.
        """
        if sentences:
            more = f" ({len(sentences) - 1} more)" if sentences[1:] else ""
            text = f"the configuration is refused, nothing has changed: {sentences[0]}{more}"
            self._stands("config.rejected", "", text)
        else:
            self._isOver("config.rejected", "", "")

    jobSubmitted = jobProgressed = unheard

    def jobChanged(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        if record.state is not JobState.HELD:
            self.jobEnded(record)  # it is not held any more
            return
        record = self._shown(record)
        name = f"{record.name!r} " if record.name else ""
        text = (
            f"job {record.number} on {record.port} is held: {record.reason}"
            f" ({name}from {record.user!r} at {record.host})"
        )
        for each in self._couriers:
            each.ledger.held(record.number, record.port, text, self._wallClock())

    def jobEnded(self, record: JobRecord) -> None:
        """L{IWatcher}."""
        for each in self._couriers:
            each.ledger.released(record.number)

    def portChanged(self, record: PortRecord) -> None:
        """L{IWatcher}."""
        name = record.name
        if name not in self._names:
            return
        reasons = {*record.reasons}
        if "printed-elsewhere" in reasons and "gateway-silent" not in reasons:
            self._stopped.pop(name, None)
            self._standing.drop(name)  # the gateway that prints there tells of it
            return
        stopped = record.state is PortState.STOPPED and bool(not reasons or reasons - NOT_ALARMING)
        said = record.message or ("is stopped" if stopped else "works again")
        text = f"{name} ({record.description}) {said}"
        if stopped:
            self._stopped[name] = text
            self._stands("port.stopped", name, text)
        else:
            self._stopped.pop(name, None)
            if name not in self._stuck:
                self._isOver("port.stopped", name, text)
        if record.held:
            jobs = "a job is held" if record.held == 1 else f"{record.held} jobs are held"
            self._stands("job.held", name, f"{name} ({record.description}): {jobs} for a person")
        else:
            self._isOver("job.held", name, "")

    # What is looked at.

    async def _checkRegularly(self) -> None:
        while True:
            await deferLater(self._clock, LOOK)
            await self._lookAtPorts()
            self._lookAtJobs()
            self._lookAtSpool()
            self._standing.settle(self._clock.seconds())
            for each in self._couriers:
                each.look(self._wallClock())

    def _fault(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            self._log.failure("nobody is told of alarms any more", failure)

    async def _lookAtPorts(self) -> None:
        limit, pace = self._settings.oldest, Pace(self._clock)
        for each in self._watched.ports() if limit else ():
            if each.oldest > limit:
                text = f"{each.name}: its oldest job has waited for {lasted(each.oldest)}"
                self._stands("queue.old", each.name, text, each.oldest)
            else:
                text = f"{each.name}: no job has waited for {lasted(limit)}"
                self._isOver("queue.old", each.name, text)
            await pace.rest()

    def _lookAtJobs(self) -> None:
        # A printer without paper that cannot be asked is seen only so.
        stuck: dict[str, str] = {}
        for job in self._watched.printing():
            if job.blocked >= self._settings.after:
                text = f"{job.port} ({job.printer}) takes no more of job {job.number}"
                stuck[job.port] = text
                said = self._stopped.get(job.port, text)
                self._stands("port.stopped", job.port, said, job.blocked)
        for port in self._stuck.keys() - stuck.keys() - self._stopped.keys():
            self._isOver("port.stopped", port, f"{port} takes data again")
        self._stuck = stuck

    def _lookAtSpool(self) -> None:
        broken = self._watched.broken()
        if broken:
            self._stands("spool.failed", "", f"{broken}; no job is taken or printed")
        else:
            self._isOver("spool.failed", "", "the spool is well again")
        now, last = self._clock.seconds(), self._lookedForRoom
        if self._asking or (last is not None and now - last < ROOM):
            return
        self._lookedForRoom, self._asking = now, True
        self._watched.short().addCallbacks(self._room, lambda _: None).addBoth(self._asked)

    def _room(self, short: str) -> None:
        if short:
            self._stands("spool.short", "", short)
        else:
            self._isOver("spool.short", "", "the spool has room again")

    def _asked(self, _: object) -> None:
        self._asking = False

    def _stands(self, event: str, port: str, text: str, ago: float = 0.0) -> None:
        begun, since = self._clock.seconds() - ago, self._wallClock() - ago
        self._standing.stands(event, port, text, begun, since)

    def _isOver(self, event: str, port: str, text: str) -> None:
        self._standing.isOver(event, port, text, self._clock.seconds())
