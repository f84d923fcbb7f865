"""
What can be known to be wrong with the printers that an operator has named, before the first job.

Where a printer is, its URI says; so nothing needs to be connected to.  What is not there I{now}
(a device that is not plugged in, a name that does not resolve) is a warning: it may come.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Sequence
from socket import if_indextoname, if_nametoindex

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IHostResolution,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
)
from zope.interface import implementer

from ..interfaces import Complaint, ICheckedTransport, IPrinterTransport
from ..net.reactor import INetworkReactor
from ..uri import DeviceURI, parse
from . import endpoint
from .shorthand import schemeOfDevice

NAME_PATIENCE = 10.0
"""Seconds in which a name server should have answered; the resolver of the system asks each of its
servers for 5 s (resolv.conf(5)), and twice."""

LOOKUPS = 4
"""Names that are looked up at a time: less than half of the threads that Twisted has for it, or the
jobs of thousands of printers would wait for names that nobody needs now."""

_EXAMPLES = {"parallel": "/dev/lp0", "serial": "/dev/ttyS0", "usb": "/dev/usb/lp0"}

_SPOKEN = {"515": "lpd", "631": "ipp", "9100": "socket"}
_PLACE = re.compile(rf"(socket|lpd|ipp)(?:s|\+tls)?://[^/]*:({'|'.join(_SPOKEN)})(?:/|\Z)")
"""A printer at a port that has a protocol of its own: an IPP server takes raw bytes, and prints
nothing."""

_MEMORY = 1
"""The major number of /dev/null and its like (Linux, Documentation/admin-guide/devices.txt)."""


def complaintsAbout(transports: Sequence[IPrinterTransport]) -> list[Complaint]:
    """
    What is wrong with these printers, or between them.

    Blocks as long as disks do.  To be called with the rights that jobs will have.
    """
    return seen(transports) + tried(transports)


def tried(transports: Iterable[IPrinterTransport]) -> list[Complaint]:
    """What shows by trying what their jobs need; that makes what is missing."""
    found: list[Complaint] = []
    for transport in transports:
        checked = ICheckedTransport(transport, None)
        found += [] if checked is None else checked.check()
    return found


def seen(
    transports: Sequence[IPrinterTransport], beside: Iterable[IPrinterTransport] = ()
) -> list[Complaint]:
    """
    What of it shows by looking on; nothing is tried or made.

    @param beside: others, of which nothing is said.
    """
    found: list[Complaint] = []
    for transport in transports:
        device = deviceOf(transport)
        found += _unknownZone(transport) if device is None else _wrongWith(transport.uri, device)
        scheme, _, text = transport.uri.partition(":")
        found += endpoint.complaintsAbout(text) if scheme == "endpoint" else []
        found += _anothersPort(transport.uri)
    return found + _twice(transports, beside)


def _anothersPort(uri: str) -> list[Complaint]:
    found = _PLACE.match(uri)
    if found is None or _SPOKEN[found[2]] == found[1]:
        return []
    there = _SPOKEN[found[2]]
    what = f"{uri}: printers speak {there}: at port {found[2]}, as a rule"
    return [Complaint(f"{what}; write {there}://HOST if this one does", False)]


def unknownHosts(
    reactor: INetworkReactor, transports: Iterable[IPrinterTransport]
) -> Deferred[list[str]]:
    """
    The host names of these printers that cannot be resolved now, each once, in their order.

    @return: fires within L{NAME_PATIENCE} seconds, and never fails.
    """
    return Deferred.fromCoroutine(_unknown(reactor, list(map(hostOf, transports))))


async def _unknown(reactor: INetworkReactor, hosts: list[str]) -> list[str]:
    if not hasattr(reactor, "nameResolver"):
        return []  # in memory
    names = [each for each in dict.fromkeys(hosts) if each and not _isAddress(each)]
    waiting = iter(names)
    looked: list[_Lookup] = []
    unknown: set[str] = set()

    async def look() -> None:
        for name in waiting:
            looked.append(lookup := _Lookup(reactor, name))
            if not await lookup.known:
                unknown.add(name)

    def late() -> None:
        for _ in waiting:
            pass  # of these nothing is known
        for each in looked:
            each.end()

    patience = reactor.callLater(NAME_PATIENCE, late)
    for worker in [Deferred.fromCoroutine(look()) for _ in range(LOOKUPS)]:
        await worker
    if patience.active():
        patience.cancel()
    return [each for each in names if each in unknown]


def _isAddress(host: str) -> bool:
    return isIPAddress(host) or isIPv6Address(host.partition("%")[0])


@implementer(IResolutionReceiver)
class _Lookup:
    def __init__(self, reactor: IReactorPluggableNameResolver, name: str) -> None:
        self.name = name
        self.known: Deferred[bool] = Deferred()
        reactor.nameResolver.resolveHostName(self, name)

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """L{IResolutionReceiver}."""

    def addressResolved(self, address: object) -> None:
        """L{IResolutionReceiver}."""
        self._say(True)

    def resolutionComplete(self) -> None:
        """L{IResolutionReceiver}."""
        self._say(False)

    def end(self) -> None:
        """Wait no longer."""
        self._say(False)

    def _say(self, known: bool) -> None:
        if not self.known.called:
            self.known.callback(known)


def hostOf(transport: IPrinterTransport) -> str:
    """The host that a transport connects to, or C{""}."""
    scheme, _, text = transport.uri.partition(":")
    if scheme == "endpoint":
        return endpoint.hostOf(text)
    return _parsed(transport.uri).host if deviceOf(transport) is None else ""


def deviceOf(transport: IPrinterTransport) -> str | None:
    """
    What only one printing port may have: the path of a device, of a named pipe or of a file that is
    appended to; a USB printer's URI where it is named so; L{None} for other transports.
    """
    scheme, _, path = transport.uri.partition(":")
    if scheme in _EXAMPLES:
        return path
    path = path.removeprefix("//")
    shared = scheme != "file" or os.path.isdir(path) or not os.path.exists(path)
    return None if shared else path


def _parsed(uri: str) -> DeviceURI:
    try:
        return parse(uri)
    except ValueError:  # somebody else's transport may call itself what it likes
        return DeviceURI("")


def _unknownZone(transport: IPrinterTransport) -> list[Complaint]:
    _, _, zone = hostOf(transport).partition("%")
    if not zone:
        return []
    try:
        if_indextoname(int(zone)) if zone.isdecimal() else if_nametoindex(zone)
    except (OSError, OverflowError):
        told = f"there is no network interface {zone} now; its jobs get 450 until there is"
        return [Complaint(f"{transport.uri}: {told}")]
    return []


def _wrongWith(uri: str, device: str) -> list[Complaint]:
    scheme = uri.partition(":")[0]
    if scheme == "file" or device.startswith("//"):
        return []
    try:
        found = os.stat(device)
    except FileNotFoundError:
        return [Complaint(f"{uri}: there is no such device now; its jobs get 450 until there is")]
    except OSError as why:
        return [Complaint(f"{uri}: {why.strerror}; its jobs get 450 as long as that is so")]
    character = stat.S_ISCHR(found.st_mode) and os.major(found.st_rdev) != _MEMORY
    # What stands in for a printer, such as an emulator, may read a named pipe.
    pipe = stat.S_ISFIFO(found.st_mode) and scheme != "serial"
    if not (character or pipe):
        example = _EXAMPLES[scheme]
        return [Complaint(f"{uri}: {device} is no printer's device; name one as {example}", True)]
    other = schemeOfDevice(device)  # Linux's two drivers for printers are much alike
    if other is not None and (other == "serial") != (scheme == "serial"):
        return [Complaint(f"{uri}: {device} is of another kind; write {other}:{device}", True)]
    if not os.access(device, os.R_OK | os.W_OK if scheme == "serial" else os.W_OK):
        remedy = "put this user in the group of the device (lp or dialout)"
        return [Complaint(f"{uri}: no permission to use it now; {remedy}")]
    return []


def _twice(
    transports: Iterable[IPrinterTransport], beside: Iterable[IPrinterTransport]
) -> list[Complaint]:
    found: list[Complaint] = []
    places = set(filter(None, map(_place, beside)))
    for transport in transports:
        place = _place(transport)
        if place in places and place[0]:
            queue = "each has a line of its own, and the printer takes one job at a time"
            found.append(Complaint(f"{transport.uri}: two printing ports lead there; {queue}"))
        elif place in places:
            remedy = "one printing port per device; leave out one"
            found.append(Complaint(f"{transport.uri}: that device is named twice; {remedy}", True))
        if place:
            places.add(place)
    return found


def _place(transport: IPrinterTransport) -> tuple[str, ...]:
    """Where a transport leads: to a scheme, a host and a path; or to C{""} and a device."""
    device = deviceOf(transport)
    if device is not None:
        return "", device if device.startswith("//") else os.path.realpath(device)
    scheme, mark, rest = transport.uri.partition("://")
    host, _, path = rest.partition("/")
    return (scheme, host.lower(), path) if mark and host else ()
