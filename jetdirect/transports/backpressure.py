"""
A producer that is paused while more waits for a slow device than should.
"""

from __future__ import annotations

from typing import cast

from twisted.internet.interfaces import IProducer, IPushProducer


class BackPressure:
    """The half of an L{IConsumer} that C{write} leaves."""

    _producer: IPushProducer | None = None
    _streaming = True
    _paused = False

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """L{IConsumer}: one that does not stream is asked for each piece."""
        self._producer = cast(IPushProducer, producer)
        self._streaming = streaming
        if not streaming:
            self._producer.resumeProducing()

    def unregisterProducer(self) -> None:
        """L{IConsumer}."""
        self._producer = None

    def full(self) -> None:
        """More waits than should."""
        if self._streaming and self._producer is not None:
            self._paused = True
            self._producer.pauseProducing()

    def empty(self) -> None:
        """Nothing waits any more."""
        wanted = self._paused or not self._streaming
        if wanted and self._producer is not None:
            self._paused = False
            self._producer.resumeProducing()
