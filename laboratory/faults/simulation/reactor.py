"""
A reactor on the simulated network.  Endpoints are Twisted's own, transports the gateway's or
Twisted's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorPluggableNameResolver
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.posixbase import _DisconnectSelectableMixin
from twisted.internet.testing import MemoryReactorClock
from twisted.python import log
from zope.interface import implementer

from jetdirect.net.events import IN, OUT
from jetdirect.net.listener import bequeath

from .disk import Threads
from .kernel import End
from .names import Resolver
from .network import Host, Network
from .ports import Connector, Listener
from .stream import Loop, Stream
from .wire import GATEWAY, Wire

HANGUP = 0x10  # EPOLLHUP


@implementer(IReactorPluggableNameResolver)
class SimulatedReactor(_DisconnectSelectableMixin, MemoryReactorClock):
    """
    Twisted's loop: due calls, then ready descriptors in any order.

    @ivar names: the printers' addresses.
    @ivar listeners: the gateway's listening ports, by number.
    @ivar freePorts: how many more may be opened.
    @ivar exhausted: the process has no descriptors left.
    @ivar threads: where work is done that may block.
    @ivar ours: transports are the gateway's own, not Twisted's.
    @ivar loop: where they wait.
    @ivar connected: called with every new transport.
    @ivar turned: called after each turn.
    @ivar turns: how many there were.
    @ivar bareHangUps: how likely a reset is told as a hang-up without something to read.
    @ivar habits: where that is decided, so that everything else stays as it was drawn.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.bareHangUps = 0.0
        self.habits = Random(0)
        self.turns = 0
        self.network = network
        self.names: dict[str, str] = {}
        self.resolver = self.nameResolver = Resolver(self.names, network)
        self.listeners: dict[int, Listener] = {}
        self.freePorts = 1000
        self.exhausted = False
        self.threads = Threads(network, self.callFromThread)
        self.connected: Callable[[Any], None] = lambda wire: None
        self.ours = False
        self.loop = Loop(self)
        self.turned: Callable[[], None] = lambda: None
        self._ports = iter(range(40000, 65000))
        self._reading: dict[Any, None] = {}
        self._writing: dict[Any, None] = {}

    def begin(self, end: End, protocol: Any, dialled: bool = False) -> None:
        """A connection is made: C{protocol} has it."""
        if self.ours:
            if not dialled:
                bequeath(end, end.port < 1024)  # type: ignore[arg-type]
            stream = Stream(end, self.loop, dialled)
            self.connected(stream)
            stream.begin(protocol)
        else:
            wire = Wire(end, protocol, self, dialled)
            self.connected(wire)
            protocol.makeConnection(wire)

    def seconds(self) -> float:
        return self.network.now

    # IReactorTCP

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        """As a kernel would, as long as there are free ports."""
        if not port and self.freePorts <= len(self.listeners):
            raise error.CannotListenError(interface, port, OSError("Address already in use"))
        if self.exhausted or port in self.listeners:
            raise error.CannotListenError(interface, port, OSError("no descriptor, or in use"))
        number = port or next(self._ports)
        listener = Listener(self, number, factory, interface or GATEWAY[False])
        self.listeners[number] = listener
        return listener

    def connectTCP(
        self, host: str, port: int, factory: Any, timeout: float = 30, bindAddress: Any = None
    ) -> Any:
        """Send a SYN; what comes back is the other machine's business."""
        connector = Connector(self, host, port, factory, timeout)
        if self.exhausted:
            self.callLater(0, connector.noDescriptor)
            return connector
        there = self.network.hosts[host]
        here = GATEWAY[":" in host]
        near = End(self.network, there, f"gateway to {there.name}:{port}", here, next(self._ports))
        far = End(self.network, there, f"{there.name}:{port}", host, port)
        near.peer, far.peer = far, near
        far.forgetsAfter = there.forgetsAfter

        def arrive() -> None:
            ask = there.listeners.get(port)
            taken = ask(far) if ask is not None else False
            if taken:
                there.ends.append(near)
                self.network.after(there.latency, there.arrive, lambda: connector.established(near))
            elif taken is False:
                self.network.after(there.latency, there.arrive, connector.refused)

        self.network.after(there.latency, there.arrive, arrive)
        return connector

    def dialIn(self, host: Host, port: int, label: str) -> Deferred[End | None]:
        """A machine connects to the gateway: fires with its end, or with L{None} if refused."""
        answer: Deferred[End | None] = Deferred()
        here = GATEWAY[":" in host.address]
        near = End(self.network, host, f"gateway from {label}", here, port)
        far = End(self.network, host, label, host.address, next(self._ports))
        near.peer, far.peer = far, near
        far.forgetsAfter = host.forgetsAfter

        def arrive() -> None:
            listener = self.listeners.get(port)
            if listener is not None:
                host.ends.append(near)
                listener.syn(near)
            end = far if listener is not None else None
            self.network.after(host.latency, host.arrive, lambda: answer.callback(end))

        self.network.after(host.latency, host.arrive, arrive)
        return answer

    # IReactorThreads

    def printerThread(self, name: str) -> Any:
        """The thread of one printer."""
        return self.threads.of(name)

    def callFromThread(self, call: Any, *arguments: Any, **keywords: Any) -> None:
        """In the next turn."""
        self.callLater(0, call, *arguments, **keywords)

    # IReactorFDSet, in an order that does not depend on memory addresses.

    def addReader(self, reader: Any) -> None:
        self._reading[reader] = None

    def removeReader(self, reader: Any) -> None:
        self._reading.pop(reader, None)

    def addWriter(self, writer: Any) -> None:
        self._writing[writer] = None

    def removeWriter(self, writer: Any) -> None:
        self._writing.pop(writer, None)

    def getReaders(self) -> list[Any]:
        return list(self._reading)

    def getWriters(self) -> list[Any]:
        return list(self._writing)

    # The loop.

    @property
    def nextCall(self) -> float | None:
        """When the next delayed call is due."""
        return self.calls[0].getTime() if self.calls else None

    def ready(self) -> list[Any]:
        """The descriptors that a poll would return."""
        found: list[Any] = [port for port in self.listeners.values() if port.readable]
        found += [wire for wire in self._reading if wire.end.readable]
        found += [
            wire
            for wire in self._writing
            if (wire.end.writable or wire.end.hungUp)
            and not (wire in self._reading and wire.end.readable)
        ]
        return found

    @property
    def busy(self) -> bool:
        """Has the reactor something to do at once?"""
        calls = self.calls
        return bool(calls and calls[0].getTime() <= self.network.now) or self._anythingReady()

    def _anythingReady(self) -> bool:
        for wire in self._reading:
            end = wire.end
            if end.finArrived is not None or end.failed is not None:
                return True
            if end.received and end.readable:
                return True
        for wire in self._writing:
            end = wire.end
            if end.failed is not None or end.finSent is not None:
                return True
            if end.sendBuffer > len(end._unsent) + end._inFlight:
                return True
        return any(port.readable for port in self.listeners.values())

    def turn(self) -> None:
        """One iteration."""
        self.turns += 1
        self._sortCalls()
        now = self.seconds()
        for call in [call for call in self.calls if call.getTime() <= now]:
            if call.active() and call.getTime() <= now:
                self.calls.remove(call)
                call.called = 1
                self._guarded(call.func, call.args, call.kw)
        ready = self.ready()
        self.network.random.shuffle(ready)
        for descriptor in ready:
            if isinstance(descriptor, Listener):
                self._guarded(descriptor.accept)
            elif isinstance(descriptor, Stream):
                self._serveOurs(descriptor)
            else:
                self._guarded(self._serve, (descriptor,))
        self._sortCalls()
        self.turned()

    def _guarded(self, call: Any, arguments: Iterable[Any] = (), keywords: Any = None) -> None:
        try:
            call(*arguments, **(keywords or {}))
        except BaseException:
            log.err()

    def _bareHangUp(self, end: End) -> bool:
        # Twisted's epoll reactor takes a hang-up without EPOLLIN for the end in order.  A reset
        # looks so between two steps of the kernel, if too few bytes wait to be told of.
        if end.failed is None or end.finArrived is not None or end.bareHangUp is not None:
            return False
        few = len(end.received) < end.lowWater
        end.bareHangUp = few and end.errorPending and self.habits.random() < self.bareHangUps
        return end.bareHangUp

    def _serveOurs(self, stream: Stream) -> None:
        end, events = stream.end, 0
        reading, writing = stream in self._reading, stream in self._writing
        if not (reading or writing):
            return
        bare = reading and self._bareHangUp(end)
        if reading and end.readable and not bare:
            events |= IN
        if writing and end.writable and not bare:
            events |= OUT
        if end.hungUp:
            events |= HANGUP
        if events:
            self.loop.tell(stream, events)

    def _serve(self, wire: Wire) -> None:
        # As epoll has it: errors and hang-ups are told to who only writes, too.
        why: Any = None
        inRead = False
        reading, writing = wire in self._reading, wire in self._writing
        try:
            if reading and self._bareHangUp(wire.end):
                why, inRead = CONNECTION_DONE, True
            elif reading and wire.end.readable:
                why, inRead = wire.doRead(), True
            elif writing and not reading and wire.end.hungUp:
                why = CONNECTION_LOST
            if not why and wire in self._writing and wire.end.writable:
                why, inRead = wire.doWrite(), False
        except BaseException as problem:  # as Twisted's reactors do
            log.err()
            why = problem
        if why:
            self._disconnectSelectable(wire, why, inRead)
