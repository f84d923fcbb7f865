"""
A document within a protocol, as if it were all that the connection brings.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.support.caller import Caller


class Within(Caller):
    """
    The same connection: what is said, finished or reset here is so there.

    The behaviours of raw printers work on it, and count bytes of the document.
    """

    def __init__(self, outer: Caller, take: Callable[[int], bytes]) -> None:
        """
        @param take: up to so many bytes of the document; none at its end, or the connection's.
        """
        super().__init__(outer._wire, outer._news, outer._off, keep=True)
        self._outer = outer
        self._take = take

    def waitFor(self, gate: threading.Event) -> None:
        """As the whole connection: it is hung up when the printer is switched off."""
        self._outer.waitFor(gate)

    def read(self, limit: int = 65536) -> bytes:
        """
        Wait for some bytes of the document.

        @return: none at its end.
        """
        chunk = self._take(limit)
        with self._news:
            self.data += chunk
            self.received += len(chunk)
            self.ended = self.ended or not chunk
            self._news.notify_all()
        return chunk
