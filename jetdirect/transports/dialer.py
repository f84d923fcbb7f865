"""
Making a connection to one printer or print server, again and again.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from ..deadline import Deadline
from ..errors import PrintError, PrinterUnreachable
from ..tcp import cancelLater

ATTEMPT_TIMEOUT = 30.0
"""Seconds that one attempt may take, the lookup of a name included: a name server may be silent for
ever, and the printing port's own time-out be 0."""


class Dialer:
    """Whoever wants a connection to one place."""

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
