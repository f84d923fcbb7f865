"""
Transfer parameter commands (RFC 959, section 4.1.2; RFC 2428).
"""

from __future__ import annotations

from ipaddress import ip_address

from twisted.internet.error import CannotListenError

from .. import replies
from ..active import ActivePort
from ..address import (
    FIRST_UNPRIVILEGED,
    UnknownFamily,
    hostPort,
    isInside,
    isIPv6,
    parseExtendedPort,
    parsePort,
    plainHost,
)
from ..announced import UnknownAddress
from ..data import DataTerms
from ..interpreter import Interpreter, Result, command
from ..passive import PassivePort
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
    def ftp_PASV(self, _: str) -> Result:
        """Listen on an IPv4 port."""
        if self.extendedOnly:
            return replies.EXTENDED_ONLY
        if isIPv6(self.local):
            return replies.UNKNOWN_FAMILY(family=2)
        if self.proxied and not self._isAnnounced:
            return replies.NO_PASSIVE_ADDRESS
        known = self.factory.announced.known
        if known is None and self._isAnnounced:
            return self._passiveByName()
        return self._passive(known or "")

    async def _passiveByName(self) -> Reply | None:
        try:
            address = await self.factory.announced.find()
        except UnknownAddress:
            return replies.UNKNOWN_PASSIVE_ADDRESS
        return None if self.closing else self._passive(address)

    def _passive(self, announced: str) -> Reply:
        port = self._listen()
        if port is None:
            return replies.CANNOT_LISTEN
        address = announced if self._isAnnounced else self.local
        return replies.PASSIVE(address=hostPort(address, port.number))

    @property
    def _isAnnounced(self) -> bool:
        # Or do senders of this network reach the gateway by its own address?
        settings = self.settings
        return bool(settings.passiveAddress) and not isInside(self.peer, settings.passiveInside)

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
        self.useDataPort(None)  # closed before the next one is there
        settings = self.settings
        try:
            port = PassivePort(
                self.reactor,
                self._terms,
                self.local,
                self.peer,
                settings.passivePorts,
                settings.dataFrom,
                self._refused,
            )
        except CannotListenError as why:
            self.warn("no passive port for {peer}: {why}", peer=self.peer, why=str(why))
            return None
        self.useDataPort(port)
        return port

    @property
    def _terms(self) -> DataTerms:
        settings = self.settings
        return DataTerms(
            settings.dataIdle,
            settings.certificate if self.protected else None,
            settings.lenientClose,
            wary=self.secure,
        )

    def _refused(self, host: str) -> None:
        text = "data connection from {host} refused, {peer} was to make it"
        self.warn(text, host=host, peer=self.peer)

    def _dial(self, verb: str, host: str, number: int) -> Reply:
        if self.extendedOnly:
            return replies.EXTENDED_ONLY
        own = plainHost(host) == self.peer.partition("%")[0]
        # lftp says "::" when it does not know its address; nobody else can be meant.
        own = own or ip_address(host).is_unspecified
        # Beyond a NAT a sender knows its inner address only; its own is dialled in any case.
        own = own or (self.settings.activeNAT and not ip_address(host).is_global)
        if not own or number < FIRST_UNPRIVILEGED:
            self.warn(
                "{peer} asks for a data connection to {host}:{port}; refused",
                peer=self.peer,
                host=host,
                port=number,
            )
            return replies.FOREIGN_ADDRESS
        source = self.settings.activePort
        self.useDataPort(
            ActivePort(self.reactor, self._terms, self.local, self.peer, number, source)
        )
        return replies.ACTIVE(verb=verb)
