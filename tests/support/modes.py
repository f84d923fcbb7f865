"""
How a client makes its connections, and in which type it sends.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from enum import StrEnum

IPV4 = "127.0.0.1"
IPV6 = "::1"


class Way(StrEnum):
    """How the data connection comes about."""

    PASV = "PASV"
    EPSV = "EPSV"
    PORT = "PORT"
    EPRT = "EPRT"


class TLS(StrEnum):
    """How the connections are encrypted."""

    NONE = "plain"
    EXPLICIT = "AUTH TLS"
    IMPLICIT = "implicit TLS"


@dataclass(frozen=True)
class Mode:
    """
    One of a client's many modes.

    @ivar ascii: TYPE A.
    """

    way: Way = Way.PASV
    host: str = IPV4
    tls: TLS = TLS.NONE
    ascii: bool = False

    @property
    def passive(self) -> bool:
        """Is it the client that dials?"""
        return self.way in (Way.PASV, Way.EPSV)

    @property
    def urlHost(self) -> str:
        """The host as URLs write it."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def __str__(self) -> str:
        family = "IPv6" if ":" in self.host else "IPv4"
        return f"{self.way} {family} {self.tls}{' ASCII' if self.ascii else ''}"


def modes(
    *ways: Way, ipv6: bool = True, tls: tuple[TLS, ...] = (), ascii: bool = True
) -> list[Mode]:
    """
    The usual modes of a client.

    @param ways: those that it knows for IPv4; the first is the one for C{ascii}.
    @param ipv6: it knows the extended ones for IPv6.
    @param tls: what it knows besides plain connections.
    @param ascii: it can be told to send as TYPE A.
    """
    plain = [Mode(way) for way in ways]
    if ipv6:
        passive = any(mode.passive for mode in plain)
        active = any(not mode.passive for mode in plain)
        plain += [Mode(Way.EPSV, IPV6)] * passive + [Mode(Way.EPRT, IPV6)] * active
    found = [replace(mode, tls=kind) for kind in (TLS.NONE, *tls) for mode in plain]
    return found + [replace(plain[0], ascii=True)] * ascii


def hasIPv6() -> bool:
    """Has this machine an IPv6 loopback address?"""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
