"""
Addresses as FTP writes them: PORT (RFC 959), EPRT and EPSV (RFC 2428).  No I/O.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

FIRST_UNPRIVILEGED = 1024
"""Ports below are never dialled: a data port of a client is its own choice, and never there."""

_PORT = re.compile(r"(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})", re.ASCII)


class UnknownFamily(ValueError):
    """A network protocol that is neither IPv4 (1) nor IPv6 (2)."""


def plainHost(host: str) -> str:
    """An address in one form only: an IPv4-mapped IPv6 address is the IPv4 address it means."""
    if ":" not in host:
        return host
    try:
        address = IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    mapped = address.ipv4_mapped
    return host if mapped is None else str(mapped)


def oneHost(host: str) -> str:
    """
    What counts as one host: an IPv4 address, or the network of 64 bits of an IPv6 address, which a
    single machine has for itself (RFC 4291, section 2.5.4); link-local ones are all in one.
    """
    if ":" not in host:
        return host
    try:
        address = IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    return host if address.is_link_local else str(IPv6Network((int(address), 64), strict=False))


def proxiedHost(host: str) -> str:
    """
    An address in the header of a proxy, where no scope means anything.

    @raise ValueError: it is none.
    """
    return plainHost(str(ip_address(host.partition("%")[0] if isIPv6(host) else host)))


def isIPv6(host: str) -> bool:
    """Is C{host} an IPv6 address?"""
    return ":" in host


def parsePort(argument: str) -> tuple[str, int]:
    """
    The argument of PORT: C{h1,h2,h3,h4,p1,p2}.

    @raise ValueError: it has another form.
    """
    found = _PORT.fullmatch(argument)
    numbers = [int(n) for n in found.groups()] if found else [256]
    if max(numbers) > 255:
        raise ValueError(argument)
    return ".".join(map(str, numbers[:4])), numbers[4] * 256 + numbers[5]


def hostPort(host: str, port: int) -> str:
    """An IPv4 address and a port as PORT and the 227 write them: C{h1,h2,h3,h4,p1,p2}."""
    return f"{host.replace('.', ',')},{port >> 8},{port & 255}"


def parseExtendedPort(argument: str) -> tuple[str, int]:
    """
    The argument of EPRT: C{|1|132.235.1.2|6275|} or C{|2|1080::8:800:200C:417A|5282|}.

    @raise UnknownFamily: it is neither IPv4 nor IPv6.
    @raise ValueError: it has another form.
    """
    delimiter = argument[:1]
    if not delimiter or not "!" <= delimiter <= "~" or argument.count(delimiter) != 4:
        raise ValueError(argument)
    _, family, host, port, rest = argument.split(delimiter)
    if rest or not re.fullmatch(r"\d{1,5}", port, re.ASCII) or not family.isascii():
        raise ValueError(argument)
    if int(port) > 65535 or not family.isdigit():
        raise ValueError(argument)
    if family == "1":
        return plainHost(str(IPv4Address(host))), int(port)
    if family == "2":
        # Without its scope: that is ours to know, and anything could be in it.
        return plainHost(str(IPv6Address(host.partition("%")[0]))), int(port)
    raise UnknownFamily(family)
