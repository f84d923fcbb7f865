"""
The bytes of an upload on their way to a draft, a bounded number of them in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProducer, IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import PrintError, SpoolFailed, SpoolFull
from ..interfaces import Delivery, IDraft, IPrinterConnection, ISpool

HIGH, LOW = 1 << 20, 1 << 18
"""Bytes that wait for the disk before the sender does, and when it goes on (chosen)."""

LOOK = 16 << 20
"""Bytes after which the free space of the disk is checked again."""


@implementer(IPrinterConnection)
class DraftWriter:
    """
    A draft as a job writes to it: as a printer connection that never prints.

    What reads jobs on their way to a printer can so stand before it, too.

    @ivar sent: 0: not one byte reaches a printer.
    """

    sent = 0

    def __init__(
        self,
        spool: ISpool,
        draft: IDraft,
        least: Callable[[int], int],
        failed: Callable[[PrintError], None],
        commit: Callable[[], Deferred[Delivery]],
    ) -> None:
        """
        @param least: the bytes that are to stay free of so many.
        @param failed: told once, when the draft cannot be written any more.
        @param commit: is called when all that was written is in the draft.
        """
        self._spool = spool
        self._draft = draft
        self._least = least
        self._failed = failed
        self._commit = commit
        self._waiting: list[bytes] = []
        self._size = 0
        self._unseen = 0
        self._busy = self._over = False
        self._producer: IPushProducer | None = None
        self._paused = False
        self._written: Deferred[None] | None = None

    # IConsumer

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}."""
        if self._over or not data:
            return
        self._waiting.append(data)
        self._size += len(data)
        if self._size > HIGH and self._producer is not None and not self._paused:
            self._paused = True
            self._producer.pauseProducing()
        if not self._busy:
            self._goOn()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IPrinterConnection}."""
        assert IPushProducer.providedBy(producer)
        self._producer = producer

    def unregisterProducer(self) -> None:
        """L{IPrinterConnection}."""
        self._producer = None

    # The end

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}: the commit."""
        if not self._busy:
            return self._commit()
        written = self._written = Deferred()
        return written.addCallback(lambda _: self._commit())

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}: nothing of it stays."""
        self._end()
        if self._busy:
            self._written = Deferred()
            return self._written.addBoth(lambda _: self._draft.discard())
        return self._draft.discard()

    # Inside.

    def _goOn(self) -> None:
        data, self._waiting = b"".join(self._waiting), []
        self._busy = True
        self._unseen += len(data)
        writing: Deferred[Any] = self._draft.write(data)
        if self._unseen >= LOOK:
            self._unseen = 0
            writing.addCallback(lambda _: self._spool.room()).addCallback(self._checkRoom)
        writing.addCallbacks(self._wrote, self._lost, callbackArgs=(len(data),))

    def _checkRoom(self, room: tuple[int, int]) -> None:
        free, total = room
        if free < self._least(total):
            raise SpoolFull("the spool's disk has only the space left that must stay free")

    def _wrote(self, _: object, size: int) -> None:
        self._size -= size
        if self._paused and self._size <= LOW and not self._over:
            self._paused = False
            if self._producer is not None:
                self._producer.resumeProducing()
        if self._waiting and not self._over:
            self._goOn()
        else:
            self._writingEnded()

    def _lost(self, failure: Failure) -> None:
        told = not self._over
        self._end()
        error = failure.value
        if not isinstance(error, PrintError):
            error = SpoolFailed("the gateway itself failed")
        if told:
            self._failed(error)
        self._writingEnded(Failure(error))

    def _writingEnded(self, lost: Failure | None = None) -> None:
        self._busy = False
        written, self._written = self._written, None
        if written is None:
            return
        if lost is None:
            written.callback(None)
        else:
            written.errback(lost)

    def _end(self) -> None:
        self._over = True
        self._waiting.clear()
