"""
Where the bytes for a printer come from.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer


@implementer(IPushProducer)
class Source:
    """
    A producer that writes down what it is told.

    @ivar resumed: fires when it is told to go on, for the first time.
    """

    def __init__(self) -> None:
        self.told: list[str] = []
        self.resumed: Deferred[Any] = Deferred()

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")
        if not self.resumed.called:
            self.resumed.callback(None)

    def stopProducing(self) -> None:
        self.told.append("stop")
