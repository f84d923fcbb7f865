"""
Twisted's TCP transport on the simulated network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet import tcp
from twisted.internet.address import IPv4Address, IPv6Address
from zope.interface import implementer

from jetdirect.net import facts
from jetdirect.net.facts import ITCPFacts, Silence

from .kernel import End

if TYPE_CHECKING:
    from .reactor import SimulatedReactor

GATEWAY = {False: "192.0.2.9", True: "2001:db8::9"}
"""The gateway's own addresses, IPv4 and IPv6."""


def address(host: str, port: int) -> IPv4Address | IPv6Address:
    """An address as Twisted has it."""
    kind = IPv6Address if ":" in host else IPv4Address
    return kind("TCP", host, port)


@implementer(ITCPFacts)
class Wire(tcp.Connection):
    """
    Twisted's TCP transport on a simulated socket.

    @ivar end: what the kernel knows.
    @ivar written: called with what the protocol writes.
    """

    def __init__(
        self, end: End, protocol: Any, reactor: SimulatedReactor, dialled: bool = False
    ) -> None:
        self.end = end
        self._tlsClientDefault = dialled
        self.written: Callable[[bytes], None] = lambda data: None
        self._later = False
        super().__init__(end, protocol, reactor)  # type: ignore[arg-type]
        self.logstr = end.label
        self.connected = 1
        end.used = True
        end.transport = self
        self.startReading()

    def write(self, data: bytes) -> None:
        self.written(data)
        super().write(data)

    def doWrite(self) -> Any:
        self._later = True
        try:
            return super().doWrite()
        finally:
            self._later = False

    def writeSomeData(self, data: Any) -> Any:
        # What waited was counted when it began to wait; its room lets more be written in this turn.
        later, self._later = self._later, False
        sent = super().writeSomeData(data)
        if not later and isinstance(sent, int):
            self.written(bytes(data[:sent]))  # what does not wait for the next turn
        return sent

    def getHost(self) -> IPv4Address | IPv6Address:
        return address(self.end.host, self.end.port)

    def getPeer(self) -> IPv4Address | IPv6Address:
        return address(self.end.peer.host, self.end.peer.port)

    def closedByPeer(self) -> bool:
        """L{ITCPFacts}."""
        return self.end.finArrived is not None or self.end.failed is not None

    def reset(self) -> bool:
        """L{ITCPFacts}."""
        return self.end.errorPending

    def unacknowledged(self) -> int:
        """L{ITCPFacts}: with what Twisted keeps for the next turn, as the product counts it."""
        return self.end.unacknowledged() + facts.unwritten(self)

    def unread(self) -> int:
        """L{ITCPFacts}."""
        return len(self.end.received)

    def silence(self) -> Silence | None:
        """L{ITCPFacts}."""
        return self.end.silence()
