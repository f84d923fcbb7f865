"""
Another transport and its connections, to be extended by what is put around them.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProducer

from ..interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    PrinterStatus,
)


class WrappedTransport:
    """All of L{IPrinterTransport}, as the naked one has it."""

    def __init__(self, naked: IPrinterTransport) -> None:
        self.uri = naked.uri
        self.reaches = naked.reaches
        self._naked = naked

    def __conform__(self, interface: Any) -> Any:
        # What only some transports provide, such as ICheckedTransport, is asked of the inner one.
        return None if interface.providedBy(self) else interface(self._naked, None)

    @property
    def description(self) -> str:
        return self._naked.description

    @property
    def status(self) -> PrinterStatus:
        return self._naked.status

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        return self._naked.open(job)

    def ask(self) -> Deferred[None]:
        return self._naked.ask()


class WrappedConnection:
    """All of L{IPrinterConnection}, as the naked one has it."""

    def __init__(self, naked: IPrinterConnection) -> None:
        self._naked = naked

    @property
    def sent(self) -> int:
        """What the printer has: with what was added, without what is held back."""
        return self._naked.sent

    def write(self, data: bytes) -> None:
        self._naked.write(data)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        self._naked.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self._naked.unregisterProducer()

    def finish(self) -> Deferred[Delivery]:
        return self._naked.finish()

    def abort(self, tail: bytes) -> Deferred[None]:
        return self._naked.abort(tail)
