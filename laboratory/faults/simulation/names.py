"""
Host names of printers.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
)
from zope.interface import implementer

from .network import Network
from .wire import address


@implementer(IHostResolution)
class _Resolution:
    canceled = False

    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """L{IHostResolution}."""
        self.canceled = True


@implementer(IHostnameResolver)
class Resolver:
    """
    Host names of printers.

    @ivar names: the address of each; what is not here is unknown.
    @ivar slow: names that take so many seconds.
    """

    def __init__(self, names: dict[str, str], network: Network) -> None:
        self.names = names
        self.slow: dict[str, float] = {}
        self._network = network

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """L{IHostnameResolver}."""
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)

        def answer() -> None:
            if not resolution.canceled:
                if hostName in self.names:
                    resolutionReceiver.addressResolved(address(self.names[hostName], portNumber))
                resolutionReceiver.resolutionComplete()

        if hostName in self.slow:
            self._network.after(self.slow[hostName], answer)
        else:
            answer()
        return resolution
