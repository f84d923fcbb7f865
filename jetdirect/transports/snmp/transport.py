"""
C{snmp=on}: how a printer on the network is, by SNMP (Host Resources MIB, RFC 2790; Printer MIB, RFC
3805).  It is asked beside its jobs, which do not depend on the answer.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError, DNSLookupError, MessageLengthError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import DatagramProtocol
from zope.interface import implementer

from ...interfaces import IAskedApart, IPrinterTransport, PrinterStatus
from ...net.reactor import IGatewayReactor
from ..ieee1284 import fieldsOf, modelOf
from ..wrapped import WrappedTransport
from . import ber

PORT = 161
"""RFC 1157, section 4."""

COMMUNITY = b"public"
"""What printers answer to unless somebody has changed it."""

PATIENCE, TRIES = 1, 2
"""Seconds to wait for an answer, and how often to ask: UDP may lose one (chosen)."""

LONGEST_ANSWER = 8192
"""Bytes of an answer that are read; the rest of a longer one is lost (Twisted's default)."""

DEVICE_ID = "1.3.6.1.4.1.2699.1.2.1.2.1.1.3.1"  # ppmPrinterIEEE1284DeviceId (PWG 5107.1)
DESCRIPTION = "1.3.6.1.2.1.25.3.2.1.3.1"  # hrDeviceDescr
STATUS = "1.3.6.1.2.1.25.3.5.1.1.1"  # hrPrinterStatus
ERRORS = "1.3.6.1.2.1.25.3.5.1.2.1"  # hrPrinterDetectedErrorState
PAGES = "1.3.6.1.2.1.43.10.2.1.4.1.1"  # prtMarkerLifeCount
OBJECTS: tuple[str, ...] = (STATUS, ERRORS, PAGES, DEVICE_ID, DESCRIPTION)

_NO_SUCH_NAME = 2
_STATES = {3: "idle", 4: "processing", 5: "processing"}

# hrPrinterDetectedErrorState, the most significant bit first; the second row stops a printer.
_WARNINGS = {0: "media-low", 2: "toner-low", 7: "other", 11: "output-area-almost-full"}
_STOPPERS = {
    1: "media-empty",
    3: "toner-empty",
    4: "door-open",
    5: "media-jam",
    6: "offline",
    8: "input-tray-missing",
    9: "output-tray-missing",
    10: "marker-supply-missing",
    12: "output-area-full",
    13: "media-empty",
}


def question(number: int, objects: tuple[str, ...], community: bytes = COMMUNITY) -> bytes:
    """A GetRequest of SNMP version 1, which every printer speaks."""
    null = ber.Value(ber.NULL, b"")
    names = [ber.sequence(ber.objectID(each), null) for each in objects]
    zero = ber.integer(0)
    request = ber.sequence(ber.integer(number), zero, zero, ber.sequence(*names), tag=ber.GET)
    return bytes(ber.sequence(zero, ber.octets(community), request))


def answer(data: bytes, number: int, objects: tuple[str, ...]) -> dict[str, ber.Value] | int:
    """
    What a GetResponse says.

    @return: the values of the objects; or the index of the first that the printer does not have.
    @raise ValueError: it is no answer to this question.
    """
    _, _, response = ber.whole(data).values
    request, error, index, bindings = response.values
    if response.tag != ber.RESPONSE or request.number != number:
        raise ValueError("an answer to something else")
    if error.number == _NO_SUCH_NAME and 0 < index.number <= len(objects):
        return index.number - 1
    if error.number:
        raise ValueError(f"error {error.number}")
    pairs = [each.values for each in bindings.values]
    known = {bytes(ber.objectID(each)): each for each in objects}
    return {known[bytes(name)]: value for name, value in pairs if bytes(name) in known}


def statusOfValues(values: dict[str, ber.Value]) -> PrinterStatus:
    """
    What the values mean.

    @raise ValueError: one of them is of the wrong kind.
    """
    errors = values.get(ERRORS, ber.octets(b"")).content
    bits = {n for n in range(8 * len(errors)) if errors[n // 8] & 0x80 >> n % 8}
    stoppers = [_STOPPERS[n] for n in sorted(bits & _STOPPERS.keys())]
    warnings = [_WARNINGS[n] for n in sorted(bits & _WARNINGS.keys())]
    state = _STATES.get(values[STATUS].number, "") if STATUS in values else ""
    if stoppers:
        state = "stopped"
    deviceID = values.get(DEVICE_ID, ber.octets(b"")).content.decode("utf-8", "replace")
    described = values.get(DESCRIPTION, ber.octets(b"")).content.decode("utf-8", "replace")
    reasons = tuple(dict.fromkeys([*stoppers, *warnings]))
    model = modelOf(deviceID) or described.strip()
    languages = tuple(filter(None, fieldsOf(deviceID).get("CMD", "").split(",")))
    return PrinterStatus(state, reasons, model, _count(values.get(PAGES)), languages)


def _count(value: ber.Value | None) -> int | None:
    # A printer that counts badly may know all the same that it has no paper.
    try:
        number = -1 if value is None else value.number
    except ValueError:
        return None
    return number if number >= 0 else None


class Query(DatagramProtocol):
    """
    One question to one printer.

    @ivar answered: fires with the L{PrinterStatus}, or with L{None} when none came.
    """

    noisy = False

    def __init__(
        self, reactor: IReactorTime, address: str, community: bytes = COMMUNITY, port: int = PORT
    ) -> None:
        """@param address: the printer's IP address."""
        self.answered: Deferred[PrinterStatus | None] = Deferred(lambda _: self._end(None))
        self._reactor = reactor
        self._peer = (address, port)
        self._community = community
        self._objects = OBJECTS
        self._number = 0
        self._left = TRIES
        self._timer: IDelayedCall | None = None

    def startProtocol(self) -> None:
        """L{DatagramProtocol}."""
        self._ask()

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """L{DatagramProtocol}: what is no answer of that printer to this question is nothing."""
        if not self._isPeer(*addr[:2]):
            return
        try:
            said = answer(datagram, self._number, self._objects)
            status = None if isinstance(said, int) else statusOfValues(said)
        except (ValueError, TypeError):
            return
        if isinstance(said, int):
            # Version 1 answers for all objects or for none.
            self._objects = self._objects[:said] + self._objects[said + 1 :]
            self._left = TRIES
            self._ask()
        else:
            self._end(status)

    def _isPeer(self, host: str, port: int) -> bool:
        # One IPv6 address has many spellings, and the kernel's leaves out the zone.
        said, asked = (ip_address(each.partition("%")[0]) for each in (host, self._peer[0]))
        return (said, port) == (asked, self._peer[1])

    def _ask(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if not self._left or not self._objects:
            self._end(None)
            return
        self._left -= 1
        self._number = secrets.randbelow(2**31)
        assert self.transport is not None
        datagram = question(self._number, self._objects, self._community)
        # What the system does not send (no route, a firewall) has no answer either.
        with suppress(OSError, MessageLengthError):
            self.transport.write(datagram, self._peer)
        self._timer = self._reactor.callLater(PATIENCE, self._ask)

    def _end(self, status: PrinterStatus | None) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self.transport is not None:
            self.transport.stopListening()
        if not self.answered.called:
            self.answered.callback(status)


@implementer(IPrinterTransport, IAskedApart)
class SNMPTransport(WrappedTransport):
    """Another transport, whose printer is asked by SNMP."""

    status = PrinterStatus()

    def __init__(
        self,
        inner: IPrinterTransport,
        reactor: IGatewayReactor,
        host: str,
        named: bool,
        community: bytes = COMMUNITY,
    ) -> None:
        """
        @param host: where the printer's agent is.
        @param named: the operator has given the printer a name, which is better than its own.
        @param community: a password of a kind, which is logged nowhere.
        """
        super().__init__(inner)
        self._reactor = reactor
        self._host = host
        self._named = named
        self.community = community

    @property
    def description(self) -> str:
        """L{IPrinterTransport}."""
        return (
            self._inner.description if self._named else self.status.model or self._inner.description
        )

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}: no answer is none; what was known before is old then."""
        return Deferred.fromCoroutine(self._ask())

    async def _ask(self) -> None:
        status = None
        address = await self._address()
        if address is not None:
            query = Query(self._reactor, address, self.community)
            try:
                self._reactor.listenUDP(0, query, "::" if ":" in address else "", LONGEST_ANSWER)
            except CannotListenError:
                return
            status = await query.answered
        self.status = status or PrinterStatus(model=self.status.model)

    async def _address(self) -> str | None:
        if ":" in self._host:
            return self._host
        try:
            found: str = await self._reactor.resolve(self._host, (PATIENCE,))
        except (DNSLookupError, TimeoutError, OSError):
            return None
        return found
