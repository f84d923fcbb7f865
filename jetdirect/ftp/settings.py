"""
What an operator may set about sessions.  Values belong to instances: two gateways can differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..certificate import ServerCertificate
from ..networks import Network

SESSIONS_PER_PORT = 3
"""As on the 600N, 400N, 500X and 300X (HP's guides, chapter FTP Printing), each of which had one
printing port, or one for each of its printers."""

IDLE_TIMEOUT = 900.0
"""Seconds, likewise."""

LOGIN_TIMEOUT = 120.0
"""Seconds in which a session has to log in: a slow hand at a terminal needs less."""

LINE_TIMEOUT = 60.0
"""Seconds that a command may take from its first byte to its line end: nobody types slower, and a
peer that sends a byte now and then would never be idle (chosen)."""

DRAIN_TIMEOUT = 60.0
"""Seconds that running jobs have to finish when the gateway is stopped; less than the 90 s after
which systemd kills a service."""

GREETING = "JD FTP Server Ready"
"""What the boxes say (nmap's service probes know it), and some scripts wait for."""


@dataclass(frozen=True)
class SessionSettings:
    """
    @ivar greeting: the text of the 220.
    @ivar sessionsPerPort: how many control connections there are for each printing port, and how
        many uploads may hold or wait for one: one printer without paper is not to stop the others.
    @ivar maxSessions: how many control connections there may be at a time; L{None}:
        C{sessionsPerPort} for each printing port.
    @ivar maxSessionsPerHost: how many of them may come from one host, which is an IPv4 address, or
        the network of 64 bits that an IPv6 host has for itself; L{None}: all.
    @ivar allow: the networks that may connect; empty: all.
    @ivar idleTimeout: seconds after which a session ends whose control and data connections were
        both silent; 0: never.
    @ivar dataIdleTimeout: seconds after which a silent data connection ends its job; 0: never;
        L{None}: the same as C{idleTimeout}.
    @ivar loginTimeout: seconds in which a session has to log in.
    @ivar lineTimeout: seconds that a command may take from its first byte to its line end.
    @ivar drainTimeout: seconds that running jobs have to finish when the gateway is stopped;
        0: none.
    @ivar controlLossGrace: seconds to wait for the loss of the control connection after the data's
        end; a process that is killed loses both within 2 ms (measured), so none are needed.
    @ivar fireAndForget: the loss of the control connection does not abort a job: for devices
        that drop it right after their last byte, or before.
    @ivar passivePorts: the TCP ports that passive data connections come to; empty: any free one.
    @ivar passiveAddress: the IPv4 address that PASV announces instead of the gateway's own, or the
        name of a host that has it: the one by which senders beyond a NAT or a proxy reach it.
    @ivar passiveInside: the networks of senders that reach the gateway by its own address all the
        same.
    @ivar dataFrom: the networks of other hosts that may make a passive data connection in the
        sender's place.
    @ivar activePort: the TCP port that active data connections come from; 0: any.
    @ivar activeNAT: a sender that says in PORT or EPRT a private address that is not its own is
        dialled at its own.
    @ivar certificate: offers TLS.
    @ivar requireTLS: nobody logs in or prints without.
    @ivar lenientClose: under TLS, accept a data connection's end without close_notify (RFC 8446
        section 6.1) to be the end of the file; some old senders know no better.
    """

    greeting: str = GREETING
    sessionsPerPort: int = SESSIONS_PER_PORT
    maxSessions: int | None = None
    maxSessionsPerHost: int | None = None
    allow: Sequence[Network] = ()
    idleTimeout: float = IDLE_TIMEOUT
    dataIdleTimeout: float | None = None
    loginTimeout: float = LOGIN_TIMEOUT
    lineTimeout: float = LINE_TIMEOUT
    drainTimeout: float = DRAIN_TIMEOUT
    controlLossGrace: float = 0.0
    fireAndForget: bool = False
    passivePorts: Sequence[int] = ()
    passiveAddress: str = ""
    passiveInside: Sequence[Network] = ()
    dataFrom: Sequence[Network] = ()
    activePort: int = 0
    activeNAT: bool = False
    certificate: ServerCertificate | None = None
    requireTLS: bool = False
    lenientClose: bool = False

    def sessions(self, ports: int) -> int:
        """The limit of a gateway with so many printing ports."""
        return self.sessionsPerPort * ports if self.maxSessions is None else self.maxSessions

    def share(self, ports: int) -> int:
        """How many uploads may hold or wait for one of them: as many sessions as fall to it."""
        all = self.sessions(ports)
        return min(all, max(self.sessionsPerPort, all // max(ports, 1)))

    def warnings(self) -> Iterator[str]:
        """What lets others than by default send what is printed: a sentence each, for the log."""
        if self.dataFrom:
            places = ", ".join(map(str, self.dataFrom))
            yield (
                f"any host of {places} can make another sender's data connection, and so print in"
                " its name: --data-from"
            )
        if self.activeNAT:
            yield (
                "any host that shares a sender's address can get the data connections that it asks"
                " for with PORT: --active-nat"
            )
        if self.lenientClose:
            yield (
                "anybody who can cut a TLS connection on its way can end a job early, and the"
                " sender is told 226: --tls-lenient-close"
            )

    @property
    def dataIdle(self) -> float:
        """The limit of a silent data connection, in seconds; 0: none."""
        return self.idleTimeout if self.dataIdleTimeout is None else self.dataIdleTimeout


PROFILES = {
    "500x": SessionSettings(),
    "jetdirect4": SessionSettings(sessionsPerPort=4, idleTimeout=270),
    "v40": SessionSettings(sessionsPerPort=4, idleTimeout=900, dataIdleTimeout=270),
}
"""Limits of the boxes (HP's guides): the 600N to 500X; later models such as the 610n, 620n and
625n; the 690n with firmware V.40, which tells data from control."""
