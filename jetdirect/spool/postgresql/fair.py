"""
Which of several gateways should print on a port, if nobody does.  No I/O.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping


def preferred(port: str, gateways: Mapping[int, Collection[str]]) -> int | None:
    """
    Every gateway comes to the same answer; when one comes or goes, only its own share moves
    (rendezvous hashing).

    @param gateways: those that are well, each with the ports that it has.
    @return: one that has the port; L{None}: none has.
    """
    return max(
        (id for id, ports in gateways.items() if port in ports),
        key=lambda id: hashlib.sha256(f"{id} {port}".encode()).digest(),
        default=None,
    )
