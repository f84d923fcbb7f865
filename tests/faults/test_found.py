"""
Faults of the gateway that the simulation found, each in the shortest way that shows it.

A test is marked as failing until the fault is gone; then the mark goes, and the test stays.
"""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock

from jetdirect.errors import JobAborted
from jetdirect.ftp.acknowledgement import Acknowledgements
from jetdirect.gateway import Gateway
from jetdirect.job import Job, Sender
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter, FakeSender
from jetdirect.transports.socket import fromURI
from jetdirect.transports.uri import parse

from .simulation.kernel import End
from .simulation.network import Network
from .simulation.reactor import SimulatedReactor
from .simulation.wire import Wire


class Bench:
    """A print server and one printer on the simulated network, without senders."""

    def __init__(self) -> None:
        self.network = Network(Random(1))
        self.reactor = SimulatedReactor(self.network)
        self.host = self.network.host("printer", "192.0.2.101")
        self.host.listeners[9100] = self._accept
        self.reactor.names["printer"] = self.host.address
        self.connections: list[End] = []
        transport: Any = fromURI(self.reactor, parse("socket://printer"))
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
    bench = Bench()
    bench.submit("first")
    bench.submit("second")
    bench.go(1.0)
    stillOpen: list[End] = []
    connect = bench.reactor.connectTCP

    def connectTCP(*arguments: Any, **options: Any) -> Any:
        stillOpen.extend(end for end in bench.host.ends if end.closed is None)
        return connect(*arguments, **options)

    bench.reactor.connectTCP = connectTCP  # type: ignore[method-assign]
    bench.connections[0].close()  # before our half-close: the first job is lost
    bench.go(1.0)
    assert len(bench.connections) == 2
    assert stillOpen == []


def test_laterReplyIsNotTheReply() -> None:
    """
    A sender that heard its 226, said QUIT and left is not "lost before the reply" because the
    goodbye was still on the way.
    """
    reactor = MemoryReactorClock()
    printer = FakePrinter()
    gateway = Gateway([printer], reactor, listeners=[])
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
    bench = Bench()
    job = bench.submit("page")
    bench.go(1.0)
    job.write(b"the first part, ")
    bench.go(40.0)
    bench.host.pull()
    job.write(b"the second")
    bench.go(3.0)
    bench.host.plug()
    bench.go(1.0)
    assert not job.ended, job.error
    assert bench.read() == b"the first part, the second"
    job.cut(JobAborted("enough"))
    bench.go(10.0)


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
    bench = Bench()
    wire = bench.control()
    job: Any = _Told()
    acknowledgements = Acknowledgements(wire, bench.reactor)
    wire.write(b"226 Transfer complete\r\n")
    acknowledgements.expect(job)
    bench.reactor.callLater(0, wire.abortConnection)
    for _ in range(4):
        bench.reactor.turn()
    acknowledgements.lost()
    assert wire.end.acknowledged == 0
    assert job.heard is False


def test_aBusyReactorMissesNoAcknowledgement() -> None:
    """
    A timer's reply leaves in the same turn; acknowledgement and FIN are both there at the next.
    """
    bench = Bench()
    wire = bench.control()
    job: Any = _Told()
    acknowledgements = Acknowledgements(wire, bench.reactor)

    def reply() -> None:
        wire.write(b"226 Transfer complete\r\n")
        acknowledgements.expect(job)

    bench.reactor.callLater(0, reply)
    bench.reactor.turn()
    while bench.network.next is not None:
        bench.network.step()
    assert wire.end.acknowledged and not wire.unacknowledged()
    bench.reactor.turn()
    acknowledgements.ended()
    assert job.heard is True
