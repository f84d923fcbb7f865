"""
Which faults are tried with which jobs, and on which gateways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from laboratory.printers.row import FAULTS
from laboratory.printers.stands.stand import Kind
from laboratory.printers.transports import NETWORK
from laboratory.printers.tries import Try, noise

#: Bytes of a job that all kernels on its way, and the gateway, can have at once: whoever believes a
#: kernel calls it printed.
SMALL = 200_003

#: Bytes of a job which nobody can have at once, and which would show in the gateway's memory.
LARGE = 8 * 1024 * 1024 + 3


def faults(kind: Kind) -> list[str]:
    """
    Those which need no root.
    """
    pulled = ("unplugged",) if kind in NETWORK else ()
    return [each for each in FAULTS if each not in kind.without and each not in pulled]


def tries(kind: Kind, sizes: Mapping[str, Sequence[int]]) -> list[list[Try]]:
    """
    The jobs for each gateway that the transport needs.

    @param sizes: of the jobs for each fault.
    """
    gateways: dict[Sequence[str], list[Try]] = {}
    for fault in faults(kind):
        before = tuple(kind.before.get(fault, ()))
        gateways.setdefault(before, []).extend(Try(fault, noise(size)) for size in sizes[fault])
    return list(gateways.values())
