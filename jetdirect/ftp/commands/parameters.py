"""
Transfer parameter commands (RFC 959, section 4.1.2; RFC 2428).
"""

from __future__ import annotations

from ipaddress import ip_address

from twisted.internet.error import CannotListenError

from ...networks import isInside
from .. import replies
from ..address import (
    FIRST_UNPRIVILEGED,
    UnknownFamily,
    hostPort,
    isIPv6,
    parseExtendedPort,
    parsePort,
    plainHost,
)
from ..announced import UnknownAddress
from ..command import Command, Result
from ..data import DataTerms
from ..dataports import ActivePort, PassivePort
from ..replies import Reply
from ..session import Session
from ..state import Note

_TYPES = {"A": "A", "A N": "A", "A T": "A", "AN": "A", "AT": "A", "I": "I", "L 8": "I", "L8": "I"}
_TYPE_SET = {kind: replies.TYPE_SET(type=kind) for kind in set(_TYPES.values())}
_EXTENDED = {"": None, "1": False, "2": True}

_EXTENDED_ONLY: Note[bool] = Note()
"""EPSV ALL was said."""


def setType(session: Session, argument: str) -> Reply:
    """
    Any type that a client needs to go on; every byte passes unchanged in all of them.

    Clients that are refused one send altered data or nothing.
    """
    kind = _TYPES.get(" ".join(argument.upper().split()))
    if kind is None:
        return replies.BAD_PARAMETER(argument=argument)
    session.parameters = session.parameters._replace(type=kind)
    return _TYPE_SET[kind]


def setMode(session: Session, argument: str) -> Reply:
    """Stream mode is the only one."""
    good = argument.upper() == "S"
    return replies.OKAY if good else replies.BAD_PARAMETER(argument=argument)


def setStructure(session: Session, argument: str) -> Reply:
    """File structure is the only one."""
    good = argument.upper() == "F"
    return replies.OKAY if good else replies.BAD_PARAMETER(argument=argument)


def passive(session: Session, _: str) -> Result:
    """Listen on an IPv4 port."""
    if session.parameters.read(_EXTENDED_ONLY):
        return replies.EXTENDED_ONLY
    if isIPv6(session.control.local):
        return replies.UNKNOWN_FAMILY(family=2)
    if session.control.proxied and not _isAnnounced(session):
        return replies.NO_PASSIVE_ADDRESS
    known = session.factory.announced.known
    if known is None and _isAnnounced(session):
        return _passiveByName(session)
    return _passive(session, known or "")


async def _passiveByName(session: Session) -> Reply | None:
    try:
        address = await session.factory.announced.find()
    except UnknownAddress:
        return replies.UNKNOWN_PASSIVE_ADDRESS
    return None if session.control.closing else _passive(session, address)


def _passive(session: Session, announced: str) -> Reply:
    port = _listen(session)
    if port is None:
        return replies.CANNOT_LISTEN
    address = announced if _isAnnounced(session) else session.control.local
    return replies.PASSIVE(address=hostPort(address, port.number))


def _isAnnounced(session: Session) -> bool:
    # Or do senders of this network reach the gateway by its own address?
    settings = session.settings
    return bool(settings.passiveAddress) and not isInside(
        session.control.peer, settings.passiveInside
    )


def extendedPassive(session: Session, argument: str) -> Reply:
    """Listen on a port of the control connection's own family."""
    if argument.upper() == "ALL":
        session.parameters = session.parameters.noted(_EXTENDED_ONLY, True)
        return replies.OKAY
    if argument not in _EXTENDED:
        return replies.UNKNOWN_FAMILY(family=_family(session))
    control = session.control
    if control.proxied:
        # The sender connects to whom it talks with: the proxy, which may pass data on, or not.
        if not isInside(control.proxy, session.settings.dataFrom):
            return replies.PASSIVE_ONLY
    elif _EXTENDED[argument] not in (None, isIPv6(control.local)):
        return replies.UNKNOWN_FAMILY(family=_family(session))
    port = _listen(session)
    return replies.CANNOT_LISTEN if port is None else replies.EXTENDED_PASSIVE(port=port.number)


def active(session: Session, argument: str) -> Reply:
    """Dial the peer for the next transfer."""
    try:
        return _dial(session, "PORT", *parsePort(argument))
    except ValueError:
        return replies.BAD_ADDRESS(argument=argument)


def extendedActive(session: Session, argument: str) -> Reply:
    """The same with an IPv4 or IPv6 address."""
    try:
        return _dial(session, "EPRT", *parseExtendedPort(argument))
    except UnknownFamily:
        return replies.UNKNOWN_FAMILY(family=_family(session))
    except ValueError:
        return replies.BAD_ADDRESS(argument=argument)


def _family(session: Session) -> int:
    return 2 if isIPv6(session.control.local) else 1


def _listen(session: Session) -> PassivePort | None:
    if not session.control.local:
        return None  # a Unix socket has no host that could be connected to
    session.useDataPort(None)  # closed before the next one is there
    settings = session.settings
    try:
        port = PassivePort(
            session.reactor,
            _terms(session),
            session.control.local,
            session.control.peer,
            settings.passivePorts,
            settings.dataFrom,
            lambda host: _refused(session, host),
        )
    except CannotListenError as why:
        session.warn("no passive port for {peer}: {why}", peer=session.control.peer, why=str(why))
        return None
    session.useDataPort(port)
    return port


def _terms(session: Session) -> DataTerms:
    settings = session.settings
    return DataTerms(
        settings.dataIdle,
        settings.certificate if session.parameters.protected else None,
        settings.lenientClose,
    )


def _refused(session: Session, host: str) -> None:
    text = "data connection from {host} refused, {peer} was to make it"
    session.warn(text, host=host, peer=session.control.peer)


def _dial(session: Session, verb: str, host: str, number: int) -> Reply:
    if session.parameters.read(_EXTENDED_ONLY):
        return replies.EXTENDED_ONLY
    own = plainHost(host) == session.control.peer.partition("%")[0]
    # lftp says "::" when it does not know its address; nobody else can be meant.
    own = own or ip_address(host).is_unspecified
    # Beyond a NAT a sender knows its inner address only; its own is dialled in any case.
    own = own or (session.settings.activeNAT and not ip_address(host).is_global)
    if not own or number < FIRST_UNPRIVILEGED:
        session.warn(
            "{peer} asks for a data connection to {host}:{port}; refused",
            peer=session.control.peer,
            host=host,
            port=number,
        )
        return replies.FOREIGN_ADDRESS
    source = session.settings.activePort
    session.useDataPort(
        ActivePort(
            session.reactor,
            _terms(session),
            session.control.local,
            session.control.peer,
            number,
            source,
        )
    )
    return replies.ACTIVE(verb=verb)


COMMANDS: tuple[Command[Session], ...] = (
    Command("TYPE", "<A | I | L 8>", setType),
    Command("MODE", "<S>", setMode),
    Command("STRU", "<F>", setStructure),
    Command("PASV", "", passive),
    Command("EPSV", "[1 | 2 | ALL]", extendedPassive, feature="EPSV"),
    Command("PORT", "<h1,h2,h3,h4,p1,p2>", active),
    Command("EPRT", "<|family|address|port|>", extendedActive, feature="EPRT"),
)
