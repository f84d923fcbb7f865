"""
Whether printers can be reached now: what has an address is connected to, and let go without a byte;
what is a device or a directory is looked at.  Nothing is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Protocol
from twisted.internet.task import Cooperator

from ..errors import PrintError
from ..interfaces import IPrinterTransport
from ..net.dial import Dialer, hostEndpoint
from ..net.reactor import IGatewayReactor
from ..uri import DeviceURI, parse
from .endpoint import clientEndpoint

PATIENCE = 5.0
"""Seconds that a printer has to answer (chosen)."""

AT_A_TIME = 50
"""Printers that are dialled at a time: a switch or a firewall must not take it for an attack."""


def outOfReach(
    reactor: IGatewayReactor, transports: Sequence[IPrinterTransport]
) -> Deferred[list[str]]:
    """
    Try to reach these printers.

    @return: for each why it cannot be reached now, or C{""}; never fails.
    """
    found = [""] * len(transports)

    async def tryOne(place: int) -> None:
        found[place] = await _whyNot(reactor, transports[place].uri)

    work: Iterator[Deferred[None]] = (
        Deferred.fromCoroutine(tryOne(place)) for place in range(len(transports))
    )
    together = Cooperator(scheduler=lambda go: reactor.callLater(0, go))
    workers = [together.coiterate(work) for _ in range(AT_A_TIME)]
    return Deferred.fromCoroutine(_awaitAll(workers, found))


async def _awaitAll(workers: Iterable[Deferred[Any]], found: list[str]) -> list[str]:
    for worker in workers:
        await worker
    return found


async def _whyNot(reactor: IGatewayReactor, uri: str) -> str:
    try:
        parsed = parse(uri)
        endpoint = _endpoint(reactor, parsed)
    except ValueError as error:  # a plugin's own way to call itself
        return f"{uri}: nobody knows how to try it: {error}"
    if endpoint is None:
        return _whyNotWritable(parsed)
    dialing = Dialer(reactor, endpoint, uri).dial(Protocol)
    try:
        protocol = await dialing.addTimeout(PATIENCE, reactor)
    except TimeoutError:
        return f"{uri}: no answer within {PATIENCE:g} s"
    except PrintError as error:
        return error.reason
    protocol.transport.loseConnection()
    return ""


def _endpoint(reactor: IGatewayReactor, uri: DeviceURI) -> IStreamClientEndpoint | None:
    if uri.scheme == "endpoint":
        return clientEndpoint(reactor, uri.path)
    if uri.scheme == "usb" or not uri.host:
        return None
    if uri.port is None:
        raise ValueError("its URI has no port")
    return hostEndpoint(reactor, uri.host, uri.port)


def _whyNotWritable(uri: DeviceURI) -> str:
    if uri.host:
        return ""  # a USB printer by its name: which device that is, shows when it is opened
    path = uri.path
    if uri.scheme == "file" and not os.path.lexists(path):
        path = os.path.dirname(path)  # the start makes the directory for the jobs
    try:
        os.stat(path)
    except OSError as error:
        return f"{path}: {error.strerror}"
    return "" if os.access(path, os.W_OK) else f"{path}: no permission to write"
