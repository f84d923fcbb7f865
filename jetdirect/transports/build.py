"""
From a device URI to a transport: the scheme's own, and around it what its options ask for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from twisted.plugin import getPlugins

from ..interfaces import IPrinterScheme, IPrinterTransport
from ..options import didYouMean, seconds, switch
from ..uri import DeviceURI, hidesSecret, octets, parse
from .cups import insteadOf, insteadOfScheme
from .dressing import OPTIONS as DRESSING_OPTIONS
from .dressing import DressedTransport, Dressing
from .gap import OPTIONS as GAP_OPTIONS
from .gap import GapTransport
from .policy import PJLPolicy, policed
from .shorthand import spelledOut

COMMON_OPTIONS = {
    "description": "what the printer is called in banner, PWD, LIST and STAT",
    **DRESSING_OPTIONS,
    **GAP_OPTIONS,
}
"""The options of every scheme."""

NETWORK_OPTIONS = {
    "snmp": "on: ask the printer by SNMP how it is; STAT shows it (off)",
    "community": "the word that the printer wants with it, a password of a kind (public)",
}
"""Those of every URI with a host."""


@cache
def schemes() -> Mapping[str, IPrinterScheme]:
    """The schemes of all plugins that are installed, in alphabetical order."""
    found: Iterable[IPrinterScheme] = getPlugins(IPrinterScheme)
    return {plugin.scheme: plugin for plugin in sorted(found, key=lambda p: p.scheme)}


def transportFor(
    reactor: object, text: str, policy: PJLPolicy = PJLPolicy.OFF
) -> IPrinterTransport:
    """
    The transport for a device URI, with all that its options put around it.

    @param policy: what becomes of PJL commands that no print job needs.
    @raise ValueError: the URI cannot be used; the message says why and what can be, and never holds
        user name or password.
    """
    try:
        return _transportFor(reactor, text, policy)
    except ValueError:
        if hidesSecret(text):
            remedy = "in user name and password write %2F for /, %3F for ?, %40 for @"
            raise ValueError(f"not a device URI; {remedy}") from None
        raise


def _transportFor(reactor: object, text: str, policy: PJLPolicy) -> IPrinterTransport:
    uri = parse(spelledOut(text))
    known = schemes()
    plugin = known.get(uri.scheme)
    if plugin is None:
        remedy = insteadOfScheme(uri.scheme)
        if remedy:
            raise ValueError(f"unknown scheme {uri.scheme!r}; {remedy}")
        raise ValueError(
            f"unknown scheme {uri.scheme!r}{didYouMean(uri.scheme, known)}; known are "
            + ", ".join(f"{p.scheme} ({p.example})" for p in known.values())
        )
    network = NETWORK_OPTIONS if uri.host else {}
    options = {**COMMON_OPTIONS, **network, **plugin.options}
    for name, value in uri.options.items():
        remedy = insteadOf(uri.scheme, name, value, name in options)
        if remedy:
            raise ValueError(f"{name}={value} is CUPS's; {remedy}")
        if name not in options:
            near = didYouMean(name, options)
            listed = ", ".join(sorted(options))
            raise ValueError(f"unknown option {name!r}{near}; known are {listed}")
    _checkSeparators(text, options)
    if not uri.description.isprintable():
        raise ValueError(f"description={uri.description!a}: expected one line that can be shown")
    transport = plugin.transport(reactor, uri)
    for wrapped in _WRAPPERS:
        transport = wrapped(transport, reactor, uri)
    return policed(transport, policy)


def _checkSeparators(text: str, options: Collection[str]) -> None:
    for pair in text.partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        further = re.search(r"[?;,]([\w-]+)=", value)
        if further is not None and further[1] in options:
            remedy = (
                f"write & before {further[1]}=, or %{ord(further[0][0]):02X} for the sign itself"
            )
            raise ValueError(f"{name}={value}: {remedy}")


def _withPJL(transport: IPrinterTransport, reactor: Any, uri: DeviceURI) -> IPrinterTransport:
    if not uri.option("pjl", False, switch, "on or off, as in pjl=on"):
        return transport
    from .pjl.transport import PJLTransport  # few printers need it
    from .socket import SocketTransport

    if not isinstance(transport, SocketTransport):
        return transport  # the option is a plugin's own
    return PJLTransport(transport, reactor, transport.endpoint, bool(uri.description))


def _withSNMP(transport: IPrinterTransport, reactor: Any, uri: DeviceURI) -> IPrinterTransport:
    if not uri.option("snmp", False, switch, "on or off, as in snmp=on"):
        if "community" in uri.options:
            raise ValueError("community is for snmp=on; write both")
        return transport
    from .snmp.transport import COMMUNITY, SNMPTransport  # few printers need it

    community = octets(uri.options.get("community", COMMUNITY.decode()))
    if not community:
        raise ValueError("community=WORD: expected a word")
    return SNMPTransport(transport, reactor, uri.host, bool(uri.description), community)


def _withGap(transport: IPrinterTransport, reactor: Any, uri: DeviceURI) -> IPrinterTransport:
    gap = uri.option("gap", 0.0, seconds, "seconds, as in gap=3")
    return GapTransport(transport, gap) if gap else transport


def _dressed(transport: IPrinterTransport, reactor: Any, uri: DeviceURI) -> IPrinterTransport:
    feed = uri.option("form-feed", b"", lambda text: {"on": b"\f"}[text], "on")
    dressing = Dressing(
        uri.option("prolog", b"", octets, "text"),
        uri.option("epilog", b"", octets, "text") + feed,
        uri.option("newlines", False, lambda text: {"crlf": True}[text], "crlf"),
    )
    return DressedTransport(transport, dressing) if dressing else transport


_WRAPPERS: Sequence[Callable[[IPrinterTransport, Any, DeviceURI], IPrinterTransport]] = (
    _withPJL,
    _withSNMP,
    _withGap,
    _dressed,
)
"""What may be put around a transport, from the inside out.  Around all of it comes the policy: it
reads jobs as they were sent, without what the operator adds."""
