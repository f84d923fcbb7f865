"""
The address that PASV announces: as the operator wrote it, or what a name means just now.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.abstract import isIPAddress
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IAddress, IHostResolution, IResolutionReceiver
from twisted.logger import Logger
from zope.interface import implementer

from ..net.deadline import within
from ..net.reactor import INetworkReactor

REMEMBERED = 60.0
"""Seconds for which an answer is used: dynamic DNS changes some times a day (chosen)."""

MISSED = 5.0
"""Seconds for which there is no new lookup after one that failed: each takes a thread (chosen)."""

PATIENCE = 10.0
"""Seconds that a lookup may take; a stub resolver tries twice for 5 s (resolv.conf(5))."""


class UnknownAddress(LookupError):
    """The name means no IPv4 address now, or nobody says so in time."""


class AnnouncedAddress:
    """
    One name for all sessions, looked up when it is needed, once at a time.

    The reactor goes on meanwhile.
    """

    _log = Logger()

    def __init__(self, reactor: INetworkReactor, name: str) -> None:
        """@param name: an IPv4 address, a host name, or nothing."""
        self._reactor = reactor
        self._name = name
        self._address = name if isIPAddress(name) else ""
        self._expires = float("inf") if self._address or not name else 0.0
        self._waiting: list[Deferred[str]] | None = None

    @property
    def known(self) -> str | None:
        """The address, if it need not be looked up; an empty one: that of the gateway itself."""
        if self._reactor.seconds() >= self._expires:
            return None
        return self._address if self._address or not self._name else None

    async def find(self) -> str:
        """
        Look it up.

        @raise UnknownAddress: it cannot be found.
        """
        if self.known is not None:
            return self.known
        if self._reactor.seconds() < self._expires:
            raise UnknownAddress(self._name)  # and not again so soon
        waiter: Deferred[str] = Deferred()
        if self._waiting is None:
            self._waiting = [waiter]
            self._ask()
        else:
            self._waiting.append(waiter)
        return await waiter

    def prepare(self) -> None:
        """Look it up, if that is needed: the log says at the start when it cannot be found."""
        if self.known is None:
            Deferred.fromCoroutine(self.find()).addErrback(lambda why: why.trap(UnknownAddress))

    # Inside.

    def _ask(self) -> None:
        answer: Deferred[str] = Deferred()
        within(answer, PATIENCE, self._reactor)
        answer.addCallbacks(self._answered, lambda failure: self._failed(failure.value))
        receiver = _First(answer)
        self._reactor.nameResolver.resolveHostName(receiver, self._name, addressTypes=[IPv4Address])

    def _answered(self, address: str) -> None:
        self._address = address
        self._expires = self._reactor.seconds() + REMEMBERED
        for waiter in self._takeWaiting():
            waiter.callback(address)

    def _failed(self, why: Exception) -> None:
        late = isinstance(why, TimeoutError)
        self._log.warn(
            "--passive-address={name}: {why}; PASV is answered with 425",
            name=self._name,
            why=f"no answer within {PATIENCE:g} s" if late else "no IPv4 address was found",
        )
        self._address = ""
        self._expires = self._reactor.seconds() + MISSED
        for waiter in self._takeWaiting():
            waiter.errback(UnknownAddress(self._name))

    def _takeWaiting(self) -> Sequence[Deferred[str]]:
        waiting, self._waiting = self._waiting or [], None
        return waiting


@implementer(IResolutionReceiver)
class _First:
    """The first address of a lookup."""

    def __init__(self, answer: Deferred[str]) -> None:
        self._answer = answer
        self._address = ""

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        """L{IResolutionReceiver}."""

    def addressResolved(self, address: IAddress) -> None:
        """L{IResolutionReceiver}."""
        self._address = self._address or getattr(address, "host", "")

    def resolutionComplete(self) -> None:
        """L{IResolutionReceiver}; it may come after nobody waits for it any more."""
        if self._answer.called:
            return
        if self._address:
            self._answer.callback(self._address)
        else:
            self._answer.errback(UnknownAddress())
