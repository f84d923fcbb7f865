"""
Faults of the gateway that the simulation found, each in the shortest way that shows it.

A test is marked as failing until the fault is gone; then the mark goes, and the test stays.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.errors import DataConnectionLost, JobAborted
from jetdirect.ftp.acknowledgement import Acknowledgements
from jetdirect.ftp.data import DataTerms
from jetdirect.ftp.dataports import PassivePort
from jetdirect.ftp.settings import SessionSettings
from jetdirect.gateway import Gateway
from jetdirect.job import Job, Sender
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter, FakeSender
from jetdirect.transports.build import transportFor
from laboratory.faults.simulation.kernel import End
from laboratory.faults.simulation.network import Network
from laboratory.faults.simulation.reactor import SimulatedReactor
from laboratory.faults.simulation.secure import SecureEnd, certificate
from laboratory.faults.simulation.wire import Wire
from tests.support.transfers import poured


class Simulated:
    """A print server and one printer on the simulated network, without senders."""

    def __init__(self) -> None:
        self.network = Network(Random(1))
        self.reactor = SimulatedReactor(self.network)
        self.host = self.network.host("printer", "192.0.2.101")
        self.host.listeners[9100] = self._accept
        self.reactor.names["printer"] = self.host.address
        self.connections: list[End] = []
        transport: Any = transportFor(self.reactor, "socket://printer")
        self.server = PrintServer([transport], self.reactor)

    def submit(self, name: str) -> Job:
        """A job that nobody waits for."""
        job = self.server.submit(self.server.ports[0], name, Sender("tester", "192.0.2.1", 1))
        job.whenOpened().addErrback(lambda _: None)
        return job

    def control(self) -> Wire:
        """The gateway's end of a connection from that host."""
        near = End(self.network, self.host, "gateway", "192.0.2.9", 21)
        near.peer = End(self.network, self.host, "sender", "192.0.2.1", 40000)
        near.peer.peer = near
        return Wire(near, Protocol(), self.reactor)

    def go(self, seconds: float) -> None:
        """Let time pass; the reactor turns whenever it has something to do."""
        end = self.network.now + seconds
        while True:
            if self.reactor.busy:
                self.reactor.turn()
                self.network.now += 1e-6
                continue
            times = [t for t in (self.network.next, self.reactor.nextCall) if t is not None]
            if not times or min(times) > end:
                self.network.now = max(self.network.now, end)
                return
            if self.network.next == min(times):
                self.network.step()
            else:
                self.network.now = max(self.network.now, min(times))

    def read(self) -> bytes:
        """What the printer reads from its last connection."""
        try:
            return self.connections[-1].recv(65536)
        except BlockingIOError:
            return b""

    def _accept(self, end: End) -> bool:
        self.connections.append(end)
        return True


def test_abortedConnectionIsClosedBeforeTheNextIsOpened() -> None:
    """
    A printer that takes one connection at a time refuses the next job otherwise; with
    --connect-timeout=0 that job gets 450.
    """
    simulated = Simulated()
    simulated.submit("first")
    simulated.submit("second")
    simulated.go(1.0)
    stillOpen: list[End] = []
    connect = simulated.reactor.connectTCP

    def connectTCP(*arguments: Any, **options: Any) -> Any:
        stillOpen.extend(end for end in simulated.host.ends if end.closed is None)
        return connect(*arguments, **options)

    simulated.reactor.connectTCP = connectTCP  # type: ignore[method-assign]
    simulated.connections[0].close()  # before our half-close: the first job is lost
    simulated.go(1.0)
    assert len(simulated.connections) == 2
    assert stillOpen == []


def test_laterReplyIsNotTheReply() -> None:
    """
    A sender that heard its 226, said QUIT and left is not "lost before the reply" because the
    goodbye was still on the way.
    """
    reactor = MemoryReactorClock()
    printer = FakePrinter()
    gateway = Gateway(Configuration([printer], []), reactor)
    sender = FakeSender(gateway.factory)
    sender.login()
    sender.begin("page")
    sender.wire.inFlight = 100  # the 226 is on its way ...
    sender.send(b"a page")
    reactor.advance(0.001)
    answer = sender.say("NOOP")
    sender.wire.inFlight = len(answer) + 2  # ... and arrived; the answer to NOOP did not yet
    sender.wire.fin()
    [job] = gateway.server.jobs
    assert job.ended and job.heard


def test_aShortGlitchAfterAPauseIsNoDeath() -> None:
    """
    The sender pauses for 40 s, the network drops packets for 3 s when it goes on: the job prints.
    """
    simulated = Simulated()
    job = simulated.submit("page")
    simulated.go(1.0)
    job.write(b"the first part, ")
    simulated.go(40.0)
    simulated.host.pull()
    job.write(b"the second")
    simulated.go(3.0)
    simulated.host.plug()
    simulated.go(1.0)
    assert not job.ended, job.error
    assert simulated.read() == b"the first part, the second"
    job.cut(JobAborted("enough"))
    simulated.go(10.0)


class _Told:
    """Stands for a job: what is it told of its reply?"""

    heard: bool | None = None

    def complete(self, heard: bool = True) -> None:
        """As L{Job.complete}."""
        self.heard = heard


def test_aReplyThatNeverLeftWasNotHeard() -> None:
    """
    After a stall of the reactor that was longer than LINGER, a shutdown aborts the connection
    before the 226 was written to the socket: the record must not say that it was heard.
    """
    simulated = Simulated()
    wire = simulated.control()
    job: Any = _Told()
    acknowledgements = Acknowledgements(wire, simulated.reactor)
    wire.write(b"226 Transfer complete\r\n")
    acknowledgements.expect(job)
    simulated.reactor.callLater(0, wire.abortConnection)
    for _ in range(4):
        simulated.reactor.turn()
    acknowledgements.lost()
    assert wire.end.acknowledged == 0
    assert job.heard is False


def test_aBusyReactorMissesNoAcknowledgement() -> None:
    """
    A timer's reply leaves in the same turn; acknowledgement and FIN are both there at the next.
    """
    simulated = Simulated()
    wire = simulated.control()
    job: Any = _Told()
    acknowledgements = Acknowledgements(wire, simulated.reactor)

    def reply() -> None:
        wire.write(b"226 Transfer complete\r\n")
        acknowledgements.expect(job)

    simulated.reactor.callLater(0, reply)
    simulated.reactor.turn()
    while simulated.network.next is not None:
        simulated.network.step()
    assert wire.end.acknowledged and not wire.unacknowledged()
    simulated.reactor.turn()
    acknowledgements.ended()
    assert job.heard is True


class _Taken:
    """Stands for a job: what has it got?"""

    def __init__(self) -> None:
        self.bytes = b""

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """As L{Job}."""

    def unregisterProducer(self) -> None:
        """As L{Job}."""

    def write(self, data: bytes) -> None:
        """As L{Job}."""
        self.bytes += data


class Pour:
    """A passive data port, a sender that has connected to it, and a transfer that has begun."""

    def __init__(self, idleTimeout: float = 0.0, **tls: Any) -> None:
        self.simulated = Simulated()
        reactor: Any = self.simulated.reactor
        port = PassivePort(reactor, DataTerms(idleTimeout, **tls), "192.0.2.9", "192.0.2.101")
        connected = self.simulated.reactor.dialIn(self.simulated.host, port.number, "data")
        self.simulated.go(0.5)
        end = connected.result
        assert isinstance(end, End)
        self.end = end
        self.taken = _Taken()
        self.over = poured(port, self.taken)
        self.simulated.go(0.5)

    def stall(self, seconds: float) -> None:
        """The network goes on, the reactor does nothing."""
        network = self.simulated.network
        until = network.now + seconds
        while network.next is not None and network.next <= until:
            network.step()
        network.now = until


def test_whatCameDuringAStallIsNoSilence() -> None:
    """
    The reactor was held up for longer than --data-idle-timeout; meanwhile the sender has sent.

    As it looks at its timers first, it takes the sender for silent, with the bytes in the kernel.
    """
    pour = Pour(idleTimeout=5.0)
    pour.end.send(b"a page")
    pour.stall(10.0)
    pour.simulated.go(1.0)
    assert pour.taken.bytes == b"a page"
    assert not pour.over.called
    pour.end.close()
    pour.simulated.go(1.0)
    assert pour.over.called and pour.over.result is None


def test_whatWasSaidDuringAStallIsNoSilence() -> None:
    """The same of a control connection, and --idle-timeout."""
    pour = Pour()  # only for its network
    simulated = pour.simulated
    pour.end.close()
    gateway = Gateway(
        Configuration([FakePrinter()], [], SessionSettings(idleTimeout=5.0)), simulated.reactor
    )
    simulated.reactor.listenTCP(21, gateway.factory)
    connected = simulated.reactor.dialIn(simulated.host, 21, "control")
    simulated.go(1.0)
    end = connected.result
    assert isinstance(end, End)
    end.send(b"SYST\r\n")
    pour.stall(10.0)
    simulated.go(1.0)
    heard = end.recv(4096)
    end.close()
    simulated.go(5.0)
    assert b"215 UNIX" in heard
    assert b"421" not in heard


def test_aJobWithoutItsSenderIsDrainedToo() -> None:
    """
    Under --fire-and-forget the sender has left, and its data connection hangs: the gateway is
    stopped within the drain time-out all the same.
    """
    reactor = MemoryReactorClock()
    settings = SessionSettings(fireAndForget=True, drainTimeout=10.0, idleTimeout=900.0)
    gateway = Gateway(Configuration([FakePrinter()], [], settings), reactor)
    gateway.startService()
    sender = FakeSender(gateway.factory)
    sender.login()
    sender.begin("page")
    assert sender.data is not None
    sender.data.receive(b"half a page")
    sender.wire.fin()
    stopped = gateway.stopService()
    reactor.pump([0.1] * 110)
    [job] = gateway.server.jobs
    ended = job.ended
    sender.data.rst()
    reactor.pump([0.1] * 10)
    assert ended
    assert stopped.called


def test_aJobWithoutItsSenderDoesNotBeginInADrain() -> None:
    """Under --fire-and-forget the sender has left, and its job waits: it is not begun any more."""
    reactor = MemoryReactorClock()
    printer = FakePrinter()
    settings = SessionSettings(fireAndForget=True, drainTimeout=10.0)
    gateway = Gateway(Configuration([printer], [], settings), reactor)
    gateway.startService()
    first, second = FakeSender(gateway.factory), FakeSender(gateway.factory, "192.0.2.2")
    for sender in (first, second):
        sender.login()
        sender.begin("page")
    second.wire.fin()
    gateway.stopService()
    first.send(b"a page")
    reactor.pump([0.1] * 10)
    begun = len(printer.jobs)
    if second.data is not None:
        second.data.rst()
    reactor.pump([0.1] * 110)
    assert begun == 1


def test_anEndDuringTheHandshakeIsNoFile() -> None:
    """
    Under --tls-lenient-close a sender that hangs up before TLS has begun (it does not like the
    certificate, or was killed) has not sent a file of no bytes.
    """
    pytest.importorskip("OpenSSL", reason="TLS is missing: pip install 'jetdirect[tls]'")
    pour = Pour(tls=certificate(), lenient=True)
    end = SecureEnd(pour.end)
    end.startTLS()
    end.shutdown()
    pour.simulated.go(1.0)
    end.close()
    pour.simulated.go(1.0)
    why: list[Any] = []
    pour.over.addErrback(why.append)
    assert why and why[0].check(DataConnectionLost)


def test_aResetAtTheEndIsNoClose() -> None:
    """
    The printer's reset and the end of the job are both there at the same turn: an error is told
    once, and whoever does not listen takes it for a printer that closed.
    """
    simulated = Simulated()
    job = simulated.submit("page")
    simulated.go(1.0)
    job.write(b"a page")
    simulated.go(1.0)
    simulated.connections[-1].reset()
    while not simulated.connections[-1].peer.failed:
        simulated.network.step()
    job.finish().addErrback(lambda _: None)
    simulated.go(1.0)
    assert str(job.error) == "the printer reset the connection"
