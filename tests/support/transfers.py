"""
What comes over a data port, or goes, for tests that wait for its end.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from jetdirect.errors import DataConnectionLost
from jetdirect.ftp.data import DataPort


def poured(port: DataPort, consumer: Any) -> Deferred[None]:
    """C{pourInto}; fails with what it tells."""
    ended: Deferred[None] = Deferred()
    port.pourInto(consumer, lambda error: _tell(ended, error))
    return ended


def sent(port: DataPort, data: bytes) -> Deferred[None]:
    """C{send}; fails with what it tells."""
    ended: Deferred[None] = Deferred()
    port.send(data, lambda error: _tell(ended, error))
    return ended


def _tell(ended: Deferred[None], error: DataConnectionLost | None) -> None:
    if error is None:
        ended.callback(None)
    else:
        ended.errback(error)
