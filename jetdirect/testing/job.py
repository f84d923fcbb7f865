"""
A job as a printer connection knows it, for tests of transports.
"""

from __future__ import annotations

from zope.interface import implementer

from ..errors import PrintError
from ..interfaces import IPrintJob


@implementer(IPrintJob)
class FakeJob:
    """
    A job that notes what it is told.

    @ivar losses: what C{printerLost} was called with.
    """

    number, user, host = 7, "ann", "192.0.2.1"

    def __init__(self, name: str = "page.ps", size: int | None = None) -> None:
        self.name = name
        self.size = size
        self.losses: list[PrintError] = []

    def printerLost(self, error: PrintError) -> None:
        """L{IPrintJob}."""
        self.losses.append(error)
