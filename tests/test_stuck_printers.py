"""
Printers that are stuck: without paper, without a cable, without an answer. Hours pass in no time.

The kernels are those of the simulation (C{laboratory/faults/simulation}), the sender is
C{jetdirect.testing}'s; the last test is on real sockets.
"""

from __future__ import annotations

import ast
import re
import threading
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.threads import deferToThread

import jetdirect
from jetdirect.configuration import Configuration
from jetdirect.ftp.settings import SessionSettings
from jetdirect.gateway import Gateway
from jetdirect.job import STOPPED_AFTER
from jetdirect.named import BUSY_TIMEOUT, CONNECT_TIMEOUT, PortSettings
from jetdirect.net.facts import Silence
from jetdirect.net.pulse import DEAD_AFTER_SECONDS
from jetdirect.net.tuning import KEEPALIVE
from jetdirect.record import JobState
from jetdirect.testing import FakeSender
from jetdirect.transports.build import transportFor
from jetdirect.transports.ending import FINISH_TIMEOUT
from laboratory.faults.simulation.clockwork import Clockwork
from laboratory.faults.simulation.kernel import End
from laboratory.faults.simulation.reactor import SimulatedReactor
from tests.support.behaviours import pausedAfter
from tests.support.deafresolver import DeafResolver
from tests.support.gateway import IPV4
from tests.support.line import listeningAt
from tests.support.rawprinter import RawPrinter
from tests.support.session import MUCH, Session, delivered, lastLine, push, streamDigest

reactor: Any = theReactor

HOUR = 3600.0

#: Bytes that the printer's kernel takes before the printer reads, and that our own kernel takes.
WINDOW, SEND_BUFFER = 16384, 65536

#: A job of which a part stays with the sender, and one that is all in the kernels.
LARGE, SMALL = 1_000_003, 40_009

#: Seconds between two looks of anybody at a connection, and what a packet takes.
SLACK = 6.0

#: Seconds within which a printer that takes nothing is let go of (chosen: a job that was cut has
#: five to make progress).
STOPPED_WITHIN = 10.0

#: Seconds within which a printer without a cable is to be found: in mid-job, and when idle.
FOUND_BLOCKED, FOUND_IDLE = 180.0, 120.0


class Reactor(SimulatedReactor):
    """Lets a fake sender connect to what listens."""

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        self.tcpServers.append((port, factory, backlog, interface))
        return super().listenTCP(port, factory, backlog, interface)


class Simulated(Clockwork):
    """
    A gateway and a printer on the network.

    @ivar wires: the connections to the printer, seen from there.
    @ivar printed: what it has read of the last one.
    """

    def __init__(
        self, connectTimeout: float = CONNECT_TIMEOUT, resolver: Any = None, **settings: Any
    ) -> None:
        super().__init__(1, traced=False)
        self.lag = 0.0
        self.reactor = Reactor(self.network)
        self.reactor.nameResolver = resolver or self.reactor.nameResolver
        self.wires: list[End] = []
        self.printed = b""
        self.host = self.network.host("printer", "192.0.2.101")
        self.host.latency = 0.001
        self.host.listeners[9100] = self._asked
        self.reactor.names["printer"] = self.host.address
        self.gateway = Gateway(
            Configuration(
                [transportFor(self.reactor, "socket://printer")],
                [],
                SessionSettings(**settings),
                defaults=PortSettings(connectTimeout=connectTimeout),
            ),
            self.reactor,
        )

    def _asked(self, end: End) -> bool:
        end.segment = end.peer.segment = 1460
        end.receiveBuffer, end.peer.sendBuffer = WINDOW, SEND_BUFFER
        self.wires.append(end)
        self.printed = b""
        return True

    def user(self) -> FakeSender:
        """Somebody who has logged in."""
        sender = FakeSender(self.gateway.factory)
        sender.login()
        return sender

    def sending(self, size: int) -> FakeSender:
        """Somebody who has sent so much noise, of which the printer has read 1,000 bytes."""
        sender = self.user()
        sender.begin("page.ps")
        self.go(0.1)
        assert sender.hear()[:3] == "150"
        self.feed(sender, noise(size))
        self.go(0.1)
        self.read(1000)
        return sender

    def feed(self, sender: FakeSender, data: bytes) -> None:
        """The sender's network brings bytes, as many at a time as a kernel reads."""
        assert sender.data is not None
        for start in range(0, len(data), 65536):
            sender.data.receive(data[start : start + 65536])

    def end(self, sender: FakeSender) -> None:
        """The sender has sent all."""
        assert sender.data is not None
        sender.data.fin()

    def read(self, count: int = 1 << 20) -> None:
        """The printer reads what is there, up to so much."""
        if self.wires[-1].received:
            self.printed += self.wires[-1].recv(count)

    def readAll(self) -> None:
        """The printer has paper again, reads to the end and closes."""
        wire = self.wires[-1]
        while wire.finArrived is None or wire.received:
            self.read()
            assert self.until(lambda: wire.received or wire.finArrived is not None, 60)
        wire.close()
        self.go(1)

    def go(self, seconds: float) -> None:
        """Let time pass."""
        self.until(lambda: False, seconds)

    def goUntilHeard(self, sender: FakeSender, limit: float) -> tuple[str, float]:
        """Let time pass until the sender hears something: what, and after how many seconds."""
        began = self.network.now
        heard: list[str] = []
        while not heard and self.network.now < began + limit:
            self.go(0.5)
            heard += [text for text in [sender.hear()] if text]
        return "\n".join(heard), self.network.now - began

    @property
    def job(self) -> Any:
        """The first one."""
        return self.gateway.server.jobs[0]


def noise(size: int) -> bytes:
    """Bytes whose order shows."""
    return b"".join(b"%07d\n" % n for n in range(size // 8 + 1))[:size]


# Out of paper


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["held-back", "all-sent"])
def test_outOfPaperForAnHour(size: int) -> None:
    """Everybody waits, nobody is timed out, and the job comes whole: 226, every byte, once."""
    simulated = Simulated()
    sender = simulated.sending(size)
    simulated.end(sender)
    for _ in range(12):
        simulated.go(HOUR / 12)
        assert sender.hear() == ""
        assert sender.say("NOOP")[:3] == "200"
        assert sender.wire.connected
    assert len(simulated.wires[0].received) == WINDOW
    simulated.readAll()
    assert sender.hear().endswith(f"({simulated.job.port}, job 1, {size} bytes, delivered)")
    assert simulated.printed == noise(size)
    assert len(simulated.wires) == 1


def test_whoAsksHearsWhy() -> None:
    """The sender hears how long the printer takes nothing; others, that the job has stopped."""
    simulated = Simulated()
    sender = simulated.sending(LARGE)
    simulated.end(sender)
    assert "job 1: processing," in simulated.user().say("STAT PORT1")
    simulated.go(HOUR)
    assert simulated.job.state is JobState.STOPPED
    assert "the printer has taken nothing for 3600 s" in sender.say("STAT")
    assert "job 1: processing-stopped" in simulated.user().say("STAT PORT1")
    simulated.readAll()
    assert sender.hear()[:3] == "226"


def test_whoAsksHearsWhatIsAwaited() -> None:
    """When all is sent nobody can tell a printer that prints from one that waits for paper."""
    simulated = Simulated()
    sender = simulated.sending(SMALL)
    simulated.end(sender)
    simulated.go(HOUR)
    assert simulated.job.state is JobState.PROCESSING
    assert "all sent; the printer's answer is awaited for 3600 s" in sender.say("STAT")
    simulated.readAll()
    assert sender.hear()[:3] == "226"


def test_theNextInLine() -> None:
    """A sender that waits behind it sees for whom, is refused in time, and may send again."""
    simulated = Simulated()
    sender, other = simulated.sending(LARGE), simulated.user()
    assert other.begin("next.ps")[:3] != "150"
    simulated.go(STOPPED_AFTER + 1)
    assert "job 2 on PORT1: pending, 0 bytes" in other.say("STAT")
    told = other.say("STAT PORT1")
    assert told.index("job 1: processing-stopped") < told.index("job 2: pending")
    reply, after = simulated.goUntilHeard(other, 2 * BUSY_TIMEOUT)
    assert "450 Job 2 not printed: PORT1 is busy with job 1; it is safe to send it again" in reply
    assert after == pytest.approx(BUSY_TIMEOUT - STOPPED_AFTER - 1, abs=1)
    simulated.end(sender)
    simulated.readAll()
    assert sender.hear()[:3] == "226"


def test_theGatewayIsStopped() -> None:
    """Without paper the drain time-out ends the job: 551, 421, and the process need not wait."""
    simulated = Simulated(drainTimeout=60.0)
    simulated.gateway.startService()
    sender = simulated.sending(LARGE)
    stopped = simulated.gateway.stopService()
    reply, after = simulated.goUntilHeard(sender, 120)
    assert [line[:4] for line in reply.split("\n")] == ["551 ", "421 "]
    assert after == pytest.approx(60, abs=1)
    sender.wire.fin()
    assert simulated.until(lambda: stopped.called, STOPPED_WITHIN)
    simulated.read()
    assert noise(LARGE).startswith(simulated.printed)


# Unplugged


class PersistTimer:
    """
    What TCP_INFO tells of a peer with a zero window: it is probed after 0.2 s, then at twice the
    interval each time up to 120 s (Linux: TCP_RTO_MIN, TCP_RTO_MAX), and each answer counts anew.
    """

    def __init__(self, end: End) -> None:
        self._end = end
        self._began = end.network.now

    def __call__(self) -> Silence:
        now, far = self._end.network.now, self._end.far
        time, interval, heard, unanswered = self._began, 0.2, self._began, 0
        while time + interval <= now:
            time += interval
            interval = min(2 * interval, 120.0)
            if far.plugged or time < far.out:
                heard, unanswered = time, 0
            else:
                unanswered += 1
        return Silence(unanswered, now - heard)


@pytest.mark.parametrize(
    ("paperless", "limit"),
    [(0.0, FOUND_BLOCKED), (10.0, FOUND_BLOCKED), (60.0, 3 * 120 + SLACK), (HOUR, 3 * 120 + SLACK)],
)
def test_unpluggedWithoutPaper(paperless: float, limit: float) -> None:
    """
    A printer that is unplugged while it takes nothing is lost when it leaves three probes
    unanswered: soon at the beginning, after minutes when it has been without paper for long.
    """
    simulated = Simulated()
    sender = simulated.sending(LARGE)
    near = simulated.wires[0].peer
    near.silence = PersistTimer(near)  # type: ignore[method-assign]
    simulated.go(paperless)
    assert sender.hear() == ""
    simulated.host.pull()
    reply, after = simulated.goUntilHeard(sender, 2 * limit)
    assert re.match("551 .*has not answered", reply), reply
    assert DEAD_AFTER_SECONDS <= after <= limit
    assert simulated.until(lambda: not simulated.gateway.server.ports[0].jobs, STOPPED_WITHIN)


def test_unpluggedForAMoment() -> None:
    """One or two probes that are lost late in a paper-out, minutes apart, are no evidence."""
    simulated = Simulated()
    sender = simulated.sending(LARGE)
    near = simulated.wires[0].peer
    near.silence = PersistTimer(near)  # type: ignore[method-assign]
    simulated.end(sender)
    simulated.go(HOUR)
    simulated.host.pull()
    simulated.go(150)
    simulated.host.plug()
    simulated.go(1)
    assert sender.hear() == ""
    simulated.readAll()
    assert sender.hear().endswith(f"{LARGE} bytes, delivered)")
    assert simulated.printed == noise(LARGE)


def test_unpluggedWhilePrinting() -> None:
    """Unplugged in mid-flow, it is found by its missing acknowledgements."""
    simulated = Simulated()
    sender = simulated.sending(SMALL)
    simulated.read()
    simulated.go(1)
    simulated.read()
    simulated.host.pull()
    simulated.feed(sender, noise(SMALL))
    reply, after = simulated.goUntilHeard(sender, 2 * FOUND_BLOCKED)
    assert re.match("551 .*has not answered", reply), reply
    assert after <= FOUND_BLOCKED


def test_unpluggedWhileTheSenderPauses() -> None:
    """With nothing to acknowledge the kernel's keepalive finds it."""
    assert KEEPALIVE[0] + KEEPALIVE[1] * KEEPALIVE[2] <= FOUND_IDLE
    simulated = Simulated()
    sender = simulated.sending(1000)
    simulated.go(1)
    simulated.host.pull()
    reply, after = simulated.goUntilHeard(sender, 2 * FOUND_IDLE)
    assert re.match("551 .*printer", reply), reply
    assert after <= FOUND_IDLE + SLACK


@pytest.mark.parametrize("acknowledged", [False, True])
def test_unpluggedWhileItFinishes(acknowledged: bool) -> None:
    """
    Bytes that it has not acknowledged are lost; if it has them all, the finish time-out decides.
    """
    simulated = Simulated()
    sender = simulated.sending(1000)
    if acknowledged:
        simulated.end(sender)
        simulated.go(1)
    simulated.host.pull()
    if not acknowledged:
        simulated.feed(sender, b"the end")
        simulated.end(sender)
    reply, after = simulated.goUntilHeard(sender, 2 * FOUND_IDLE)
    if acknowledged:
        assert reply.endswith("1000 bytes, sent, unconfirmed)"), reply
        assert after == pytest.approx(FINISH_TIMEOUT, abs=2)
    else:
        assert re.match("551 .*has not answered", reply), reply
        assert after <= FOUND_IDLE


# Not reached


def test_unpluggedBefore() -> None:
    """A printer that is not there is tried for the connect time-out, all attempts together."""
    simulated = Simulated()
    simulated.host.pull()
    sender = simulated.user()
    sender.begin("page.ps")
    reply, after = simulated.goUntilHeard(sender, 2 * CONNECT_TIMEOUT)
    assert re.match("450 .*safe to send it again", reply), reply
    assert after == pytest.approx(CONNECT_TIMEOUT, abs=1)
    simulated.host.plug()
    sender.begin("page.ps")
    simulated.go(1)
    assert sender.hear()[:3] == "150"
    sender.send(b"page")
    simulated.go(1)
    simulated.readAll()
    assert simulated.printed == b"page"


def test_aPrinterThatMoved() -> None:
    """Each job asks for the address: a name that was lost is 450, a new address is the printer."""
    simulated = Simulated(connectTimeout=0.0)
    elsewhere = simulated.network.host("new printer", "192.0.2.102")
    elsewhere.listeners[9100] = simulated._asked
    sender = simulated.user()
    for address in (simulated.host.address, None, elsewhere.address):
        simulated.reactor.names.pop("printer", None)
        if address is not None:
            simulated.reactor.names["printer"] = address
        reply = sender.begin("page.ps")
        simulated.go(1)
        reply += sender.hear()
        if address is None:
            assert re.match("450 .*the host name is not known", reply), reply
            continue
        assert reply[:3] == "150"
        sender.send(b"page")
        simulated.go(1)
        simulated.readAll()
        assert sender.hear()[:3] == "226"
    assert [wire.host for wire in simulated.wires] == [simulated.host.address, elsewhere.address]


@pytest.mark.parametrize(
    "connectTimeout",
    [CONNECT_TIMEOUT, 0.0],
)
def test_aNameThatIsNeverAnswered(connectTimeout: float) -> None:
    """An attempt to reach the printer has an end, whatever the resolver does."""
    simulated = Simulated(connectTimeout, DeafResolver())
    sender = simulated.user()
    sender.begin("page.ps")
    reply, _ = simulated.goUntilHeard(sender, HOUR)
    assert reply[:3] == "450"
    assert not simulated.gateway.server.ports[0].jobs


# The reactor's own time


@pytest.mark.parametrize("idle", [900.0, 2.0])
def test_aStalledReactor(idle: float) -> None:
    """What came while the reactor stood still for 5 s is not too late, whatever the time-outs."""
    simulated = Simulated(idleTimeout=idle)
    sender, host = simulated.user(), simulated.network.host("sender", "192.0.2.1")
    port = re.search(r"\|(\d+)\|\)", sender.say("EPSV"))
    assert port is not None
    dialing = simulated.reactor.dialIn(host, int(port[1]), "data")
    simulated.go(1)
    wire = dialing.result
    assert isinstance(wire, End)
    sender.say("STOR page.ps")
    simulated.go(0.5)
    simulated.stalled = simulated.network.now + 5
    simulated.network.after(1, wire.send, b"page")
    simulated.go(6)
    assert sender.hear().split("\n")[1:] == []  # the 150 and nothing else
    wire.close()
    simulated.go(1)
    simulated.readAll()
    assert sender.hear().endswith("4 bytes, delivered)")


def test_theWallClockTimesNothing() -> None:
    """
    C{time.time} is for what people read: the dates in listings, records, certificates and the log;
    and for the age of a kept job, which is older than the process.  Everything else has the
    reactor's clock.  C{remote} is the operator's command, and no gateway.
    """
    users = []
    root = Path(jetdirect.__file__).parent
    for module in sorted(set(root.rglob("*.py")) - set(root.glob("remote/*"))):
        for node in ast.walk(ast.parse(module.read_text())):
            if not isinstance(node, ast.Attribute):
                continue
            name = ast.unparse(node)
            if re.fullmatch(r"time\.(time|sleep)(_ns)?|(\w+\.)*(now|utcnow|today)", name):
                users.append(f"{module.relative_to(root)}: {name}")
    people = ["certificate.py", "ftp/commands/service.py", "watch/log.py"]
    people += ["process.py", "testalarm.py", "watch/filehistory.py", "watch/history.py"]
    records = ["job.py", "port.py", "server.py", "spool/intake.py", "spool/spooling.py"]
    clocks = {f"{each}: time.time" for each in [*people, *records]}
    assert set(users) == clocks | {"spool/postgresql/draft.py: time.sleep"}  # in a thread


# Real sockets


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_aRealPrinterStops(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A printer stops reading; both who prints and who else asks are told; it goes on, byte-exact.
    """
    monkeypatch.setattr("jetdirect.job.STOPPED_AFTER", 1.0)
    gate = threading.Event()

    def converse(port: int) -> None:
        with Session(port) as session, Session(port) as other:
            with session.upload() as wire:
                sent = push(wire, MUCH)
                assert 100_000 < sent < MUCH
                found = re.search(r"taken nothing for (\d+) s", session.say("STAT"))
                assert found is not None and int(found[1]) >= 1
                assert "job 1: processing-stopped" in other.say("STAT PORT1")
                gate.set()
                assert push(wire, MUCH, sent, patience=20) == MUCH
            reply = session.reply()
            assert re.search(delivered("PORT1", MUCH), lastLine(reply)), reply

    with RawPrinter(pausedAfter(100_000, gate), receiveBuffer=WINDOW, keep=False) as printer:
        gateway = Gateway(Configuration([transportFor(reactor, printer.uri())], [IPV4]), reactor)
        gateway.startService()
        try:
            await deferToThread(converse, *listeningAt(gateway.factory))
        finally:
            await gateway.stopService()
        assert printer.callers[0].digest == streamDigest(MUCH)
