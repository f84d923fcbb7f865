"""
Device URIs, in CUPS's syntax: C{socket://host:9100?description=Ward+3}.

Read once and strictly: CUPS overlooks a misspelt option, here it is an error that names the option
and those there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET6, inet_ntop, inet_pton
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from twisted.plugin import getPlugins

from ..interfaces import IPrinterScheme, IPrinterTransport
from ..options import seconds as seconds
from ..options import switch as switch
from .cups import insteadOf, insteadOfScheme
from .dressing import OPTIONS as DRESSING_OPTIONS
from .dressing import DressedTransport, Dressing
from .gap import OPTIONS as GAP_OPTIONS
from .gap import GapTransport
from .shorthand import spelledOut

_Value = TypeVar("_Value")

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

_FORM = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):"
    r"(?://(?:(?P<userinfo>[^/?#@]*)@)?(?P<authority>[^/?#@]*))?"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?\Z"
)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

_IN_OPTION = re.compile(r"[?&][\w-]+=[^&]*\Z")
"""Before an @ that belongs to the value of an option."""

_OPTION = re.compile(r"(?P<name>[\w%-]+)=[^&]*")

_AUTHORITY = re.compile(r"(?:\[(?P<literal>[^\]]*)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[^:]*))?\Z")


@dataclass(frozen=True)
class DeviceURI:
    """
    A device URI in its parts, percent-decoded.

    @ivar host: without the brackets of an IPv6 address; C{""} if there is none.
    @ivar port: L{None} if there is none.
    """

    scheme: str
    host: str = ""
    port: int | None = None
    path: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def description(self) -> str:
        """What the user calls the printer, or C{""}."""
        return _encoded(self.options.get("description", "")).decode("utf-8", "replace")

    def option(
        self, name: str, default: _Value, read: Callable[[str], _Value], expected: str
    ) -> _Value:
        """
        The value of an option.

        @param read: makes the value of the text, or raises L{ValueError}.
        @param expected: says in words what C{read} takes.
        @raise ValueError: the text is not as expected.
        """
        if name not in self.options:
            return default
        text = self.options[name]
        try:
            return read(text)
        except (ValueError, LookupError):
            raise ValueError(f"{name}={text}: expected {expected}") from None


def parse(text: str) -> DeviceURI:
    """
    Take a device URI apart.

    @raise ValueError: it is not one.  Of a URI that is written badly the message may show a part;
        L{transportFor} sees to it that this is no secret.
    """
    found = _FORM.match(text)
    if found is None:
        raise ValueError("not a device URI such as socket://printer:9100")
    scheme = found["scheme"].lower()
    user, _, password = (found["userinfo"] or "").partition(":")
    place = _AUTHORITY.match(found["authority"] or "")
    if place is None:
        raise ValueError("host and port are written host:9100 or [ipv6]:9100")
    # CUPS writes a USB printer's maker there, in as many words as it has.
    host = (
        _decoded(place["name"] or "", "the host")
        if scheme == "usb"
        else _host(place["literal"], place["name"])
    )
    port = place["port"]
    if port is not None and not (
        re.fullmatch(r"\d{1,5}", port, re.ASCII) and 0 < int(port) < 65536
    ):
        raise ValueError(f"port {port!r} is not a number from 1 to 65535")
    if found["authority"] is not None and found["path"][:1] not in ("", "/"):
        raise ValueError("between a host and a path there is a slash")
    path = _decoded(found["path"], "the path")
    if "\0" in path:
        raise ValueError("a path cannot hold a NUL")
    return DeviceURI(
        scheme,
        host,
        None if port is None else int(port),
        path,
        _decoded(user, "user name or password"),
        _decoded(password, "user name or password"),
        _options(found["query"] or "", scheme),
    )


def _host(literal: str | None, name: str) -> str:
    if literal is None:
        host = _decoded(name, "the host")
        if not re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?|", host):
            raise ValueError(f"{name!r} is not a host name")
        # The last word of a name is none of digits only (RFC 1123, section 2.1).
        return _address(IPv4Address, host) if re.search(r"(\A|\.)\d+\.?\Z", host) else host
    host, mark, scope = _unquoted(literal).partition("%")  # %eth0 can mean only one thing
    if mark and not scope:
        raise ValueError(f"{literal!r} is not an IPv6 address")
    # In the form in which it is told by the kernel, and found again by whoever looks for it.
    return inet_ntop(AF_INET6, inet_pton(AF_INET6, _address(IPv6Address, host))) + mark + scope


def _address(kind: type[IPv4Address] | type[IPv6Address], text: str) -> str:
    try:
        address = kind(text)
    except ValueError:
        version = 4 if kind is IPv4Address else 6
        raise ValueError(f"{text!r} is not an IPv{version} address") from None
    if address.is_multicast or address.is_unspecified or text == "255.255.255.255":
        raise ValueError(f"{text} is the address of no printer")
    return text


def _decoded(text: str, what: str) -> str:
    """@param what: is named in the error; the text may be a secret."""
    if _BAD_ESCAPE.search(text):
        remedy = "write %25 for a % itself"
        raise ValueError(f"{what}: a % that no two hexadecimal digits follow; {remedy}")
    return _unquoted(text)


def _unquoted(text: str) -> str:
    raw = text.encode("utf-8", "surrogateescape")
    return unquote_to_bytes(raw).decode("utf-8", "surrogateescape")


def _options(query: str, scheme: str) -> dict[str, str]:
    # CUPS separates the options of a serial line by a plus sign, elsewhere that is a blank.
    separator = r"&|\+(?=[\w-]+=)" if scheme == "serial" else "&"
    options: dict[str, str] = {}
    for pair in filter(None, re.split(separator, query)):
        name, equals, value = pair.partition("=")
        name = _decoded(name, "an option's name")
        if not equals:
            raise ValueError(f"option {name!r} has no value; write {name}=VALUE")
        if name in options:
            raise ValueError(f"option {name!r} is given twice")
        options[name] = _decoded(value.replace("+", " "), f"option {name}")
    return options


@cache
def schemes() -> Mapping[str, IPrinterScheme]:
    """The schemes of all plugins that are installed, in alphabetical order."""
    found: Iterable[IPrinterScheme] = getPlugins(IPrinterScheme)
    return {plugin.scheme: plugin for plugin in sorted(found, key=lambda p: p.scheme)}


def transportFor(reactor: object, text: str) -> IPrinterTransport:
    """
    The transport for a device URI.

    @raise ValueError: the URI cannot be used; the message says why and what can be, and never holds
        user name or password.
    """
    try:
        return _transportFor(reactor, text)
    except ValueError:
        if _hidesSecret(text):
            remedy = "in user name and password write %2F for /, %3F for ?, %40 for @"
            raise ValueError(f"not a device URI; {remedy}") from None
        raise


def withoutSecrets(text: str) -> str:
    """A device URI as it may be shown, also if it is written badly."""
    _, at, rest = text.rpartition("@")
    shown = f"...@{rest}" if at else text
    return _OPTION.sub(_withoutValue, shown)


def _withoutValue(option: re.Match[str]) -> str:
    secret = _unquoted(option["name"]).lower() == "community"
    return f"{option['name']}=..." if secret else option[0]


def _hidesSecret(text: str) -> bool:
    # Written badly, user name and password are taken for host, port, path or options.  Well
    # written they hold no @, which then belongs to the value of an option, or to a path.
    found = _FORM.match(text)
    rest = text if found is None or found["userinfo"] is None else text.partition("@")[2]
    before, at, _ = rest.partition("@")
    return bool(at) and not _IN_OPTION.search(before)


def _transportFor(reactor: object, text: str) -> IPrinterTransport:
    uri = parse(spelledOut(text))
    known = schemes()
    plugin = known.get(uri.scheme)
    if plugin is None:
        remedy = insteadOfScheme(uri.scheme)
        if remedy:
            raise ValueError(f"unknown scheme {uri.scheme!r}; {remedy}")
        raise ValueError(
            f"unknown scheme {uri.scheme!r}; known are "
            + ", ".join(f"{p.scheme} ({p.example})" for p in known.values())
        )
    network = NETWORK_OPTIONS if uri.host else {}
    options = {**COMMON_OPTIONS, **network, **plugin.options}
    for name, value in uri.options.items():
        remedy = insteadOf(uri.scheme, name, value, name in options)
        if remedy:
            raise ValueError(f"{name}={value} is CUPS's; {remedy}")
        if name not in options:
            raise ValueError(f"unknown option {name!r}; known are " + ", ".join(sorted(options)))
    if not uri.description.isprintable():
        raise ValueError(f"description={uri.description!a}: expected one line that can be shown")
    transport = plugin.transport(reactor, uri)
    if uri.option("snmp", False, switch, "on or off, as in snmp=on"):
        from .snmp.transport import COMMUNITY, SNMPTransport  # few printers need it

        community = _encoded(uri.options.get("community", COMMUNITY.decode()))
        if not community:
            raise ValueError("community=WORD: expected a word")
        named = bool(uri.description)
        transport = SNMPTransport(transport, reactor, uri.host, named, community)
    elif "community" in uri.options:
        raise ValueError("community is for snmp=on; write both")
    gap = uri.option("gap", 0.0, seconds, "seconds, as in gap=3")
    if gap:
        transport = GapTransport(transport, gap)
    dressing = _dressing(uri)
    return DressedTransport(transport, dressing) if dressing else transport


def _dressing(uri: DeviceURI) -> Dressing:
    feed = uri.option("form-feed", b"", lambda text: {"on": b"\f"}[text], "on")
    return Dressing(
        uri.option("prolog", b"", _encoded, "text"),
        uri.option("epilog", b"", _encoded, "text") + feed,
        uri.option("newlines", False, lambda text: {"crlf": True}[text], "crlf"),
    )


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
