"""
A job whose size is known, on its way to a print server while it comes.

Its last octet is held back until the end of the data agrees with the size: what is cut before stays
a short file, which the server throws away.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProducer
from zope.interface import implementer

from ...errors import PrinterLost
from ...interfaces import Delivery, IPrinterConnection, IPrintJob
from ..ending import Ending
from .client import LPDDialogue


@implementer(IPrinterConnection)
class StreamedConnection:
    """The queue, while a job of C{size} octets has it."""

    def __init__(self, dialogue: LPDDialogue, job: IPrintJob, size: int) -> None:
        """@param dialogue: one that has announced the job."""
        self._ending = dialogue.ending = Ending(job)
        self._dialogue = dialogue
        self._left = size
        self._held = b""

    @property
    def sent(self) -> int:
        """L{IPrinterConnection}."""
        return self._dialogue.sent

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}."""
        self._left -= len(data)
        if self._left > 0:
            self._dialogue.pour(data)
        elif not self._left and data:
            self._held = data[-1:]
            self._dialogue.pour(data[:-1])

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IPrinterConnection}."""
        self._dialogue.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """L{IPrinterConnection}."""
        self._dialogue.transport.unregisterProducer()

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}."""
        return self._ending.finishBy(self._finish)

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}: a file that stays short is not printed; no tail can end it."""
        return self._ending.abortBy(self._abort)

    async def _abort(self) -> None:
        await self._dialogue.abort()

    async def _finish(self) -> Delivery:
        if self._left:
            await self._dialogue.abort()
            few = "fewer" if self._left > 0 else "more"
            raise PrinterLost(f"{few} bytes came than were announced to the server")
        self._dialogue.pour(self._held)
        await self._dialogue.end()
        return Delivery.DELIVERED
