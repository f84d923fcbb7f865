"""
Transfer parameter commands (RFC 959, section 4.1.2; RFC 2428).
"""

from __future__ import annotations

from ipaddress import ip_address

from twisted.internet.error import CannotListenError
from twisted.protocols.ftp import encodeHostPort

from .. import replies
from ..address import (
    FIRST_UNPRIVILEGED,
    UnknownFamily,
    isInside,
    isIPv6,
    parseExtendedPort,
    parsePort,
    plainHost,
)
from ..data import ActivePort, PassivePort
from ..interpreter import Interpreter, command
from ..replies import Reply

_TYPES = {"A": "A", "A N": "A", "A T": "A", "AN": "A", "AT": "A", "I": "I", "L 8": "I", "L8": "I"}
_EXTENDED = {"": None, "1": False, "2": True}


class ParameterCommands(Interpreter):
    """How data connections are made, and what is believed of their bytes."""

    @command("TYPE <A | I | L 8>")
    def ftp_TYPE(self, argument: str) -> Reply:
        """
        Any type that a client needs to go on; every byte passes unchanged in all of them.

        Clients that are refused one send altered data or nothing.
        """
        kind = _TYPES.get(" ".join(argument.upper().split()))
        if kind is None:
            return replies.BAD_PARAMETER(argument=argument)
        self.type = kind
        return replies.TYPE_SET(type=kind)

    @command("MODE <S>")
    def ftp_MODE(self, argument: str) -> Reply:
        """Stream mode is the only one."""
        good = argument.upper() == "S"
        return replies.OKAY if good else replies.BAD_PARAMETER(argument=argument)

    @command("STRU <F>")
    def ftp_STRU(self, argument: str) -> Reply:
        """File structure is the only one."""
        good = argument.upper() == "F"
        return replies.OKAY if good else replies.BAD_PARAMETER(argument=argument)

    @command("PASV")
    def ftp_PASV(self, _: str) -> Reply:
        """Listen on an IPv4 port."""
        if self.extendedOnly:
            return replies.EXTENDED_ONLY
        if isIPv6(self.local):
            return replies.UNKNOWN_FAMILY(family=2)
        if self.proxied and not self._announced():
            return replies.NO_PASSIVE_ADDRESS
        port = self._listen()
        if port is None:
            return replies.CANNOT_LISTEN
        return replies.PASSIVE(address=encodeHostPort(self._announced() or self.local, port.number))

    @command("EPSV [1 | 2 | ALL]")
    def ftp_EPSV(self, argument: str) -> Reply:
        """Listen on a port of the control connection's own family."""
        if argument.upper() == "ALL":
            self.extendedOnly = True
            return replies.OKAY
        if argument not in _EXTENDED:
            return replies.UNKNOWN_FAMILY(family=self._family())
        if _EXTENDED[argument] not in (None, isIPv6(self.local)):
            return replies.UNKNOWN_FAMILY(family=self._family())
        if self.proxied:
            return replies.PASSIVE_ONLY
        port = self._listen()
        return replies.CANNOT_LISTEN if port is None else replies.EXTENDED_PASSIVE(port=port.number)

    @command("PORT <h1,h2,h3,h4,p1,p2>")
    def ftp_PORT(self, argument: str) -> Reply:
        """Dial the peer for the next transfer."""
        try:
            return self._dial("PORT", *parsePort(argument))
        except ValueError:
            return replies.BAD_ADDRESS(argument=argument)

    @command("EPRT <|family|address|port|>")
    def ftp_EPRT(self, argument: str) -> Reply:
        """The same with an IPv4 or IPv6 address."""
        try:
            return self._dial("EPRT", *parseExtendedPort(argument))
        except UnknownFamily:
            return replies.UNKNOWN_FAMILY(family=self._family())
        except ValueError:
            return replies.BAD_ADDRESS(argument=argument)

    def _family(self) -> int:
        return 2 if isIPv6(self.local) else 1

    def _listen(self) -> PassivePort | None:
        if not self.local:
            return None  # a Unix socket has no host that could be connected to
        settings = self.settings
        certificate = settings.certificate if self.protected else None
        unused = self.dataPort
        if (
            settings.passivePorts
            and isinstance(unused, PassivePort)
            and unused.listening
            and unused.tls is certificate
        ):
            return unused  # its port would not be free at once, and may be the last one
        self.useDataPort(None)
        try:
            port = PassivePort(
                self.reactor,
                settings.dataIdle,
                self.local,
                self.peer,
                settings.passivePorts,
                certificate,
                settings.lenientClose,
            )
        except CannotListenError as why:
            self._log.warn("no passive port for {peer}: {why}", peer=self.peer, why=str(why))
            return None
        self.useDataPort(port)
        return port

    def _announced(self) -> str:
        # What PASV says instead of our own address, if anything.
        inside = isInside(self.peer, self.settings.passiveInside)
        return "" if inside else self.settings.passiveAddress

    def _dial(self, verb: str, host: str, number: int) -> Reply:
        if self.extendedOnly:
            return replies.EXTENDED_ONLY
        own = plainHost(host) == self.peer.partition("%")[0]
        # lftp says "::" when it does not know its address; nobody else can be meant.
        own = own or ip_address(host).is_unspecified
        if not own or number < FIRST_UNPRIVILEGED:
            self._log.warn(
                "{peer} asks for a data connection to {host}:{port}; refused",
                peer=self.peer,
                host=host,
                port=number,
            )
            return replies.FOREIGN_ADDRESS
        self.useDataPort(
            ActivePort(
                self.reactor,
                self.settings.dataIdle,
                self.local,
                self.peer,
                number,
                self.settings.certificate if self.protected else None,
                self.settings.lenientClose,
            )
        )
        return replies.ACTIVE(verb=verb)
