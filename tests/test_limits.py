"""
What an operator may limit or relax: who connects, how often, how much, and what a lost control
connection means.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock

from jetdirect.ftp.control import LINGER
from jetdirect.ftp.settings import SessionSettings
from jetdirect.gateway import Gateway
from jetdirect.job import JobState
from jetdirect.testing import FakePrinter, FakeSender


class Bench:
    """A gateway in memory with one printer."""

    def __init__(self, maxJobBytes: int | None = None, **settings: Any) -> None:
        self.reactor = MemoryReactorClock()
        self.printer = FakePrinter()
        self.gateway = Gateway(
            [self.printer],
            self.reactor,
            [],
            SessionSettings(**settings),
            maxJobBytes=maxJobBytes,
        )

    def sender(self, host: str = "192.0.2.1") -> FakeSender:
        """Somebody who connects."""
        return FakeSender(self.gateway.factory, host)

    def user(self, host: str = "192.0.2.1") -> FakeSender:
        """Somebody who has logged in."""
        sender = self.sender(host)
        sender.login()
        return sender

    @property
    def job(self) -> Any:
        """The only job."""
        [job] = self.gateway.server.jobs
        return job


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("192.0.2.1", "220"),
        ("::ffff:192.0.2.1", "220"),
        ("192.0.3.1", "421"),
        ("2001:db8::1", "220"),
        ("2001:db9::1", "421"),
    ],
)
def test_allowed(host: str, code: str) -> None:
    """Only the networks that are named may connect; an IPv4-mapped address is the IPv4 address."""
    bench = Bench(allow=[ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")])
    assert bench.sender(host).greeting[:3] == code


def test_sessionsPerHost() -> None:
    """One address has its own limit, and others still find a place."""
    bench = Bench(maxSessions=3, maxSessionsPerHost=1)
    first = bench.sender()
    assert bench.sender().greeting[:3] == "421"
    assert bench.sender("192.0.2.2").greeting[:3] == "220"
    first.wire.fin()
    assert bench.sender().greeting[:3] == "220"


def test_sessionsPerHostWhoseEndIsUnread() -> None:
    """A session whose end has come frees its place for the same address before it was read."""
    bench = Bench(maxSessionsPerHost=1)
    bench.sender().wire.gone = True
    assert bench.sender().greeting[:3] == "220"


def test_jobOfTheLongestSize() -> None:
    """A job may have as many bytes as are allowed."""
    bench = Bench(maxJobBytes=4)
    assert "226 Transfer complete" in bench.user().upload("page", b"1234")


def test_jobTooLarge() -> None:
    """A longer job is cut at the limit, for good, and no byte beyond reaches the printer."""
    bench = Bench(maxJobBytes=4)
    sender = bench.user()
    sender.begin("page")
    assert sender.data is not None
    sender.data.receive(b"%!PS")
    assert sender.send(b"5")[:4] == "552 "
    [printed] = bench.printer.jobs
    assert (printed.data, printed.tail, printed.ended) == (b"%!PS", b"\x04", "aborted")
    assert bench.job.state is JobState.ABORTED


@pytest.mark.parametrize(("kind", "code"), [("I", "552"), ("A", "150")])
def test_jobAnnouncedTooLarge(kind: str, code: str) -> None:
    """A size announced in TYPE I beyond the limit is refused before the printer is opened."""
    bench = Bench(maxJobBytes=4)
    sender = bench.user()
    sender.say(f"TYPE {kind}")
    sender.say("ALLO 5")
    assert sender.begin("page")[:3] == code
    assert len(bench.printer.jobs) == (code == "150")


def test_fireAndForget() -> None:
    """With the switch a job outlives its control connection; the record says that nobody heard."""
    bench = Bench(fireAndForget=True)
    sender = bench.user()
    sender.begin("page")
    assert sender.data is not None
    sender.data.receive(b"one ")
    sender.wire.fin()
    assert not bench.gateway.factory.sessions
    sender.data.receive(b"two")
    sender.data.fin()
    assert bench.printer.jobs[0].data == b"one two"
    assert (bench.job.state, bench.job.heard) == (JobState.COMPLETED, False)


def test_withoutFireAndForget() -> None:
    """Without it, the same job is aborted at once."""
    bench = Bench()
    sender = bench.user()
    sender.begin("page")
    sender.wire.fin()
    assert bench.job.state is JobState.ABORTED


def test_graceIsWaited() -> None:
    """The control connection is watched for the grace before the printer is told of the end."""
    bench = Bench(controlLossGrace=0.25)
    sender = bench.user()
    sender.begin("page")
    assert sender.send(b"page") == ""
    bench.reactor.advance(0.25)
    assert "226 Transfer complete" in sender.hear()


def test_lossWithinTheGrace() -> None:
    """A control connection that is lost within the grace is evidence against the job."""
    bench = Bench(controlLossGrace=0.25)
    sender = bench.user()
    sender.begin("page")
    sender.send(b"page")
    sender.wire.fin()
    assert bench.job.state is JobState.ABORTED
    assert bench.printer.jobs[0].ended == "aborted"


def test_noGraceForACutJob() -> None:
    """A job that is lost already needs no further evidence: its sender is told at once."""
    bench = Bench(controlLossGrace=5)
    sender = bench.user()
    sender.begin("page")
    assert sender.data is not None
    sender.data.receive(b"page")
    bench.printer.jobs[0].lose()
    assert sender.hear()[:4] == "551 "


def test_orphanIsNotHeardOut() -> None:
    """Whose sender has left already cannot be told why it was cut, and leaves nothing behind."""
    bench = Bench(fireAndForget=True, idleTimeout=0)
    sender = bench.user()
    sender.begin("page")
    assert sender.data is not None
    sender.data.receive(b"page")
    sender.wire.fin()
    bench.printer.jobs[0].lose()
    assert not sender.data.connected
    bench.reactor.advance(LINGER)
    assert not bench.reactor.getDelayedCalls()


def test_drain() -> None:
    """At a shutdown the running job goes on, the waiting one is refused, and nobody else begins."""
    bench = Bench(maxSessions=4)
    running, waiting, idle = bench.user(), bench.user(), bench.user()
    running.begin("first")
    waiting.begin("second")
    stopped = bench.gateway.factory.stopSessions(60)
    assert [reply[:3] for reply in waiting.hear().split("\n")] == ["421", "421"]
    assert idle.hear()[:3] == "421"
    assert bench.sender().greeting[:3] == "421"
    replies = running.send(b"page").split("\n")
    assert [reply[:4] for reply in replies][-2:] == ["226 ", "421 "]
    for each in (running, waiting, idle):
        each.wire.fin()
    assert stopped.called
    assert not [call for call in bench.reactor.getDelayedCalls() if call.getTime() > 10]


def test_drainEnds() -> None:
    """A job that is not done in time is cut, and its sender told so: 551, then 421."""
    bench = Bench()
    sender = bench.user()
    sender.begin("first")
    assert sender.data is not None
    sender.data.receive(b"half a ")
    bench.gateway.factory.stopSessions(60)
    bench.reactor.advance(59)
    assert sender.hear() == ""
    bench.reactor.advance(1)
    assert [reply[:3] for reply in sender.hear().split("\n")] == ["551", "421"]
