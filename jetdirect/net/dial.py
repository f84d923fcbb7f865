"""
Connections that we make: where to, and how they are given up; a L{Dialer} makes them to one printer
or print server, again and again.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401  imported early: with no descriptor free, a lookup that imports it hangs
import errno
from collections.abc import Callable
from typing import Any

from twisted.internet import error
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from ..errors import PrintError, PrinterUnreachable
from .deadline import Deadline, hasFired
from .network import Network
from .reactor import INetworkReactor

ATTEMPT_TIMEOUT = 30.0
"""Seconds that one attempt may take, the lookup of a name included: a name server may be silent for
ever, and the printing port's own time-out be 0."""


def hostEndpoint(
    reactor: INetworkReactor, host: str, port: int, source: tuple[str, int] | None = None
) -> IStreamClientEndpoint:
    """
    Where a host is to be reached.

    An address needs no name lookup, which takes a thread, and what a thread may lack.

    @param source: the address, or C{""}, and the port to connect from; by default any.
    @raise ValueError: it cannot be a host name.
    """
    if isIPAddress(host) or isIPv6Address(host):
        return addressEndpoint(reactor, host, port, source)
    endpoint = HostnameEndpoint(reactor, host, port, bindAddress=source)
    if getattr(endpoint, "_badHostname", False):  # it would say so itself, but at every job
        raise ValueError(f"{host!r} is not a host name; write its address instead")
    return endpoint


def addressEndpoint(
    reactor: INetworkReactor,
    host: str,
    port: int,
    source: tuple[str, int] | None = None,
    shared: bool = False,
) -> IStreamClientEndpoint:
    """
    A numeric address, as an endpoint.

    @param source: the address, or C{""}, and the port to connect from; by default any.
    @param shared: several may come from that port, to different places, as RFC 959 (section 3.2)
        and many firewalls want a server's data connections to come from port 20; if all of them
        say so before they are bound.  Twisted's transports do not.
    """
    if isinstance(reactor, Network):
        return reactor.endpoint(host, port, source, shared)
    endpoint = TCP6ClientEndpoint if isIPv6Address(host) else TCP4ClientEndpoint
    return endpoint(reactor, host, port, bindAddress=source)


def cancelLater(clock: IReactorTime, connecting: Deferred[Any]) -> Deferred[Any]:
    """
    A connection that is being made, and can be given up at any moment.

    Giving it up closes its descriptor.  In the middle of a turn of the reactor, an event that is on
    its way to it may then reach a program that gets the same number, such as a listener, and end it
    (Twisted issue 4759); so it is done between two turns.

    @return: fails with L{CancelledError} at once when it is canceled.
    """
    if hasFired(connecting):
        return connecting

    def cancel(given: Deferred[Any]) -> None:
        given.errback(CancelledError())
        clock.callLater(0, connecting.cancel)

    given: Deferred[Any] = Deferred(cancel)

    def made(protocol: Any) -> None:
        if given.called:
            protocol.transport.abortConnection()
        else:
            given.callback(protocol)

    def failed(why: Failure) -> None:
        if not given.called:
            given.errback(why)

    connecting.addCallbacks(made, failed)
    return given


class Dialer:
    """Connects to one host and port, one attempt at a time."""

    def __init__(self, clock: IReactorTime, endpoint: IStreamClientEndpoint, uri: str) -> None:
        """@param uri: what the place is called in reasons; no secrets."""
        self._clock = clock
        self._endpoint = endpoint
        self._uri = uri
        self._givenUp = 0

    def dial(self, protocol: Callable[[], Protocol]) -> Deferred[Any]:
        """
        Make a connection.

        @return: fires with the protocol; fails with L{PrinterUnreachable}, with another
            L{PrintError} when another attempt will not help, and with L{CancelledError
            <twisted.internet.defer.CancelledError>} at once when it is canceled: no connection is
            left behind then.
        """
        factory = Factory.forProtocol(protocol)
        factory.noisy = False
        connecting = cancelLater(self._clock, self._connect(factory))
        if hasFired(connecting):
            if isinstance(connecting.result, Failure):
                connecting.addErrback(self._asPrintError)
            return connecting

        def cancel(_: object) -> None:
            self._givenUp += 1
            connecting.cancel()
            self._clock.callLater(0, left)

        def left() -> None:
            self._givenUp -= 1

        dialed: Deferred[Any] = Deferred(cancel)
        expired = False

        def expire() -> None:
            nonlocal expired
            expired = True
            connecting.cancel()

        expiry = Deadline(self._clock, ATTEMPT_TIMEOUT, expire)

        def ended(result: Any) -> None:
            expiry.cancel()
            if not isinstance(result, Failure):
                dialed.callback(result)
            elif expired:
                dialed.errback(PrinterUnreachable(f"{self._uri}: no answer"))
            else:
                dialed.errback(self._asPrintError(result))

        connecting.addBoth(ended)
        return dialed

    def _connect(self, factory: Any) -> Deferred[Any]:
        # Not before a connection that was canceled is closed, or the printer had two.
        if self._givenUp:
            return deferLater(self._clock, 0).addCallback(lambda _: self._connect(factory))
        return self._endpoint.connect(factory)

    def _asPrintError(self, failure: Failure) -> Failure:
        why = failure.value
        if isinstance(why, (error.ConnectError, error.DNSLookupError)):
            unreachable: PrintError = PrinterUnreachable(f"{self._uri}: {_reason(why)}")
        elif isinstance(why, ValueError):  # an endpoint's word for a name that no resolver takes
            unreachable = PrintError(f"{self._uri}: that cannot be a host name")
        else:
            return failure
        unreachable.__cause__ = why
        return Failure(unreachable)


def _reason(why: Exception) -> str:
    number = getattr(why, "osError", None)
    if isinstance(why, error.ConnectionRefusedError):
        return "the connection was refused (busy or off)"
    if isinstance(why, (error.TimeoutError, error.TCPTimedOutError)):
        return "no answer"
    if isinstance(why, error.NoRouteError) or number in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return "no route to the printer"
    if isinstance(why, error.ConnectBindError) and number in (errno.EACCES, errno.EPERM):
        return "no permission for such a source port"
    if isinstance(why, error.ConnectBindError) and number == errno.EADDRINUSE:
        return "no source port is free"
    if isinstance(why, error.DNSLookupError):
        return "the host name is not known"
    return "the connection failed"
