"""
C{gap=SECONDS}: a printer that loses what comes right after its last job.
"""

from __future__ import annotations

from zope.interface import implementer

from ..interfaces import INeedsGap, IPrinterTransport
from .wrapped import WrappedTransport


@implementer(IPrinterTransport, INeedsGap)
class GapTransport(WrappedTransport):
    """Another transport, and how long its printer needs after a job; the printing port waits."""

    def __init__(self, inner: IPrinterTransport, gap: float) -> None:
        """@param gap: seconds."""
        super().__init__(inner)
        self.gap = gap
