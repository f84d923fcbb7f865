"""
Hosts and networks as an operator names them: who may connect, who may print.  No I/O.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


def isInside(host: str, networks: Iterable[Network]) -> bool:
    """Is C{host} an address in one of them?"""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return any(address in network for network in networks)
