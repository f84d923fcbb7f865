"""
A connection to a mail server or webhook for one alarm: made, used once, and closed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from ..net.dial import cancelLater, hostEndpoint
from ..net.reactor import INetworkReactor

FAREWELL = 2.0
"""Seconds in which the other end may close a connection that is over (chosen)."""

_P = TypeVar("_P", bound=Protocol)


class NotTold(Exception):
    """
    A receiver could not be told; the text says why, in a line that holds no secret.

    @ivar final: it would not be told at another try either.
    """

    def __init__(self, reason: str, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class Talk(Protocol):
    """One connection that is used once, to be extended by a protocol."""

    transport: Any
    _farewell: IDelayedCall | None = None

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    def leave(self) -> None:
        """
        All is said.  The other end closes, or is cut a little later; a reset at once would look to
        it as if nobody had heard its last words.
        """
        self._farewell = self._clock.callLater(FAREWELL, self.transport.abortConnection)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The end."""
        if self._farewell is not None and self._farewell.active():
            self._farewell.cancel()


async def connected(
    reactor: INetworkReactor, host: str, port: int, make: Callable[[], _P], trusted: Any = None
) -> _P:
    """
    Connect to a host.

    @param trusted: for TLS from the first byte on; L{None}: there is none.
    @raise NotTold: that was not possible.
    """
    try:
        endpoint = hostEndpoint(reactor, host, port)
    except ValueError as why:
        raise NotTold(str(why), final=True) from None
    if trusted is not None:
        endpoint = wrapClientTLS(trusted, endpoint)
    factory = Factory.forProtocol(make)
    factory.noisy = False
    connecting: Deferred[Any] = cancelLater(reactor, endpoint.connect(factory))
    try:
        protocol: _P = await connecting
    except error.ConnectionRefusedError:
        raise NotTold("it refused the connection") from None
    except error.DNSLookupError:
        raise NotTold("its name is not known") from None
    except error.ConnectError as why:
        raise NotTold(f"it cannot be reached: {why.args[0] if why.args else why}") from None
    return protocol


def ended(reason: Any) -> NotTold:
    """Why a connection ended before all was said."""
    if reason.check(error.ConnectionClosed):
        return NotTold("it closed the connection")
    if "certificate" in repr(reason.value) or "Verif" in repr(reason.type):
        return NotTold("its certificate is not trusted", final=True)
    return NotTold("TLS failed", final=True)
