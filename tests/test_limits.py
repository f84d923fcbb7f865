"""
What an operator may limit or relax: who connects, how often, how much, and what a lost control
connection means.
"""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent
from twisted.protocols.haproxy._wrapper import HAProxyWrappingFactory

from jetdirect.configuration import Configuration
from jetdirect.ftp.control import HEADER_TIMEOUT, LINGER, ControlConnection
from jetdirect.ftp.factory import PortFactory
from jetdirect.ftp.lingering import MOST_LINGERING
from jetdirect.ftp.settings import SessionSettings
from jetdirect.gateway import Gateway
from jetdirect.record import JobState
from jetdirect.testing import FakePrinter, FakeSender, MemoryWire
from tests.support.memory import MemoryGateway


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
    gateway = MemoryGateway(allow=[ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")])
    assert gateway.stranger(host).greeting[:3] == code


def test_sessionsPerHost() -> None:
    """One address has its own limit, and others still find a place."""
    gateway = MemoryGateway(maxSessions=3, maxSessionsPerHost=1)
    first = gateway.stranger()
    assert gateway.stranger().greeting[:3] == "421"
    assert gateway.stranger("192.0.2.2").greeting[:3] == "220"
    first.wire.fin()
    assert gateway.stranger().greeting[:3] == "220"


def test_sessionsPerHostWhoseEndIsUnread() -> None:
    """A session whose end has come frees its place for the same address before it was read."""
    gateway = MemoryGateway(maxSessionsPerHost=1)
    gateway.stranger().wire.gone = True
    assert gateway.stranger().greeting[:3] == "220"


def test_endedSessionsOfAHostTakeNoPlaces() -> None:
    """A host whose ends are not read yet takes no more places than it may, of all there are."""
    gateway = MemoryGateway(maxSessions=3, maxSessionsPerHost=1)
    for _ in range(10):
        sender = gateway.stranger("192.0.2.9")
        assert sender.greeting[:3] == "220"
        sender.wire.gone = True
        assert len(gateway.factory.sessions) == 1


def test_jobOfTheLongestSize() -> None:
    """A job may have as many bytes as are allowed."""
    gateway = MemoryGateway(maxJobBytes=4)
    assert "226 Transfer complete" in gateway.user().upload("page", b"1234")


def test_jobTooLarge() -> None:
    """A longer job is cut at the limit, for good, and no byte beyond reaches the printer."""
    gateway = MemoryGateway(maxJobBytes=4)
    sender = gateway.user()
    sender.begin("page")
    assert sender.data is not None
    sender.data.receive(b"%!PS")
    assert sender.send(b"5")[:4] == "552 "
    [printed] = gateway.printer.jobs
    assert (printed.data, printed.tail, printed.ended) == (b"%!PS", b"\x04", "aborted")
    assert gateway.job.state is JobState.ABORTED


@pytest.mark.parametrize(("kind", "code"), [("I", "552"), ("A", "150")])
def test_jobAnnouncedTooLarge(kind: str, code: str) -> None:
    """A size announced in TYPE I beyond the limit is refused before the printer is opened."""
    gateway = MemoryGateway(maxJobBytes=4)
    sender = gateway.user()
    sender.say(f"TYPE {kind}")
    sender.say("ALLO 5")
    assert sender.begin("page")[:3] == code
    assert len(gateway.printer.jobs) == (code == "150")


def test_fireAndForget() -> None:
    """With the switch a job outlives its control connection; the record says that nobody heard."""
    gateway = MemoryGateway(fireAndForget=True)
    sender = gateway.user()
    sender.begin("page")
    assert sender.data is not None
    sender.data.receive(b"one ")
    sender.wire.fin()
    assert len(gateway.factory.sessions) == 1
    sender.data.receive(b"two")
    sender.data.fin()
    assert not gateway.factory.sessions
    assert gateway.printer.jobs[0].data == b"one two"
    assert (gateway.job.state, gateway.job.heard) == (JobState.COMPLETED, False)


def test_withoutFireAndForget() -> None:
    """Without it, the same job is aborted at once."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.begin("page")
    sender.wire.fin()
    assert gateway.job.state is JobState.ABORTED


def test_graceIsWaited() -> None:
    """The control connection is watched for the grace before the printer is told of the end."""
    gateway = MemoryGateway(controlLossGrace=0.25)
    sender = gateway.user()
    sender.begin("page")
    assert sender.send(b"page") == ""
    gateway.reactor.advance(0.25)
    assert "226 Transfer complete" in sender.hear()


def test_lossWithinTheGrace() -> None:
    """A control connection that is lost within the grace is evidence against the job."""
    gateway = MemoryGateway(controlLossGrace=0.25)
    sender = gateway.user()
    sender.begin("page")
    sender.send(b"page")
    sender.wire.fin()
    assert gateway.job.state is JobState.ABORTED
    assert gateway.printer.jobs[0].ended == "aborted"


def test_noGraceForACutJob() -> None:
    """A job that is lost already needs no further evidence: its sender is told at once."""
    gateway = MemoryGateway(controlLossGrace=5)
    sender = gateway.user()
    sender.begin("page")
    assert sender.data is not None
    sender.data.receive(b"page")
    gateway.printer.jobs[0].lose()
    assert sender.hear()[:4] == "551 "


def test_orphanIsNotHeardOut() -> None:
    """A job whose sender has left is cut without a word, and leaves nothing behind."""
    gateway = MemoryGateway(fireAndForget=True, idleTimeout=0)
    sender = gateway.user()
    sender.begin("page")
    assert sender.data is not None
    sender.data.receive(b"page")
    sender.wire.fin()
    gateway.printer.jobs[0].lose()
    assert not sender.data.connected
    gateway.reactor.advance(LINGER)
    assert not gateway.reactor.getDelayedCalls()


def test_drain() -> None:
    """At a shutdown the running job goes on, the waiting one is refused, and nobody else begins."""
    gateway = MemoryGateway(maxSessions=4)
    running, waiting, idle = gateway.user(), gateway.user(), gateway.user()
    running.begin("first")
    waiting.begin("second")
    stopped = gateway.factory.stopSessions(60)
    assert [reply[:3] for reply in waiting.hear().split("\n")] == ["421", "421"]
    assert idle.hear()[:3] == "421"
    assert gateway.stranger().greeting[:3] == "421"
    replies = running.send(b"page").split("\n")
    assert [reply[:4] for reply in replies][-2:] == ["226 ", "421 "]
    for each in (running, waiting, idle):
        each.wire.fin()
    assert stopped.called
    assert not [call for call in gateway.reactor.getDelayedCalls() if call.getTime() > 10]


def test_drainEnds() -> None:
    """A job that is not done in time is cut, and its sender told so: 551, then 421."""
    gateway = MemoryGateway()
    sender = gateway.user()
    sender.begin("first")
    assert sender.data is not None
    sender.data.receive(b"half a ")
    gateway.factory.stopSessions(60)
    gateway.reactor.advance(59)
    assert sender.hear() == ""
    gateway.reactor.advance(1)
    assert [reply[:3] for reply in sender.hear().split("\n")] == ["551", "421"]


# Sessions and shares of a printing port


@pytest.mark.parametrize(
    ("ports", "most", "sessions", "share"),
    [
        (1, None, 3, 3),
        (12, None, 36, 3),
        (1, 1, 1, 1),
        (12, 2, 2, 2),
        (12, 20, 20, 3),
        (1, 50, 50, 50),
        (2, 50, 50, 25),
    ],
)
def test_shares(ports: int, most: int | None, sessions: int, share: int) -> None:
    """Three sessions for each printing port in all; a port's share is what falls to it of them."""
    settings = SessionSettings(maxSessions=most)
    assert (settings.sessions(ports), settings.share(ports)) == (sessions, share)


def test_oneJam() -> None:
    """A printer without paper keeps its own share waiting, and no other printer."""
    reactor = MemoryReactorClock()
    printers = [FakePrinter(), FakePrinter()]
    gateway = Gateway(Configuration(printers, []), reactor)
    senders = [FakeSender(gateway.factory) for _ in range(6)]
    for each in senders:
        each.login()
    replies = [each.begin("PORT1/a") for each in senders[:5]]
    assert replies[0].startswith("150") and replies[1:3] == ["", ""]
    for reply in replies[3:]:
        assert reply.startswith("450") and "PORT1 has its share of 3 jobs already" in reply
    assert "226 Transfer complete" in senders[5].upload("PORT2/b", b"page")
    assert FakeSender(gateway.factory).greeting[:3] == "421"
    for each in senders:
        each.wire.rst()


def test_aCutJobIsNoShare() -> None:
    """A job that was cut, and whose printer is not free yet, takes nobody's share."""
    gateway = MemoryGateway()
    gateway.printer.hesitant = True
    first, second, third, fourth = (gateway.stranger(f"192.0.2.{n}") for n in range(4))
    first.login()
    first.begin("a")
    first.wire.rst()
    fourth = gateway.stranger("192.0.2.5")
    for each in (second, third, fourth):
        each.login()
        assert each.begin("b") == ""
        each.wire.rst()


# Jobs without a session, sessions without a peer


def test_orphansCount() -> None:
    """With --fire-and-forget a job that goes on without its session keeps its place."""
    gateway = MemoryGateway(fireAndForget=True)
    orphans = []
    for number in range(10):
        sender = gateway.stranger()
        if sender.greeting[:3] == "421":
            break
        sender.login()
        sender.begin(f"job{number}")
        sender.wire.fin()
        orphans.append(sender)
    assert len(orphans) == 3
    assert orphans[0].data is not None
    orphans[0].data.fin()
    assert gateway.stranger().greeting[:3] == "220"


def test_orphanLeavesNoTimer() -> None:
    """The last job without its session was the last one for whom there is a timer."""
    gateway = MemoryGateway(fireAndForget=True, idleTimeout=0)
    sender, other = gateway.user(), gateway.user()
    sender.begin("page")
    other.say("QUIT")  # its connection may linger
    other.wire.fin()
    sender.wire.fin()
    assert sender.data is not None
    sender.data.fin()
    assert gateway.job.state is JobState.COMPLETED
    assert not gateway.reactor.getDelayedCalls()


@pytest.mark.parametrize("most", [1, 2])
def test_guessesCostTime(most: int) -> None:
    """The place of one that guesses wrong stays taken for its second, though it goes at once."""
    reactor = MemoryReactorClock()
    checkers = [InMemoryUsernamePasswordDatabaseDontUse(alice=b"right")]
    settings = SessionSettings(maxSessionsPerHost=most, maxSessions=20)
    gateway = Gateway(Configuration([FakePrinter()], [], settings, checkers=checkers), reactor)
    guesses = 0
    for _ in range(40):  # ten seconds
        for _ in range(10):
            sender = FakeSender(gateway.factory)
            if sender.greeting[:3] == "220":
                sender.login("alice", "wrong")
                sender.wire.rst()
                guesses += 1
        reactor.advance(0.25)
    assert guesses <= 10 * most
    other = FakeSender(gateway.factory, "192.0.2.99")
    assert "230" in other.login("alice", "right")
    reactor.advance(5)
    other.wire.rst()
    assert not gateway.factory.sessions
    assert gateway.factory.stopSessions().called


def test_oneIPv6Host() -> None:
    """A host has a network of 64 bits for itself, and is one host in it; its neighbour is not."""
    gateway = MemoryGateway(maxSessionsPerHost=1)
    assert gateway.stranger("2001:db8:0:1::1").greeting[:3] == "220"
    assert gateway.stranger("2001:db8:0:1:ffff::2").greeting[:3] == "421"
    assert gateway.stranger("2001:db8:0:2::1").greeting[:3] == "220"


def test_linkLocal() -> None:
    """Link-local addresses are all in one network, and each is a host."""
    gateway = MemoryGateway(maxSessionsPerHost=1)
    assert gateway.stranger("fe80::1").greeting[:3] == "220"
    assert gateway.stranger("fe80::2").greeting[:3] == "220"
    assert gateway.stranger("fe80::1").greeting[:3] == "421"


def test_refusingIsCheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit not every refusal looks at every session, which takes time."""
    gateway = MemoryGateway(maxSessions=1000)
    for number in range(1000):
        gateway.stranger(f"192.0.{number // 250}.{number % 250}")
    looks = 0

    def peerIsGone(session: object) -> bool:
        nonlocal looks
        looks += 1
        gateway.reactor.rightNow += 2e-6
        return False

    monkeypatch.setattr("jetdirect.ftp.control.ControlConnection.peerIsGone", peerIsGone)
    for _ in range(100):
        assert gateway.stranger().greeting[:3] == "421"
        gateway.reactor.rightNow += 0.0005
    assert looks <= 3000


def test_fewAreAlwaysLookedAt(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ended session among a few takes no place, though the look before took a long time."""
    gateway = MemoryGateway(maxSessions=3)
    senders = [gateway.stranger() for _ in range(3)]
    look = ControlConnection.peerIsGone

    def peerIsGone(session: ControlConnection) -> bool:
        gateway.reactor.rightNow += 1.0
        return look(session)

    monkeypatch.setattr(ControlConnection, "peerIsGone", peerIsGone)
    assert gateway.stranger().greeting[:3] == "421"
    senders[0].wire.gone = True
    assert gateway.stranger().greeting[:3] == "220"


# Log lines


def test_logIsBounded() -> None:
    """What a host can have written as often as it likes is written once a minute, and counted."""
    gateway = MemoryGateway(maxSessions=1)
    gateway.stranger("192.0.2.9")
    with capturedLogs() as events:
        for _ in range(1000):
            gateway.stranger()
        assert len(events) == 1
        gateway.stranger("192.0.2.2")
        assert len(events) == 2
        gateway.reactor.advance(60)
        gateway.stranger()
    assert "999 times since" in (formatEvent(events[2]) or "")


# Behind a proxy


class Proxied:
    """A connection through a proxy whose header comes when the test says so."""

    def __init__(self, gateway: MemoryGateway) -> None:
        factory = HAProxyWrappingFactory(PortFactory(gateway.factory, proxy=True))
        there = IPv4Address("TCP", "192.0.2.200", 40001)
        protocol = factory.buildProtocol(there)
        self.wire = MemoryWire(
            protocol, hostAddress=IPv4Address("TCP", "192.0.2.9", 21), peerAddress=there
        )

    def header(self, host: str, more: bytes = b"") -> str:
        """The header comes, and what is heard then."""
        family = "TCP6" if ":" in host else "TCP4"
        own = "2001:db8::9" if ":" in host else "192.0.2.9"
        self.wire.receive(f"PROXY {family} {host} {own} 40001 21\r\n".encode() + more)
        return self.wire.said().decode()


def test_headerFirst() -> None:
    """Before its header a connection takes no place and hears nothing; then it is greeted."""
    gateway = MemoryGateway(maxSessions=1)
    one, other = Proxied(gateway), Proxied(gateway)
    assert (one.wire.said(), len(gateway.factory.sessions)) == (b"", 0)
    assert one.header("192.0.2.1").startswith("220")
    assert other.header("192.0.2.2").startswith("421")


def test_judgedByTheHeader() -> None:
    """The limits of one host, and who may come, go by the header alone, and at once."""
    gateway = MemoryGateway(maxSessionsPerHost=1, allow=[ip_network("192.0.2.0/24")])
    assert Proxied(gateway).header("192.0.2.1").startswith("220")
    assert Proxied(gateway).header("192.0.2.1").startswith("421")
    assert Proxied(gateway).header("192.0.3.1", b"USER a\r\n").startswith("421")
    assert len(gateway.factory.sessions) == 1


def test_headerWithACommand() -> None:
    """A command right behind the header is answered, behind the greeting."""
    heard = Proxied(MemoryGateway()).header("192.0.2.1", b"NOOP\r\n")
    assert [line[:3] for line in heard.splitlines()] == ["220", "200"]


def test_noHeader() -> None:
    """A header that does not come is awaited for some seconds, and leaves nothing."""
    gateway = MemoryGateway(idleTimeout=0)
    waiting = Proxied(gateway)
    gateway.reactor.advance(HEADER_TIMEOUT)
    gateway.reactor.advance(0)
    assert not waiting.wire.connected
    gone = Proxied(gateway)
    gone.wire.rst()
    stopped = Proxied(gateway)
    assert gateway.factory.stopSessions().called
    assert not stopped.wire.connected
    assert not gateway.reactor.getDelayedCalls()


def test_manyWithoutHeader() -> None:
    """Many that send no header take neither places nor descriptors."""
    gateway = MemoryGateway()
    many = [Proxied(gateway) for _ in range(MOST_LINGERING + 10)]
    assert sum(each.wire.connected for each in many) == MOST_LINGERING
    assert gateway.stranger().greeting[:3] == "220"


@pytest.mark.parametrize("host", ["192.0.2.1%\x1b[31m", "192.0.2.1%x", "::g", "x"])
def test_headerWithoutAnAddress(host: str) -> None:
    """A header that names no address is nobody's, and is printable in the log."""
    gateway = MemoryGateway(allow=[ip_network("192.0.2.0/24")])
    with capturedLogs() as events:
        proxied = Proxied(gateway)
        assert proxied.header(host) == ""
    assert not proxied.wire.connected
    assert all((formatEvent(event) or "").isprintable() for event in events)


def test_headerWithAScope() -> None:
    """A scope in a header means nothing here, and makes no second host."""
    gateway = MemoryGateway(maxSessionsPerHost=1)
    assert Proxied(gateway).header("2001:db8::1%a").startswith("220")
    assert Proxied(gateway).header("2001:db8::1%b").startswith("421")
