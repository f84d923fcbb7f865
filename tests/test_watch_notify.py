"""
Having operators told: what is heard and looked at of a gateway, and receivers that do not answer.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import LogEvent, LogLevel, capturedLogs, formatEvent
from zope.interface import implementer
from zope.interface.verify import verifyObject

from jetdirect import onlookers
from jetdirect.configuration import Configuration
from jetdirect.errors import SpoolFailed
from jetdirect.interfaces import IAlarmReceiver, IWatcher
from jetdirect.record import JobRecord, JobState, PortRecord, PortState
from jetdirect.spool.limits import Least
from jetdirect.testing import FakePrinter
from jetdirect.watch.alarms import Digest
from jetdirect.watch.notify import AGAIN, GAP, LOOK, ROOM, TELLING, TRIES, Notifier, Seen
from jetdirect.watch.retention import Names, Retention
from jetdirect.watch.settings import NotifySettings, Webhook
from jetdirect.watch.wire import NotTold
from tests.conftest import FlushErrors
from tests.support.answers import hear
from tests.support.machine import START, Machine
from tests.test_watch_log import job as jobRecord

WALL = 1_000_000.0
SETTINGS = NotifySettings(mailTo=("ops@example.com",))


@implementer(IAlarmReceiver)
class Receiver:
    """
    One that answers as it is told to.

    @ivar answers: what it answers next; then it takes everything.
    @ivar told: when, and what.
    """

    def __init__(self, clock: Clock, name: str = "a receiver") -> None:
        self.name = name
        self.clock = clock
        self.answers: list[Deferred[None] | Exception] = []
        self.told: list[tuple[float, Digest]] = []

    def tell(self, digest: Digest, now: float) -> Deferred[None]:
        self.told.append((self.clock.seconds(), digest))
        answer = self.answers.pop(0) if self.answers else succeed(None)
        return fail(answer) if isinstance(answer, Exception) else answer

    @property
    def events(self) -> list[str]:
        """What it was told, one after the other."""
        return [f"{e.event} {e.port}".strip() for _, each in self.told for e in each.events]


class WatchedGateway:
    """What a notifier looks at."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.jobs: list[JobRecord] = []
        self.why = ""
        self.shortness: Deferred[str] | str = ""
        self.asked = 0

    def ports(self) -> Sequence[Seen]:
        return self.seen

    def printing(self) -> Sequence[JobRecord]:
        return self.jobs

    def broken(self) -> str:
        return self.why

    def short(self) -> Deferred[str]:
        self.asked += 1
        return succeed(self.shortness) if isinstance(self.shortness, str) else self.shortness


def port(
    name: str = "ward3",
    stopped: bool = False,
    reasons: tuple[str, ...] = (),
    message: str = "",
    held: int = 0,
) -> PortRecord:
    """A printing port."""
    state = PortState.STOPPED if stopped else PortState.IDLE
    return PortRecord(
        name=name, number=1, aliases=(), uri="file:jobs", description="Ward 3", location="",
        state=state, reasons=reasons, message=message, since=0.0, accepting=True, spooled=False,
        queued=0, held=held, job=None,
    )  # fmt: skip


class Alarmed:
    """A notifier of two ports, and its receivers."""

    def __init__(self, settings: NotifySettings = SETTINGS, receivers: int = 1) -> None:
        self.clock = Clock()
        self.watched = WatchedGateway()
        self.receivers = [Receiver(self.clock, f"receiver {n}") for n in range(receivers)]
        self.notifier = Notifier(
            self.clock, settings, self.receivers, self.watched, lambda: WALL + self.clock.seconds()
        )
        self.notifier.keep([port(), port("lab")])
        self.notifier.start()

    @property
    def receiver(self) -> Receiver:
        """The first one."""
        return self.receivers[0]

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds)):
            self.clock.advance(1)


@pytest.fixture
def events() -> Iterator[Sequence[LogEvent]]:
    """The events of the log."""
    with capturedLogs() as found:
        yield found


def test_stopped() -> None:
    """A printer that stops is told of after a minute, with its reason; and when it is back."""
    alarmed = Alarmed()
    alarmed.notifier.portChanged(port(stopped=True, message="stopped: media-empty"))
    alarmed.wait(60 - 1)
    assert alarmed.receiver.told == []
    alarmed.wait(LOOK + 1)
    [(_, digest)] = alarmed.receiver.told
    assert digest.events[0].text == "ward3 (Ward 3) stopped: media-empty"
    assert digest.events[0].since == WALL
    alarmed.notifier.portChanged(port(message="works again, after 65 s"))
    alarmed.wait(60 + LOOK)
    assert alarmed.receiver.events == ["port.stopped ward3", "port.recovered ward3"]
    assert "works again, after 65 s" in alarmed.receiver.told[1][1].events[0].text


@pytest.mark.parametrize("down", [5, 30, 61, 70, 130])
@pytest.mark.parametrize("up", [5, 30, 61, 70, 130])
def test_flapping(down: int, up: int) -> None:
    """A printer that comes and goes for an hour is at most one digest a minute."""
    alarmed = Alarmed()
    while alarmed.clock.seconds() < 3600:
        alarmed.notifier.portChanged(port(stopped=True, message="cannot be reached"))
        alarmed.wait(down)
        alarmed.notifier.portChanged(port(message="is reached again"))
        alarmed.wait(up)
    times = [when for when, _ in alarmed.receiver.told]
    assert all(later - earlier >= GAP for earlier, later in pairwise(times))
    assert len(times) <= 60
    assert bool(times) is (down > 60), "what does not last is told to nobody"
    if down > 60 and up < 60:
        assert alarmed.receiver.events == ["port.stopped ward3"]


def test_manyAtOnce() -> None:
    """What happens together is told together, and what happens then a minute later."""
    alarmed = Alarmed()
    for name in ("ward3", "lab"):
        alarmed.notifier.portChanged(port(name, stopped=True))
    alarmed.wait(70)
    alarmed.notifier.rejected(["no printer"])
    alarmed.wait(GAP)
    [(first, one), (second, other)] = alarmed.receiver.told
    assert (len(one.events), len(other.events)) == (2, 1)
    assert second - first == GAP


@pytest.mark.parametrize("reasons", [("paused",), ("spool-failed",), ("paused", "spool-failed")])
def test_notItsOwn(reasons: tuple[str, ...]) -> None:
    """A port that a person has paused is no alarm; nor is each one while the spool has failed."""
    alarmed = Alarmed()
    alarmed.notifier.portChanged(port(stopped=True, reasons=reasons))
    alarmed.wait(200)
    assert alarmed.receiver.told == []
    alarmed.notifier.portChanged(port(stopped=True, reasons=(*reasons, "media-empty")))
    alarmed.wait(70)
    assert alarmed.receiver.events == ["port.stopped ward3"]


def test_takesNothing() -> None:
    """A printer that takes no more of a job is stopped, too, though it does not say so."""
    alarmed = Alarmed()
    alarmed.wait(300)
    record = jobRecord(JobState.PROCESSING)._replace(port="ward3", printer="Ward 3", blocked=55.0)
    alarmed.watched.jobs = [record]
    alarmed.wait(LOOK)
    assert alarmed.receiver.told == []
    alarmed.watched.jobs = [record._replace(blocked=60.0)]
    alarmed.wait(LOOK)
    [(_, digest)] = alarmed.receiver.told
    assert digest.events[0].text == "ward3 (Ward 3) takes no more of job 31"
    alarmed.watched.jobs = []
    alarmed.wait(60 + 2 * LOOK)
    assert alarmed.receiver.events == ["port.stopped ward3", "port.recovered ward3"]


def test_stuckAndStopped() -> None:
    """While a printer says itself that it is stopped, the end of a job does not mend it."""
    alarmed = Alarmed()
    stuck = jobRecord(JobState.PROCESSING)._replace(port="ward3", blocked=90.0)
    alarmed.watched.jobs = [stuck]
    alarmed.wait(LOOK)
    alarmed.notifier.portChanged(port(stopped=True, message="stopped: media-empty"))
    alarmed.watched.jobs = []
    alarmed.wait(200)
    assert alarmed.receiver.events == ["port.stopped ward3"]
    alarmed.watched.jobs = [stuck]
    alarmed.wait(LOOK)
    alarmed.notifier.portChanged(port(message="works again"))
    alarmed.wait(200)
    assert alarmed.receiver.events == ["port.stopped ward3"]


def test_old() -> None:
    """A job that waits longer than it should, and when none does any more."""
    alarmed = Alarmed(replace(SETTINGS, oldest=600.0))
    alarmed.watched.seen = [Seen("ward3", 599.0), Seen("lab", 601.0)]
    alarmed.wait(LOOK)
    assert alarmed.receiver.events == ["queue.old lab"]
    assert alarmed.receiver.told[0][1].events[0].since == WALL + LOOK - 601
    alarmed.watched.seen = [Seen("ward3", 599.0), Seen("lab", 0.0)]
    alarmed.wait(GAP + LOOK)
    assert alarmed.receiver.events == ["queue.old lab", "queue.recovered lab"]


def test_oldNever() -> None:
    """With 0 a job may wait as long as it likes."""
    alarmed = Alarmed(replace(SETTINGS, oldest=0.0))
    alarmed.watched.seen = [Seen("ward3", 10.0**8)]
    alarmed.wait(100)
    assert alarmed.receiver.told == []


def test_spool() -> None:
    """A spool that has failed, and one that is short of space, which is asked for once a minute."""
    alarmed = Alarmed()
    alarmed.watched.why = "the spool's disk is gone"
    alarmed.watched.shortness = "1 GB is free"
    alarmed.wait(60 + LOOK + 1)
    assert alarmed.receiver.events == ["spool.failed", "spool.short"]
    assert "the spool's disk is gone" in alarmed.receiver.told[0][1].events[0].text
    asked = alarmed.watched.asked
    alarmed.wait(10 * ROOM)
    assert asked + 9 <= alarmed.watched.asked <= asked + 11
    alarmed.watched.why = alarmed.watched.shortness = ""
    alarmed.wait(ROOM + 60 + GAP)
    assert alarmed.receiver.events[2:] == ["spool.recovered", "spool.recovered"]


def test_silentDisk() -> None:
    """A disk that does not say what is free, or fails, holds up nobody, and is asked once."""
    alarmed = Alarmed()
    alarmed.watched.shortness = Deferred()
    alarmed.wait(5 * ROOM)
    assert alarmed.watched.asked == 1
    alarmed.notifier.rejected(["no printer"])
    alarmed.wait(LOOK)
    assert alarmed.receiver.events == ["config.rejected"]
    alarmed.watched.shortness.errback(OSError("gone"))
    alarmed.watched.shortness = ""
    alarmed.wait(ROOM)
    assert alarmed.watched.asked == 2


def test_elsewhere() -> None:
    """
    Of a port on which another gateway prints that one tells, and not this one: unless it says
    nothing.
    """
    alarmed, elsewhere = Alarmed(), ("printed-elsewhere",)
    alarmed.notifier.portChanged(port(stopped=True, message="cannot be reached"))
    alarmed.wait(50)
    alarmed.notifier.portChanged(port(reasons=elsewhere, held=2))
    alarmed.notifier.portChanged(port(stopped=True, reasons=(*elsewhere, "paused")))
    alarmed.wait(200)
    assert alarmed.receiver.events == []
    silent = (*elsewhere, "gateway-silent")
    message = "waits for its gateway: db, process 7 owns it and has not been heard of"
    alarmed.notifier.portChanged(port(stopped=True, reasons=silent, message=message))
    alarmed.wait(70)
    assert alarmed.receiver.events == ["port.stopped ward3"]
    assert "process 7 owns it" in alarmed.receiver.told[0][1].events[0].text


def test_held() -> None:
    """A held job is told of with its reason and its sender; one that was released is not."""
    alarmed = Alarmed()
    held = jobRecord(JobState.HELD)._replace(port="ward3", reason="interrupted")
    alarmed.notifier.jobChanged(held)
    alarmed.notifier.jobChanged(held._replace(number=32))
    alarmed.notifier.jobChanged(held._replace(number=33))
    alarmed.notifier.portChanged(port(held=3))
    alarmed.notifier.jobChanged(held._replace(number=32, state=JobState.PENDING))
    alarmed.notifier.jobEnded(held._replace(number=33, state=JobState.CANCELED))
    alarmed.wait(LOOK)
    [(_, digest)] = alarmed.receiver.told
    assert [each.text for each in digest.events] == [
        "job 31 on ward3 is held: interrupted ('a.ps' from 'bob' at 192.0.2.7)"
    ]
    alarmed.notifier.portChanged(port(held=1))
    alarmed.wait(4 * 3600 + LOOK)
    assert (
        alarmed.receiver.told[1][1].events[0].text == "ward3 (Ward 3): a job is held for a person"
    )


def test_rejected() -> None:
    """A refused configuration is told of at once, and not again when another one was taken."""
    alarmed = Alarmed()
    alarmed.notifier.rejected(["gateway.toml:3: no such key", "gateway.toml:4: no such key"])
    alarmed.wait(LOOK)
    [(_, digest)] = alarmed.receiver.told
    assert digest.events[0].text == (
        "the configuration is refused, nothing has changed: gateway.toml:3: no such key (1 more)"
    )
    alarmed.notifier.rejected([])
    alarmed.wait(5 * 3600)
    assert len(alarmed.receiver.told) == 1


def test_removedPort() -> None:
    """Nothing is told of a port that is no more, whatever still becomes of its jobs."""
    alarmed = Alarmed()
    alarmed.notifier.portChanged(port(stopped=True))
    alarmed.notifier.keep([port("lab")])
    alarmed.notifier.portChanged(port(stopped=True))
    alarmed.wait(200)
    assert alarmed.receiver.told == []


# Receivers that do not answer.


def test_threeTries(events: Sequence[LogEvent]) -> None:
    """One that answers at the third try has been told, and the log says so once."""
    alarmed = Alarmed()
    alarmed.receiver.answers = [NotTold("it answered 500") for _ in range(2)]
    alarmed.notifier.rejected(["x"])
    alarmed.wait(LOOK + sum(TRIES))
    ids = [digest.id for _, digest in alarmed.receiver.told]
    assert len(ids) == 3 and len({*ids}) == 1
    assert [formatEvent(each) for each in events] == ["receiver 0: the configuration was refused"]
    alarmed.wait(200)
    assert len(alarmed.receiver.told) == 3


def test_dead(events: Sequence[LogEvent]) -> None:
    """
    One that is dead is tried now and then, told of in the log once, and learns what stands when it
    is back; nothing piles up, and others are told meanwhile.
    """
    alarmed = Alarmed(receivers=2)
    dead, well = alarmed.receivers
    dead.answers = [NotTold("it refused the connection") for _ in range(3 * 20)]
    alarmed.notifier.portChanged(port("lab", stopped=True))
    while alarmed.clock.seconds() < 3600:
        alarmed.notifier.portChanged(port(stopped=True))
        alarmed.wait(100)
        alarmed.notifier.portChanged(port())
        alarmed.wait(100)
    assert len(well.told) > 30
    assert len(dead.told) <= 3 * (3600 / (AGAIN + sum(TRIES)) + 1)
    errors = [each for each in events if each["log_level"] is LogLevel.error]
    assert [formatEvent(each) for each in errors] == [
        "receiver 0 is not told that 2 ports are stopped: it refused the connection; it is tried"
        " every 5 minutes"
    ]
    dead.answers.clear()
    before = len(dead.told)
    alarmed.wait(AGAIN + sum(TRIES) + LOOK)
    [(_, digest)] = dead.told[before:]
    assert [(each.event, each.port) for each in digest.events] == [("port.stopped", "lab")]


def test_final() -> None:
    """One that refuses for good is not asked three times."""
    alarmed = Alarmed()
    alarmed.receiver.answers = [NotTold("it answered 404", final=True)]
    alarmed.notifier.rejected(["x"])
    alarmed.wait(AGAIN)
    assert len(alarmed.receiver.told) == 1
    alarmed.wait(2 * LOOK)
    assert len(alarmed.receiver.told) == 2


def test_silent(events: Sequence[LogEvent]) -> None:
    """One that never answers is given up after its time, and holds up no other."""
    alarmed = Alarmed(receivers=2)
    silent, well = alarmed.receivers
    given: list[bool] = []
    silent.answers = [Deferred(lambda _: given.append(True)) for _ in TRIES]
    alarmed.notifier.rejected(["x"])
    alarmed.wait(LOOK)
    assert len(well.told) == 1
    alarmed.wait(sum(TRIES) + 3 * TELLING + LOOK)
    assert given == [True] * 3
    [error] = [each for each in events if each["log_level"] is LogLevel.error]
    assert "no answer within 30 s" in formatEvent(error)


def test_fault(flushErrors: FlushErrors) -> None:
    """A mistake of ours in telling one is in the log, and the next digest is told."""
    alarmed = Alarmed()
    alarmed.receiver.answers = [ZeroDivisionError("x")]
    alarmed.notifier.rejected(["x"])
    alarmed.wait(LOOK)
    assert flushErrors(ZeroDivisionError)
    alarmed.wait(GAP + LOOK)
    assert len(alarmed.receiver.told) == 2


def test_stop() -> None:
    """It ends at once, whatever is under way, and leaves no timer."""
    alarmed = Alarmed(receivers=2)
    waiting, between = alarmed.receivers
    waiting.answers = [Deferred()]
    between.answers = [NotTold("x")]
    alarmed.notifier.rejected(["x"])
    alarmed.wait(LOOK + 1)
    alarmed.notifier.stop()
    alarmed.notifier.stop()
    assert alarmed.clock.getDelayedCalls() == []


def test_interfaces() -> None:
    """It is a watcher."""
    assert verifyObject(IWatcher, Alarmed().notifier)
    assert verifyObject(IAlarmReceiver, Alarmed().receiver)


# In a gateway.


class Told(Machine):
    """A spooling gateway that tells one receiver, which outlives it."""

    receiver: Receiver

    def configuration(self, **settings: Any) -> Configuration:
        """What it runs by."""
        return replace(self.gateway.configuration, notify=replace(SETTINGS, after=10.0, **settings))


@pytest.fixture
def receivers(monkeypatch: pytest.MonkeyPatch) -> list[Receiver]:
    """Those who are told, the last one made last."""
    made: list[Receiver] = []

    last: list[NotifySettings | None] = [None]

    def make(settings: NotifySettings, reactor: Any) -> list[Receiver]:
        if settings.webhook is not None:
            raise ValueError("nobody vouches for it")
        if settings != last[0] or made[-1].clock is not reactor:
            last[0] = settings
            made.append(Receiver(reactor))
        return made[-1:]

    monkeypatch.setattr(onlookers, "receivers", make)
    return made


def test_inAGateway(receivers: list[Receiver]) -> None:
    """Over a real gateway: a printer that is away, and jobs that are held; also those found."""
    machine = Told(expire=60.0, connectTimeout=2.0)
    machine.printer.silent = True
    machine.gateway.apply(machine.configuration())
    machine.upload()
    machine.advance(120)
    assert receivers[0].events == ["port.stopped PORT1", "job.held PORT1"]
    assert "expired after 60 s" in receivers[0].told[-1][1].events[0].text
    assert receivers[0].told[-1][1].events[0].since > START
    machine.restart()
    machine.gateway.apply(machine.configuration())
    machine.advance(30)
    assert receivers[1].events == ["job.held PORT1"], "those that were held before are told of"


def test_reload(receivers: list[Receiver]) -> None:
    """Other receivers learn what stands, the same ones nothing anew."""
    machine = Told(connectTimeout=2.0)
    machine.printer.silent = True
    machine.gateway.apply(machine.configuration())
    machine.upload()
    machine.advance(60)
    assert receivers[0].events == ["port.stopped PORT1"]
    machine.gateway.apply(machine.configuration())
    machine.advance(200)
    assert len(receivers) == len(receivers[0].told) == 1
    told = machine.gateway.apply(machine.configuration(mailTo=("night@example.com",)))
    assert told == ["alarms go to night@example.com by smtp://localhost:25 from now on"]
    machine.advance(60)
    assert receivers[1].events == ["port.stopped PORT1"]
    told = machine.gateway.apply(replace(machine.configuration(), notify=None))
    assert told == ["alarms go to nobody from now on"]
    machine.gateway.rejected(["x"])
    machine.advance(400)
    assert [len(each.told) for each in receivers] == [1, 1]


def test_untrusted(receivers: list[Receiver]) -> None:
    """A receiver that cannot be one is told before anything has changed."""
    machine = Told([FakePrinter(), FakePrinter()])
    said = machine.configuration(webhook=Webhook("127.0.0.1", 1, True))
    with pytest.raises(ValueError, match="nobody vouches for it"):
        machine.gateway.apply(replace(said, printers=machine.printers[:1]))
    assert len(machine.server.ports) == 2 and machine.gateway.configuration.notify is None


@pytest.mark.parametrize(
    ("names", "told"),
    [(Names.KEEP, "('a.ps' from "), (Names.MASK, "('a***' from "), (Names.OMIT, "(from ")],
)
def test_names(receivers: list[Receiver], names: Names, told: str) -> None:
    """What the history is not to know of a name, no mail says either."""
    machine = Told()
    machine.printer.silent = True
    machine.gateway.apply(replace(machine.configuration(), retention=Retention(names=names)))
    machine.upload()
    machine.advance(1)
    hear(machine.gateway.operator.hold(1, "anna"))
    machine.advance(10)
    [(_, digest)] = receivers[0].told
    assert told in digest.events[0].text
    assert names is Names.KEEP or "a.ps" not in digest.events[0].text


def test_portsOfAReload(receivers: list[Receiver]) -> None:
    """A port that a reload takes away is told of no more."""
    machine = Told([FakePrinter(), FakePrinter()], connectTimeout=2.0)
    for each in machine.printers:
        each.silent = True
    machine.gateway.apply(machine.configuration(remind=60.0))
    for name in ("PORT1/a", "PORT2/a"):
        machine.upload(name=name)
    machine.advance(60)
    [receiver] = receivers
    assert [len(digest.events) for _, digest in receiver.told] == [2]
    machine.gateway.apply(
        replace(machine.configuration(remind=60.0), printers=machine.printers[:1])
    )
    machine.advance(200)
    assert receivers == [receiver]
    assert len(receiver.told) > 2
    assert {*receiver.events[2:]} == {"port.stopped PORT1"}


def test_brokenSpool(receivers: list[Receiver]) -> None:
    """A spool that fails is one alarm, not one of each port; and it is told when it is well."""
    machine = Told([FakePrinter(), FakePrinter()])
    machine.gateway.apply(machine.configuration())

    def fault(number: int, name: str) -> None:
        if name == "create":
            raise OSError(errno.EIO, "failed")

    machine.disk.fault = fault
    machine.spooling.failed(SpoolFailed("the disk is gone"))
    machine.advance(30)
    assert receivers[0].events == ["spool.failed"]
    machine.disk.fault = lambda number, name: None
    machine.advance(80)
    assert receivers[0].events == ["spool.failed", "spool.recovered"]


def test_shortOfSpace(receivers: list[Receiver]) -> None:
    """Before the disk has less than is to stay free, it is told how much there is."""
    machine = Told(minFree=Least(percent=60.0))
    machine.gateway.apply(machine.configuration())
    machine.advance(30)
    [(_, digest)] = receivers[0].told
    assert digest.events[0].event == "spool.short"
    assert "jobs are refused (452)" in digest.events[0].text


def test_stopsWithTheGateway(receivers: list[Receiver]) -> None:
    """A gateway that ends tells nobody."""
    machine = Told()
    machine.gateway.apply(machine.configuration())
    machine.printer.silent = True
    machine.upload()
    machine.gateway.stopService()
    machine.advance(100)
    assert receivers[0].told == []
