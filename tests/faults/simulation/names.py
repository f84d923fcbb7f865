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

from .wire import address


@implementer(IHostResolution)
class _Resolution:
    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """L{IHostResolution}: it is quick enough."""


@implementer(IHostnameResolver)
class Resolver:
    """
    Host names of printers.

    @ivar names: the address of each; what is not here is unknown.
    """

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

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
        if hostName in self.names:
            resolutionReceiver.addressResolved(address(self.names[hostName], portNumber))
        resolutionReceiver.resolutionComplete()
        return resolution
