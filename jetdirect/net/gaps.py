"""
What Twisted has no hook for: here, and nowhere else, a method of one of its objects is replaced.

C{tests/test_gaps.py} has a test that fails when there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def whenProxied(transport: Any, came: Callable[[], object]) -> None:
    """
    Call C{came} when the PROXY header is there, for each piece that comes behind it.

    Twisted passes on what follows the header, and tells nobody of the header itself; a client of
    FTP says nothing before it is greeted.

    @param transport: what a listener at C{haproxy:} gives its protocols.
    """
    received = transport.dataReceived

    def dataReceived(data: bytes) -> None:
        received(data)
        if transport._proxyInfo is not None:
            came()

    transport.dataReceived = dataReceived
