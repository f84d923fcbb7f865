"""
A name server that does not answer.
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


@implementer(IHostnameResolver, IHostResolution)
class DeafResolver:
    """
    As Twisted's own resolver when the thread that asks for it fails.

    @ivar asked: how often it was.
    """

    name = "printer"

    def __init__(self) -> None:
        self.asked = 0

    def cancel(self) -> None:
        """Nothing is on its way."""

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Begin, and never end."""
        self.asked += 1
        resolutionReceiver.resolutionBegan(self)
        return IHostResolution(self)
