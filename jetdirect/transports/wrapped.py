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
    """All of L{IPrinterTransport}, as the inner one has it."""

    def __init__(self, inner: IPrinterTransport) -> None:
        self.uri = inner.uri
        self.reaches = inner.reaches
        self._inner = inner

    def __conform__(self, interface: Any) -> Any:
        # What only some transports provide, such as ICheckedTransport, is asked of the inner one.
        return None if interface.providedBy(self) else interface(self._inner, None)

    @property
    def description(self) -> str:
        return self._inner.description

    @property
    def status(self) -> PrinterStatus:
        return self._inner.status

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        return self._inner.open(job)

    def ask(self) -> Deferred[None]:
        return self._inner.ask()


class WrappedConnection:
    """All of L{IPrinterConnection}, as the inner one has it."""

    def __init__(self, inner: IPrinterConnection) -> None:
        self._inner = inner

    @property
    def sent(self) -> int:
        """What the printer has: with what was added, without what is held back."""
        return self._inner.sent

    def write(self, data: bytes) -> None:
        self._inner.write(data)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        self._inner.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self._inner.unregisterProducer()

    def finish(self) -> Deferred[Delivery]:
        return self._inner.finish()

    def abort(self, tail: bytes) -> Deferred[None]:
        return self._inner.abort(tail)
